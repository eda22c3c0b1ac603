//! Sites as the desk shows them.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Site},
        time::Instant,
    },
    sampling::planner::{SiteNow, wait_minutes},
};
use allclear_store::{
    rounds::{RoundRow, SiteRow},
    shifts::ShiftRow,
    sites::SiteWork,
};
use allclear_wire::sites as wire;

use crate::{
    clock::rfc3339,
    plan::Plan,
    sampling::{rounds::view::area_name, view},
};

/// Seconds over which a site's rate is measured.
pub const LATELY_S: i64 = 1800;

/// One site. What is left of the people it serves is those expected less the swabs it took.
#[must_use]
pub fn state(
    plan: &Plan,
    site: &SiteRow,
    expected: i64,
    work: Option<&SiteWork>,
    round: Option<&RoundRow>,
    now: Instant,
) -> wire::SiteState {
    let swabs = work.map_or(0, |work| work.swabs);
    let per_hour = work.map_or(0.0, |work| work.swabs_lately as f64 * 3600.0 / LATELY_S as f64);
    let seconds_left = round.map_or(0, |round| round.ends_at.seconds_since(now));
    let wait = round.filter(|_| site.open).and_then(|_| wait_minutes(SiteNow { remaining: expected - swabs, per_hour, seconds_left }));
    wire::SiteState {
        site: view::site(site),
        version: site.version,
        area_name: area_name(plan, site.area),
        closed_reason: site.closed_reason.clone(),
        transfer_to_name: site.transfer_to.and_then(|id| plan.sites.get(&id)).map(|site| site.name.clone()),
        expected,
        swabs,
        tubes: work.map_or(0, |work| work.tubes),
        open_tubes: work.map_or(0, |work| work.open_tubes),
        per_hour,
        per_station_hour: per_hour / f64::from(site.stations.max(1)),
        wait_minutes: wait,
        last_at: work.and_then(|work| work.last_at).map(rfc3339),
    }
}

/// Persons expected of the areas that each site serves; an area that several serve is shared evenly.
#[must_use]
pub fn expected(plan: &Plan, villages: &[(AreaCode, i64)]) -> HashMap<Id<Site>, i64> {
    let mut expected: HashMap<Id<Site>, i64> = HashMap::new();
    for (village, persons) in villages {
        let serving: Vec<Id<Site>> =
            plan.sites.values().filter(|site| site.open && site.serves.iter().any(|area| village.is_within(*area))).map(|s| s.id).collect();
        for site in &serving {
            *expected.entry(*site).or_default() += persons / serving.len() as i64;
        }
    }
    expected
}

/// One shift.
#[must_use]
pub fn shift(row: ShiftRow) -> wire::StationShift {
    wire::StationShift {
        id: row.id,
        station: row.station,
        account: row.account.uuid(),
        account_name: row.display_name,
        from_at: rfc3339(row.from_at),
        until_at: rfc3339(row.until_at),
    }
}
