//! Runs: plates laid out, started, ended, given up.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        code::TubeCode,
        id::{Id, Run},
    },
    lab::{
        run::{Content, Control, Plate, RunEvent, RunState, Well},
        tube::{self, Event},
    },
};
use allclear_store::{
    StoreError, Tx,
    lab::{
        LabRow,
        results::LabTubeRow,
        runs::{RunRow, WellRow},
    },
};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, lab_for, moved_fact, refused};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::view,
};

const RUNS_MAX: i64 = 200;

/// Adds a run in state draft. The same id again is the same run.
pub async fn create_run(app: &App, caller: &Caller, lab: Uuid, request: wire::NewRun) -> Result<wire::Run> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let (name, lot) = (request.name.trim().to_owned(), request.lot.trim().to_owned());
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Code::BodyInvalid.field("/name"));
    }
    let act = Act::new(app, caller);
    let id: Id<Run> = Id::new(request.id);
    let (lab_id, instrument, kit) = (lab.id, request.instrument, request.kit);
    app.store
        .run("create_run", move |tx| {
            if !tx.instruments(lab_id)?.iter().any(|row| row.id == instrument) {
                return Err(Code::NotFound.field("/instrument"));
            }
            if !tx.kits()?.iter().any(|row| row.id == kit) {
                return Err(Code::NotFound.field("/kit"));
            }
            let row = RunRow {
                id,
                lab: lab_id,
                name: name.clone(),
                instrument,
                kit,
                lot: lot.clone(),
                state: RunState::Draft,
                control_failed: false,
                created_by: act.account,
                created_at: act.now,
                version: 1,
            };
            if !tx.insert_run(&row)? && tx.run_by_id(id)?.is_none_or(|known| known.lab != lab_id || known.name != name) {
                return Err(Code::AlreadyExists.field("/id"));
            }
            Ok::<_, Problem>(())
        })
        .await?;
    show(app, &lab, id).await
}

/// The last runs.
pub async fn runs(app: &App, caller: &Caller, lab: Uuid) -> Result<Vec<wire::Run>> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    let rows = app
        .store
        .read("list_runs", move |tx| {
            let rows = tx.lab_runs(lab, RUNS_MAX)?;
            let accounts: Vec<Uuid> = rows.iter().map(|(row, ..)| row.created_by.uuid()).collect();
            Ok::<_, StoreError>((rows, tx.instruments(lab)?, tx.kits()?, tx.account_names(&accounts)?))
        })
        .await?;
    let (rows, instruments, kits, names) = rows;
    Ok(rows.iter().map(|(row, tubes, resulted)| view::run(row, (*tubes, *resulted), &instruments, &kits, &names)).collect())
}

async fn show(app: &App, lab: &LabRow, id: Id<Run>) -> Result<wire::Run> {
    let lab = lab.id;
    app.store
        .read("read_run", move |tx| {
            let row = tx.run_by_id(id)?.filter(|row| row.lab == lab).ok_or_else(|| Code::NotFound.problem())?;
            let wells = tx.wells(id)?;
            let codes: Vec<&str> = wells.iter().filter_map(|well| well.tube.as_deref()).collect();
            let tubes = tx.lab_tubes(&codes)?;
            let names = tx.account_names(&[row.created_by.uuid()])?;
            let wells: Vec<wire::RunWell> = wells.iter().map(|well| view::well(well, &tubes, id)).collect();
            let count = |f: fn(&wire::RunWell) -> bool| i32::try_from(wells.iter().filter(|w| f(w)).count()).unwrap_or(96);
            let counts = (count(|w| w.tube.is_some()), count(|w| w.tube.is_some() && w.value.is_some()));
            let mut run = view::run(&row, counts, &tx.instruments(lab)?, &tx.kits()?, &names);
            run.wells = wells;
            Ok(run)
        })
        .await
}

/// One run with its wells.
pub async fn run(app: &App, caller: &Caller, lab: Uuid, id: Uuid) -> Result<wire::Run> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?;
    show(app, &lab, Id::new(id)).await
}

