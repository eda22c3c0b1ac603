//! Plays the script: an agenda of times and what happens then.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allclear_domain::kernel::time::Instant;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    check::Outcome,
    client::{As, ReplayError, Result, Wire},
    labs::{Lab, Plate},
    pace::Pace,
    phone::Phone,
    script::{self, POSITIVE, ROUNDS, RoundScript, WHOLE_CITY, ZONES, china, china_text},
    tables::{Filled, Given, Lane, POOL, Table, half},
};

/// Connections of the phones.
const LANES: usize = 6;
/// Minutes from box to laboratory, on the machine, from result to release; seconds.
const ROAD_S: i64 = 40 * 60;
const MACHINE_S: i64 = 95 * 60;
const REVIEW_S: i64 = 15 * 60;
/// Between two collections of boxes.
const WAVE_S: i64 = 2 * 3600;

/// What to play.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// One person in so many; by the size of the city if absent.
    pub shrink: Option<usize>,
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

pub(super) struct Play<'a> {
    pub(super) pace: &'a Pace,
    pub(super) plan: &'a Plan,
    /// One person in so many.
    pub(super) shrink: usize,
    pub(super) wire: Wire,
    lanes: Vec<Lane>,
    courier: Phone,
    labs: Vec<Lab>,
    agenda: BTreeMap<(Instant, u64), Event>,
    entries: u64,
    /// Rounds ordered so far.
    pub(super) rounds: Vec<Uuid>,
    /// Villages of the zones.
    scope: Vec<String>,
    /// Tubes still to fill in this round, in the order of the day: (lane, table).
    order: std::collections::VecDeque<(usize, usize, usize)>,
    sampled: usize,
    step_from: Instant,
    positive: BTreeSet<String>,
    pub(super) pool: Option<Filled>,
    pub(super) singles: usize,
    pub(super) outcome: Outcome,
}

/// Plays everything and checks the figures.
pub(super) async fn play(address: &str, pace: &Pace, plan: &Plan) -> Result<Outcome> {
    pace.check()?;
    let mut wire = Wire::open(address).await?;
    let shrink = shrink(&mut wire, plan).await?;
    end_other_rounds(&mut wire, pace.now()).await?;
    let (lanes, scope) = tables(address, &mut wire, shrink, pace.now()).await?;
    let session = wire.session("courier", pace.now()).await?;
    let courier = Phone::enrol(&mut wire, &session, "转运车 1", 60_000).await?;
    let mut labs = Vec::new();
    for (name, rated_per_day) in [("第一人民医院检测中心", 10_000), ("气膜方舱实验室", 100_000)] {
        labs.push(Lab::found(&mut wire, name, rated_per_day, pace.now()).await?);
    }
    let mut play = Play {
        pace,
        plan,
        shrink,
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
        outcome: Outcome::default(),
    };
    for (index, round) in ROUNDS.iter().enumerate() {
        play.enter_round(index, round);
    }
    play.at(china(script::FIRST_COUNT_AT), Event::Count(1));
    play.at(china(script::LAST_COUNT_AT), Event::Count(ROUNDS.len()));
    while let Some(((at, _), event)) = play.agenda.pop_first() {
        pace.wait_until(at).await?;
        play.happen(at, event).await?;
    }
    play.conclude().await
}

/// One person in so many, so that a city of any size samples the same share of its people.
async fn shrink(wire: &mut Wire, plan: &Plan) -> Result<usize> {
    if let Some(shrink) = plan.shrink {
        return Ok(shrink.max(1));
    }
    let guide = wire.get("/api/v1/demo", &As::Nobody).await?;
    let population = guide["population"].as_u64().filter(|n| *n > 0).ok_or_else(|| ReplayError::Other("the city is empty".into()))?;
    let shrink = WHOLE_CITY.div_ceil(population) as usize;
    if shrink > 1 {
        println!("{population} people instead of {WHOLE_CITY}: one person is sampled for {shrink} in what was published.");
    }
    Ok(shrink)
}

