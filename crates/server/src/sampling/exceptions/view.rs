//! Exceptions as the desk shows them.

use allclear_domain::{
    kernel::id::{Id, Site},
    people::mask,
    sampling::{
        ExceptionKind,
        exception::{Resolution, allowed, suggested},
    },
};
use allclear_seal::Keys;
use allclear_store::{
    Tx,
    sampling::{CollectionRow, ExceptionRow, TubeRow},
};
use allclear_wire::{exceptions as wire, sync::PersonRef};

use super::ops;
use crate::{
    clock::rfc3339,
    plan::Plan,
    sampling::{apply::wire_exception, rounds::view::area_name, view},
};

/// Wire word of a decision.
#[must_use]
pub const fn resolution(resolution: Resolution) -> wire::Resolution {
    match resolution {
        Resolution::Keep => wire::Resolution::Keep,
        Resolution::Void => wire::Resolution::Void,
        Resolution::LinkPerson => wire::Resolution::LinkPerson,
        Resolution::Dismiss => wire::Resolution::Dismiss,
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
    let custody = tx.custody_of(&row.subject)?.into_iter().find(|event| event.id == row.id);
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
    let text = keys.open_cell("collection", "claimed", &swab.id.to_string(), swab.claimed.as_ref()?).ok()?;
    Some(match serde_json::from_str(&text).ok()? {
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

fn met(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow, tube: Option<TubeRow>) -> allclear_store::Result<wire::MetSide> {
    let swabs = match (row.person, row.round) {
        (Some(person), Some(round)) => tx.person_swabs(person, round)?,
        _ => Vec::new(),
    };
    Ok(wire::MetSide {
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
