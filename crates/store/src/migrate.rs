//! Migrations: numbered, checksummed, forward only, embedded in the binary. `common.sql` is written
//! once in PostgreSQL's type names; SQLite's spelling of the types is derived, so that the two
//! schemas cannot drift.

use rusqlite::Connection;

use crate::{Result, StoreError, engine::postgres::Session};

struct Migration {
    number: i64,
    name: &'static str,
    common: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal),* $(,)?) => {
        &[$(Migration { number: $number, name: $name, common: include_str!(concat!("../migrations/", $name, "/common.sql")) }),*]
    };
}

// Applied in this order; a released file never changes.
const MIGRATIONS: &[Migration] = migrations![
    1 "0001_kernel",
    2 "0002_people",
    3 "0003_sampling",
    10 "0010_register",
    20 "0020_lab",
    30 "0030_rounds",
    40 "0040_live",
    60 "0060_import_alive",
    70 "0070_scope",
    75 "0075_lab_work",
    80 "0080_accounts",
    85 "0085_households",
];

/// Number of the newest migration that this program knows.
#[must_use]
pub fn schema_version() -> i64 {
    MIGRATIONS.iter().map(|m| m.number).max().unwrap_or(0)
}

/// Number and name of every migration that this program knows, in the order of their application.
pub fn known_migrations() -> impl Iterator<Item = (i64, &'static str)> {
    MIGRATIONS.iter().map(|m| (m.number, m.name))
}

fn checksum(text: &str) -> String {
    allclear_seal::sha256(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// SQLite's spelling of a shared schema text.
fn sqlite_text(common: &str) -> String {
    common
        .replace("DOUBLE PRECISION", "REAL")
        .replace("BIGINT", "INTEGER")
        .replace("SMALLINT", "INTEGER")
        .replace("BYTEA", "BLOB")
        .replace(") /* clustered */;", ") STRICT, WITHOUT ROWID;")
        .replace("\n);", "\n) STRICT;")
}

/// Refuses a store that has migrations which this program does not know, or knows otherwise.
pub(crate) fn check(applied: &[(i64, String)]) -> Result<()> {
    for (number, sum) in applied {
        match MIGRATIONS.iter().find(|m| m.number == *number) {
            None => {
                return Err(StoreError::Schema(format!(
                    "the store has migration {number}, this program knows {}: start the newer program (downgrades are refused)",
                    schema_version()
                )));
            }
            Some(m) if checksum(m.common) != *sum => {
                return Err(StoreError::Schema(format!("migration {} was changed after it had been applied", m.name)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// Brings a SQLite file up to date.
pub(crate) fn sqlite(conn: &Connection) -> Result<()> {
    conn.execute_batch(TABLE)?;
    let applied = conn
        .prepare("SELECT number, checksum FROM migration ORDER BY number")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(i64, String)>, _>>()?;
    check(&applied)?;
    for m in MIGRATIONS.iter().filter(|m| applied.iter().all(|(number, _)| *number != m.number)) {
        conn.execute_batch("BEGIN EXCLUSIVE")?;
        let done = conn.execute_batch(&sqlite_text(m.common)).and_then(|()| {
            conn.execute("INSERT INTO migration VALUES (?1, ?2, ?3)", (m.number, m.name, checksum(m.common)))?;
            conn.execute_batch("COMMIT")
        });
        if let Err(error) = done {
            let _ = conn.execute_batch("ROLLBACK");
            return Err(StoreError::Schema(format!("migration {}: {error}", m.name)));
        }
    }
    Ok(())
}

/// Brings a PostgreSQL database up to date; concurrent nodes wait for one another.
pub(crate) fn postgres(session: &Session) -> Result<()> {
    const LOCK: i64 = 0x0a11_c1ea;
    session.execute("SELECT pg_advisory_lock($1)", &[LOCK.into()])?;
    let done = postgres_locked(session);
    session.execute("SELECT pg_advisory_unlock($1)", &[LOCK.into()])?;
    done
}

fn postgres_locked(session: &Session) -> Result<()> {
    session.batch(TABLE)?;
    let applied = session
        .query("SELECT number, checksum FROM migration ORDER BY number", &[])?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect::<Result<Vec<(i64, String)>>>()?;
    check(&applied)?;
    for m in MIGRATIONS.iter().filter(|m| applied.iter().all(|(number, _)| *number != m.number)) {
        let sum = checksum(m.common);
        let text = format!("BEGIN;\n{}\nINSERT INTO migration VALUES ({}, '{}', '{sum}');\nCOMMIT;", m.common, m.number, m.name);
        if let Err(error) = session.batch_unbounded(&text) {
            let _ = session.batch("ROLLBACK");
            return Err(StoreError::Schema(format!("migration {}: {error}", m.name)));
        }
    }
    Ok(())
}
