//! What the register says already about the people of a batch.

use std::collections::{HashMap, HashSet};

use allclear_seal::{BlindIndex, Keys};
use allclear_store::{
    Result, Tx,
    register::{PersonRow, Registered},
};

use super::prepare::{Ready, Ties};
use crate::people::{import::row::Newcomer, view};

/// What a row is to the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nobody has this document.
    New,
    /// Known, and the row says nothing that the register does not say.
    Same,
    /// The document belongs to another name.
    OtherName,
    /// Known, with other details.
    OtherDetails,
}

/// The people and households that a batch meets.
pub(in crate::people) struct Known {
    /// By document: the record that answers for it, which for a merged one is the one it went into.
    owners: HashMap<BlindIndex, i64>,
    records: HashMap<i64, PersonRow>,
    /// By label: the household.
    pub(super) homes: HashMap<BlindIndex, i64>,
    /// Households of the register that this batch names for the first time.
    adopted: Vec<(BlindIndex, i64)>,
}

impl Known {
    /// Looks everything up that a batch may meet.
    pub(super) fn load(tx: &Tx<'_>, ready: &Ready) -> Result<Self> {
        let documents: Vec<Option<BlindIndex>> = ready.persons.iter().map(|p| p.document.as_ref().map(|document| document.1)).collect();
        Self::of(tx, &documents, &ready.ties)
    }

    /// Looks up documents and ties: one entry each a person.
    pub(in crate::people) fn of(tx: &Tx<'_>, documents: &[Option<BlindIndex>], ties: &[Ties]) -> Result<Self> {
        let mut blinds: Vec<BlindIndex> = documents.iter().flatten().copied().chain(ties.iter().filter_map(|ties| ties.guardian)).collect();
        blinds.sort_unstable();
        blinds.dedup();
        let mut owners = tx.owners_of_documents(&blinds)?;
        let mut records = by_number(tx, owners.values().copied())?;
        let merged: Vec<i64> = records.values().filter(|record| record.merged_into.is_some()).map(|record| record.no.0).collect();
        if !merged.is_empty() {
            let merged = tx.survivors(&merged)?;
            records.extend(by_number(tx, merged.values().copied())?);
            for owner in owners.values_mut() {
                *owner = merged.get(owner).copied().unwrap_or(*owner);
            }
        }
        let labels: HashSet<BlindIndex> = ties.iter().filter_map(|ties| ties.household).collect();
        let labels: Vec<BlindIndex> = labels.into_iter().collect();
        let homes = if labels.is_empty() { HashMap::new() } else { tx.households_of_labels(&labels)? };
        let mut known = Self { owners, records, homes, adopted: Vec::new() };
        known.adopt(tx, documents, ties)?;
        Ok(known)
    }

    /// A household that was made by hand or by a file without household numbers gets the label of
    /// the first file that names it: the label of the first member who is known.
    fn adopt(&mut self, tx: &Tx<'_>, documents: &[Option<BlindIndex>], ties: &[Ties]) -> Result<()> {
        let mut wanted: Vec<(BlindIndex, i64)> = Vec::new();
        for (document, ties) in documents.iter().zip(ties) {
            let (Some(document), Some(label)) = (document, ties.household) else { continue };
            let Some(record) = self.owners.get(document).and_then(|no| self.records.get(no)) else { continue };
            if let Some(home) = record.household.filter(|_| !self.homes.contains_key(&label)) {
                wanted.push((label, home));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut free: HashSet<i64> =
            tx.unlabelled_households(&wanted.iter().map(|(_, home)| *home).collect::<Vec<_>>())?.into_iter().collect();
        for (label, home) in wanted {
            if !self.homes.contains_key(&label) && free.remove(&home) {
                self.homes.insert(label, home);
                self.adopted.push((label, home));
            }
        }
        Ok(())
    }

    /// Writes the labels of households that were named for the first time.
    pub(in crate::people) fn label_adopted(&self, tx: &Tx<'_>) -> Result<()> {
        for (label, home) in &self.adopted {
            tx.label_household(*home, label)?;
        }
        Ok(())
    }

    /// Who has this document.
    pub(in crate::people) fn owner(&self, document: &BlindIndex) -> Option<i64> {
        self.owners.get(document).copied()
    }

    /// The household with this label.
    pub(in crate::people) fn home(&self, label: &BlindIndex) -> Option<i64> {
        self.homes.get(label).copied()
    }

    pub(super) fn verdict(&self, keys: &Keys, person: &Registered, row: &Newcomer, ties: Ties) -> Result<Verdict> {
        let Some(owner) = person.document.as_ref().and_then(|document| self.owners.get(&document.1)) else { return Ok(Verdict::New) };
        let Some(record) = self.records.get(owner) else { return Ok(Verdict::OtherDetails) };
        if record.name != person.name {
            return Ok(Verdict::OtherName);
        }
        Ok(if self.says_the_same(keys, record, row, ties)? { Verdict::Same } else { Verdict::OtherDetails })
    }

    /// Whether a row says nothing that the register does not say: every given field equals.
    fn says_the_same(&self, keys: &Keys, record: &PersonRow, row: &Newcomer, ties: Ties) -> Result<bool> {
        let phone = match &row.phone {
            Some(phone) => record.phone_blind.as_deref() == Some(keys.blind("phone", phone.as_str()).as_slice()),
            None => true,
        };
        // A document that tells the birth date is the same document here.
        let born = match row.born.filter(|_| row.document.birth().is_none()) {
            Some(born) => view::cell(keys, record.no, "birth_date", record.birth_date.as_ref())? == Some(born.to_string()),
            None => true,
        };
        let household = ties.household.is_none_or(|label| self.home(&label).is_some_and(|home| record.household == Some(home)));
        let guardian = ties.guardian.is_none_or(|blind| record.guardian == self.owner(&blind));
        let plain = record.name == row.name.as_str()
            && record.living_area == row.living_area
            && (row.sex.is_none() || record.sex.as_deref() == row.sex.map(|sex| sex.as_str()))
            && (row.workplace.is_none() || record.workplace == row.workplace)
            && (row.grid.is_none() || record.grid == row.grid)
            && (row.residence_area.is_none() || record.residence_area == row.residence_area)
            && (row.groups.0 & record.groups) == row.groups.0;
        let address = row.address.is_none() || view::cell(keys, record.no, "address", record.address.as_ref())? == row.address;
        Ok(plain && phone && born && household && guardian && address)
    }
}

fn by_number(tx: &Tx<'_>, numbers: impl Iterator<Item = i64>) -> Result<HashMap<i64, PersonRow>> {
    let mut numbers: Vec<i64> = numbers.collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(tx.persons(&numbers)?.into_iter().map(|record| (record.no.0, record)).collect())
}
