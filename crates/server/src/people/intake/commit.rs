//! One commit of the bulk path: who is known already, the others go in, counts move with the rows.

use std::collections::HashMap;

use allclear_domain::kernel::{
    id::{Id, Import},
    time::Instant,
};
use allclear_seal::{BlindIndex, Keys};
use allclear_store::{
    Result, Tx,
    imports::ImportCounts,
    register::{PersonRow, Registered},
};

use super::prepare::{Ready, kept_row};
use crate::people::import::{columns::Field, row::Newcomer};

fn opened(keys: &Keys, column: &'static str, no: i64, cell: Option<&Vec<u8>>) -> Result<Option<String>> {
    Ok(cell.map(|cell| keys.open_cell("person", column, &no.to_string(), cell)).transpose()?)
}

/// Whether a row says nothing that the register does not say: every given field equals.
fn says_the_same(keys: &Keys, known: &PersonRow, row: &Newcomer) -> Result<bool> {
    let no = known.no.0;
    let phone = match &row.phone {
        Some(phone) => known.phone_blind.as_deref() == Some(keys.blind("phone", phone.as_str()).as_slice()),
        None => true,
    };
    let plain = known.name == row.name.as_str()
        && known.living_area == row.living_area
        && (row.sex.is_none() || known.sex.as_deref() == row.sex.map(|sex| sex.as_str()))
        && (row.workplace.is_none() || known.workplace == row.workplace)
        && (row.grid.is_none() || known.grid == row.grid)
        && (row.groups.0 & known.groups) == row.groups.0;
    Ok(plain && phone && (row.address.is_none() || opened(keys, "address", no, known.address.as_ref())? == row.address))
}

/// Commits one batch and answers what became of its rows.
pub(super) fn batch(tx: &Tx<'_>, ready: &Ready, import: Option<Id<Import>>, now: Instant) -> Result<ImportCounts> {
    let mut blinds: Vec<BlindIndex> = ready.persons.iter().filter_map(|p| p.document.as_ref().map(|document| document.1)).collect();
    blinds.sort_unstable();
    let owners = tx.owners_of_documents(&blinds)?;
    let mut counts = ImportCounts { rows_done: ready.rows, unchanged: ready.unchanged, ..ImportCounts::default() };
    let mut kept = ready.kept.clone();
    let source = import.map(Id::uuid);
    if owners.is_empty() && ready.guardians.is_empty() {
        counts.added = tx.register_persons(&ready.persons, source, now)? as i64;
    } else {
        let mut fresh = with_guardians(tx, ready)?;
        let known = known_persons(tx, &owners)?;
        let mut keep = vec![true; fresh.len()];
        for (index, person) in fresh.iter().enumerate() {
            let Some(owner) = person.document.as_ref().and_then(|document| owners.get(&document.1)) else { continue };
            keep[index] = false;
            let origin = &ready.origins[index];
            match known.get(owner) {
                Some(record) if says_the_same(tx.keys(), record, &origin.person)? => counts.unchanged += 1,
                record => {
                    let other_name = record.is_some_and(|record| record.name != person.name);
                    let code = if other_name { "known_with_other_name" } else { "known_with_other_details" };
                    let reasons = [(Field::DocumentNumber.as_str(), code)];
                    let blind = person.document.as_ref().map(|document| document.1);
                    kept.push(kept_row(tx.keys(), import, origin.line, "parked", &origin.cells, &reasons, blind));
                }
            }
        }
        let mut keep = keep.into_iter();
        fresh.retain(|_| keep.next().unwrap_or(true));
        counts.added = tx.register_persons(&fresh, source, now)? as i64;
    }
    let households: Vec<_> = ready.households.iter().map(|(no, area, code)| (*no, *area, code.as_str())).collect();
    tx.insert_households(&households)?;
    let cards: Vec<_> = ready.cards.iter().map(|(code, person)| (code.as_str(), *person)).collect();
    tx.insert_cards(&cards, now)?;
    counts.bad = kept.iter().filter(|row| row.kind == "bad").count() as i64;
    counts.parked = kept.len() as i64 - counts.bad;
    if let Some(id) = import {
        tx.keep_import_rows(id, &kept)?;
        tx.count_import(id, counts)?;
    }
    Ok(counts)
}

fn known_persons(tx: &Tx<'_>, owners: &HashMap<BlindIndex, i64>) -> Result<HashMap<i64, PersonRow>> {
    let numbers: Vec<i64> = owners.values().copied().collect();
    Ok(tx.persons(&numbers)?.into_iter().map(|record| (record.no.0, record)).collect())
}

/// The persons with the guardians filled in that only the register knows.
fn with_guardians(tx: &Tx<'_>, ready: &Ready) -> Result<Vec<Registered>> {
    let mut persons = ready.persons.clone();
    let blinds: Vec<BlindIndex> = ready.guardians.iter().map(|(_, blind)| *blind).collect();
    if !blinds.is_empty() {
        let owners = tx.owners_of_documents(&blinds)?;
        for (index, blind) in &ready.guardians {
            persons[*index].guardian = owners.get(blind).copied();
        }
    }
    Ok(persons)
}
