//! Boxes and hand-overs. A box, like a tube, is the fold of its facts; the two halves of a hand-over
//! are joined by the id that the giver's phone made, in whatever order they arrive.

use allclear_domain::{
    kernel::{
        change::Fact,
        id::{Id, Site},
        time::Instant,
    },
    sampling::{
        ExceptionKind, FactKey,
        boxes::{self, BoxFact, BoxState},
        handover::{Half, Handover, HandoverState, Heard, Side},
        tube::{Stage, Verdict},
    },
};
use allclear_store::{
    Result, Tx,
    sampling::{BoxRow, CustodyRow, HandoverRow, waiting::PENDING},
};
use allclear_wire::sync::{HandOver, HandOverSide, PackTube, SealBox};
use uuid::Uuid;

use super::{apply::Work, command::Incoming, refold, statement};
use crate::plan::Plan;

fn custody_row(command: &Incoming, subject: &str, event: &str, now: Instant) -> CustodyRow {
    CustodyRow {
        subject: subject.into(),
        id: command.id,
        event: event.into(),
        key: command.key,
        recorded_at: now,
        actor: command.account,
        target: None,
        counted: None,
        signed_by: None,
        detail: None,
        verdict: "accepted".into(),
    }
}

fn new_box(code: &str, at: Instant) -> BoxRow {
    BoxRow {
        code: code.into(),
        site: None,
        state: BoxState::Open.as_str().into(),
        tubes: 0,
        counted: None,
        holder: None,
        sealed_at: None,
        state_at: at,
        version: 0,
    }
}

/// The box's side of a pack or unpack.
pub fn note_pack(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &PackTube, packed: bool) -> Result<()> {
    let event = if packed { "tube_packed" } else { "tube_unpacked" };
    let row = CustodyRow { target: Some(c.tube.clone()), ..custody_row(command, &c.box_code, event, now) };
    work.tx.insert_custody(&[row])?;
    refold_box(work, now, &c.box_code, Some(Id::new(c.site)), command).map(drop)
}

/// Seals a box: the counted tubes must be those on record, or the difference is signed by name.
pub fn seal(work: &mut Work<'_, '_>, plan: &Plan, now: Instant, command: &Incoming, c: &SealBox) -> Result<Verdict> {
    work.flush()?;
    let site = work.tx.box_for_update(&c.box_code)?.and_then(|row| row.site);
    if !command.reaches(plan, site) {
        work.open_exception(now, command, ExceptionKind::OutOfScope, None, None, None)?;
        return Ok(Verdict::Exception(ExceptionKind::OutOfScope));
    }
    let row = CustodyRow {
        counted: Some(c.counted),
        signed_by: c.difference_signed_by.clone(),
        ..custody_row(command, &c.box_code, "sealed", now)
    };
    work.tx.insert_custody(&[row])?;
    refold_box(work, now, &c.box_code, None, command)
}

/// What a custody event says to the fold; a reception is no fact of the field.
fn fact(event: &CustodyRow) -> Option<BoxFact<'_>> {
    Some(match (event.event.as_str(), event.target.as_deref()) {
        ("tube_packed", Some(tube)) => BoxFact::Packed(tube),
        ("tube_unpacked", Some(tube)) => BoxFact::Unpacked(tube),
        ("sealed", _) => BoxFact::Sealed { counted: event.counted?, signed: event.signed_by.is_some() },
        ("given", _) => BoxFact::Given,
        ("taken", _) => BoxFact::Taken,
        _ => return None,
    })
}

