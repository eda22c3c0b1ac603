//! `allclear migrate`: brings a store up to this program, or shows on a copy what that would do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use allclear_seal::Keys;
use allclear_store::{
    Store, StoreConfig, StoreError,
    backup::{BackupError, copy_sqlite},
    known_migrations,
};
use clap::Args as ClapArgs;

use super::{Place, size};
use crate::boot::StartError;

/// Which store, and whether for real.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Only shows which migrations the store has and which it lacks.
    #[arg(long, conflicts_with = "on_copy")]
    status: bool,
    /// Tries it on a copy of the SQLite file, beside it, and throws the copy away. The server may run.
    #[arg(long)]
    on_copy: bool,
    /// Spreads the keys of an empty store over so many buckets, for a database that may be distributed later.
    #[arg(long, value_name = "N", conflicts_with_all = ["status", "on_copy"], value_parser = clap::value_parser!(u16).range(1..=4096))]
    buckets: Option<u16>,
}

/// Why nothing was migrated.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The key.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy.
    #[error("the copy: {0}")]
    Copy(#[from] BackupError),
    /// Another engine.
    #[error("--on-copy is for SQLite; for PostgreSQL restore a backup into a scratch database and run `allclear migrate` there")]
    NotSqlite,
}

/// Migrates, or shows what would be done.
pub async fn run(args: Args) -> Result<(), Failure> {
    let place = args.place.find()?;
    let keys = Arc::new(place.keys()?);
    if args.status {
        return status(&place.store, keys).await;
    }
    if !args.on_copy {
        let before = applied(&place.store, &keys).await.unwrap_or_default();
        if let Some(buckets) = args.buckets {
            Store::open(&place.store, Arc::clone(&keys)).await?.spread(buckets).await?;
            println!("{}: keys are spread over {buckets} buckets", place.words);
            return Ok(());
        }
        let took = migrate(&place.store, keys, &before).await?;
        println!("{}: up to date, {took}", place.words);
        return Ok(());
    }
    let StoreConfig::Sqlite(path) = &place.store else { return Err(Failure::NotSqlite) };
    let copy = PathBuf::from(format!("{}.migrate-try", path.display()));
    let tried = on_copy(path, &copy, keys).await;
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{ending}", copy.display()));
    }
    println!("on a copy of {}: {}", place.words, tried?);
    Ok(())
}

async fn on_copy(path: &Path, copy: &Path, keys: Arc<Keys>) -> Result<String, Failure> {
    copy_sqlite(path, copy).await?;
    let bytes = std::fs::metadata(copy).map_or(0, |m| m.len());
    println!("copied {}", size(bytes));
    let config = StoreConfig::Sqlite(copy.to_owned());
    let before = applied(&config, &keys).await?;
    migrate(&config, keys, &before).await
}

async fn applied(config: &StoreConfig, keys: &Arc<Keys>) -> Result<Vec<(i64, String)>, StoreError> {
    Store::look(config, Arc::clone(keys)).await?.read("list_migrations", |tx| tx.migrations()).await
}

async fn migrate(config: &StoreConfig, keys: Arc<Keys>, before: &[(i64, String)]) -> Result<String, Failure> {
    let began = Instant::now();
    drop(Store::open(config, keys).await?);
    let fresh: Vec<_> = known_migrations().filter(|(number, _)| before.iter().all(|(n, _)| n != number)).map(|(_, name)| name).collect();
    let what = if fresh.is_empty() { "nothing to apply".into() } else { format!("applied {}", fresh.join(", ")) };
    Ok(format!("{what}, in {:.1} s", began.elapsed().as_secs_f64()))
}

async fn status(config: &StoreConfig, keys: Arc<Keys>) -> Result<(), Failure> {
    let applied = applied(config, &keys).await?;
    for (number, name) in known_migrations() {
        let state = if applied.iter().any(|(n, _)| *n == number) { "applied" } else { "lacks" };
        println!("{state:<8} {name}");
    }
    for (_, name) in applied.iter().filter(|(number, _)| known_migrations().all(|(n, _)| n != *number)) {
        println!("unknown  {name}: this program refuses the store; start the newer program");
    }
    Ok(())
}
