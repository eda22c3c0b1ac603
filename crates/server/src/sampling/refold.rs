//! The slow, always-right path: write the fact, load the tube's whole set of facts, fold, and write
//! the difference.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        change::Fact,
        id::{Collection, Id},
        time::Instant,
    },
    sampling::{
        ExceptionKind, FactKey, Station,
        tube::{self, Decision, Decisions, Membership, Stage, TubeFact, TubeKind, Verdict},
    },
};
use allclear_store::{
    Result, StoreError, Tx,
    sampling::{CollectionRow, CustodyRow, TubeRow},
};
use allclear_wire::sync::Op;

use super::{
    apply::{Work, counted_now, field_clock, new_tube},
    boxes,
    command::Incoming,
};
use crate::plan::Plan;

/// Longest chain of moves followed from one fact: tube to tube to tube.
const MOVES_MAX: usize = 8;

/// A swab that came late or again.
pub fn late(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, row: CollectionRow) -> Result<Verdict> {
    work.flush()?;
    let code = row.tube.clone();
    if work.tx.insert_collections(std::slice::from_ref(&row))? == 0 {
        let stored = work.tx.collections_of(&code)?.into_iter().find(|stored| stored.id == row.id);
        let differs = stored.map(|stored| Ok::<_, StoreError>(!same_content(&stored, &row) || !same_person(work.tx, &stored, &row)?));
        if differs.transpose()?.is_some_and(|differs| differs) {
            work.open_exception(now, command, ExceptionKind::ContentDiffers, Some(&row), row.person, Some(row.round))?;
            return Ok(Verdict::Exception(ExceptionKind::ContentDiffers));
        }
    } else {
        // New rows start as not counted, so that the fold tells the feed when they begin to count.
        work.tx.set_collection_state(&code, row.id, "exception")?;
    }
    refold(work, now, &code, Some(command), 0)
}

fn same_content(a: &CollectionRow, b: &CollectionRow) -> bool {
    let core = |c: &CollectionRow| (c.round, c.site, c.station, c.kind, c.key, c.id_mode.clone());
    core(a) == core(b)
}

/// Somebody unknown at the first send may be known at the replay, and a record may be merged in between: that is not
/// other content.
fn same_person(tx: &Tx<'_>, a: &CollectionRow, b: &CollectionRow) -> Result<bool> {
    match (a.person, b.person) {
        (Some(a), Some(b)) if a != b => Ok(tx.survivor(a)? == tx.survivor(b)?),
        _ => Ok(true),
    }
}

/// An undo, move, seal, pack or unpack.
pub fn custody(work: &mut Work<'_, '_>, plan: &Plan, now: Instant, command: &Incoming, op: &Op) -> Result<Verdict> {
    let code = command.subject.clone();
    let refusal = if is_no_move(op) { Some(ExceptionKind::WrongState) } else { out_of_scope(work, plan, command, &code) };
    if let Some(kind) = refusal {
        work.open_exception(now, command, kind, None, None, None)?;
        return Ok(Verdict::Exception(kind));
    }
    work.flush()?;
    work.note_custody(&code);
    let row = custody_row(command, op, now);
    if work.tx.insert_custody(std::slice::from_ref(&row))? == 0 {
        let stored = work.tx.custody_of(&code)?.into_iter().find(|stored| stored.id == row.id);
        if stored.is_some_and(|stored| (stored.event, stored.key, stored.target) != (row.event, row.key, row.target)) {
            work.open_exception(now, command, ExceptionKind::ContentDiffers, None, None, None)?;
            return Ok(Verdict::Exception(ExceptionKind::ContentDiffers));
        }
    } else if let Op::PackTube(c) | Op::UnpackTube(c) = op {
        boxes::note_pack(work, now, command, c, matches!(op, Op::PackTube(_)))?;
    }
    refold(work, now, &code, Some(command), 0)
}

