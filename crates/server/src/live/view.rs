//! Counts to frames.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        id::{Id, Round, Site},
        profile::Profile,
        time::Instant,
    },
    lab::backlog::minutes_of_work,
    live::{Counts, FIVE_MINUTES_S, RoundCounts, SiteCounts, StageCounts},
    sampling::{round::RoundState, tube::Stage},
};
use allclear_store::{rounds::RoundRow, rounds::SiteRow};
use allclear_wire::{live as wire, operating::Operating};
use axum::body::Bytes;

use super::context::Context;
use crate::{
    clock::rfc3339,
    plan::Plan,
    queues::{self, Queue},
    seen::Seen,
};

const SITES_SHOWN: usize = 12;
const DEVICES_SHOWN: usize = 20;
/// Steps of the curve that a frame carries: two days.
const CURVE_STEPS: usize = 576;

/// A drawn frame, shared by all who look at the same.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Change it is of.
    pub seq: i64,
    /// Whether its curve is in it.
    pub whole: bool,
    /// When it was drawn, by the application's clock.
    pub as_of: Instant,
    /// When it was drawn, by the machine's.
    pub drawn: tokio::time::Instant,
    /// The frame as JSON.
    pub json: Bytes,
}

/// What a frame is drawn with.
pub struct Sight<'a> {
    /// Areas, rounds, sites.
    pub plan: &'a Plan,
    /// Devices and laboratories.
    pub context: &'a Context,
    /// Devices heard of since they were last written down.
    pub seen: &'a Seen,
    /// Subtrees that the caller may see.
    pub scope: &'a [AreaCode],
    /// Now.
    pub now: Instant,
}

impl Sight<'_> {
    /// Whether an area may be seen.
    #[must_use]
    pub fn sees(&self, area: AreaCode) -> bool {
        self.scope.iter().any(|root| area.is_within(*root))
    }

    /// Whether the whole store may be seen.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.plan.areas.iter().all(|area| self.sees(area.code))
    }

    /// Whether a site may be seen; one that is gone is seen by those who see everything.
    #[must_use]
    pub fn sees_site(&self, site: Id<Site>) -> bool {
        self.plan.sites.get(&site).map_or_else(|| self.whole(), |site| self.sees(site.area))
    }

    fn name(&self, area: AreaCode) -> String {
        self.plan.area(area).map_or_else(|| area.to_string(), |row| row.name.clone())
    }
}

/// The limit of a stage in seconds, if the profile has one.
#[must_use]
pub const fn limit_s(profile: &Profile, stage: Stage) -> Option<i64> {
    match stage {
        Stage::Open | Stage::Sealed | Stage::Boxed | Stage::InTransit => Some(profile.tube_to_lab_max_s),
        Stage::Received | Stage::OnRun | Stage::Resulted => Some(profile.lab_turnaround_max_s),
        Stage::Released | Stage::Rejected | Stage::Void => None,
    }
}

/// Counts of one area on the wire.
#[must_use]
pub fn area_counts(area: String, name: String, counts: Counts) -> wire::AreaCounts {
    wire::AreaCounts {
        area,
        name,
        expected: counts.expected,
        expected_sampled: counts.expected_sampled,
        unexpected_sampled: counts.unexpected_sampled,
        collections: counts.collections,
    }
}

