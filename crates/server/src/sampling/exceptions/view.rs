//! Exceptions as the desk shows them.

use allclear_domain::{
    kernel::{
        code::BoxCode,
        id::{Account, Id, Site},
        time::Instant,
    },
    people::mask,
    sampling::{
        ExceptionKind,
        exception::{Resolution, allowed, suggested},
    },
};
use allclear_seal::Keys;
use allclear_store::{
    Tx,
    sampling::{CollectionRow, CustodyRow, ExceptionRow, TubeRow},
};
use allclear_wire::{exceptions as wire, sync::PersonRef};

use super::{claim, ops};
use crate::{
    clock::rfc3339,
    plan::Plan,
    sampling::{apply::wire_exception, boxes::exception_id, rounds::view::area_name, view},
};

/// Wire word of a decision.
#[must_use]
pub const fn resolution(resolution: Resolution) -> wire::Resolution {
    match resolution {
        Resolution::Keep => wire::Resolution::Keep,
        Resolution::Void => wire::Resolution::Void,
        Resolution::LinkPerson => wire::Resolution::LinkPerson,
        Resolution::Dismiss => wire::Resolution::Dismiss,
        Resolution::CorrectKind => wire::Resolution::CorrectKind,
    }
}

/// Decision of a wire word.
#[must_use]
pub const fn from_resolution(word: wire::Resolution) -> Resolution {
    match word {
        wire::Resolution::Keep => Resolution::Keep,
        wire::Resolution::Void => Resolution::Void,
        wire::Resolution::LinkPerson => Resolution::LinkPerson,
        wire::Resolution::Dismiss => Resolution::Dismiss,
        wire::Resolution::CorrectKind => Resolution::CorrectKind,
    }
}

fn site_name(plan: &Plan, site: Option<Id<Site>>) -> Option<String> {
    site.and_then(|id| plan.sites.get(&id)).map(|site| site.name.clone())
}

/// One line of the list.
#[must_use]
pub fn line(plan: &Plan, row: &ExceptionRow) -> wire::ExceptionLine {
    wire::ExceptionLine {
        id: row.id,
        kind: wire_exception(ExceptionKind::parse(&row.kind).unwrap_or(ExceptionKind::WrongState)),
        subject: row.subject.clone(),
        round: row.round.map(Id::uuid),
        round_name: row.round.and_then(|id| plan.rounds.get(&id)).map(|round| round.name.clone()),
        site: row.site.map(Id::uuid),
        site_name: site_name(plan, row.site),
        area: row.area.to_string(),
        area_name: area_name(plan, row.area),
        opened_at: rfc3339(row.opened_at),
        state: row.state.clone(),
        resolution: row.resolution.clone(),
    }
}

/// Everything the desk shows of one exception.
pub fn detail(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow) -> allclear_store::Result<wire::ExceptionDetail> {
    let kind = ExceptionKind::parse(&row.kind).unwrap_or(ExceptionKind::WrongState);
    let (swab, tube) = (ops::swab_of(tx, row)?, tx.tube(&row.subject)?);
    let sides = ops::sides(plan, row, swab.as_ref(), tube.as_ref());
    Ok(wire::ExceptionDetail {
        line: line(plan, row),
        sent: sent(tx, plan, row, swab.as_ref())?,
        met: met(tx, plan, row, tube)?,
        suggested: resolution(suggested(kind, sides)),
        allowed: allowed(kind, sides).iter().copied().map(resolution).collect(),
        resolved_by: tx.resolver_of(&row.subject, row.id)?,
        resolved_at: row.resolved_at.map(rfc3339),
        note: row.note.clone(),
    })
}

fn sent(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow, swab: Option<&CollectionRow>) -> allclear_store::Result<wire::SentSide> {
    let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
    let device_no = swab.map(|swab| swab.key.device_no).or_else(|| detail["device_no"].as_i64());
    let device = device_no.map(|no| tx.device_by_no(no)).transpose()?.flatten();
    let custody = tx.custody_of(&row.subject)?.into_iter().find(|event| event.id == row.id || exception_id(event) == row.id);
    let actor = swab.map(|swab| swab.registrar).or(custody.as_ref().map(|event| event.actor)).or(device.as_ref().map(|d| d.account));
    let registrar = actor.map(|id| tx.account(id)).transpose()?.flatten().map(|account| account.display_name);
    let person = swab.and_then(|swab| swab.person).or(row.person);
    let person_name = match person {
        Some(no) => tx.persons(&[no.0])?.first().map(|person| mask::name(&person.name)),
        None => None,
    };
    let at = swab.map(|swab| swab.key.at).or(custody.as_ref().map(|event| event.key.at));
    Ok(wire::SentSide {
        command: detail["command"].as_str().unwrap_or("record_collection").to_owned(),
        at: at.map(rfc3339),
        recorded_at: rfc3339(swab.map(|swab| swab.recorded_at).unwrap_or(row.opened_at)),
        clock_offset_s: swab.map(|swab| swab.clock_offset / 1_000_000),
        device_no,
        device_label: device.map(|device| device.label),
        registrar,
        site_name: site_name(plan, swab.map(|swab| swab.site).or(row.site)),
        station: swab.map(|swab| swab.station).or_else(|| detail["station"].as_i64().and_then(|n| i32::try_from(n).ok())),
        tube: row.subject.clone(),
        tube_kind: swab.map(|swab| view::tube_kind(swab.kind)),
        id_mode: swab.map(|swab| swab.id_mode.clone()),
        offline: swab.map(|swab| swab.offline),
        person: person.map(|no| no.0),
        person_name,
        claimed: swab.and_then(|swab| claimed(tx.keys(), swab)),
        state: swab.map(|swab| swab.state.clone()),
    })
}

