//! One commit of field facts. A swab that comes next in its tube is appended; everything else
//! (seals, undos, late swabs, replays) folds the tube's whole set of facts again.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        change::Fact,
        code::BoxCode,
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::{
        ExceptionKind, Station,
        tube::{Stage, Tube, Verdict},
    },
};
use allclear_store::{
    Result, Tx,
    feed::NewChange,
    rounds::SiteRow,
    sampling::{CollectionRow, ExceptionRow, TubeRow},
};
use allclear_wire::sync::{self as wire, Holder, Op, Outcome, OutcomeState, RecordCollection, Warning};

use super::{boxes, command, command::Incoming, person::Known, refold};
use crate::{app::Standing, clock::Ids, edge::problem::Problem, plan::Plan};

/// Commands of one request, and the time at which they came in.
pub type Group = (Instant, Vec<Incoming>);

/// What a commit of field facts comes to.
#[derive(Debug)]
pub enum Done {
    /// The answers, group by group in their order.
    Written(Vec<Vec<Outcome>>),
    /// Nothing was written: the plan is of an older version than this one, which another node has committed.
    PlanIsOld(i64),
}

/// What a commit has worked out and not written yet.
pub struct Work<'t, 'c> {
    /// The transaction.
    pub tx: &'t Tx<'c>,
    /// Ids of changes.
    pub ids: &'t Ids,
    /// Tubes of the commands, as they will be.
    pub tubes: HashMap<String, TubeRow>,
    dirty: BTreeMap<String, i64>,
    /// Stage of each appended tube before its first swab of this commit: the feed hears of a tube
    /// once a commit, not once a swab.
    appended: BTreeMap<String, Option<Stage>>,
    /// Tubes of which something besides swabs is on record already.
    in_custody: HashSet<String>,
    collections: Vec<CollectionRow>,
    /// Facts by bucket: one change row a bucket.
    facts: BTreeMap<i64, Vec<Fact>>,
    known: Known,
    standing: &'t dyn Standing,
    warning: Option<Warning>,
    /// Areas, rounds, sites and the profile in force.
    pub plan: Arc<Plan>,
}

/// Applies groups of commands under `plan`, unless it is no longer the plan.
pub fn commit(tx: &Tx<'_>, ids: &Ids, standing: &dyn Standing, plan: &Arc<Plan>, groups: &[Group]) -> Result<Done, Problem> {
    tx.hold_merges()?;
    let version = tx.plan_version()?;
    if version > plan.version {
        return Ok(Done::PlanIsOld(version));
    }
    let commands = || groups.iter().flat_map(|(_, commands)| commands);
    let mut codes: Vec<&str> = commands().flat_map(tubes_of).collect();
    codes.sort_unstable();
    codes.dedup();
    let known = Known::load(tx, commands())?;
    let mut work = Work { known, standing, ..Work::on_tubes(tx, ids, plan, &codes)? };
    let mut outcomes = Vec::with_capacity(groups.len());
    for (now, commands) in groups {
        outcomes.push(commands.iter().map(|command| work.one(plan, *now, command)).collect::<Result<Vec<_>>>()?);
    }
    let now = groups.iter().map(|(now, _)| *now).max().unwrap_or_default();
    work.finish(now, "record_field_facts", "field")?;
    Ok(Done::Written(outcomes))
}

fn tubes_of(command: &Incoming) -> impl Iterator<Item = &str> {
    let second = match &command.op {
        Ok(Op::MoveCollection(c)) => Some(c.to_tube.as_str()),
        _ => None,
    };
    let first = match &command.op {
        Ok(Op::SealBox(_) | Op::HandOver(_)) | Err(_) => None,
        Ok(_) => Some(command.subject.as_str()),
    };
    first.into_iter().chain(second)
}

