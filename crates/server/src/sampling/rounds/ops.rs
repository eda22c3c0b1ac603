//! What headquarters orders about rounds.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        change::Fact,
        id::{Id, Round},
        time::Instant,
    },
    people::groups::Group,
    sampling::{
        round::{self, Event, Refusal, RoundState, RoundWindow},
        scope::{GroupRule, KindLine},
        tube::TubeKind,
    },
};
use allclear_store::{Tx, feed::NewChange, rounds::RoundEventRow, rounds::RoundRow};
use allclear_wire::rounds::{RoundOrder, RoundPreview};
use uuid::Uuid;

use super::view;
use crate::{
    app::App,
    clock::parse_rfc3339,
    edge::{
        guard::Caller,
        limits::{ROUNDS_MAX, SCOPE_AREAS_MAX, TEXT_CHARS_MAX},
        problem::{Code, Problem, Result},
    },
    expected::list,
    plan::{Plan, room},
    sampling::command::tube_kind,
};

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::NobodyExpected => Code::NobodyExpected,
            Refusal::NoReason => Code::ReasonRequired,
            Refusal::OpenedBefore | Refusal::NotOpen | Refusal::NotClosing | Refusal::NotClosed => Code::StateConflict,
        };
        code.problem().detail(refusal.to_string())
    }
}

/// A text of a form, trimmed, within bounds.
pub(in crate::sampling) fn text(value: &str, pointer: &str) -> Result<String> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::BodyInvalid.field(pointer));
    }
    Ok(value.to_owned())
}

/// An area of the plan in which the caller may do `action`.
pub(in crate::sampling) fn area(plan: &Plan, caller: &Caller, action: Action, code: &str, pointer: &str) -> Result<AreaCode> {
    let area = AreaCode::parse(code).ok().filter(|area| plan.area(*area).is_some());
    let area = area.ok_or_else(|| Code::AreaUnknown.field(pointer))?;
    caller.require_in(action, area)?;
    Ok(area)
}

/// An instant of a form.
pub(in crate::sampling) fn instant(value: &str, pointer: &str) -> Result<Instant> {
    parse_rfc3339(value).ok_or_else(|| Code::BodyInvalid.field(pointer))
}

fn groups(words: &[String], pointer: &str) -> Result<i64> {
    let bits = words.iter().try_fold(0, |bits, word| Group::parse(word).map(|group| bits | group.bit()));
    bits.ok_or_else(|| Code::BodyInvalid.field(pointer))
}

/// Areas with their kinds of tube, and kinds for groups.
type Scope = (Vec<(AreaCode, Option<TubeKind>)>, Vec<KindLine>);

/// Reads a scope. An area may be said twice (once as scope, once with a kind), but not with two kinds;
/// a line about groups says a kind for somebody whom another line has in scope.
fn scope(plan: &Plan, caller: &Caller, order: &RoundOrder) -> Result<Scope> {
    if order.scope.is_empty() || order.scope.len() > SCOPE_AREAS_MAX {
        return Err(Code::BodyInvalid.field("/scope"));
    }
    let two = |area: AreaCode| Code::BodyInvalid.field("/scope").detail(format!("two kinds of tube for {area}"));
    let mut areas: BTreeMap<AreaCode, Option<TubeKind>> = BTreeMap::new();
    let mut kinds: BTreeMap<(AreaCode, i64), TubeKind> = BTreeMap::new();
    for line in &order.scope {
        let code = area(plan, caller, Action::ManageRounds, &line.area, "/scope")?;
        let (kind, groups) = (line.tube_kind.map(tube_kind), groups(&line.groups, "/scope")?);
        if groups == 0 {
            let known = areas.entry(code).or_default();
            if known.is_some() && kind.is_some() && *known != kind {
                return Err(two(code));
            }
            *known = known.or(kind);
        } else {
            let kind = kind.ok_or_else(|| Code::BodyInvalid.field("/scope").detail("a line about groups needs a kind of tube"))?;
            if kinds.insert((code, groups), kind).is_some_and(|before| before != kind) {
                return Err(two(code));
            }
        }
    }
    if kinds.keys().any(|(code, _)| !areas.keys().any(|root| code.is_within(*root))) {
        return Err(Code::BodyInvalid.field("/scope").detail("a line about groups lies outside the scope"));
    }
    let kinds = kinds.into_iter().map(|((area, groups), kind)| KindLine { area, groups, kind }).collect();
    Ok((areas.into_iter().collect(), kinds))
}

fn draft(plan: &Plan, caller: &Caller, order: &RoundOrder, id: Id<Round>) -> Result<RoundRow> {
    let (starts_at, ends_at) = (instant(&order.starts_at, "/starts_at")?, instant(&order.ends_at, "/ends_at")?);
    if starts_at >= ends_at {
        return Err(Code::BodyInvalid.field("/ends_at").detail("ends before it starts"));
    }
    let (areas, group_kinds) = scope(plan, caller, order)?;
    Ok(RoundRow {
        id,
        name: text(&order.name, "/name")?,
        state: RoundState::Draft,
        tube_kind: tube_kind(order.tube_kind),
        starts_at,
        ends_at,
        window: RoundWindow { opened_at: None, closing_at: None, closed_at: None },
        profile_version: plan.profile.version,
        rule: GroupRule { groups: groups(&order.groups, "/groups")?, all: order.groups_all },
        expected: 0,
        areas,
        group_kinds,
        version: order.version.unwrap_or(1),
    })
}

