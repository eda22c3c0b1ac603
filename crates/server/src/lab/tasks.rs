//! Tasks after results: listed by living area, taken, and what came of them. Only another swab, or a signed word,
//! closes one.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{access::Action, area::AreaCode, time::Instant},
    lab::{
        follow_up::Event,
        task::{Heard, Kind},
    },
    people::mask,
};
use allclear_store::{
    StoreError, Tx,
    lab::tasks::{TaskFilter, TaskRow},
    register::PersonRow,
};
use allclear_wire::{Page, lab as wire, missing::MissingContact};
use uuid::Uuid;

use super::ops::{Act, settle};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::TEXT_CHARS_MAX,
        problem::{Code, Problem, Result},
    },
    plan::Plan,
};

/// Which tasks a request asks for.
#[derive(Debug, Clone)]
pub(super) struct Which {
    /// Area; the caller's first if absent.
    pub(super) area: Option<String>,
    /// One kind's word; empty: all.
    pub(super) kind: String,
    /// `open` (default), `late` or `closed`.
    pub(super) show: String,
    /// Only the caller's own.
    pub(super) own: bool,
    /// `next` of the page before.
    pub(super) after: Option<String>,
    /// Rows of the page.
    pub(super) limit: i64,
}

fn place(app: &App, caller: &Caller, area: Option<&str>) -> Result<AreaCode> {
    match area.filter(|code| !code.is_empty()) {
        None => caller.areas(Action::WorkMissingList).next().ok_or_else(|| Code::Forbidden.problem()),
        Some(code) => {
            let code = AreaCode::parse(code).ok().filter(|code| app.plan().area(*code).is_some());
            let code = code.ok_or_else(|| Code::AreaUnknown.field("/area"))?;
            caller.require_in(Action::WorkMissingList, code)?;
            Ok(code)
        }
    }
}

fn cursor(after: Option<&str>) -> Result<(Instant, Uuid)> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok((Instant(i64::MIN), Uuid::nil())) };
    let parsed = after.split_once('.').and_then(|(at, id)| Some((Instant(at.parse().ok()?), id.parse().ok()?)));
    parsed.ok_or_else(|| Code::BodyInvalid.field("/after"))
}

/// Tasks in an area, those due first at the top, masked.
pub(super) async fn tasks(app: &App, caller: &Caller, which: Which) -> Result<Page<wire::Task>> {
    let kinds = match which.kind.as_str() {
        "" => Kind::ALL.map(Kind::as_str).to_vec(),
        word => vec![Kind::parse(word).ok_or_else(|| Code::BodyInvalid.field("/kind"))?.as_str()],
    };
    let (plan, now) = (app.plan(), app.now());
    let filter = TaskFilter {
        area: place(app, caller, which.area.as_deref())?,
        kinds,
        open: which.show != "closed",
        due_before: (which.show == "late").then_some(now),
        owner: which.own.then_some(caller.account),
    };
    let (after, limit, account) = (cursor(which.after.as_deref())?, which.limit, caller.account);
    app.store
        .read("list_tasks", move |tx| {
            let mut rows = tx.tasks(&filter, after, limit + 1)?;
            let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.due_at.0, row.id));
            let numbers: Vec<i64> = rows.iter().map(|row| row.person.0).collect();
            let persons: HashMap<i64, PersonRow> = tx.persons(&numbers)?.into_iter().map(|person| (person.no.0, person)).collect();
            let line = |row: &TaskRow| view(tx, &plan, row, persons.get(&row.person.0), (now, row.owner == Some(account)));
            Ok(Page { rows: rows.iter().map(line).collect::<Result<_>>()?, total: None, next })
        })
        .await
}

/// Open tasks in an area, by kind.
pub(super) async fn counts(app: &App, caller: &Caller, area: Option<&str>) -> Result<Vec<wire::TaskCount>> {
    let (area, now) = (place(app, caller, area)?, app.now());
    let rows = app.store.read("count_tasks", move |tx| tx.count_tasks(area, now)).await?;
    let of = |kind: Kind| rows.iter().find(|row| row.kind == kind);
    Ok(Kind::ALL
        .into_iter()
        .map(|kind| {
            let (open, late, unowned) = of(kind).map_or((0, 0, 0), |row| (row.open, row.late, row.unowned));
            wire::TaskCount { kind: kind.as_str().into(), open, late, unowned }
        })
        .collect())
}

fn phone(tx: &Tx<'_>, person: &PersonRow) -> Result<Option<String>> {
    let open = |sealed: &Vec<u8>| tx.keys().open_cell("person", "phone", &person.no.0.to_string(), sealed);
    person.phone.as_ref().map(open).transpose().map_err(|e| StoreError::from(e).into())
}

