//! Routes of field devices.

use allclear_domain::kernel::{
    access::Action,
    id::{Device, Id},
    time::Instant,
};
use allclear_wire::{
    problem::Problem,
    sync::{Command, Outcome, Roster, Shift, SyncRequest, SyncResponse},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::roster;
use crate::{
    app::AppState,
    clock::{parse_rfc3339, rfc3339},
    edge::{
        extract::{JsonBody, Query},
        guard::{By, Caller},
        limits::SYNC_COMMANDS_MAX,
        problem::{Code, Result},
    },
    sampling::command::incoming,
};

/// Routes that take field facts.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(sync)).routes(routes!(command)).routes(routes!(shift))
}

/// Routes that give out the people of a site.
pub fn roster_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(load_roster))
}

fn device(caller: &Caller) -> Result<(Id<Device>, i64)> {
    caller.device.ok_or_else(|| Code::DeviceRequired.problem())
}

/// Takes a batch of commands. Sending it twice changes nothing; the answer is `recorded` or
/// `exception` for each, never "rejected".
#[utoipa::path(post, path = "/api/v1/sync", request_body = SyncRequest,
    responses((status = 200, body = SyncResponse), (status = 403, body = Problem), (status = 413, body = Problem),
              (status = 422, body = Problem), (status = 503, body = Problem)))]
async fn sync(State(app): State<AppState>, By(caller): By, JsonBody(request): JsonBody<SyncRequest>) -> Result<Json<SyncResponse>> {
    let device = device(&caller)?;
    if request.commands.len() > SYNC_COMMANDS_MAX {
        return Err(Code::BodyTooLarge.field("/commands").detail(format!("at most {SYNC_COMMANDS_MAX} commands")));
    }
    let now = app.now();
    let sent_at = parse_rfc3339(&request.sent_at).ok_or_else(|| Code::BodyInvalid.field("/sent_at"))?;
    let offset = now.0 - sent_at.0;
    app.seen.note(device.1, now);
    let commands = request.commands.into_iter().map(|command| incoming(command, &caller, device, now, offset)).collect();
    let outcomes = app.field.apply(commands, now).await?;
    Ok(Json(SyncResponse { received_at: rfc3339(now), outcomes }))
}

/// Takes one command, for devices that are online.
#[utoipa::path(post, path = "/api/v1/commands", request_body = Command,
    responses((status = 200, body = Outcome), (status = 403, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
async fn command(State(app): State<AppState>, By(caller): By, JsonBody(command): JsonBody<Command>) -> Result<Json<Outcome>> {
    let device = device(&caller)?;
    let now = app.now();
    app.seen.note(device.1, now);
    let offset = parse_rfc3339(&command.at).map_or(0, |at| if command.offline { 0 } else { now.0 - at.0 });
    let outcomes = app.field.apply(vec![incoming(command, &caller, device, now, offset)], now).await?;
    outcomes.into_iter().next().map(Json).ok_or_else(|| Code::Internal.problem())
}

/// Which site.
#[derive(Debug, Deserialize, IntoParams)]
pub struct AtSite {
    /// The site.
    site: Uuid,
}

/// What a device needs at the start of a shift.
#[utoipa::path(get, path = "/api/v1/field/shift", params(AtSite),
    responses((status = 200, body = Shift), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn shift(State(app): State<AppState>, By(caller): By, Query(query): Query<AtSite>) -> Result<Json<Shift>> {
    let plan = app.plan();
    let site = plan.sites.get(&Id::new(query.site)).ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(Action::RecordFieldFacts, site.area)?;
    Ok(Json(roster::shift(&plan, site, app.now())))
}

/// The people of the areas that a site serves; given only to an enrolled device, and logged.
#[utoipa::path(get, path = "/api/v1/field/roster", params(AtSite),
    responses((status = 200, body = Roster), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn load_roster(State(app): State<AppState>, By(caller): By, Query(query): Query<AtSite>) -> Result<Json<Roster>> {
    let plan = app.plan();
    let site = plan.sites.get(&Id::new(query.site)).ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(Action::ReadRoster, site.area)?;
    let now: Instant = app.now();
    Ok(Json(roster::load(&app, &caller, device(&caller)?.0, site.clone(), now).await?))
}
