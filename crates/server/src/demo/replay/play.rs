//! Plays the script: an agenda of times and what happens then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allclear_domain::kernel::time::Instant;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Pace,
    client::{As, ReplayError, Result, Wire},
    labs::{Lab, Plate},
    phone::Phone,
    script::{self, POSITIVE, ROUNDS, RoundScript, china, china_text},
    tables::{Filled, Given, Lane, POOL, Table, half},
};
use crate::demo::PASSWORD;

/// Connections of the phones.
const LANES: usize = 6;
/// Minutes from box to laboratory, on the machine, from result to release; seconds.
const ROAD_S: i64 = 40 * 60;
const MACHINE_S: i64 = 95 * 60;
const REVIEW_S: i64 = 15 * 60;
/// Between two collections of boxes.
const WAVE_S: i64 = 2 * 3600;

/// What to play.
pub struct Plan {
    /// One person in so many.
    pub shrink: usize,
    /// Whether one pool is positive.
    pub positive: bool,
}

enum Event {
    Open(usize),
    Step(usize, f64),
    Wave,
    Receive(Vec<Given>),
    Enter(usize, Vec<Plate>),
    Release(usize, Vec<Plate>),
    Singles(Filled),
    Close(usize),
    Count(usize),
}

struct Play<'a> {
    pace: &'a Pace,
    plan: &'a Plan,
    wire: Wire,
    lanes: Vec<Lane>,
    courier: Phone,
    labs: Vec<Lab>,
    agenda: BTreeMap<(Instant, u64), Event>,
    entries: u64,
    /// Rounds ordered so far.
    rounds: Vec<Uuid>,
    /// Villages of the zones.
    scope: Vec<String>,
    /// Tubes still to fill in this round, in the order of the day: (lane, table).
    order: std::collections::VecDeque<(usize, usize, usize)>,
    sampled: usize,
    step_from: Instant,
    positive: BTreeSet<String>,
    pool: Option<Filled>,
    singles: usize,
    exceptions: u64,
}

/// Plays everything and checks the figures.
pub(super) async fn play(address: &str, pace: &Pace, plan: &Plan) -> Result<()> {
    let mut wire = Wire::open(address).await?;
    let (lanes, scope) = tables(address, &mut wire, plan).await?;
    let session = wire.sign_in("courier", PASSWORD).await?;
    let courier = Phone::enrol(&mut wire, &session, "转运车 1", 60_000).await?;
    let labs = vec![Lab::found(&mut wire, "第一人民医院检测中心", 10_000).await?, Lab::found(&mut wire, "气膜方舱实验室", 100_000).await?];
    let mut play = Play {
        pace,
        plan,
        wire,
        lanes,
        courier,
        labs,
        agenda: BTreeMap::new(),
        entries: 0,
        rounds: Vec::new(),
        scope,
        order: std::collections::VecDeque::new(),
        sampled: 0,
        step_from: Instant(0),
        positive: BTreeSet::new(),
        pool: None,
        singles: 0,
        exceptions: 0,
    };
    for (index, round) in ROUNDS.iter().enumerate() {
        play.enter_round(index, round);
    }
    play.at(china(script::FIRST_COUNT_AT), Event::Count(1));
    play.at(china(script::LAST_COUNT_AT), Event::Count(ROUNDS.len()));
    while let Some(((at, _), event)) = play.agenda.pop_first() {
        pace.wait_until(at).await;
        play.happen(at, event).await?;
    }
    play.recount().await
}