/// The demo's own round asks the whole city; in January 2022 there was none beside those of the
/// zones. It is closed, so that the wall shows the round that is played.
async fn end_other_rounds(wire: &mut Wire, now: Instant) -> Result<()> {
    let headquarters = wire.session("headquarters", now).await?;
    let rounds = wire.get("/api/v1/rounds", &headquarters).await?;
    for round in rows(&rounds).iter().filter(|round| round["state"] == "open" || round["state"] == "closing") {
        let path = format!("/api/v1/rounds/{}/events", text(&round["id"]));
        let events = if round["state"] == "open" { &["begin_closing", "close"][..] } else { &["close"] };
        for event in events {
            wire.post(&path, &headquarters, &json!({ "event": event, "reason": null })).await?;
        }
        println!("{} is closed: the wall shows the rounds of the zones.", text(&round["name"]));
    }
    Ok(())
}

/// Enrols a phone for each site of the three zones.
async fn tables(address: &str, wire: &mut Wire, shrink: usize, now: Instant) -> Result<(Vec<Lane>, Vec<String>)> {
    let session = wire.session("registrar", now).await?;
    let areas = wire.get("/api/v1/areas", &session).await?;
    let names: HashMap<String, String> = rows(&areas).iter().map(|a| (text(&a["code"]), text(&a["name"]))).collect();
    let sites = wire.get("/api/v1/sites", &session).await?;
    let sites: HashMap<String, &Value> = rows(&sites).iter().map(|site| (text(&site["area"]), site)).collect();
    let mut lanes = Vec::new();
    for number in 0..LANES {
        lanes.push(Lane::new(Wire::open(address).await?, number as u32));
    }
    let (mut people, mut scope) = (0, Vec::new());
    for zone in &ZONES {
        let mut in_zone = 0;
        for village in zone.villages {
            let site = sites.get(*village).ok_or_else(|| ReplayError::Other(format!("no site stands in {village}")))?;
            let number = u16::try_from(scope.len()).unwrap_or(u16::MAX);
            let phone = Phone::enrol(wire, &session, &format!("{} 1 号台", text(&site["name"])), number).await?;
            let id: Uuid = text(&site["id"]).parse().map_err(|_| ReplayError::Other("a site without an id".into()))?;
            let roster = wire.get(&format!("/api/v1/field/roster?site={id}"), &phone.by).await?;
            let entries = roster["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
            let numbers: Vec<i64> = entries.iter().filter_map(|entry| entry["no"].as_i64()).collect();
            in_zone += numbers.len();
            let town = village.get(..9).and_then(|town| names.get(town)).cloned().unwrap_or_default();
            lanes[scope.len() % LANES].tables.push(Table::new(id, town, numbers, phone));
            scope.push((*village).to_owned());
        }
        println!("{}: {} villages, {in_zone} people.", zone.name, zone.villages.len());
        people += in_zone;
    }
    let wanted = ROUNDS.iter().map(|round| round.persons / shrink).max().unwrap_or(0);
    if people < wanted {
        return Err(ReplayError::Other(format!(
            "{people} people live in the zones, {wanted} are sampled: --shrink is too small for this city"
        )));
    }
    Ok((lanes, scope))
}

fn rows(page: &Value) -> &[Value] {
    page["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Play<'_> {
    /// Persons whom a round samples in this city.
    pub(super) const fn persons_of(&self, round: &RoundScript) -> usize {
        round.persons / self.shrink
    }

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
                let positive = |code: &str| self.positive.contains(code);
                self.labs[lab].enter(&mut self.wire, &plates, positive, self.pace.now()).await?;
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
        let headquarters = self.wire.session("headquarters", self.pace.now()).await?;
        let scope: Vec<Value> = self.scope.iter().map(|area| json!({ "area": area, "tube_kind": null })).collect();
        let order = json!({
            "name": script.name, "scope": scope, "tube_kind": "pool10", "groups": [],
            "starts_at": format!("{}:00+08:00", script.from), "ends_at": format!("{}:00+08:00", script.until),
        });
        let round = self.wire.post("/api/v1/rounds", &headquarters, &order).await?;
        let id: Uuid = text(&round["id"]).parse().map_err(|_| ReplayError::Other("a round without an id".into()))?;
        self.rounds.push(id);
        self.order_event(index, &["open"]).await?;
        self.queue(self.persons_of(script));
        self.step_from = at;
        println!("{}  {} opened", china_text(at), script.name);
        Ok(())
    }

    async fn order_event(&mut self, index: usize, events: &[&str]) -> Result<()> {
        let headquarters = self.wire.session("headquarters", self.pace.now()).await?;
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
        let goal = (self.persons_of(&ROUNDS[index]) as f64 * share).round() as usize;
        let mut work: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); self.lanes.len()];
        while self.sampled < goal {
            let Some((lane, table, people)) = self.order.pop_front() else { break };
            *work[lane].entry(table).or_default() += 1;
            self.sampled += people;
        }
        let (round, from, now) = (self.rounds[index], self.step_from, self.pace.now());
        self.step_from = at;
        let lanes = self.lanes.iter_mut().zip(work).map(|(lane, work)| async move {
            let work: Vec<(usize, usize)> = work.into_iter().collect();
            lane.fill(round, &work, (from, at), now).await
        });
        for filled in try_join_all(lanes).await? {
            if self.plan.positive && index == POSITIVE.2 && self.pool.is_none() {
                self.pool = filled.into_iter().find(|tube| tube.town == POSITIVE.0 && tube.people.len() == POOL);
                self.positive.extend(self.pool.iter().map(|pool| pool.code.clone()));
            }
        }
        Ok(())
    }

    async fn wave(&mut self, at: Instant) -> Result<()> {
        let now = self.pace.now();
        let given = try_join_all(self.lanes.iter_mut().map(|lane| lane.give(now))).await?;
        self.carry(at, given.into_iter().flatten().collect()).await
    }

    async fn carry(&mut self, at: Instant, boxes: Vec<Given>) -> Result<()> {
        if boxes.is_empty() {
            return Ok(());
        }
        let now = self.pace.now();
        for (given, n) in boxes.iter().zip(1..) {
            self.courier.keep(Instant(now.0 + n), half("taker", given.handover, &given.code));
        }
        self.courier.send(&mut self.wire, now).await?;
        self.at(at.plus_seconds(ROAD_S), Event::Receive(boxes));
        Ok(())
    }

    async fn receive(&mut self, at: Instant, boxes: Vec<Given>) -> Result<()> {
        let lab = usize::from(at >= china(script::DOME_AT));
        let manifest: Vec<(String, Vec<String>)> = boxes.into_iter().map(|given| (given.code, given.tubes)).collect();
        self.labs[lab].receive(&mut self.wire, &manifest, self.pace.now()).await?;
        let tubes: Vec<String> = manifest.into_iter().flat_map(|(_, tubes)| tubes).collect();
        let plates = self.labs[lab].start(&mut self.wire, &tubes, self.pace.now()).await?;
        self.at(at.plus_seconds(MACHINE_S), Event::Enter(lab, plates));
        Ok(())
    }

    async fn release(&mut self, at: Instant, lab: usize, plates: Vec<Plate>) -> Result<()> {
        self.labs[lab].release(&mut self.wire, &plates, |code| self.positive.contains(code), self.pace.now()).await?;
        let found = |pool: &Filled| plates.iter().any(|plate| plate.tubes.contains(&pool.code));
        if let Some(pool) = self.pool.clone().filter(found) {
            self.pool_is_open(at, &pool).await?;
            let members = pool.people.len();
            println!("{}  {}: the pool {} is positive; its {members} members are under re-check", china_text(at), pool.town, pool.code);
            self.at(at.plus_seconds(1800), Event::Singles(pool));
        }
        Ok(())
    }

    /// The members of the pool again, each in a tube of their own; one of them is positive.
    async fn single_tubes(&mut self, at: Instant, pool: Filled) -> Result<()> {
        let (round, (lane, table)) = (self.rounds[POSITIVE.2], pool.table);
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
        lane.tables[table].phone.send(&mut lane.wire, now).await?;
        self.wave(at).await
    }
}
