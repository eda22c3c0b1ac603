//! Who it was: what a device said of somebody unknown, looked at with a reason, and registered.

use allclear_domain::kernel::access::Action;
use allclear_seal::Keys;
use allclear_store::{Tx, people::PersonPlace, sampling::CollectionRow};
use allclear_wire::{
    exceptions::{Claim, RegisterClaim, RevealClaim},
    sync::PersonRef,
};
use uuid::Uuid;

use super::ops::swab_of;
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Result},
    },
    plan::Plan,
    sampling::{
        person::{FilledIn, register_claimed},
        rounds::ops::{area, text},
    },
};

/// What the device said of the person of a swab, opened; nothing once it is known who it is.
pub fn opened(keys: &Keys, swab: &CollectionRow) -> Option<PersonRef> {
    let text = keys.open_cell("collection", "claimed", &swab.id.to_string(), swab.claimed.as_ref()?).ok()?;
    serde_json::from_str(&text).ok()
}

/// What the device said, in clear; logged with its reason before it is given.
pub async fn reveal_claim(app: &App, caller: &Caller, id: Uuid, request: RevealClaim) -> Result<Claim> {
    let reason = text(&request.reason, "/reason").map_err(|_| Code::ReasonRequired.field("/reason"))?;
    let now = app.now();
    let (log, caller) = (app.ids.at(now), caller.clone());
    app.store
        .run("reveal_claim", move |tx| -> Result<Claim> {
            let row = tx.exception_by_id(id)?.ok_or_else(|| Code::NotFound.problem())?;
            caller.require_in(Action::ResolveExceptions, row.area)?;
            let swab = swab_of(tx, &row)?;
            let claim = swab.and_then(|swab| opened(tx.keys(), &swab)).ok_or_else(|| Code::NotFound.problem())?;
            let device = caller.device.map(|(device, _)| device);
            tx.log_access(log, now, caller.account, device, "reveal_claim", &format!("exception {id}"), &reason)?;
            Ok(shown(claim))
        })
        .await
}

fn shown(claim: PersonRef) -> Claim {
    match claim {
        PersonRef::No { no } => Claim { no: Some(no), ..Claim::default() },
        PersonRef::Code { code } => Claim { code: Some(code), ..Claim::default() },
        PersonRef::Document { kind, number, name } => Claim { document_kind: Some(kind), document: Some(number), name, ..Claim::default() },
        PersonRef::Manual { name, phone, birth_year, .. } => Claim { name: Some(name), phone, birth_year, ..Claim::default() },
    }
}

/// Checks what was filled in, before anything is written.
pub fn check(plan: &Plan, caller: &Caller, register: &RegisterClaim) -> Result<()> {
    if let Some(name) = &register.name {
        text(name, "/register/name")?;
    }
    if let Some(phone) = &register.phone {
        text(phone, "/register/phone")?;
    }
    if register.birth_year.is_some_and(|year| !(1900..=2100).contains(&year)) {
        return Err(Code::BodyInvalid.field("/register/birth_year"));
    }
    match &register.area {
        Some(code) => area(plan, caller, Action::ResolveExceptions, code, "/register/area").map(drop),
        None => Ok(()),
    }
}

/// Registers the person of a swab.
pub fn register(
    tx: &Tx<'_>,
    plan: &Plan,
    swab: &CollectionRow,
    new: &RegisterClaim,
    now: allclear_domain::kernel::time::Instant,
) -> Result<PersonPlace> {
    let claim =
        opened(tx.keys(), swab).ok_or_else(|| Code::BodyInvalid.field("/register").detail("the device said nothing of this person"))?;
    let at_site = plan.sites.get(&swab.site).map_or(swab.area, |site| site.area);
    let home = new.area.as_deref().and_then(|code| allclear_domain::kernel::area::AreaCode::parse(code).ok()).unwrap_or(at_site);
    let trimmed = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_owned());
    let filled = FilledIn { name: trimmed(&new.name), phone: trimmed(&new.phone), birth_year: new.birth_year };
    register_claimed(tx, &claim, &filled, home, now)?.ok_or_else(|| Code::BodyInvalid.field("/register/name").detail("a name is needed"))
}
