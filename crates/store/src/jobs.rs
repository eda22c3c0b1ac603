//! Jobs as rows: add, claim, report progress, finish. Work that follows from a fact is made by a
//! follower; these are for long work that a person started.

use allclear_domain::kernel::time::Instant;
use uuid::Uuid;

use crate::{Result, Row, Tx};

/// A job as stored.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Id.
    pub id: Uuid,
    /// Which work.
    pub kind: String,
    /// Its arguments, JSON.
    pub payload: String,
    /// `ready`, `running`, `done`, `failed`.
    pub state: String,
    /// Units done.
    pub done: i64,
    /// Units in all, as far as known.
    pub total: i64,
    /// Result or error, JSON.
    pub outcome: Option<String>,
    /// How often it was begun.
    pub attempts: i64,
    /// When it was asked for.
    pub created_at: Instant,
}

fn job(row: &Row) -> Result<JobRow> {
    Ok(JobRow {
        id: row.get("id")?,
        kind: row.get("kind")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        done: row.get("done")?,
        total: row.get("total")?,
        outcome: row.get("outcome")?,
        attempts: row.get("attempts")?,
        created_at: row.get("created_at")?,
    })
}

impl Tx<'_> {
    /// Adds a job that may run at once.
    pub fn insert_job(&self, id: Uuid, kind: &str, payload: &str, created_by: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "job",
            1,
            "INSERT INTO job (id, kind, payload, state, created_by, created_at, run_at, attempts, done, total)
             VALUES ($1, $2, $3, 'ready', $4, $5, $5, 0, 0, 0)",
            &[id.into(), kind.into(), payload.into(), created_by.into(), now.into()],
        )
    }

    /// Claims the oldest job that is ready, or whose worker has not been heard of until `now`.
    pub fn claim_job(&self, now: Instant, until: Instant) -> Result<Option<JobRow>> {
        self.query_opt(
            "UPDATE job SET state = 'running', attempts = attempts + 1, claimed_until = $2 WHERE id = (
                 SELECT id FROM job WHERE (state = 'ready' AND run_at <= $1) OR (state = 'running' AND claimed_until < $1)
                 ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, kind, payload, state, created_by, created_at, run_at, attempts, claimed_until, done, total, outcome",
            &[now.into(), until.into()],
        )?
        .as_ref()
        .map(job)
        .transpose()
    }

    /// Reports progress and prolongs the claim.
    pub fn progress_job(&self, id: Uuid, done: i64, total: i64, until: Instant) -> Result<()> {
        self.execute(
            "UPDATE job SET done = $1, total = $2, claimed_until = $3 WHERE id = $4 AND state = 'running'",
            &[done.into(), total.into(), until.into(), id.into()],
        )
        .map(drop)
    }

    /// Ends a job: `done` or `failed`, with its outcome as JSON.
    pub fn finish_job(&self, id: Uuid, state: &str, outcome: &str) -> Result<()> {
        self.execute_exact("job", 1, "UPDATE job SET state = $1, outcome = $2 WHERE id = $3", &[state.into(), outcome.into(), id.into()])
    }

    /// One job.
    pub fn job(&self, id: Uuid) -> Result<Option<JobRow>> {
        self.query_opt(
            "SELECT id, kind, payload, state, created_by, created_at, run_at, attempts, claimed_until,
                               done, total, outcome
                        FROM job WHERE id = $1",
            &[id.into()],
        )?
        .as_ref()
        .map(job)
        .transpose()
    }

    /// Jobs that wait or run.
    pub fn open_jobs(&self) -> Result<i64> {
        self.query_opt("SELECT COUNT(*) FROM job WHERE state IN ('ready', 'running')", &[])?.map_or(Ok(0), |row| row.at(0))
    }
}
