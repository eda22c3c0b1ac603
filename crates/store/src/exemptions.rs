//! Persons who are not expected, with reason and period.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round},
        time::Instant,
    },
    sampling::exemption::Reason,
};
use uuid::Uuid;

use crate::{Result, Row, Tx, Val, rounds::word};

/// An exemption as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptionRow {
    /// Id.
    pub id: Uuid,
    /// Who.
    pub person: PersonNo,
    /// Living area of the person when it was given.
    pub area: AreaCode,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub note: String,
    /// Begin.
    pub from_at: Instant,
    /// End, if it has one.
    pub until_at: Option<Instant>,
    /// Account.
    pub created_by: String,
    /// When it was given.
    pub created_at: Instant,
    /// When it was taken back.
    pub removed_at: Option<Instant>,
}

fn exemption(row: &Row) -> Result<ExemptionRow> {
    Ok(ExemptionRow {
        id: row.get("id")?,
        person: row.get("person")?,
        area: row.get("area")?,
        reason: word(row, "reason", Reason::parse)?,
        note: row.get("note")?,
        from_at: row.get("from_at")?,
        until_at: row.get("until_at")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        removed_at: row.get("removed_at")?,
    })
}

impl Tx<'_> {
    fn all_buckets(&self) -> Vec<i64> {
        (0..i64::from(self.buckets.max(1))).collect()
    }

    /// Adds an exemption.
    pub fn insert_exemption(&self, e: &ExemptionRow) -> Result<()> {
        self.execute_exact(
            "exemption",
            1,
            "INSERT INTO exemption (bucket, id, person, area, reason, note, from_at, until_at, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            &[
                self.person_bucket(e.person.0).into(),
                e.id.into(),
                e.person.into(),
                e.area.into(),
                e.reason.as_str().into(),
                (&e.note).into(),
                e.from_at.into(),
                e.until_at.into(),
                (&e.created_by).into(),
                e.created_at.into(),
            ],
        )
    }

    /// One exemption, in force or not.
    pub fn exemption(&self, id: Uuid) -> Result<Option<ExemptionRow>> {
        let buckets = self.all_buckets();
        self.query_opt(
            "SELECT bucket, id, person, area, reason, note, from_at, until_at, created_by, created_at,
                               removed_by, removed_at
                        FROM exemption WHERE bucket = ANY($1) AND id = $2",
            &[Val::I64s(&buckets), id.into()],
        )?
        .as_ref()
        .map(exemption)
        .transpose()
    }

    /// Takes an exemption back; answers false if it had been.
    pub fn remove_exemption(&self, e: &ExemptionRow, by: &str, now: Instant) -> Result<bool> {
        let changed = self.execute(
            "UPDATE exemption SET removed_at = $1, removed_by = $2 WHERE bucket = $3 AND id = $4 AND removed_at IS NULL",
            &[now.into(), by.into(), self.person_bucket(e.person.0).into(), e.id.into()],
        )?;
        Ok(changed == 1)
    }

    /// Exemptions of an area that were not taken back, by id after `after`.
    pub fn exemptions_in(&self, area: AreaCode, after: Uuid, limit: i64) -> Result<Vec<ExemptionRow>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT bucket, id, person, area, reason, note, from_at, until_at, created_by, created_at, removed_by,
                    removed_at
             FROM exemption WHERE area >= $1 AND area < $2 AND removed_at IS NULL AND id > $3 ORDER BY id LIMIT $4",
            &[low.into(), high.into(), after.into(), limit.into()],
        )?
        .iter()
        .map(exemption)
        .collect()
    }

    /// Exemptions that touch the time from `starts` to `ends`, of everybody who lives in an area now
    /// (they may have moved since it was given); the one given first stands first.
    pub fn exemptions_during(&self, area: AreaCode, starts: Instant, ends: Instant) -> Result<Vec<ExemptionRow>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT e.bucket, e.id, e.person, e.area, e.reason, e.note, e.from_at, e.until_at, e.created_by,
                    e.created_at, e.removed_by, e.removed_at FROM exemption e JOIN person p ON p.bucket = e.bucket AND p.no = e.person
             WHERE p.living_area >= $1 AND p.living_area < $2 AND e.removed_at IS NULL AND e.from_at < $4
             AND (e.until_at IS NULL OR e.until_at > $3) ORDER BY e.person, e.created_at, e.id",
            &[low.into(), high.into(), starts.into(), ends.into()],
        )?
        .iter()
        .map(exemption)
        .collect()
    }

    /// Exemptions of one person that were not taken back.
    pub fn exemptions_of(&self, person: PersonNo) -> Result<Vec<ExemptionRow>> {
        self.query(
            "SELECT bucket, id, person, area, reason, note, from_at, until_at, created_by, created_at,
                           removed_by, removed_at
                    FROM exemption WHERE person = $1 AND removed_at IS NULL ORDER BY id LIMIT 100",
            &[person.into()],
        )?
        .iter()
        .map(exemption)
        .collect()
    }

    /// Replaces the counts of those whom a round leaves out: village, reason, persons.
    pub fn replace_exempt(&self, round: Id<Round>, counts: &[(AreaCode, Reason, i64)]) -> Result<()> {
        self.execute("DELETE FROM round_exempt WHERE round = $1", &[round.into()])?;
        counts.iter().try_for_each(|(area, reason, persons)| self.add_exempt(round, *area, *reason, *persons))
    }

    /// Replaces these counts of one village.
    pub fn replace_exempt_in(&self, round: Id<Round>, area: AreaCode, counts: &[(AreaCode, Reason, i64)]) -> Result<()> {
        self.execute("DELETE FROM round_exempt WHERE round = $1 AND area = $2", &[round.into(), area.into()])?;
        counts.iter().try_for_each(|(area, reason, persons)| self.add_exempt(round, *area, *reason, *persons))
    }

    fn add_exempt(&self, round: Id<Round>, area: AreaCode, reason: Reason, persons: i64) -> Result<()> {
        self.execute_exact(
            "round_exempt",
            1,
            "INSERT INTO round_exempt (round, area, reason, persons) VALUES ($1, $2, $3, $4)",
            &[round.into(), area.into(), reason.as_str().into(), persons.into()],
        )
    }

    /// Whom a round leaves out: village, reason, persons.
    pub fn exempt(&self, round: Id<Round>) -> Result<Vec<(AreaCode, Reason, i64)>> {
        self.query(
            "SELECT area, reason, persons FROM round_exempt WHERE round = $1 AND persons > 0 ORDER BY area, reason",
            &[round.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, word(row, "reason", Reason::parse)?, row.at(2)?)))
        .collect()
    }
}
