//! `allclear move`: a store that has outgrown its file moves into PostgreSQL.

use std::{path::PathBuf, sync::Arc};

use allclear_seal::Keys;
use allclear_store::{
    StoreConfig,
    backup::{self, BackupError},
};
use clap::Args as ClapArgs;

use super::words;
use crate::{
    boot::{self, StartError},
    clock::SystemClock,
    live::recount,
};

/// From where to where.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Path of the SQLite file, of a server that is stopped.
    #[arg(long)]
    from: String,
    /// `postgres://…`, an empty database. In the environment it is not seen by other users of the machine.
    #[arg(long, env = "ALLCLEAR_MOVE_TO", hide_env_values = true)]
    to: String,
    /// File of the master key; it stays the same.
    #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
    key_file: PathBuf,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The key, or the target that does not open afterwards.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Refused, or broken off: the target is as empty as it was.
    #[error("nothing was moved: {0}")]
    Move(#[from] BackupError),
    /// Another pair of engines.
    #[error("a store moves from the path of a SQLite file to postgres://…")]
    Engines,
    /// The recount of the target.
    #[error("the rows arrived and the recount could not be made: {0}")]
    Recount(String),
    /// Figures differ in the target.
    #[error("the rows arrived and {0} figures differ: run `allclear recount` on both stores before you use it")]
    Differs(i64),
}

/// Moves, counts, and recounts what the screens will show.
pub async fn run(args: Args) -> Result<(), Failure> {
    let from = args.from.strip_prefix("sqlite:").unwrap_or(&args.from);
    let (StoreConfig::Sqlite(from), StoreConfig::Postgres(url)) = (StoreConfig::parse(from), StoreConfig::parse(&args.to)) else {
        return Err(Failure::Engines);
    };
    let master = boot::existing_master_key(&args.key_file)?;
    let told = |table: &str, rows: i64| println!("{table:<26} {rows:>12}");
    backup::to_postgres(&from, &url, &Arc::new(Keys::from_master(&master)), told).await?;
    let app = boot::application(&StoreConfig::Postgres(url), &master, Arc::new(SystemClock), false).await.map_err(StartError::from)?;
    let recount = recount::compare(&app).await.map_err(|problem| Failure::Recount(format!("{problem:?}")))?;
    if recount.different != 0 {
        return Err(Failure::Differs(recount.different));
    }
    println!("{} figures recounted, none differs", recount.compared);
    println!("moved to {}: start the server with it and the same key file, and put {} away", words(&args.to), from.display());
    Ok(())
}
