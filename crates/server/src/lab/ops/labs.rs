//! Laboratories, kits, instruments, what waits, alerts and flags.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        access::{Action, Role, allows},
        area::AreaCode,
        id::{Id, Lab},
        time::Instant,
    },
    lab::tube::Stage,
};
use allclear_store::lab::{BacklogRow, InstrumentRow, KitRow, LabRow, clocks::AlertsOf};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, lab_for};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Result},
    },
    lab::view,
};

/// Alerts and flags of one answer.
const LIST_MAX: i64 = 500;
const DAY_S: i64 = 24 * 3600;

/// Laboratories that the caller may see, with what waits in them.
pub async fn labs(app: &App, caller: &Caller) -> Result<Vec<wire::Lab>> {
    let day_ago = app.now().plus_seconds(-DAY_S);
    let rows = app
        .store
        .read("list_labs", move |tx| {
            let labs = tx.labs()?;
            labs.into_iter().map(|lab| Ok((tx.lab_backlog(lab.id, day_ago)?, lab))).collect::<Result<Vec<_>, allclear_store::StoreError>>()
        })
        .await?;
    let now = app.now();
    let visible = rows.into_iter().filter(|(_, lab)| caller.may_in(Action::ReadLab, lab.area));
    Ok(visible.map(|(backlog, lab)| view::lab(&lab, &backlog, now)).collect())
}

/// One laboratory with what waits in it.
pub async fn one_lab(app: &App, caller: &Caller, lab: Uuid) -> Result<wire::Lab> {
    let row = lab_for(app, caller, lab, Action::ReadLab).await?;
    let (id, now) = (row.id, app.now());
    let backlog = app.store.read("read_lab", move |tx| tx.lab_backlog(id, now.plus_seconds(-DAY_S))).await?;
    Ok(view::lab(&row, &backlog, now))
}

/// Adds a laboratory.
pub async fn create_lab(app: &App, caller: &Caller, request: wire::NewLab) -> Result<wire::Lab> {
    let area = AreaCode::parse(&request.area).map_err(|_| Code::AreaUnknown.field("/area"))?;
    caller.require_in(Action::ManageRounds, area)?;
    let factor_percent = request.factor_percent.unwrap_or(120);
    if request.name.trim().is_empty() {
        return Err(Code::BodyInvalid.field("/name"));
    }
    if !(1..=10_000_000).contains(&request.rated_per_day) || !(100..=1000).contains(&factor_percent) {
        return Err(Code::BodyInvalid.field("/rated_per_day"));
    }
    let now = app.now();
    let row = LabRow {
        id: Id::new(app.ids.at(now)),
        name: request.name.trim().into(),
        area,
        rated_per_day: request.rated_per_day,
        factor_percent,
    };
    let lab = row.clone();
    app.store.run("create_lab", move |tx| tx.insert_lab(&lab, now)).await?;
    Ok(view::lab(&row, &BacklogRow::default(), now))
}

/// Every kit.
pub async fn kits(app: &App) -> Result<Vec<wire::Kit>> {
    Ok(app.store.read("list_kits", |tx| tx.kits()).await?.iter().map(view::kit).collect())
}

/// Adds a kit. One list of kits serves every laboratory, so it changes only by those who answer for every area.
pub async fn create_kit(app: &App, caller: &Caller, request: wire::NewKit) -> Result<wire::Kit> {
    if !caller.holds_all(Action::ManageRounds, &app.plan()) {
        return Err(Code::Forbidden.problem());
    }
    if request.name.trim().is_empty() || !(60..=24 * 3600).contains(&request.run_s_min) || !(1.0..=60.0).contains(&request.cutoff) {
        return Err(Code::BodyInvalid.problem());
    }
    let now = app.now();
    let row = KitRow {
        id: app.ids.at(now),
        name: request.name.trim().into(),
        run_s_min: request.run_s_min,
        cutoff: view::hundredths(request.cutoff),
        internal_control: request.internal_control.trim().into(),
    };
    let kit = row.clone();
    app.store.run("create_kit", move |tx| tx.insert_kit(&kit, now)).await?;
    Ok(view::kit(&row))
}

