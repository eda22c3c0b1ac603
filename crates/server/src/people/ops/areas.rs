//! The area tree, taken in from the official list.

use std::sync::Arc;

use allclear_domain::kernel::{access::Action, area::AreaCode};
use allclear_wire::people::AreasTaken;

use super::files::bad_file;
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    people::import::areas::{self, AREAS_MAX, BadList},
    plan::room,
};

fn bad_list(bad: BadList) -> Problem {
    match bad {
        BadList::File(bad) => bad_file(bad),
        bad => Code::AreaListInvalid.problem().detail(bad.to_string()),
    }
}

/// Takes a list in: new areas are added, known ones get its name and population, none goes.
pub async fn take(app: &App, caller: &Arc<Caller>, bytes: Vec<u8>) -> Result<AreasTaken> {
    let read = tokio::task::spawn_blocking(move || areas::read(bytes)).await;
    let mut places = read.map_err(|_| Code::FileDamaged.problem())?.map_err(bad_list)?;
    if places.iter().any(|place| place.code == AreaCode::COUNTRY) {
        return Err(Code::AreaListInvalid.problem().detail("100000 is the whole country and stands in no list"));
    }
    places.sort_by_key(|place| place.code);
    let plan = app.plan();
    let known = |code: AreaCode| plan.area(code).is_some() || places.binary_search_by_key(&code, |place| place.code).is_ok();
    if let Some(orphan) = places.iter().find(|place| place.code.parent().is_some_and(|parent| !known(parent))) {
        return Err(Code::AreaListInvalid.problem().detail(format!("{}: parent_missing", orphan.code)));
    }
    // The tree is one for everybody: it changes only by those who hold all of it, and what they add.
    let holds = |code| caller.may_in(Action::ManageAccounts, code);
    if !caller.holds_all(Action::ManageAccounts, &plan) || !places.iter().all(|place| holds(place.code)) {
        return Err(Code::Forbidden.problem());
    }
    let added = places.iter().filter(|place| plan.area(place.code).is_none()).count();
    room(plan.areas.len(), added, AREAS_MAX)?;
    let taken = AreasTaken { added: added as i64, changed: (places.len() - added) as i64 };
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("import_areas", move |tx| -> Result<()> {
            let rows: Vec<_> = places.iter().map(|place| (place.code, place.name.as_str(), place.population as i64)).collect();
            tx.upsert_areas(&rows)?;
            let device = caller.device.map(|(device, _)| device);
            Ok(tx.log_access(id, now, caller.account, device, "import_areas", &format!("{} areas", rows.len()), "")?)
        })
        .await?;
    app.reload_plan().await?;
    Ok(taken)
}
