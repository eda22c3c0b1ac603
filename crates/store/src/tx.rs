//! The one door to the rows: a transaction that ops call as a plain function.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use allclear_domain::kernel::change::Change;
use allclear_seal::Keys;
use rusqlite::Connection;

use crate::{
    Result, Row, StoreError, Val,
    engine::{postgres::Session, sqlite},
    meter::Meter,
    recent::Recent,
};

pub(crate) enum Conn<'c> {
    Sqlite(&'c Connection),
    Postgres(&'c Session),
}

/// A transaction (or a read snapshot). The closure that gets it may run again: touch nothing else.
pub struct Tx<'c> {
    pub(crate) conn: Conn<'c>,
    pub(crate) keys: &'c Keys,
    pub(crate) buckets: u16,
    pub(crate) changed: Cell<bool>,
    pub(crate) conflicted: Cell<bool>,
    /// Changes appended and numbered here; they become known once they are committed.
    pub(crate) appended: RefCell<Vec<Change>>,
    pub(crate) recent: &'c Recent,
    meter: Option<Arc<Meter>>,
}

/// What a transaction has from its store and its caller.
pub(crate) struct Of {
    pub(crate) keys: Arc<Keys>,
    pub(crate) buckets: u16,
    pub(crate) recent: Arc<Recent>,
    pub(crate) meter: Option<Arc<Meter>>,
}

/// Column types of a [`Bulk`] statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// BIGINT or any integer.
    I64,
    /// DOUBLE PRECISION.
    F64,
    /// TEXT.
    Text,
    /// BYTEA.
    Blob,
}

/// A set-based insert: one UNNEST statement on PostgreSQL, one prepared statement in a loop on SQLite.
#[derive(Debug)]
pub struct Bulk {
    /// Table.
    pub table: &'static str,
    /// Columns and their types.
    pub columns: &'static [(&'static str, Ty)],
    /// `ON CONFLICT …` clause, or empty. The same key twice in one call is refused by PostgreSQL.
    pub on_conflict: &'static str,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: Conn<'c>, of: &'c Of) -> Self {
        Self {
            conn,
            keys: &of.keys,
            buckets: of.buckets,
            changed: Cell::new(false),
            conflicted: Cell::new(false),
            appended: RefCell::default(),
            recent: &of.recent,
            meter: of.meter.clone(),
        }
    }
}