/// Instruments of a laboratory.
pub async fn instruments(app: &App, caller: &Caller, lab: Uuid) -> Result<Vec<wire::Instrument>> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    Ok(app.store.read("list_instruments", move |tx| tx.instruments(lab)).await?.iter().map(view::instrument).collect())
}

/// Adds an instrument.
pub async fn create_instrument(app: &App, caller: &Caller, lab: Uuid, request: wire::NewInstrument) -> Result<wire::Instrument> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?.id;
    if request.name.trim().is_empty() {
        return Err(Code::BodyInvalid.field("/name"));
    }
    let now = app.now();
    let row = InstrumentRow { id: app.ids.at(now), lab, name: request.name.trim().into(), mapping: None };
    let instrument = row.clone();
    app.store.run("create_instrument", move |tx| tx.insert_instrument(&instrument, now)).await?;
    Ok(view::instrument(&row))
}

/// Keeps the columns of an instrument's exports.
pub async fn set_mapping(app: &App, caller: &Caller, lab: Uuid, id: Uuid, mapping: wire::InstrumentMapping) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?.id;
    if mapping.tube.trim().is_empty() || (mapping.result.is_none() && mapping.ct.is_empty()) {
        return Err(Code::BodyInvalid.field("/tube"));
    }
    let text = serde_json::to_string(&mapping).map_err(|_| Code::BodyInvalid.problem())?;
    Ok(app.store.run("set_instrument_mapping", move |tx| tx.set_instrument_mapping(lab, id, &text)).await?)
}

/// Clocks that ran out or nearly: of one laboratory with what is on its way, or of all that the caller answers for.
pub async fn alerts(app: &App, caller: &Caller, lab: Option<Uuid>) -> Result<Vec<wire::ClockAlert>> {
    let lab: Option<Id<Lab>> = match lab {
        Some(lab) => Some(lab_for(app, caller, lab, Action::ReadLab).await?.id),
        None => None,
    };
    // A courier answers for what is carried, everybody else for the sites of their areas.
    let wide = |area: AreaCode| {
        let roots = caller.grants.iter().filter(|(role, _)| *role != Role::Courier && allows(*role, Action::ReadClocks));
        roots.map(|(_, root)| *root).any(|root| area.is_within(root))
    };
    let plan = app.plan();
    let sites: Vec<Uuid> = plan.sites.values().filter(|site| wide(site.area)).map(|site| site.id.uuid()).collect();
    let courier = caller.grants.iter().any(|(role, _)| *role == Role::Courier).then_some(caller.account);
    let rows = app
        .store
        .read("list_clock_alerts", move |tx| {
            let boxes = courier.filter(|_| lab.is_none()).map(|holder| tx.boxes_held_by(holder)).transpose()?.unwrap_or_default();
            let boxes = boxes.into_iter().map(|held| held.code).collect();
            tx.clock_alerts(&AlertsOf { lab, boxes, sites, on_the_way: lab.is_some() }, LIST_MAX)
        })
        .await?;
    Ok(rows.iter().map(view::alert).collect())
}

/// What the caller carries: boxes taken over and not delivered, with the age of the oldest tube.
pub async fn carried(app: &App, caller: &Caller) -> Result<Vec<wire::CarriedBox>> {
    let (holder, plan, now) = (caller.account, app.plan(), app.now());
    let rows = app.store.read("list_carried", move |tx| tx.boxes_held_by(holder)).await?;
    let line = |row: &allclear_store::lab::clocks::HeldBoxRow| {
        let due_at = row.opened_at.map(|at| at.plus_seconds(plan.profile.tube_to_lab_max_s));
        let warn_at = row.opened_at.map(|at| at.plus_seconds(plan.profile.tube_to_lab_warn_s));
        let past = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let level = match (past(due_at), past(warn_at)) {
            (true, _) => "breach",
            (false, true) => "warn",
            (false, false) => "none",
        };
        wire::CarriedBox {
            code: row.code.clone(),
            tubes: row.tubes,
            persons: row.persons,
            site_name: row.site.and_then(|site| plan.sites.get(&site)).map(|site| site.name.clone()).unwrap_or_default(),
            destination: row.destination.clone(),
            taken_at: rfc3339(row.state_at),
            oldest_at: row.opened_at.map(rfc3339),
            due_at: due_at.map(rfc3339),
            level: level.into(),
        }
    };
    Ok(rows.iter().map(line).collect())
}