/// A tube holds its swabs: moving one to where it is says nothing.
fn is_no_move(op: &Op) -> bool {
    matches!(op, Op::MoveCollection(c) if c.from_tube == c.to_tube)
}

/// A tube that nobody has seen yet may be of any site, but not for somebody without the right.
fn out_of_scope(work: &Work<'_, '_>, plan: &Plan, command: &Incoming, code: &str) -> Option<ExceptionKind> {
    let site = work.tubes.get(code).map(|tube| tube.site);
    (!command.reaches(plan, site)).then_some(ExceptionKind::OutOfScope)
}

fn custody_row(command: &Incoming, op: &Op, now: Instant) -> CustodyRow {
    let row = |event: &str, target: Option<String>| CustodyRow {
        subject: command.subject.clone(),
        id: command.id,
        event: event.into(),
        key: command.key,
        recorded_at: now,
        actor: command.account,
        target,
        counted: None,
        signed_by: None,
        detail: None,
        verdict: "accepted".into(),
    };
    match op {
        Op::VoidCollection(c) => CustodyRow { detail: Some(c.reason.clone()), ..row("voided", Some(c.collection.to_string())) },
        Op::MoveCollection(c) => CustodyRow { detail: Some(c.to_tube.clone()), ..row("moved_out", Some(c.collection.to_string())) },
        Op::SealTube(c) => CustodyRow { counted: Some(c.counted), signed_by: c.difference_signed_by.clone(), ..row("sealed", None) },
        Op::PackTube(c) => row("packed", Some(c.box_code.clone())),
        Op::UnpackTube(c) => row("unpacked", Some(c.box_code.clone())),
        Op::RecordCollection(_) | Op::SealBox(_) | Op::HandOver(_) => row("unreadable", None),
    }
}

fn fact(row: &CustodyRow) -> Option<TubeFact> {
    let id = || row.target.as_deref().and_then(|target| target.parse().ok()).map(Id::new);
    Some(match row.event.as_str() {
        "voided" => TubeFact::Voided { id: id()? },
        "moved_out" => TubeFact::MovedOut { id: id()? },
        "sealed" => TubeFact::Sealed { counted: row.counted?, signed: row.signed_by.is_some() },
        "packed" => TubeFact::Packed,
        "unpacked" => TubeFact::Unpacked,
        _ => return None,
    })
}

/// Event of a supervisor who says what kind a tube really is.
pub const KIND_CORRECTED: &str = "kind_corrected";

/// What supervisors decided about a tube; of two words about its kind the later.
fn decisions(collections: &[CollectionRow], custody: &[CustodyRow]) -> Decisions {
    let of_swab = |c: &CollectionRow| {
        let decision = if c.decision.as_deref()? == "keep" { Decision::Keep } else { Decision::Void };
        Some((c.id, decision))
    };
    let kinds = custody.iter().filter(|row| row.event == KIND_CORRECTED).max_by_key(|row| (row.recorded_at, row.id));
    Decisions {
        swabs: collections.iter().filter_map(of_swab).collect(),
        kind: kinds.and_then(|row| row.target.as_deref()).and_then(TubeKind::parse),
    }
}

