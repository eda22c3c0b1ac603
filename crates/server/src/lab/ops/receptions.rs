//! Reception by scanning, and the hold list.

use std::collections::{HashMap, HashSet};

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        code::{BoxCode, TubeCode},
        id::{Id, Lab},
    },
    lab::{
        reception::{self as rules, Known, RejectReason, Scanned, Verdict},
        tube::Stage,
    },
};
use allclear_store::{
    Tx,
    lab::{
        LabRow,
        receptions::{HoldRow, ReceptionRow, ScanRow},
        results::LabTubeRow,
    },
    sampling::TubeRow,
};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{Act, lab_for, moved_fact, rejects::reject};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::view,
};

/// Scans of one request: a whole rack read at once.
const SCANS_MAX: usize = 500;
/// Boxes of one session.
const BOXES_MAX: usize = 50;
const ARRIVING: [&str; 3] = ["sealed", "boxed", "in_transit"];

/// Begins a reception.
pub async fn open_reception(app: &App, caller: &Caller, lab: Uuid, request: wire::NewReception) -> Result<wire::Reception> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    if request.boxes.len() > BOXES_MAX {
        return Err(Code::BodyInvalid.field("/boxes"));
    }
    let boxes = request
        .boxes
        .iter()
        .map(|code| BoxCode::parse(code).map(|code| code.as_str().to_owned()).map_err(|_| Code::CodeMalformed.field("/boxes")))
        .collect::<Result<Vec<_>>>()?;
    let act = Act::new(app, caller);
    let id = app.ids.at(act.now);
    let row = ReceptionRow { id, lab: lab.id, opened_by: act.account, opened_at: act.now, closed_at: None, signed_by: None, duplicates: 0 };
    app.store
        .run("open_reception", move |tx| {
            tx.insert_reception(&row)?;
            boxes.iter().try_for_each(|code| tx.add_reception_box(id, code).map(drop))
        })
        .await?;
    show(app, lab.id, id).await
}

async fn show(app: &App, lab: Id<Lab>, id: Uuid) -> Result<wire::Reception> {
    app.store
        .read("read_reception", move |tx| {
            let row = tx.reception(id)?.filter(|row| row.lab == lab).ok_or_else(|| Code::NotFound.problem())?;
            let names = tx.account_names(&[row.opened_by.uuid()])?;
            let (boxes, manifest, scans) = (tx.reception_boxes(id)?, tx.manifest(id)?, tx.scans(id)?);
            Ok(view::reception(&row, boxes, &manifest, &scans, &names, true))
        })
        .await
}

/// One reception with its scans and what is missing.
pub async fn reception(app: &App, caller: &Caller, lab: Uuid, id: Uuid) -> Result<wire::Reception> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    show(app, lab, id).await
}

/// The last receptions.
pub async fn receptions(app: &App, caller: &Caller, lab: Uuid) -> Result<Vec<wire::Reception>> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    let rows = app
        .store
        .read("list_receptions", move |tx| {
            tx.receptions(lab, 50)?
                .into_iter()
                .map(|row| {
                    let names = tx.account_names(&[row.opened_by.uuid()])?;
                    let (boxes, manifest, scans) = (tx.reception_boxes(row.id)?, tx.manifest(row.id)?, tx.scans(row.id)?);
                    Ok(view::reception(&row, boxes, &manifest, &scans, &names, false))
                })
                .collect::<Result<Vec<_>, allclear_store::StoreError>>()
        })
        .await?;
    Ok(rows)
}

/// A scan, parsed.
enum Code2 {
    Box(String),
    Tube(String, Option<RejectReason>),
}

fn parse(scan: &wire::NewScan) -> Result<Code2> {
    if let Ok(code) = BoxCode::parse(&scan.code) {
        return Ok(Code2::Box(code.as_str().to_owned()));
    }
    let code = TubeCode::parse(&scan.code).map_err(|error| Code::CodeMalformed.field("/code").detail(error.to_string()))?;
    let damage = match scan.damage.as_deref() {
        None | Some("") => None,
        Some(word) => Some(RejectReason::parse(word).ok_or_else(|| Code::BodyInvalid.field("/damage"))?),
    };
    Ok(Code2::Tube(code.as_str().to_owned(), damage))
}

