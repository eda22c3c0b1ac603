//! A command of the wire, parsed once into the types of the domain.

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        code::{BoxCode, TubeCode},
        id::{Account, Device, Id, Site},
        time::Instant,
    },
    sampling::{ExceptionKind, FactKey, tube::TubeKind},
};
use allclear_wire::sync::{self as wire, Command, HandOverSide, Op};
use uuid::Uuid;

use crate::{clock::parse_rfc3339, edge::guard::Caller, plan::Plan};

/// One command with who sent it and when.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Id made on the device.
    pub id: Uuid,
    /// Its place in the order of facts.
    pub key: FactKey,
    /// Whether the device was offline.
    pub offline: bool,
    /// Server clock less device clock, microseconds.
    pub clock_offset: i64,
    /// Account.
    pub account: Id<Account>,
    /// Device.
    pub device: Id<Device>,
    /// Areas in which the account may do this; none if no role of it allows it.
    pub areas: Vec<AreaCode>,
    /// Site that the command names.
    pub site: Option<Id<Site>>,
    /// Where the account does field work: an exception that has no other place is shown there.
    pub home: Option<AreaCode>,
    /// What happened, or why it cannot be read.
    pub op: Result<Op, ExceptionKind>,
    /// The tube or box it is about.
    pub subject: String,
}

impl Incoming {
    /// Whether the account may do this at a site; at one that is not known, whether it may anywhere.
    #[must_use]
    pub fn reaches(&self, plan: &Plan, site: Option<Id<Site>>) -> bool {
        match site.and_then(|site| plan.sites.get(&site)) {
            Some(site) => self.areas.iter().any(|root| site.area.is_within(*root)),
            None => !self.areas.is_empty(),
        }
    }
}

/// Reads a command. A malformed code or time makes an exception, not an error.
#[must_use]
pub fn incoming(command: Command, caller: &Caller, device: (Id<Device>, i64), now: Instant, offset: i64) -> Incoming {
    let at = parse_rfc3339(&command.at);
    let site = match &command.op {
        Op::RecordCollection(c) => Some(Id::new(c.site)),
        Op::PackTube(c) | Op::UnpackTube(c) => Some(Id::new(c.site)),
        Op::VoidCollection(_) | Op::MoveCollection(_) | Op::SealTube(_) | Op::SealBox(_) | Op::HandOver(_) => None,
    };
    let mut op = Ok(command.op);
    let subject = match op.as_mut().ok().and_then(normalise) {
        Some(subject) if at.is_some() => subject,
        _ => {
            let raw = op.as_ref().map(raw_subject).unwrap_or_default();
            op = Err(ExceptionKind::MalformedCode);
            raw
        }
    };
    Incoming {
        id: command.id,
        key: FactKey { at: at.unwrap_or(now), device_no: device.1, device_seq: command.device_seq },
        offline: command.offline,
        clock_offset: offset,
        account: caller.account,
        device: device.0,
        areas: op.as_ref().map_or_else(|_| areas(caller, Action::RecordFieldFacts), |op| areas(caller, needs(op))),
        site,
        home: caller.areas(Action::RecordFieldFacts).next(),
        op,
        subject,
    }
}

/// What a command needs besides the right to send any: a courier carries what a registrar swabbed.
/// Giving a box away needs no more, since whoever holds it must be able to.
const fn needs(op: &Op) -> Action {
    match op {
        Op::HandOver(c) => match c.side {
            HandOverSide::Giver => Action::RecordFieldFacts,
            HandOverSide::Taker => Action::CarryBoxes,
        },
        Op::RecordCollection(_)
        | Op::VoidCollection(_)
        | Op::MoveCollection(_)
        | Op::SealTube(_)
        | Op::PackTube(_)
        | Op::UnpackTube(_)
        | Op::SealBox(_) => Action::RecordSwabs,
    }
}

fn areas(caller: &Caller, action: Action) -> Vec<AreaCode> {
    caller.areas(action).collect()
}

/// Puts codes into their stored form; answers the subject, or nothing if a code is malformed.
fn normalise(op: &mut Op) -> Option<String> {
    fn tube(code: &mut String) -> Option<()> {
        *code = TubeCode::parse(code).ok()?.as_str().to_owned();
        Some(())
    }
    fn the_box(code: &mut String) -> Option<()> {
        *code = BoxCode::parse(code).ok()?.as_str().to_owned();
        Some(())
    }
    match op {
        Op::RecordCollection(c) => tube(&mut c.tube).map(|()| c.tube.clone()),
        Op::VoidCollection(c) => tube(&mut c.tube).map(|()| c.tube.clone()),
        Op::MoveCollection(c) => tube(&mut c.from_tube).and_then(|()| tube(&mut c.to_tube)).map(|()| c.from_tube.clone()),
        Op::SealTube(c) => tube(&mut c.tube).map(|()| c.tube.clone()),
        Op::PackTube(c) | Op::UnpackTube(c) => tube(&mut c.tube).and_then(|()| the_box(&mut c.box_code)).map(|()| c.tube.clone()),
        Op::SealBox(c) => the_box(&mut c.box_code).map(|()| c.box_code.clone()),
        Op::HandOver(c) => {
            c.boxes.iter_mut().try_for_each(|code| the_box(code).ok_or(())).ok()?;
            c.boxes.sort_unstable();
            c.boxes.dedup();
            c.boxes.first().cloned()
        }
    }
}

/// What the device scanned, for the exception: shortened, since anything may stand on a label.
fn raw_subject(op: &Op) -> String {
    let raw = match op {
        Op::RecordCollection(c) => &c.tube,
        Op::VoidCollection(c) => &c.tube,
        Op::MoveCollection(c) => &c.from_tube,
        Op::SealTube(c) => &c.tube,
        Op::PackTube(c) | Op::UnpackTube(c) => &c.tube,
        Op::SealBox(c) => &c.box_code,
        Op::HandOver(c) => return c.boxes.first().map(|code| code.chars().take(64).collect()).unwrap_or_default(),
    };
    raw.chars().take(64).collect()
}

/// Domain kind of a tube.
#[must_use]
pub const fn tube_kind(kind: wire::TubeKind) -> TubeKind {
    match kind {
        wire::TubeKind::Single => TubeKind::Single,
        wire::TubeKind::Pool5 => TubeKind::Pool5,
        wire::TubeKind::Pool10 => TubeKind::Pool10,
        wire::TubeKind::Pool20 => TubeKind::Pool20,
        wire::TubeKind::Household => TubeKind::Household,
    }
}

/// Stored word of an id mode.
#[must_use]
pub const fn id_mode(mode: wire::IdMode) -> &'static str {
    match mode {
        wire::IdMode::Code => "code",
        wire::IdMode::Card => "card",
        wire::IdMode::Typed => "typed",
        wire::IdMode::Proxy => "proxy",
        wire::IdMode::Manual => "manual",
    }
}
