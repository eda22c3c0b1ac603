//! What came of asking persons who are missing: closed tasks of one kind.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Account, Id, PersonNo, Round},
        time::Instant,
    },
    sampling::missing::Outcome,
};
use uuid::Uuid;

use crate::{Result, Tx, Val, rounds::word};

/// What came of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingCall {
    /// Task.
    pub id: Uuid,
    /// Who was asked.
    pub person: PersonNo,
    /// Village.
    pub area: AreaCode,
    /// Round.
    pub round: Id<Round>,
    /// What was heard.
    pub outcome: Outcome,
    /// In words.
    pub note: String,
    /// Who asked.
    pub by: Id<Account>,
    /// When.
    pub at: Instant,
}

/// Kind's word of these tasks.
const KIND: &str = "ask_missing";

impl Tx<'_> {
    /// Stores what came of a call as a task, closed unless somebody must ask again.
    pub fn insert_missing_call(&self, call: &MissingCall, due_at: Instant) -> Result<()> {
        let state = if call.outcome.stays_open() { "open" } else { "closed" };
        self.execute(
            "UPDATE task SET state = 'closed', closed_at = $1, closed_by = $2 WHERE person = $3 AND round = $4 AND kind = $5 AND state = 'open'",
            &[call.at.into(), call.by.into(), call.person.into(), call.round.into(), KIND.into()],
        )?;
        let closed_at = (!call.outcome.stays_open()).then_some(call.at);
        self.execute_exact(
            "task",
            1,
            "INSERT INTO task (bucket, id, kind, person, subject, round, area, owner, due_at, state, outcome, note, opened_at, closed_at, closed_by)
             VALUES ($1, $2, $3, $4, '', $5, $6, $7, $8, $9, $10, $11, $12, $13, $7)",
            &[
                self.person_bucket(call.person.0).into(),
                call.id.into(),
                KIND.into(),
                call.person.into(),
                call.round.into(),
                call.area.into(),
                call.by.into(),
                due_at.into(),
                state.into(),
                call.outcome.as_str().into(),
                (&call.note).into(),
                call.at.into(),
                closed_at.into(),
            ],
        )
    }

    /// Calls about a person in a round, with their ids.
    pub fn missing_call_ids(&self, person: PersonNo, round: Id<Round>) -> Result<Vec<Uuid>> {
        self.query(
            "SELECT id FROM task WHERE person = $1 AND round = $2 AND kind = $3 AND outcome IS NOT NULL ORDER BY opened_at, id",
            &[person.into(), round.into(), KIND.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// The last word about each of these persons in a round.
    pub fn missing_calls(&self, persons: &[i64], round: Id<Round>) -> Result<HashMap<i64, (Outcome, String, Instant)>> {
        let rows = self.query(
            "SELECT person, outcome, note, opened_at FROM task WHERE person = ANY($1) AND round = $2 AND kind = $3 AND outcome IS NOT NULL
             ORDER BY opened_at, id",
            &[Val::I64s(persons), round.into(), KIND.into()],
        )?;
        rows.iter().map(|row| Ok((row.at(0)?, (word(row, "outcome", Outcome::parse)?, row.at(2)?, row.at(3)?)))).collect()
    }
}