/// What the device said of somebody unknown, masked.
fn claimed(keys: &Keys, swab: &CollectionRow) -> Option<String> {
    Some(match claim::opened(keys, swab)? {
        PersonRef::No { no } => no.to_string(),
        PersonRef::Code { code } => code,
        PersonRef::Document { number, name, .. } => {
            let name = name.map(|name| mask::name(&name)).unwrap_or_default();
            format!("{name} {}", mask::document(&number)).trim().to_owned()
        }
        PersonRef::Manual { name, phone, .. } => {
            format!("{} {}", mask::name(&name), phone.map(|phone| mask::phone(&phone)).unwrap_or_default()).trim().to_owned()
        }
    })
}

fn account_name(tx: &Tx<'_>, id: Id<Account>) -> allclear_store::Result<String> {
    Ok(tx.account(id)?.map(|account| account.display_name).unwrap_or_default())
}

/// The box that an exception is about: what was scanned in beside what was counted.
fn met_box(tx: &Tx<'_>, plan: &Plan, events: &[CustodyRow], code: &str) -> allclear_store::Result<Option<wire::MetBox>> {
    let Some(row) = tx.box_for_look(code)? else { return Ok(None) };
    let seal = events.iter().find(|event| event.event == "sealed" && Some(event.key.at) == row.sealed_at);
    Ok(Some(wire::MetBox {
        site_name: site_name(plan, row.site),
        recorded: row.tubes,
        counted: row.counted,
        signed_by: seal.and_then(|seal| seal.signed_by.clone()),
        sealed_at: row.sealed_at.map(rfc3339),
        holder: row.holder.map(|holder| account_name(tx, holder)).transpose()?,
        state: row.state,
        code: row.code,
    }))
}

/// The hand-over that an exception is about, or the last one of its box.
fn met_handover(tx: &Tx<'_>, events: &[CustodyRow], id: uuid::Uuid) -> allclear_store::Result<Option<wire::MetHandover>> {
    let moves = || events.iter().filter(|event| event.event == "given" || event.event == "taken");
    let own = moves().find(|event| event.id == id || exception_id(event) == id).or_else(|| moves().next_back());
    let Some(handover) = own.and_then(|event| event.target.as_deref()?.parse().ok()) else { return Ok(None) };
    let Some(row) = tx.handover(handover)? else { return Ok(None) };
    let half = |half: Option<(Id<Account>, i64, Instant)>, shown_by| -> allclear_store::Result<Option<wire::MetHalf>> {
        let Some((who, device_no, at)) = half else { return Ok(None) };
        Ok(Some(wire::MetHalf { who: account_name(tx, who)?, device_no, at: rfc3339(at), shown_by }))
    };
    Ok(Some(wire::MetHandover {
        handover: row.id,
        state: row.state,
        boxes: serde_json::from_str(&row.boxes).unwrap_or_default(),
        destination: row.destination,
        giver: half(row.giver, row.shown_to_giver)?,
        taker: half(row.taker, row.shown_to_taker)?,
    }))
}

fn met(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow, tube: Option<TubeRow>) -> allclear_store::Result<wire::MetSide> {
    let swabs = match (row.person, row.round) {
        (Some(person), Some(round)) => tx.person_swabs(person, round)?,
        _ => Vec::new(),
    };
    let of_box = BoxCode::parse(&row.subject).is_ok();
    let events = if of_box { tx.custody_of(&row.subject)? } else { Vec::new() };
    Ok(wire::MetSide {
        of_box: met_box(tx, plan, &events, &row.subject)?,
        handover: met_handover(tx, &events, row.id)?,
        tube: tube.map(|tube| wire::MetTube {
            stage: tube.stage.as_str().into(),
            kind: view::tube_kind(tube.kind),
            site_name: site_name(plan, Some(tube.site)).unwrap_or_default(),
            station: tube.station,
            valid: tube.valid,
            inside: tube.inside,
            sealed_at: tube.sealed_at.map(rfc3339),
            counted: tube.counted,
        }),
        round: row.round.and_then(|id| plan.rounds.get(&id)).map(|round| wire::MetRound {
            name: round.name.clone(),
            state: round.state.as_str().into(),
            opened_at: round.window.opened_at.map(rfc3339),
            closed_at: round.window.closed_at.map(rfc3339),
        }),
        swabs: swabs
            .into_iter()
            .map(|swab| wire::MetSwab {
                tube: swab.tube,
                site_name: site_name(plan, Some(swab.site)).unwrap_or_default(),
                taken_at: rfc3339(swab.taken_at),
                valid: swab.valid,
                this: swab.collection.uuid() == row.id,
            })
            .collect(),
    })
}
