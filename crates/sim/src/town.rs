//! The day in the making: phones with their outboxes, a network, a server that dies, and what is
//! known for certain of all of it.

use std::collections::{BTreeMap, BTreeSet};

use allclear_domain::kernel::{
    code::{BoxCode, TubeCode},
    time::Instant,
};
use allclear_server::{clock::rfc3339, lab, people};
use allclear_store::Tx;
use allclear_testkit::{Answer, City, Client, Ground};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Summary, auditor,
    failure::{Checked, ensure, fail},
    lab::Lab,
    model::{Fact, Told},
    op::Op,
    setting::{CHAIRS, Setting, sign_in},
    told,
};

/// How often work of the server is looked at, a millisecond apart.
pub(crate) const LOOKS: usize = 30_000;
/// Time that an operation takes.
const STEP_S: i64 = 17;
/// Largest difference of a clock that the profile accepts, microseconds.
const SKEW_MAX_US: i64 = 600 * 1_000_000;
/// A session that nobody uses ends after two hours: people sign in again before.
const SHIFT_S: i64 = 110 * 60;

/// A phone.
#[derive(Debug, Default)]
struct Phone {
    seq: i64,
    skew_s: i64,
    offline: bool,
    /// Commands that were not answered yet, oldest first.
    outbox: Vec<usize>,
    /// Commands that were.
    answered: Vec<usize>,
}

/// A command that a phone made.
struct Made {
    fact: Fact,
    command: Value,
    /// Whether the store holds it.
    there: bool,
}

/// A request that stayed on the way.
struct Late {
    phone: usize,
    commands: Vec<usize>,
    sent_at: Instant,
}

/// Everything at one seed.
pub struct Town<'s> {
    pub(crate) set: &'s Setting,
    city: Option<City>,
    phones: Vec<Phone>,
    made: Vec<Made>,
    scans: BTreeMap<u32, usize>,
    late: Vec<Late>,
    labels: BTreeMap<u32, u32>,
    pub(crate) lost: BTreeSet<u32>,
    cookies: Vec<String>,
    signed_in_at: Instant,
    /// What the store holds, in the order in which it came in.
    pub(crate) facts: Vec<Fact>,
    /// What the laboratory did.
    pub(crate) lab: Lab,
    /// Receptions, for the auditor.
    pub(crate) imported: Imported,
    /// Whether the auditor is broken on purpose.
    pub(crate) forgets_undo: bool,
    pub(crate) sum: Summary,
}

/// Persons of register files.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    /// Those of files that went in.
    pub(crate) sure: BTreeSet<u32>,
    /// Those of files that were cut off.
    pub(crate) perhaps: BTreeSet<u32>,
    /// Imports that were cut off.
    pub(crate) cut: BTreeSet<Uuid>,
}

