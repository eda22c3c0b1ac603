//! Everything about a batch that needs no store: judging, doubles inside the file, numbers, seals.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::Arc,
};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        code::CardCode,
        id::{Id, Import, PersonNo},
    },
    people::document::DocumentKind,
};
use allclear_seal::{BlindIndex, Keys};
use allclear_store::{imports::ImportRowKept, register::Registered};

use super::source::{Judge, Raw};
use crate::people::{
    import::{
        columns::Field,
        row::{Newcomer, Reason},
    },
    initials,
};

/// A judged row that may go in.
pub(super) struct Candidate {
    pub(super) line: i64,
    pub(super) cells: Vec<String>,
    pub(super) person: Newcomer,
    blind: BlindIndex,
}

/// A judged batch.
pub(super) struct Judged {
    rows: i64,
    unchanged: i64,
    candidates: Vec<Candidate>,
    kept: Vec<ImportRowKept>,
}

/// A batch that only needs the store.
pub(super) struct Ready {
    pub(super) rows: i64,
    pub(super) unchanged: i64,
    pub(super) persons: Vec<Registered>,
    /// Beside each person: the row it came from.
    pub(super) origins: Vec<Candidate>,
    /// Beside each person: whom it belongs to. Numbers are found in the commit, where it is known
    /// which rows are new and which people are there already.
    pub(super) ties: Vec<Ties>,
    pub(super) cards: Vec<(String, PersonNo)>,
    pub(super) kept: Vec<ImportRowKept>,
}

/// Whom a person belongs to, by blind index.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::people) struct Ties {
    /// Village and household number of the file.
    pub(in crate::people) household: Option<BlindIndex>,
    /// The guardian's document.
    pub(in crate::people) guardian: Option<BlindIndex>,
}

impl Ties {
    /// The ties that a row names.
    pub(in crate::people) fn of(keys: &Keys, person: &Newcomer) -> Self {
        Self {
            household: person.household.as_ref().map(|no| keys.blind("household", &format!("{}/{no}", person.living_area))),
            guardian: person.guardian.as_ref().map(|document| keys.blind(document.kind().as_str(), document.number())),
        }
    }
}

/// Blind indexes are random already: hashing them again would only cost time.
#[derive(Default)]
struct AsIs(u64);
impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty(), "only u128 keys");
    }
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// What a file has brought so far, and the tools to go on.
pub(super) struct Preparer {
    keys: Arc<Keys>,
    import: Option<Id<Import>>,
    scopes: Vec<AreaCode>,
    cards: bool,
    seen: HashMap<u128, u64, BuildHasherDefault<AsIs>>,
}

/// Blind index under which a person's document is kept: the number's, or for a person without one
/// the guardian's number together with the name.
#[must_use]
pub fn document_blind(keys: &Keys, person: &Newcomer) -> BlindIndex {
    match (person.document.kind(), &person.guardian) {
        (DocumentKind::NoneYet, Some(guardian)) => keys.blind("none", &format!("{}/{}", guardian.number(), person.name.key())),
        (DocumentKind::NoneYet, None) => keys.blind("none", &format!("/{}", person.name.key())),
        (kind, _) => keys.blind(kind.as_str(), person.document.number()),
    }
}

fn digest(cells: &[String], person: &Newcomer) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    cells.hash(&mut hasher);
    person.document.number().hash(&mut hasher);
    hasher.finish()
}

/// A kept row with its cells sealed.
pub(super) fn kept_row(
    keys: &Keys,
    import: Option<Id<Import>>,
    line: i64,
    kind: &str,
    cells: &[String],
    reasons: &[(&str, &str)],
    blind: Option<BlindIndex>,
) -> ImportRowKept {
    let row = import.map_or_else(String::new, |id| format!("{id}/{line}"));
    let json = serde_json::to_string(cells).unwrap_or_default();
    ImportRowKept {
        line,
        kind: kind.to_owned(),
        cells: keys.seal_cell("import_row", "cells", &row, &json),
        reasons: serde_json::to_string(reasons).unwrap_or_default(),
        blind: blind.map(|blind| blind.to_vec()),
        decision: None,
        person: None,
        before: None,
    }
}

impl Preparer {
    pub(super) fn new(keys: Arc<Keys>, import: Option<Id<Import>>, scopes: Vec<AreaCode>, cards: bool) -> Self {
        Self { keys, import, scopes, cards, seen: HashMap::default() }
    }

    fn park(&self, line: i64, cells: &[String], blind: BlindIndex, code: &'static str) -> ImportRowKept {
        kept_row(&self.keys, self.import, line, "parked", cells, &[(Field::DocumentNumber.as_str(), code)], Some(blind))
    }

