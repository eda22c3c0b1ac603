//! What happens to people: find, look at, correct, merge, exempt, give a card.

pub mod areas;
pub mod change;
pub mod files;
pub mod find;
pub mod household;
pub mod merge;
pub mod parked;
pub mod resident;

use allclear_domain::{
    kernel::{access::Action, id::PersonNo},
    people::date::Date,
};
use allclear_store::{Tx, register::PersonRow};

use super::import::places::Places;
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    plan::Plan,
};

/// Shortest reason that says anything.
const REASON_CHARS_MIN: usize = 2;

/// Refuses an empty reason.
pub fn reason(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() < REASON_CHARS_MIN { Err(Code::ReasonRequired.field("/reason")) } else { Ok(text.to_owned()) }
}

/// Today in China.
#[must_use]
pub fn today(app: &App) -> Date {
    Date::in_china(app.now()).unwrap_or_else(|| unreachable!("the clock stays within 1800 to 2199"))
}

/// The area tree by name.
#[must_use]
pub fn places(plan: &Plan) -> Places {
    Places::new(&plan.areas.iter().map(|area| (area.code, area.name.clone())).collect::<Vec<_>>())
}

/// The record of a person in the caller's area; another's is as if it did not exist.
pub fn record(tx: &Tx<'_>, caller: &Caller, action: Action, no: PersonNo) -> Result<PersonRow, Problem> {
    tx.persons(&[no.0])?
        .pop()
        .filter(|person| person.state != "removed" && caller.may_in(action, person.home()))
        .ok_or_else(|| Code::NotFound.problem())
}
