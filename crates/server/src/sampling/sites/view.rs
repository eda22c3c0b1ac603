//! Sites as the desk shows them.

use allclear_store::{rounds::SiteRow, shifts::ShiftRow, sites::SiteWork};
use allclear_wire::sites as wire;

use crate::{
    clock::rfc3339,
    plan::Plan,
    queues::Queue,
    sampling::{rounds::view::area_name, view},
};

/// One site with its work and its queue.
#[must_use]
pub fn state(plan: &Plan, site: &SiteRow, queue: Queue, work: Option<&SiteWork>) -> wire::SiteState {
    wire::SiteState {
        site: view::site(site),
        version: site.version,
        area_name: area_name(plan, site.area),
        closed_reason: site.closed_reason.clone(),
        transfer_to_name: site.transfer_to.and_then(|id| plan.sites.get(&id)).map(|site| site.name.clone()),
        expected: queue.expected,
        remaining: queue.remaining,
        swabs: work.map_or(0, |work| work.swabs),
        tubes: work.map_or(0, |work| work.tubes),
        open_tubes: work.map_or(0, |work| work.open_tubes),
        per_hour: queue.per_hour,
        per_station_hour: queue.per_hour / f64::from(site.stations.max(1)),
        wait_minutes: queue.wait_minutes,
        last_at: work.and_then(|work| work.last_at).map(rfc3339),
    }
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