/// What one transaction of scans knows.
struct Session<'t> {
    tx: &'t Tx<'t>,
    act: &'t Act,
    lab: &'t LabRow,
    id: Uuid,
    boxes: HashSet<String>,
    tubes: HashMap<String, TubeRow>,
    held: HashMap<String, LabTubeRow>,
    scanned: HashMap<String, ScanRow>,
    facts: Vec<Fact>,
}

impl Session<'_> {
    fn judge(&self, code: &str, damage: Option<RejectReason>) -> Verdict {
        let known = self.tubes.get(code).map(|tube| Known {
            stage: tube.stage,
            on_manifest: tube.box_code.as_ref().is_some_and(|code| self.boxes.contains(code)),
            received_here: self.held.get(code).is_some_and(|row| row.lab == self.lab.id),
        });
        // A tube that was on hold in this session may be scanned again once its record has arrived.
        let scanned_before = self.scanned.get(code).is_some_and(|scan| scan.verdict != "hold");
        rules::judge(Scanned { known, scanned_before, damage })
    }

    fn receive(&mut self, code: &str) -> Result<LabTubeRow> {
        let tube = self.tubes.get(code).ok_or_else(|| Code::NotFound.problem())?;
        let (from, row) = (tube.stage, LabTubeRow::received(tube, self.lab.id, self.act.now, self.act.account));
        self.tx.upsert_lab_tubes(&[&row])?;
        self.tx.found_tubes(&[code])?;
        let moved = self.tx.move_tubes(&[code], &ARRIVING, Stage::Received, self.act.now)?;
        self.facts.extend(moved.iter().map(|m| moved_fact(m, from, Stage::Received, self.act.now)));
        let detail = serde_json::json!({ "lab": self.lab.name }).to_string();
        self.tx.insert_custody(&[self.act.custody(code, "received", Some(self.lab.id.to_string()), Some(detail))])?;
        if let Some(tube) = self.tubes.get_mut(code) {
            tube.stage = Stage::Received;
        }
        self.held.insert(code.into(), row.clone());
        Ok(row)
    }

    fn apply(&mut self, scan: &wire::NewScan, code: &str, damage: Option<RejectReason>) -> Result<(Verdict, Option<String>)> {
        let verdict = self.judge(code, damage);
        let mut reason = None;
        match verdict {
            Verdict::Duplicate => self.tx.count_duplicates(self.id, 1)?,
            Verdict::Matched | Verdict::Extra => drop(self.receive(code)?),
            Verdict::Damaged(why) => {
                let mut row = self.receive(code)?;
                self.facts.extend(reject(self.tx, self.act, &mut row, why, scan.note.as_deref())?);
                reason = Some(why.as_str().to_owned());
            }
            Verdict::Hold(why) => {
                reason = Some(why.as_str().to_owned());
                let raw = scan.code.chars().take(64).collect();
                let hold = HoldRow {
                    tube: code.into(),
                    reason: why.as_str().into(),
                    raw,
                    held_by: self.act.account,
                    held_at: self.act.now,
                    state: "open".into(),
                };
                self.tx.hold_tube(self.lab.id, &hold)?;
            }
        }
        if matches!(verdict, Verdict::Matched | Verdict::Extra | Verdict::Damaged(_)) {
            self.tx.settle_hold(self.lab.id, code, self.act.account, self.act.now)?;
        }
        if verdict != Verdict::Duplicate {
            let row = self.scan_row(scan, code, verdict, reason.clone());
            self.tx.put_scan(self.id, &row)?;
            self.scanned.insert(code.into(), row);
        }
        Ok((verdict, reason))
    }

    fn scan_row(&self, scan: &wire::NewScan, code: &str, verdict: Verdict, reason: Option<String>) -> ScanRow {
        let tube = self.tubes.get(code);
        ScanRow {
            tube: code.into(),
            verdict: verdict.as_str().into(),
            reason,
            note: scan.note.as_ref().map(|note| note.chars().take(200).collect()),
            raw: scan.code.chars().take(64).collect(),
            persons: self.held.get(code).map(|row| row.persons).or_else(|| tube.map(|t| t.valid)).unwrap_or(0),
            on_manifest: tube.and_then(|t| t.box_code.as_ref()).is_some_and(|code| self.boxes.contains(code)),
            at: self.act.now,
            by: self.act.account,
        }
    }
}

