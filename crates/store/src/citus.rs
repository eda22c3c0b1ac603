//! Where each table lives when the PostgreSQL has Citus, the extension that spreads tables over nodes. What it refuses
//! was tried before the schema was written; the tests here and of the catalogue keep it true without Citus at hand.

use crate::{Result, StoreError, engine::postgres::Session, migrate::SPREAD_FLOOR};

/// Where the rows of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Spread over the nodes by `bucket`, which every key begins with.
    Bucket,
    /// A copy on each node: small, and read together with spread tables.
    Reference,
    /// On the coordinator alone: what a node of ours asks for by itself, and what is written beside spread rows.
    Local,
}

use Place::{Bucket, Local, Reference};

/// Every table, those that others refer to before these.
pub const TABLES: [(&str, Place); 65] = [
    ("area", Reference),
    ("account", Reference),
    ("account_grant", Reference),
    ("device", Reference),
    ("lab", Reference),
    ("lab_kit", Reference),
    ("instrument", Reference),
    ("site", Reference),
    ("site_area", Reference),
    ("round", Reference),
    ("round_area", Reference),
    ("round_group_kind", Reference),
    ("box", Bucket),
    ("card", Bucket),
    ("change", Bucket),
    ("collection", Bucket),
    ("custody", Bucket),
    ("document", Bucket),
    ("exception", Bucket),
    ("exemption", Bucket),
    ("follow_up", Bucket),
    ("follow_up_member", Bucket),
    ("handover", Bucket),
    ("household", Bucket),
    ("import_row", Bucket),
    ("lab_tube", Bucket),
    ("person", Bucket),
    ("person_collection", Bucket),
    ("person_event", Bucket),
    ("person_notice", Bucket),
    ("person_report", Bucket),
    ("person_stay", Bucket),
    ("provisional_person", Bucket),
    ("task", Bucket),
    ("tube", Bucket),
    ("tube_clock", Bucket),
    ("access_log", Local),
    ("follower", Local),
    ("import", Local),
    ("import_mapping", Local),
    ("job", Local),
    ("lab_flag", Local),
    ("lab_hold", Local),
    ("lab_import", Local),
    ("lab_missing", Local),
    ("lab_release", Local),
    ("lab_run", Local),
    ("lab_run_well", Local),
    ("layout", Local),
    ("lease", Local),
    ("live_snapshot", Local),
    ("migration", Local),
    ("one_time_code", Local),
    ("operating_order", Local),
    ("plan_version", Local),
    ("reception", Local),
    ("reception_box", Local),
    ("reception_scan", Local),
    ("resident_session", Local),
    ("round_event", Local),
    ("round_exempt", Local),
    ("round_expected", Local),
    ("schema_floor", Local),
    ("session", Local),
    ("shift", Local),
];

/// Buckets of a spread store: enough for the nodes of a province, few enough for a statement that visits all.
pub const BUCKETS: u16 = 256;
/// Shards of each spread table: a node of eight cores takes a few.
const SHARDS: u16 = 64;

/// Where a table lives.
#[must_use]
pub fn place(table: &str) -> Option<Place> {
    TABLES.iter().find(|(name, _)| *name == table).map(|(_, place)| *place)
}

/// Spreads what is not spread yet, if the database can. An empty store gets its buckets; one that has rows stays as it is,
/// on the coordinator.
pub(crate) fn distribute(session: &Session) -> Result<()> {
    let can = session.query("SELECT 1 WHERE to_regproc('create_distributed_table') IS NOT NULL", &[])?;
    if can.is_empty() {
        return Ok(());
    }
    let known = session.query("SELECT CAST(CAST(logicalrelid AS regclass) AS TEXT) FROM pg_dist_partition", &[])?;
    let known: Vec<String> = known.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
    if known.is_empty() {
        // All rows of such a store are in one bucket: a node would hold everything, and nothing would be gained.
        if !session.query("SELECT 1 FROM change LIMIT 1", &[])?.is_empty() {
            return Ok(());
        }
        session.execute(SPREAD_FLOOR, &[])?;
        session.execute("UPDATE layout SET buckets = $1 WHERE id = 1", &[i64::from(BUCKETS).into()])?;
    }
    for (table, place) in TABLES.iter().filter(|(table, _)| !known.iter().any(|name| name == table)) {
        let call = match place {
            Bucket => format!("SELECT create_distributed_table('{table}', 'bucket', shard_count => {SHARDS})"),
            Reference => format!("SELECT create_reference_table('{table}')"),
            Local => continue,
        };
        session.batch_unbounded(&call).map_err(|error| StoreError::Schema(format!("{call}: {error}")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
