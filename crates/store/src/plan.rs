//! How often the plan (areas, rounds, sites) was changed: what a node compares with what it remembers.

use crate::{Result, Tx};

impl Tx<'_> {
    /// Version of the plan. A node whose plan is of an older one loads it again.
    pub fn plan_version(&self) -> Result<i64> {
        self.query_opt("SELECT version FROM plan_version WHERE id = 1", &[])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Counts a change of the plan, in the commit of that change.
    pub(crate) fn plan_changed(&self) -> Result<()> {
        self.execute_exact("plan_version", 1, "UPDATE plan_version SET version = version + 1 WHERE id = 1", &[])
    }
}
