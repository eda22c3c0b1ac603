//! Leases: what one node at a time does for all. A lease runs out by itself when its holder is gone.

use allclear_domain::kernel::time::Instant;

use crate::{Result, Tx};

impl Tx<'_> {
    /// Takes a lease until `until`, or prolongs one's own; answers whether `holder` has it now.
    pub fn take_lease(&self, name: &str, holder: &str, now: Instant, until: Instant) -> Result<bool> {
        let taken = self.execute(
            "INSERT INTO lease (name, holder, until_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
             WHERE lease.holder = excluded.holder OR lease.until_at < $4",
            &[name.into(), holder.into(), until.into(), now.into()],
        )?;
        Ok(taken == 1)
    }

    /// Gives one lease back.
    pub fn end_lease(&self, name: &str, holder: &str) -> Result<()> {
        self.execute("DELETE FROM lease WHERE name = $1 AND holder = $2", &[name.into(), holder.into()]).map(drop)
    }

    /// Gives every lease of a holder back: a node that stops.
    pub fn end_leases(&self, holder: &str) -> Result<u64> {
        self.execute("DELETE FROM lease WHERE holder = $1", &[holder.into()])
    }
}
