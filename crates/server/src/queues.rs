//! How long one waits at a site: one answer for the desk, the big screen and the resident's page.

use std::collections::{BTreeMap, HashMap};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Site},
        time::Instant,
    },
    live::{Counts, RoundCounts},
    sampling::{
        hours::Hours,
        planner::{SiteNow, wait_minutes},
        queue::{self, People, Serving},
        round::RoundState,
    },
};
use allclear_store::rounds::{RoundRow, SiteRow};

use crate::plan::Plan;

/// A site's queue in a round.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Queue {
    /// Persons expected who go there.
    pub expected: i64,
    /// Of these, without a swab.
    pub remaining: i64,
    /// Swabs an hour over the last half hour.
    pub per_hour: f64,
    /// Estimated wait in minutes, if it can be told.
    pub wait_minutes: Option<i64>,
}

/// Sites by id, as far as queues go.
fn serving(plan: &Plan) -> Vec<Serving<'_>> {
    plan.sites.values().map(of_row).collect()
}

fn of_row(site: &SiteRow) -> Serving<'_> {
    Serving { site: site.id, serves: &site.serves, open: site.open, transfer_to: site.transfer_to }
}

/// Where the people of a closed site go, if it was said and that site is open.
#[must_use]
pub fn taker<'p>(plan: &'p Plan, site: &SiteRow) -> Option<&'p SiteRow> {
    let by_id: HashMap<Id<Site>, Serving<'_>> = serving(plan).into_iter().map(|site| (site.site, site)).collect();
    queue::taker(&by_id, site.id).filter(|taker| *taker != site.id).and_then(|taker| plan.sites.get(&taker))
}

/// Villages with who is expected and who has no swab.
#[must_use]
pub fn villages(counts: &RoundCounts) -> Vec<(AreaCode, People)> {
    let people = |c: &Counts| People { expected: c.expected, remaining: c.expected - c.expected_sampled };
    counts.persons.villages().iter().map(|(village, c)| (*village, people(c))).collect()
}

/// The queues of a round.
#[must_use]
pub fn of(plan: &Plan, round: &RoundRow, counts: &RoundCounts, now: Instant) -> BTreeMap<Id<Site>, Queue> {
    let shares = queue::shares(&serving(plan), villages(counts));
    plan.sites
        .values()
        .map(|site| {
            let share = shares.get(&site.id).copied().unwrap_or_default();
            let per_hour = counts.sites.get(&site.id).map_or(0.0, |own| own.last_half_hour(now) as f64 * 2.0);
            let wait = wait(site, round, share.remaining, per_hour, now);
            (site.id, Queue { expected: share.expected, remaining: share.remaining, per_hour, wait_minutes: wait })
        })
        .collect()
}

/// Nothing while the site is closed, by order or by its hours, or the round takes nobody new. Hours
/// that nobody can read say nothing, so the site counts as open.
fn wait(site: &SiteRow, round: &RoundRow, remaining: i64, per_hour: f64, now: Instant) -> Option<i64> {
    let hours = Hours::parse(&site.hours);
    let takes = site.open && round.state == RoundState::Open && hours.as_ref().is_none_or(|hours| hours.is_open(now));
    let open_for = |hours: Hours| hours.open_seconds(now, round.ends_at);
    let seconds_left = hours.map_or_else(|| round.ends_at.seconds_since(now), open_for);
    takes.then(|| wait_minutes(SiteNow { remaining, per_hour, seconds_left })).flatten()
}
