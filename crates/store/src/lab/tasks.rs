//! Tasks after results: whom somebody must go to, by living area, with who took it and by when.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Account, Id, PersonNo, Round},
        time::Instant,
    },
    lab::task::Kind,
};
use uuid::Uuid;

use crate::{Result, Row, Tx, Val, rounds::word};

/// A task as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Id.
    pub id: Uuid,
    /// What is to be done.
    pub kind: Kind,
    /// For whom.
    pub person: PersonNo,
    /// The tube that opened it.
    pub tube: String,
    /// Round.
    pub round: Option<Id<Round>>,
    /// Living area when it was opened.
    pub area: AreaCode,
    /// Who took it.
    pub owner: Option<Id<Account>>,
    /// Display name of the owner.
    pub owner_name: Option<String>,
    /// By when.
    pub due_at: Instant,
    /// Whether it is open.
    pub open: bool,
    /// The last word.
    pub outcome: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
}

/// Which tasks.
#[derive(Debug, Clone)]
pub struct TaskFilter {
    /// Living area with its subtree.
    pub area: AreaCode,
    /// Kinds.
    pub kinds: Vec<&'static str>,
    /// Open ones, or closed ones.
    pub open: bool,
    /// Only those due before.
    pub due_before: Option<Instant>,
    /// Only those of this owner.
    pub owner: Option<Id<Account>>,
}

/// Tasks of an area by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskCount {
    /// Kind.
    pub kind: Kind,
    /// Open ones.
    pub open: i64,
    /// Of these, late.
    pub late: i64,
    /// Of these, taken by nobody.
    pub unowned: i64,
}

/// Kinds of this module; the table holds others' tasks too.
const KINDS: [&str; 3] = [Kind::Case.as_str(), Kind::Recheck.as_str(), Kind::Resample.as_str()];

fn task(row: &Row) -> Result<TaskRow> {
    let state: String = row.get("state")?;
    Ok(TaskRow {
        id: row.get("id")?,
        kind: word(row, "kind", Kind::parse)?,
        person: row.get("person")?,
        tube: row.get("subject")?,
        round: row.get("round")?,
        area: row.get("area")?,
        owner: row.get("owner")?,
        owner_name: row.get("owner_name")?,
        due_at: row.get("due_at")?,
        open: state == "open",
        outcome: row.get("outcome")?,
        note: row.get("note")?,
        opened_at: row.get("opened_at")?,
        closed_at: row.get("closed_at")?,
    })
}

impl Tx<'_> {
    /// Tasks inside an area, those due first at the top, after (due, id).
    pub fn tasks(&self, filter: &TaskFilter, after: (Instant, Uuid), limit: i64) -> Result<Vec<TaskRow>> {
        let (low, high) = filter.area.village_range();
        self.query(
            "SELECT t.bucket, t.id, t.kind, t.person, t.subject, t.round, t.area, t.owner, t.due_at, t.state,
                    t.outcome, t.note, t.opened_at, t.closed_at, t.closed_by, a.display_name AS owner_name FROM task t LEFT JOIN account a ON a.id = t.owner
             WHERE t.area >= $1 AND t.area < $2 AND t.state = $3 AND t.kind = ANY($4)
             AND (t.due_at > $5 OR (t.due_at = $5 AND t.id > $6)) AND ($7 = 0 OR t.owner = $8) AND t.due_at < $9
             ORDER BY t.due_at, t.id LIMIT $10",
            &[
                low.into(),
                high.into(),
                if filter.open { "open" } else { "closed" }.into(),
                Val::Texts(&filter.kinds),
                after.0.into(),
                after.1.into(),
                i64::from(filter.owner.is_some()).into(),
                filter.owner.map_or(Val::Uuid([0; 16]), Val::from),
                filter.due_before.unwrap_or(Instant(i64::MAX)).into(),
                limit.into(),
            ],
        )?
        .iter()
        .map(task)
        .collect()
    }

    /// Open tasks inside an area by kind.
    pub fn count_tasks(&self, area: AreaCode, now: Instant) -> Result<Vec<TaskCount>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT kind, COUNT(*), COALESCE(SUM(CASE WHEN due_at < $1 THEN 1 ELSE 0 END), 0),
                    COALESCE(SUM(CASE WHEN owner IS NULL THEN 1 ELSE 0 END), 0)
             FROM task WHERE area >= $2 AND area < $3 AND state = 'open' AND kind = ANY($4) GROUP BY kind",
            &[now.into(), low.into(), high.into(), Val::Texts(&KINDS)],
        )?
        .iter()
        .map(|row| Ok(TaskCount { kind: word(row, "kind", Kind::parse)?, open: row.at(1)?, late: row.at(2)?, unowned: row.at(3)? }))
        .collect()
    }

    /// One task of these kinds, locked.
    pub fn task_for_update(&self, id: Uuid) -> Result<Option<TaskRow>> {
        let sql = "SELECT t.bucket, t.id, t.kind, t.person, t.subject, t.round, t.area, t.owner, t.due_at, t.state,
                          t.outcome, t.note, t.opened_at, t.closed_at, t.closed_by, NULL AS owner_name FROM task t WHERE t.bucket = $1 AND t.id = $2 AND t.kind = ANY($3) FOR UPDATE";
        self.query_opt(sql, &[self.bucket(id.as_bytes()).into(), id.into(), Val::Texts(&KINDS)])?.as_ref().map(task).transpose()
    }

    /// Writes who took a task, its last word, and whether that closed it.
    pub fn update_task(&self, row: &TaskRow, by: Id<Account>) -> Result<()> {
        self.execute_exact(
            "task",
            1,
            "UPDATE task SET owner = $1, state = $2, outcome = $3, note = $4, closed_at = $5, closed_by = $6 WHERE bucket = $7 AND id = $8",
            &[
                row.owner.into(),
                if row.open { "open" } else { "closed" }.into(),
                row.outcome.as_ref().into(),
                row.note.as_ref().into(),
                row.closed_at.into(),
                row.closed_at.map(|_| by).into(),
                self.bucket(row.id.as_bytes()).into(),
                row.id.into(),
            ],
        )
    }
}
