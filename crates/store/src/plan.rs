//! What every node remembers of the plan: how often it was changed, and the operating mode that was ordered.

use allclear_domain::kernel::time::Instant;

use crate::{Result, StoreError, Tx, migrate::SPREAD_FLOOR};

/// An order to do without something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// Word of the mode.
    pub mode: String,
    /// Why.
    pub reason: String,
    /// Who ordered it, as shown.
    pub ordered_by: String,
    /// When.
    pub at: Instant,
}

impl Tx<'_> {
    /// Version of the plan. A node whose plan is of an older one loads it again.
    pub fn plan_version(&self) -> Result<i64> {
        self.query_opt("SELECT version FROM plan_version WHERE id = 1", &[])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Counts a change of the plan, in the commit of that change.
    pub(crate) fn plan_changed(&self) -> Result<()> {
        self.execute_exact("plan_version", 1, "UPDATE plan_version SET version = version + 1 WHERE id = 1", &[])
    }

    /// Over how many buckets the keys of the store are spread.
    pub fn layout(&self) -> Result<i64> {
        self.query_opt("SELECT CAST(buckets AS BIGINT) FROM layout WHERE id = 1", &[])?.map_or(Ok(1), |row| row.at(0))
    }

    /// Spreads the keys of an empty store over so many buckets.
    pub(crate) fn put_layout(&self, buckets: u16) -> Result<()> {
        if self.query_opt("SELECT 1 FROM change LIMIT 1", &[])?.is_some() {
            return Err(StoreError::Schema("the keys of a store that has rows stay where they are".into()));
        }
        self.execute_exact("schema_floor", 1, SPREAD_FLOOR, &[])?;
        self.execute_exact("layout", 1, "UPDATE layout SET buckets = $1 WHERE id = 1", &[i64::from(buckets).into()])
    }

    /// The operating mode that was ordered, if any is.
    pub fn operating_order(&self) -> Result<Option<OrderRow>> {
        self.query_opt("SELECT mode, reason, ordered_by, at FROM operating_order WHERE id = 1", &[])?
            .map(|row| Ok(OrderRow { mode: row.at(0)?, reason: row.at(1)?, ordered_by: row.at(2)?, at: row.at(3)? }))
            .transpose()
    }

    /// Orders an operating mode, or takes the order back.
    pub fn put_operating_order(&self, order: Option<&OrderRow>) -> Result<()> {
        match order {
            None => self.execute("DELETE FROM operating_order WHERE id = 1", &[]).map(drop)?,
            Some(row) => self.execute_exact(
                "operating_order",
                1,
                "INSERT INTO operating_order (id, mode, reason, ordered_by, at) VALUES (1, $1, $2, $3, $4)
                 ON CONFLICT (id) DO UPDATE SET mode = excluded.mode, reason = excluded.reason, ordered_by = excluded.ordered_by,
                     at = excluded.at",
                &[(&row.mode).into(), (&row.reason).into(), (&row.ordered_by).into(), row.at.into()],
            )?,
        }
        self.plan_changed()
    }
}