/// Folds a tube from its rows and writes what changed; answers the verdict of `command`'s fact.
pub fn refold(work: &mut Work<'_, '_>, now: Instant, code: &str, command: Option<&Incoming>, depth: usize) -> Result<Verdict> {
    let collections = work.tx.collections_of(code)?;
    let custody = work.tx.custody_of(code)?;
    let mut facts: Vec<(FactKey, TubeFact)> = collections
        .iter()
        .map(|c| {
            let flaw = c.flaw.as_deref().and_then(ExceptionKind::parse);
            (c.key, TubeFact::Collected { id: c.id, station: Station { site: c.site, number: c.station }, kind: c.kind, flaw })
        })
        .collect();
    facts.extend(custody.iter().filter_map(|row| Some((row.key, fact(row)?))));
    let decisions = decisions(&collections, &custody);
    let Some(first) = collections.iter().min_by_key(|c| c.key) else {
        // Seal or pack of a tube nobody has seen a swab of: kept, and judged again when one comes.
        let verdict = Verdict::Exception(ExceptionKind::UnknownTarget);
        write_emptied(work, code)?;
        if let Some(command) = command.filter(|_| depth == 0) {
            work.open_exception(now, command, ExceptionKind::UnknownTarget, None, None, None)?;
        }
        return Ok(verdict);
    };
    let folded = tube::fold(first.kind, &facts, &decisions);
    let verdicts: BTreeMap<FactKey, Verdict> = folded.verdicts.iter().copied().collect();
    write_members(work, now, &collections, &folded.members, command)?;
    write_custody(work, now, &custody, &verdicts, command)?;
    write_tube(work, now, first, &folded.tube, &custody, &verdicts)?;
    work.flush()?;
    if depth < MOVES_MAX {
        follow_moves(work, now, &collections, &custody, &verdicts, depth)?;
    }
    let own = command.and_then(|command| verdicts.get(&command.key).copied());
    let member = command.and_then(|command| folded.members.get(&Id::new(command.id)).copied());
    Ok(match (own, member) {
        (Some(Verdict::Exception(_)), Some(Membership::Valid | Membership::Voided | Membership::Moved)) => Verdict::Accepted,
        (Some(verdict), _) => verdict,
        (None, _) => Verdict::Accepted,
    })
}

fn state_word(member: Membership) -> &'static str {
    match member {
        Membership::Valid => "valid",
        Membership::Voided => "voided",
        Membership::Moved => "moved",
        Membership::Exception(_) => "exception",
    }
}

fn write_members(
    work: &mut Work<'_, '_>,
    now: Instant,
    collections: &[CollectionRow],
    members: &BTreeMap<Id<Collection>, Membership>,
    command: Option<&Incoming>,
) -> Result<()> {
    let rejected = collections.first().and_then(|row| work.tubes.get(&row.tube)).is_some_and(|tube| withdrawn(tube.stage));
    for row in collections {
        let Some(member) = members.get(&row.id).copied() else { continue };
        // Whatever arrives late.
        let state = if rejected && member == Membership::Valid { "rejected" } else { state_word(member) };
        if row.state != state {
            work.tx.set_collection_state(&row.tube, row.id, state)?;
            let bucket = work.touch(&row.tube);
            let delta = i32::from(state == "valid") - i32::from(row.state == "valid");
            if delta != 0 {
                let fact = counted_now(work.tx, row, delta)?;
                work.note(bucket, fact);
            }
        }
        match member {
            Membership::Exception(kind) => open_for(work, now, row, kind, command)?,
            Membership::Valid | Membership::Voided | Membership::Moved => close_for(work, now, &row.tube, row.id.uuid())?,
        }
    }
    Ok(())
}

fn open_for(work: &mut Work<'_, '_>, now: Instant, row: &CollectionRow, kind: ExceptionKind, command: Option<&Incoming>) -> Result<()> {
    let Some(command) = command else { return Ok(()) };
    let about = Incoming { id: row.id.uuid(), key: row.key, subject: row.tube.clone(), ..command.clone() };
    work.open_exception(now, &about, kind, Some(row), row.person, Some(row.round))
}

/// Closes the exception about a fact that stands now, unless it is about more than that.
pub(super) fn close_for(work: &mut Work<'_, '_>, now: Instant, subject: &str, id: uuid::Uuid) -> Result<()> {
    // The feed hears of the round that it heard of when the exception was opened.
    let (kind, round, site) = match work.tx.exception(subject, id)? {
        Some(exception) if exception.state == "open" => (exception.kind, exception.round, exception.site),
        // Nobody was shown it, and the feed never heard of it.
        Some(exception) if exception.state == "waiting" => return work.tx.end_waiting(subject, id),
        _ => return Ok(()),
    };
    // Two exceptions are about more than one tube's facts and stay for a person.
    if kind == ExceptionKind::SecondCollection.as_str() || kind == ExceptionKind::ContentDiffers.as_str() {
        return Ok(());
    }
    if work.tx.resolve_exception(subject, id, None, now, "facts", "later facts settled it")? {
        let bucket = work.touch(subject);
        work.note(bucket, Fact::Exception { kind, round, site, delta: -1 });
    }
    Ok(())
}