/// Enrols a phone for each site of the zones: villages from 石柱镇 on, until enough people live there.
async fn tables(address: &str, wire: &mut Wire, plan: &Plan) -> Result<(Vec<Lane>, Vec<String>)> {
    let session = wire.sign_in("registrar", PASSWORD).await?;
    let areas = wire.get("/api/v1/areas", &session).await?;
    let names: HashMap<String, String> = rows(&areas).iter().map(|a| (text(&a["code"]), text(&a["name"]))).collect();
    let sites = wire.get("/api/v1/sites", &session).await?;
    let town = |site: &Value| names.get(text(&site["area"]).get(..9).unwrap_or_default()).cloned().unwrap_or_default();
    let mut sites: Vec<(bool, String, Value)> =
        rows(&sites).iter().map(|site| (town(site) != POSITIVE.0, text(&site["area"]), site.clone())).collect();
    sites.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut lanes = Vec::new();
    for number in 0..LANES {
        lanes.push(Lane::new(Wire::open(address).await?, number as u32));
    }
    let wanted = ROUNDS.iter().map(|round| round.persons / plan.shrink).max().unwrap_or(0);
    let (mut people, mut scope) = (0, Vec::new());
    for (index, (_, area, site)) in sites.iter().enumerate() {
        if people >= wanted {
            break;
        }
        let number = u16::try_from(index).unwrap_or(u16::MAX);
        let phone = Phone::enrol(wire, &session, &format!("{} 1 号台", text(&site["name"])), number).await?;
        let id: Uuid = text(&site["id"]).parse().map_err(|_| ReplayError::Other("a site without an id".into()))?;
        let roster = wire.get(&format!("/api/v1/field/roster?site={id}"), &phone.by).await?;
        let entries = roster["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
        let numbers: Vec<i64> = entries.iter().filter_map(|entry| entry["no"].as_i64()).collect();
        people += numbers.len();
        scope.push(area.clone());
        lanes[index % LANES].tables.push(Table::new(id, town(site), numbers, phone));
    }
    if people < wanted {
        return Err(ReplayError::Other(format!(
            "{people} people live in the city, {wanted} are sampled: make it larger with --population"
        )));
    }
    println!("Three zones: {} villages, {people} people, {} phones.", scope.len(), scope.len());
    Ok((lanes, scope))
}

fn rows(page: &Value) -> &[Value] {
    page["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Play<'_> {
    fn at(&mut self, at: Instant, event: Event) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), event);
    }

    fn enter_round(&mut self, index: usize, round: &RoundScript) {
        let (from, until) = (china(round.from), china(round.until));
        self.at(from, Event::Open(index));
        for (at, share) in script::steps(round) {
            self.at(at, Event::Step(index, share));
        }
        let mut wave = from.plus_seconds(WAVE_S);
        while wave < until {
            self.at(wave, Event::Wave);
            wave = wave.plus_seconds(WAVE_S);
        }
        self.at(until.plus_seconds(-300), Event::Wave);
        // The next round begins an hour later; what follows of this one are results.
        self.at(until.plus_seconds(1800), Event::Close(index));
    }

    async fn happen(&mut self, at: Instant, event: Event) -> Result<()> {
        match event {
            Event::Open(index) => self.open(at, index).await,
            Event::Step(index, share) => self.step(at, index, share).await,
            Event::Wave => self.wave(at).await,
            Event::Receive(boxes) => self.receive(at, boxes).await,
            Event::Enter(lab, plates) => {
                self.labs[lab].enter(&mut self.wire, &plates, |code| self.positive.contains(code)).await?;
                self.at(at.plus_seconds(REVIEW_S), Event::Release(lab, plates));
                Ok(())
            }
            Event::Release(lab, plates) => self.release(at, lab, plates).await,
            Event::Singles(pool) => self.single_tubes(at, pool).await,
            Event::Close(index) => self.order_event(index, &["begin_closing", "close"]).await,
            Event::Count(rounds) => self.count(at, rounds).await,
        }
    }

    async fn open(&mut self, at: Instant, index: usize) -> Result<()> {
        let script = &ROUNDS[index];
        let headquarters = self.wire.sign_in("headquarters", PASSWORD).await?;
        let scope: Vec<Value> = self.scope.iter().map(|area| json!({ "area": area, "tube_kind": null })).collect();
        let order = json!({
            "name": script.name, "scope": scope, "tube_kind": "pool10", "groups": [],
            "starts_at": format!("{}:00+08:00", script.from), "ends_at": format!("{}:00+08:00", script.until),
        });
        let round = self.wire.post("/api/v1/rounds", &headquarters, &order).await?;
        let id: Uuid = text(&round["id"]).parse().map_err(|_| ReplayError::Other("a round without an id".into()))?;
        self.rounds.push(id);
        self.order_event(index, &["open"]).await?;
        self.queue(script.persons / self.plan.shrink);
        self.step_from = at;
        println!("{}  {} opened", china_text(at), script.name);
        Ok(())
    }

    async fn order_event(&mut self, index: usize, events: &[&str]) -> Result<()> {
        let headquarters = self.wire.sign_in("headquarters", PASSWORD).await?;
        for event in events {
            let path = format!("/api/v1/rounds/{}/events", self.rounds[index]);
            self.wire.post(&path, &headquarters, &json!({ "event": event, "reason": null })).await?;
        }
        Ok(())
    }

    /// Gives each table its share of the round's persons, and the tubes their order in the day.
    fn queue(&mut self, persons: usize) {
        let total: usize = self.lanes.iter().flat_map(|lane| &lane.tables).map(|table| table.people.len()).sum();
        let mut left = persons;
        let floor = |people: usize| persons * people / total.max(1);
        left -= self.lanes.iter().flat_map(|lane| &lane.tables).map(|table| floor(table.people.len())).sum::<usize>();
        let mut depth = 0;
        for lane in &mut self.lanes {
            for table in &mut lane.tables {
                let mut share = floor(table.people.len());
                if left > 0 && share < table.people.len() {
                    let more = left.min(table.people.len() - share).min(1);
                    share += more;
                    left -= more;
                }
                table.queue = table.people[..share].chunks(POOL).map(<[i64]>::to_vec).collect();
                depth = depth.max(table.queue.len());
            }
        }
        self.sampled = 0;
        self.order.clear();
        for place in 0..depth {
            for (l, lane) in self.lanes.iter().enumerate() {
                for (t, table) in lane.tables.iter().enumerate() {
                    if let Some(people) = table.queue.get(place) {
                        self.order.push_back((l, t, people.len()));
                    }
                }
            }
        }
    }

    async fn step(&mut self, at: Instant, index: usize, share: f64) -> Result<()> {
        let goal = ((ROUNDS[index].persons / self.plan.shrink) as f64 * share).round() as usize;
        let mut work: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); self.lanes.len()];
        while self.sampled < goal {
            let Some((lane, table, people)) = self.order.pop_front() else { break };
            *work[lane].entry(table).or_default() += 1;
            self.sampled += people;
        }
        let (round, from) = (self.rounds[index], self.step_from);
        self.step_from = at;
        let lanes = self.lanes.iter_mut().zip(work).map(|(lane, work)| async move {
            let work: Vec<(usize, usize)> = work.into_iter().collect();
            lane.fill(round, &work, from, at).await
        });
        for (filled, exceptions) in try_join_all(lanes).await? {
            self.exceptions += exceptions;
            if self.plan.positive && index == POSITIVE.1 && self.pool.is_none() {
                let full = if self.plan.shrink == 1 { POOL } else { 2 };
                self.pool = filled.into_iter().find(|tube| tube.town == POSITIVE.0 && tube.people.len() >= full);
                self.positive.extend(self.pool.iter().map(|pool| pool.code.clone()));
            }
        }
        Ok(())
    }

    async fn wave(&mut self, at: Instant) -> Result<()> {
        let now = self.pace.now();
        let given = try_join_all(self.lanes.iter_mut().map(|lane| lane.give(now))).await?;
        let mut boxes = Vec::new();
        for (given, exceptions) in given {
            self.exceptions += exceptions;
            boxes.extend(given);
        }
        self.carry(at, boxes).await
    }

    async fn carry(&mut self, at: Instant, boxes: Vec<Given>) -> Result<()> {
        if boxes.is_empty() {
            return Ok(());
        }
        let now = self.pace.now();
        for (given, n) in boxes.iter().zip(1..) {
            self.courier.keep(Instant(now.0 + n), half("taker", given.handover, &given.code));
        }
        self.exceptions += self.courier.send(&mut self.wire, now).await?;
        self.at(at.plus_seconds(ROAD_S), Event::Receive(boxes));
        Ok(())
    }

    async fn receive(&mut self, at: Instant, boxes: Vec<Given>) -> Result<()> {
        let lab = usize::from(at >= china(script::DOME_AT));
        let manifest: Vec<(String, Vec<String>)> = boxes.into_iter().map(|given| (given.code, given.tubes)).collect();
        self.labs[lab].receive(&mut self.wire, &manifest).await?;
        let tubes: Vec<String> = manifest.into_iter().flat_map(|(_, tubes)| tubes).collect();
        let plates = self.labs[lab].start(&mut self.wire, &tubes, self.pace.now()).await?;
        self.at(at.plus_seconds(MACHINE_S), Event::Enter(lab, plates));
        Ok(())
    }

    async fn release(&mut self, at: Instant, lab: usize, plates: Vec<Plate>) -> Result<()> {
        self.labs[lab].release(&mut self.wire, &plates, |code| self.positive.contains(code), self.pace.now()).await?;
        let found = |pool: &Filled| plates.iter().any(|plate| plate.tubes.contains(&pool.code));
        if let Some(pool) = self.pool.clone().filter(found) {
            println!(
                "{}  {}: the pool {} is not negative; its {} members are sampled one by one",
                china_text(at),
                pool.town,
                pool.code,
                pool.people.len()
            );
            self.at(at.plus_seconds(1800), Event::Singles(pool));
        }
        Ok(())
    }

    /// The members of the pool again, each in a tube of their own; one of them is positive.
    async fn single_tubes(&mut self, at: Instant, pool: Filled) -> Result<()> {
        let (round, (lane, table)) = (self.rounds[POSITIVE.1], pool.table);
        let lane = &mut self.lanes[lane];
        let mut time = at.plus_seconds(-300);
        for (index, person) in pool.people.iter().enumerate() {
            let code = lane.fill_tube(round, table, "single", &[*person], &mut time, 5_000_000);
            self.singles += 1;
            if index == 0 {
                self.positive.insert(code);
            }
        }
        let now = self.pace.now();
        self.exceptions += lane.tables[table].phone.send(&mut lane.wire, now).await?;
        self.wave(at).await
    }

    /// Looks at the screen until it shows what was published, or says what it shows instead.
    async fn count(&mut self, at: Instant, rounds: usize) -> Result<()> {
        let headquarters = self.wire.sign_in("headquarters", PASSWORD).await?;
        let scripted: usize = ROUNDS[..rounds].iter().map(|round| round.persons / self.plan.shrink).sum();
        let wanted = (scripted + self.singles) as i64;
        let reports = rounds == ROUNDS.len();
        let mut shown = (0, 0);
        for _ in 0..300 {
            shown = self.shown(&headquarters, rounds).await?;
            if (if reports { shown.1 } else { shown.0 }) == wanted {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let (what, n) = if reports { ("person-reports", shown.1) } else { ("sampled", shown.0) };
        println!("{}  {n} {what} (published: {wanted})", china_text(at));
        if n == wanted { Ok(()) } else { Err(ReplayError::Other(format!("the screen shows {n} {what}, {wanted} were published"))) }
    }

    async fn shown(&mut self, by: &As, rounds: usize) -> Result<(i64, i64)> {
        let mut sum = (0, 0);
        for round in &self.rounds[..rounds] {
            let frame = self.wire.get(&format!("/api/v1/live/frame?round={round}"), by).await?;
            sum.0 += frame["total"]["collections"].as_i64().unwrap_or(0);
            sum.1 += frame["person_reports"].as_i64().unwrap_or(0);
        }
        Ok(sum)
    }

    async fn recount(&mut self) -> Result<()> {
        let headquarters = self.wire.sign_in("headquarters", PASSWORD).await?;
        let recount = self.wire.get("/api/v1/live/recount", &headquarters).await?;
        let figure = |name: &str| {
            let lines = recount["lines"].as_array().into_iter().flatten();
            lines.filter(|line| line["figure"] == name).filter_map(|line| line["records"].as_i64()).sum::<i64>()
        };
        println!("Non-negative tubes: {}, open follow-ups: {}.", figure("non_negative"), figure("follow_ups"));
        println!("Exceptions that devices heard of: {}.", self.exceptions);
        println!("Recount: {} figures compared, {} differ.", recount["compared"], recount["different"]);
        let non_negative = if self.plan.positive { 2 } else { 0 };
        if recount["different"] != 0 || figure("non_negative") != non_negative || self.exceptions > 0 {
            return Err(ReplayError::Other("the figures do not come out".into()));
        }
        Ok(())
    }
}
