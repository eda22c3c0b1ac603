//! Changes of a person's record: corrections, merges, stays in groups, cards; each leaves an event.

use allclear_domain::kernel::{id::PersonNo, time::Instant};
use uuid::Uuid;

use crate::{Result, Tx, Val, register::PersonRow};

/// One entry of a record's history.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// When.
    pub at: Instant,
    /// Operation.
    pub op: String,
    /// Account or service.
    pub author: String,
    /// The other record of a merge.
    pub other: Option<i64>,
    /// Sealed JSON of what was before.
    pub detail: Option<Vec<u8>>,
}

/// A stay in a group.
#[derive(Debug, Clone)]
pub struct StayRow {
    /// Id.
    pub id: Uuid,
    /// Whose.
    pub person: PersonNo,
    /// Group word.
    pub group: String,
    /// Sealed reason.
    pub reason: Vec<u8>,
    /// First instant.
    pub from_at: Instant,
    /// End, if known.
    pub until_at: Option<Instant>,
    /// When it was ended early.
    pub ended_at: Option<Instant>,
}

/// A card of a person.
#[derive(Debug, Clone)]
pub struct CardRow {
    /// Code.
    pub code: String,
    /// When issued.
    pub issued_at: Instant,
    /// When revoked.
    pub revoked_at: Option<Instant>,
}

/// What to write into a record's history.
#[derive(Debug)]
pub struct NewEvent<'a> {
    /// Id.
    pub id: Uuid,
    /// Whose record.
    pub person: PersonNo,
    /// When.
    pub at: Instant,
    /// Operation.
    pub op: &'static str,
    /// Account or service.
    pub author: &'a str,
    /// The other record of a merge.
    pub other: Option<i64>,
    /// Sealed JSON of what was before.
    pub detail: Option<&'a [u8]>,
}