fn write_custody(
    work: &mut Work<'_, '_>,
    now: Instant,
    custody: &[CustodyRow],
    verdicts: &BTreeMap<FactKey, Verdict>,
    command: Option<&Incoming>,
) -> Result<()> {
    for row in custody {
        let Some(verdict) = verdicts.get(&row.key) else { continue };
        match verdict {
            Verdict::Exception(kind) => {
                if row.verdict != kind.as_str() {
                    work.tx.set_custody_verdict(&row.subject, row.id, kind.as_str())?;
                }
                if let Some(command) = command {
                    let about = Incoming { id: row.id, key: row.key, subject: row.subject.clone(), ..command.clone() };
                    let round = work.tubes.get(&row.subject).map(|tube| tube.round);
                    work.open_exception(now, &about, *kind, None, None, round)?;
                }
            }
            Verdict::Accepted | Verdict::AcceptedFull => {
                if row.verdict != "accepted" {
                    work.tx.set_custody_verdict(&row.subject, row.id, "accepted")?;
                }
                close_for(work, now, &row.subject, row.id)?;
            }
        }
    }
    Ok(())
}

fn write_tube(
    work: &mut Work<'_, '_>,
    now: Instant,
    first: &CollectionRow,
    folded: &tube::Tube,
    custody: &[CustodyRow],
    verdicts: &BTreeMap<FactKey, Verdict>,
) -> Result<()> {
    let before = work.tubes.get(&first.tube).cloned();
    let mut row = before.clone().unwrap_or_else(|| new_tube(first));
    let accepted = |event: &str| {
        let of_event = custody.iter().filter(|c| c.event == event);
        of_event.filter(|c| !matches!(verdicts.get(&c.key), Some(Verdict::Exception(ExceptionKind::WrongState)))).max_by_key(|c| c.key)
    };
    let sealed = accepted("sealed");
    row.kind = folded.kind;
    row.site = folded.station.map_or(row.site, |station| station.site);
    row.station = folded.station.map(|station| station.number);
    row.valid = if withdrawn(row.stage) { 0 } else { folded.valid as i32 };
    row.inside = folded.inside as i32;
    row.sealed_at = sealed.map(|c| c.key.at);
    row.counted = sealed.and_then(|c| c.counted);
    row.box_code = if folded.stage == Stage::Boxed { accepted("packed").and_then(|c| c.target.clone()) } else { None };
    row.opened_at = first.key.at;
    row.last = folded.last.unwrap_or(row.last);
    let stage = stage_of(work, &row, folded.stage)?;
    if stage != row.stage {
        row.stage = stage;
        row.stage_at = now;
    }
    if before.as_ref() != Some(&row) {
        let bucket = work.touch(&row.code);
        let from = before.map(|tube| tube.stage);
        let fact = Fact::Tube {
            code: row.code.clone(),
            round: row.round,
            site: row.site,
            from,
            to: row.stage,
            members: row.valid,
            at: row.stage_at,
            started_at: field_clock(&row),
        };
        work.note(bucket, fact);
        work.tubes.insert(row.code.clone(), row);
    }
    Ok(())
}

/// Nothing in a rejected or void tube counts.
const fn withdrawn(stage: Stage) -> bool {
    matches!(stage, Stage::Rejected | Stage::Void)
}

