//! The laboratory's desk: what is asked of it, and what must come of it. A request that was not
//! answered either happened whole or not at all; it is looked up, and asked again.

use std::collections::{BTreeMap, BTreeSet};

use allclear_store::Tx;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    failure::{Checked, ensure, fail},
    model::{Stage, World},
    op::{Call, Op},
    town::{Town, away, box_code},
};

/// How often a request is asked again; a cut is shorter.
const TRIES: usize = 12;

/// A tube at the laboratory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabTube {
    /// Its stage's word.
    pub stage: &'static str,
    run: Option<u32>,
    /// Its result.
    pub value: Option<Call>,
    entered_by_both: bool,
}

/// The laboratory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lab {
    /// Tubes that were received.
    pub tubes: BTreeMap<String, LabTube>,
    /// Tubes on hold.
    pub holds: BTreeSet<String>,
    /// Boxes that were received.
    pub boxes: BTreeSet<String>,
}

/// What a request must answer, and how the laboratory stands after it.
struct Expected {
    /// The code of the refusal, if it is one.
    refused: Option<&'static str>,
    /// Words that the answer must hold, in order, under a key.
    words: Option<(&'static str, Vec<String>)>,
    after: Lab,
}

/// One request of the desk.
struct Asked<'a> {
    chair: &'static str,
    path: String,
    body: Value,
    /// Tubes and boxes that it is about.
    about: Vec<String>,
    expect: &'a dyn Fn(&Lab, &World) -> Expected,
}

fn run_id(run: u32) -> Uuid {
    Uuid::from_u128(u128::from(run) + 0x51AB_0000)
}

impl Lab {
    fn put(&mut self, code: &str, stage: &'static str) {
        let tube = LabTube { stage, run: None, value: None, entered_by_both: false };
        self.tubes.insert(code.to_owned(), tube);
    }

    /// The part of it that some codes are about, as text.
    fn part(&self, about: &[String]) -> Vec<String> {
        about
            .iter()
            .map(|code| {
                let tube = self.tubes.get(code).map(|tube| format!("{} {:?}", tube.stage, tube.value.map(Call::word)));
                format!("{code} {tube:?} {} {}", self.holds.contains(code), self.boxes.contains(code))
            })
            .collect()
    }
}

/// The same text from the rows.
fn stored(tx: &Tx<'_>, lab: Uuid, about: &[String]) -> allclear_store::Result<Vec<String>> {
    let codes: Vec<&str> = about.iter().map(String::as_str).collect();
    let (tubes, holds) = (tx.lab_tubes(&codes)?, tx.holds(allclear_domain::kernel::id::Id::new(lab), 500)?);
    about
        .iter()
        .map(|code| {
            let tube = tubes.get(code).map(|row| format!("{} {:?}", row.stage.as_str(), row.value.map(|value| value.as_str())));
            let held = holds.iter().any(|hold| hold.tube == *code);
            let received = tx.custody_of(code)?.iter().any(|event| event.event == "box_received");
            Ok(format!("{code} {tube:?} {held} {received}"))
        })
        .collect()
}

/// What scanning a tube must answer; and the laboratory afterwards.
fn scanned(
    lab: &mut Lab,
    world: &World,
    session: &mut BTreeMap<String, &'static str>,
    box_of: Option<&str>,
    code: &str,
    damaged: bool,
) -> &'static str {
    if session.get(code).is_some_and(|verdict| *verdict != "hold") {
        return "duplicate";
    }
    let stage = world.tubes.get(code).map(|tube| tube.stage);
    let verdict = match (lab.tubes.get(code).map(|tube| tube.stage), stage) {
        (Some("rejected"), _) | (None, None | Some(Stage::Open)) => "hold",
        (Some(_), _) => "duplicate",
        (None, Some(Stage::Sealed | Stage::Boxed)) if damaged => "damaged",
        (None, Some(Stage::Sealed | Stage::Boxed)) => {
            let its_box = world.tubes.get(code).and_then(|tube| tube.the_box.as_deref());
            if its_box.is_some() && its_box == box_of { "matched" } else { "extra" }
        }
    };
    match verdict {
        "hold" => drop(lab.holds.insert(code.to_owned())),
        "damaged" => lab.put(code, "rejected"),
        "matched" | "extra" => lab.put(code, "received"),
        _ => {}
    }
    if matches!(verdict, "damaged" | "matched" | "extra") {
        // A tube that is received does not wait any more.
        lab.holds.remove(code);
    }
    if verdict != "duplicate" {
        session.insert(code.to_owned(), verdict);
    }
    verdict
}

