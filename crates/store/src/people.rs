//! Persons, documents, cards.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, home},
        id::PersonNo,
        time::Instant,
    },
    people::name,
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, Tx, Ty, Val};

/// A person to be stored. Sealed cells are made by the caller with [`Tx::keys`].
#[derive(Debug, Clone)]
pub struct NewPerson<'a> {
    /// Number, taken from the living area's block.
    pub no: PersonNo,
    /// Name.
    pub name: &'a str,
    /// Pinyin initials of the name, lower case.
    pub initials: &'a str,
    /// `f`, `m` or unknown.
    pub sex: Option<&'a str>,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Where the person lives; expected lists go by it.
    pub living_area: AreaCode,
    /// Household number.
    pub household: Option<i64>,
    /// Sealed phone.
    pub phone: Option<&'a [u8]>,
    /// Blind index of the phone.
    pub phone_blind: Option<[u8; 16]>,
    /// Group bits (`domain::people`).
    pub groups: i64,
    /// `active` or `provisional`.
    pub state: &'a str,
}

/// What recording a swab needs to know of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonPlace {
    /// Number (the surviving one, if the person was merged).
    pub no: PersonNo,
    /// Living area: counts and lists go by it.
    pub area: AreaCode,
    /// Grid in it: what an account of a grid may see.
    pub grid: Option<AreaCode>,
}

impl PersonPlace {
    /// Where the person lives as exactly as it is known.
    #[must_use]
    pub fn home(self) -> AreaCode {
        home(self.area, self.grid)
    }
}

/// One person of a site's roster.
#[derive(Debug, Clone)]
pub struct RosterRow {
    /// Number.
    pub no: PersonNo,
    /// Name.
    pub name: String,
    /// Household.
    pub household: Option<i64>,
    /// Village.
    pub area: AreaCode,
    /// Group bits.
    pub groups: i64,
}

static PERSONS: Bulk = Bulk {
    table: "person",
    columns: &[
        ("bucket", Ty::I64),
        ("no", Ty::I64),
        ("name", Ty::Text),
        ("name_key", Ty::Blob),
        ("initials", Ty::Text),
        ("sex", Ty::Text),
        ("birth_year", Ty::I64),
        ("living_area", Ty::I64),
        ("household", Ty::I64),
        ("phone", Ty::Blob),
        ("phone_blind", Ty::Blob),
        ("groups", Ty::I64),
        ("state", Ty::Text),
        ("created_at", Ty::I64),
        ("changed_at", Ty::I64),
        ("version", Ty::I64),
    ],
    on_conflict: "",
};

static DOCUMENTS: Bulk = Bulk {
    table: "document",
    columns: &[("bucket", Ty::I64), ("blind", Ty::Blob), ("kind", Ty::Text), ("number", Ty::Blob), ("person", Ty::I64)],
    on_conflict: "ON CONFLICT (bucket, blind) DO NOTHING",
};

static CARDS: Bulk = Bulk {
    table: "card",
    columns: &[("bucket", Ty::I64), ("code", Ty::Text), ("person", Ty::I64), ("issued_at", Ty::I64)],
    on_conflict: "",
};

/// A document as stored: person, kind, blind index, sealed number.
pub type SealedDocument = (i64, String, Vec<u8>, Vec<u8>);

