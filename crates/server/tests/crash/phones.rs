//! Phones that keep what was acknowledged, and the look at the records afterwards.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use allclear_server::{
    clock::{Clock, SystemClock, rfc3339},
    demo,
};
use allclear_testkit::{Answer, WireClient};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::node::Node;

/// Phones at work at the same time.
const PHONES: usize = 6;
/// Villages whose people come.
const VILLAGES: usize = 40;

/// A number below `bound`.
pub(crate) fn below(random: &mut ChaCha8Rng, bound: u64) -> u64 {
    random.next_u64() % bound.max(1)
}

/// What a command does to be found again: event of the trace, tube, time.
type Step = (&'static str, String, String);

/// Refusals heard: status and code, how often; and how many 503 did not say when to come again.
pub(crate) type Refusals = Arc<Mutex<BTreeMap<String, usize>>>;
const NO_RETRY_AFTER: &str = "503 without Retry-After";

/// A command that left the phone at least once.
struct Sent {
    command: Value,
    step: Step,
    /// State and exception of the first answer.
    answer: Option<(String, String)>,
    /// When that answer was heard, microseconds.
    heard_at: i64,
}

/// Addresses among which a load balancer chooses; a test takes one out and puts another in.
pub(crate) type Balancer = Arc<Mutex<Vec<String>>>;

/// An enrolled phone with its outbox.
pub(crate) struct Phone {
    net: WireClient,
    device_no: i64,
    number: u32,
    round: Value,
    site: Value,
    people: Arc<Vec<i64>>,
    random: ChaCha8Rng,
    seq: i64,
    last_at: i64,
    tubes: u32,
    inside: Vec<String>,
    sent: Vec<Sent>,
    refusals: Refusals,
    heard: Arc<AtomicUsize>,
    /// Commands before this one were settled in an earlier round.
    settled: usize,
    /// What stands between the phone and several nodes: each request goes to the next one.
    balancer: Option<Balancer>,
    requests: usize,
}

fn answer_of(outcome: &Value) -> (String, String) {
    (outcome["state"].as_str().unwrap_or_default().to_owned(), outcome["exception"].to_string())
}

impl Phone {
    fn tube(&self) -> String {
        TubeCode::from_serial(self.number * 100_000 + self.tubes).as_str().to_owned()
    }

    fn command(&mut self, event: &'static str, mut op: Value) -> Value {
        self.seq += 1;
        self.last_at = SystemClock.now().0.max(self.last_at + 1);
        let mut random = [0; 10];
        random[..4].copy_from_slice(&self.number.to_be_bytes());
        random[4..].copy_from_slice(&self.seq.to_be_bytes()[2..]);
        let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(self.last_at / 1000).unwrap(), &random).into_uuid();
        let at = rfc3339(allclear_domain::kernel::time::Instant(self.last_at));
        op["id"] = json!(id);
        op["device_seq"] = json!(self.seq);
        op["at"] = json!(at);
        op["offline"] = json!(false);
        let step = (event, op["tube"].as_str().unwrap().to_owned(), at);
        self.sent.push(Sent { command: op.clone(), step, answer: None, heard_at: 0 });
        op
    }

    fn swab(&mut self) -> Value {
        let person = if below(&mut self.random, 10) == 0 {
            let provisional = uuid::Uuid::from_u128(u128::from(self.random.next_u64()) << 64 | u128::from(self.random.next_u64()));
            json!({ "by": "manual", "provisional": provisional, "name": "欧阳婴儿", "phone": null, "birth_year": 2021 })
        } else {
            let index = below(&mut self.random, self.people.len() as u64);
            json!({ "by": "no", "no": self.people[index as usize] })
        };
        let op = json!({ "op": "record_collection", "round": self.round, "site": self.site, "station": 1, "tube": self.tube(),
                         "tube_kind": "pool10", "person": person, "id_mode": "code" });
        let command = self.command("collected", op);
        self.inside.push(command["id"].as_str().unwrap().to_owned());
        command
    }

    /// The next thing that a registrar does: mostly swabs, now and then an undo; a full tube is sealed and packed.
    fn next(&mut self) -> Vec<Value> {
        if self.inside.len() >= 10 {
            let (tube, counted) = (self.tube(), self.inside.len());
            self.inside.clear();
            let the_box = BoxCode::from_serial(self.number * 1000 + self.tubes / 20).as_str().to_owned();
            let seal = json!({ "op": "seal_tube", "tube": tube, "counted": counted, "difference_signed_by": null });
            let seal = self.command("sealed", seal);
            let pack = self.command("packed", json!({ "op": "pack_tube", "box": the_box, "tube": tube, "site": self.site }));
            self.tubes += 1;
            return vec![seal, pack];
        }
        if below(&mut self.random, 20) == 0
            && let Some(last) = self.inside.pop()
        {
            let undo = json!({ "op": "void_collection", "collection": last, "tube": self.tube(), "reason": "wrong person" });
            return vec![self.command("voided", undo)];
        }
        vec![self.swab()]
    }

    /// Turns to the next node, if there are several.
    fn next_node(&mut self) {
        let Some(balancer) = &self.balancer else { return };
        let addresses = balancer.lock().unwrap();
        self.requests += 1;
        self.net.move_to(&addresses[(self.number as usize + self.requests) % addresses.len()]);
    }

    /// Sends batches and single commands until told to stop or until the only connection breaks.
    async fn work(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let from = self.sent.len();
            let size = if below(&mut self.random, 3) == 0 { 1 } else { 1 + below(&mut self.random, 30) };
            for _ in 0..size {
                self.next();
            }
            let single = size == 1 && self.sent.len() == from + 1;
            loop {
                self.next_node();
                let sent = if single { self.send_single(from).await } else { self.send(from..self.sent.len()).await };
                match sent {
                    Err(_) if self.balancer.is_none() || stop.load(Ordering::Relaxed) => return,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Ok(200) => break,
                    // Refused: kept, and sent again while the shift lasts.
                    Ok(_) if stop.load(Ordering::Relaxed) => return,
                    Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        }
    }

    async fn send_single(&mut self, index: usize) -> io::Result<u16> {
        let answer = self.net.post("/api/v1/commands", &self.sent[index].command).await?;
        if answer.status.is_success() {
            self.hear(index, &answer.json);
        } else {
            self.refused(&answer);
        }
        Ok(answer.status.as_u16())
    }

    fn refused(&self, answer: &Answer) {
        let mut refusals = self.refusals.lock().unwrap();
        let code = answer.json["code"].as_str().unwrap_or("without a code");
        *refusals.entry(format!("{} {code}", answer.status.as_u16())).or_default() += 1;
        if answer.status.as_u16() == 503 && answer.retry_after_s.is_none() {
            *refusals.entry(NO_RETRY_AFTER.into()).or_default() += 1;
        }
    }

    /// Sends a part of the outbox as one batch; a refusal leaves it as it is. Answers the status.
    async fn send(&mut self, range: std::ops::Range<usize>) -> io::Result<u16> {
        let commands: Vec<&Value> = self.sent[range.clone()].iter().map(|sent| &sent.command).collect();
        let body = json!({ "sent_at": rfc3339(SystemClock.now()), "commands": commands });
        let answer = self.net.post("/api/v1/sync", &body).await?;
        if answer.status.is_success() {
            let outcomes = answer.json["outcomes"].as_array().expect("outcomes");
            assert_eq!(outcomes.len(), range.len(), "one outcome a command");
            for (index, outcome) in range.zip(outcomes) {
                self.hear(index, outcome);
            }
        } else {
            self.refused(&answer);
        }
        Ok(answer.status.as_u16())
    }

    fn hear(&mut self, index: usize, outcome: &Value) {
        let sent = &mut self.sent[index];
        assert_eq!(outcome["id"], sent.command["id"], "answers come in the order of the commands");
        if sent.answer.is_none() {
            sent.answer = Some(answer_of(outcome));
            sent.heard_at = SystemClock.now().0;
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the comparison of phones and records found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Facts whose acknowledgement a phone had heard.
    pub(crate) acknowledged: usize,
    /// Of these, facts that the records do not hold.
    pub(crate) lost: usize,
    /// Facts that the records hold more than once.
    pub(crate) duplicated: usize,
    /// Facts that were recorded although nobody heard the answer: the phone sends them again.
    pub(crate) unheard: usize,
    /// Facts that got another answer when they were sent again.
    pub(crate) changed: usize,
}

impl Found {
    /// Adds another comparison.
    pub(crate) fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.unheard += other.unheard;
        self.changed += other.changed;
    }

    /// Nothing lost, nothing twice, no answer taken back.
    pub(crate) fn clean(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.changed == 0
    }
}

/// Phones and the headquarters' desk; they outlive every server.
pub(crate) struct Crowd {
    headquarters: WireClient,
    phones: Vec<Phone>,
    refusals: Refusals,
    heard: Arc<AtomicUsize>,
}

impl Crowd {
    /// Enrols the phones at a running server.
    pub(crate) async fn enrol(node: &Node, seed: u64) -> Self {
        let mut headquarters = node.client();
        headquarters.sign_in("headquarters", demo::PASSWORD).await.unwrap();
        let round = headquarters.get("/api/v1/rounds").await.unwrap().ok()["rows"][0]["id"].clone();
        let sites = headquarters.get("/api/v1/sites").await.unwrap().ok();
        let sites: Vec<Value> = sites["rows"].as_array().unwrap().iter().map(|site| site["id"].clone()).collect();
        let mut registrar = node.client();
        registrar.sign_in("registrar", demo::PASSWORD).await.unwrap();
        let (mut phones, refusals, heard) = (Vec::new(), Refusals::default(), Arc::<AtomicUsize>::default());
        for number in 1..=PHONES as u32 {
            let mut point = [7u8; 65];
            point[0] = 4;
            point[1..5].copy_from_slice(&number.to_be_bytes());
            let body = json!({ "label": format!("phone {number}"), "public_key": allclear_seal::to_base64url(&point) });
            let enrolled = registrar.post("/api/v1/devices/enrol", &body).await.unwrap().ok();
            let mut net = node.client();
            net.use_token(enrolled["token"].as_str().unwrap());
            phones.push(Phone {
                net,
                device_no: enrolled["device_no"].as_i64().unwrap(),
                number,
                round: round.clone(),
                site: sites[number as usize].clone(),
                people: Arc::default(),
                random: ChaCha8Rng::seed_from_u64(seed ^ u64::from(number) << 32),
                seq: 0,
                last_at: 0,
                tubes: 0,
                inside: Vec::new(),
                sent: Vec::new(),
                refusals: Arc::clone(&refusals),
                heard: Arc::clone(&heard),
                settled: 0,
                balancer: None,
                requests: 0,
            });
        }
        let mut crowd = Self { headquarters, phones, refusals, heard };
        crowd.load_rosters(&sites).await;
        crowd
    }

    async fn load_rosters(&mut self, sites: &[Value]) {
        let mut people = Vec::new();
        for site in sites.iter().take(VILLAGES) {
            let path = format!("/api/v1/field/roster?site={}", site.as_str().unwrap());
            let roster = self.phones[0].net.get(&path).await.unwrap().ok();
            people.extend(roster["entries"].as_array().unwrap().iter().map(|entry| entry["no"].as_i64().unwrap()));
        }
        let people = Arc::new(people);
        for phone in &mut self.phones {
            phone.people = Arc::clone(&people);
        }
    }

    /// The server came back at another address.
    pub(crate) fn move_to(&mut self, node: &Node) {
        self.headquarters.move_to(&node.address);
        for phone in &mut self.phones {
            phone.net.move_to(&node.address);
        }
    }

    /// From now on phones speak to several nodes, or again to one.
    pub(crate) fn balance(&mut self, balancer: Option<&Balancer>) {
        for phone in &mut self.phones {
            phone.balancer = balancer.cloned();
        }
    }

    /// Lets every phone work while `world` happens; they stop when it is over or when their connection breaks.
    pub(crate) async fn work_while<T>(&mut self, world: impl Future<Output = T>) -> T {
        let stop = Arc::new(AtomicBool::new(false));
        let mut working = JoinSet::new();
        for mut phone in self.phones.drain(..) {
            let stop = Arc::clone(&stop);
            working.spawn(async move {
                phone.work(&stop).await;
                phone
            });
        }
        let outcome = world.await;
        stop.store(true, Ordering::Relaxed);
        while let Some(phone) = working.join_next().await {
            self.phones.push(phone.unwrap());
        }
        self.phones.sort_by_key(|phone| phone.number);
        outcome
    }

    /// Counts acknowledgements, while phones are at work.
    pub(crate) fn heard(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.heard)
    }

    /// What was heard instead of an answer, to look at while phones are at work.
    pub(crate) fn refusals(&self) -> Refusals {
        Arc::clone(&self.refusals)
    }

    /// The kinds of refusal heard so far.
    pub(crate) fn refusals_seen(&self) -> Vec<String> {
        self.refusals.lock().unwrap().keys().filter(|key| *key != NO_RETRY_AFTER).cloned().collect()
    }

    /// How many 503 did not say when to come again.
    pub(crate) fn without_retry_after(&self) -> usize {
        self.refusals.lock().unwrap().get(NO_RETRY_AFTER).copied().unwrap_or(0)
    }

    /// Whether the server reads its store again.
    pub(crate) async fn reaches_the_store(&mut self) -> bool {
        self.headquarters.get("/api/v1/live/rows?figure=missing").await.is_ok_and(|answer| answer.status.is_success())
    }

    /// Facts acknowledged so far.
    pub(crate) fn acknowledged(&self) -> usize {
        self.phones.iter().flat_map(|phone| &phone.sent).filter(|sent| sent.answer.is_some()).count()
    }

    /// Everything that a phone did so far is to be looked at again.
    pub(crate) fn look_at_everything_again(&mut self) {
        for phone in &mut self.phones {
            phone.settled = 0;
        }
    }

    /// Looks for what was acknowledged until `heard_before` (all of it if none), by the trace of each tube.
    pub(crate) async fn look(&mut self, heard_before: Option<i64>) -> Found {
        let mut found = Found::default();
        for phone in &self.phones {
            let sent = &phone.sent[phone.settled..];
            let tubes: BTreeSet<&String> = sent.iter().map(|sent| &sent.step.1).collect();
            let mut steps: HashMap<Step, usize> = HashMap::new();
            for tube in tubes {
                let answer = self.headquarters.get(&format!("/api/v1/trace/tube/{tube}")).await.unwrap();
                if answer.status.as_u16() == 404 {
                    continue;
                }
                let trace = answer.ok();
                for step in trace["steps"].as_array().unwrap().iter().filter(|step| step["device_no"] == phone.device_no) {
                    let event = ["collected", "sealed", "packed", "voided"].into_iter().find(|event| step["event"] == *event);
                    let event = event.unwrap_or_else(|| panic!("a step that no phone took: {step}"));
                    *steps.entry((event, tube.clone(), step["at"].as_str().unwrap().to_owned())).or_default() += 1;
                }
            }
            for sent in sent {
                let count = steps.get(&sent.step).copied().unwrap_or(0);
                let heard = sent.answer.is_some() && heard_before.is_none_or(|before| sent.heard_at < before);
                found.acknowledged += usize::from(heard);
                found.lost += usize::from(heard && count == 0);
                found.duplicated += usize::from(count > 1);
                found.unheard += usize::from(sent.answer.is_none() && count == 1);
            }
        }
        found
    }

    /// Sends everything since the last time again, heard or not; counts answers that differ from the first.
    pub(crate) async fn send_again(&mut self) -> usize {
        let mut changed = 0;
        for phone in &mut self.phones {
            let mut from = phone.settled;
            while from < phone.sent.len() {
                let to = (from + 200).min(phone.sent.len());
                let first: Vec<_> = phone.sent[from..to].iter_mut().map(|sent| sent.answer.take()).collect();
                let status = phone.send(from..to).await.unwrap();
                assert_eq!(status, 200, "a phone sends again and is heard");
                for (sent, first) in phone.sent[from..to].iter().zip(first) {
                    changed += usize::from(first.is_some() && first != sent.answer);
                }
                from = to;
            }
            phone.settled = phone.sent.len();
        }
        changed
    }

    /// The whole check after a restart: look, send again, look again (now everything is there once), recount.
    pub(crate) async fn settle(&mut self) -> Found {
        let from: Vec<usize> = self.phones.iter().map(|phone| phone.settled).collect();
        let mut found = self.look(None).await;
        found.changed += self.send_again().await;
        for (phone, from) in self.phones.iter_mut().zip(&from) {
            phone.settled = *from;
        }
        let after = self.look(None).await;
        for phone in &mut self.phones {
            phone.settled = phone.sent.len();
        }
        found.lost += after.lost;
        found.duplicated += after.duplicated;
        found
    }

    /// Figures of the screens that differ from the records, as the running server says.
    pub(crate) async fn differing_figures(&mut self) -> i64 {
        let recount = self.headquarters.get("/api/v1/live/recount").await.unwrap().ok();
        assert!(recount["compared"].as_i64().unwrap() > 5, "{recount}");
        recount["different"].as_i64().unwrap()
    }
}
