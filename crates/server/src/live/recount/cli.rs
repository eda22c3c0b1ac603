//! `allclear recount`: the screen against the records, for a store that no server holds.

use std::{path::PathBuf, sync::Arc};

use allclear_store::StoreConfig;
use allclear_wire::live::Recount;
use clap::Args as ClapArgs;

use crate::{
    boot::{self, StartError},
    clock::SystemClock,
};

/// What to recount.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// `postgres://…` or the path of a SQLite file that no server has open (for a running server ask
    /// `GET /api/v1/live/recount`).
    #[arg(long, env = "ALLCLEAR_STORE", default_value = "data/allclear.db")]
    store: String,
    /// File of the master key.
    #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
    key_file: PathBuf,
}

/// Why a recount does not end well.
#[derive(Debug, thiserror::Error)]
pub enum RecountError {
    /// The store cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store cannot be read.
    #[error("the recount: {0}")]
    Read(String),
    /// Screen and records differ.
    #[error("{0} figures differ")]
    Differs(i64),
}

/// Prints the recount as a table.
pub async fn run(args: Args) -> Result<(), RecountError> {
    let master = boot::master_key(&args.key_file)?;
    let app = boot::application(&StoreConfig::parse(&args.store), &master, Arc::new(SystemClock), false).await.map_err(StartError::from)?;
    let recount = super::compare(&app).await.map_err(|problem| RecountError::Read(format!("{problem:?}")))?;
    print!("{}", table(&recount));
    if recount.different == 0 { Ok(()) } else { Err(RecountError::Differs(recount.different)) }
}

fn table(recount: &Recount) -> String {
    use std::fmt::Write;
    let mut out = format!("{:<10} {:<38} {:<20} {:>12} {:>12}\n", "level", "what", "figure", "screen", "records");
    let mut round = None;
    for line in &recount.lines {
        if line.round != round {
            round = line.round;
            let _ = writeln!(out, "round {}", round.map_or_else(|| "none".into(), |id| id.to_string()));
        }
        let mark = if line.screen == line.records { "" } else { "  differs" };
        let _ = writeln!(out, "{:<10} {:<38} {:<20} {:>12} {:>12}{mark}", line.level, line.subject, line.figure, line.screen, line.records);
    }
    let _ = writeln!(out, "{} figures compared after change {}, {} differ", recount.compared, recount.change, recount.different);
    out
}