/// Wire word of an exception.
#[must_use]
pub const fn wire_exception(kind: ExceptionKind) -> wire::ExceptionKind {
    use ExceptionKind as D;
    use wire::ExceptionKind as W;
    match kind {
        D::SecondCollection => W::SecondCollection,
        D::TubeHeldElsewhere => W::TubeHeldElsewhere,
        D::TubeSealed => W::TubeSealed,
        D::TubeOverFull => W::TubeOverFull,
        D::UnknownPerson => W::UnknownPerson,
        D::RoundClosed => W::RoundClosed,
        D::ClockTooFarOff => W::ClockTooFarOff,
        D::ContentDiffers => W::ContentDiffers,
        D::CountDiffers => W::CountDiffers,
        D::MalformedCode => W::MalformedCode,
        D::UnknownTarget => W::UnknownTarget,
        D::WrongState => W::WrongState,
        D::OutOfScope => W::OutOfScope,
        D::HandOverDisputed => W::HandOverDisputed,
    }
}

/// The answer to a device for a verdict.
#[must_use]
pub fn outcome(id: uuid::Uuid, verdict: Verdict) -> Outcome {
    let recorded = Outcome { id, state: OutcomeState::Recorded, exception: None, warning: None, holder: None };
    match verdict {
        Verdict::Accepted => recorded,
        Verdict::AcceptedFull => Outcome { warning: Some(Warning::TubeFull), ..recorded },
        Verdict::Exception(kind) => Outcome { state: OutcomeState::Exception, exception: Some(wire_exception(kind)), ..recorded },
    }
}

/// The clock of a tube in the field runs from its first swab; a laboratory's own clock is not ours to set.
pub(super) fn field_clock(tube: &TubeRow) -> Option<Instant> {
    (tube.stage <= Stage::InTransit).then_some(tube.opened_at)
}

/// The one warning that a registrar reads: a person sampled before goes first, then the order to
/// close; that a tube is full the phone sees itself.
fn warning(of_tube: Option<Warning>, said: Option<Warning>) -> Option<Warning> {
    if matches!(said, Some(Warning::AlreadySampled | Warning::RoundClosing)) { said } else { of_tube.or(said) }
}

/// Who decides about swabs warns no registrar.
struct Nobody;

static NOBODY: Nobody = Nobody;

impl Standing for Nobody {
    fn standing(&self, _: Id<Round>, _: PersonNo) -> (bool, bool) {
        (false, true)
    }
}

impl<'t, 'c> Work<'t, 'c> {
    /// Work on some tubes; what the field's batches add stays empty.
    pub fn on_tubes(tx: &'t Tx<'c>, ids: &'t Ids, plan: &Arc<Plan>, codes: &[&str]) -> Result<Self> {
        let tubes = if codes.is_empty() { HashMap::new() } else { tx.tubes_for_update(codes)? };
        let fresh: Vec<&str> = codes.iter().copied().filter(|code| !tubes.contains_key(*code)).collect();
        let in_custody = if fresh.is_empty() { HashSet::new() } else { tx.in_custody(&fresh)? };
        Ok(Self {
            tx,
            ids,
            tubes,
            dirty: BTreeMap::new(),
            appended: BTreeMap::new(),
            in_custody,
            collections: Vec::new(),
            facts: BTreeMap::new(),
            known: Known::default(),
            standing: &NOBODY,
            warning: None,
            plan: Arc::clone(plan),
        })
    }
}

impl Work<'_, '_> {
    fn one(&mut self, plan: &Plan, now: Instant, command: &Incoming) -> Result<Outcome> {
        let verdict = match &command.op {
            Err(kind) => {
                self.open_exception(now, command, *kind, None, None, None)?;
                Verdict::Exception(*kind)
            }
            Ok(Op::RecordCollection(c)) => self.collect(plan, now, command, c)?,
            Ok(Op::SealBox(c)) => boxes::seal(self, plan, now, command, c)?,
            Ok(Op::HandOver(c)) => boxes::hand_over(self, plan, now, command, c)?,
            Ok(op) => refold::custody(self, plan, now, command, op)?,
        };
        let mut outcome = outcome(command.id, verdict);
        if outcome.state == OutcomeState::Recorded {
            outcome.warning = warning(outcome.warning, self.warning.take());
        }
        self.warning = None;
        if verdict == Verdict::Exception(ExceptionKind::TubeHeldElsewhere) {
            outcome.holder = self.holder_of(plan, &command.subject);
        }
        Ok(outcome)
    }

    /// The table that holds a tube, so that whoever scanned it in vain knows where to take it.
    fn holder_of(&self, plan: &Plan, tube: &str) -> Option<Holder> {
        let tube = self.tubes.get(tube)?;
        Some(Holder { site_name: plan.sites.get(&tube.site)?.name.clone(), station: tube.station? })
    }