fn view(tx: &Tx<'_>, plan: &Plan, row: &TaskRow, person: Option<&PersonRow>, (now, own): (Instant, bool)) -> Result<wire::Task> {
    let phone = person.map(|person| phone(tx, person)).transpose()?.flatten();
    Ok(wire::Task {
        id: row.id,
        kind: row.kind.as_str().into(),
        person: row.person.0,
        name: person.map(|person| mask::name(&person.name)).unwrap_or_default(),
        phone: phone.map(|phone| mask::phone(&phone)),
        area: row.area.to_string(),
        area_name: plan.area(row.area).map(|area| area.name.clone()).unwrap_or_default(),
        tube: row.tube.clone(),
        round_name: row.round.and_then(|round| plan.rounds.get(&round)).map(|round| round.name.clone()).unwrap_or_default(),
        opened_at: rfc3339(row.opened_at),
        due_at: rfc3339(row.due_at),
        late: row.open && row.due_at < now,
        owner: row.owner_name.clone(),
        own,
        outcome: row.outcome.clone(),
        note: row.note.clone(),
        closed_at: row.closed_at.map(rfc3339),
    })
}

fn open_task(tx: &Tx<'_>, caller: &Caller, id: Uuid, action: Action) -> Result<TaskRow> {
    let task = tx.task_for_update(id)?.ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(action, task.area)?;
    if task.open { Ok(task) } else { Err(Code::StateConflict.problem().detail("the task is closed")) }
}

/// The caller takes a task over.
pub(super) async fn take(app: &App, caller: &Caller, id: Uuid) -> Result<()> {
    let caller = caller.clone();
    app.store
        .run("take_task", move |tx| {
            let mut task = open_task(tx, &caller, id, Action::WorkMissingList)?;
            task.owner = Some(caller.account);
            Ok::<_, Problem>(tx.update_task(&task, caller.account)?)
        })
        .await
}

/// Name and phone of the person of a task, in clear; logged before they are given.
pub(super) async fn call(app: &App, caller: &Caller, id: Uuid) -> Result<MissingContact> {
    let (now, caller) = (app.now(), caller.clone());
    let log = app.ids.at(now);
    app.store
        .run("call_task", move |tx| {
            let task = open_task(tx, &caller, id, Action::RevealPerson)?;
            let device = caller.device.map(|(device, _)| device);
            let subject = format!("person {}", task.person.0);
            tx.log_access(log, now, caller.account, device, "call_task", &subject, task.kind.as_str())?;
            let person = tx.persons(&[task.person.0])?.pop().ok_or_else(|| Code::NotFound.problem())?;
            Ok::<_, Problem>(MissingContact { phone: phone(tx, &person)?, name: person.name })
        })
        .await
}

/// Puts down what came of a visit or a call; whoever says so owns the task from then on.
pub(super) async fn note(app: &App, caller: &Caller, id: Uuid, said: wire::TaskOutcome) -> Result<()> {
    let heard = Heard::parse(&said.outcome).ok_or_else(|| Code::BodyInvalid.field("/outcome"))?;
    let note = said.note.trim().to_owned();
    if note.chars().count() > TEXT_CHARS_MAX || (heard.needs_note() && note.is_empty()) {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let (act, caller) = (Act::new(app, caller), caller.clone());
    app.store
        .run("note_task", move |tx| {
            let mut task = open_task(tx, &caller, id, Action::WorkMissingList)?;
            let closes = heard.closes(task.kind).map_err(|refusal| Code::StateConflict.field("/outcome").detail(refusal.to_string()))?;
            task.owner = Some(task.owner.unwrap_or(act.account));
            task.outcome = Some(heard.as_str().into());
            task.note = Some(note.clone()).filter(|note| !note.is_empty());
            task.open = !closes;
            task.closed_at = closes.then_some(act.now);
            tx.update_task(&task, act.account)?;
            let event = match (heard, task.kind) {
                (Heard::Unreachable, Kind::Recheck) => Event::Unreachable,
                (Heard::HandedOver, Kind::Case) => Event::HandedOver,
                _ => return Ok(()),
            };
            let Some(pool) = tx.follow_up_for_update(&task.tube)? else { return Ok(()) };
            let members = tx.follow_up_members(&task.tube)?;
            let Some(member) = members.iter().find(|member| member.person == task.person) else { return Ok(()) };
            // The member may be settled already, by another desk or by a result: the task ends all the same.
            let Ok(facts) = settle(tx, &pool, member, event, None, (act.now, Some(act.account), Some(&note))) else { return Ok(()) };
            act.change(tx, "note_task", &task.tube, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}
