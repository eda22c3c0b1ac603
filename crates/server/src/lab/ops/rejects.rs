//! Tubes that cannot be tested, and results that are not trusted.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{access::Action, change::Fact, code::TubeCode},
    lab::{
        reception::RejectReason,
        tube::{self, Event, Stage},
    },
};
use allclear_store::{Tx, lab::results::LabTubeRow};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, lab_for, left_fact, moved_fact, refused};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
};

const HERE: [&str; 3] = ["received", "on_run", "resulted"];

/// Rejects one received tube inside a transaction: its collections stop counting in the same
/// commit; tasks and notices of its members follow from the change.
pub(super) fn reject(tx: &Tx<'_>, act: &Act, row: &mut LabTubeRow, reason: RejectReason, note: Option<&str>) -> Result<Vec<Fact>> {
    let next = tube::step(row.stage, Event::Reject).map_err(|refusal| refused(&refusal))?;
    let members = tx.members_of(&[&row.tube], &["valid"])?;
    tx.reject_collections(&row.tube)?;
    let moved = tx.move_tubes(&[&row.tube], &HERE, next, act.now)?;
    tx.empty_tube(&row.tube)?;
    let from = std::mem::replace(&mut row.stage, next);
    row.reject_reason = Some(reason.as_str().into());
    row.version += 1;
    tx.upsert_lab_tubes(&[row])?;
    let detail = serde_json::json!({ "reason": reason.as_str(), "note": note }).to_string();
    tx.insert_custody(&[act.custody(&row.tube, "rejected", None, Some(detail))])?;
    let mut facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, from, next, act.now)).collect();
    facts.extend(members.into_iter().map(left_fact));
    Ok(facts)
}

fn load(tx: &Tx<'_>, lab: &allclear_store::lab::LabRow, code: &str) -> Result<LabTubeRow> {
    let mut found: HashMap<String, LabTubeRow> = tx.lab_tubes_for_update(&[code])?;
    found.remove(code).filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.problem())
}

fn code_of(text: &str) -> Result<String> {
    TubeCode::parse(text).map(|code| code.as_str().to_owned()).map_err(|_| Code::CodeMalformed.problem())
}

/// Rejects a tube that was received here.
pub async fn reject_tube(app: &App, caller: &Caller, lab: Uuid, code: &str, request: wire::RejectTube) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let code = code_of(code)?;
    let reason = RejectReason::parse(&request.reason).ok_or_else(|| Code::BodyInvalid.field("/reason"))?;
    let note = request.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    if reason == RejectReason::Other && note.is_none() {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let act = Act::new(app, caller);
    app.store
        .run("reject_tube", move |tx| {
            let mut row = load(tx, &lab, &code)?;
            let facts = reject(tx, &act, &mut row, reason, note.as_deref())?;
            act.change(tx, "reject_tube", &code, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}

/// Sends a tube back to the queue for another run; its result, if any, is taken back.
pub async fn repeat_tube(app: &App, caller: &Caller, lab: Uuid, code: &str) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let code = code_of(code)?;
    let act = Act::new(app, caller);
    app.store
        .run("repeat_tube", move |tx| {
            let mut row = load(tx, &lab, &code)?;
            let next = tube::step(row.stage, Event::Repeat).map_err(|refusal| refused(&refusal))?;
            let from: Stage = row.stage;
            let detail = serde_json::json!({ "value": row.value.map(|v| v.as_str()), "cts": row.cts }).to_string();
            row = LabTubeRow {
                stage: next,
                run: None,
                well: None,
                value: None,
                cts: None,
                ct_disagrees: false,
                source: None,
                entered_by: None,
                entered_at: None,
                version: row.version + 1,
                ..row
            };
            tx.upsert_lab_tubes(&[&row])?;
            let moved = tx.move_tubes(&[&code], &HERE, next, act.now)?;
            tx.insert_custody(&[act.custody(&code, "repeated", None, Some(detail))])?;
            let facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, from, next, act.now)).collect();
            act.change(tx, "repeat_tube", &code, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}