    fn collect(&mut self, plan: &Plan, now: Instant, command: &Incoming, c: &RecordCollection) -> Result<Verdict> {
        let site = plan.sites.get(&Id::new(c.site));
        let site_area = site.map_or_else(|| plan.areas.first().map_or_else(root_area, |area| area.code), |site| site.area);
        let person = self.known.resolve(self.tx, &c.person, site_area, now)?;
        let flaw = flaw(plan, command, c, site, person.is_some());
        let station = Station { site: Id::new(c.site), number: c.station };
        let kind = command::tube_kind(c.tube_kind);
        let row = CollectionRow {
            tube: c.tube.clone(),
            id: Id::new(command.id),
            round: Id::new(c.round),
            person: person.map(|p| p.no),
            claimed: if person.is_some() { None } else { Some(self.claim(command, c)) },
            area: person.map_or(site_area, |p| p.area),
            site: station.site,
            station: station.number,
            kind,
            registrar: command.account,
            id_mode: command::id_mode(c.id_mode).into(),
            offline: command.offline,
            key: command.key,
            recorded_at: now,
            clock_offset: command.clock_offset,
            state: "valid".into(),
            flaw: flaw.map(|kind| kind.as_str().to_owned()),
            decision: None,
            moved_from: None,
        };
        let next = match self.tubes.get(&c.tube) {
            Some(tube) => tube.last < command.key,
            // A seal may have arrived before the first swab.
            None => !self.in_custody.contains(&c.tube),
        };
        let verdict = if next { self.append(now, command, row, station, flaw) } else { refold::late(self, now, command, row) }?;
        let late = plan.rounds.get(&Id::new(c.round)).is_some_and(|round| round.window.is_late(command.key.at));
        if late && self.warning != Some(Warning::AlreadySampled) {
            self.warning = Some(Warning::RoundClosing);
        }
        Ok(verdict)
    }

    /// What the device said of somebody unknown, sealed: a supervisor may open it to find out who.
    fn claim(&self, command: &Incoming, c: &RecordCollection) -> Vec<u8> {
        let text = serde_json::to_string(&c.person).unwrap_or_default();
        self.tx.keys().seal_cell("collection", "claimed", &command.id.to_string(), &text)
    }

    fn append(
        &mut self,
        now: Instant,
        command: &Incoming,
        mut row: CollectionRow,
        station: Station,
        flaw: Option<ExceptionKind>,
    ) -> Result<Verdict> {
        let before = self.tubes.get(&row.tube).map(|tube| tube.stage);
        let tube = self.tubes.entry(row.tube.clone()).or_insert_with(|| new_tube(&row));
        let mut folded = field_state(tube, before.is_none());
        let verdict = folded.collect(command.key, station, row.kind, flaw);
        tube.kind = folded.kind;
        tube.station = folded.station.map(|s| s.number);
        tube.valid = folded.valid as i32;
        tube.inside = folded.inside as i32;
        tube.last = command.key;
        let bucket = self.touch(&row.tube);
        match verdict {
            Verdict::Exception(kind) => {
                row.state = "exception".into();
                self.open_exception(now, command, kind, Some(&row), row.person, Some(row.round))?;
            }
            Verdict::Accepted | Verdict::AcceptedFull => {
                self.warning = row.person.and_then(|person| self.standing_of(row.round, person));
                self.note(bucket, counted(&row, 1));
            }
        }
        self.appended.entry(row.tube.clone()).or_insert(before);
        self.collections.push(row);
        Ok(verdict)
    }

    /// What the registrar is told about a person at once; the exception, if it is one, follows.
    fn standing_of(&self, round: Id<Round>, person: PersonNo) -> Option<Warning> {
        match self.standing.standing(round, person) {
            (true, _) => Some(Warning::AlreadySampled),
            (false, false) => Some(Warning::NotExpected),
            (false, true) => None,
        }
    }

    /// Remembers that a tube has something besides swabs on record: its swabs need a fold.
    pub fn note_custody(&mut self, code: &str) {
        self.in_custody.insert(code.to_owned());
    }

