//! Boxes and hand-overs. A box, like a tube, is the fold of its facts; the two halves of a hand-over
//! are joined by the id that the giver's phone made, in whatever order they arrive.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{change::Fact, id::Id, time::Instant},
    sampling::{
        ExceptionKind,
        tube::{Stage, Verdict},
    },
};
use allclear_store::{
    Result, Tx,
    sampling::{BoxRow, CustodyRow, HandoverRow},
};
use allclear_wire::sync::{HandOver, HandOverSide, PackTube, SealBox};

use super::{apply::Work, command::Incoming, statement};

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
        state: "open".into(),
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
pub fn seal(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &SealBox) -> Result<Verdict> {
    work.flush()?;
    let row = CustodyRow {
        counted: Some(c.counted),
        signed_by: c.difference_signed_by.clone(),
        ..custody_row(command, &c.box_code, "sealed", now)
    };
    work.tx.insert_custody(&[row])?;
    refold_box(work, now, &c.box_code, None, command)
}

/// Folds a box from its custody events; answers the verdict of `command`'s event.
fn refold_box(
    work: &mut Work<'_, '_>,
    now: Instant,
    code: &str,
    site: Option<Id<allclear_domain::kernel::id::Site>>,
    command: &Incoming,
) -> Result<Verdict> {
    let events = work.tx.custody_of(code)?;
    let mut b = work.tx.box_for_update(code)?.unwrap_or_else(|| new_box(code, command.key.at));
    let mut inside: BTreeMap<&str, ()> = BTreeMap::new();
    let mut sealed: Option<&CustodyRow> = None;
    let mut own = Verdict::Accepted;
    for event in &events {
        let verdict = match (event.event.as_str(), event.target.as_deref(), sealed) {
            ("tube_packed" | "tube_unpacked", Some(_), Some(_)) => Verdict::Exception(ExceptionKind::WrongState),
            ("tube_packed", Some(tube), None) => {
                inside.insert(tube, ());
                Verdict::Accepted
            }
            ("tube_unpacked", Some(tube), None) => {
                inside.remove(tube);
                Verdict::Accepted
            }
            ("sealed", _, Some(_)) => Verdict::Exception(ExceptionKind::WrongState),
            ("sealed", _, None) => {
                sealed = Some(event);
                let agrees = event.counted == i32::try_from(inside.len()).ok() || event.signed_by.is_some();
                if agrees { Verdict::Accepted } else { Verdict::Exception(ExceptionKind::CountDiffers) }
            }
            _ => Verdict::Accepted,
        };
        judge(work, now, command, event, verdict)?;
        if event.id == command.id {
            own = verdict;
        }
    }
    b.tubes = inside.len() as i32;
    b.site = b.site.or(site);
    b.sealed_at = sealed.map(|event| event.key.at);
    b.counted = sealed.and_then(|event| event.counted);
    if sealed.is_some() && b.state == "open" {
        b.state = "sealed".into();
        b.state_at = now;
    }
    b.version += 1;
    work.tx.upsert_box(&b)?;
    Ok(own)
}

fn judge(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, event: &CustodyRow, verdict: Verdict) -> Result<()> {
    let word = match verdict {
        Verdict::Exception(kind) => kind.as_str(),
        Verdict::Accepted | Verdict::AcceptedFull => "accepted",
    };
    if event.verdict != word {
        work.tx.set_custody_verdict(&event.subject, event.id, word)?;
    }
    let about = Incoming { id: event.id, key: event.key, subject: event.subject.clone(), ..command.clone() };
    match verdict {
        Verdict::Exception(kind) => work.open_exception(now, &about, kind, None, None, None),
        Verdict::Accepted | Verdict::AcceptedFull if event.verdict != word => {
            if work.tx.resolve_exception(&event.subject, event.id, None, now, "facts", "later facts settled it")? {
                let bucket = work.tx.bucket(event.subject.as_bytes());
                work.note(bucket, Fact::Exception { kind: event.verdict.clone(), round: None, delta: -1 });
            }
            Ok(())
        }
        Verdict::Accepted | Verdict::AcceptedFull => Ok(()),
    }
}

/// Whether the other side's statement fits this half: signed by an enrolled device, of the same
/// hand-over, the other side, the same boxes.
fn counterpart_fits(tx: &Tx<'_>, c: &HandOver) -> Result<bool> {
    let Some(text) = c.counterpart.as_deref() else { return Ok(true) };
    let Some((shown, signed)) = statement::read(text) else { return Ok(false) };
    let Some(device) = tx.device(Id::new(shown.device))? else { return Ok(false) };
    Ok(signed.verify(&device.public_key).is_ok() && shown.handover == c.handover && shown.side != c.side && shown.boxes == c.boxes)
}

/// One half of a hand-over. Either half moves the boxes; both together close it.
pub fn hand_over(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &HandOver) -> Result<Verdict> {
    work.flush()?;
    let boxes = serde_json::to_string(&c.boxes).unwrap_or_default();
    let stored = work.tx.handover_for_update(c.handover)?;
    let mut row = stored.clone().unwrap_or_else(|| HandoverRow {
        id: c.handover,
        boxes: boxes.clone(),
        destination: None,
        giver: None,
        taker: None,
        state: "half".into(),
    });
    let half = Some((command.account, command.key.device_no, command.key.at));
    let place = match c.side {
        HandOverSide::Giver => &mut row.giver,
        HandOverSide::Taker => &mut row.taker,
    };
    if place.is_some() && *place != half {
        work.open_exception(now, command, ExceptionKind::ContentDiffers, None, None, None)?;
        return Ok(Verdict::Exception(ExceptionKind::ContentDiffers));
    }
    *place = half;
    row.destination = row.destination.or_else(|| c.destination.clone());
    let agrees = row.boxes == boxes && counterpart_fits(work.tx, c)?;
    row.state = match (agrees && row.state != "disputed", row.giver.is_some() && row.taker.is_some()) {
        (false, _) => "disputed".into(),
        (true, true) => "joined".into(),
        (true, false) => "half".into(),
    };
    if stored.as_ref() != Some(&row) {
        work.tx.upsert_handover(&row)?;
        for code in &c.boxes {
            carry(work, now, command, c, code)?;
        }
    }
    if agrees {
        Ok(Verdict::Accepted)
    } else {
        work.open_exception(now, command, ExceptionKind::CountDiffers, None, None, None)?;
        Ok(Verdict::Exception(ExceptionKind::CountDiffers))
    }
}

fn carry(work: &mut Work<'_, '_>, now: Instant, command: &Incoming, c: &HandOver, code: &str) -> Result<()> {
    let event = match c.side {
        HandOverSide::Giver => "given",
        HandOverSide::Taker => "taken",
    };
    let row = CustodyRow { target: Some(c.handover.to_string()), detail: c.destination.clone(), ..custody_row(command, code, event, now) };
    work.tx.insert_custody(&[row])?;
    let mut b = work.tx.box_for_update(code)?.unwrap_or_else(|| new_box(code, command.key.at));
    if b.state != "received" {
        b.state = "handed_over".into();
    }
    if c.side == HandOverSide::Taker {
        b.holder = Some(command.account);
    }
    b.state_at = now;
    b.version += 1;
    work.tx.upsert_box(&b)?;
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
        };
        work.note(bucket, fact);
        work.tubes.insert(moved.code.clone(), moved);
    }
    work.flush()
}
