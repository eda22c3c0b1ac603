//! Households: who lives together, their family codes, and the labels that files know them by.

use std::collections::{BTreeSet, HashMap};

use allclear_domain::kernel::{area::AreaCode, id::PersonNo};
use uuid::Uuid;

use crate::{Bulk, Result, Tx, Ty, Val};

/// A household to be kept.
#[derive(Debug, Clone)]
pub struct NewHousehold {
    /// Number: a person number that no other household has.
    pub no: i64,
    /// Village.
    pub area: AreaCode,
    /// Family code.
    pub code: String,
    /// Blind index of village and household number, if a file named one.
    pub label: Option<[u8; 16]>,
}

static HOUSEHOLDS: Bulk = Bulk {
    table: "household",
    columns: &[("bucket", Ty::I64), ("no", Ty::I64), ("area", Ty::I64), ("code", Ty::Text), ("label", Ty::Blob)],
    on_conflict: "",
};

impl Tx<'_> {
    /// Adds households.
    pub fn insert_households(&self, households: &[NewHousehold]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = households
            .iter()
            .map(|home| {
                let label = home.label.map_or(Val::Null, Val::Uuid);
                vec![self.person_bucket(home.no).into(), home.no.into(), home.area.into(), (&home.code).into(), label]
            })
            .collect();
        self.bulk(&HOUSEHOLDS, &rows)
    }

    /// The households that files know by these labels.
    pub fn households_of_labels(&self, labels: &[[u8; 16]]) -> Result<HashMap<[u8; 16], i64>> {
        let labels: Vec<&[u8]> = labels.iter().map(<[u8; 16]>::as_slice).collect();
        self.query("SELECT label, no FROM household WHERE label = ANY_BLOB($1)", &[Val::Blobs(&labels)])?
            .iter()
            .map(|row| {
                let label: Uuid = row.at(0)?;
                Ok((label.into_bytes(), row.at(1)?))
            })
            .collect()
    }

    /// Which of these households have no label yet, or no row at all.
    pub fn unlabelled_households(&self, numbers: &[i64]) -> Result<Vec<i64>> {
        let buckets = self.household_buckets(numbers);
        let rows = self.query(
            "SELECT no FROM household WHERE bucket = ANY($1) AND no IN I64S($2) AND label IS NOT NULL",
            &[Val::I64s(&buckets), Val::I64s(numbers)],
        )?;
        let labelled: Vec<i64> = rows.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
        Ok(numbers.iter().copied().filter(|no| !labelled.contains(no)).collect())
    }

    /// Gives a household the label that a file knows it by; answers whether there is such a row.
    pub fn label_household(&self, no: i64, label: &[u8; 16]) -> Result<bool> {
        let sql = "UPDATE household SET label = $3 WHERE bucket = $1 AND no = $2 AND label IS NULL";
        Ok(self.execute(sql, &[self.person_bucket(no).into(), no.into(), label.into()])? == 1)
    }

    /// How many households there are.
    pub fn count_households(&self) -> Result<i64> {
        self.query_opt("SELECT COUNT(*) FROM household", &[])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Whether some household has this number.
    pub fn household_taken(&self, no: i64) -> Result<bool> {
        let row = self.query_opt("SELECT no FROM household WHERE bucket = $1 AND no = $2", &[self.person_bucket(no).into(), no.into()])?;
        Ok(row.is_some() || !self.household_members(no)?.is_empty())
    }

    /// Takes the households away that nobody belongs to any more.
    pub fn remove_empty_households(&self, numbers: &[i64]) -> Result<u64> {
        let lived_in = self.query("SELECT DISTINCT household FROM person WHERE household = ANY($1)", &[Val::I64s(numbers)])?;
        let lived_in: BTreeSet<i64> = lived_in.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
        let empty: Vec<i64> = numbers.iter().copied().filter(|no| !lived_in.contains(no)).collect();
        let buckets = self.household_buckets(&empty);
        self.execute("DELETE FROM household WHERE bucket = ANY($1) AND no IN I64S($2)", &[Val::I64s(&buckets), Val::I64s(&empty)])
    }

    fn household_buckets(&self, numbers: &[i64]) -> Vec<i64> {
        let keys: Vec<[u8; 8]> = numbers.iter().map(|no| no.to_be_bytes()).collect();
        self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice))
    }

    /// Names the guardian of a person whose file had not brought the guardian yet. Not a change of
    /// the record: it is the same row of the same file.
    pub fn set_guardian(&self, person: PersonNo, guardian: i64) -> Result<()> {
        let sql = "UPDATE person SET guardian = $3 WHERE bucket = $1 AND no = $2 AND guardian IS NULL";
        self.execute(sql, &[self.person_bucket(person.0).into(), person.into(), guardian.into()]).map(drop)
    }

    /// Number of the household with this family code.
    pub fn household_of_code(&self, code: &str) -> Result<Option<i64>> {
        self.query_opt("SELECT no FROM household WHERE code = $1", &[code.into()])?.map(|row| row.at(0)).transpose()
    }

    /// Numbers of the members of a household.
    pub fn household_members(&self, household: i64) -> Result<Vec<i64>> {
        self.query("SELECT no FROM person WHERE household = $1 ORDER BY no LIMIT 100", &[household.into()])?
            .iter()
            .map(|row| row.at(0))
            .collect()
    }

    /// Family codes of some households.
    pub fn household_codes(&self, households: &[i64]) -> Result<HashMap<i64, String>> {
        let keys: Vec<[u8; 8]> = households.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        self.query(
            "SELECT no, code FROM household WHERE bucket = ANY($1) AND no IN I64S($2)",
            &[Val::I64s(&buckets), Val::I64s(households)],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }
}
