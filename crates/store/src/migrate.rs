//! Migrations: numbered, checksummed, forward only, embedded in the binary. `common.sql` is written
//! once in PostgreSQL's type names; SQLite's spelling of the types is derived, so that the two
//! schemas cannot drift.
//!
//! Nodes of one PostgreSQL are upgraded one after the other, so an older program meets a newer store.
//! It cannot know what a migration that came after it does; the store says so: `schema_floor` has, for
//! each migration, the oldest program that still works with it. A migration that only expands lets every
//! program that knows of floors go on.

use rusqlite::Connection;

use crate::{Result, StoreError, citus, engine::postgres::Session};

struct Migration {
    number: i64,
    name: &'static str,
    common: &'static str,
    /// Number of the oldest program's newest migration that goes on working once this one is applied.
    floor: i64,
}

macro_rules! migrations {
    ($($number:literal $name:literal $(contracts $floor:literal)?),* $(,)?) => {
        &[$(Migration {
            number: $number,
            name: $name,
            common: include_str!(concat!("../migrations/", $name, "/common.sql")),
            floor: 0 $(+ $floor)?,
        }),*]
    };
}

// Applied in this order; a released file never changes. One that expands (new tables, new columns that may be absent,
// new indexes) stands as it is. One that takes away what an older program reads or writes stands one release later as
// `NNNN "NNNN_name" contracts MMMM`: MMMM is the newest migration of the oldest program that does without.
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
    100 "0100_nodes",
    105 "0105_machine_access",
    110 "0110_exception_waits",
    140 "0140_merges",
    150 "0150_sessions",
    160 "0160_layout",
    170 "0170_operating",
];

/// Said of a store whose keys are spread: a program from before the layout would look for every key in one bucket.
pub(crate) const SPREAD_FLOOR: &str = "UPDATE schema_floor SET floor = number WHERE number = 160";

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

/// A migration that a store has: number, checksum, and its floor where one was written down.
pub(crate) type Applied = (i64, String, Option<i64>);

/// Refuses a store that has migrations which this program knows otherwise, or does not know and which do not let it go on.
pub(crate) fn check(applied: &[Applied]) -> Result<()> {
    let ours = schema_version();
    for (number, sum, floor) in applied {
        match MIGRATIONS.iter().find(|m| m.number == *number) {
            None if floor.is_some_and(|floor| floor <= ours) => {}
            None => {
                return Err(StoreError::Schema(format!(
                    "the store has migration {number}, this program knows {ours}: start the newer program (downgrades are refused)",
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

/// What the runner itself keeps: which migrations were applied, and how old a program may be after each.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL);
     CREATE TABLE IF NOT EXISTS schema_floor (number INTEGER PRIMARY KEY, floor INTEGER NOT NULL);";

/// Every migration of a store.
pub(crate) const APPLIED: &str = "SELECT CAST(m.number AS BIGINT), m.checksum, CAST(f.floor AS BIGINT)
     FROM migration m LEFT JOIN schema_floor f ON f.number = m.number ORDER BY m.number";

/// Writes down that a migration was applied, in its own transaction.
fn noted(m: &Migration) -> String {
    format!(
        "INSERT INTO migration (number, name, checksum) VALUES ({0}, '{1}', '{2}');\nINSERT INTO schema_floor (number, floor) VALUES ({0}, {3});",
        m.number,
        m.name,
        checksum(m.common),
        m.floor
    )
}

fn missing(applied: &[Applied]) -> impl Iterator<Item = &'static Migration> {
    MIGRATIONS.iter().filter(|m| applied.iter().all(|(number, ..)| *number != m.number))
}

/// Brings a SQLite file up to date.
pub(crate) fn sqlite(conn: &Connection) -> Result<()> {
    conn.execute_batch(TABLES)?;
    let applied =
        conn.prepare(APPLIED)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<Vec<Applied>, _>>()?;
    check(&applied)?;
    for m in missing(&applied) {
        let text = format!("BEGIN EXCLUSIVE;\n{}\n{}\nCOMMIT;", sqlite_text(m.common), noted(m));
        if let Err(error) = conn.execute_batch(&text) {
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
    let done = postgres_locked(session).and_then(|()| citus::distribute(session));
    session.execute("SELECT pg_advisory_unlock($1)", &[LOCK.into()])?;
    done
}

fn postgres_locked(session: &Session) -> Result<()> {
    session.batch(TABLES)?;
    let applied =
        session.query(APPLIED, &[])?.iter().map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?))).collect::<Result<Vec<Applied>>>()?;
    check(&applied)?;
    for m in missing(&applied) {
        let text = format!("BEGIN;\n{}\n{}\nCOMMIT;", m.common, noted(m));
        if let Err(error) = session.batch_unbounded(&text) {
            let _ = session.batch("ROLLBACK");
            return Err(StoreError::Schema(format!("migration {}: {error}", m.name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_this_program() -> Vec<Applied> {
        MIGRATIONS.iter().map(|m| (m.number, checksum(m.common), Some(m.floor))).collect()
    }

    #[test]
    fn a_newer_store_is_taken_if_it_says_so_and_only_then() {
        let ours = schema_version();
        let with = |floor: Option<i64>| [of_this_program(), vec![(ours + 10, "of a later program".into(), floor)]].concat();
        for (floor, taken) in [(Some(0), true), (Some(ours), true), (Some(ours + 1), false), (Some(ours + 10), false), (None, false)] {
            assert_eq!(check(&with(floor)).is_ok(), taken, "{floor:?}");
        }
        // Each migration that came after counts, not only the last.
        let two = [with(Some(ours + 1)), vec![(ours + 20, "later still".into(), Some(0))]].concat();
        assert!(check(&two).is_err());
    }

    #[test]
    fn a_migration_that_was_changed_is_refused() {
        let mut applied = of_this_program();
        applied[3].1 = "other".into();
        assert!(check(&applied).is_err());
    }

    #[test]
    fn numbers_rise_and_no_floor_lies_above_its_own_migration() {
        assert!(MIGRATIONS.windows(2).all(|two| two[0].number < two[1].number));
        assert!(MIGRATIONS.iter().all(|m| m.floor < m.number));
    }
}