    /// Marks a tube as changed; answers its bucket.
    pub fn touch(&mut self, code: &str) -> i64 {
        let bucket = self.tx.bucket(code.as_bytes());
        if !self.dirty.contains_key(code) {
            self.dirty.insert(code.to_owned(), bucket);
        }
        bucket
    }

    /// Adds a fact to the change of a bucket.
    pub fn note(&mut self, bucket: i64, fact: Fact) {
        self.facts.entry(bucket).or_default().push(fact);
    }

    /// Writes what was only worked out so far, so that a fold reads everything.
    pub fn flush(&mut self) -> Result<()> {
        if !self.collections.is_empty() {
            let rows = std::mem::take(&mut self.collections);
            self.tx.insert_collections(&rows)?;
        }
        for (code, before) in std::mem::take(&mut self.appended) {
            let Some(tube) = self.tubes.get(&code) else { continue };
            let (round, site, to, members, at) = (tube.round, tube.site, tube.stage, tube.valid, tube.last.at);
            // A swab that comes next moves no clock.
            let started_at = if before == Some(to) { None } else { field_clock(tube) };
            let bucket = self.tx.bucket(code.as_bytes());
            self.note(bucket, Fact::Tube { code, round, site, from: before, to, members, at, started_at });
        }
        let dirty = std::mem::take(&mut self.dirty);
        for code in dirty.keys() {
            if let Some(tube) = self.tubes.get_mut(code) {
                tube.version += 1;
            }
        }
        let changed: Vec<&TubeRow> = dirty.keys().filter_map(|code| self.tubes.get(code)).collect();
        if changed.is_empty() { Ok(()) } else { self.tx.upsert_tubes(&changed) }
    }

    /// Writes everything and appends the change.
    pub fn finish(&mut self, now: Instant, op: &'static str, author: &str) -> Result<()> {
        self.flush()?;
        for (bucket, facts) in std::mem::take(&mut self.facts) {
            let id = self.ids.at(now);
            self.tx.append_change(&NewChange { id, bucket, at: now, op, author, facts: &facts })?;
        }
        Ok(())
    }

    /// The site at which a command happened: what it says itself, else where its tube or box is.
    fn site_of(&self, command: &Incoming, row: Option<&CollectionRow>) -> Result<Option<Id<Site>>> {
        let said = row.map(|row| row.site).or(command.site).filter(|site| self.plan.sites.contains_key(site));
        let of_tube = || self.tubes.get(&command.subject).map(|tube| tube.site);
        match said.or_else(of_tube) {
            Some(site) => Ok(Some(site)),
            None if BoxCode::parse(&command.subject).is_ok() => Ok(self.tx.box_for_look(&command.subject)?.and_then(|b| b.site)),
            None => Ok(None),
        }
    }

    /// Opens an exception about a command and notes it in the feed.
    pub fn open_exception(
        &mut self,
        now: Instant,
        command: &Incoming,
        kind: ExceptionKind,
        row: Option<&CollectionRow>,
        person: Option<PersonNo>,
        round: Option<Id<Round>>,
    ) -> Result<()> {
        let exception = self.exception(now, command, kind, row, person, round)?;
        if self.tx.open_exception(&exception)? {
            let (bucket, site) = (self.tx.bucket(command.subject.as_bytes()), exception.site);
            self.note(bucket, Fact::Exception { kind: exception.kind, round, site, delta: 1 });
        }
        Ok(())
    }

    /// An exception about a command, as it is kept.
    pub fn exception(
        &self,
        now: Instant,
        command: &Incoming,
        kind: ExceptionKind,
        row: Option<&CollectionRow>,
        person: Option<PersonNo>,
        round: Option<Id<Round>>,
    ) -> Result<ExceptionRow> {
        let site = self.site_of(command, row)?;
        // The area is the site's: its lead sees what happened there, wherever the person lives and
        // whoever sent it.
        let of_site = site.and_then(|site| self.plan.sites.get(&site)).map(|site| site.area);
        let area = of_site.or_else(|| command.areas.first().copied()).or(command.home).unwrap_or_else(root_area);
        let detail = serde_json::json!({
            "command": wire_op(command),
            // What was said of tubes and boxes, since nothing else keeps it; swabs have their own rows.
            "said": said(command),
            "device_no": command.key.device_no,
            "station": row.map(|row| row.station),
            "held_by": self.tubes.get(&command.subject).map(|tube| serde_json::json!({
                "site": tube.site.uuid(), "station": tube.station, "stage": tube.stage.as_str(), "inside": tube.inside,
            })),
        });
        Ok(ExceptionRow {
            id: command.id,
            kind: kind.as_str().into(),
            subject: command.subject.clone(),
            round,
            person,
            site,
            area,
            opened_at: now,
            detail: detail.to_string(),
            state: "open".into(),
            resolution: None,
            note: None,
            resolved_at: None,
        })
    }
}

