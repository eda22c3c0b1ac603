//! `allclear labels`: sheets of tube and box labels, and of person cards, as a file.

use std::{path::PathBuf, sync::Arc};

use allclear_domain::kernel::area::AreaCode;
use allclear_store::StoreConfig;
use clap::{Args, ValueEnum};

use super::cards::{self, Whom};
use super::http::serial_labels;
use crate::{boot, clock::SystemClock};

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
    /// For cards: `postgres://…` or the path of a SQLite file that no server has open.
    #[arg(long, env = "ALLCLEAR_STORE", default_value = "data/allclear.db")]
    store: String,
    /// For cards: file of the master key.
    #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
    key_file: PathBuf,
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
        let master = boot::master_key(&self.key_file)?;
        let app = boot::application(&StoreConfig::parse(&self.store), &master, Arc::new(SystemClock), false).await?;
        let pdf = cards::sheet(&app, None, whom, "command line").await.map_err(|problem| format!("print cards: {problem:?}"))?;
        std::fs::write(&self.out, pdf).map_err(|why| format!("write {}: {why}", self.out.display()))?;
        println!("{}: cards", self.out.display());
        Ok(())
    }
}
