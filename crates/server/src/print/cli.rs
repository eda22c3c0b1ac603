//! `allclear labels`: sheets of tube and box labels as a file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::http::serial_labels;
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
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum On {
    Tube,
    Box,
}

impl Labels {
    /// Writes the file and says what is in it.
    pub fn run(self) -> Result<(), Box<dyn std::error::Error>> {
        let kind = match self.kind {
            On::Tube => Kind::Tube,
            On::Box => Kind::Box,
        };
        let labels = serial_labels(kind, self.from, self.count)
            .ok_or_else(|| format!("serial numbers begin at 1, and one file has 1 to {LABELS_MAX} labels"))?;
        std::fs::write(&self.out, label_sheet(kind, &labels)?).map_err(|why| format!("write {}: {why}", self.out.display()))?;
        let (first, last) = (labels.first().map_or("", |l| &l.code), labels.last().map_or("", |l| &l.code));
        println!("{}: {} labels, {first} to {last}", self.out.display(), labels.len());
        Ok(())
    }
}
