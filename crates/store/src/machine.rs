//! What is done on the server's own machine, by whoever holds its store and key: past every account,
//! so that the system's user stands in the access log.

use allclear_domain::kernel::time::Instant;
use uuid::Uuid;

use crate::{Result, Tx};

impl Tx<'_> {
    /// Logs what `user` of the server's machine did.
    pub fn log_machine_access(&self, id: Uuid, now: Instant, user: &str, action: &str, subject: &str, reason: &str) -> Result<()> {
        self.execute_exact(
            "access_log",
            1,
            "INSERT INTO access_log (id, at, account, action, subject, reason, machine_user) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[id.into(), now.into(), Uuid::nil().into(), action.into(), subject.into(), reason.into(), user.into()],
        )
    }

    /// Whether the key ring is the one of this store: it opens a sealed cell. None where there is no cell yet.
    pub fn key_is_ours(&self) -> Result<Option<bool>> {
        let Some(row) = self.query_opt("SELECT person, number FROM document LIMIT 1", &[])? else { return Ok(None) };
        let (person, sealed): (i64, Vec<u8>) = (row.at(0)?, row.at(1)?);
        Ok(Some(self.keys().open_cell("document", "number", &person.to_string(), &sealed).is_ok()))
    }
}
