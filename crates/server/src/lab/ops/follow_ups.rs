//! Follow-ups of non-negative pools: seen by laboratories and headquarters, worked on by name.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        change::Fact,
        code::TubeCode,
        id::{Id, Lab, PersonNo},
        time::Instant,
    },
    lab::follow_up::{Event, Outcome},
    people::mask,
};
use allclear_store::{
    StoreError, Tx,
    lab::{LabRow, follow_ups::FollowUpMemberRow, follow_ups::FollowUpRow},
};
use allclear_wire::lab as wire;

use super::{Act, refused};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::view,
};

const LIST_MAX: i64 = 300;

fn visible<'l>(labs: &'l [LabRow], caller: &Caller, lab: Id<Lab>) -> Option<&'l LabRow> {
    labs.iter().find(|row| row.id == lab).filter(|row| caller.may_in(Action::ReadLab, row.area))
}

/// Follow-ups, open ones first.
pub async fn follow_ups(app: &App, caller: &Caller, open_only: bool) -> Result<Vec<wire::FollowUp>> {
    let who = caller.clone();
    let (rows, labs) = app
        .store
        .read("list_follow_ups", move |tx| {
            let mut labs = tx.labs()?;
            labs.retain(|lab| who.may_in(Action::ReadLab, lab.area));
            let ids: Vec<Id<Lab>> = labs.iter().map(|lab| lab.id).collect();
            Ok::<_, StoreError>((tx.follow_ups(&ids, open_only, LIST_MAX)?, labs))
        })
        .await?;
    Ok(rows.iter().filter_map(|row| visible(&labs, caller, row.lab).map(|lab| view::follow_up(row, lab, Vec::new()))).collect())
}

/// One follow-up with its members, masked.
pub async fn follow_up(app: &App, caller: &Caller, tube: &str) -> Result<wire::FollowUp> {
    let code = TubeCode::parse(tube).map_err(|_| Code::CodeMalformed.problem())?.as_str().to_owned();
    let (row, members, names, labs) = app
        .store
        .read("read_follow_up", move |tx| {
            let row = tx.follow_up_by_tube(&code)?.ok_or_else(|| Code::NotFound.problem())?;
            let members = tx.follow_up_members(&code)?;
            let numbers: Vec<i64> = members.iter().map(|m| m.person.0).collect();
            let names: HashMap<i64, String> = tx.persons(&numbers)?.into_iter().map(|p| (p.no.0, mask::name(&p.name))).collect();
            Ok::<_, Problem>((row, members, names, tx.labs()?))
        })
        .await?;
    let lab = visible(&labs, caller, row.lab).ok_or_else(|| Code::Forbidden.problem())?;
    let plan = app.plan();
    let area_name = |code: AreaCode| plan.area(code).map(|area| area.name.clone()).unwrap_or_default();
    let members = members.iter().map(|m| view::member(m, names.get(&m.person.0), area_name(m.area))).collect();
    Ok(view::follow_up(&row, lab, members))
}

/// Applies an event to one member and counts the pool again; answers what changed for the feed.
pub(in crate::lab) fn settle(
    tx: &Tx<'_>,
    pool: &FollowUpRow,
    member: &FollowUpMemberRow,
    event: Event,
    tube: Option<&str>,
    act: (Instant, Option<Id<allclear_domain::kernel::id::Account>>, Option<&str>),
) -> Result<Vec<Fact>> {
    let (now, by, note) = act;
    let before = Outcome::parse(&member.outcome).unwrap_or(Outcome::UnderRecheck);
    let next = before.step(event).map_err(|refusal| refused(&refusal))?;
    let settled = FollowUpMemberRow {
        outcome: next.as_str().into(),
        single_tube: tube.map(str::to_owned).or_else(|| member.single_tube.clone()),
        settled_at: next.is_settled().then_some(now),
        note: note.map(str::to_owned).or_else(|| member.note.clone()),
        ..member.clone()
    };
    tx.settle_member(&settled, by)?;
    let (open, _) = tx.recount_follow_up(&pool.tube, now)?;
    let delta = match (pool.closed_at.is_some(), open == 0) {
        (false, true) => -1,
        (true, false) => 1,
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Fact::FollowUp { tube: pool.tube.clone(), round: pool.round, site: Some(pool.site), delta }])
}

/// Somebody could not reach a member, or found one after all.
pub async fn put_member_outcome(app: &App, caller: &Caller, tube: &str, person: i64, request: wire::MemberOutcome) -> Result<()> {
    let code = TubeCode::parse(tube).map_err(|_| Code::CodeMalformed.problem())?.as_str().to_owned();
    let event = match request.outcome.as_str() {
        "unreachable" => Event::Unreachable,
        "found" => Event::Found,
        "handed_over" => Event::HandedOver,
        _ => return Err(Code::BodyInvalid.field("/outcome")),
    };
    let note = request.note.trim().chars().take(500).collect::<String>();
    if note.is_empty() {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let act = Act::new(app, caller);
    let caller = caller.clone();
    app.store
        .run("put_member_outcome", move |tx| {
            let pool = tx.follow_up_for_update(&code)?.ok_or_else(|| Code::NotFound.problem())?;
            let members = tx.follow_up_members(&code)?;
            let member = members.iter().find(|m| m.person == PersonNo(person)).ok_or_else(|| Code::NotFound.problem())?;
            caller.require_in(Action::WorkMissingList, member.area)?;
            let facts = settle(tx, &pool, member, event, None, (act.now, Some(act.account), Some(&note)))?;
            match event {
                Event::Unreachable => drop(tx.close_tasks(member.person, "recheck", "unreachable", act.now)?),
                Event::HandedOver => drop(tx.close_tasks(member.person, "case", "handed_over", act.now)?),
                Event::Found => drop(tx.reopen_task(member.person, "recheck", &code)?),
                Event::Single(_) => {}
            }
            act.change(tx, "put_member_outcome", &code, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}
