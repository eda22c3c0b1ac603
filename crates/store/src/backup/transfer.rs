//! A store moves from SQLite to PostgreSQL: all rows in one transaction of the target, so that a move that
//! is broken off, wherever, leaves it as empty as it was, and the file is only read.

use std::{collections::BTreeMap, path::Path, pin::pin, sync::Arc};

use allclear_seal::Keys;
use rusqlite::types::ValueRef;
use tokio::sync::mpsc;
use tokio_postgres::{
    Transaction,
    binary_copy::BinaryCopyInWriter,
    types::{ToSql, Type},
};

use super::{BackupError, Outcome, postgres::connect};
use crate::{
    Store, StoreConfig, StoreError, Val, Value,
    engine::sqlite::{lock, open_to_look},
    known_migrations,
    migrate::SPREAD_FLOOR,
    schema::{Schema, Table},
};

/// Rows that are held in memory at once, times the few batches that may wait.
const BATCH_ROWS: usize = 1000;
const BATCHES_WAITING: usize = 4;
/// What the runner of migrations keeps: the target has its own.
const RUNNERS: [&str; 2] = ["migration", "schema_floor"];
/// Filled by the migrations themselves: what the file has takes the place of it.
const FILLED: [&str; 2] = ["plan_version", "layout"];

/// Moves every row of the SQLite file into the database, which must be empty, and counts that they arrived.
/// `told` hears of each table and its rows. Nobody else may hold the file.
pub async fn to_postgres(from: &Path, url: &str, keys: &Arc<Keys>, told: impl Fn(&str, i64)) -> Outcome<()> {
    if !from.exists() {
        return Err(BackupError::Refused(format!("{} does not exist", from.display())));
    }
    let _held = lock(from)?;
    let (source, from_buckets) = schema(&Store::look(&StoreConfig::Sqlite(from.to_owned()), Arc::clone(keys)).await?).await?;
    // Opening gives the target the schema of this program.
    let (target, to_buckets) = schema(&Store::open(&StoreConfig::Postgres(url.to_owned()), Arc::clone(keys)).await?).await?;
    if names(&source) != names(&target) {
        return Err(BackupError::Refused("the tables or columns of the two stores are not the same".into()));
    }
    // A database that is not spread takes the layout of the file; rows do not change their bucket on the way.
    if to_buckets != 1 && to_buckets != from_buckets {
        let what = format!("the keys of the database are spread over {to_buckets} buckets, those of the file over {from_buckets}");
        return Err(BackupError::Refused(what));
    }
    let tables = parents_first(target.tables);
    let mut client = connect(url).await?;
    let tx = client.transaction().await?;
    must_be_empty(&tx, &tables).await?;
    copy(&tx, from, &tables, told).await?;
    if from_buckets != 1 {
        tx.batch_execute(SPREAD_FLOOR).await?;
    }
    tx.commit().await?;
    client.batch_execute("ANALYZE").await?;
    Ok(())
}

/// The schema of a store that has this program's migrations, and whose key this is; and over how many buckets it is spread.
async fn schema(store: &Store) -> Outcome<(Schema, i64)> {
    let migrations = store.read("describe_store", |tx| tx.migrations()).await?;
    if !known_migrations().map(|(number, _)| number).eq(migrations.iter().map(|(number, _)| *number)) {
        return Err(BackupError::Refused("the store has not the schema of this program: run `allclear migrate` on it first".into()));
    }
    let read = store.read("describe_store", |tx| Ok::<_, StoreError>((tx.schema()?, tx.key_is_ours()?, tx.layout()?)));
    let (schema, ours, buckets) = read.await?;
    if ours == Some(false) {
        return Err(BackupError::Refused("the key file is not that of this store: it opens none of its cells".into()));
    }
    Ok((schema, buckets))
}

fn names(schema: &Schema) -> BTreeMap<&str, Vec<&str>> {
    schema.tables.iter().map(|table| (table.name.as_str(), table.columns.iter().map(|column| column.name.as_str()).collect())).collect()
}