fn said(command: &Incoming) -> Option<serde_json::Value> {
    match &command.op {
        Ok(Op::RecordCollection(_)) | Err(_) => None,
        Ok(op) => serde_json::to_value(op).ok(),
    }
}

fn wire_op(command: &Incoming) -> &'static str {
    match &command.op {
        Ok(Op::RecordCollection(_)) => "record_collection",
        Ok(Op::VoidCollection(_)) => "void_collection",
        Ok(Op::MoveCollection(_)) => "move_collection",
        Ok(Op::SealTube(_)) => "seal_tube",
        Ok(Op::PackTube(_)) => "pack_tube",
        Ok(Op::UnpackTube(_)) => "unpack_tube",
        Ok(Op::SealBox(_)) => "seal_box",
        Ok(Op::HandOver(_)) => "hand_over",
        Err(_) => "unreadable",
    }
}

/// The area of what nobody can place.
pub(super) const fn root_area() -> AreaCode {
    AreaCode::COUNTRY
}

fn flaw(plan: &Plan, command: &Incoming, c: &RecordCollection, site: Option<&SiteRow>, known: bool) -> Option<ExceptionKind> {
    let in_scope = site.is_some_and(|site| command.areas.iter().any(|root| site.area.is_within(*root)));
    let round_takes = plan.rounds.get(&Id::new(c.round)).is_some_and(|round| round.window.takes(command.key.at));
    let skew_max = plan.profile.clock_skew_max_s.saturating_mul(1_000_000);
    if !in_scope {
        Some(ExceptionKind::OutOfScope)
    } else if command.clock_offset.abs() > skew_max {
        Some(ExceptionKind::ClockTooFarOff)
    } else if !round_takes {
        Some(ExceptionKind::RoundClosed)
    } else if !known {
        Some(ExceptionKind::UnknownPerson)
    } else {
        None
    }
}

/// A tube that its first swab opens.
#[must_use]
pub fn new_tube(row: &CollectionRow) -> TubeRow {
    TubeRow {
        code: row.tube.clone(),
        round: row.round,
        kind: row.kind,
        stage: Stage::Open,
        site: row.site,
        station: None,
        valid: 0,
        inside: 0,
        box_code: None,
        counted: None,
        opened_at: row.key.at,
        sealed_at: None,
        stage_at: row.key.at,
        last: row.key,
        version: 0,
    }
}

/// The field's view of a stored tube, to append to.
fn field_state(tube: &TubeRow, fresh: bool) -> Tube {
    Tube {
        kind: tube.kind,
        station: tube.station.map(|number| Station { site: tube.site, number }),
        stage: tube.stage,
        corrected: false,
        valid: tube.valid as usize,
        inside: tube.inside as usize,
        last: if fresh { None } else { Some(tube.last) },
    }
}

/// The feed's word that a collection began (1) or ceased (-1) to count for the person who was just found. One of nobody
/// known counts as a swab of person 0 until it is found out who it was; it is then told again with the person.
fn counted(row: &CollectionRow, delta: i32) -> Fact {
    Fact::Collection {
        id: row.id,
        round: row.round,
        tube: row.tube.clone(),
        person: row.person.unwrap_or(PersonNo(0)),
        area: row.area,
        site: row.site,
        taken_at: row.key.at,
        device_no: row.key.device_no,
        delta,
    }
}

/// The same of a swab on record, whose person may have been merged since.
pub fn counted_now(tx: &Tx<'_>, row: &CollectionRow, delta: i32) -> Result<Fact> {
    let person = row.person.map(|person| tx.survivor(person)).transpose()?;
    Ok(counted(&CollectionRow { person, ..row.clone() }, delta))
}
