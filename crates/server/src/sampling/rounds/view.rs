//! Rounds as the desk shows them.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::area::{AreaCode, Level},
    people::groups::Groups,
    sampling::{
        exemption::Reason,
        planner,
        round::{Event, decide},
        tube::TubeKind,
    },
};
use allclear_store::{rounds::RoundEventRow, rounds::RoundRow};
use allclear_wire::rounds as wire;

use crate::{
    clock::rfc3339,
    expected::list::{Counts, Village},
    plan::Plan,
    sampling::view,
};

/// `石柱镇塘里村`: town and village as people say it.
#[must_use]
pub fn area_name(plan: &Plan, code: AreaCode) -> String {
    let name = |code: AreaCode| plan.area(code).map_or("", |area| area.name.as_str());
    let own = name(code).trim_end_matches("村民委员会").trim_end_matches("居民委员会");
    match code.parent().filter(|parent| parent.level() == Level::Town) {
        Some(town) => format!("{}{own}", name(town)),
        None => own.to_owned(),
    }
}

/// Tubes for some persons of one village if every tube is full: villages do not share tubes.
fn tubes(plan: &Plan, kind: TubeKind, persons: i64) -> i64 {
    let size = match kind {
        TubeKind::Household => i64::from(plan.profile.persons_per_household),
        kind => kind.capacity() as i64,
    };
    persons.max(0).div_euclid(size.max(1)) + i64::from(persons.max(0).rem_euclid(size.max(1)) > 0)
}

/// Town by town, from what the villages have.
fn towns(plan: &Plan, villages: &BTreeMap<AreaCode, Village>) -> Vec<wire::TownCount> {
    let mut towns: BTreeMap<AreaCode, wire::TownCount> = BTreeMap::new();
    for (code, village) in villages {
        let town = code.at(Level::Town).unwrap_or(*code);
        let name = || plan.area(town).map(|area| area.name.clone()).unwrap_or_default();
        let line =
            towns.entry(town).or_insert_with(|| wire::TownCount { area: town.to_string(), name: name(), expected: 0, exempt: 0, tubes: 0 });
        line.expected += village.expected;
        line.exempt += village.exempt;
        line.tubes += village.kinds.iter().map(|(kind, persons)| tubes(plan, *kind, *persons)).sum::<i64>();
    }
    towns.into_values().collect()
}

fn reasons(reasons: &BTreeMap<Reason, i64>) -> Vec<wire::ExemptCount> {
    let some = reasons.iter().filter(|(_, persons)| **persons > 0);
    some.map(|(reason, persons)| wire::ExemptCount { reason: reason.as_str().into(), persons: *persons }).collect()
}

/// What opening would mean.
#[must_use]
pub fn preview(plan: &Plan, round: &RoundRow, counts: &Counts) -> wire::RoundPreview {
    let expected: i64 = counts.villages.values().map(|village| village.expected).sum();
    let need = planner::need(expected.max(0) as u64, &plan.profile);
    let towns = towns(plan, &counts.villages);
    let serves = |served: &AreaCode| round.areas.iter().any(|(area, _)| served.is_within(*area) || area.is_within(*served));
    wire::RoundPreview {
        expected,
        exempt: reasons(&counts.reasons),
        tubes: towns.iter().map(|town| town.tubes).sum(),
        towns,
        sites_open: plan.sites.values().filter(|site| site.open && site.serves.iter().any(serves)).count() as i64,
        sites_min: need.sites_min as i64,
        sites_max: need.sites_max as i64,
        samplers: need.samplers as i64,
        rehearsal: None,
    }
}

/// Wire word of an event.
#[must_use]
pub const fn event(event: Event) -> wire::RoundEvent {
    match event {
        Event::Open => wire::RoundEvent::Open,
        Event::BeginClosing => wire::RoundEvent::BeginClosing,
        Event::Close => wire::RoundEvent::Close,
        Event::Reopen => wire::RoundEvent::Reopen,
    }
}

/// Domain event of a wire word.
#[must_use]
pub const fn from_event(event: wire::RoundEvent) -> Event {
    match event {
        wire::RoundEvent::Open => Event::Open,
        wire::RoundEvent::BeginClosing => Event::BeginClosing,
        wire::RoundEvent::Close => Event::Close,
        wire::RoundEvent::Reopen => Event::Reopen,
    }
}

/// What the store knows of one round besides its row.
pub struct Parts {
    /// Persons expected, village by village.
    pub expected: Vec<(AreaCode, i64)>,
    /// Persons left out.
    pub exempt: Vec<(AreaCode, Reason, i64)>,
    /// Orders.
    pub events: Vec<RoundEventRow>,
    /// What the register says now, for a scope with kinds of tube by group.
    pub register: Option<Counts>,
}

/// Villages of a frozen list. Kinds by group come from the register, since a list has numbers only;
/// whoever of the group is not on the list any more takes no tube.
fn villages(round: &RoundRow, parts: &Parts) -> BTreeMap<AreaCode, Village> {
    let mut villages: BTreeMap<AreaCode, Village> = BTreeMap::new();
    for (village, persons) in &parts.expected {
        let usual = round.kind_for(*village, 0);
        let in_register = parts.register.as_ref().and_then(|counts| counts.villages.get(village));
        let mut kinds = in_register.map(|village| village.kinds.clone()).unwrap_or_default();
        kinds.remove(&usual);
        let of_groups: i64 = kinds.values().sum();
        kinds.insert(usual, (persons - of_groups).max(0));
        villages.insert(*village, Village { expected: *persons, exempt: 0, kinds });
    }
    for (village, _, persons) in &parts.exempt {
        villages.entry(*village).or_default().exempt += persons;
    }
    villages
}

fn words(groups: i64) -> Vec<String> {
    Groups(groups).iter().map(|group| group.as_str().to_owned()).collect()
}

fn scope(round: &RoundRow) -> Vec<wire::ScopeLine> {
    let areas = round.areas.iter().map(|(area, kind)| wire::ScopeLine {
        area: area.to_string(),
        tube_kind: kind.map(view::tube_kind),
        groups: Vec::new(),
    });
    let of_groups = round.group_kinds.iter().map(|line| wire::ScopeLine {
        area: line.area.to_string(),
        tube_kind: Some(view::tube_kind(line.kind)),
        groups: words(line.groups),
    });
    areas.chain(of_groups).collect()
}

/// Everything about one round.
#[must_use]
pub fn detail(plan: &Plan, round: &RoundRow, parts: Parts) -> wire::RoundDetail {
    let mut by_reason = BTreeMap::<Reason, i64>::new();
    for (_, reason, persons) in &parts.exempt {
        *by_reason.entry(*reason).or_default() += persons;
    }
    let towns = towns(plan, &villages(round, &parts));
    let may = Event::ALL.into_iter().filter(|event| decide(round.state, *event, 1, true).is_ok()).map(event).collect();
    wire::RoundDetail {
        round: view::round(round),
        scope: scope(round),
        groups: words(round.rule.groups),
        groups_all: round.rule.all,
        opened_at: round.window.opened_at.map(rfc3339),
        closed_at: round.window.closed_at.map(rfc3339),
        version: round.version,
        towns,
        exempt: reasons(&by_reason),
        events: parts
            .events
            .into_iter()
            .map(|e| wire::RoundEventLine { event: e.event, at: rfc3339(e.at), ordered_by: e.ordered_by, reason: e.reason })
            .collect(),
        may,
    }
}