/// Label of a tube.
#[must_use]
pub fn tube_code(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

/// Label of a box.
#[must_use]
pub fn box_code(serial: u32) -> String {
    BoxCode::from_serial(serial).as_str().to_owned()
}

/// Whether the server said that it cannot now.
pub(crate) fn away(answer: &Answer) -> bool {
    answer.status.as_u16() == 503
}

impl<'s> Town<'s> {
    /// Puts the town up.
    pub async fn new(ground: &Ground, set: &'s Setting, seed: u64) -> Self {
        Self {
            set,
            city: Some(ground.put_up(&set.frozen, seed).await),
            phones: set.phones.iter().map(|_| Phone::default()).collect(),
            made: Vec::new(),
            scans: BTreeMap::new(),
            late: Vec::new(),
            labels: BTreeMap::new(),
            lost: BTreeSet::new(),
            cookies: set.cookies.clone(),
            signed_in_at: set.signed_in_at,
            facts: Vec::new(),
            lab: Lab::default(),
            imported: Imported::default(),
            forgets_undo: false,
            sum: Summary::default(),
        }
    }

    /// The city as it stands.
    pub(crate) fn city(&self) -> &City {
        self.city.as_ref().expect("a city")
    }

    /// Looks at the rows, past every fault.
    pub(crate) async fn look<T: Send + 'static>(&self, look: impl FnOnce(&Tx<'_>) -> allclear_store::Result<T> + Send + 'static) -> T {
        self.city().calm().read("audit", look).await.expect("the rows can be read")
    }

    /// The label that a tube bears now.
    pub(crate) fn label(&self, tube: u32) -> String {
        tube_code(self.labels.get(&tube).copied().unwrap_or(tube))
    }

    /// Plays one step.
    pub async fn step(&mut self, n: u32, op: &Op) -> Checked {
        self.city().clock.advance_seconds(STEP_S);
        *self.sum.ops.entry(op.name()).or_default() += 1;
        match op {
            Op::Send { phone, take } => self.send(*phone, *take).await,
            Op::Duplicate { phone, take } => self.duplicate(*phone, *take).await,
            Op::Reorder { phone } => {
                self.phones[*phone].outbox.reverse();
                Ok(())
            }
            Op::Delay { phone, take } => {
                let sent_at = self.time_of(*phone);
                let commands = self.phones[*phone].outbox.iter().take(*take).copied().collect();
                self.late.push(Late { phone: *phone, commands, sent_at });
                Ok(())
            }
            Op::Arrive => self.arrive().await,
            Op::Offline { phone } => {
                self.phones[*phone].offline = true;
                Ok(())
            }
            Op::Online { phone } => {
                self.phones[*phone].offline = false;
                Ok(())
            }
            Op::Skew { phone, seconds } => {
                self.phones[*phone].skew_s = *seconds;
                Ok(())
            }
            Op::Wait { minutes } => {
                self.city().clock.advance_seconds(minutes * 60);
                Ok(())
            }
            Op::SwapTubes { a, b } => {
                let (of_a, of_b) = (self.labels.get(a).copied().unwrap_or(*a), self.labels.get(b).copied().unwrap_or(*b));
                self.labels.extend([(*a, of_b), (*b, of_a)]);
                Ok(())
            }
            Op::LoseBox { the_box } => {
                self.lost.insert(*the_box);
                Ok(())
            }
            Op::Cut { fault, calls } => {
                self.city().faults().cut(*fault, *calls);
                Ok(())
            }
            Op::Crash { after, committed } => self.crash(*after, *committed).await,
            Op::Restart => self.restart().await,
            Op::Follow => self.follow().await,
            Op::Receive { .. }
            | Op::ResolveHold { .. }
            | Op::Plate { .. }
            | Op::Enter { .. }
            | Op::Release { .. }
            | Op::ReleaseRun { .. }
            | Op::Reject { .. }
            | Op::Repeat { .. } => self.desk(op).await,
            Op::Import { first, rows, bad } => self.import(*first, *rows, *bad).await,
            _ => {
                self.make(n, op);
                Ok(())
            }
        }
    }

    fn time_of(&self, phone: usize) -> Instant {
        self.city().clock.look().plus_seconds(self.phones[phone].skew_s)
    }

    pub(crate) fn person(&self, person: usize) -> i64 {
        self.set.people[person % self.set.people.len()]
    }

    /// A phone makes a command and keeps it; nothing is sent.
    fn make(&mut self, n: u32, op: &Op) {
        let scan_of = |of: u32| self.scans.get(&of).map(|index| &self.made[*index].fact);
        let Some((phone, told, mut command)) = told::told(op, self, &scan_of) else { return };
        let (at, no) = (self.time_of(phone), self.set.phones[phone].no);
        let kit = &mut self.phones[phone];
        kit.seq += 1;
        let mut random = [0; 10];
        random[..2].copy_from_slice(&(no as u16).to_be_bytes());
        random[2..].copy_from_slice(&kit.seq.to_be_bytes());
        let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.0 / 1000).unwrap_or_default(), &random).into_uuid();
        command["id"] = json!(id);
        command["device_seq"] = json!(kit.seq);
        command["at"] = json!(rfc3339(at));
        command["offline"] = json!(kit.offline);
        let index = self.made.len();
        kit.outbox.push(index);
        let fact = Fact { id, key: (at.0, no, kit.seq), told, clock_off: false };
        self.made.push(Made { fact, command, there: false });
        if matches!(op, Op::Scan { .. } | Op::ScanUnknown { .. }) {
            self.scans.insert(n, index);
        }
    }

    async fn send(&mut self, phone: usize, take: usize) -> Checked {
        let kit = &self.phones[phone];
        if kit.offline || kit.outbox.is_empty() {
            return Ok(());
        }
        let commands: Vec<usize> = kit.outbox.iter().take(take).copied().collect();
        let answered = self.post(phone, &commands, self.time_of(phone)).await?;
        if answered {
            let kit = &mut self.phones[phone];
            kit.outbox.retain(|index| !commands.contains(index));
            kit.answered.extend(commands);
        }
        Ok(())
    }

    async fn duplicate(&mut self, phone: usize, take: usize) -> Checked {
        let commands: Vec<usize> = self.phones[phone].answered.iter().rev().take(take).copied().collect();
        if commands.is_empty() {
            return Ok(());
        }
        self.post(phone, &commands, self.time_of(phone)).await.map(drop)
    }

    async fn arrive(&mut self) -> Checked {
        while let Some(late) = self.late.pop() {
            if !late.commands.is_empty() {
                self.post(late.phone, &late.commands, late.sent_at).await?;
            }
        }
        Ok(())
    }

    /// Sends a batch; answers whether the server answered it. What the store holds of it afterwards is
    /// looked up at once when it did not.
    async fn post(&mut self, phone: usize, commands: &[usize], sent_at: Instant) -> Checked<bool> {
        let batch: Vec<&Value> = commands.iter().map(|index| &self.made[*index].command).collect();
        let body = json!({ "sent_at": rfc3339(sent_at), "commands": batch });
        let offset = self.city().clock.look().0 - sent_at.0;
        let client = self.city().nobody().with_token(&self.set.phones[phone].token);
        let answer = client.post("/api/v1/sync", body).await;
        self.sum.requests += 1;
        if away(&answer) {
            drop(client);
            let dead = self.mend_if_dead().await?;
            self.settle(commands, offset).await?;
            if dead {
                self.audit().await?;
            }
            return Ok(false);
        }
        ensure(answer.status.is_success(), "a batch is taken", || format!("{} {}", answer.status, answer.json))?;
        let outcomes = answer.json["outcomes"].as_array().cloned().unwrap_or_default();
        ensure(outcomes.len() == commands.len(), "each command has an outcome", || answer.json.to_string())?;
        for outcome in outcomes {
            let state = &outcome["state"];
            ensure(state == "recorded" || state == "exception", "each outcome is recorded or exception", || outcome.to_string())?;
        }
        self.hold(commands, offset);
        Ok(true)
    }

    /// The store holds these.
    fn hold(&mut self, commands: &[usize], offset: i64) {
        for index in commands {
            let made = &mut self.made[*index];
            if !made.there {
                made.there = true;
                made.fact.clock_off = offset.abs() > SKEW_MAX_US;
                self.facts.push(made.fact.clone());
            }
        }
    }

    /// Nobody answered: is it there, or not? All of a batch, or nothing.
    async fn settle(&mut self, commands: &[usize], offset: i64) -> Checked {
        let asked: Vec<(usize, Uuid, Told)> = commands
            .iter()
            .filter(|index| !self.made[**index].there)
            .map(|index| (*index, self.made[*index].fact.id, self.made[*index].fact.told.clone()))
            .collect();
        let there = self
            .look(move |tx| {
                asked.into_iter().map(|(index, id, told)| Ok((index, is_there(tx, id, &told)?))).collect::<allclear_store::Result<Vec<_>>>()
            })
            .await;
        let (held, absent): (Vec<_>, Vec<_>) = there.into_iter().partition(|(_, there)| *there);
        ensure(held.is_empty() || absent.is_empty(), "a batch is held whole or not at all", || {
            format!("{} of {} are there", held.len(), held.len() + absent.len())
        })?;
        self.sum.unanswered += 1;
        let held: Vec<usize> = held.into_iter().map(|(index, _)| index).collect();
        self.hold(&held, offset);
        Ok(())
    }

    /// Opens the city again if the server died.
    pub(crate) async fn mend_if_dead(&mut self) -> Checked<bool> {
        if !self.city().faults().is_dead() {
            return Ok(false);
        }
        let city = self.city.take().expect("a city");
        self.sum.faults += city.faults().met();
        self.city = Some(city.crash().await);
        self.sum.crashes += 1;
        self.releases_end().await?;
        Ok(true)
    }

    /// Waits until no bulk release is under way. One that the store failed is taken up again as the next
    /// tick of a server would.
    pub(crate) async fn releases_end(&self) -> Checked {
        for _ in 0..LOOKS {
            let running = self.look(|tx| tx.running_releases()).await;
            if running.is_empty() || self.city().faults().is_dead() {
                return Ok(());
            }
            let app = &self.city().app;
            if !running.iter().any(|job| app.releasing.has(job.id)) && lab::jobs::resume_releases(app).await.is_err() {
                continue;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        fail("no job is left", "a bulk release")
    }

    async fn crash(&mut self, after: u32, committed: bool) -> Checked {
        if after > 0 {
            self.city().faults().die_after(after - 1, committed);
            return Ok(());
        }
        self.city().faults().die();
        self.mend_if_dead().await?;
        self.audit().await
    }

    async fn restart(&mut self) -> Checked {
        self.mend_if_dead().await?;
        self.city().faults().mend();
        let city = self.city.take().expect("a city");
        self.sum.faults += city.faults().met();
        self.city = Some(city.restart().await);
        self.sum.restarts += 1;
        self.releases_end().await?;
        self.audit().await
    }

    async fn follow(&mut self) -> Checked {
        let app = &self.city().app;
        let followed = match allclear_server::work::drain(app).await {
            Ok(()) => lab::jobs::tick(app).await.map(drop),
            problem => problem,
        };
        if followed.is_err() && self.mend_if_dead().await? {
            return self.audit().await;
        }
        Ok(())
    }

    /// Compares everything with what is known.
    pub(crate) async fn audit(&mut self) -> Checked {
        self.sum.audits += 1;
        auditor::audit(self).await
    }

    /// A chair at a desk, signed in.
    pub(crate) async fn chair(&mut self, name: &str) -> Client {
        if self.city().clock.look().seconds_since(self.signed_in_at) > SHIFT_S {
            self.city().faults().mend();
            for (place, name) in CHAIRS.iter().enumerate() {
                self.cookies[place] = sign_in(self.city(), name).await.cookie().to_owned();
            }
            self.signed_in_at = self.city().clock.look();
        }
        let place = CHAIRS.iter().position(|chair| *chair == name).unwrap_or_default();
        self.city().with_cookie(&self.cookies[place])
    }

    /// The evening: the store is whole, everybody has network, everything is sent until it is answered.
    pub async fn evening(&mut self) -> Checked {
        if self.city().faults().is_dead() {
            self.mend_if_dead().await?;
        }
        self.city().faults().mend();
        self.arrive().await?;
        for phone in 0..self.phones.len() {
            self.phones[phone].offline = false;
            self.phones[phone].skew_s = 0;
            while !self.phones[phone].outbox.is_empty() {
                self.send(phone, 40).await?;
            }
        }
        // Long enough for every clock of a tube to run out.
        self.city().clock.advance_seconds(9 * 3600);
        self.follow().await?;
        // By now nobody has been at an import that was cut off for hours.
        people::jobs::give_up_silent_imports(&self.city().app).await.expect("the store answers");
        self.imported.cut.clear();
        self.restart().await?;
        auditor::late_tubes(self).await?;
        if let Some(made) = self.made.iter().find(|made| !made.there) {
            return fail("everything is answered in the evening", made.command.to_string());
        }
        self.sum.waiting = self.look(|tx| tx.recount_exceptions()).await.iter().map(|of| of.open as u64).sum();
        Ok(())
    }

    /// The town is taken down; nothing that still runs reaches its rows.
    pub fn end(self) -> Summary {
        let mut sum = self.sum;
        if let Some(city) = &self.city {
            sum.faults += city.faults().met();
            city.faults().die();
        }
        sum
    }
}

fn is_there(tx: &Tx<'_>, id: Uuid, told: &Told) -> allclear_store::Result<bool> {
    match told {
        Told::Swab(_, tube, _) => Ok(tx.collections_of(tube)?.iter().any(|row| row.id.uuid() == id)),
        Told::Forged(subject) => Ok(tx.exception(subject, id)?.is_some()),
        Told::Move(from, _, to) if from == to => Ok(tx.exception(from, id)?.is_some()),
        told => Ok(tx.custody_of(told.subject())?.iter().any(|row| row.id == id)),
    }
}
