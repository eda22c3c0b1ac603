//! Results put down: typed, scanned, or from a file. Nothing is released here.

use std::collections::{HashMap, HashSet};

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        code::TubeCode,
        id::{Id, Run},
        time::Instant,
    },
    lab::{
        plausibility::{self, Flag, RunFacts},
        result::{Ct, Kit, TargetCt, Value},
        run::{RunState, Well},
        tube::{self, Event, Stage},
    },
};
use allclear_store::{
    StoreError, Tx,
    lab::{LabRow, clocks::FlagRow, results::LabTubeRow, runs::RunRow},
};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, controls, derived_id, lab_for, moved_fact};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::view,
};

/// Results of one request: five plates.
const RESULTS_MAX: usize = 500;

/// One result on its way in.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    /// The tube as given, normalised if it can be.
    pub tube: String,
    /// What it says.
    pub value: Value,
    /// Cycle numbers.
    pub cts: Vec<TargetCt>,
    /// Whether the writer of the file said it disagrees with its own numbers.
    pub ct_disagrees: bool,
    /// Where the file says that it was.
    pub well: Option<Well>,
}

/// What all results of one entry share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'e> {
    /// The run; none for results without a plate.
    pub run: Option<Id<Run>>,
    /// `typed`, `scanned` or `file`.
    pub source: &'e str,
    /// When the same file was first taken in.
    pub imported_at: Option<Instant>,
}

/// Enters results that were typed or scanned.
pub async fn enter_results(app: &App, caller: &Caller, lab: Uuid, request: wire::EnterResults) -> Result<wire::Entered> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let nothing = request.rows.is_empty() && request.controls.is_empty();
    if nothing || request.rows.len() > RESULTS_MAX {
        return Err(Code::BodyInvalid.field("/rows"));
    }
    if !matches!(request.source.as_str(), "typed" | "scanned") {
        return Err(Code::BodyInvalid.field("/source"));
    }
    let controls = controls::said(&request.controls)?;
    if request.run.is_none() && !controls.is_empty() {
        return Err(Code::BodyInvalid.field("/controls").detail("controls belong to a run"));
    }
    let act = Act::new(app, caller);
    let run = request.run.map(Id::new);
    let rows: Vec<Incoming> = request.rows.iter().map(incoming).collect();
    app.store
        .run("enter_results", move |tx| {
            // The controls first: a run whose control failed is flagged with its results.
            let control_failed = match run.filter(|_| !controls.is_empty()) {
                Some(run) => controls::put(tx, &act, &lab, run, &controls, true)?,
                None => false,
            };
            let entered = enter(tx, &act, &lab, Entry { run, source: &request.source, imported_at: None }, &rows)?;
            Ok::<_, Problem>(wire::Entered { control_failed, ..entered })
        })
        .await
}

fn incoming(row: &wire::EnterResult) -> Incoming {
    let cts = row.cts.iter().map(|ct| TargetCt { target: ct.target.clone(), ct: ct.ct.map(|ct| Ct(view::hundredths(ct))) }).collect();
    Incoming { tube: row.tube.clone(), value: view::value_in(row.value), cts, ct_disagrees: false, well: None }
}

