//! Deciding what became of a fact that waited.

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        change::Fact,
        id::{Account, Collection, Id, PersonNo, Round},
        time::Instant,
    },
    sampling::{
        ExceptionKind, FactKey,
        exception::{Resolution, Sides, allowed},
        round::RoundState,
        tube::{Stage, TubeKind, occupies},
    },
};
use allclear_store::{
    Tx,
    sampling::{CollectionRow, CustodyRow, ExceptionRow, TubeRow},
};
use allclear_wire::exceptions::{RegisterClaim, ResolveException};
use uuid::Uuid;

use super::{claim, view};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::TEXT_CHARS_MAX,
        problem::{Code, Result},
    },
    plan::Plan,
    sampling::{apply::Work, command::tube_kind, refold},
};

/// What is known of the two sides of an exception.
#[must_use]
pub fn sides(plan: &Plan, row: &ExceptionRow, swab: Option<&CollectionRow>, tube: Option<&TubeRow>) -> Sides {
    let counted = tube.and_then(|tube| tube.counted.filter(|_| tube.stage != Stage::Open).map(|counted| counted > tube.valid));
    let round = row.round.and_then(|id: Id<Round>| plan.rounds.get(&id));
    Sides {
        swab: swab.is_some(),
        person_known: swab.is_some_and(|swab| swab.person.is_some()),
        counted_inside: counted.unwrap_or(false),
        round_open: round.is_some_and(|round| matches!(round.state, RoundState::Open | RoundState::Closing)),
        room: room(row, tube),
    }
}

/// Whether the swab has a place in its tube already, or there is one left.
fn room(row: &ExceptionRow, tube: Option<&TubeRow>) -> bool {
    // A second swab of a person counts already; keeping it changes nothing in its tube.
    let inside = ExceptionKind::parse(&row.kind).is_some_and(|kind| occupies(kind) || kind == ExceptionKind::SecondCollection);
    inside || tube.is_none_or(|tube| (tube.inside as usize) < tube.kind.capacity())
}

/// The swab that an exception is about, if it is about one.
pub fn swab_of(tx: &Tx<'_>, row: &ExceptionRow) -> allclear_store::Result<Option<CollectionRow>> {
    Ok(tx.collections_of(&row.subject)?.into_iter().find(|swab| swab.id.uuid() == row.id))
}

/// Areas in which the caller decides: the one asked for, or all of the caller's.
pub fn areas(plan: &Plan, caller: &Caller, asked: Option<&str>) -> Result<Vec<AreaCode>> {
    match asked.filter(|code| !code.is_empty()) {
        Some(code) => {
            let area =
                AreaCode::parse(code).ok().filter(|area| plan.area(*area).is_some()).ok_or_else(|| Code::AreaUnknown.field("/area"))?;
            caller.require_in(Action::ResolveExceptions, area)?;
            Ok(vec![area])
        }
        None => {
            let own: Vec<AreaCode> = caller.areas(Action::ResolveExceptions).collect();
            Ok(crate::expected::list::roots(&own))
        }
    }
}

struct Decision {
    id: Uuid,
    what: Resolution,
    person: Option<PersonNo>,
    register: Option<RegisterClaim>,
    kind: Option<TubeKind>,
    note: String,
    by: Id<Account>,
    now: Instant,
    /// Id of a correction.
    correction: Uuid,
}

/// Decides an exception, applies the decision to the tubes it touches, and logs it.
pub async fn resolve_exception(app: &App, caller: &Caller, id: Uuid, request: ResolveException) -> Result<()> {
    let (now, plan) = (app.now(), app.plan());
    let what = view::from_resolution(request.decision);
    let note = request.note.trim().to_owned();
    if note.chars().count() > TEXT_CHARS_MAX || (note.is_empty() && matches!(what, Resolution::Void | Resolution::Dismiss)) {
        return Err(Code::ReasonRequired.field("/note"));
    }
    if what == Resolution::LinkPerson && request.person.is_none() == request.register.is_none() {
        return Err(Code::BodyInvalid.field("/person").detail("either somebody of the register, or somebody new"));
    }
    if let Some(register) = &request.register {
        claim::check(&plan, caller, register)?;
    }
    if what == Resolution::CorrectKind && request.tube_kind.is_none() {
        return Err(Code::BodyInvalid.field("/tube_kind"));
    }
    let (person, kind) = (request.person.map(PersonNo), request.tube_kind.map(tube_kind));
    let register = request.register;
    let decision = Decision { id, what, person, register, kind, note, by: caller.account, now, correction: app.ids.at(now) };
    let (ids, log) = (app.ids.clone(), app.ids.at(now));
    let caller = caller.clone();
    app.store
        .run("resolve_exception", move |tx| -> Result<()> {
            tx.hold_merges()?;
            let row = tx.exception_by_id(decision.id)?.ok_or_else(|| Code::NotFound.problem())?;
            caller.require_in(Action::ResolveExceptions, row.area)?;
            if row.state != "open" {
                return Err(Code::StateConflict.problem());
            }
            let reason = if decision.note.is_empty() { decision.what.as_str() } else { &decision.note };
            tx.log_access(log, now, caller.account, None, "resolve_exception", &format!("exception:{}", row.id), reason)?;
            let mut work = Work::on_tubes(tx, &ids, &plan, &[])?;
            let tubes = decide(tx, &plan, &row, &decision)?;
            if !tx.resolve_exception(&row.subject, row.id, Some(caller.account), now, decision.what.as_str(), &decision.note)? {
                return Err(Code::StateConflict.problem());
            }
            let bucket = tx.bucket(row.subject.as_bytes());
            work.note(bucket, Fact::Exception { kind: row.kind.clone(), round: row.round, site: row.site, delta: -1 });
            fold(&mut work, now, &tubes)?;
            Ok(work.finish(now, "resolve_exception", &caller.name)?)
        })
        .await
}

