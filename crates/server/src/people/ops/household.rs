//! Who lives with whom: founded, joined, left, and the family code.

use std::sync::Arc;

use allclear_domain::kernel::{access::Action, id::PersonNo};
use allclear_store::{Tx, register::PersonRow};
use allclear_wire::people::HouseholdRequest;

use super::{
    change::{Before, Step, write},
    reason, record,
};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Result},
    },
    people::homes,
};

fn belongs(tx: &Tx<'_>, mut person: PersonRow, household: Option<i64>, step: &Step<'_>) -> Result<()> {
    let before = Before::of(tx.keys(), &person)?;
    person.household = household;
    Ok(write(tx, &person, &before, step)?)
}

/// The household of a person; founded, with that step in the person's history, if there is none.
pub fn of_or_found(tx: &Tx<'_>, caller: &Caller, no: PersonNo, step: Step<'_>) -> Result<i64> {
    let person = record(tx, caller, Action::ManagePersons, no)?;
    if let Some(household) = person.household {
        return Ok(household);
    }
    let household = homes::found(tx, &person, None)?;
    belongs(tx, person, Some(household), &step)?;
    Ok(household)
}

/// Moves a person into the household of another, or out of every household. Where the person lives
/// stays as it is: that is a correction of its own.
pub async fn move_person(app: &App, caller: &Arc<Caller>, no: PersonNo, request: HouseholdRequest) -> Result<()> {
    reason(&request.reason)?;
    if request.with == Some(no.0) {
        return Err(Code::BodyInvalid.field("/with"));
    }
    let (now, caller) = (app.now(), Arc::clone(caller));
    let (id, founding) = (app.ids.at(now), app.ids.at(now));
    app.store
        .run("move_household", move |tx| -> Result<()> {
            let person = record(tx, &caller, Action::ManagePersons, no)?;
            let step = |id, op, other| Step { id, now, op, author: &caller.name, other };
            let household = match request.with {
                Some(other) => Some(of_or_found(tx, &caller, PersonNo(other), step(founding, "found_household", None))?),
                None => None,
            };
            let left = person.household;
            if left == household {
                return Ok(());
            }
            let op = if household.is_some() { "join_household" } else { "leave_household" };
            belongs(tx, person, household, &step(id, op, request.with))?;
            // A code that opens an empty home would be found on a door and believed.
            tx.remove_empty_households(left.as_slice())?;
            Ok(())
        })
        .await
}

/// The family code of a person's household; made if there is none. A person alone founds one.
pub async fn code(app: &App, caller: &Arc<Caller>, no: PersonNo) -> Result<String> {
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("family_code", move |tx| -> Result<String> {
            let area = record(tx, &caller, Action::ManagePersons, no)?.living_area;
            let step = Step { id, now, op: "family_code", author: &caller.name, other: None };
            let household = of_or_found(tx, &caller, no, step)?;
            Ok(homes::code(tx, household, area)?)
        })
        .await
}
