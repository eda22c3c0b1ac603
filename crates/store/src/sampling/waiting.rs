//! Exceptions that wait for facts before they are anybody's: rows in the state `waiting`, which no
//! list, count or feed has. They go without a trace when the facts come, or are opened when they are due.

use allclear_domain::kernel::time::Instant;
use uuid::Uuid;

use super::rows::{ExceptionRow, exception};
use crate::{Result, Tx};

/// The word of a custody event whose exception waits.
pub const PENDING: &str = "pending";

impl Tx<'_> {
    /// Lets an exception wait for facts. One that waits already goes on waiting since when it did; what is
    /// open, or was decided, stays.
    pub fn wait_exception(&self, e: &ExceptionRow) -> Result<()> {
        self.execute(
            "INSERT INTO exception (bucket, id, kind, subject, round, person, site, area, opened_at, detail, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting')
             ON CONFLICT (bucket, subject, id) DO UPDATE SET kind = excluded.kind, site = excluded.site, area = excluded.area
             WHERE exception.state = 'waiting' AND (exception.kind <> excluded.kind OR exception.area <> excluded.area)",
            &self.exception_values(e),
        )
        .map(drop)
    }

    /// Ends the wait of an exception that facts settled: nobody was shown it, so nothing of it is kept.
    pub fn end_waiting(&self, subject: &str, id: Uuid) -> Result<()> {
        self.execute(
            "DELETE FROM exception WHERE bucket = $1 AND subject = $2 AND id = $3 AND state = 'waiting'",
            &[self.bucket(subject.as_bytes()).into(), subject.into(), id.into()],
        )
        .map(drop)
    }

    /// Exceptions that wait since `until` or longer, oldest first.
    pub fn waiting_exceptions(&self, until: Instant, limit: i64) -> Result<Vec<ExceptionRow>> {
        self.query(
            "SELECT bucket, id, kind, subject, round, person, site, area, opened_at, detail, state, resolved_at,
                    resolved_by, resolution, note
             FROM exception WHERE state = 'waiting' AND opened_at <= $1 ORDER BY opened_at, id LIMIT $2",
            &[until.into(), limit.into()],
        )?
        .iter()
        .map(exception)
        .collect()
    }

    /// Opens an exception that has waited, and calls its event what it is; answers false if it waits no more.
    pub fn open_waiting(&self, e: &ExceptionRow, now: Instant) -> Result<bool> {
        let bucket = self.bucket(e.subject.as_bytes());
        let opened = self.execute(
            "UPDATE exception SET state = 'open', opened_at = $1 WHERE bucket = $2 AND subject = $3 AND id = $4 AND state = 'waiting'",
            &[now.into(), bucket.into(), (&e.subject).into(), e.id.into()],
        )?;
        let sql = "UPDATE custody SET verdict = $1 WHERE bucket = $2 AND subject = $3 AND verdict = $4";
        self.execute(sql, &[(&e.kind).into(), bucket.into(), (&e.subject).into(), PENDING.into()])?;
        Ok(opened == 1)
    }
}
