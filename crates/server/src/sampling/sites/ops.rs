//! What is ordered about sites and shifts.

use allclear_domain::{
    kernel::{
        access::{Action, Role, allows},
        change::Fact,
        id::{Account, Id, Round, Site},
        time::Instant,
    },
    sampling::hours::Hours,
};
use allclear_store::{StoreError, Tx, feed::NewChange, rounds::SiteRow, shifts::ShiftRow};
use allclear_wire::sites::{NewShift, SiteOpening, SiteOrder, StationWorker};
use uuid::Uuid;

use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::{PAGE_ROWS_MAX, SCOPE_AREAS_MAX, SITES_MAX},
        problem::{Code, Result},
    },
    plan::{Plan, room},
    sampling::rounds::ops::{area, instant, text},
};

/// Most stations of one site.
const STATIONS_MAX: i32 = 200;
/// Longest shift, seconds: a day and a night.
const SHIFT_S_MAX: i64 = 24 * 3600;

fn site(plan: &Plan, caller: &Caller, order: &SiteOrder, before: Option<&SiteRow>, id: Id<Site>) -> Result<SiteRow> {
    let stands = area(plan, caller, Action::ManageRounds, &order.area, "/area")?;
    if order.serves.is_empty() || order.serves.len() > SCOPE_AREAS_MAX {
        return Err(Code::BodyInvalid.field("/serves"));
    }
    let mut serves = Vec::with_capacity(order.serves.len());
    for code in &order.serves {
        serves.push(area(plan, caller, Action::ManageRounds, code, "/serves")?);
    }
    serves.sort_unstable();
    serves.dedup();
    if !(1..=STATIONS_MAX).contains(&order.stations) {
        return Err(Code::BodyInvalid.field("/stations"));
    }
    let hours = text(&order.hours, "/hours")?;
    if Hours::parse(&hours).is_none() {
        return Err(Code::BodyInvalid.field("/hours").detail("hours as 07:00-20:00, several with a comma, or 全天"));
    }
    let inside = |value: Option<f64>, limit: f64| value.is_none_or(|v| v.is_finite() && v.abs() <= limit);
    if !inside(order.longitude, 180.0) || !inside(order.latitude, 90.0) || order.longitude.is_some() != order.latitude.is_some() {
        return Err(Code::BodyInvalid.field("/longitude"));
    }
    Ok(SiteRow {
        id,
        name: text(&order.name, "/name")?,
        area: stands,
        serves,
        stations: order.stations,
        longitude: order.longitude,
        latitude: order.latitude,
        hours,
        open: before.is_none_or(|site| site.open),
        transfer_to: before.and_then(|site| site.transfer_to),
        closed_reason: before.and_then(|site| site.closed_reason.clone()),
        version: order.version.or(before.map(|site| site.version)).unwrap_or(1),
    })
}

/// Other nodes load the plan again when a round is told of; sites belong to whatever runs.
fn tell(tx: &Tx<'_>, id: Uuid, round: Option<Id<Round>>, now: Instant, op: &'static str, author: &str) -> Result<(), StoreError> {
    let Some(round) = round else { return Ok(()) };
    let bucket = tx.bucket(round.uuid().as_bytes());
    tx.append_change(&NewChange { id, bucket, at: now, op, author, facts: &[Fact::Round { round }] })
}

async fn write(app: &App, caller: &Caller, row: SiteRow, fresh: bool) -> Result<()> {
    let now = app.now();
    let plan = app.plan();
    let round = plan.rounds.values().max_by_key(|round| (round.window.opened_at, round.id)).map(|round| round.id);
    let (change, author) = (app.ids.at(now), caller.name.clone());
    app.store
        .run("put_site", move |tx| {
            if fresh {
                tx.insert_site(&row)?
            } else {
                tx.update_site(&row)?
            }
            tell(tx, change, round, now, "put_site", &author)
        })
        .await?;
    Ok(app.reload_plan().await?)
}

/// Makes a site; it is open.
pub async fn create_site(app: &App, caller: &Caller, order: SiteOrder) -> Result<Id<Site>> {
    let plan = app.plan();
    let row = site(&plan, caller, &order, None, Id::new(app.ids.at(app.now())))?;
    room(plan.sites.len(), 1, SITES_MAX)?;
    let id = row.id;
    write(app, caller, row, true).await?;
    Ok(id)
}

