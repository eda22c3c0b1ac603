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

use super::list::Counts;
use crate::{clock::rfc3339, plan::Plan, sampling::view};

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

/// Kind of tube in an area: the narrowest line of the scope that names one.
#[must_use]
pub fn kind_at(round: &RoundRow, area: AreaCode) -> TubeKind {
    let lines = round.areas.iter().filter(|(root, _)| area.is_within(*root)).filter_map(|(root, kind)| Some((root, (*kind)?)));
    lines.max_by_key(|(root, _)| **root).map_or(round.tube_kind, |(_, kind)| kind)
}

fn tubes(round: &RoundRow, area: AreaCode, persons: i64) -> i64 {
    // A household tube holds a home; three persons are the mean of the register's cities.
    let size = match kind_at(round, area) {
        TubeKind::Household => 3,
        kind => kind.capacity() as i64,
    };
    (persons + size - 1) / size.max(1)
}

fn towns(plan: &Plan, round: &RoundRow, towns: &BTreeMap<AreaCode, (i64, i64)>) -> Vec<wire::TownCount> {
    let line = |(area, (expected, exempt)): (&AreaCode, &(i64, i64))| wire::TownCount {
        area: area.to_string(),
        name: plan.area(*area).map(|area| area.name.clone()).unwrap_or_default(),
        expected: *expected,
        exempt: *exempt,
        tubes: tubes(round, *area, *expected),
    };
    towns.iter().map(line).collect()
}

fn reasons(reasons: &BTreeMap<Reason, i64>) -> Vec<wire::ExemptCount> {
    reasons.iter().map(|(reason, persons)| wire::ExemptCount { reason: reason.as_str().into(), persons: *persons }).collect()
}

/// What opening would mean.
#[must_use]
pub fn preview(plan: &Plan, round: &RoundRow, (counts, exempt): Counts) -> wire::RoundPreview {
    let expected: i64 = counts.values().map(|(expected, _)| expected).sum();
    let need = planner::need(expected.max(0) as u64, &plan.profile);
    let towns = towns(plan, round, &counts);
    let serves = |served: &AreaCode| round.areas.iter().any(|(area, _)| served.is_within(*area) || area.is_within(*served));
    wire::RoundPreview {
        expected,
        exempt: reasons(&exempt),
        tubes: towns.iter().map(|town| town.tubes).sum(),
        towns,
        sites_open: plan.sites.values().filter(|site| site.open && site.serves.iter().any(serves)).count() as i64,
        sites_min: need.sites_min as i64,
        sites_max: need.sites_max as i64,
        samplers: need.samplers as i64,
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
}

/// Everything about one round.
#[must_use]
pub fn detail(plan: &Plan, round: &RoundRow, parts: Parts) -> wire::RoundDetail {
    let town = |village: AreaCode| village.at(Level::Town).unwrap_or(village);
    let (mut counts, mut by_reason) = (BTreeMap::<AreaCode, (i64, i64)>::new(), BTreeMap::<Reason, i64>::new());
    for (village, persons) in parts.expected {
        counts.entry(town(village)).or_default().0 += persons;
    }
    for (village, reason, persons) in parts.exempt {
        counts.entry(town(village)).or_default().1 += persons;
        *by_reason.entry(reason).or_default() += persons;
    }
    let may = Event::ALL.into_iter().filter(|event| decide(round.state, *event, 1, true).is_ok()).map(event).collect();
    wire::RoundDetail {
        round: view::round(round),
        scope: round
            .areas
            .iter()
            .map(|(area, kind)| wire::ScopeLine { area: area.to_string(), tube_kind: kind.map(view::tube_kind) })
            .collect(),
        groups: Groups(round.groups).iter().map(|group| group.as_str().to_owned()).collect(),
        opened_at: round.window.opened_at.map(rfc3339),
        closed_at: round.window.closed_at.map(rfc3339),
        version: round.version,
        towns: towns(plan, round, &counts),
        exempt: reasons(&by_reason),
        events: parts
            .events
            .into_iter()
            .map(|e| wire::RoundEventLine { event: e.event, at: rfc3339(e.at), ordered_by: e.ordered_by, reason: e.reason })
            .collect(),
        may,
    }
}