/// A stored run's plate.
pub(super) fn plate(wells: &[WellRow]) -> Plate {
    Plate::of(wells.iter().filter_map(|row| {
        let well = Well::from_index(u8::try_from(row.well).ok()?)?;
        let tube = row.tube.as_deref().and_then(|code| TubeCode::parse(code).ok()).map(Content::Tube);
        let control = row.control.as_deref().and_then(Control::parse).map(Content::Control);
        Some((well, tube.or(control)?))
    }))
}

fn draft(tx: &Tx<'_>, lab: &LabRow, id: Id<Run>) -> Result<(RunRow, Plate)> {
    let row = tx.run_for_update(id)?.filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.problem())?;
    if row.state != RunState::Draft {
        return Err(Code::StateConflict.problem().detail("the run has started"));
    }
    Ok((row, plate(&tx.wells(id)?)))
}

fn well_row(well: Well, tube: Option<String>, control: Option<Control>) -> WellRow {
    WellRow { well: i32::from(well.index()), tube, control: control.map(|c| c.as_str().to_owned()), value: None }
}

/// Places a control, or tubes in order, or tubes that waited longest.
pub async fn place_wells(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::PlaceWells) -> Result<wire::Run> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let well = match request.well.as_deref() {
        None | Some("") => None,
        Some(text) => Some(Well::parse(text).ok_or_else(|| Code::BodyInvalid.field("/well"))?),
    };
    let control = match request.control.as_deref() {
        None | Some("") => None,
        Some(word) => Some(Control::parse(word).ok_or_else(|| Code::BodyInvalid.field("/control"))?),
    };
    let mut codes = Vec::with_capacity(request.tubes.len());
    for text in &request.tubes {
        let code = TubeCode::parse(text).map_err(|error| Code::CodeMalformed.field("/tubes").detail(error.to_string()))?;
        codes.push(code.as_str().to_owned());
    }
    let fill = request.fill.unwrap_or(0).clamp(0, 96);
    let (act, id) = (Act::new(app, caller), Id::new(id));
    let shown = lab.clone();
    app.store
        .run("place_wells", move |tx| {
            let (run, mut plate) = draft(tx, &lab, id)?;
            if let Some(control) = control {
                let at = plate.place(Content::Control(control), well).map_err(|refusal| refused(&refusal))?;
                tx.insert_wells(id, &[well_row(at, None, Some(control))])?;
            }
            let mut codes = codes.clone();
            if fill > 0 {
                let free = plate.room().saturating_sub(codes.len());
                codes.extend(tx.waiting_tubes(lab.id, i64::from(fill).min(i64::try_from(free).unwrap_or(0)))?);
            }
            place_tubes(tx, &act, &run, &mut plate, &codes, well)
        })
        .await?;
    show(app, &shown, id).await
}

fn place_tubes(tx: &Tx<'_>, act: &Act, run: &RunRow, plate: &mut Plate, codes: &[String], first: Option<Well>) -> Result<()> {
    if codes.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = codes.iter().map(String::as_str).collect();
    let mut held: HashMap<String, LabTubeRow> = tx.lab_tubes_for_update(&keys)?;
    let (mut rows, mut wells, mut custody) = (Vec::new(), Vec::new(), Vec::new());
    for (i, code) in codes.iter().enumerate() {
        let about = |problem: Problem| problem.detail(code.clone());
        let mut row = held.remove(code).filter(|row| row.lab == run.lab).ok_or_else(|| about(Code::NotFound.problem()))?;
        row.stage = tube::step(row.stage, Event::PlaceOnRun)
            .map_err(|refusal| Code::StateConflict.problem().detail(format!("{code}: {refusal}")))?;
        let parsed = TubeCode::parse(code).map_err(|_| about(Code::CodeMalformed.problem()))?;
        let at = plate.place(Content::Tube(parsed), first.filter(|_| i == 0)).map_err(|refusal| refused(&refusal))?;
        row.run = Some(run.id);
        row.well = Some(i32::from(at.index()));
        row.version += 1;
        wells.push(well_row(at, Some(code.clone()), None));
        let detail = serde_json::json!({ "run": run.name, "well": at.to_string() }).to_string();
        custody.push(act.custody(code, "placed_on_run", Some(run.id.to_string()), Some(detail)));
        rows.push(row);
    }
    tx.upsert_lab_tubes(&rows.iter().collect::<Vec<_>>())?;
    tx.insert_wells(run.id, &wells)?;
    tx.insert_custody(&custody)?;
    let moved = tx.move_tubes(&keys, &["received"], tube::Stage::OnRun, act.now)?;
    let facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, tube::Stage::Received, tube::Stage::OnRun, act.now)).collect();
    Ok(act.change(tx, "place_wells", keys[0], &facts)?)
}

