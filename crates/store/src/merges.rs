//! Records that went into one another. A swab keeps the record under which it was taken, for ever; whom it counts
//! for is found by following the pointers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allclear_domain::kernel::{change::Fact, id::PersonNo, time::Instant};

use crate::{
    Result, Tx, Val,
    feed::{PERSONS_FOLLOWER, decode},
    register::PersonRow,
};

impl Tx<'_> {
    /// Until the end of this transaction nobody is merged: what it tells of a person is still true when it commits. Call
    /// it before the persons are read. SQLite has one writer anyway.
    pub fn hold_merges(&self) -> Result<()> {
        if self.numbers_in_commit() {
            return Ok(());
        }
        self.query("SELECT pg_advisory_xact_lock_shared(1002, hashtext(current_schema())) IS NULL", &[]).map(drop)
    }

    /// Waits until nobody holds merges off, and holds off whoever would, until the end of this transaction.
    pub fn begin_merge(&self) -> Result<()> {
        if self.numbers_in_commit() {
            return Ok(());
        }
        self.query("SELECT pg_advisory_xact_lock(1002, hashtext(current_schema())) IS NULL", &[]).map(drop)
    }

    /// Points one record at another, or back at itself, and leaves it in `state`.
    pub fn point_person(&self, goes: &PersonRow, into: Option<PersonNo>, state: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "person",
            1,
            "UPDATE person SET merged_into = $3, state = $4, changed_at = $5, version = version + 1
             WHERE bucket = $1 AND no = $2 AND version = $6",
            &[self.person_bucket(goes.no.0).into(), goes.no.into(), into.into(), state.into(), now.into(), goes.version.into()],
        )
    }

    /// Numbers of the records that were merged into this one, directly.
    pub fn merged_into(&self, person: PersonNo) -> Result<Vec<i64>> {
        self.query("SELECT no FROM person WHERE merged_into = $1 ORDER BY no", &[person.into()])?.iter().map(|row| row.at(0)).collect()
    }

    /// A record and all that went into it, also by way of others; the record stands first.
    pub fn family(&self, person: PersonNo) -> Result<Vec<i64>> {
        let (mut family, mut looked) = (vec![person.0], 0);
        while looked < family.len() {
            let rows = self.query("SELECT no FROM person WHERE merged_into = ANY($1) ORDER BY no", &[Val::I64s(&family[looked..])])?;
            looked = family.len();
            for row in &rows {
                let no = row.at(0)?;
                if !family.contains(&no) {
                    family.push(no);
                }
            }
        }
        Ok(family)
    }

    /// For each of these persons all records of theirs: the one that stands for them now, and all that went into it.
    pub fn kin(&self, persons: &[i64]) -> Result<HashMap<i64, Vec<i64>>> {
        let now = self.survivors(persons)?;
        let of = |person: i64| now.get(&person).copied().unwrap_or(person);
        // Each record with the one at the end of its pointers.
        let mut ends: BTreeMap<i64, i64> = persons.iter().map(|person| (of(*person), of(*person))).collect();
        let mut looked: Vec<i64> = ends.keys().copied().collect();
        while !looked.is_empty() {
            let rows = self.query("SELECT no, merged_into FROM person WHERE merged_into = ANY($1)", &[Val::I64s(&looked)])?;
            looked.clear();
            for row in &rows {
                let (no, into): (i64, i64) = (row.at(0)?, row.at(1)?);
                if let (Some(end), false) = (ends.get(&into).copied(), ends.contains_key(&no)) {
                    ends.insert(no, end);
                    looked.push(no);
                }
            }
        }
        let mut records: HashMap<i64, Vec<i64>> = HashMap::new();
        for (no, end) in ends {
            records.entry(end).or_default().push(no);
        }
        Ok(persons.iter().filter_map(|person| Some((*person, records.get(&of(*person))?.clone()))).collect())
    }

    /// Of these persons those who were merged, each with the record that stands for them now.
    pub fn survivors(&self, persons: &[i64]) -> Result<HashMap<i64, i64>> {
        let (mut into, mut wanted) = (HashMap::new(), persons.to_vec());
        while !wanted.is_empty() {
            let keys: Vec<[u8; 8]> = wanted.iter().map(|no| no.to_be_bytes()).collect();
            let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
            let rows = self.query(
                "SELECT no, merged_into FROM person WHERE bucket = ANY($1) AND no IN I64S($2) AND merged_into IS NOT NULL",
                &[Val::I64s(&buckets), Val::I64s(&wanted)],
            )?;
            wanted.clear();
            for row in &rows {
                let next: i64 = row.at(1)?;
                if into.insert(row.at(0)?, next).is_none() && !into.contains_key(&next) {
                    wanted.push(next);
                }
            }
        }
        Ok(persons.iter().filter(|no| into.contains_key(*no)).map(|no| (*no, last(&into, *no))).collect())
    }

    /// The record that stands for a person now.
    pub fn survivor(&self, person: PersonNo) -> Result<PersonNo> {
        Ok(PersonNo(self.survivors(&[person.0])?.remove(&person.0).unwrap_or(person.0)))
    }

    /// Everybody who was merged, with the record that stands for them now: what a recount reads.
    pub fn all_survivors(&self) -> Result<HashMap<i64, i64>> {
        let rows = self.query("SELECT no, merged_into FROM person WHERE merged_into IS NOT NULL", &[])?;
        let into: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect::<Result<_>>()?;
        Ok(into.keys().map(|no| (*no, last(&into, *no))).collect())
    }

    /// Tubes that may hold a swab of these persons: from the person's side, and from the changes that were not
    /// written there yet.
    pub fn tubes_of_persons(&self, persons: &[i64]) -> Result<BTreeSet<String>> {
        // The changes first: what is followed meanwhile is on the person's side when that is read.
        let mut tubes = BTreeSet::new();
        let from = self.follower(PERSONS_FOLLOWER)?;
        for person in persons {
            let says = format!("%\"p\":{person},\"a\":%");
            let rows = self.query(
                "SELECT facts FROM change WHERE (seq > $1 OR seq IS NULL) AND facts LIKE $2",
                &[from.into(), says.as_str().into()],
            )?;
            for row in &rows {
                tubes.extend(decode(&row.at::<String>(0)?)?.into_iter().filter_map(|fact| match fact {
                    Fact::Collection { tube, person: who, .. } if who.0 == *person => Some(tube),
                    _ => None,
                }));
            }
        }
        tubes.extend(self.person_collections(&persons.iter().copied().collect())?.into_iter().map(|swab| swab.tube));
        Ok(tubes)
    }
}

/// The end of a chain of pointers. Two records never point at each other, since only whoever points nowhere is merged;
/// a store that says so all the same is not followed for ever.
fn last(into: &HashMap<i64, i64>, no: i64) -> i64 {
    let mut at = no;
    for _ in 0..into.len() {
        match into.get(&at) {
            Some(next) => at = *next,
            None => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_merges_ends() {
        let into = HashMap::from([(1, 2), (2, 3), (5, 6), (6, 5)]);
        assert_eq!([1, 2, 3, 4].map(|no| last(&into, no)), [3, 3, 3, 4]);
        assert!([5, 6].contains(&last(&into, 5)));
    }
}