/// The laboratory's stages are beyond the field's facts; a tube whose box has left is in transit.
fn stage_of(work: &Work<'_, '_>, row: &TubeRow, folded: Stage) -> Result<Stage> {
    if row.stage > Stage::InTransit {
        return Ok(row.stage);
    }
    let Some(code) = row.box_code.as_deref().filter(|_| folded == Stage::Boxed) else { return Ok(folded) };
    let left = work.tx.box_for_update(code)?.is_some_and(|b| b.state == "handed_over" || b.state == "received");
    Ok(if left { Stage::InTransit } else { folded })
}

/// Takes a moved swab's row out of the other tube again, with its count and its exception.
fn unmake_move(work: &mut Work<'_, '_>, now: Instant, to: &str, source: &CollectionRow) -> Result<bool> {
    let there = work.tx.collections_of(to)?.into_iter().find(|row| row.id == source.id);
    if work.tx.delete_moved_collection(to, source.id)? == 0 {
        return Ok(false);
    }
    close_for(work, now, to, source.id.uuid())?;
    if let Some(row) = there.filter(|row| row.state == "valid") {
        let bucket = work.tx.bucket(to.as_bytes());
        let fact = counted_now(work.tx, &row, -1)?;
        work.note(bucket, fact);
    }
    Ok(true)
}

/// A tube whose only swabs were unmade moves holds nothing.
fn write_emptied(work: &mut Work<'_, '_>, code: &str) -> Result<()> {
    let Some(tube) = work.tubes.get_mut(code).filter(|tube| tube.valid != 0 || tube.inside != 0) else { return Ok(()) };
    tube.valid = 0;
    tube.inside = 0;
    tube.station = None;
    let (round, site, stage, at, started_at) = (tube.round, tube.site, tube.stage, tube.stage_at, field_clock(tube));
    let bucket = work.touch(code);
    work.note(bucket, Fact::Tube { code: code.to_owned(), round, site, from: Some(stage), to: stage, members: 0, at, started_at });
    work.flush()
}

/// A swab that was moved is a row of the other tube too; that row is derived, made and unmade here.
fn follow_moves(
    work: &mut Work<'_, '_>,
    now: Instant,
    collections: &[CollectionRow],
    custody: &[CustodyRow],
    verdicts: &BTreeMap<FactKey, Verdict>,
    depth: usize,
) -> Result<()> {
    let applied = |row: &CustodyRow| matches!(verdicts.get(&row.key), Some(Verdict::Accepted | Verdict::AcceptedFull));
    let moves = || custody.iter().filter(|row| row.event == "moved_out");
    let moved_there = |source: &CollectionRow, to: &str| {
        let id = source.id.uuid().to_string();
        moves().any(|row| applied(row) && row.target.as_deref() == Some(id.as_str()) && row.detail.as_deref() == Some(to))
    };
    for moved in moves() {
        let Some(to) = moved.detail.clone() else { continue };
        let source = collections.iter().find(|c| Some(c.id.uuid().to_string()) == moved.target);
        let changed = match source {
            Some(source) if applied(moved) => {
                let row = CollectionRow {
                    tube: to.clone(),
                    key: moved.key,
                    moved_from: Some(source.tube.clone()),
                    state: "exception".into(),
                    decision: None,
                    ..source.clone()
                };
                work.tx.insert_collections(std::slice::from_ref(&row))? > 0
            }
            Some(source) if !moved_there(source, &to) => unmake_move(work, now, &to, source)?,
            Some(_) | None => false,
        };
        if changed {
            if let Some(tube) = work.tx.tube(&to)? {
                work.tubes.insert(to.clone(), tube);
            }
            let about = Incoming {
                id: moved.id,
                key: moved.key,
                offline: false,
                clock_offset: 0,
                account: moved.actor,
                device: Id::new(uuid::Uuid::nil()),
                // What waits in the other tube is shown where the swab's own exceptions are.
                areas: source.map(|source| source.area).into_iter().collect(),
                site: source.map(|source| source.site),
                home: None,
                op: Err(ExceptionKind::WrongState),
                subject: to.clone(),
            };
            refold(work, now, &to, Some(&about), depth + 1)?;
        }
    }
    Ok(())
}