/// Why a tube cannot be resulted here now.
pub(super) fn refusal(row: Option<&LabTubeRow>, lab: &LabRow, entry: Entry<'_>, incoming: &Incoming) -> Option<&'static str> {
    let run = entry.run;
    let Some(row) = row else { return Some("not_received") };
    if row.lab != lab.id {
        return Some("elsewhere");
    }
    if run.is_some() && row.run != run {
        return Some("not_on_this_run");
    }
    match tube::step(row.stage, Event::EnterResult(Value::Negative)) {
        Ok(_) => {
            let (stands, said) = (row.well, incoming.well.map(Well::index).map(i32::from));
            match (stands.is_some() && said.is_some() && stands != said, taken_back(row, entry, incoming)) {
                (true, _) => Some("other_well"),
                (false, true) => Some("repeated"),
                (false, false) => None,
            }
        }
        Err(tube::Refusal::Released) => Some("released"),
        Err(_) => Some("withdrawn"),
    }
}

/// Whether a file brings a measurement again that was taken back: the same cycle numbers, or content that was taken in
/// before the tube was repeated. What a person types is a new word.
fn taken_back(row: &LabTubeRow, entry: Entry<'_>, incoming: &Incoming) -> bool {
    let Some(repeated_at) = row.repeated_at.filter(|_| entry.source == "file" && row.value.is_none()) else { return false };
    // Empty cells say nothing about which measurement it was.
    let measured = incoming.cts.iter().any(|ct| ct.ct.is_some());
    let same = view::cts_text(&incoming.cts).filter(|_| measured).is_some_and(|cts| {
        view::distrusted_of(row.distrusted.as_deref()).iter().any(|(value, before)| *value == incoming.value.as_str() && *before == cts)
    });
    same || entry.imported_at.is_some_and(|at| at < repeated_at)
}

/// Takes results in: the part that every way of entry shares.
pub(super) fn enter(tx: &Tx<'_>, act: &Act, lab: &LabRow, entry: Entry<'_>, rows: &[Incoming]) -> Result<wire::Entered> {
    let source = entry.source;
    let parsed: Vec<Option<String>> = rows.iter().map(|row| TubeCode::parse(&row.tube).ok().map(|code| code.as_str().to_owned())).collect();
    let codes: Vec<&str> = parsed.iter().flatten().map(String::as_str).collect();
    let mut held = tx.lab_tubes_for_update(&codes)?;
    let kits = RunKits::load(tx, lab, &held)?;
    let mut entered = wire::Entered::default();
    let (mut changed, mut custody, mut from) = (Vec::new(), Vec::new(), HashMap::new());
    let mut seen = HashSet::new();
    for (incoming, code) in rows.iter().zip(&parsed) {
        let mut refuse =
            |reason: &str| entered.refused.push(wire::RefusedRow { tube: incoming.tube.chars().take(64).collect(), reason: reason.into() });
        let Some(code) = code else {
            refuse("malformed_tube");
            continue;
        };
        if !seen.insert(code.as_str()) {
            refuse("tube_twice");
            continue;
        }
        if let Some(reason) = refusal(held.get(code), lab, entry, incoming) {
            refuse(reason);
            continue;
        }
        let Some(row) = held.remove(code) else { continue };
        let cts = view::cts_text(&incoming.cts);
        if row.stage == Stage::Resulted && row.value == Some(incoming.value) && row.cts.as_deref() == cts.as_deref() {
            entered.unchanged += 1;
            continue;
        }
        let called = row.run.and_then(|run| kits.kit(run)).and_then(|kit| kit.call(&incoming.cts));
        let ct_disagrees = incoming.ct_disagrees || called.is_some_and(|called| called != incoming.value);
        let detail =
            serde_json::json!({ "value": incoming.value.as_str(), "cts": cts, "source": source, "before": row.value.map(Value::as_str) });
        custody.push(act.custody(code, "resulted", row.run.map(|run| run.to_string()), Some(detail.to_string())));
        from.insert(code.clone(), row.stage);
        if row.value == Some(Value::Positive) && incoming.value != Value::Positive {
            withdrawn(tx, act, lab, &row, incoming.value.as_str())?;
        }
        changed.push(LabTubeRow {
            stage: Stage::Resulted,
            value: Some(incoming.value),
            cts,
            ct_disagrees,
            source: Some(source.into()),
            entered_by: Some(act.account),
            entered_at: Some(act.now),
            version: row.version + 1,
            ..row
        });
        entered.entered += 1;
    }
    write(tx, act, &changed, &from)?;
    tx.insert_custody(&custody)?;
    raise_flags(tx, act, lab, &kits, &changed, &entered)?;
    Ok(entered)
}

fn write(tx: &Tx<'_>, act: &Act, changed: &[LabTubeRow], from: &HashMap<String, Stage>) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    tx.upsert_lab_tubes(&changed.iter().collect::<Vec<_>>())?;
    for row in changed {
        if let (Some(run), Some(well), Some(value)) = (row.run, row.well, row.value) {
            tx.set_well_value(run, well, value.as_str())?;
        }
    }
    let codes: Vec<&str> = changed.iter().map(|row| row.tube.as_str()).collect();
    let moved = tx.move_tubes(&codes, &["received", "on_run"], Stage::Resulted, act.now)?;
    let stage = |code: &str| from.get(code).copied().unwrap_or(Stage::OnRun);
    let facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, stage(&m.code), Stage::Resulted, act.now)).collect();
    act.change(tx, "enter_results", codes[0], &facts)
}

/// The runs that some tubes are on, with their kits.
struct RunKits(HashMap<Id<Run>, (RunRow, Kit)>);