    /// Judges rows and sets aside the bad ones and the doubles of earlier rows.
    pub(super) fn judge(&mut self, raw: Raw, judge: &Judge) -> Judged {
        let verdicts = judge.all(raw);
        let mut out =
            Judged { rows: verdicts.len() as i64, unchanged: 0, candidates: Vec::with_capacity(verdicts.len()), kept: Vec::new() };
        for (line, cells, verdict) in verdicts {
            let line = line as i64;
            let outside = |person: &Newcomer| !self.scopes.iter().any(|scope| person.home().is_within(*scope));
            let verdict = match verdict {
                Ok(person) if outside(&person) => Err(vec![Reason { field: Field::LivingArea, code: "area_outside_scope" }]),
                verdict => verdict,
            };
            let person = match verdict {
                Ok(person) => person,
                Err(reasons) => {
                    let reasons: Vec<(&str, &str)> = reasons.iter().map(|reason| (reason.field.as_str(), reason.code)).collect();
                    out.kept.push(kept_row(&self.keys, self.import, line, "bad", &cells, &reasons, None));
                    continue;
                }
            };
            let blind = document_blind(&self.keys, &person);
            let digest = digest(&cells, &person);
            match self.seen.get(&u128::from_be_bytes(blind)) {
                Some(same) if *same == digest => out.unchanged += 1,
                Some(_) => out.kept.push(self.park(line, &cells, blind, "double_in_file")),
                None => {
                    self.seen.insert(u128::from_be_bytes(blind), digest);
                    out.candidates.push(Candidate { line, cells, person, blind });
                }
            }
        }
        out
    }

    /// How many person numbers each village needs.
    pub(super) fn numbers_wanted(&self, judged: &Judged) -> Vec<(AreaCode, i64)> {
        let mut wanted: BTreeMap<AreaCode, i64> = BTreeMap::new();
        for candidate in &judged.candidates {
            *wanted.entry(candidate.person.living_area).or_default() += 1;
        }
        wanted.into_iter().collect()
    }

    /// Numbers the candidates, village by village in the order of the file, and seals their cells.
    pub(super) fn seal(&self, judged: Judged, firsts: Vec<(AreaCode, i64)>) -> Ready {
        let mut next: HashMap<AreaCode, i64> = firsts.into_iter().collect();
        let Judged { rows, unchanged, candidates, kept } = judged;
        let mut cards = Vec::new();
        let mut numbers = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let no = next.get_mut(&candidate.person.living_area).map_or(0, |next| std::mem::replace(next, *next + 1));
            if self.cards {
                cards.push((CardCode::from_random(self.keys.random()).as_str().to_owned(), PersonNo(no)));
            }
            numbers.push(no);
        }
        // Sealing is most of the work and needs nothing shared: two threads halve it.
        let half = candidates.len() / 2;
        let keys = &self.keys;
        let one = |range: std::ops::Range<usize>| -> (Vec<Registered>, Vec<Ties>) {
            let sealed = |i: usize| registered(keys, &candidates[i].person, candidates[i].blind, (numbers[i], None, None));
            range.map(|i| (sealed(i), Ties::of(keys, &candidates[i].person))).unzip()
        };
        let (persons, ties) = std::thread::scope(|scope| {
            let second = scope.spawn(|| one(half..candidates.len()));
            let (mut persons, mut ties) = one(0..half);
            match second.join() {
                Ok((rest, their_ties)) => {
                    persons.extend(rest);
                    ties.extend(their_ties);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
            (persons, ties)
        });
        cards.sort_unstable();
        Ready { rows, unchanged, persons, origins: candidates, ties, cards, kept }
    }
}

/// A person ready to be kept under `no`: cells sealed, indexes made.
pub(in crate::people) fn registered(
    keys: &Keys,
    person: &Newcomer,
    blind: BlindIndex,
    (no, household, guardian): (i64, Option<i64>, Option<i64>),
) -> Registered {
    let row = no.to_string();
    let told = person.document.birth().is_some();
    let number = match person.document.kind() {
        DocumentKind::NoneYet => person.guardian.as_ref().map_or("", |guardian| guardian.number()),
        _ => person.document.number(),
    };
    Registered {
        no: PersonNo(no),
        name: person.name.as_str().to_owned(),
        name_key: person.name.key().into_bytes(),
        initials: initials::of(person.name.as_str()),
        sex: person.sex.map(|sex| sex.as_str()),
        birth_year: person.born.map(|born| i32::from(born.year())),
        birth_date: person.born.filter(|_| !told).map(|born| keys.seal_cell("person", "birth_date", &row, &born.to_string())),
        living_area: person.living_area,
        grid: person.grid,
        residence_area: person.residence_area,
        household,
        address: person.address.as_ref().map(|address| keys.seal_cell("person", "address", &row, address)),
        phone: person.phone.as_ref().map(|phone| keys.seal_cell("person", "phone", &row, phone.as_str())),
        phone_blind: person.phone.as_ref().map(|phone| keys.blind("phone", phone.as_str())),
        workplace: person.workplace.clone(),
        groups: person.groups.0,
        guardian,
        document: Some((person.document.kind().as_str(), blind, keys.seal_cell("document", "number", &row, number))),
    }
}
