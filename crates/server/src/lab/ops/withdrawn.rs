//! Tubes that no laboratory will test: withdrawn on the way, or not in the box that should hold them.

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        code::TubeCode,
        id::{Id, Lab, Site},
    },
    lab::tube::{self, Event},
};
use allclear_store::{Tx, lab::receptions::MissingRow};
use allclear_wire::lab as wire;

use super::{Act, left_facts, moved_fact, refused};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::TEXT_CHARS_MAX,
        problem::{Code, Problem, Result},
    },
};

/// Where a tube may stand to be withdrawn: a laboratory rejects what it has.
const BEFORE_LAB: [&str; 4] = ["open", "sealed", "boxed", "in_transit"];
/// Missing tubes of one answer.
const LIST_MAX: i64 = 500;

/// Withdraws a tube: its swabs stop counting in the same commit; tasks and notices of its members follow.
pub async fn void_tube(app: &App, caller: &Caller, code: &str, request: wire::VoidTube) -> Result<()> {
    let code = TubeCode::parse(code).map_err(|_| Code::CodeMalformed.problem())?.as_str().to_owned();
    let reason = request.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::ReasonRequired.field("/reason"));
    }
    let (act, plan, caller) = (Act::new(app, caller), app.plan(), caller.clone());
    app.store
        .run("void_tube", move |tx| {
            tx.hold_merges()?;
            let tube = tx.tubes_for_update(&[&code])?.remove(&code).ok_or_else(|| Code::NotFound.problem())?;
            let area = plan.sites.get(&tube.site).map(|site| site.area).ok_or_else(|| Code::NotFound.problem())?;
            caller.require_in(Action::ResolveExceptions, area)?;
            let facts = withdraw(tx, &act, &code, tube.stage, &reason)?;
            Ok::<_, Problem>(act.change(tx, "void_tube", &code, &facts)?)
        })
        .await
}

fn withdraw(tx: &Tx<'_>, act: &Act, code: &str, from: tube::Stage, reason: &str) -> Result<Vec<Fact>> {
    let next = tube::step(from, Event::Withdraw).map_err(|refusal| refused(&refusal))?;
    let members = tx.members_of(&[code], &["valid"])?;
    tx.reject_collections(code)?;
    let moved = tx.move_tubes(&[code], &BEFORE_LAB, next, act.now)?;
    tx.empty_tube(code)?;
    tx.found_tubes(&[code])?;
    let detail = serde_json::json!({ "reason": reason }).to_string();
    tx.insert_custody(&[act.custody(code, "withdrawn", None, Some(detail))])?;
    let mut facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, from, next, act.now)).collect();
    facts.extend(left_facts(tx, members)?);
    Ok(facts)
}

/// Tubes that were looked for at a reception in vain, where the caller may see the laboratory or the site.
pub async fn missing_tubes(app: &App, caller: &Caller) -> Result<Vec<wire::MissingTube>> {
    let plan = app.plan();
    let sites: Vec<Id<Site>> =
        plan.sites.values().filter(|site| caller.may_in(Action::ReadClocks, site.area)).map(|site| site.id).collect();
    let who = caller.clone();
    let (rows, labs) = app
        .store
        .read("list_missing_tubes", move |tx| {
            let labs = tx.labs()?;
            let seen: Vec<Id<Lab>> = labs.iter().filter(|lab| who.may_in(Action::ReadClocks, lab.area)).map(|lab| lab.id).collect();
            Ok::<_, allclear_store::StoreError>((tx.missing_tubes(&seen, &sites, LIST_MAX)?, labs))
        })
        .await?;
    let line = |row: &MissingRow| wire::MissingTube {
        tube: row.tube.clone(),
        box_code: row.box_code.clone(),
        lab_name: labs.iter().find(|lab| lab.id == row.lab).map(|lab| lab.name.clone()).unwrap_or_default(),
        site_name: plan.sites.get(&row.site).map(|site| site.name.clone()).unwrap_or_default(),
        persons: row.persons,
        noted_at: rfc3339(row.noted_at),
        signed_by: row.signed_by.clone(),
    };
    Ok(rows.iter().map(line).collect())
}
