//! `allclear labels`: sheets of tube and box labels, and of person cards, as a file.

use std::{
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use allclear_domain::kernel::area::AreaCode;
use clap::{Args, ValueEnum};

use super::cards::{self, Printer, Whom};
use super::http::serial_labels;
use crate::{
    boot,
    clock::SystemClock,
    commands::{Place, machine_user},
};

use super::labels::{Kind, LABELS_MAX, label_sheet};

/// Prints sheets of labels into a PDF file.
#[derive(Debug, Args)]
pub struct Labels {
    /// What they are stuck on.
    #[arg(long)]
    kind: On,
    /// Serial number of the first label; the same numbers give the same labels.
    #[arg(long, default_value_t = 1)]
    from: u32,
    /// How many labels.
    #[arg(long, default_value_t = 48)]
    count: u32,
    /// Cards of everybody who lives in this area (division code).
    #[arg(long, conflicts_with = "household")]
    area: Option<String>,
    /// Cards of this household.
    #[arg(long)]
    household: Option<i64>,
    /// Why cards are printed; it stands in the access log.
    #[arg(long, required_if_eq("kind", "card"))]
    reason: Option<String>,
    /// For cards: a store that no server has open, or PostgreSQL.
    #[command(flatten)]
    place: Place,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    Tube,
    Box,
    Card,
}

impl Labels {
    /// Writes the file and says what is in it.
    pub async fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        let kind = match self.kind {
            On::Tube => Kind::Tube,
            On::Box => Kind::Box,
            On::Card => return self.cards().await,
        };
        let labels = serial_labels(kind, self.from, self.count)
            .ok_or_else(|| format!("serial numbers begin at 1, and one file has 1 to {LABELS_MAX} labels"))?;
        std::fs::write(&self.out, label_sheet(kind, &labels)?).map_err(|why| format!("write {}: {why}", self.out.display()))?;
        let (first, last) = (labels.first().map_or("", |l| &l.code), labels.last().map_or("", |l| &l.code));
        println!("{}: {} labels, {first} to {last}", self.out.display(), labels.len());
        Ok(())
    }

    async fn cards(self) -> Result<(), Box<dyn std::error::Error>> {
        let whom = match (self.area.as_deref(), self.household) {
            (Some(area), _) => Whom::Area(AreaCode::parse(area)?),
            (None, Some(household)) => Whom::Household(household),
            (None, None) => return Err("cards are of --area or --household".into()),
        };
        let place = self.place.find()?;
        let master = boot::existing_master_key(&place.config.store.key_file)?;
        let app = boot::application(&place.store, &master, Arc::new(SystemClock), false).await?;
        let printed = cards::sheet(&app, Printer::Machine(machine_user()), whom, &self.reason.unwrap_or_default()).await;
        let cards = printed.map_err(|problem| format!("print cards: {problem:?}"))?;
        write_private(&self.out, &cards.pdf).map_err(|why| format!("write {}: {why}", self.out.display()))?;
        println!("{}: {} cards; names stand on them, the print is in the access log", self.out.display(), cards.count);
        Ok(())
    }
}

/// Writes a file that only this user reads.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}