/// What a round would expect, town by town.
pub async fn preview_round(app: &App, caller: &Caller, order: RoundOrder) -> Result<RoundPreview> {
    let plan = app.plan();
    let row = draft(&plan, caller, &order, Id::new(Uuid::nil()))?;
    let counted = row.clone();
    let counts = app.store.read("preview_round", move |tx| list::count(tx, &counted)).await?;
    let mut preview = view::preview(&plan, &row, &counts);
    preview.rehearsal = app.rehearsed().await.map(|kept| kept.of(preview.expected, row.ends_at.seconds_since(row.starts_at)));
    Ok(preview)
}

/// Plans a round; nobody is expected before it is opened.
pub async fn create_round(app: &App, caller: &Caller, order: RoundOrder) -> Result<Id<Round>> {
    let (now, plan) = (app.now(), app.plan());
    let row = draft(&plan, caller, &order, Id::new(app.ids.at(now)))?;
    room(plan.rounds.len(), 1, ROUNDS_MAX)?;
    let (id, note) = (row.id, Note::new(app, caller, "create", now, None));
    app.store
        .run("create_round", move |tx| {
            tx.insert_round(&row, &note.author, now)?;
            note.write(tx, row.id, "create_round")
        })
        .await?;
    app.reload_plan().await?;
    Ok(id)
}

/// Changes the plan of a draft.
pub async fn change_round(app: &App, caller: &Caller, id: Id<Round>, order: RoundOrder) -> Result<()> {
    let (now, plan) = (app.now(), app.plan());
    let before = plan.rounds.get(&id).ok_or_else(|| Code::NotFound.problem())?;
    require_scope(caller, before)?;
    if before.state != RoundState::Draft {
        return Err(Refusal::OpenedBefore.into());
    }
    let row = RoundRow { version: order.version.unwrap_or(before.version), ..draft(&plan, caller, &order, id)? };
    let note = Note::new(app, caller, "change", now, None);
    app.store
        .run("change_round", move |tx| {
            tx.update_round_plan(&row)?;
            note.write(tx, row.id, "change_round")
        })
        .await?;
    Ok(app.reload_plan().await?)
}

fn require_scope(caller: &Caller, round: &RoundRow) -> Result<()> {
    round.areas.iter().try_for_each(|(area, _)| caller.require_in(Action::ManageRounds, *area))
}

/// Opens, closes or reopens a round. Opening freezes the expected list.
pub async fn order_round(app: &App, caller: &Caller, id: Id<Round>, event: Event, reason: Option<String>) -> Result<()> {
    let now = app.now();
    let reason = reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    let before = app.plan().rounds.get(&id).cloned().ok_or_else(|| Code::NotFound.problem())?;
    require_scope(caller, &before)?;
    let list = if event == Event::Open && before.state == RoundState::Draft {
        let round = before.clone();
        Some(app.store.read("build_expected", move |tx| list::build(tx, &round)).await?)
    } else {
        None
    };
    let note = Note::new(app, caller, event.as_str(), now, reason);
    app.store
        .run("order_round", move |tx| -> Result<()> {
            let row = tx.round(id)?.ok_or_else(|| Code::NotFound.problem())?;
            let expected = list.as_ref().map_or(row.expected, |list| list.persons);
            let next = round::decide(row.state, event, expected, note.reason.is_some())?;
            // The list was built from the plan that was read: a plan changed meanwhile is built again.
            if list.is_some() && row.version != before.version {
                return Err(Code::StateConflict.problem());
            }
            tx.update_round_state(&row, next, row.window.after(next, now), expected)?;
            if let Some(list) = &list {
                tx.replace_expected(id, &list.villages)?;
                tx.replace_exempt(id, &list.exempt)?;
            }
            Ok(note.write(tx, id, "order_round")?)
        })
        .await?;
    Ok(app.reload_plan().await?)
}

/// What is remembered of an order, and told to the feed.
pub(super) struct Note {
    event: RoundEventRow,
    change: Uuid,
    pub(super) author: String,
    reason: Option<String>,
}

impl Note {
    pub(super) fn new(app: &App, caller: &Caller, event: &str, now: Instant, reason: Option<String>) -> Self {
        let event = RoundEventRow {
            id: app.ids.at(now),
            event: event.to_owned(),
            at: now,
            ordered_by: caller.display_name.clone(),
            reason: reason.clone(),
        };
        Self { event, change: app.ids.at(now), author: caller.name.clone(), reason }
    }

    pub(super) fn write(&self, tx: &Tx<'_>, round: Id<Round>, op: &'static str) -> allclear_store::Result<()> {
        tx.insert_round_event(round, &self.event)?;
        tell(tx, self.change, round, self.event.at, op, &self.author)
    }
}

/// Tells the feed that a round is to be loaded again.
pub(super) fn tell(tx: &Tx<'_>, id: Uuid, round: Id<Round>, at: Instant, op: &'static str, author: &str) -> allclear_store::Result<()> {
    let bucket = tx.bucket(round.uuid().as_bytes());
    tx.append_change(&NewChange { id, bucket, at, op, author, facts: &[Fact::Round { round }] })
}