/// Tubes that a laboratory holds at one stage, oldest first.
pub async fn held_tubes(app: &App, caller: &Caller, lab: Uuid, stage: &str) -> Result<Vec<wire::HeldTube>> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    let stage = Stage::parse(stage)
        .filter(|stage| matches!(stage, Stage::Received | Stage::OnRun | Stage::Resulted))
        .ok_or_else(|| Code::BodyInvalid.field("/stage"))?;
    app.store
        .read("list_held_tubes", move |tx| {
            let rows = tx.held_tubes(lab, stage, LIST_MAX)?;
            let runs: Vec<Uuid> = rows.iter().filter_map(|row| row.run.map(Id::uuid)).collect();
            let keys: Vec<&[u8]> = runs.iter().map(|id| id.as_bytes().as_slice()).collect();
            let names: HashMap<_, _> = tx.run_names(&keys)?.into_iter().map(|(id, name, _)| (id, name)).collect();
            Ok(rows.iter().map(|row| view::held_tube(row, &names)).collect())
        })
        .await
}

/// What does not look right about laboratories.
pub async fn flags(app: &App, caller: &Caller, lab: Option<Uuid>) -> Result<Vec<wire::LabFlag>> {
    let only: Option<Id<Lab>> = match lab {
        Some(lab) => Some(lab_for(app, caller, lab, Action::ReadLab).await?.id),
        None => None,
    };
    let who = caller.clone();
    let (rows, labs, runs, names) = app
        .store
        .read("list_lab_flags", move |tx| {
            let mut labs = tx.labs()?;
            labs.retain(|row| who.may_in(Action::ReadLab, row.area) && only.is_none_or(|only| only == row.id));
            let ids: Vec<Id<Lab>> = labs.iter().map(|row| row.id).collect();
            let rows = tx.flags(&ids, LIST_MAX)?;
            let runs: Vec<Uuid> = rows.iter().filter_map(|row| row.run.map(Id::uuid)).collect();
            let keys: Vec<&[u8]> = runs.iter().map(|id| id.as_bytes().as_slice()).collect();
            let accounts: Vec<Uuid> = rows.iter().filter_map(|row| row.cleared_by.map(Id::uuid)).collect();
            let (runs, names) = (tx.run_names(&keys)?, tx.account_names(&accounts)?);
            Ok::<_, allclear_store::StoreError>((rows, labs, runs, names))
        })
        .await?;
    let visible = |lab: Id<Lab>| labs.iter().find(|row| row.id == lab);
    Ok(rows
        .iter()
        .filter_map(|row| {
            let run = row.run.and_then(|run| runs.iter().find(|(id, ..)| *id == run)).map(|(_, name, _)| name.clone());
            let cleared_by = row.cleared_by.and_then(|by| names.get(&by.uuid()).cloned());
            visible(row.lab).map(|lab| view::flag(row, lab, run, cleared_by))
        })
        .collect())
}

/// Somebody looked at a flag.
pub async fn clear_flag(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::ClearFlag) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::ClearLabFlags).await?.id;
    if request.note.trim().is_empty() {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let act = Act::new(app, caller);
    let cleared = app.store.run("clear_lab_flag", move |tx| tx.clear_flag(lab, id, act.account, act.now, request.note.trim())).await?;
    if cleared { Ok(()) } else { Err(Code::StateConflict.problem()) }
}
