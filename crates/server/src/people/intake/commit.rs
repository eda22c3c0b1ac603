//! One commit of the bulk path: who is known already, the others go in with their households and
//! guardians, counts move with the rows.

use std::collections::HashMap;

use allclear_domain::kernel::{
    id::{Id, Import, PersonNo},
    time::Instant,
};
use allclear_seal::BlindIndex;
use allclear_store::{Result, Tx, imports::ImportCounts, register::Registered};

use super::{
    known::{Known, Verdict},
    prepare::{Ready, kept_row},
};
use crate::people::{homes, import::columns::Field};

/// A person whose guardian was not there yet, and the guardian's document.
pub(super) type Ward = (PersonNo, BlindIndex);

/// Commits one batch; answers what became of its rows, and who still lacks a guardian.
pub(super) fn batch(tx: &Tx<'_>, ready: &Ready, import: Option<Id<Import>>, now: Instant) -> Result<(ImportCounts, Vec<Ward>)> {
    let known = Known::load(tx, ready)?;
    let mut counts = ImportCounts { rows_done: ready.rows, unchanged: ready.unchanged, ..ImportCounts::default() };
    let mut kept = ready.kept.clone();
    let mut fresh = vec![true; ready.persons.len()];
    for (index, person) in ready.persons.iter().enumerate() {
        let code = match known.verdict(tx.keys(), person, &ready.origins[index].person, ready.ties[index])? {
            Verdict::New => continue,
            Verdict::Same => {
                counts.unchanged += 1;
                fresh[index] = false;
                continue;
            }
            Verdict::OtherName => "known_with_other_name",
            Verdict::OtherDetails => "known_with_other_details",
        };
        fresh[index] = false;
        let origin = &ready.origins[index];
        let blind = person.document.as_ref().map(|document| document.1);
        kept.push(kept_row(tx.keys(), import, origin.line, "parked", &origin.cells, &[(Field::DocumentNumber.as_str(), code)], blind));
    }
    let (persons, wards) = belonging(tx, ready, &known, &fresh)?;
    counts.added = tx.register_persons(&persons, import.map(Id::uuid), now)? as i64;
    let cards: Vec<_> = ready.cards.iter().map(|(code, person)| (code.as_str(), *person)).collect();
    tx.insert_cards(&cards, now)?;
    counts.bad = kept.iter().filter(|row| row.kind == "bad").count() as i64;
    counts.parked = kept.len() as i64 - counts.bad;
    if let Some(id) = import {
        tx.keep_import_rows(id, &kept)?;
        tx.count_import(id, counts)?;
    }
    Ok((counts, wards))
}

/// The new persons with household and guardian. Owners of the register come first: a row whose
/// person is known gave its number to nobody. Households are made only for somebody who goes in.
fn belonging(tx: &Tx<'_>, ready: &Ready, known: &Known, fresh: &[bool]) -> Result<(Vec<Registered>, Vec<Ward>)> {
    let here: HashMap<BlindIndex, i64> = new_ones(fresh)
        .filter_map(|index| ready.persons[index].document.as_ref().map(|document| (document.1, ready.persons[index].no.0)))
        .collect();
    let mut homes = known.homes.clone();
    let (mut made, mut wards) = (Vec::new(), Vec::new());
    let mut persons = Vec::with_capacity(fresh.len());
    for index in new_ones(fresh) {
        let mut person = ready.persons[index].clone();
        let ties = ready.ties[index];
        if let Some(label) = ties.household {
            let home = *homes.entry(label).or_insert_with(|| {
                made.push(homes::fresh(tx.keys(), person.no.0, person.living_area, Some(label)));
                person.no.0
            });
            person.household = Some(home);
        }
        if let Some(guardian) = ties.guardian {
            person.guardian = known.owner(&guardian).or_else(|| here.get(&guardian).copied());
            if person.guardian.is_none() {
                wards.push((person.no, guardian));
            }
        }
        persons.push(person);
    }
    tx.insert_households(&made)?;
    known.label_adopted(tx)?;
    Ok((persons, wards))
}

fn new_ones(fresh: &[bool]) -> impl Iterator<Item = usize> + '_ {
    fresh.iter().enumerate().filter(|(_, fresh)| **fresh).map(|(index, _)| index)
}

/// Names the guardians that came later in the file than their wards.
pub(super) fn name_guardians(tx: &Tx<'_>, wards: &[Ward]) -> Result<()> {
    let blinds: Vec<BlindIndex> = wards.iter().map(|(_, blind)| *blind).collect();
    if blinds.is_empty() {
        return Ok(());
    }
    let owners = tx.owners_of_documents(&blinds)?;
    for (ward, blind) in wards {
        if let Some(guardian) = owners.get(blind) {
            tx.set_guardian(*ward, *guardian)?;
        }
    }
    Ok(())
}
