//! Two records of one person become one, and two again. No row of a swab is touched: the record that goes points at the
//! one that stays, and the same commit tells the feed for whom each swab counts now, and takes the record that went off
//! the lists of the rounds that run.

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        id::{Id, PersonNo, Round},
    },
    people::{
        document::{Document, DocumentKind},
        merge::{self, MergeRefusal, Record},
    },
};
use allclear_seal::Keys;
use allclear_store::{Result as StoreResult, Tx, feed::NewChange, lab::follow_ups::MemberRow, records::NewEvent, register::PersonRow};
use allclear_wire::people::MergeRequest;
use serde::{Deserialize, Serialize};

use super::{reason, record};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    expected::running::{self, Moved},
    people::view,
};

/// Operation of a merge, in the feed and in the history of both records.
const MERGED: &str = "merge_persons";
/// Operation of one that is taken back.
const UNMERGED: &str = "unmerge_persons";
/// Steps of a history that are looked through for a merge: a record that went gets no others.
const STEPS_MAX: i64 = 100;

/// What a merge changed besides the pointer: kept sealed in the history of the record that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Undo {
    /// State of the record before.
    state: String,
    /// Lists that expected it.
    lists: Vec<Moved>,
}

impl Undo {
    fn sealed(&self, keys: &Keys, goes: PersonNo) -> Vec<u8> {
        keys.seal_cell("person_event", "detail", &goes.0.to_string(), &serde_json::to_string(self).unwrap_or_default())
    }

    /// What the merge that is taken back had kept. Merges of before it was kept took active records off no list.
    fn of_merge(tx: &Tx<'_>, goes: PersonNo, stays: PersonNo) -> StoreResult<Self> {
        let steps = tx.person_events(goes, STEPS_MAX)?;
        let step = steps.iter().find(|step| step.op == MERGED && step.other == Some(stays.0));
        let kept = step.and_then(|step| step.detail.as_deref()).and_then(|sealed| {
            let text = tx.keys().open_cell("person_event", "detail", &goes.0.to_string(), sealed).ok()?;
            serde_json::from_str(&text).ok()
        });
        Ok(kept.unwrap_or_else(|| Self { state: "active".into(), lists: Vec::new() }))
    }
}

fn refusal(refusal: MergeRefusal) -> Problem {
    match refusal {
        MergeRefusal::Same => Code::MergeSame,
        MergeRefusal::AlreadyMerged => Code::MergeAlready,
        MergeRefusal::DifferentPeople => Code::MergeDifferentPeople,
        MergeRefusal::NotMerged => Code::MergeNotMerged,
    }
    .problem()
}

fn merge_record(tx: &Tx<'_>, person: &PersonRow) -> StoreResult<Record> {
    let documents = tx.document_rows(&[person.no.0])?.into_iter().filter_map(|row| {
        let kind = DocumentKind::parse(&row.kind)?;
        Some(view::document_number(tx.keys(), &row).map(|number| Document::kept(kind, number)))
    });
    Ok(Record { no: person.no, documents: documents.collect::<Result<_, _>>()?, merged_into: person.merged_into.map(PersonNo) })
}

/// Merges `request.goes` into `stays`, or takes that merge back.
pub async fn merge(app: &App, caller: &Arc<Caller>, stays: PersonNo, request: MergeRequest, undo: bool) -> Result<()> {
    reason(&request.reason)?;
    let (now, caller, goes) = (app.now(), Arc::clone(caller), PersonNo(request.goes));
    let [of_stays, of_goes, change] = [app.ids.at(now), app.ids.at(now), app.ids.at(now)];
    let op = if undo { UNMERGED } else { MERGED };
    app.store
        .run(op, move |tx| -> Result<()> {
            tx.begin_merge()?;
            let kept = record(tx, &caller, Action::ManagePersons, stays)?;
            let gone = record(tx, &caller, Action::ManagePersons, goes)?;
            let (a, b) = (merge_record(tx, &kept)?, merge_record(tx, &gone)?);
            let step = |id, person, other: PersonNo, detail| {
                let other = Some(other.0);
                tx.append_person_event(&NewEvent { id, person, at: now, op, author: &caller.name, other, detail })
            };
            let swabs = swabs(tx, goes, undo.then_some(stays))?;
            let (lists, kept_for_undo) = if undo {
                merge::undo(&a, &b).map_err(refusal)?;
                let before = Undo::of_merge(tx, goes, stays)?;
                tx.point_person(&gone, None, &before.state, now)?;
                running::unmerge(tx, &gone, stays, &before.lists)?;
                (before.lists, None)
            } else {
                tx.point_person(&gone, Some(merge::merge(&a, &b).map_err(refusal)?), "merged", now)?;
                let before = Undo { state: gone.state.clone(), lists: running::merge(tx, &gone, &kept)? };
                let sealed = before.sealed(tx.keys(), goes);
                (before.lists, Some(sealed))
            };
            step(of_stays, stays, goes, None)?;
            step(of_goes, goes, stays, kept_for_undo.as_deref())?;
            let (from, to) = if undo { (stays, goes) } else { (goes, stays) };
            let facts = facts(&swabs, from, to, lists.iter().map(Moved::round));
            let bucket = tx.person_bucket(stays.0);
            Ok(tx.append_change(&NewChange { id: change, bucket, at: now, op, author: &caller.name, facts: &facts })?)
        })
        .await?;
    Ok(app.reload_plan().await?)
}

/// The swabs that count and were taken under the record that goes, or under one that went into it before. Once they
/// count for another (`counting_for`), some may be in tubes that only that one's side knows.
fn swabs(tx: &Tx<'_>, goes: PersonNo, counting_for: Option<PersonNo>) -> StoreResult<Vec<MemberRow>> {
    let family = tx.family(goes)?;
    let known: Vec<i64> = family.iter().copied().chain(counting_for.map(|person| person.0)).collect();
    let tubes = tx.tubes_of_persons(&known)?;
    let codes: Vec<&str> = tubes.iter().map(String::as_str).collect();
    Ok(tx.members_of(&codes, &["valid"])?.into_iter().filter(|member| family.contains(&member.person.0)).collect())
}

/// Each swab ceases to count for one and begins to count for the other; the lists of these rounds are others.
fn facts(swabs: &[MemberRow], from: PersonNo, to: PersonNo, rounds: impl Iterator<Item = Id<Round>>) -> Vec<Fact> {
    let counts = |swab: &MemberRow, person, delta| Fact::Collection {
        id: swab.id,
        round: swab.round,
        tube: swab.tube.clone(),
        person,
        area: swab.area,
        site: swab.site,
        taken_at: swab.taken_at,
        device_no: swab.device_no,
        delta,
    };
    let swabs = swabs.iter().flat_map(|swab| [counts(swab, from, -1), counts(swab, to, 1)]);
    swabs.chain(rounds.map(|round| Fact::Round { round })).collect()
}
