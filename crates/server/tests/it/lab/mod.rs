//! What laboratories do, from the box at the door to what each person may know.

mod clocks;
mod day;
mod follow_ups;
mod imports;
mod plausible;
mod reception;
mod release;
mod tasks;

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use allclear_server::lab::jobs;
use allclear_testkit::{City, Client, Phone};
use serde_json::{Value, json};

/// A tube's label.
pub(crate) fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

/// A box's label.
pub(crate) fn box_code(serial: u32) -> String {
    BoxCode::from_serial(serial).as_str().to_owned()
}

/// A city with one laboratory and somebody in each of its chairs.
pub(crate) struct Desk {
    pub(crate) city: City,
    pub(crate) phone: Phone,
    pub(crate) entry: Client,
    pub(crate) release: Client,
    pub(crate) headquarters: Client,
    pub(crate) lab: String,
    pub(crate) instrument: String,
    pub(crate) kit: String,
    /// People whom the first site serves.
    pub(crate) people: Vec<i64>,
    next_person: usize,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::on(City::with_population(3000).await).await
    }

    /// Hours have passed at which nobody sat here, and the sessions have ended.
    pub(crate) async fn sign_in_again(&mut self) {
        self.entry = self.city.sign_in("labentry").await;
        self.release = self.city.sign_in("labrelease").await;
        self.headquarters = self.city.sign_in("headquarters").await;
    }

    /// The same in a city that is there already.
    pub(crate) async fn on(city: City) -> Self {
        let (phone, entry, release) = (city.phone("registrar").await, city.sign_in("labentry").await, city.sign_in("labrelease").await);
        let headquarters = city.sign_in("headquarters").await;
        let id = |value: Value| value["id"].as_str().unwrap().to_owned();
        let lab =
            id(headquarters.post("/api/v1/labs", json!({ "name": "气膜方舱", "area": "330784", "rated_per_day": 100_000 })).await.ok());
        let kit = json!({ "name": "双靶标试剂", "run_s_min": 4500, "cutoff": 38.0, "internal_control": "IC" });
        let kit = id(headquarters.post("/api/v1/lab-kits", kit).await.ok());
        let instrument = id(entry.post(&format!("/api/v1/labs/{lab}/instruments"), json!({ "name": "PCR 1" })).await.ok());
        let mut people = Vec::new();
        for site in 0..60 {
            people.extend(city.people(city.site(site)).await);
        }
        Self { city, phone, entry, release, headquarters, lab, instrument, kit, people, next_person: 0 }
    }

    /// Path below the laboratory.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/api/v1/labs/{}{path}", self.lab)
    }

    /// People who have not been sampled by this test.
    pub(crate) fn fresh_people(&mut self, count: usize) -> Vec<i64> {
        let from = self.next_person;
        self.next_person += count;
        self.people[from..self.next_person].to_vec()
    }

    /// Puts people into a tube of a kind and seals it.
    pub(crate) async fn fill_kind(&mut self, code: &str, kind: &str, people: &[i64]) {
        let (round, site) = (self.city.round(), self.city.site(0));
        let mut commands = Vec::new();
        for person in people {
            let mut swab = self.phone.swab(round, site, code, *person);
            swab["tube_kind"] = json!(kind);
            commands.push(swab);
        }
        commands
            .push(self.phone.command(json!({ "op": "seal_tube", "tube": code, "counted": people.len(), "difference_signed_by": null })));
        self.phone.records(&commands).await;
    }

    /// Fills a pool of ten with fresh people.
    pub(crate) async fn fill(&mut self, code: &str, count: usize) -> Vec<i64> {
        let people = self.fresh_people(count);
        self.fill_kind(code, "pool10", &people).await;
        people
    }

    /// Packs sealed tubes into a box and seals it.
    pub(crate) async fn pack(&mut self, code: &str, tubes: &[String]) {
        let site = self.city.site(0);
        let mut commands: Vec<Value> =
            tubes.iter().map(|tube| self.phone.command(json!({ "op": "pack_tube", "box": code, "tube": tube, "site": site }))).collect();
        commands.push(self.phone.command(json!({ "op": "seal_box", "box": code, "counted": tubes.len(), "difference_signed_by": null })));
        self.phone.records(&commands).await;
    }

    /// Opens a reception.
    pub(crate) async fn reception(&self, boxes: &[String]) -> String {
        let opened = self.entry.post(&self.at("/receptions"), json!({ "boxes": boxes })).await.ok();
        opened["id"].as_str().unwrap().to_owned()
    }

    /// Scans codes; answers their verdicts.
    pub(crate) async fn scan(&self, reception: &str, codes: &[String]) -> Vec<String> {
        let scans: Vec<Value> = codes.iter().map(|code| json!({ "code": code })).collect();
        let answers = self.entry.post(&self.at(&format!("/receptions/{reception}/scans")), json!(scans)).await.ok();
        answers.as_array().unwrap().iter().map(|answer| answer["verdict"].as_str().unwrap().to_owned()).collect()
    }

    /// Receives loose tubes.
    pub(crate) async fn receive(&self, codes: &[String]) {
        let reception = self.reception(&[]).await;
        let verdicts = self.scan(&reception, codes).await;
        assert!(verdicts.iter().all(|verdict| verdict == "extra"), "{verdicts:?}");
    }

    /// A started run with these tubes and both controls.
    pub(crate) async fn run(&self, serial: u128, codes: &[String]) -> String {
        let id = uuid::Uuid::from_u128(serial).to_string();
        let request = json!({ "id": id, "name": format!("P-{serial}"), "instrument": self.instrument, "kit": self.kit, "lot": "L1" });
        self.entry.post(&self.at("/runs"), request).await.ok();
        let wells = self.at(&format!("/runs/{id}/wells"));
        self.entry.post(&wells, json!({ "tubes": codes })).await.ok();
        self.entry.post(&wells, json!({ "control": "negative_control", "well": "G12" })).await.ok();
        self.entry.post(&wells, json!({ "control": "positive_control", "well": "H12" })).await.ok();
        self.entry.post(&self.at(&format!("/runs/{id}/move")), json!({ "event": "start" })).await.ok();
        id
    }

    /// Enters one value for some tubes.
    pub(crate) async fn enter(&self, run: Option<&str>, codes: &[String], value: &str) -> Value {
        let rows: Vec<Value> = codes.iter().map(|code| json!({ "tube": code, "value": value })).collect();
        self.entry.post(&self.at("/results"), json!({ "run": run, "source": "scanned", "rows": rows })).await.ok()
    }

    /// Releases one tube as the second person.
    pub(crate) async fn release_one(&self, code: &str, value: &str) -> Value {
        self.release.post(&self.at(&format!("/tubes/{code}/release")), json!({ "value": value })).await.ok()
    }

    /// Everything that follows has followed.
    pub(crate) async fn settle(&self) {
        jobs::catch_up(&self.city.app).await.unwrap();
        // What the follower said of follow-ups is a change too.
        jobs::catch_up(&self.city.app).await.unwrap();
    }

    /// What a person may be told: newest report's value.
    pub(crate) async fn told(&self, person: i64) -> Vec<String> {
        let no = allclear_domain::kernel::id::PersonNo(person);
        let read = self.city.app.store.read("test", move |tx| tx.reports_of(no, 10));
        read.await.unwrap().into_iter().map(|report| report.value).collect()
    }

    /// Open tasks of a kind among some people.
    pub(crate) async fn with_task(&self, people: &[i64], kind: &'static str) -> usize {
        let people = people.to_vec();
        self.city.app.store.read("test", move |tx| tx.persons_with_task(&people, kind)).await.unwrap().len()
    }

    /// Stage of a tube.
    pub(crate) async fn stage(&self, code: &str) -> &'static str {
        let code = code.to_owned();
        self.city.app.store.read("test", move |tx| tx.tube(&code)).await.unwrap().unwrap().stage.as_str()
    }

    /// Screen and records are the same, in every figure.
    pub(crate) async fn recount(&self) {
        self.city.drain().await;
        let recount = self.headquarters.get("/api/v1/live/recount").await.ok();
        assert_eq!(recount["different"], 0, "{recount}");
        let lines = recount["lines"].as_array().unwrap();
        assert!(lines.iter().any(|line| line["level"] == "frame" && line["records"].as_i64() > Some(0)), "{recount}");
    }
}
