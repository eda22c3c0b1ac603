//! What a resident is shown: where each of their swabs is.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::tube::Stage,
};

use crate::{Result, StoreError, Tx, Val};

/// A swab of a person.
#[derive(Debug, Clone)]
pub struct SwabRow {
    /// Whose.
    pub person: PersonNo,
    /// Round.
    pub round: Id<Round>,
    /// Tube.
    pub tube: String,
    /// Site.
    pub site: Id<Site>,
    /// When it was taken.
    pub taken_at: Instant,
    /// Whether it counts; otherwise its tube could not be tested.
    pub valid: bool,
}

impl Tx<'_> {
    /// The newest swabs of some persons that count, and those whose tube could not be tested.
    pub fn swabs_of(&self, persons: &[i64], limit: i64) -> Result<Vec<SwabRow>> {
        let keys: Vec<[u8; 8]> = persons.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        self.query(
            "SELECT c.person, c.round, c.tube, c.site, c.taken_at, c.state FROM person_collection c
             WHERE c.bucket = ANY($1) AND c.person IN I64S($2) AND (c.state = 'valid' OR EXISTS
                 (SELECT 1 FROM person_report r WHERE r.bucket = c.bucket AND r.person = c.person AND r.round = c.round
                  AND r.tube = c.tube AND r.value = 'resample'))
             ORDER BY c.taken_at DESC LIMIT $3",
            &[Val::I64s(&buckets), Val::I64s(persons), limit.into()],
        )?
        .iter()
        .map(|row| {
            let state: String = row.at(5)?;
            let valid = state == "valid";
            Ok(SwabRow { person: row.at(0)?, round: row.at(1)?, tube: row.at(2)?, site: row.at(3)?, taken_at: row.at(4)?, valid })
        })
        .collect()
    }

    /// Where tubes are.
    pub fn tube_stages(&self, codes: &[&str]) -> Result<HashMap<String, Stage>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query("SELECT code, stage FROM tube WHERE bucket = ANY($1) AND code IN TEXTS($2)", &[Val::I64s(&buckets), Val::Texts(codes)])?
            .iter()
            .map(|row| {
                let word: String = row.at(1)?;
                let stage = Stage::parse(&word);
                let unknown = || StoreError::Column { column: "tube.stage".into(), found: "an unknown word", expected: "a stage" };
                Ok((row.at(0)?, stage.ok_or_else(unknown)?))
            })
            .collect()
    }
}