/// Folds a box from its custody events and writes what changed; answers the verdict of `command`'s event.
fn refold_box(work: &mut Work<'_, '_>, now: Instant, code: &str, site: Option<Id<Site>>, command: &Incoming) -> Result<Verdict> {
    let events = work.tx.custody_of(code)?;
    let before = work.tx.box_for_update(code)?;
    let facts: Vec<(FactKey, BoxFact<'_>)> = events.iter().filter_map(|event| Some((event.key, fact(event)?))).collect();
    let folded = boxes::fold(&facts);
    let mut b = before.clone().unwrap_or_else(|| new_box(code, command.key.at));
    // A box that a laboratory received before anything was known of it stays received.
    if let Some(arrival) = events.iter().find(|event| event.event == "box_received").filter(|_| before.is_none()) {
        b.state = BoxState::Received.as_str().into();
        b.state_at = arrival.recorded_at;
    }
    b.tubes = folded.tubes.len() as i32;
    b.site = b.site.or(site);
    b.sealed_at = folded.sealed.map(|key| key.at);
    b.counted = folded.counted;
    // A laboratory's reception is beyond the field's facts.
    if b.state != BoxState::Received.as_str() && b.state != folded.state.as_str() {
        b.state = folded.state.as_str().into();
        b.state_at = now;
    }
    let holder = events.iter().filter(|event| event.event == "taken").max_by_key(|event| event.key).map(|event| event.actor);
    b.holder = holder.or(b.holder);
    if before.as_ref() != Some(&b) {
        b.version += 1;
        work.tx.upsert_box(&b)?;
    }
    let mut own = Verdict::Accepted;
    for (key, verdict) in folded.verdicts {
        for event in events.iter().filter(|event| event.key == key) {
            let waits = waits(work, now, event, verdict);
            judge(work, now, command, event, verdict, waits)?;
            if event.id == command.id && !waits {
                own = verdict;
            }
        }
    }
    Ok(own)
}

/// A half of a hand-over may come before what the site's phones have to say of its box: a courier has network where the
/// site had none. For a while that is nobody's problem; it is the site's facts that are still on their way.
fn waits(work: &Work<'_, '_>, now: Instant, event: &CustodyRow, verdict: Verdict) -> bool {
    let half = event.event == "given" || event.event == "taken";
    let settled_by_facts = matches!(verdict, Verdict::Exception(ExceptionKind::UnknownTarget | ExceptionKind::WrongState));
    half && settled_by_facts && now < event.recorded_at.plus_seconds(work.plan.profile.hand_over_wait_s)
}

/// The exception about one box of a hand-over has an id of its own: a hand-over may be about many.
#[must_use]
pub fn exception_id(event: &CustodyRow) -> Uuid {
    if event.event != "given" && event.event != "taken" {
        return event.id;
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&allclear_seal::sha256(format!("{}/{}", event.id, event.subject).as_bytes())[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn judge(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, event: &CustodyRow, verdict: Verdict, waits: bool) -> Result<()> {
    let word = match verdict {
        Verdict::Exception(_) if waits => PENDING,
        Verdict::Exception(kind) => kind.as_str(),
        Verdict::Accepted | Verdict::AcceptedFull => "accepted",
    };
    if event.verdict != word {
        work.tx.set_custody_verdict(&event.subject, event.id, word)?;
    }
    let id = exception_id(event);
    let about = Incoming { id, key: event.key, subject: event.subject.clone(), ..command.clone() };
    match verdict {
        Verdict::Exception(kind) if waits => {
            let exception = work.exception(event.recorded_at, &about, kind, None, None, None)?;
            work.tx.wait_exception(&exception)
        }
        Verdict::Exception(kind) => work.open_exception(now, &about, kind, None, None, None),
        // What it was opened as, not what the fact was called since: the verdict may have changed while it was open.
        Verdict::Accepted | Verdict::AcceptedFull if event.verdict != word => refold::close_for(work, now, &event.subject, id),
        Verdict::Accepted | Verdict::AcceptedFull => Ok(()),
    }
}

/// Who signed the statement that a half carries, by short number; nothing if it carries one that is
/// not signed by an enrolled device, or that speaks of another hand-over, the same side, other boxes.
fn shown_by(tx: &Tx<'_>, c: &HandOver) -> Result<Option<Option<i64>>> {
    let Some(text) = c.counterpart.as_deref() else { return Ok(Some(None)) };
    let Some((shown, signed)) = statement::read(text) else { return Ok(None) };
    let Some(device) = tx.device(Id::new(shown.device))? else { return Ok(None) };
    let fits = signed.verify(&device.public_key).is_ok() && shown.handover == c.handover && shown.side != c.side && shown.boxes == c.boxes;
    Ok(fits.then_some(Some(device.no)))
}

/// A hand-over as stored, for the rules.
fn known(row: &HandoverRow) -> Handover {
    let half = |half: Option<(_, i64, _)>, shown_by| half.map(|(_, device_no, _)| Half { device_no, shown_by });
    Handover {
        giver: half(row.giver, row.shown_to_giver),
        taker: half(row.taker, row.shown_to_taker),
        disputed: row.state == HandoverState::Disputed.as_str(),
    }
}

/// One half of a hand-over. A box that was taken is where it is, whoever took it, and laboratory and
/// clocks need to know: it is recorded, and beside it stands that this account may not carry it.
pub fn hand_over(work: &mut Work<'_, '_>, plan: &Plan, now: Instant, command: &Incoming, c: &HandOver) -> Result<Verdict> {
    let verdict = join(work, now, command, c)?;
    let mut reached = true;
    for code in &c.boxes {
        let site = work.tx.box_for_update(code)?.and_then(|row| row.site);
        reached &= command.reaches(plan, site);
    }
    if reached || matches!(verdict, Verdict::Exception(_)) {
        return Ok(verdict);
    }
    work.open_exception(now, command, ExceptionKind::OutOfScope, None, None, None)?;
    Ok(Verdict::Exception(ExceptionKind::OutOfScope))
}

/// Whether a reception took the taker's place: only phones leave a box's record of who took it.
fn answered_by_reception(tx: &Tx<'_>, row: &HandoverRow) -> Result<bool> {
    if row.taker.is_none() || row.state != HandoverState::Joined.as_str() {
        return Ok(false);
    }
    let (id, boxes) = (row.id.to_string(), serde_json::from_str::<Vec<String>>(&row.boxes).unwrap_or_default());
    for code in &boxes {
        let events = tx.custody_of(code)?;
        if events.iter().any(|event| event.event == "taken" && event.target.as_deref() == Some(id.as_str())) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Either half moves the boxes; both together close the hand-over.
fn join(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &HandOver) -> Result<Verdict> {
    work.flush()?;
    let boxes = serde_json::to_string(&c.boxes).unwrap_or_default();
    let stored = work.tx.handover_for_update(c.handover)?;
    let mut row = stored.clone().unwrap_or_else(|| HandoverRow {
        id: c.handover,
        boxes: boxes.clone(),
        destination: None,
        giver: None,
        taker: None,
        shown_to_giver: None,
        shown_to_taker: None,
        state: HandoverState::Half.as_str().into(),
    });
    // The taker's own half says more than the reception that answered for it, and takes its place back.
    if c.side == HandOverSide::Taker && answered_by_reception(work.tx, &row)? {
        row.taker = None;
    }
    let mut handover = known(&row);
    let shown = shown_by(work.tx, c)?;
    let half = Half { device_no: command.key.device_no, shown_by: shown.flatten() };
    let (side, place, carried) = match c.side {
        HandOverSide::Giver => (Side::Giver, &mut row.giver, &mut row.shown_to_giver),
        HandOverSide::Taker => (Side::Taker, &mut row.taker, &mut row.shown_to_taker),
    };
    let who = Some((command.account, command.key.device_no, command.key.at));
    let differs = place.is_some() && *place != who;
    let heard = Heard { same_boxes: row.boxes == boxes, honest: shown.is_some() };
    let verdict = if differs { Verdict::Exception(ExceptionKind::ContentDiffers) } else { handover.hear(side, half, heard) };
    if verdict != Verdict::Exception(ExceptionKind::ContentDiffers) {
        *place = who;
        *carried = half.shown_by;
        row.destination = row.destination.or_else(|| c.destination.clone());
        row.state = handover.state().as_str().into();
        if stored.as_ref() != Some(&row) {
            work.tx.upsert_handover(&row)?;
        }
    }
    if let Verdict::Exception(kind) = verdict {
        work.open_exception(now, command, kind, None, None, None)?;
        if kind == ExceptionKind::ContentDiffers {
            return Ok(verdict);
        }
    }
    let mut answer = verdict;
    for code in &c.boxes {
        let of_box = carry(work, now, command, c, code)?;
        answer = if answer == Verdict::Accepted { of_box } else { answer };
    }
    Ok(answer)
}

/// One box of a hand-over leaves, with the tubes in it.
fn carry(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &HandOver, code: &str) -> Result<Verdict> {
    let event = match c.side {
        HandOverSide::Giver => "given",
        HandOverSide::Taker => "taken",
    };
    let row = CustodyRow { target: Some(c.handover.to_string()), detail: c.destination.clone(), ..custody_row(command, code, event, now) };
    work.tx.insert_custody(&[row])?;
    let verdict = refold_box(work, now, code, None, command)?;
    for tube in work.tx.tubes_in_box(code)? {
        if tube.stage != Stage::Boxed {
            continue;
        }
        let from = Some(tube.stage);
        let moved = allclear_store::sampling::TubeRow { stage: Stage::InTransit, stage_at: now, ..tube };
        let bucket = work.touch(&moved.code);
        let fact = Fact::Tube {
            code: moved.code.clone(),
            round: moved.round,
            site: moved.site,
            from,
            to: moved.stage,
            members: moved.valid,
            at: now,
            started_at: Some(moved.opened_at),
        };
        work.note(bucket, fact);
        work.tubes.insert(moved.code.clone(), moved);
    }
    work.flush()?;
    Ok(verdict)
}
