//! Tubes that cannot be tested, and results that are not trusted.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{access::Action, change::Fact, code::TubeCode, id::Id},
    lab::{
        reception::RejectReason,
        result::Value,
        run::RunState,
        tube::{self, Event, Stage},
    },
};
use allclear_store::{Tx, lab::LabRow, lab::results::LabTubeRow};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, lab_for, left_facts, moved_fact, refused, results::withdrawn};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::view,
};

const HERE: [&str; 3] = ["received", "on_run", "resulted"];

/// Rejects one received tube inside a transaction: its collections stop counting in the same
/// commit; tasks and notices of its members follow from the change. Hold merges off before the tube is locked.
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
    facts.extend(left_facts(tx, members)?);
    Ok(facts)
}

fn load(tx: &Tx<'_>, lab: &LabRow, code: &str) -> Result<LabTubeRow> {
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
            tx.hold_merges()?;
            let mut row = load(tx, &lab, &code)?;
            if row.value == Some(Value::Positive) && row.stage == Stage::Resulted {
                withdrawn(tx, &act, &lab, &row, "rejected")?;
            }
            let facts = reject(tx, &act, &mut row, reason, note.as_deref())?;
            act.change(tx, "reject_tube", &code, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}

/// Sends a tube back to the queue for another run; its result, if any, is taken back and not believed again.
pub async fn repeat_tube(app: &App, caller: &Caller, lab: Uuid, code: &str) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let code = code_of(code)?;
    let act = Act::new(app, caller);
    app.store
        .run("repeat_tube", move |tx| {
            let row = load(tx, &lab, &code)?;
            let facts = repeat(tx, &act, &lab, row)?;
            act.change(tx, "repeat_tube", &code, &facts)?;
            Ok::<_, Problem>(())
        })
        .await
}

/// Sends every tube of a run that is not released back to the queue: what is done when a control failed.
pub async fn repeat_run(app: &App, caller: &Caller, lab: Uuid, run: Uuid) -> Result<wire::Run> {
    let row = lab_for(app, caller, lab, Action::EnterResults).await?;
    let (act, id) = (Act::new(app, caller), Id::new(run));
    app.store
        .run("repeat_run", move |tx| {
            let run = tx.run_for_update(id)?.filter(|run| run.lab == row.id).ok_or_else(|| Code::NotFound.problem())?;
            if matches!(run.state, RunState::Draft | RunState::Aborted) {
                return Err(Code::StateConflict.problem().detail("the run is not on an instrument"));
            }
            let codes: Vec<String> = tx.wells(id)?.into_iter().filter_map(|well| well.tube).collect();
            let keys: Vec<&str> = codes.iter().map(String::as_str).collect();
            let mut held: Vec<LabTubeRow> = tx.lab_tubes_for_update(&keys)?.into_values().collect();
            held.sort_by(|a, b| a.tube.cmp(&b.tube));
            let mut facts = Vec::new();
            for tube in held.into_iter().filter(|tube| tube.run == Some(id) && matches!(tube.stage, Stage::OnRun | Stage::Resulted)) {
                facts.extend(repeat(tx, &act, &row, tube)?);
            }
            act.change(tx, "repeat_run", keys.first().copied().unwrap_or(""), &facts)?;
            Ok::<_, Problem>(())
        })
        .await?;
    super::run(app, caller, lab, run).await
}

fn repeat(tx: &Tx<'_>, act: &Act, lab: &LabRow, row: LabTubeRow) -> Result<Vec<Fact>> {
    let next = tube::step(row.stage, Event::Repeat).map_err(|refusal| refused(&refusal))?;
    let (from, code) = (row.stage, row.tube.clone());
    if row.value == Some(Value::Positive) {
        withdrawn(tx, act, lab, &row, "repeated")?;
    }
    let detail = serde_json::json!({ "value": row.value.map(Value::as_str), "cts": row.cts }).to_string();
    let distrusted = match row.value {
        Some(value) => view::distrusting(row.distrusted.as_deref(), value, row.cts.as_deref()),
        None => row.distrusted.clone(),
    };
    let version = row.version + 1;
    let row = LabTubeRow { stage: next, repeated_at: Some(act.now), distrusted, version, ..row.without_result() };
    tx.upsert_lab_tubes(&[&row])?;
    let moved = tx.move_tubes(&[&code], &HERE, next, act.now)?;
    tx.insert_custody(&[act.custody(&code, "repeated", None, Some(detail))])?;
    Ok(moved.iter().map(|m| moved_fact(m, from, next, act.now)).collect())
}