/// One frame.
#[must_use]
pub fn frame(sight: &Sight<'_>, round: Option<Id<Round>>, counts: &RoundCounts, loose: i64) -> wire::LiveFrame {
    let row = round.and_then(|round| sight.plan.rounds.get(&round));
    let inside = |site| sight.sees_site(site);
    let total = counts.persons.villages().iter().filter(|(area, _)| sight.sees(**area)).fold(Counts::default(), |sum, (_, c)| sum.plus(*c));
    let stages = counts.stages(sight.now, inside, |stage| limit_s(&sight.plan.profile, stage));
    let sites = sites(sight, row, counts);
    let stuck = sites.iter().filter(|site| site.stuck.is_some()).count();
    let curve = counts.curve(inside);
    let silent = silent(sight, counts);
    let released = counts.released(inside);
    let whole = sight.whole();
    wire::LiveFrame {
        as_of: rfc3339(sight.now),
        change: counts.seq,
        operating: Operating::default(),
        round: round.map(Id::uuid),
        round_name: row.map(|row| row.name.clone()).unwrap_or_default(),
        total: area_counts(String::new(), String::new(), total),
        persons_in_open_tubes: stages.get(&Stage::Open).map_or(0, |s| s.members),
        tubes: counts.filled_tubes(inside),
        person_reports: released.reports,
        non_negative: released.non_negative,
        areas: areas(sight, row, counts),
        pipeline: pipeline(&stages),
        curve: curve_points(&curve),
        plan: row.map(|row| round_plan(row, total.expected)),
        stages: ages(sight, &stages),
        sites_total: sites.len() as i64,
        sites_open: sites.iter().filter(|site| sight.plan.sites.get(&Id::new(site.site)).is_some_and(|s| s.open)).count() as i64,
        sites_stuck: stuck as i64,
        forecast: row.map(|_| forecast(sight, total, &curve)),
        labs: labs(sight),
        follow_ups_open: counts.follow_ups(inside),
        exceptions_open: counts.exceptions(|site| site.map_or(whole, inside)) + loose,
        devices: counts.devices.values().filter(|(_, site)| sight.sees_site(*site)).count() as i64,
        devices_silent_total: silent.len() as i64,
        devices_silent: silent,
        sites,
    }
}

/// Cuts the lists of a frame to what a screen shows; a report keeps them whole.
pub fn for_screen(frame: &mut wire::LiveFrame) {
    frame.sites.truncate(SITES_SHOWN);
    frame.devices_silent.truncate(DEVICES_SHOWN);
}

/// The areas below the scope's root that the round is about; of several roots, the roots.
fn areas(sight: &Sight<'_>, round: Option<&RoundRow>, counts: &RoundCounts) -> Vec<wire::AreaCounts> {
    let level = match sight.scope {
        [root] => match root.level() {
            Level::Country | Level::County => Level::Town,
            Level::Town | Level::Village | Level::Grid => Level::Village,
        },
        _ => Level::Town,
    };
    let mut sums: BTreeMap<AreaCode, Counts> = BTreeMap::new();
    let touches =
        |area: AreaCode| round.is_some_and(|round| round.areas.iter().any(|(scope, _)| area.is_within(*scope) || scope.is_within(area)));
    for area in sight.plan.areas.iter().filter(|area| area.code.level() == level && sight.sees(area.code) && touches(area.code)) {
        sums.insert(area.code, Counts::default());
    }
    for (village, c) in counts.persons.villages().iter().filter(|(village, _)| sight.sees(**village)) {
        let sum = sums.entry(village.at(level).unwrap_or(*village)).or_default();
        *sum = sum.plus(*c);
    }
    sums.into_iter().map(|(area, c)| area_counts(area.to_string(), sight.name(area), c)).collect()
}

fn pipeline(stages: &BTreeMap<Stage, StageCounts>) -> wire::Pipeline {
    let tubes = |stage: Stage| stages.get(&stage).map_or(0, |counts| counts.tubes);
    wire::Pipeline {
        open: tubes(Stage::Open),
        at_site: tubes(Stage::Sealed) + tubes(Stage::Boxed),
        in_transit: tubes(Stage::InTransit),
        received: tubes(Stage::Received),
        on_run: tubes(Stage::OnRun),
        resulted: tubes(Stage::Resulted),
        released: tubes(Stage::Released),
        rejected: tubes(Stage::Rejected) + tubes(Stage::Void),
    }
}

/// Stages as the board names them, with what the domain calls them.
pub const STAGES: [(&str, &[Stage]); 8] = [
    ("open", &[Stage::Open]),
    ("at_site", &[Stage::Sealed, Stage::Boxed]),
    ("in_transit", &[Stage::InTransit]),
    ("received", &[Stage::Received]),
    ("on_run", &[Stage::OnRun]),
    ("resulted", &[Stage::Resulted]),
    ("released", &[Stage::Released]),
    ("rejected", &[Stage::Rejected, Stage::Void]),
];

