//! Records to what crosses the network.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        code::TubeCode,
        id::{Account, Id, Run},
        time::Instant,
    },
    lab::{
        backlog::minutes_of_work,
        reception::Verdict,
        result::{Ct, Kit, TargetCt, Value},
        run::{Control, RunState, Well},
    },
};
use allclear_store::lab::{
    BacklogRow, InstrumentRow, KitRow, LabRow,
    clocks::{AlertRow, FlagRow},
    follow_ups::{FollowUpMemberRow, FollowUpRow},
    receptions::{ReceptionRow, ScanRow},
    results::{LabTubeRow, NegativeGroupRow, ReleaseRow},
    runs::{RunRow, WellRow},
};
use allclear_wire::lab as wire;
use allclear_wire::lab::ResultValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::instrument::{BadRow, ReadControl, ReadRow, Reading};
use crate::clock::rfc3339;

type Names = HashMap<Uuid, String>;

/// Bad rows shown of one file; the count is always whole.
const BAD_ROWS_SHOWN_MAX: usize = 500;

fn name_of(names: &Names, id: Id<Account>) -> String {
    names.get(&id.uuid()).cloned().unwrap_or_default()
}

fn number(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// The domain's word for a wire value.
#[must_use]
pub const fn value_in(value: ResultValue) -> Value {
    match value {
        ResultValue::Negative => Value::Negative,
        ResultValue::Positive => Value::Positive,
        ResultValue::Inconclusive => Value::Inconclusive,
        ResultValue::Invalid => Value::Invalid,
    }
}

/// The wire's word for a domain value.
#[must_use]
pub const fn value_out(value: Value) -> ResultValue {
    match value {
        Value::Negative => ResultValue::Negative,
        Value::Positive => ResultValue::Positive,
        Value::Inconclusive => ResultValue::Inconclusive,
        Value::Invalid => ResultValue::Invalid,
    }
}

/// The wire's word for a verdict.
#[must_use]
pub const fn verdict(verdict: Verdict) -> wire::Verdict {
    match verdict {
        Verdict::Matched => wire::Verdict::Matched,
        Verdict::Extra => wire::Verdict::Extra,
        Verdict::Duplicate => wire::Verdict::Duplicate,
        Verdict::Damaged(_) => wire::Verdict::Damaged,
        Verdict::Hold(_) => wire::Verdict::Hold,
    }
}

fn verdict_of(word: &str) -> wire::Verdict {
    match word {
        "matched" => wire::Verdict::Matched,
        "extra" => wire::Verdict::Extra,
        "duplicate" => wire::Verdict::Duplicate,
        "damaged" => wire::Verdict::Damaged,
        _ => wire::Verdict::Hold,
    }
}

/// A cycle number in hundredths.
#[must_use]
pub fn hundredths(ct: f64) -> i32 {
    (ct.clamp(0.0, 99.99) * 100.0).round() as i32
}

fn cycles(ct: Ct) -> f64 {
    f64::from(ct.0) / 100.0
}

fn cts_out(cts: &[TargetCt]) -> Vec<wire::TargetCt> {
    cts.iter().map(|ct| wire::TargetCt { target: ct.target.clone(), ct: ct.ct.map(cycles) }).collect()
}

fn cts_in(cts: &[wire::TargetCt]) -> Vec<TargetCt> {
    cts.iter().map(|ct| TargetCt { target: ct.target.clone(), ct: ct.ct.map(|ct| Ct(hundredths(ct))) }).collect()
}

/// Stored text of cycle numbers; nothing if there are none.
#[must_use]
pub fn cts_text(cts: &[TargetCt]) -> Option<String> {
    if cts.is_empty() { None } else { serde_json::to_string(&cts_out(cts)).ok() }
}

/// Results taken back: value and cycle numbers.
#[must_use]
pub fn distrusted_of(text: Option<&str>) -> Vec<(String, String)> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Stored text of results taken back, with one more.
#[must_use]
pub fn distrusting(before: Option<&str>, value: Value, cts: Option<&str>) -> Option<String> {
    let mut all = distrusted_of(before);
    all.push((value.as_str().to_owned(), cts.unwrap_or_default().to_owned()));
    serde_json::to_string(&all).ok()
}

/// A tube that waits in a laboratory.
#[must_use]
pub fn held_tube(row: &LabTubeRow, runs: &HashMap<Id<Run>, String>) -> wire::HeldTube {
    wire::HeldTube {
        tube: row.tube.clone(),
        tube_kind: row.kind.as_str().into(),
        persons: row.persons,
        stage: row.stage.as_str().into(),
        received_at: rfc3339(row.received_at),
        run_name: row.run.and_then(|run| runs.get(&run).cloned()),
        value: row.value.map(value_out),
        repeated: row.repeated_at.is_some(),
    }
}

fn cts_of(text: Option<&String>) -> Vec<wire::TargetCt> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A laboratory with what waits in it.
#[must_use]
pub fn lab(row: &LabRow, backlog: &BacklogRow, now: Instant) -> wire::Lab {
    wire::Lab {
        id: row.id.uuid(),
        name: row.name.clone(),
        area: row.area.to_string(),
        rated_per_day: row.rated_per_day,
        factor_percent: row.factor_percent,
        backlog: wire::Backlog {
            as_of: rfc3339(now),
            received: backlog.received,
            on_run: backlog.on_run,
            resulted: backlog.resulted,
            released_24h: backlog.released_24h,
            holds: backlog.holds,
            oldest_received_at: backlog.oldest_received_at.map(rfc3339),
            minutes_of_work: minutes_of_work(backlog.received + backlog.on_run, row.rated_per_day).unwrap_or(0),
            alerts: backlog.alerts,
            flags: backlog.flags,
            follow_ups: backlog.follow_ups,
        },
    }
}

/// A kit.
#[must_use]
pub fn kit(row: &KitRow) -> wire::Kit {
    wire::Kit {
        id: row.id,
        name: row.name.clone(),
        run_s_min: row.run_s_min,
        cutoff: cycles(Ct(row.cutoff)),
        internal_control: row.internal_control.clone(),
    }
}

/// A kit as the rules read it.
#[must_use]
pub fn domain_kit(row: &KitRow) -> Kit {
    Kit { name: row.name.clone(), run_s_min: row.run_s_min, cutoff: Ct(row.cutoff), internal_control: row.internal_control.clone() }
}

/// An instrument.
#[must_use]
pub fn instrument(row: &InstrumentRow) -> wire::Instrument {
    let mapping = row.mapping.as_deref().and_then(|text| serde_json::from_str(text).ok());
    wire::Instrument { id: row.id, name: row.name.clone(), mapping }
}

/// A raised clock.
#[must_use]
pub fn alert(row: &AlertRow) -> wire::ClockAlert {
    wire::ClockAlert {
        tube: row.clock.tube.clone(),
        clock: row.clock.clock.clone(),
        level: row.clock.level.clone(),
        stage: row.stage.clone(),
        site_name: row.site_name.clone().unwrap_or_default(),
        box_code: row.box_code.clone(),
        lab_name: row.lab_name.clone(),
        persons: row.persons,
        started_at: rfc3339(row.clock.started_at),
        due_at: rfc3339(row.clock.due_at),
        raised_at: row.clock.raised_at.map(rfc3339).unwrap_or_default(),
    }
}

/// A flag.
#[must_use]
pub fn flag(row: &FlagRow, lab: &LabRow, run_name: Option<String>, cleared_by: Option<String>) -> wire::LabFlag {
    wire::LabFlag {
        id: row.id,
        lab: row.lab.uuid(),
        lab_name: lab.name.clone(),
        run: row.run.map(Id::uuid),
        run_name,
        flag: row.flag.clone(),
        detail: row.detail.clone(),
        raised_at: rfc3339(row.raised_at),
        cleared_by,
        cleared_note: row.cleared_note.clone(),
    }
}

/// Counts of a session: the manifest against the scans.
#[must_use]
pub fn tally(manifest: &[(String, i32)], scans: &[ScanRow], duplicates: i32) -> wire::Tally {
    let scanned: HashMap<&str, &ScanRow> = scans.iter().map(|scan| (scan.tube.as_str(), scan)).collect();
    let count = |word: &str| number(scans.iter().filter(|scan| scan.verdict == word).count());
    wire::Tally {
        expected: number(manifest.len()),
        matched: count("matched"),
        extra: count("extra"),
        duplicate: duplicates,
        damaged: count("damaged"),
        hold: count("hold"),
        missing: number(manifest.iter().filter(|(code, _)| !scanned.contains_key(code.as_str())).count()),
    }
}

/// A reception; its lines only if `whole`.
#[must_use]
pub fn reception(
    row: &ReceptionRow,
    boxes: Vec<String>,
    manifest: &[(String, i32)],
    scans: &[ScanRow],
    names: &Names,
    whole: bool,
) -> wire::Reception {
    let tally = tally(manifest, scans, row.duplicates);
    let mut lines = Vec::new();
    if whole {
        lines.extend(scans.iter().map(|scan| wire::ReceptionScan {
            tube: scan.tube.clone(),
            verdict: verdict_of(&scan.verdict),
            reason: scan.reason.clone(),
            persons: scan.persons,
            at: Some(rfc3339(scan.at)),
        }));
        let there: std::collections::HashSet<&str> = scans.iter().map(|scan| scan.tube.as_str()).collect();
        lines.extend(manifest.iter().filter(|(code, _)| !there.contains(code.as_str())).map(|(code, persons)| wire::ReceptionScan {
            tube: code.clone(),
            verdict: wire::Verdict::Missing,
            reason: None,
            persons: *persons,
            at: None,
        }));
    }
    wire::Reception {
        id: row.id,
        boxes,
        opened_by: name_of(names, row.opened_by),
        opened_at: rfc3339(row.opened_at),
        closed_at: row.closed_at.map(rfc3339),
        tally,
        scans: lines,
    }
}

/// A run without its wells.
#[must_use]
pub fn run(row: &RunRow, counts: (i32, i32), instruments: &[InstrumentRow], kits: &[KitRow], names: &Names) -> wire::Run {
    let kit = kits.iter().find(|kit| kit.id == row.kit);
    let (started, ended) = match row.state {
        RunState::Draft | RunState::Aborted => (None, None),
        RunState::Running { started_at } => (Some(started_at), None),
        RunState::Ended { started_at, ended_at } => (Some(started_at), Some(ended_at)),
    };
    wire::Run {
        id: row.id.uuid(),
        name: row.name.clone(),
        instrument: row.instrument,
        instrument_name: instruments.iter().find(|i| i.id == row.instrument).map(|i| i.name.clone()).unwrap_or_default(),
        kit: row.kit,
        kit_name: kit.map(|kit| kit.name.clone()).unwrap_or_default(),
        lot: row.lot.clone(),
        state: row.state.as_str().into(),
        started_at: started.map(rfc3339),
        ready_at: started.zip(kit).map(|(at, kit)| rfc3339(at.plus_seconds(kit.run_s_min))),
        ended_at: ended.map(rfc3339),
        tubes: counts.0,
        resulted: counts.1,
        control_failed: row.control_failed,
        created_by: name_of(names, row.created_by),
        created_at: rfc3339(row.created_at),
        wells: Vec::new(),
    }
}

/// A well with where its tube stands now.
#[must_use]
pub fn well(row: &WellRow, tubes: &HashMap<String, LabTubeRow>, run: Id<Run>) -> wire::RunWell {
    let tube = row.tube.as_ref().and_then(|code| tubes.get(code));
    // A tube that was sent back for another run no longer speaks for this well.
    let here = tube.filter(|tube| tube.run == Some(run));
    let control = row.control.as_ref().and(row.value.as_deref()).and_then(Value::parse);
    wire::RunWell {
        well: u8::try_from(row.well).ok().and_then(Well::from_index).map(|well| well.to_string()).unwrap_or_default(),
        tube: row.tube.clone(),
        control: row.control.clone(),
        persons: tube.map_or(0, |tube| tube.persons),
        value: here.and_then(|tube| tube.value).or(control).map(value_out),
        stage: tube.map(|tube| tube.stage.as_str().into()),
    }
}

fn import_row(row: &ReadRow) -> wire::ImportRow {
    wire::ImportRow {
        line: i32::try_from(row.line).unwrap_or(0),
        tube: row.tube.as_str().into(),
        well: row.well.map(|well| well.to_string()),
        value: value_out(row.value),
        cts: cts_out(&row.cts),
        ct_disagrees: row.ct_disagrees,
    }
}

fn import_control(row: &ReadControl) -> wire::ImportControl {
    wire::ImportControl {
        well: row.well.map(|well| well.to_string()),
        control: row.control.as_str().into(),
        value: value_out(row.value),
        holds: row.control.holds(row.value),
    }
}

fn bad_row(row: &BadRow) -> wire::ImportBadRow {
    wire::ImportBadRow { line: i32::try_from(row.line).unwrap_or(0), reason: row.reason.as_str().into(), cells: row.cells.clone() }
}

/// What was read, to look at before anything is imported.
#[must_use]
pub fn import(id: Uuid, file_name: &str, reading: &Reading) -> wire::ImportPreview {
    let count = |value| number(reading.rows.iter().filter(|row| row.value == value).count());
    wire::ImportPreview {
        id,
        file_name: file_name.into(),
        state: "read".into(),
        rows: number(reading.rows.len()),
        negative: count(Value::Negative),
        positive: count(Value::Positive),
        inconclusive: count(Value::Inconclusive),
        invalid: count(Value::Invalid),
        empty: i32::try_from(reading.empty).unwrap_or(0),
        bad_total: number(reading.bad.len()),
        bad: reading.bad.iter().take(BAD_ROWS_SHOWN_MAX).map(bad_row).collect(),
        non_negative: reading.rows.iter().filter(|row| row.value != Value::Negative || row.ct_disagrees).map(import_row).collect(),
        controls: reading.controls.iter().map(import_control).collect(),
        refused: Vec::new(),
        lacking: Vec::new(),
        imported_before_at: None,
        outcome: None,
    }
}

/// Stored form of a reading.
#[derive(Serialize, Deserialize)]
struct Stored {
    rows: Vec<wire::ImportRow>,
    controls: Vec<wire::ImportControl>,
    bad: usize,
}

/// What a confirmation imports.
pub struct ReadBack {
    /// Results.
    pub rows: Vec<ReadRow>,
    /// Controls.
    pub controls: Vec<ReadControl>,
    /// How many rows stay out.
    pub bad: usize,
}

/// Stored text of what was read.
#[must_use]
pub fn reading_text(reading: &Reading) -> String {
    let stored = Stored {
        rows: reading.rows.iter().map(import_row).collect(),
        controls: reading.controls.iter().map(import_control).collect(),
        bad: reading.bad.len(),
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Reads [`reading_text`] back.
#[must_use]
pub fn reading_of(text: &str) -> Option<ReadBack> {
    let stored: Stored = serde_json::from_str(text).ok()?;
    let well = |text: &Option<String>| text.as_deref().and_then(Well::parse);
    let row = |row: &wire::ImportRow| {
        Some(ReadRow {
            line: u32::try_from(row.line).ok()?,
            tube: TubeCode::parse(&row.tube).ok()?,
            well: well(&row.well),
            value: value_in(row.value),
            cts: cts_in(&row.cts),
            ct_disagrees: row.ct_disagrees,
        })
    };
    let control = |c: &wire::ImportControl| {
        Some(ReadControl { line: 0, well: well(&c.well), control: Control::parse(&c.control)?, value: value_in(c.value) })
    };
    Some(ReadBack {
        rows: stored.rows.iter().map(row).collect::<Option<_>>()?,
        controls: stored.controls.iter().map(control).collect::<Option<_>>()?,
        bad: stored.bad,
    })
}

/// What waits for release.
#[must_use]
pub fn release_desk(
    groups: &[NegativeGroupRow],
    singles: &[LabTubeRow],
    jobs: &[ReleaseRow],
    runs: &HashMap<Id<Run>, (String, bool)>,
    names: &Names,
    flags: &[FlagRow],
    own: Id<Account>,
) -> wire::ReleaseDesk {
    let failed = |run: Option<Id<Run>>| run.and_then(|run| runs.get(&run)).is_some_and(|(_, failed)| *failed);
    let run_name = |run: Option<Id<Run>>| run.and_then(|run| runs.get(&run)).map(|(name, _)| name.clone());
    let open_flags = |run: Option<Id<Run>>| {
        let about = flags.iter().filter(|flag| flag.cleared_by.is_none() && run.is_some() && flag.run == run);
        about.map(|flag| flag.flag.clone()).collect()
    };
    let negatives = groups.iter().map(|g| wire::NegativeGroup {
        run: g.run.map(Id::uuid),
        run_name: run_name(g.run).unwrap_or_default(),
        tubes: g.tubes,
        persons: g.persons,
        entered_by: name_of(names, g.entered_by),
        own: g.entered_by == own,
        control_failed: failed(g.run),
        flags: open_flags(g.run),
        entered_at: rfc3339(g.entered_at),
    });
    let non_negatives = singles.iter().filter_map(|t| {
        Some(wire::ResultRow {
            tube: t.tube.clone(),
            tube_kind: t.kind.as_str().into(),
            persons: t.persons,
            value: value_out(t.value?),
            cts: cts_of(t.cts.as_ref()),
            run_name: run_name(t.run),
            well: t.well.and_then(|well| Well::from_index(u8::try_from(well).ok()?)).map(|well| well.to_string()),
            entered_by: t.entered_by.map(|by| name_of(names, by)).unwrap_or_default(),
            entered_at: t.entered_at.map(rfc3339).unwrap_or_default(),
            own: t.entered_by == Some(own),
            control_failed: failed(t.run),
            ct_disagrees: t.ct_disagrees,
        })
    });
    wire::ReleaseDesk {
        negatives: negatives.collect(),
        non_negatives: non_negatives.collect(),
        jobs: jobs.iter().map(|job| release_job(job, &name_of(names, job.released_by))).collect(),
    }
}

/// A bulk release.
#[must_use]
pub fn release_job(row: &ReleaseRow, released_by: &str) -> wire::ReleaseJob {
    wire::ReleaseJob {
        id: row.id,
        state: row.state.clone(),
        total: row.total,
        released: row.released,
        persons: row.persons,
        released_by: released_by.into(),
        started_at: rfc3339(row.started_at),
        finished_at: row.finished_at.map(rfc3339),
    }
}

/// A follow-up.
#[must_use]
pub fn follow_up(row: &FollowUpRow, lab: &LabRow, members: Vec<wire::FollowUpMember>) -> wire::FollowUp {
    wire::FollowUp {
        id: row.id,
        tube: row.tube.clone(),
        value: if row.value == "positive" { ResultValue::Positive } else { ResultValue::Inconclusive },
        lab_name: lab.name.clone(),
        round: row.round.uuid(),
        opened_at: rfc3339(row.opened_at),
        closed_at: row.closed_at.map(rfc3339),
        members_total: row.members,
        members_open: row.members_open,
        members_positive: row.members_positive,
        members,
    }
}

/// A member, masked.
#[must_use]
pub fn member(row: &FollowUpMemberRow, name_masked: Option<&String>, area_name: String) -> wire::FollowUpMember {
    wire::FollowUpMember {
        person: row.person.0,
        name_masked: name_masked.cloned().unwrap_or_default(),
        area: row.area.to_string(),
        area_name,
        outcome: row.outcome.clone(),
        tube: row.single_tube.clone(),
        settled_at: row.settled_at.map(rfc3339),
        note: row.note.clone(),
    }
}