/// Takes scans into a session: boxes join it, tubes get their verdicts.
pub async fn scan(app: &App, caller: &Caller, lab: Uuid, id: Uuid, scans: Vec<wire::NewScan>) -> Result<Vec<wire::ScanAnswer>> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    if scans.is_empty() || scans.len() > SCANS_MAX {
        return Err(Code::BodyInvalid.problem().detail("1 to 500 scans"));
    }
    let parsed = scans.iter().map(parse).collect::<Result<Vec<_>>>()?;
    let (act, age_s_max) = (Act::new(app, caller), app.plan().profile.tube_to_lab_max_s);
    app.store.run("scan_reception", move |tx| scan_in(tx, &act, &lab, id, &scans, &parsed, age_s_max)).await
}

fn scan_in(
    tx: &Tx<'_>,
    act: &Act,
    lab: &LabRow,
    id: Uuid,
    scans: &[wire::NewScan],
    parsed: &[Code2],
    age_s_max: i64,
) -> Result<Vec<wire::ScanAnswer>> {
    tx.hold_merges()?;
    let session = tx.reception_for_update(id)?.filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.problem())?;
    if session.closed_at.is_some() {
        return Err(Code::StateConflict.problem().detail("this reception is closed"));
    }
    let mut boxes: HashSet<String> = tx.reception_boxes(id)?.into_iter().collect();
    for code in parsed {
        if let Code2::Box(code) = code {
            tx.add_reception_box(id, code)?;
            boxes.insert(code.clone());
        }
    }
    let codes: Vec<&str> = parsed.iter().filter_map(|c| if let Code2::Tube(code, _) = c { Some(code.as_str()) } else { None }).collect();
    let scanned = tx.scans(id)?.into_iter().map(|scan| (scan.tube.clone(), scan)).collect();
    let (tubes, held) = (tx.tubes_for_update(&codes)?, tx.lab_tubes_for_update(&codes)?);
    let mut state = Session { tx, act, lab, id, boxes, tubes, held, scanned, facts: Vec::new() };
    let mut answers = Vec::with_capacity(parsed.len());
    for (scan, code) in scans.iter().zip(parsed) {
        let mut answer = wire::ScanAnswer {
            code: String::new(),
            verdict: wire::Verdict::BoxAdded,
            reason: None,
            persons: 0,
            age_s: None,
            age_s_max,
            tally: wire::Tally::default(),
        };
        match code {
            Code2::Box(code) => answer.code.clone_from(code),
            Code2::Tube(code, damage) => {
                let (verdict, reason) = state.apply(scan, code, *damage)?;
                answer.code.clone_from(code);
                answer.verdict = view::verdict(verdict);
                answer.reason = reason;
                answer.persons = state.held.get(code).map_or(0, |row| row.persons);
                answer.age_s = state.tubes.get(code).map(|tube| act.now.seconds_since(tube.opened_at));
            }
        }
        answers.push(answer);
    }
    let facts = std::mem::take(&mut state.facts);
    act.change(tx, "scan_reception", codes.first().copied().unwrap_or(""), &facts)?;
    let session = tx.reception(id)?.ok_or_else(|| Code::NotFound.problem())?;
    let tally = view::tally(&tx.manifest(id)?, &tx.scans(id)?, session.duplicates);
    answers.iter_mut().for_each(|answer| answer.tally = tally);
    Ok(answers)
}

/// Closes a session; a difference needs a name under it. Its boxes are received.
pub async fn close_reception(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::CloseReception) -> Result<wire::Reception> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let act = Act::new(app, caller);
    let signed = request.difference_signed_by.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let lab_id = lab.id;
    app.store
        .run("close_reception", move |tx| {
            let session = tx.reception_for_update(id)?.filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.problem())?;
            let tally = view::tally(&tx.manifest(id)?, &tx.scans(id)?, session.duplicates);
            let agrees = tally.missing == 0 && tally.extra == 0 && tally.damaged == 0 && tally.hold == 0;
            if !agrees && signed.is_none() {
                return Err(Code::ReasonRequired.field("/difference_signed_by"));
            }
            if !tx.close_reception(id, act.account, act.now, signed.as_deref())? {
                return Err(Code::StateConflict.problem().detail("this reception is closed"));
            }
            let (found, mut leaving) = (compare(tx, id)?, Vec::new());
            for code in &found.boxes {
                receive_box(tx, &act, &lab, code, (found.agrees(code), signed.as_deref()), &mut leaving)?;
            }
            for code in &found.boxes {
                join_handovers(tx, &act, code)?;
            }
            tx.note_missing_tubes(lab.id, id, &found.missing, act.now, signed.as_deref())?;
            act.change(tx, "close_reception", found.boxes.first().map_or("", String::as_str), &leaving)?;
            Ok::<_, Problem>(())
        })
        .await?;
    show(app, lab_id, id).await
}