impl Tx<'_> {
    /// Appends to a record's history.
    pub fn append_person_event(&self, event: &NewEvent<'_>) -> Result<()> {
        self.execute_exact(
            "person_event",
            1,
            "INSERT INTO person_event (bucket, person, id, at, op, author, other, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                self.person_bucket(event.person.0).into(),
                event.person.into(),
                event.id.into(),
                event.at.into(),
                event.op.into(),
                event.author.into(),
                event.other.into(),
                event.detail.into(),
            ],
        )
    }

    /// A record's history, newest first.
    pub fn person_events(&self, person: PersonNo, limit: i64) -> Result<Vec<EventRow>> {
        self.query(
            "SELECT at, op, author, other, detail FROM person_event WHERE bucket = $1 AND person = $2 ORDER BY at DESC, id DESC LIMIT $3",
            &[self.person_bucket(person.0).into(), person.into(), limit.into()],
        )?
        .iter()
        .map(|row| Ok(EventRow { at: row.at(0)?, op: row.at(1)?, author: row.at(2)?, other: row.at(3)?, detail: row.at(4)? }))
        .collect()
    }

    /// Writes a corrected record over the version that was read.
    pub fn update_person(&self, row: &PersonRow, name_key: &[u8], initials: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "person",
            1,
            "UPDATE person SET name = $3, name_key = $4, initials = $5, sex = $6, birth_year = $7, birth_date = $8, living_area = $9,
                 grid = $10, residence_area = $11, household = $12, address = $13, phone = $14, phone_blind = $15, workplace = $16,
                 groups = $17, guardian = $18, state = $19, changed_at = $20, version = version + 1
             WHERE bucket = $1 AND no = $2 AND version = $21",
            &[
                self.person_bucket(row.no.0).into(),
                row.no.into(),
                (&row.name).into(),
                name_key.into(),
                initials.into(),
                row.sex.as_ref().map_or(Val::Null, Val::from),
                row.birth_year.into(),
                row.birth_date.as_ref().map_or(Val::Null, Val::from),
                row.living_area.into(),
                row.grid.into(),
                row.residence_area.into(),
                row.household.into(),
                row.address.as_ref().map_or(Val::Null, Val::from),
                row.phone.as_ref().map_or(Val::Null, Val::from),
                row.phone_blind.as_ref().map_or(Val::Null, Val::from),
                row.workplace.as_ref().map_or(Val::Null, Val::from),
                row.groups.into(),
                row.guardian.into(),
                (&row.state).into(),
                now.into(),
                row.version.into(),
            ],
        )
    }

    /// Takes a document away from a person; answers whether it was there.
    pub fn remove_document(&self, blind: &[u8], person: PersonNo) -> Result<bool> {
        let bucket = self.bucket(blind);
        let sql = "DELETE FROM document WHERE bucket = $1 AND blind = $2 AND person = $3";
        Ok(self.execute(sql, &[bucket.into(), blind.into(), person.into()])? == 1)
    }

    /// Adds a stay in a group.
    pub fn insert_stay(&self, stay: &StayRow, set_by: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "person_stay",
            1,
            "INSERT INTO person_stay (bucket, person, id, group_word, reason, from_at, until_at, set_by, set_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                self.person_bucket(stay.person.0).into(),
                stay.person.into(),
                stay.id.into(),
                (&stay.group).into(),
                (&stay.reason).into(),
                stay.from_at.into(),
                stay.until_at.into(),
                set_by.into(),
                now.into(),
            ],
        )
    }

    /// Ends the running stays of a person in a group.
    pub fn end_stays(&self, person: PersonNo, group: &str, now: Instant) -> Result<u64> {
        self.execute(
            "UPDATE person_stay SET ended_at = $4
             WHERE bucket = $1 AND person = $2 AND group_word = $3 AND ended_at IS NULL AND (until_at IS NULL OR until_at > $4)",
            &[self.person_bucket(person.0).into(), person.into(), group.into(), now.into()],
        )
    }

    /// The stays of a person, newest first.
    pub fn stays_of(&self, person: PersonNo) -> Result<Vec<StayRow>> {
        self.query(
            "SELECT id, person, group_word, reason, from_at, until_at, ended_at FROM person_stay
             WHERE bucket = $1 AND person = $2 ORDER BY from_at DESC, id DESC LIMIT 100",
            &[self.person_bucket(person.0).into(), person.into()],
        )?
        .iter()
        .map(|row| {
            Ok(StayRow {
                id: row.at(0)?,
                person: row.at(1)?,
                group: row.at(2)?,
                reason: row.at(3)?,
                from_at: row.at(4)?,
                until_at: row.at(5)?,
                ended_at: row.at(6)?,
            })
        })
        .collect()
    }

    /// Stays whose end has passed but whose bit may still be set: (person, group).
    pub fn overdue_stays(&self, now: Instant, limit: i64) -> Result<Vec<(PersonNo, String)>> {
        self.query(
            "SELECT person, group_word FROM person_stay WHERE ended_at IS NULL AND until_at <= $1 ORDER BY until_at LIMIT $2",
            &[now.into(), limit.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// Marks the stays of a person in a group as ended at their own end.
    pub fn close_overdue_stays(&self, person: PersonNo, group: &str, now: Instant) -> Result<u64> {
        self.execute(
            "UPDATE person_stay SET ended_at = until_at
             WHERE bucket = $1 AND person = $2 AND group_word = $3 AND ended_at IS NULL AND until_at <= $4",
            &[self.person_bucket(person.0).into(), person.into(), group.into(), now.into()],
        )
    }

    /// Sets the group bits of a person whatever its version: a clock ended a stay.
    pub fn set_groups(&self, person: PersonNo, groups: i64, now: Instant) -> Result<()> {
        self.execute_exact(
            "person",
            1,
            "UPDATE person SET groups = $3, changed_at = $4, version = version + 1 WHERE bucket = $1 AND no = $2",
            &[self.person_bucket(person.0).into(), person.into(), groups.into(), now.into()],
        )
    }

    /// Every card that a person had.
    pub fn card_rows(&self, person: PersonNo) -> Result<Vec<CardRow>> {
        self.query("SELECT code, issued_at, revoked_at FROM card WHERE person = $1 ORDER BY issued_at DESC LIMIT 50", &[person.into()])?
            .iter()
            .map(|row| Ok(CardRow { code: row.at(0)?, issued_at: row.at(1)?, revoked_at: row.at(2)? }))
            .collect()
    }

    /// Revokes a card; answers whether it was in use.
    pub fn revoke_card(&self, code: &str, now: Instant) -> Result<bool> {
        let bucket = self.bucket(code.as_bytes());
        let sql = "UPDATE card SET revoked_at = $3 WHERE bucket = $1 AND code = $2 AND revoked_at IS NULL";
        Ok(self.execute(sql, &[bucket.into(), code.into(), now.into()])? == 1)
    }

    /// Opens a resident's session.
    pub fn insert_resident_session(&self, token_hash: &[u8; 32], person: PersonNo, now: Instant, expires_at: Instant) -> Result<()> {
        self.execute("DELETE FROM resident_session WHERE expires_at < $1", &[now.into()])?;
        self.execute_exact(
            "resident_session",
            1,
            "INSERT INTO resident_session (token_hash, person, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            &[token_hash.into(), person.into(), now.into(), expires_at.into()],
        )
    }

    /// The person of a resident's session that has not ended.
    pub fn resident_session(&self, token_hash: &[u8; 32], now: Instant) -> Result<Option<PersonNo>> {
        let sql = "SELECT person FROM resident_session WHERE token_hash = $1 AND expires_at > $2";
        self.query_opt(sql, &[token_hash.into(), now.into()])?.map(|row| row.at(0)).transpose()
    }

    /// Ends a resident's session.
    pub fn delete_resident_session(&self, token_hash: &[u8; 32]) -> Result<()> {
        self.execute("DELETE FROM resident_session WHERE token_hash = $1", &[token_hash.into()]).map(drop)
    }
}