impl Town<'_> {
    /// Plays an operation of the laboratory.
    pub(crate) async fn desk(&mut self, op: &Op) -> Checked {
        match op {
            Op::Receive { the_box, tubes, damaged } => self.receive(*the_box, tubes, *damaged).await,
            Op::ResolveHold { tube, discard } => self.resolve_hold(*tube, *discard).await,
            Op::Plate { run, tubes } => self.plate(*run, tubes).await,
            Op::Enter { run, tubes, value, by_both } => self.enter(*run, tubes, *value, *by_both).await,
            Op::Release { tube, value, by_both } => self.release(*tube, *value, *by_both).await,
            Op::ReleaseRun { run } => self.release_run(*run).await,
            Op::Reject { tube } => self.act_on(*tube, "reject", json!({ "reason": "too_little" })).await,
            Op::Repeat { tube } => self.act_on(*tube, "repeat", json!({})).await,
            _ => Ok(()),
        }
    }

    fn lab_path(&self, path: &str) -> String {
        format!("/api/v1/labs/{}{path}", self.set.lab)
    }

    fn world(&self) -> World {
        World::of(&self.facts, self.forgets_undo)
    }

    /// Asks until there is an answer, and checks it.
    async fn ask(&mut self, asked: Asked<'_>) -> Checked<Value> {
        for _ in 0..TRIES {
            let expected = (asked.expect)(&self.lab, &self.world());
            let client = self.chair(asked.chair).await;
            let answer = client.post(&asked.path, asked.body.clone()).await;
            drop(client);
            self.sum.requests += 1;
            if away(&answer) {
                let dead = self.mend_if_dead().await?;
                self.settle_desk(&asked, expected.after).await?;
                if dead {
                    self.audit().await?;
                }
                continue;
            }
            let about = || format!("{} {}: {} {}", asked.path, asked.body, answer.status, answer.json);
            match expected.refused {
                Some(code) => ensure(answer.json["code"] == code, "the desk refuses what it must", about)?,
                None => ensure(answer.status.is_success(), "the desk does what it must", || {
                    format!("{}; the rows: {:?}", about(), self.lab.part(&asked.about))
                })?,
            }
            if let Some((key, words)) = expected.words {
                let found: Vec<&str> = answer.json.as_array().into_iter().flatten().filter_map(|row| row[key].as_str()).collect();
                ensure(found == words, "the desk answers what it must", || format!("{}; expected {words:?}", about()))?;
            }
            self.lab = expected.after;
            return Ok(answer.json);
        }
        fail("a request is answered in the end", asked.path)
    }

    async fn settle_desk(&mut self, asked: &Asked<'_>, after: Lab) -> Checked {
        self.sum.unanswered += 1;
        let (about, lab) = (asked.about.clone(), self.set.lab);
        let found = self.look(move |tx| stored(tx, lab, &about)).await;
        if found == after.part(&asked.about) {
            self.lab = after;
        } else {
            ensure(found == self.lab.part(&asked.about), "a request happens whole or not at all", || {
                format!(
                    "{} {}: {found:?}, before {:?}, after {:?}",
                    asked.path,
                    asked.body,
                    self.lab.part(&asked.about),
                    after.part(&asked.about)
                )
            })?;
        }
        Ok(())
    }

    async fn receive(&mut self, the_box: Option<u32>, tubes: &[u32], damaged: Option<u32>) -> Checked {
        if the_box.is_some_and(|the_box| self.lost.contains(&the_box)) {
            return Ok(());
        }
        let label = the_box.map(box_code);
        let nothing = |lab: &Lab, _: &World| Expected { refused: None, words: None, after: lab.clone() };
        let body = json!({ "boxes": label.iter().collect::<Vec<_>>() });
        let opened =
            self.ask(Asked { chair: "labentry", path: self.lab_path("/receptions"), body, about: vec![], expect: &nothing }).await?;
        let reception = opened["id"].as_str().unwrap_or_default().to_owned();
        let codes: Vec<String> = tubes.iter().map(|tube| self.label(*tube)).collect();
        let leaks = |place: usize| damaged.is_some() && damaged == tubes.get(place).copied();
        if !codes.is_empty() {
            let scans: Vec<Value> =
                codes.iter().enumerate().map(|(place, code)| json!({ "code": code, "damage": leaks(place).then_some("leaked") })).collect();
            // Scanned again after a lost answer: what went in the first time is a duplicate of this session.
            let earlier: std::cell::RefCell<BTreeSet<String>> = std::cell::RefCell::default();
            let before = self.lab.clone();
            let expect = |lab: &Lab, world: &World| {
                let mut session = BTreeMap::new();
                for code in codes.iter().filter(|code| lab.tubes.get(*code) != before.tubes.get(*code)) {
                    session.insert(code.clone(), "matched");
                    earlier.borrow_mut().insert(code.clone());
                }
                let mut after = lab.clone();
                let verdicts = codes.iter().enumerate();
                let verdicts =
                    verdicts.map(|(place, code)| scanned(&mut after, world, &mut session, label.as_deref(), code, leaks(place)).to_owned());
                let words = ("verdict", verdicts.collect());
                Expected { refused: None, words: Some(words), after }
            };
            let path = self.lab_path(&format!("/receptions/{reception}/scans"));
            self.ask(Asked { chair: "labentry", path, body: json!(scans), about: codes.clone(), expect: &expect }).await?;
        }
        self.close(&reception, label).await
    }

    async fn close(&mut self, reception: &str, label: Option<String>) -> Checked {
        let tried = std::cell::Cell::new(0);
        let expect = |lab: &Lab, _: &World| {
            let again = label.as_ref().is_some_and(|label| lab.boxes.contains(label)) && tried.get() > 0;
            tried.set(tried.get() + 1);
            let mut after = lab.clone();
            after.boxes.extend(label.clone());
            Expected { refused: again.then_some("state_conflict"), words: None, after }
        };
        // A reception without a box leaves nothing to look up: whether the first close was heard shows in the second.
        if label.is_none() {
            return Ok(());
        }
        let path = self.lab_path(&format!("/receptions/{reception}/close"));
        let body = json!({ "difference_signed_by": "吕白露" });
        let about = label.clone().into_iter().collect();
        self.ask(Asked { chair: "labentry", path, body, about, expect: &expect }).await.map(drop)
    }

    async fn resolve_hold(&mut self, tube: u32, discard: bool) -> Checked {
        let code = self.label(tube);
        let expect = |lab: &Lab, world: &World| {
            let mut after = lab.clone();
            let arriving = !lab.tubes.contains_key(&code) && world.tubes.get(&code).is_some_and(|tube| tube.stage != Stage::Open);
            let refused = match (lab.holds.contains(&code), discard || arriving) {
                (false, _) => Some("not_found"),
                (true, false) => Some("state_conflict"),
                (true, true) => None,
            };
            if refused.is_none() {
                after.holds.remove(&code);
                if arriving {
                    after.put(&code, if discard { "rejected" } else { "received" });
                }
            }
            Expected { refused, words: None, after }
        };
        let path = self.lab_path(&format!("/holds/{code}/resolve"));
        let body = json!({ "action": if discard { "discard" } else { "receive" }, "note": "looked at" });
        self.ask(Asked { chair: "labentry", path, body, about: vec![code.clone()], expect: &expect }).await.map(drop)
    }

    async fn plate(&mut self, run: u32, tubes: &[u32]) -> Checked {
        let mut codes: Vec<String> = tubes.iter().map(|tube| self.label(*tube)).collect();
        codes.sort_unstable();
        codes.dedup();
        codes.retain(|code| self.lab.tubes.get(code).is_some_and(|tube| tube.stage == "received"));
        if codes.is_empty() {
            return Ok(());
        }
        let same = |lab: &Lab, _: &World| Expected { refused: None, words: None, after: lab.clone() };
        let id = run_id(run);
        let body = json!({ "id": id, "name": format!("P-{run}"), "instrument": self.set.instrument, "kit": self.set.kit, "lot": "L1" });
        self.ask(Asked { chair: "labentry", path: self.lab_path("/runs"), body, about: vec![], expect: &same }).await?;
        let wells = self.lab_path(&format!("/runs/{id}/wells"));
        let expect = |lab: &Lab, _: &World| {
            let mut after = lab.clone();
            let waiting = codes.iter().all(|code| lab.tubes.get(code).is_some_and(|tube| tube.stage == "received"));
            if waiting {
                for code in &codes {
                    after.tubes.insert(code.clone(), LabTube { run: Some(run), ..lab_tube("on_run") });
                }
            }
            Expected { refused: (!waiting).then_some("state_conflict"), words: None, after }
        };
        let body = json!({ "tubes": codes });
        self.ask(Asked { chair: "labentry", path: wells.clone(), body, about: codes.clone(), expect: &expect }).await?;
        let start = self.lab_path(&format!("/runs/{id}/move"));
        for (path, body) in [
            (&wells, json!({ "control": "negative_control", "well": "G12" })),
            (&wells, json!({ "control": "positive_control", "well": "H12" })),
            (&start, json!({ "event": "start" })),
        ] {
            self.ask_twice(path, body).await?;
        }
        Ok(())
    }

    /// A request that a second time is refused: either answer says that it is done.
    async fn ask_twice(&mut self, path: &str, body: Value) -> Checked {
        for _ in 0..TRIES {
            let answer = self.chair("labentry").await.post(path, body.clone()).await;
            self.sum.requests += 1;
            if !away(&answer) {
                let done = answer.status.is_success() || answer.json["code"] == "state_conflict";
                return ensure(done, "the desk does what it must", || format!("{path} {body}: {} {}", answer.status, answer.json));
            }
            if self.mend_if_dead().await? {
                self.audit().await?;
            }
        }
        fail("a request is answered in the end", path)
    }

    async fn enter(&mut self, run: Option<u32>, tubes: &[u32], value: Call, by_both: bool) -> Checked {
        let mut codes: Vec<String> = tubes.iter().map(|tube| self.label(*tube)).collect();
        codes.sort_unstable();
        codes.dedup();
        if codes.is_empty() {
            return Ok(());
        }
        let expect = |lab: &Lab, _: &World| {
            let mut after = lab.clone();
            for code in &codes {
                let Some(tube) = after.tubes.get_mut(code) else { continue };
                let fits = run.is_none() || tube.run == run;
                let same = tube.stage == "resulted" && tube.value == Some(value);
                if fits && !same && matches!(tube.stage, "received" | "on_run" | "resulted") {
                    *tube = LabTube { stage: "resulted", value: Some(value), entered_by_both: by_both, ..tube.clone() };
                }
            }
            Expected { refused: None, words: None, after }
        };
        let rows: Vec<Value> = codes.iter().map(|code| json!({ "tube": code, "value": value.word() })).collect();
        let body = json!({ "run": run.map(run_id), "source": "scanned", "rows": rows });
        let chair = if by_both { "both" } else { "labentry" };
        self.ask(Asked { chair, path: self.lab_path("/results"), body, about: codes.clone(), expect: &expect }).await.map(drop)
    }

    async fn release(&mut self, tube: u32, value: Call, by_both: bool) -> Checked {
        let code = self.label(tube);
        let expect = |lab: &Lab, _: &World| {
            let mut after = lab.clone();
            let refused = match lab.tubes.get(&code) {
                None => Some("not_found"),
                Some(tube) if tube.value != Some(value) => Some("state_conflict"),
                Some(tube) if tube.stage != "resulted" || value == Call::Invalid => Some("state_conflict"),
                Some(tube) if tube.entered_by_both && by_both => Some("same_person"),
                Some(_) => None,
            };
            if let (None, Some(tube)) = (refused, after.tubes.get_mut(&code)) {
                tube.stage = "released";
            }
            Expected { refused, words: None, after }
        };
        let path = self.lab_path(&format!("/tubes/{code}/release"));
        let chair = if by_both { "both" } else { "labrelease" };
        self.ask(Asked { chair, path, body: json!({ "value": value.word() }), about: vec![code.clone()], expect: &expect }).await.map(drop)
    }

    async fn release_run(&mut self, run: u32) -> Checked {
        let of_run = |lab: &Lab| -> Vec<String> {
            let waiting = lab.tubes.iter().filter(|(_, tube)| tube.run == Some(run) && tube.stage == "resulted");
            waiting.filter(|(_, tube)| tube.value == Some(Call::Negative)).map(|(code, _)| code.clone()).collect()
        };
        let codes = of_run(&self.lab);
        let expect = |lab: &Lab, _: &World| {
            let mut after = lab.clone();
            for code in of_run(lab) {
                if let Some(tube) = after.tubes.get_mut(&code) {
                    tube.stage = "released";
                }
            }
            Expected { refused: None, words: None, after }
        };
        let id = self.job_id(run);
        let body = json!({ "id": id, "runs": [run_id(run)] });
        self.ask(Asked { chair: "labrelease", path: self.lab_path("/release"), body, about: codes, expect: &expect }).await?;
        self.releases_end().await?;
        if self.mend_if_dead().await? { self.audit().await } else { Ok(()) }
    }

    fn job_id(&mut self, run: u32) -> Uuid {
        self.sum.jobs += 1;
        Uuid::from_u128((u128::from(run) << 32) + u128::from(self.sum.jobs) + 0x0E1E_0000_0000_0000)
    }

    async fn act_on(&mut self, tube: u32, word: &'static str, body: Value) -> Checked {
        let code = self.label(tube);
        let expect = |lab: &Lab, _: &World| {
            let mut after = lab.clone();
            let stage = lab.tubes.get(&code).map(|tube| tube.stage);
            let fits = match word {
                "reject" => matches!(stage, Some("received" | "on_run" | "resulted")),
                _ => matches!(stage, Some("on_run" | "resulted")),
            };
            if fits && let Some(tube) = after.tubes.get_mut(&code) {
                *tube = if word == "reject" { LabTube { stage: "rejected", ..tube.clone() } } else { lab_tube("received") };
            }
            let refused = if stage.is_none() { Some("not_found") } else { (!fits).then_some("state_conflict") };
            Expected { refused, words: None, after }
        };
        let path = self.lab_path(&format!("/tubes/{code}/{word}"));
        self.ask(Asked { chair: "labentry", path, body, about: vec![code.clone()], expect: &expect }).await.map(drop)
    }
}

const fn lab_tube(stage: &'static str) -> LabTube {
    LabTube { stage, run: None, value: None, entered_by_both: false }
}