impl RunKits {
    fn load(tx: &Tx<'_>, lab: &LabRow, held: &HashMap<String, LabTubeRow>) -> Result<Self, StoreError> {
        let ids: HashSet<Id<Run>> = held.values().filter(|row| row.lab == lab.id).filter_map(|row| row.run).collect();
        let kits = tx.kits()?;
        let mut runs = HashMap::new();
        for id in ids {
            let Some(run) = tx.run_by_id(id)? else { continue };
            if let Some(kit) = kits.iter().find(|kit| kit.id == run.kit) {
                runs.insert(id, (run, view::domain_kit(kit)));
            }
        }
        Ok(Self(runs))
    }

    fn kit(&self, run: Id<Run>) -> Option<&Kit> {
        self.0.get(&run).map(|(_, kit)| kit)
    }
}

/// Puts down what does not look right, at once: a flag never blocks a result.
fn raise_flags(
    tx: &Tx<'_>,
    act: &Act,
    lab: &LabRow,
    kits: &RunKits,
    changed: &[LabTubeRow],
    entered: &wire::Entered,
) -> Result<(), StoreError> {
    for (id, (run, kit)) in &kits.0 {
        let results = changed.iter().filter(|row| row.run == Some(*id)).count();
        if results == 0 {
            continue;
        }
        let wells = tx.wells(*id)?.iter().filter(|well| well.tube.is_some()).count();
        let strangers = entered.refused.iter().filter(|row| row.reason == "not_on_this_run").count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let started_at = match run.state {
            RunState::Running { started_at } | RunState::Ended { started_at, .. } => Some(started_at),
            RunState::Draft | RunState::Aborted => None,
        };
        let facts = RunFacts {
            tube_wells: number(wells),
            results: number(results + strangers),
            started_at,
            kit_run_s_min: kit.run_s_min,
            first_result_at: Some(act.now),
            control_failed: run.control_failed,
        };
        for flag in plausibility::of_run(facts) {
            let after = started_at.map(|at| act.now.seconds_since(at) / 60);
            let detail = serde_json::json!({ "results": facts.results, "wells": wells, "minutes_after_start": after, "kit_minutes": kit.run_s_min / 60 });
            raise(tx, act, lab, Some(*id), flag, &detail)?;
        }
        let odd = changed.iter().filter(|row| row.run == Some(*id) && row.ct_disagrees).count();
        if odd > 0 {
            raise(tx, act, lab, Some(*id), Flag::CtDisagrees, &serde_json::json!({ "results": odd }))?;
        }
    }
    let without_run = changed.iter().filter(|row| row.run.is_none()).count();
    if without_run > 0 {
        raise(tx, act, lab, None, Flag::WithoutRun, &serde_json::json!({ "results": without_run }))?;
    }
    let wells = entered.refused.iter().filter(|row| row.reason == "other_well").count();
    if wells > 0 {
        let run = kits.0.keys().next().copied();
        raise(tx, act, lab, run, Flag::WellsDiffer, &serde_json::json!({ "results": wells }))?;
    }
    let never = entered.refused.iter().filter(|row| matches!(row.reason.as_str(), "not_received" | "elsewhere")).count();
    if never > 0 {
        raise(tx, act, lab, None, Flag::NeverReceived, &serde_json::json!({ "results": never }))?;
    }
    Ok(())
}

/// A positive that was taken back before anybody released it: somebody else looks at why.
pub(super) fn withdrawn(tx: &Tx<'_>, act: &Act, lab: &LabRow, row: &LabTubeRow, now: &str) -> Result<(), StoreError> {
    let detail = serde_json::json!({ "tube": row.tube, "now": now });
    raise(tx, act, lab, row.run, Flag::PositiveWithdrawn, &detail)
}

/// Raises one flag, once.
pub(in crate::lab) fn raise(
    tx: &Tx<'_>,
    act: &Act,
    lab: &LabRow,
    run: Option<Id<Run>>,
    flag: Flag,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    let about = run.map_or_else(Uuid::nil, Id::uuid);
    let id = derived_id(&[b"flag", lab.id.uuid().as_bytes(), about.as_bytes(), flag.as_str().as_bytes(), &act.now.0.to_be_bytes()]);
    let row = FlagRow {
        id,
        lab: lab.id,
        run,
        flag: flag.as_str().into(),
        detail: detail.to_string(),
        raised_at: act.now,
        cleared_by: None,
        cleared_note: None,
    };
    tx.raise_flag(&row).map(drop)
}
