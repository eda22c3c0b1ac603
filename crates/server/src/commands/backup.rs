//! `allclear backup`: one consistent moment of the store as a file, while the server runs.

use std::path::PathBuf;

use allclear_store::backup::{self, BackupError, Manifest, manifest_path};
use clap::Args as ClapArgs;

use super::{Place, size};
use crate::{
    boot::StartError,
    clock::{Clock, SystemClock, rfc3339},
};

/// What to write, and where.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The file to write; its manifest goes beside it. Neither may exist.
    #[arg(long)]
    out: PathBuf,
}

/// Why there is no backup, or no restore.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The key.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Writes the backup and prints what is in it.
pub async fn run(args: Args) -> Result<(), Failure> {
    let place = args.place.find()?;
    let keys = place.keys()?;
    let now = rfc3339(SystemClock.now());
    let manifest = backup::backup(&place.store, &keys, &args.out, env!("CARGO_PKG_VERSION"), now).await?;
    print!("{}", table(&manifest));
    println!("wrote {} and {}", args.out.display(), manifest_path(&args.out).display());
    println!("the master key is not in it: keep a copy of {} elsewhere", place.config.store.key_file.display());
    Ok(())
}

/// A manifest as a table: rows of each table that has any, then the sums.
pub(super) fn table(manifest: &Manifest) -> String {
    use std::fmt::Write;
    let mut out = format!("{:<32} {:>12}\n", "table", "rows");
    for (name, rows) in manifest.tables.iter().filter(|(_, rows)| **rows > 0) {
        let _ = writeln!(out, "{name:<32} {rows:>12}");
    }
    let rows: i64 = manifest.tables.values().sum();
    let empty = manifest.tables.values().filter(|rows| **rows == 0).count();
    let _ = writeln!(out, "{:<32} {rows:>12}", format!("{} tables, {empty} of them empty", manifest.tables.len()));
    let _ = writeln!(out, "engine {}, made at {} by {}", manifest.engine, manifest.made_at, manifest.program);
    let _ =
        writeln!(out, "up to change {}, schema {}", manifest.newest_change, manifest.migrations.last().map_or(0, |(number, _)| *number));
    let _ = writeln!(out, "{}, sha256 {}", size(manifest.bytes), manifest.sha256);
    out
}