/// The tables to move, each behind those that it refers to.
fn parents_first(mut left: Vec<Table>) -> Vec<Table> {
    left.retain(|table| !RUNNERS.contains(&table.name.as_str()));
    let mut ordered: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &Table| left.iter().any(|other| other.name != table.name && table.refers_to(&other.name));
        // A circle cannot be ordered; then the engine says which row it misses.
        let next = left.iter().position(|table| !waits(table)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

/// Holds every table against others, and refuses a target that has rows.
async fn must_be_empty(tx: &Transaction<'_>, tables: &[Table]) -> Outcome<()> {
    for Table { name, .. } in tables {
        tx.batch_execute(&format!("LOCK TABLE \"{name}\" IN EXCLUSIVE MODE")).await?;
        if FILLED.contains(&name.as_str()) {
            tx.batch_execute(&format!("DELETE FROM \"{name}\"")).await?;
        }
        if let rows @ 1.. = rows_of(tx, name).await? {
            return Err(BackupError::Exists(format!("table {name} of the database, with {rows} rows,")));
        }
    }
    Ok(())
}

async fn rows_of(tx: &Transaction<'_>, table: &str) -> Outcome<i64> {
    Ok(tx.query_one(&format!("SELECT COUNT(*) FROM \"{table}\""), &[]).await?.try_get(0)?)
}

/// What the reader sends: rows of the table at hand, or that it has no more.
type Part = Option<Vec<Vec<Value>>>;

async fn copy(tx: &Transaction<'_>, from: &Path, tables: &[Table], told: impl Fn(&str, i64)) -> Outcome<()> {
    let (send, mut parts) = mpsc::channel::<Part>(BATCHES_WAITING);
    let (path, wanted) = (from.to_owned(), tables.to_vec());
    let reader = tokio::task::spawn_blocking(move || read(&path, &wanted, &send));
    for table in tables {
        let rows = put(tx, table, &mut parts).await?;
        let Some(rows) = rows else { break };
        let there = rows_of(tx, &table.name).await?;
        if there != rows {
            return Err(BackupError::Damaged(format!("table {} has {there} rows after {rows} were written", table.name)));
        }
        told(&table.name, rows);
    }
    // What the reader met, if it stopped before the end.
    reader.await.map_err(|e| StoreError::Away(e.to_string()))?
}

/// Writes one table; answers its rows, or nothing if the reader stopped before it was whole.
async fn put(tx: &Transaction<'_>, table: &Table, parts: &mut mpsc::Receiver<Part>) -> Outcome<Option<i64>> {
    let failed = |error: tokio_postgres::Error| BackupError::Refused(format!("table {}: {}", table.name, StoreError::from(error)));
    let types = table.columns.iter().map(|column| ty(&column.ty)).collect::<Outcome<Vec<Type>>>()?;
    let columns = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
    let sink = tx.copy_in(&format!("COPY \"{}\" ({columns}) FROM STDIN BINARY", table.name)).await.map_err(failed)?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    let mut rows = 0;
    loop {
        match parts.recv().await {
            Some(Some(batch)) => {
                for row in &batch {
                    let values: Vec<Val<'_>> = row.iter().map(val).collect();
                    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
                    writer.as_mut().write(&values).await.map_err(failed)?;
                }
                rows += batch.len() as i64;
            }
            Some(None) => {
                writer.as_mut().finish().await.map_err(failed)?;
                return Ok(Some(rows));
            }
            None => return Ok(None),
        }
    }
}

fn ty(name: &str) -> Outcome<Type> {
    Ok(match name {
        "smallint" => Type::INT2,
        "integer" => Type::INT4,
        "bigint" => Type::INT8,
        "double precision" => Type::FLOAT8,
        "text" => Type::TEXT,
        "bytea" => Type::BYTEA,
        other => return Err(BackupError::Refused(format!("a column of type {other}"))),
    })
}

fn val(value: &Value) -> Val<'_> {
    match value {
        Value::Null => Val::Null,
        Value::I64(v) => Val::I64(*v),
        Value::F64(v) => Val::F64(*v),
        Value::Text(v) => Val::Text(v),
        Value::Blob(v) => Val::Blob(v),
    }
}

/// Reads every table at one moment; ends early, and quietly, when nobody writes any more.
fn read(from: &Path, tables: &[Table], to: &mpsc::Sender<Part>) -> Outcome<()> {
    let source = open_to_look(from)?;
    source.execute_batch("BEGIN")?;
    for table in tables {
        let columns = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
        let mut statement = source.prepare(&format!("SELECT {columns} FROM \"{}\"", table.name))?;
        let mut rows = statement.query([])?;
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        while let Some(row) = rows.next()? {
            let values = table.columns.iter().enumerate().map(|(i, column)| {
                value(row.get_ref(i)?).ok_or_else(|| {
                    let what = format!(
                        "table {}, column {}: a text that PostgreSQL cannot hold (not UTF-8, or with a zero)",
                        table.name, column.name
                    );
                    BackupError::Refused(what)
                })
            });
            batch.push(values.collect::<Outcome<Vec<Value>>>()?);
            if batch.len() == BATCH_ROWS && to.blocking_send(Some(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
        }
        if to.blocking_send(Some(batch)).and_then(|()| to.blocking_send(None)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn value(cell: ValueRef<'_>) -> Option<Value> {
    Some(match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(v) => Value::I64(v),
        ValueRef::Real(v) => Value::F64(v),
        ValueRef::Text(v) => Value::Text(std::str::from_utf8(v).ok().filter(|text| !text.contains('\0'))?.to_owned()),
        ValueRef::Blob(v) => Value::Blob(v.to_vec()),
    })
}
