//! The person's side of swabs, written by the follower in the order of its key.

use std::collections::BTreeSet;

use allclear_domain::kernel::{
    id::{Collection, Id, PersonNo, Round, Site},
    time::Instant,
};
use uuid::Uuid;

use crate::{Bulk, Result, Tx, Ty, Val};

/// One swab on the person's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonCollectionRow {
    /// Who.
    pub person: PersonNo,
    /// Round.
    pub round: Id<Round>,
    /// The collection.
    pub id: Id<Collection>,
    /// Tube it is in.
    pub tube: String,
    /// Site.
    pub site: Id<Site>,
    /// When it was taken.
    pub taken_at: Instant,
    /// Whether it counts.
    pub valid: bool,
}

// A swab that was moved has left its old tube: that tube's word no longer matters.
static PERSON_COLLECTIONS: Bulk = Bulk {
    table: "person_collection",
    columns: &[
        ("bucket", Ty::I64),
        ("person", Ty::I64),
        ("round", Ty::Blob),
        ("collection", Ty::Blob),
        ("tube", Ty::Text),
        ("site", Ty::Blob),
        ("taken_at", Ty::I64),
        ("state", Ty::Text),
    ],
    on_conflict: "ON CONFLICT (bucket, person, round, collection) DO UPDATE SET tube = excluded.tube, state = excluded.state
        WHERE excluded.state = 'valid' OR person_collection.tube = excluded.tube",
};

impl Tx<'_> {
    /// Writes the person's side of many swabs; give them in the order of (person, round, id), each once.
    pub fn put_person_collections(&self, rows: &[PersonCollectionRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = rows
            .iter()
            .map(|c| {
                vec![
                    self.person_bucket(c.person.0).into(),
                    c.person.into(),
                    c.round.into(),
                    c.id.into(),
                    (&c.tube).into(),
                    c.site.into(),
                    c.taken_at.into(),
                    (if c.valid { "valid" } else { "voided" }).into(),
                ]
            })
            .collect();
        self.bulk(&PERSON_COLLECTIONS, &rows)
    }

    /// Which of some persons gave more than one swab in some round: few, and mostly nobody.
    pub fn sampled_more_than_once(&self, persons: &BTreeSet<i64>) -> Result<BTreeSet<i64>> {
        let numbers: Vec<i64> = persons.iter().copied().collect();
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        self.query(
            "SELECT person FROM person_collection WHERE bucket = ANY($1) AND person IN I64S($2)
             GROUP BY person, round HAVING COUNT(*) > 1",
            &[Val::I64s(&buckets), Val::I64s(&numbers)],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Every swab of some persons, in the order of (person, round, time, id).
    pub fn person_collections(&self, persons: &BTreeSet<i64>) -> Result<Vec<PersonCollectionRow>> {
        let numbers: Vec<i64> = persons.iter().copied().collect();
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        self.query(
            "SELECT person, round, collection, tube, site, taken_at, state FROM person_collection
             WHERE bucket = ANY($1) AND person IN I64S($2) ORDER BY person, round, taken_at, collection",
            &[Val::I64s(&buckets), Val::I64s(&numbers)],
        )?
        .iter()
        .map(|row| {
            Ok(PersonCollectionRow {
                person: PersonNo(row.at(0)?),
                round: row.at(1)?,
                id: row.at(2)?,
                tube: row.at(3)?,
                site: row.at(4)?,
                taken_at: row.at(5)?,
                valid: row.at::<String>(6)? == "valid",
            })
        })
        .collect()
    }

    /// Opens again an exception that later facts had settled; answers false if there is none.
    pub fn reopen_exception(&self, subject: &str, id: Uuid, kind: &str) -> Result<bool> {
        let changed = self.execute(
            "UPDATE exception SET state = 'open', resolved_at = NULL, resolved_by = NULL, resolution = NULL, note = NULL
             WHERE bucket = $1 AND id = $2 AND kind = $3 AND state = 'resolved' AND resolution = 'facts'",
            &[self.bucket(subject.as_bytes()).into(), id.into(), kind.into()],
        )?;
        Ok(changed == 1)
    }
}