fn take_off(tx: &Tx<'_>, act: &Act, run: &RunRow, codes: &[String]) -> Result<()> {
    if codes.is_empty() {
        return Ok(());
    }
    let keys: Vec<&str> = codes.iter().map(String::as_str).collect();
    let mut rows: Vec<LabTubeRow> = Vec::new();
    for (_, mut row) in tx.lab_tubes_for_update(&keys)? {
        if row.run != Some(run.id) || row.stage != tube::Stage::OnRun {
            continue;
        }
        row.stage = tube::Stage::Received;
        (row.run, row.well) = (None, None);
        row.version += 1;
        rows.push(row);
    }
    let keys: Vec<&str> = rows.iter().map(|row| row.tube.as_str()).collect();
    tx.upsert_lab_tubes(&rows.iter().collect::<Vec<_>>())?;
    let custody: Vec<_> = keys.iter().map(|code| act.custody(code, "taken_off_run", Some(run.id.to_string()), None)).collect();
    tx.insert_custody(&custody)?;
    let moved = tx.move_tubes(&keys, &["on_run"], tube::Stage::Received, act.now)?;
    let facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, tube::Stage::OnRun, tube::Stage::Received, act.now)).collect();
    Ok(act.change(tx, "take_off_run", keys.first().copied().unwrap_or(""), &facts)?)
}

/// Empties a well of a draft.
pub async fn clear_well(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::ClearWell) -> Result<wire::Run> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let well = Well::parse(&request.well).ok_or_else(|| Code::BodyInvalid.field("/well"))?;
    let (act, id) = (Act::new(app, caller), Id::new(id));
    let shown = lab.clone();
    app.store
        .run("clear_well", move |tx| {
            let (run, mut plate) = draft(tx, &lab, id)?;
            let content = plate.clear(well).map_err(|refusal| refused(&refusal))?;
            tx.delete_well(id, i32::from(well.index()))?;
            match content {
                Content::Tube(code) => take_off(tx, &act, &run, &[code.as_str().to_owned()]),
                Content::Control(_) => Ok(()),
            }
        })
        .await?;
    show(app, &shown, id).await
}

/// Starts, ends or gives up a run.
pub async fn move_run(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::MoveRun) -> Result<wire::Run> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let (act, id) = (Act::new(app, caller), Id::new(id));
    let event = match request.event.as_str() {
        "start" => RunEvent::Start(act.now),
        "end" => RunEvent::End(act.now),
        "abort" => RunEvent::Abort,
        _ => return Err(Code::BodyInvalid.field("/event")),
    };
    let shown = lab.clone();
    app.store
        .run("move_run", move |tx| {
            let mut row = tx.run_for_update(id)?.filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.problem())?;
            let wells = tx.wells(id)?;
            if matches!(event, RunEvent::Start(_)) {
                plate(&wells).ready().map_err(|refusal| refused(&refusal))?;
            }
            row.state = row.state.step(event).map_err(|refusal| refused(&refusal))?;
            tx.update_run(&row)?;
            if row.state == RunState::Aborted {
                let codes: Vec<String> = wells.into_iter().filter_map(|well| well.tube).collect();
                take_off(tx, &act, &row, &codes)?;
            }
            Ok::<_, Problem>(())
        })
        .await?;
    show(app, &shown, id).await
}
