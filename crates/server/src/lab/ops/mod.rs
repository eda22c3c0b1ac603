//! What happens in laboratories. Each op loads, decides, writes and answers.

mod controls;
mod follow_ups;
mod imports;
mod labs;
mod receptions;
mod rejects;
mod releases;
mod results;
mod runs;
mod withdrawn;

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        id::{Account, Id, Lab, PersonNo},
        time::Instant,
    },
    lab::tube::Stage,
    sampling::FactKey,
};
use allclear_store::{
    Result as StoreResult, StoreError, Tx, feed::NewChange, lab::LabRow, lab::follow_ups::MemberRow, lab::results::Moved,
    sampling::CustodyRow,
};
use uuid::Uuid;

pub use follow_ups::{follow_up, follow_ups, put_member_outcome};
pub use imports::{FileOf, columns_of, confirm_import, discard_import, read_import};
pub use labs::{
    alerts, carried, clear_flag, create_instrument, create_kit, create_lab, flags, held_tubes, instruments, kits, labs, one_lab,
    set_mapping,
};
pub use receptions::{close_reception, holds, open_reception, reception, receptions, resolve_hold, scan};
pub use rejects::{reject_tube, repeat_run, repeat_tube};
pub use releases::{begin_bulk_release, release_desk, release_job, release_lease, release_one, spawn_bulk_release};
pub use results::enter_results;
pub use runs::{clear_well, create_run, move_run, place_wells, run, runs};
pub use withdrawn::{missing_tubes, void_tube};
pub(in crate::lab) use {follow_ups::settle, results::raise};

use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
};

/// Who does what when: everything an op's transaction needs besides its facts.
#[derive(Debug, Clone)]
pub(in crate::lab) struct Act {
    /// Now.
    pub now: Instant,
    /// Who.
    pub account: Id<Account>,
    /// Account name, for the change.
    pub name: Arc<str>,
    /// Short number of the device, 0 for a browser.
    pub device_no: i64,
    /// Id of the change.
    pub change: Uuid,
}

impl Act {
    /// An act of the program itself.
    pub(in crate::lab) fn of_service(now: Instant, change: Uuid) -> Self {
        Self { now, account: Id::new(Uuid::nil()), name: "allclear".into(), device_no: 0, change }
    }

    pub(super) fn new(app: &App, caller: &Caller) -> Self {
        let now = app.now();
        Self {
            now,
            account: caller.account,
            name: caller.name.as_str().into(),
            device_no: caller.device.map_or(0, |(_, no)| no),
            change: app.ids.at(now),
        }
    }

    /// Appends the change of this act, kept under the bucket of `key`.
    pub(super) fn change(&self, tx: &Tx<'_>, op: &'static str, key: &str, facts: &[Fact]) -> Result<(), StoreError> {
        let bucket = tx.bucket(key.as_bytes());
        tx.append_change(&NewChange { id: self.change, bucket, at: self.now, op, author: &self.name, facts })
    }

    /// A step of a tube's or box's way, for its trace.
    pub(super) fn custody(&self, subject: &str, event: &str, target: Option<String>, detail: Option<String>) -> CustodyRow {
        CustodyRow {
            subject: subject.into(),
            id: derived_id(&[event.as_bytes(), subject.as_bytes(), self.change.as_bytes()]),
            event: event.into(),
            key: FactKey { at: self.now, device_no: self.device_no, device_seq: 0 },
            recorded_at: self.now,
            actor: self.account,
            target,
            counted: None,
            signed_by: None,
            detail,
            verdict: "accepted".into(),
        }
    }
}

/// An id made from what it is about, so that a repetition makes the same one.
pub(in crate::lab) fn derived_id(parts: &[&[u8]]) -> Uuid {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    let hash = allclear_seal::sha256(&bytes);
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// The fact that a tube moved.
pub(super) fn moved_fact(moved: &Moved, from: Stage, to: Stage, at: Instant) -> Fact {
    let members = if matches!(to, Stage::Rejected | Stage::Void) { 0 } else { moved.members };
    // Reception starts the laboratory's clock; a repetition of the run does not start it again.
    let started_at = (to == Stage::Received && from < Stage::Received).then_some(at);
    Fact::Tube { code: moved.code.clone(), round: moved.round, site: moved.site, from: Some(from), to, members, at, started_at }
}

/// The facts that swabs stopped counting, each for whom it counted.
pub(super) fn left_facts(tx: &Tx<'_>, members: Vec<MemberRow>) -> StoreResult<Vec<Fact>> {
    let merged = tx.survivors(&members.iter().map(|m| m.person.0).collect::<Vec<_>>())?;
    let left = |m: MemberRow| Fact::Collection {
        id: m.id,
        round: m.round,
        tube: m.tube,
        person: merged.get(&m.person.0).copied().map_or(m.person, PersonNo),
        area: m.area,
        site: m.site,
        taken_at: m.taken_at,
        device_no: m.device_no,
        delta: -1,
    };
    Ok(members.into_iter().map(left).collect())
}

/// The laboratory, if the caller may do `action` where it stands.
pub(super) async fn lab_for(app: &App, caller: &Caller, lab: Uuid, action: Action) -> Result<LabRow> {
    let id: Id<Lab> = Id::new(lab);
    let row = app.store.read("find_lab", move |tx| tx.lab(id)).await?.ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(action, row.area)?;
    Ok(row)
}

/// A tube that does not stand where the act needs it.
pub(super) fn refused(refusal: &dyn std::error::Error) -> Problem {
    Code::StateConflict.problem().detail(refusal.to_string())
}