fn known(plan: &Plan, caller: &Caller, id: Id<Site>) -> Result<SiteRow> {
    let site = plan.sites.get(&id).cloned().ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(Action::ManageRounds, site.area)?;
    Ok(site)
}

/// Changes a site.
pub async fn change_site(app: &App, caller: &Caller, id: Id<Site>, order: SiteOrder) -> Result<()> {
    let plan = app.plan();
    let before = known(&plan, caller, id)?;
    let row = site(&plan, caller, &order, Some(&before), id)?;
    write(app, caller, row, false).await
}

/// Opens a site, or closes it and sends its queue elsewhere.
pub async fn open_site(app: &App, caller: &Caller, id: Id<Site>, opening: SiteOpening) -> Result<()> {
    let plan = app.plan();
    let before = known(&plan, caller, id)?;
    let row = if opening.open {
        SiteRow { open: true, transfer_to: None, closed_reason: None, ..before }
    } else {
        let reason = text(opening.reason.as_deref().unwrap_or_default(), "/reason").map_err(|_| Code::ReasonRequired.field("/reason"))?;
        let transfer_to = opening.transfer_to.map(Id::new);
        if let Some(target) = transfer_to {
            let target = plan.sites.get(&target).ok_or_else(|| Code::NotFound.field("/transfer_to"))?;
            if !target.open || target.id == id {
                return Err(Code::StateConflict.field("/transfer_to").detail("the other site is not open"));
            }
        }
        SiteRow { open: false, transfer_to, closed_reason: Some(reason), ..before }
    };
    write(app, caller, row, false).await
}

/// Plans a shift; neither the station nor the person may be taken.
pub async fn add_shift(app: &App, caller: &Caller, id: Id<Site>, new: NewShift) -> Result<Uuid> {
    let (now, plan) = (app.now(), app.plan());
    let site = known(&plan, caller, id)?;
    let (from_at, until_at) = (instant(&new.from_at, "/from_at")?, instant(&new.until_at, "/until_at")?);
    if until_at <= from_at || until_at.seconds_since(from_at) > SHIFT_S_MAX {
        return Err(Code::BodyInvalid.field("/until_at"));
    }
    if !(1..=site.stations).contains(&new.station) {
        return Err(Code::BodyInvalid.field("/station"));
    }
    let row = ShiftRow {
        id: app.ids.at(now),
        site: id,
        station: new.station,
        account: Id::new(new.account),
        display_name: String::new(),
        from_at,
        until_at,
    };
    let (id, author) = (row.id, caller.name.clone());
    app.store
        .run("add_shift", move |tx| -> Result<()> {
            if tx.account(row.account)?.is_none_or(|account| !account.active) {
                return Err(Code::NotFound.field("/account"));
            }
            if let Some(other) = tx.shifts_overlapping(&row)?.first() {
                let pointer = if other.account == row.account { "/account" } else { "/station" };
                return Err(Code::ShiftOverlaps.field(pointer));
            }
            Ok(tx.insert_shift(&row, &author, now)?)
        })
        .await?;
    Ok(id)
}

/// Takes a shift off the plan.
pub async fn remove_shift(app: &App, caller: &Caller, id: Uuid) -> Result<()> {
    let site = app.store.read("remove_shift", move |tx| tx.shift_site(id)).await?.ok_or_else(|| Code::NotFound.problem())?;
    known(&app.plan(), caller, site)?;
    let gone = app.store.run("remove_shift", move |tx| tx.delete_shift(id)).await?;
    if gone { Ok(()) } else { Err(Code::NotFound.problem()) }
}

/// Accounts that may record at a site.
pub async fn station_workers(app: &App, caller: &Caller, id: Id<Site>) -> Result<Vec<StationWorker>> {
    let site = known(&app.plan(), caller, id)?;
    let (accounts, grants) = app
        .store
        .read("station_workers", |tx| -> Result<_, StoreError> {
            let accounts = tx.accounts("", PAGE_ROWS_MAX)?;
            let ids: Vec<Id<Account>> = accounts.iter().map(|account| account.id).collect();
            Ok((accounts, tx.grants(&ids)?))
        })
        .await?;
    let records = |role: Role| allows(role, Action::ReadRoster);
    let may = |id: Id<Account>| grants.iter().any(|(of, grant)| *of == id && records(grant.role) && site.area.is_within(grant.area));
    let able = accounts.into_iter().filter(|account| account.active && may(account.id));
    Ok(able.map(|account| StationWorker { account: account.id.uuid(), name: account.display_name }).collect())
}
