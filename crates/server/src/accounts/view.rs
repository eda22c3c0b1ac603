//! Rows and callers as the wire shows them.

use allclear_domain::kernel::{access::Role, area::AreaCode, time::Instant};
use allclear_store::{
    accounts::{AccountRow, DeviceRow, GrantRow, LogRow},
    sessions::SessionRow,
};
use allclear_wire::accounts as wire;
use uuid::Uuid;

use super::ops::sessions;
use crate::{
    clock::rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Result},
    },
};

/// Wire word of a role.
#[must_use]
pub const fn role(role: Role) -> wire::Role {
    match role {
        Role::Registrar => wire::Role::Registrar,
        Role::SiteLead => wire::Role::SiteLead,
        Role::Courier => wire::Role::Courier,
        Role::LabEntry => wire::Role::LabEntry,
        Role::LabRelease => wire::Role::LabRelease,
        Role::Headquarters => wire::Role::Headquarters,
        Role::GridWorker => wire::Role::GridWorker,
        Role::Administrator => wire::Role::Administrator,
        Role::Auditor => wire::Role::Auditor,
    }
}

const fn from_role(word: wire::Role) -> Role {
    match word {
        wire::Role::Registrar => Role::Registrar,
        wire::Role::SiteLead => Role::SiteLead,
        wire::Role::Courier => Role::Courier,
        wire::Role::LabEntry => Role::LabEntry,
        wire::Role::LabRelease => Role::LabRelease,
        wire::Role::Headquarters => Role::Headquarters,
        wire::Role::GridWorker => Role::GridWorker,
        wire::Role::Administrator => Role::Administrator,
        wire::Role::Auditor => Role::Auditor,
    }
}

/// Reads grants; an area code that is none is refused.
pub fn grants(words: &[wire::Grant]) -> Result<Vec<GrantRow>> {
    words
        .iter()
        .map(|grant| {
            let area = AreaCode::parse(&grant.area).map_err(|_| Code::AreaUnknown.field("/grants"))?;
            Ok(GrantRow { role: from_role(grant.role), area })
        })
        .collect()
}

fn grant(role_: Role, area: AreaCode) -> wire::Grant {
    wire::Grant { role: role(role_), area: area.to_string() }
}

/// The caller, to themselves.
#[must_use]
pub fn me(caller: &Caller) -> wire::Me {
    wire::Me {
        account: caller.account.uuid(),
        name: caller.name.clone(),
        display_name: caller.display_name.clone(),
        grants: caller.grants.iter().map(|(role, area)| grant(*role, *area)).collect(),
        device: caller.device.map(|(id, _)| id.uuid()),
        expires_at: rfc3339(caller.expires_at),
    }
}

/// An account in a list.
#[must_use]
pub fn account(row: AccountRow, grants: &[GrantRow]) -> wire::Account {
    wire::Account {
        id: row.id.uuid(),
        name: row.name,
        display_name: row.display_name,
        active: row.active,
        grants: grants.iter().map(|g| grant(g.role, g.area)).collect(),
        created_at: rfc3339(row.created_at),
    }
}

/// An entry of the access log.
#[must_use]
pub fn entry((row, subject_name): (LogRow, Option<String>)) -> wire::AccessEntry {
    wire::AccessEntry {
        id: row.id,
        at: rfc3339(row.at),
        // No account can have this name: it has a colon.
        actor: row.machine_user.map_or(row.actor, |user| format!("{}:{user}", super::ops::log::COMMAND_LINE)),
        actor_display_name: row.actor_display_name,
        device_no: row.device_no,
        action: row.action,
        subject: row.subject,
        subject_name,
        reason: row.reason,
    }
}

/// Where a list of the access log goes on: time and id of the last entry shown.
pub fn cursor(text: &str) -> Result<Option<(Instant, Uuid)>> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((Instant(at.parse().ok()?), id.parse().ok()?))
    };
    read().map(Some).ok_or_else(|| Code::AddressInvalid.problem().detail("query: /after"))
}

/// A device in a list.
#[must_use]
pub fn device(row: DeviceRow, account_name: String) -> wire::Device {
    wire::Device {
        id: row.id.uuid(),
        device_no: row.no,
        label: row.label,
        account_name,
        enrolled_at: rfc3339(row.enrolled_at),
        seen_at: row.seen_at.map(rfc3339),
        revoked_at: row.revoked_at.map(rfc3339),
    }
}

/// The link that sets a password.
#[must_use]
pub fn reset_link(code: &str, expires_at: Instant) -> wire::ResetLink {
    wire::ResetLink { url: format!("/desk/#/reset?code={code}"), expires_at: rfc3339(expires_at) }
}

/// A session as its owner sees it.
#[must_use]
pub fn session(row: &SessionRow, own: bool) -> wire::Session {
    wire::Session {
        id: sessions::id(&row.token_hash),
        opened_at: rfc3339(row.created_at),
        seen_at: rfc3339(row.seen_at.unwrap_or(row.created_at)),
        expires_at: rfc3339(row.expires_at),
        agent: row.agent.clone(),
        own,
    }
}
