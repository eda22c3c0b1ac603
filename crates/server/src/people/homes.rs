//! Households of people who are in the register: founded, joined, left.

use allclear_domain::kernel::{area::AreaCode, code::HouseholdCode};
use allclear_seal::{BlindIndex, Keys};
use allclear_store::{Result, Tx, households::NewHousehold, register::PersonRow};

/// A household that is about to be made, with a family code of its own.
#[must_use]
pub fn fresh(keys: &Keys, no: i64, area: AreaCode, label: Option<BlindIndex>) -> NewHousehold {
    NewHousehold { no, area, code: HouseholdCode::from_random(keys.random()).as_str().to_owned(), label }
}

/// Founds a household for a person; answers its number. A household is numbered like its first
/// member; whoever founds a second one (having moved out of the first) gets a number of its own,
/// or the code would open the old home.
pub fn found(tx: &Tx<'_>, person: &PersonRow, label: Option<BlindIndex>) -> Result<i64> {
    let no = if tx.household_taken(person.no.0)? { tx.take_person_numbers(person.living_area, 1)? } else { person.no.0 };
    tx.insert_households(&[fresh(tx.keys(), no, person.living_area, label)])?;
    Ok(no)
}

/// The family code of a household; made if it has none.
pub fn code(tx: &Tx<'_>, household: i64, area: AreaCode) -> Result<String> {
    if let Some(code) = tx.household_codes(&[household])?.remove(&household) {
        return Ok(code);
    }
    let made = fresh(tx.keys(), household, area, None);
    tx.insert_households(std::slice::from_ref(&made))?;
    Ok(made.code)
}