fn ages(sight: &Sight<'_>, stages: &BTreeMap<Stage, StageCounts>) -> Vec<wire::StageAge> {
    STAGES[..6]
        .iter()
        .map(|(word, of)| {
            let of = || of.iter().filter_map(|stage| stages.get(stage));
            wire::StageAge {
                stage: (*word).into(),
                tubes: of().map(|s| s.tubes).sum(),
                oldest_at: of().filter_map(|s| s.oldest_at).min().map(rfc3339),
                limit_minutes: STAGES.iter().find(|s| s.0 == *word).and_then(|s| limit_s(&sight.plan.profile, s.1[0])).map(|s| s / 60),
                late: of().map(|s| s.late).sum(),
            }
        })
        .collect()
}

fn curve_points(curve: &BTreeMap<i64, i64>) -> Vec<(String, i64)> {
    let Some((last, _)) = curve.last_key_value() else { return Vec::new() };
    let first = curve.first_key_value().map_or(*last, |(first, _)| *first).max(last - CURVE_STEPS as i64 + 1);
    (first..=*last).map(|step| (rfc3339(Instant(step * FIVE_MINUTES_S * 1_000_000)), curve.get(&step).copied().unwrap_or(0))).collect()
}

fn round_plan(round: &RoundRow, expected: i64) -> wire::RoundPlan {
    let steps = (round.ends_at.seconds_since(round.starts_at) / FIVE_MINUTES_S).max(1);
    wire::RoundPlan {
        starts_at: rfc3339(round.starts_at),
        ends_at: rfc3339(round.ends_at),
        per_five_minutes: (expected + steps - 1) / steps,
    }
}

fn forecast(sight: &Sight<'_>, total: Counts, curve: &BTreeMap<i64, i64>) -> wire::Forecast {
    let step = sight.now.0.div_euclid(FIVE_MINUTES_S * 1_000_000);
    let per_hour = 2 * curve.range(step - 5..=step).map(|(_, n)| n).sum::<i64>();
    let remaining = (total.expected - total.expected_sampled).max(0);
    let ends_at = (per_hour > 0).then(|| rfc3339(sight.now.plus_seconds(remaining * 3600 / per_hour)));
    wire::Forecast { remaining, per_hour, ends_at }
}

/// Sites of the round, those that need attention first.
#[must_use]
pub fn sites(sight: &Sight<'_>, round: Option<&RoundRow>, counts: &RoundCounts) -> Vec<wire::SiteLoad> {
    let mut late: BTreeMap<Id<Site>, i64> = BTreeMap::new();
    let field = [Stage::Open, Stage::Sealed, Stage::Boxed];
    for tube in counts.tubes.values().filter(|tube| field.contains(&tube.stage)) {
        if limit_s(&sight.plan.profile, tube.stage).is_some_and(|limit| sight.now.seconds_since(tube.started_at) > limit) {
            *late.entry(tube.site).or_default() += 1;
        }
    }
    let of_round = |site: &SiteRow| round.is_some_and(|round| round.areas.iter().any(|(area, _)| site.area.is_within(*area)));
    let empty = SiteCounts::default();
    let queues = round.map(|round| queues::of(sight.plan, round, counts, sight.now)).unwrap_or_default();
    let mut loads: Vec<wire::SiteLoad> = sight
        .plan
        .sites
        .values()
        .filter(|site| sight.sees(site.area) && (of_round(site) || counts.sites.contains_key(&site.id)))
        .map(|site| {
            let own = counts.sites.get(&site.id).unwrap_or(&empty);
            let queue = queues.get(&site.id).copied().unwrap_or_default();
            site_load(sight, round, queue, site, own, late.get(&site.id).copied().unwrap_or(0))
        })
        .collect();
    let rank = |load: &wire::SiteLoad| match load.stuck.as_deref() {
        Some("tubes_late") => 0,
        Some("silent") => 1,
        Some(_) => 2,
        None => 3,
    };
    loads.sort_by(|a, b| rank(a).cmp(&rank(b)).then(b.collections.cmp(&a.collections)).then(a.name.cmp(&b.name)));
    loads
}

