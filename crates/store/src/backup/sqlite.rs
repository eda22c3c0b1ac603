//! SQLite: the engine's online backup over a connection that only reads. One read transaction holds
//! the moment, so that commits of the server neither wait nor get into the copy.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, backup::StepResult};

use super::{BackupError, Counted, Outcome, beside, compare, file_error, must_be_absent, settle};
use crate::{
    StoreError,
    engine::sqlite::{lock, open_to_look},
};

/// Pages copied between two looks at the progress: 16 MiB.
const PAGES: i32 = 4096;

pub(super) async fn write(from: PathBuf, to: PathBuf) -> Outcome<Counted> {
    blocking(move || copy(&from, &to)).await
}

pub(super) async fn read(file: PathBuf, to: PathBuf, expected: Counted) -> Outcome<()> {
    blocking(move || put(&file, &to, &expected)).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Away(e.to_string()))?
}

fn copy(from: &Path, to: &Path) -> Outcome<Counted> {
    let source = open_to_look(from)?;
    if to.exists() {
        // The rest of a backup that did not end.
        std::fs::remove_file(to).map_err(file_error(to))?;
    }
    source.execute_batch("BEGIN; SELECT COUNT(*) FROM sqlite_schema;")?;
    let mut copy = Connection::open(to)?;
    copy_pages(&source, &mut copy)?;
    source.execute_batch("ROLLBACK")?;
    // A single file: what is copied has no log beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    let counted = check(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(counted)
}

fn copy_pages(source: &Connection, copy: &mut Connection) -> Outcome<()> {
    let backup = rusqlite::backup::Backup::new(source, copy)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {
                let progress = backup.progress();
                tracing::debug!(left = progress.remaining, of = progress.pagecount, "pages");
            }
            _ => return Err(StoreError::Locked("the store is locked by a writer outside this program".into()).into()),
        }
    }
}

/// The file is whole; what is in it.
fn check(conn: &Connection) -> Outcome<Counted> {
    let whole: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if whole != "ok" {
        return Err(BackupError::Damaged(whole));
    }
    let names = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    if !names.iter().any(|name| name == "migration") {
        return Err(BackupError::Refused("this is not a store of Allclear".into()));
    }
    let mut counted = Counted::default();
    for name in names {
        let rows = conn.query_row(&format!("SELECT COUNT(*) FROM \"{name}\""), [], |row| row.get(0))?;
        counted.tables.insert(name, rows);
    }
    counted.migrations = conn
        .prepare("SELECT number, checksum FROM migration ORDER BY number")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    counted.newest_change = conn.query_row("SELECT COALESCE(MAX(seq), 0) FROM change", [], |row| row.get(0))?;
    Ok(counted)
}

fn put(file: &Path, to: &Path, expected: &Counted) -> Outcome<()> {
    for path in [to.to_owned(), PathBuf::from(format!("{}-wal", to.display())), PathBuf::from(format!("{}-shm", to.display()))] {
        must_be_absent(&path)?;
    }
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(file_error(folder))?;
    }
    // No server starts on a file that is half there.
    let _held = lock(to)?;
    let part = beside(to, "part");
    std::fs::copy(file, &part).map_err(file_error(&part))?;
    let counted =
        Connection::open_with_flags(&part, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(BackupError::from).and_then(|conn| check(&conn));
    if let Err(error) = counted.and_then(|found| compare(&found, expected)) {
        let _ = std::fs::remove_file(&part);
        return Err(error);
    }
    settle(&part, to)
}
