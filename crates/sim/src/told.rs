//! What a phone writes into its outbox: what it says, and what of it is sent.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    model::{Fact, Told},
    op::Op,
    town::{Town, box_code},
};

/// The phone, what it says, and the command's body; nothing for an operation that is no command, or that
/// speaks of a scan that was left out.
pub(crate) fn told<'f>(op: &Op, town: &Town<'_>, scan_of: &dyn Fn(u32) -> Option<&'f Fact>) -> Option<(usize, Told, Value)> {
    match op {
        Op::Scan { .. } | Op::ScanUnknown { .. } | Op::Forge { .. } => Some(swab(op, town)),
        Op::Undo { .. } | Op::Move { .. } => correction(op, town, scan_of),
        Op::Seal { .. } | Op::Pack { .. } | Op::Unpack { .. } => on_tube(op, town),
        Op::SealBox { .. } | Op::Give { .. } | Op::Take { .. } => on_box(op),
        _ => None,
    }
}

fn signed_by(signed: bool) -> Option<&'static str> {
    signed.then_some("应立夏")
}

fn swab(op: &Op, town: &Town<'_>) -> (usize, Told, Value) {
    let scan = |station: i32, tube: &str, no: i64| {
        json!({ "op": "record_collection", "round": town.set.round, "site": town.set.site, "station": station, "tube": tube,
                "tube_kind": "pool5", "person": { "by": "no", "no": no }, "id_mode": "code" })
    };
    match op {
        Op::Scan { phone, station, tube, person } => {
            let (code, no) = (town.label(*tube), town.person(*person));
            (*phone, Told::Swab(*station, code.clone(), Some(no)), scan(*station, &code, no))
        }
        Op::ScanUnknown { phone, station, tube } => {
            let code = town.label(*tube);
            (*phone, Told::Swab(*station, code.clone(), None), scan(*station, &code, 1))
        }
        Op::Forge { phone, person } => (*phone, Told::Forged(FORGED.into()), scan(1, FORGED, town.person(*person))),
        other => unreachable!("{other:?} is no swab"),
    }
}

/// Serial 42 has another check digit.
const FORGED: &str = "T0000000420";

fn correction<'f>(op: &Op, town: &Town<'_>, scan_of: &dyn Fn(u32) -> Option<&'f Fact>) -> Option<(usize, Told, Value)> {
    let of = |number: u32| scan_of(number).map(|scan| (scan.id, scan.told.subject().to_owned()));
    match op {
        Op::Undo { phone, of: number } => {
            let (id, code) = of(*number)?;
            let command = json!({ "op": "void_collection", "collection": id, "tube": code, "reason": "undo" });
            Some((*phone, Told::Undo(code, id), command))
        }
        Op::Move { phone, of: number, to } => {
            let ((id, from), to) = (of(*number)?, town.label(*to));
            let command = json!({ "op": "move_collection", "collection": id, "from_tube": from, "to_tube": to, "to_kind": "pool5" });
            Some((*phone, Told::Move(from, id, to), command))
        }
        _ => None,
    }
}

fn on_tube(op: &Op, town: &Town<'_>) -> Option<(usize, Told, Value)> {
    let pack = |word: &str, tube: &str, the_box: &str| json!({ "op": word, "box": the_box, "tube": tube, "site": town.set.site });
    match op {
        Op::Seal { phone, tube, counted, signed } => {
            let code = town.label(*tube);
            let command = json!({ "op": "seal_tube", "tube": code, "counted": counted, "difference_signed_by": signed_by(*signed) });
            Some((*phone, Told::Seal(code, *counted, *signed), command))
        }
        Op::Pack { phone, tube, the_box } => {
            let (code, the_box) = (town.label(*tube), box_code(*the_box));
            let command = pack("pack_tube", &code, &the_box);
            Some((*phone, Told::Pack(code, the_box), command))
        }
        Op::Unpack { phone, tube, the_box } => {
            let (code, the_box) = (town.label(*tube), box_code(*the_box));
            let command = pack("unpack_tube", &code, &the_box);
            Some((*phone, Told::Unpack(code, the_box), command))
        }
        _ => None,
    }
}

fn on_box(op: &Op) -> Option<(usize, Told, Value)> {
    let hand_over = |side: &str, the_box: &str, handover: Uuid| json!({ "op": "hand_over", "handover": handover, "side": side, "boxes": [the_box], "counterpart": null, "destination": "lab" });
    match op {
        Op::SealBox { phone, the_box, counted, signed } => {
            let code = box_code(*the_box);
            let command = json!({ "op": "seal_box", "box": code, "counted": counted, "difference_signed_by": signed_by(*signed) });
            Some((*phone, Told::SealBox(code, *counted, *signed), command))
        }
        Op::Give { phone, the_box, handover } => {
            let (code, handover) = (box_code(*the_box), Uuid::from_u128((*handover).into()));
            let command = hand_over("giver", &code, handover);
            Some((*phone, Told::Give(code, handover), command))
        }
        Op::Take { phone, the_box, handover } => {
            let (code, handover) = (box_code(*the_box), Uuid::from_u128((*handover).into()));
            let command = hand_over("taker", &code, handover);
            Some((*phone, Told::Take(code, handover), command))
        }
        _ => None,
    }
}
