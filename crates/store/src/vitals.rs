//! How the store is: what `allclear doctor`, readiness and the metrics look at. Each look is a few
//! index reads, so that it may be taken every few seconds while a city is sampled.

use allclear_domain::kernel::time::Instant;

use crate::{Result, Tx, Val, tx::Conn};

/// What one look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Number of the newest numbered change.
    pub newest_change: i64,
    /// When that change was made.
    pub newest_change_at: Option<Instant>,
    /// Committed changes that have no number yet.
    pub unnumbered: i64,
    /// Followers of the feed and the change that each has come to.
    pub followers: Vec<(String, i64)>,
    /// Change up to which the live counts are stored.
    pub snapshot: i64,
    /// Jobs that wait.
    pub jobs_ready: i64,
    /// Jobs that run.
    pub jobs_running: i64,
    /// Since when the oldest job that waits could have run.
    pub oldest_job_at: Option<Instant>,
    /// Sessions in force.
    pub sessions: i64,
    /// Enrolled devices that are not revoked.
    pub devices: i64,
    /// Exceptions that nobody has decided.
    pub exceptions_open: i64,
}

impl Tx<'_> {
    /// Looks at the state of feed, followers, jobs, sessions and exceptions.
    pub fn vitals(&self, now: Instant) -> Result<Vitals> {
        let newest = self.query_opt("SELECT seq, at FROM change WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1", &[])?;
        let (newest_change, newest_change_at) = match newest {
            Some(row) => (row.at(0)?, Some(row.at(1)?)),
            None => (0, None),
        };
        let job = self.query_opt("SELECT COUNT(*), MIN(run_at) FROM job WHERE state = 'ready' AND run_at <= $1", &[now.into()])?;
        let (jobs_ready, oldest_job_at) = match job {
            Some(row) => (row.at(0)?, row.at(1)?),
            None => (0, None),
        };
        Ok(Vitals {
            newest_change,
            newest_change_at,
            unnumbered: self.number("SELECT COUNT(*) FROM change WHERE seq IS NULL", &[])?,
            followers: self
                .query("SELECT name, seq FROM follower ORDER BY name", &[])?
                .iter()
                .map(|row| Ok((row.at(0)?, row.at(1)?)))
                .collect::<Result<_>>()?,
            snapshot: self.number("SELECT COALESCE(MAX(seq), 0) FROM live_snapshot", &[])?,
            jobs_ready,
            jobs_running: self.number("SELECT COUNT(*) FROM job WHERE state = 'running'", &[])?,
            oldest_job_at,
            sessions: self.number("SELECT COUNT(*) FROM session WHERE expires_at > $1", &[now.into()])?,
            devices: self.number("SELECT COUNT(*) FROM device WHERE revoked_at IS NULL", &[])?,
            exceptions_open: self.number("SELECT COUNT(*) FROM exception WHERE state = 'open'", &[])?,
        })
    }

    /// Devices of the shift that fell silent: heard of since `from`, but not since `until`.
    pub fn silent_devices(&self, from: Instant, until: Instant) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM device WHERE revoked_at IS NULL AND seen_at >= $1 AND seen_at < $2";
        self.number(sql, &[from.into(), until.into()])
    }

    /// What the engine calls its version, and how many bytes the store takes.
    pub fn engine_facts(&self) -> Result<(String, i64)> {
        let sql = match self.conn {
            Conn::Sqlite(_) => "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            Conn::Postgres(_) => "SELECT current_setting('server_version'), pg_database_size(current_database())",
        };
        self.query_opt(sql, &[])?.map_or_else(|| Ok((String::new(), 0)), |row| Ok((row.at(0)?, row.at(1)?)))
    }

    /// Migrations that the store has: number, name.
    pub fn migrations(&self) -> Result<Vec<(i64, String)>> {
        self.query("SELECT CAST(number AS BIGINT), name FROM migration ORDER BY number", &[])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?)))
            .collect()
    }

    /// Newest migration of the oldest program that goes on working with the store.
    pub fn schema_floor(&self) -> Result<i64> {
        self.number("SELECT CAST(COALESCE(MAX(floor), 0) AS BIGINT) FROM schema_floor", &[])
    }

    fn number(&self, sql: &'static str, params: &[Val<'_>]) -> Result<i64> {
        self.query_opt(sql, params)?.map_or(Ok(0), |row| row.at(0))
    }
}