/// Boxes of a session against what was scanned.
struct Found {
    boxes: Vec<String>,
    /// Boxes that lack a tube, or hold one that is damaged or held.
    differing: HashSet<String>,
    /// Tubes that are not there: (tube, box).
    missing: Vec<(String, String)>,
    /// Tubes that no box of the session should hold.
    extra: bool,
}

impl Found {
    /// A tube too many can only be said to be of a box if there is just one.
    fn agrees(&self, code: &str) -> bool {
        let too_many = self.extra && self.boxes.len() == 1;
        !too_many && !self.differing.contains(code)
    }
}

fn compare(tx: &Tx<'_>, id: Uuid) -> Result<Found> {
    let scans: HashMap<String, String> = tx.scans(id)?.into_iter().map(|scan| (scan.tube, scan.verdict)).collect();
    let manifest = tx.manifest_boxes(id)?;
    let whole = |tube: &String| scans.get(tube).is_some_and(|verdict| verdict == "matched");
    let differing = manifest.iter().filter(|(tube, _)| !whole(tube)).map(|(_, code)| code.clone()).collect();
    let missing = manifest.into_iter().filter(|(tube, _)| !scans.contains_key(tube)).collect();
    let extra = scans.values().any(|verdict| verdict == "extra");
    Ok(Found { boxes: tx.reception_boxes(id)?, differing, missing, extra })
}

/// Who receives a box takes it over: the courier's half of the delivery is answered once all its boxes are here.
fn join_handovers(tx: &Tx<'_>, act: &Act, code: &str) -> Result<()> {
    for event in tx.custody_of(code)?.iter().filter(|event| event.event == "given") {
        let Some(id) = event.target.as_deref().and_then(|target| target.parse().ok()) else { continue };
        let Some(mut row) = tx.handover_for_update(id)?.filter(|row| row.state == "half" && row.taker.is_none()) else { continue };
        let boxes: Vec<String> = serde_json::from_str(&row.boxes).unwrap_or_default();
        let here = |code: &String| Ok::<_, Problem>(tx.box_for_look(code)?.is_some_and(|b| b.state == "received"));
        if boxes.iter().map(here).collect::<Result<Vec<_>>>()?.into_iter().all(|here| here) {
            row.taker = Some((act.account, act.device_no, act.now));
            row.state = "joined".into();
            tx.upsert_handover(&row)?;
        }
    }
    Ok(())
}

/// How the box changed hands, as far as the halves have come in: `joined`, `half`, `disputed` or `none`.
fn handed_over(tx: &Tx<'_>, code: &str) -> Result<String> {
    let mut state = "none".to_owned();
    for event in tx.custody_of(code)?.iter().filter(|event| matches!(event.event.as_str(), "given" | "taken")) {
        let id = event.target.as_deref().and_then(|id| id.parse().ok()).unwrap_or_default();
        if let Some(row) = tx.handover(id)? {
            state = row.state;
        }
    }
    Ok(state)
}