impl Tx<'_> {
    /// Adds persons in bulk.
    pub fn insert_persons(&self, persons: &[NewPerson<'_>], now: Instant) -> Result<u64> {
        let keys: Vec<Vec<u8>> = persons.iter().map(|p| name::key(p.name).into_bytes()).collect();
        let rows: Vec<Vec<Val<'_>>> = persons
            .iter()
            .zip(&keys)
            .map(|(p, key)| {
                vec![
                    self.person_bucket(p.no.0).into(),
                    p.no.into(),
                    p.name.into(),
                    key.into(),
                    p.initials.into(),
                    p.sex.into(),
                    p.birth_year.into(),
                    p.living_area.into(),
                    p.household.into(),
                    p.phone.into(),
                    p.phone_blind.as_ref().map_or(Val::Null, |blind| Val::Uuid(*blind)),
                    p.groups.into(),
                    p.state.into(),
                    now.into(),
                    now.into(),
                    1i64.into(),
                ]
            })
            .collect();
        self.bulk(&PERSONS, &rows)
    }

    /// Adds documents: (blind index, kind, sealed number, person). One that exists stays as it is;
    /// the answer counts the new ones.
    pub fn insert_documents(&self, documents: &[([u8; 16], &str, Vec<u8>, PersonNo)]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = documents
            .iter()
            .map(|(blind, kind, number, person)| {
                vec![self.bucket(blind).into(), Val::Uuid(*blind), (*kind).into(), number.into(), (*person).into()]
            })
            .collect();
        self.bulk(&DOCUMENTS, &rows)
    }

    /// Adds cards: (code, person).
    pub fn insert_cards(&self, cards: &[(&str, PersonNo)], now: Instant) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = cards
            .iter()
            .map(|(code, person)| vec![self.bucket(code.as_bytes()).into(), (*code).into(), (*person).into(), now.into()])
            .collect();
        self.bulk(&CARDS, &rows)
    }

    /// Number and living area of each known person; a merged one answers with the record that stands for them now.
    pub fn person_places(&self, numbers: &[i64]) -> Result<HashMap<i64, PersonPlace>> {
        let mut places = HashMap::with_capacity(numbers.len());
        let mut merged = Vec::new();
        for (place, into) in self.places(numbers)? {
            match into {
                None => drop(places.insert(place.no.0, place)),
                Some(_) => merged.push(place.no.0),
            }
        }
        if !merged.is_empty() {
            let survivors = self.survivors(&merged)?;
            let of: HashMap<i64, PersonPlace> =
                self.places(&survivors.values().copied().collect::<Vec<_>>())?.into_iter().map(|(place, _)| (place.no.0, place)).collect();
            places.extend(survivors.iter().filter_map(|(no, survivor)| Some((*no, *of.get(survivor)?))));
        }
        Ok(places)
    }

    /// Where these records say that their person lives, and which record they went into.
    fn places(&self, numbers: &[i64]) -> Result<Vec<(PersonPlace, Option<i64>)>> {
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        let rows = self.query(
            "SELECT no, living_area, grid, merged_into FROM person WHERE bucket = ANY($1) AND no IN I64S($2) AND state <> 'removed'",
            &[Val::I64s(&buckets), Val::I64s(numbers)],
        )?;
        rows.iter().map(|row| Ok((PersonPlace { no: row.at(0)?, area: row.at(1)?, grid: row.at(2)? }, row.at(3)?))).collect()
    }

    /// Person numbers of card codes that are in use.
    pub fn persons_of_cards(&self, codes: &[&str]) -> Result<HashMap<String, i64>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        let sql = "SELECT code, person FROM card WHERE bucket = ANY($1) AND code IN TEXTS($2) AND revoked_at IS NULL";
        self.query(sql, &[Val::I64s(&buckets), Val::Texts(codes)])?.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
    }

    /// The person who has a document with this blind index.
    pub fn person_of_document(&self, blind: &[u8; 16]) -> Result<Option<i64>> {
        self.query_opt("SELECT person FROM document WHERE bucket = $1 AND blind = $2", &[self.bucket(blind).into(), blind.into()])?
            .map(|row| row.at(0))
            .transpose()
    }

    /// The person that a device took down by hand under `id`.
    pub fn provisional_person(&self, id: Uuid) -> Result<Option<i64>> {
        let bucket = self.bucket(id.as_bytes());
        self.query_opt("SELECT person FROM provisional_person WHERE bucket = $1 AND id = $2", &[bucket.into(), id.into()])?
            .map(|row| row.at(0))
            .transpose()
    }

    /// Remembers the person that a device took down by hand.
    pub fn insert_provisional_person(&self, id: Uuid, person: PersonNo) -> Result<()> {
        self.execute_exact(
            "provisional_person",
            1,
            "INSERT INTO provisional_person (bucket, id, person) VALUES ($1, $2, $3)",
            &[self.bucket(id.as_bytes()).into(), id.into(), person.into()],
        )
    }

    /// Persons living in an area's villages, at most `limit`, by number.
    pub fn roster(&self, area: AreaCode, limit: i64) -> Result<Vec<RosterRow>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT no, name, household, living_area, groups FROM person
             WHERE living_area >= $1 AND living_area < $2 AND state IN ('active', 'provisional') ORDER BY living_area, no LIMIT $3",
            &[low.into(), high.into(), limit.into()],
        )?
        .iter()
        .map(|row: &Row| Ok(RosterRow { no: row.at(0)?, name: row.at(1)?, household: row.at(2)?, area: row.at(3)?, groups: row.at(4)? }))
        .collect()
    }

    /// Card codes in use of some persons.
    pub fn cards_of(&self, persons: &[i64]) -> Result<Vec<(i64, String)>> {
        self.query("SELECT person, code FROM card WHERE person = ANY($1) AND revoked_at IS NULL ORDER BY person", &[Val::I64s(persons)])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?)))
            .collect()
    }

    /// Documents of some persons.
    pub fn documents_of(&self, persons: &[i64]) -> Result<Vec<SealedDocument>> {
        self.query("SELECT person, kind, blind, number FROM document WHERE person = ANY($1) ORDER BY person, kind", &[Val::I64s(persons)])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?, row.at(3)?)))
            .collect()
    }

    /// How many persons there are.
    pub fn count_persons(&self) -> Result<i64> {
        self.query_opt("SELECT COUNT(*) FROM person WHERE state IN ('active', 'provisional')", &[])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Numbers of the persons living in a grid.
    pub fn numbers_in_grid(&self, grid: AreaCode) -> Result<Vec<i64>> {
        let (low, high) = grid.village_range();
        self.query(
            "SELECT no FROM person WHERE living_area >= $1 AND living_area < $2 AND grid = $3",
            &[low.into(), high.into(), grid.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Numbers of the persons living in each village of an area who are in all of `groups` (0: everybody).
    pub fn person_numbers(&self, area: AreaCode, groups: i64) -> Result<Vec<(AreaCode, i64)>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT living_area, no FROM person WHERE living_area >= $1 AND living_area < $2
             AND state IN ('active', 'provisional') AND (groups & $3) = $3 ORDER BY living_area, no",
            &[low.into(), high.into(), groups.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }
}