fn site_load(sight: &Sight<'_>, round: Option<&RoundRow>, queue: Queue, site: &SiteRow, own: &SiteCounts, late: i64) -> wire::SiteLoad {
    let recent = own.last_half_hour(sight.now);
    let rate = recent as f64 * 2.0 / f64::from(site.stations.max(1));
    let sampling = site.open && round.is_some_and(|round| round.state == RoundState::Open);
    let left = queue.remaining;
    // A site that never reported is as silent as one that stopped; a round that just opened is not.
    let profile = &sight.plan.profile;
    let heard = own.last_at.or(round.and_then(|round| round.window.opened_at));
    let quiet = heard.is_some_and(|at| sight.now.seconds_since(at) > profile.site_silent_s);
    let slow = rate < f64::from(profile.site_slow_per_station_hour);
    let stuck = if late > 0 {
        Some("tubes_late")
    } else if sampling && left > 0 && quiet {
        Some("silent")
    } else if sampling && left > 0 && recent > 0 && slow && own.collections > recent {
        Some("slow")
    } else if sampling && queue.wait_minutes.is_some_and(|wait| wait > profile.site_wait_max_min) {
        Some("long_wait")
    } else {
        None
    };
    wire::SiteLoad {
        site: site.id.uuid(),
        name: site.name.clone(),
        area: site.area.to_string(),
        stations: site.stations,
        collections: own.collections,
        per_station_hour: (rate * 10.0).round() / 10.0,
        wait_minutes: queue.wait_minutes,
        last_at: own.last_at.map(rfc3339),
        stuck: stuck.map(Into::into),
    }
}

/// Laboratories with what waits in them, the longest backlog first.
#[must_use]
pub fn labs(sight: &Sight<'_>) -> Vec<wire::LabLoad> {
    let mut labs: Vec<wire::LabLoad> = sight
        .context
        .labs
        .iter()
        .filter(|(lab, _)| sight.sees(lab.area))
        .map(|(lab, backlog)| {
            let minutes = minutes_of_work(backlog.received + backlog.on_run, lab.rated_per_day);
            wire::LabLoad {
                lab: lab.id.uuid(),
                name: lab.name.clone(),
                received: backlog.received,
                on_run: backlog.on_run,
                resulted: backlog.resulted,
                released: backlog.released_24h,
                backlog_hours: minutes.map(|minutes| (minutes as f64 / 6.0).round() / 10.0),
            }
        })
        .collect();
    labs.sort_by(|a, b| b.backlog_hours.unwrap_or(0.0).total_cmp(&a.backlog_hours.unwrap_or(0.0)).then(a.name.cmp(&b.name)));
    labs
}

/// Devices that last took a swab at a site that may be seen, and are silent since; longest first.
#[must_use]
pub fn silent(sight: &Sight<'_>, counts: &RoundCounts) -> Vec<wire::SilentDevice> {
    let profile = &sight.plan.profile;
    let mut silent: Vec<(Instant, wire::SilentDevice)> = counts
        .devices
        .iter()
        .filter(|(_, (_, site))| sight.sees_site(*site))
        .filter_map(|(no, (last_swab, _))| {
            let device = sight.context.devices.get(no)?;
            let seen = sight.seen.at(*no).max(device.seen_at).unwrap_or(*last_swab);
            let quiet = sight.now.seconds_since(seen);
            let row = wire::SilentDevice { device_no: *no, label: device.label.clone(), seen_at: Some(rfc3339(seen)) };
            (quiet > profile.device_silent_s && quiet < profile.device_gone_s).then_some((seen, row))
        })
        .collect();
    silent.sort_by_key(|(seen, row)| (*seen, row.device_no));
    silent.into_iter().map(|(_, row)| row).collect()
}