impl Tx<'_> {
    /// The key ring.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        self.keys
    }

    /// The bucket of a key: a stable hash, so that a fact and its neighbours stay on one node.
    #[must_use]
    pub fn bucket(&self, key: &[u8]) -> i64 {
        bucket(key, self.buckets)
    }

    /// The bucket of a person.
    #[must_use]
    pub fn person_bucket(&self, no: i64) -> i64 {
        bucket(&no.to_be_bytes(), self.buckets)
    }

    /// The distinct buckets of some keys, for `bucket = ANY($n)`.
    pub(crate) fn buckets_of<'k>(&self, keys: impl Iterator<Item = &'k [u8]>) -> Vec<i64> {
        let mut buckets: Vec<i64> = if self.buckets <= 1 { vec![0] } else { keys.map(|key| self.bucket(key)).collect() };
        buckets.sort_unstable();
        buckets.dedup();
        buckets
    }

    /// Rows of some codes, by a statement that locks those of one bucket (`$1`) among the codes (`$2`): each bucket lies on
    /// one node of a distributed store.
    pub(crate) fn lock_by_bucket(&self, sql: &'static str, codes: &[&str]) -> Result<Vec<Row>> {
        let mut rows = Vec::with_capacity(codes.len());
        for bucket in self.buckets_of(codes.iter().map(|code| code.as_bytes())) {
            rows.extend(self.query(sql, &[bucket.into(), Val::Texts(codes)])?);
        }
        Ok(rows)
    }

    /// Whether the engine numbers changes inside the commit (one writer) or after it.
    pub(crate) const fn numbers_in_commit(&self) -> bool {
        matches!(self.conn, Conn::Sqlite(_))
    }

    /// Remembers that this attempt is to be repeated, whatever the op makes of the error.
    fn noting_conflict<T>(&self, outcome: Result<T>) -> Result<T> {
        if matches!(outcome, Err(StoreError::Conflict { .. })) {
            self.conflicted.set(true);
        }
        outcome
    }

    /// Runs a query.
    pub(crate) fn query(&self, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<Row>> {
        let rows = match self.conn {
            Conn::Sqlite(conn) => sqlite::query(conn, sql, params),
            Conn::Postgres(session) => self.noting_conflict(session.query(sql, params)),
        }?;
        self.note(rows.len() as u64);
        Ok(rows)
    }

    /// Counts a statement for whoever asked.
    fn note(&self, rows: u64) {
        if let Some(meter) = &self.meter {
            meter.add_statement(rows);
        }
    }

    /// The first row, if any.
    pub(crate) fn query_opt(&self, sql: &'static str, params: &[Val<'_>]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a statement; answers how many rows it changed.
    pub(crate) fn execute(&self, sql: &'static str, params: &[Val<'_>]) -> Result<u64> {
        let changed = match self.conn {
            Conn::Sqlite(conn) => sqlite::execute(conn, sql, params),
            Conn::Postgres(session) => self.noting_conflict(session.execute(sql, params)),
        }?;
        self.note(changed);
        Ok(changed)
    }

    /// Runs a statement that must change exactly `expected` rows of `table`.
    pub(crate) fn execute_exact(&self, table: &'static str, expected: u64, sql: &'static str, params: &[Val<'_>]) -> Result<()> {
        let changed = self.execute(sql, params)?;
        if changed == expected { Ok(()) } else { Err(StoreError::Rows { table, expected, changed }) }
    }

    /// Inserts many rows; answers how many were new or changed.
    pub(crate) fn bulk(&self, bulk: &'static Bulk, rows: &[Vec<Val<'_>>]) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        let names = bulk.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let changed = match self.conn {
            Conn::Sqlite(conn) => {
                let marks = (1..=bulk.columns.len()).map(|i| format!("?{i}")).collect::<Vec<_>>().join(", ");
                let sql = format!("INSERT INTO {} ({names}) VALUES ({marks}) {}", bulk.table, bulk.on_conflict);
                let mut statement = conn.prepare_cached(&sql)?;
                let mut changed = 0;
                for row in rows {
                    changed += statement.execute(rusqlite::params_from_iter(row))? as u64;
                }
                changed
            }
            Conn::Postgres(session) => self.noting_conflict(bulk_unnest(session, bulk, &names, rows))?,
        };
        self.note(changed);
        Ok(changed)
    }
}

fn bulk_unnest(session: &Session, bulk: &'static Bulk, names: &str, rows: &[Vec<Val<'_>>]) -> Result<u64> {
    let arrays = bulk
        .columns
        .iter()
        .enumerate()
        .map(|(i, (_, ty))| {
            let ty = match ty {
                Ty::I64 => "bigint[]",
                Ty::F64 => "double precision[]",
                Ty::Text => "text[]",
                Ty::Blob => "bytea[]",
            };
            format!("${}::{ty}", i + 1)
        })
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!("INSERT INTO {} ({names}) SELECT * FROM UNNEST({arrays}) {}", bulk.table, bulk.on_conflict);
    let columns: Vec<Vec<Val<'_>>> = (0..bulk.columns.len()).map(|i| rows.iter().map(|row| row[i]).collect()).collect();
    let params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = columns.iter().map(|column| column as _).collect();
    session.execute_any(&sql, &params)
}

/// Stable hash of a key onto `buckets`: FNV-1a, fixed for ever because rows are stored under it.
pub(crate) fn bucket(key: &[u8], buckets: u16) -> i64 {
    if buckets <= 1 {
        return 0;
    }
    let hash = key.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    i64::from((hash >> 32) as u32 % u32::from(buckets))
}
