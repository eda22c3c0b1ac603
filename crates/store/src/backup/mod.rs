//! Backup and restore of a whole store, and its move to the other engine. A backup is one file in the engine's own form, and beside it a
//! manifest that says what must be in it: rows of each table, digest, schema, which key.

mod postgres;
mod sqlite;
mod transfer;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use allclear_seal::{Keys, Sha256};
use serde::{Deserialize, Serialize};

pub use transfer::to_postgres;

use crate::{StoreConfig, StoreError, migrate};

/// Form of the manifest; another one is refused.
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Form of this manifest.
    pub format: u32,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// When it was asked for, UTC.
    pub made_at: String,
    /// Migrations of the store: number and checksum.
    pub migrations: Vec<(i64, String)>,
    /// Tells which master key reads the sealed cells; says nothing about the key.
    pub key: String,
    /// Number of the newest change in it.
    pub newest_change: i64,
    /// Rows of each table.
    pub tables: BTreeMap<String, i64>,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// What was counted in a store at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    migrations: Vec<(i64, String)>,
    newest_change: i64,
    tables: BTreeMap<String, i64>,
}

/// Why there is no backup, or no restore.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("{path}: {source}")]
    File {
        /// Its path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It would overwrite something.
    #[error("{0} exists: nothing is overwritten; choose another place, or move it away first")]
    Exists(String),
    /// The backup is not what its manifest says.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// It belongs elsewhere.
    #[error("{0}")]
    Refused(String),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<tokio_postgres::Error> for BackupError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

type Outcome<T> = Result<T, BackupError>;

/// Where the manifest of a backup lies.
#[must_use]
pub fn manifest_path(file: &Path) -> PathBuf {
    beside(file, "manifest.json")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}.{ending}", file.display()))
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.display().to_string();
    move |source| BackupError::File { path, source }
}

fn must_be_absent(path: &Path) -> Outcome<()> {
    if path.exists() { Err(BackupError::Exists(path.display().to_string())) } else { Ok(()) }
}

/// Bytes and SHA-256 of a file.
fn digest(path: &Path) -> Outcome<(u64, String)> {
    let mut file = File::open(path).map_err(file_error(path))?;
    let (mut sum, mut bytes, mut part) = (Sha256::default(), 0, vec![0; 1 << 20]);
    loop {
        let n = file.read(&mut part).map_err(file_error(path))?;
        if n == 0 {
            return Ok((bytes, sum.hex()));
        }
        sum.update(&part[..n]);
        bytes += n as u64;
    }
}

/// Brings a finished file under its name, so that it survives a power cut.
fn settle(part: &Path, path: &Path) -> Outcome<()> {
    File::open(part).and_then(|file| file.sync_all()).map_err(file_error(part))?;
    std::fs::rename(part, path).map_err(file_error(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))
}

/// Writes a backup of one consistent moment to `out`, while the server may run.
pub async fn backup(config: &StoreConfig, keys: &Keys, out: &Path, program: &str, made_at: String) -> Outcome<Manifest> {
    let manifest_file = manifest_path(out);
    must_be_absent(out)?;
    must_be_absent(&manifest_file)?;
    let part = beside(out, "part");
    let (engine, counted) = match config {
        StoreConfig::Sqlite(path) => ("sqlite", sqlite::write(path.clone(), part.clone()).await?),
        StoreConfig::Postgres(url) => ("postgres", postgres::write(url, &part).await?),
    };
    let (bytes, sha256) = digest(&part)?;
    let manifest = Manifest {
        format: FORMAT,
        engine: engine.into(),
        program: program.into(),
        made_at,
        migrations: counted.migrations,
        key: keys.fingerprint(),
        newest_change: counted.newest_change,
        tables: counted.tables,
        bytes,
        sha256,
    };
    settle(&part, out)?;
    let text = serde_json::to_string_pretty(&manifest).map_err(|e| BackupError::Refused(e.to_string()))?;
    let part = beside(&manifest_file, "part");
    std::fs::write(&part, format!("{text}\n")).map_err(file_error(&part))?;
    settle(&part, &manifest_file)?;
    Ok(manifest)
}

/// Reads the manifest of a backup and compares the file with it.
pub fn verify(file: &Path) -> Outcome<Manifest> {
    let path = manifest_path(file);
    let text = std::fs::read_to_string(&path).map_err(file_error(&path))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|e| BackupError::Damaged(format!("{}: {e}", path.display())))?;
    if manifest.format != FORMAT {
        return Err(BackupError::Refused(format!("the manifest has form {}, this program reads {FORMAT}", manifest.format)));
    }
    let (bytes, sha256) = digest(file)?;
    if (bytes, &sha256) != (manifest.bytes, &manifest.sha256) {
        let what = format!(
            "{} has {bytes} bytes and digest {sha256}, its manifest says {} and {}",
            file.display(),
            manifest.bytes,
            manifest.sha256
        );
        return Err(BackupError::Damaged(what));
    }
    Ok(manifest)
}

/// Puts a backup where no store is, and counts that everything has arrived.
pub async fn restore(file: &Path, config: &StoreConfig, keys: &Keys) -> Outcome<Manifest> {
    let manifest = verify(file)?;
    // A store that is restored begins with a program that knows all of it.
    let applied: Vec<migrate::Applied> = manifest.migrations.iter().map(|(number, sum)| (*number, sum.clone(), None)).collect();
    migrate::check(&applied)?;
    if manifest.key != keys.fingerprint() {
        let what = "the backup was written with another master key: without that key document numbers and phones cannot be read";
        return Err(BackupError::Refused(what.into()));
    }
    let expected =
        Counted { migrations: manifest.migrations.clone(), newest_change: manifest.newest_change, tables: manifest.tables.clone() };
    match (config, manifest.engine.as_str()) {
        (StoreConfig::Sqlite(path), "sqlite") => sqlite::read(file.to_owned(), path.clone(), expected).await?,
        (StoreConfig::Postgres(url), "postgres") => postgres::read(file, url, &expected).await?,
        (_, engine) => {
            let what = format!("the backup is of {engine}: restore it there, then `allclear move` takes a SQLite file to PostgreSQL");
            return Err(BackupError::Refused(what));
        }
    }
    Ok(manifest)
}

/// Copies a SQLite store of one moment to `to`: what a migration may be tried on.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Outcome<()> {
    must_be_absent(to)?;
    sqlite::write(from.to_owned(), to.to_owned()).await.map(drop)
}

fn compare(found: &Counted, expected: &Counted) -> Outcome<()> {
    for (table, rows) in &expected.tables {
        let there = found.tables.get(table).copied();
        if there != Some(*rows) {
            let there = there.map_or_else(|| "is missing".into(), |n| format!("has {n} rows"));
            return Err(BackupError::Damaged(format!("table {table} {there}, the manifest says {rows}")));
        }
    }
    if found == expected { Ok(()) } else { Err(BackupError::Damaged("tables, migrations or changes are not those of the manifest".into())) }
}