fn fold(work: &mut Work<'_, '_>, now: Instant, tubes: &[String]) -> Result<()> {
    let codes: Vec<&str> = tubes.iter().map(String::as_str).collect();
    if codes.is_empty() {
        return Ok(());
    }
    work.tubes = work.tx.tubes_for_update(&codes)?;
    for code in codes {
        refold::refold(work, now, code, None, 0)?;
    }
    Ok(())
}

/// Notes the decision on the swabs it is about; answers the tubes to fold again, in order.
fn decide(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow, decision: &Decision) -> Result<Vec<String>> {
    let kind = ExceptionKind::parse(&row.kind).ok_or_else(|| Code::Internal.problem())?;
    let swab = swab_of(tx, row)?;
    let tube = tx.tube(&row.subject)?;
    if !allowed(kind, sides(plan, row, swab.as_ref(), tube.as_ref())).contains(&decision.what) {
        return Err(Code::DecisionNotAllowed.field("/decision"));
    }
    let Some(swab) = swab else { return Ok(Vec::new()) };
    let mut tubes = vec![row.subject.clone()];
    match decision.what {
        Resolution::Dismiss => return Ok(Vec::new()),
        Resolution::Void => tx.decide_collection(&row.subject, swab.id, "void", None)?,
        Resolution::Keep => {
            tx.decide_collection(&row.subject, swab.id, "keep", None)?;
            if kind == ExceptionKind::SecondCollection {
                tubes.extend(void_others(tx, row, swab.id)?);
            }
        }
        Resolution::CorrectKind => correct_kind(tx, &swab, tube.as_ref(), decision)?,
        Resolution::LinkPerson => {
            let no = decision.person.unwrap_or(PersonNo(0));
            let place = match &decision.register {
                Some(new) => claim::register(tx, plan, &swab, new, decision.now)?,
                None => tx.person_places(&[no.0])?.get(&no.0).copied().ok_or_else(|| Code::NotFound.field("/person"))?,
            };
            tx.decide_collection(&row.subject, swab.id, "keep", Some((place.no, place.area)))?;
        }
    }
    tubes.sort_unstable();
    tubes.dedup();
    Ok(tubes)
}

/// The tube is of a larger kind: the fold then has a place for the swab, and for every other that waited for one.
fn correct_kind(tx: &Tx<'_>, swab: &CollectionRow, tube: Option<&TubeRow>, decision: &Decision) -> Result<()> {
    let kind = decision.kind.filter(|kind| tube.is_some_and(|tube| (tube.inside as usize) < kind.capacity()));
    let kind = kind.ok_or_else(|| Code::DecisionNotAllowed.field("/tube_kind").detail("no larger than the tube is full"))?;
    let row = CustodyRow {
        subject: swab.tube.clone(),
        id: decision.correction,
        event: refold::KIND_CORRECTED.into(),
        key: FactKey { at: decision.now, device_no: 0, device_seq: 0 },
        recorded_at: decision.now,
        actor: decision.by,
        target: Some(kind.as_str().into()),
        counted: None,
        signed_by: None,
        detail: Some(decision.note.clone()),
        verdict: "accepted".into(),
    };
    tx.insert_custody(&[row])?;
    Ok(tx.decide_collection(&swab.tube, swab.id, "keep", None)?)
}

/// The person's other swabs of the round do not count any more; answers their tubes.
fn void_others(tx: &Tx<'_>, row: &ExceptionRow, kept: Id<Collection>) -> Result<Vec<String>> {
    let (Some(person), Some(round)) = (row.person, row.round) else { return Ok(Vec::new()) };
    let mut tubes = Vec::new();
    for other in tx.person_swabs(person, round)?.into_iter().filter(|swab| swab.valid && swab.collection != kept) {
        tx.decide_collection(&other.tube, other.collection, "void", None)?;
        tubes.push(other.tube);
    }
    Ok(tubes)
}