fn receive_box(
    tx: &Tx<'_>,
    act: &Act,
    lab: &LabRow,
    code: &str,
    (agrees, signed): (bool, Option<&str>),
    leaving: &mut Vec<Fact>,
) -> Result<()> {
    let mut custody = act.custody(code, "box_received", Some(lab.id.to_string()), None);
    let outcome = if agrees { "matched" } else { "discrepancy" };
    // A box that nobody handed over is received all the same; its record says what is missing of its way.
    custody.detail = Some(serde_json::json!({ "outcome": outcome, "lab": lab.name, "handover": handed_over(tx, code)? }).to_string());
    custody.signed_by = signed.map(str::to_owned);
    tx.insert_custody(&[custody])?;
    // A box that nobody handed over has left its site all the same, and what is still in it with it.
    let boxed: Vec<String> = tx.tubes_in_box(code)?.into_iter().filter(|tube| tube.stage == Stage::Boxed).map(|tube| tube.code).collect();
    let boxed: Vec<&str> = boxed.iter().map(String::as_str).collect();
    if !boxed.is_empty() {
        let moved = tx.move_tubes(&boxed, &["boxed"], Stage::InTransit, act.now)?;
        let facts: Vec<Fact> = moved.iter().map(|m| moved_fact(m, Stage::Boxed, Stage::InTransit, act.now)).collect();
        leaving.extend(facts);
    }
    if let Some(mut row) = tx.box_for_update(code)? {
        row.state = "received".into();
        row.state_at = act.now;
        row.version += 1;
        tx.upsert_box(&row)?;
    }
    Ok(())
}

/// Tubes on hold, with where they stand now.
pub async fn holds(app: &App, caller: &Caller, lab: Uuid) -> Result<Vec<wire::Hold>> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    let rows = app
        .store
        .read("list_holds", move |tx| {
            let rows = tx.holds(lab, 500)?;
            let accounts: Vec<Uuid> = rows.iter().map(|row| row.held_by.uuid()).collect();
            let names = tx.account_names(&accounts)?;
            rows.into_iter()
                .map(|row| {
                    let stage = tx.tube(&row.tube)?.map(|tube| tube.stage);
                    Ok((row, stage))
                })
                .collect::<Result<Vec<_>, allclear_store::StoreError>>()
                .map(|rows| (rows, names))
        })
        .await?;
    let (rows, names) = rows;
    let hold = |(row, stage): (HoldRow, Option<Stage>)| wire::Hold {
        receivable: matches!(stage, Some(Stage::Sealed | Stage::Boxed | Stage::InTransit)),
        stage: stage.map(|stage| stage.as_str().to_owned()),
        reason: row.reason,
        held_by: names.get(&row.held_by.uuid()).cloned().unwrap_or_default(),
        held_at: rfc3339(row.held_at),
        tube: row.tube,
    };
    Ok(rows.into_iter().map(hold).collect())
}

/// Decides a hold: receive what is known by now, or discard.
pub async fn resolve_hold(app: &App, caller: &Caller, lab: Uuid, code: &str, request: wire::ResolveHold) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let code = TubeCode::parse(code).map_err(|_| Code::CodeMalformed.problem())?.as_str().to_owned();
    if request.note.trim().is_empty() && request.action == wire::HoldAction::Discard {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let act = Act::new(app, caller);
    app.store
        .run("resolve_hold", move |tx| {
            tx.hold_merges()?;
            tx.hold_for_update(lab.id, &code)?.ok_or_else(|| Code::NotFound.problem())?;
            let codes = [code.as_str()];
            let (tubes, held) = (tx.tubes_for_update(&codes)?, tx.lab_tubes_for_update(&codes)?);
            let arriving = tubes.get(&code).is_some_and(|tube| matches!(tube.stage, Stage::Sealed | Stage::Boxed | Stage::InTransit));
            let (boxes, scanned) = (HashSet::new(), HashMap::new());
            let mut state = Session { tx, act: &act, lab: &lab, id: Uuid::nil(), boxes, tubes, held, scanned, facts: Vec::new() };
            let word = match request.action {
                wire::HoldAction::Receive if arriving => {
                    state.receive(&code)?;
                    "received"
                }
                wire::HoldAction::Receive => return Err(Code::StateConflict.problem().detail("the tube's record has not arrived")),
                wire::HoldAction::Discard => {
                    // Whoever is in it must be asked again, so a known tube is received and rejected.
                    if arriving {
                        let mut row = state.receive(&code)?;
                        let facts = reject(tx, &act, &mut row, RejectReason::Other, Some(request.note.trim()))?;
                        state.facts.extend(facts);
                    }
                    "discarded"
                }
            };
            let facts = std::mem::take(&mut state.facts);
            act.change(tx, "resolve_hold", &code, &facts)?;
            tx.resolve_hold(lab.id, &code, word, act.account, act.now, request.note.trim())?;
            Ok::<_, Problem>(())
        })
        .await
}
