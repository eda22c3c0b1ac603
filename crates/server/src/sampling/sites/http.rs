//! Routes of sites and shifts.

use std::collections::HashMap;

use allclear_domain::{kernel::id::Id, sampling::round::RoundState};
use allclear_store::rounds::SiteRow;
use allclear_wire::{
    Page,
    problem::Problem,
    sites::{NewShift, SiteOpening, SiteOrder, SiteState, StationShift, StationWorker},
};
use axum::{Json, extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{list, ops, view};
use crate::{
    app::{AppState, Waiting as _},
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        problem::{Code, Result},
    },
    sampling::rounds::http::Made,
};

/// Routes that read how sites do.
pub fn read_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(site_states)).routes(routes!(list_shifts))
}

/// Routes of headquarters.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_site))
        .routes(routes!(change_site))
        .routes(routes!(open_site))
        .routes(routes!(add_shift))
        .routes(routes!(remove_shift))
        .routes(routes!(station_workers))
}

/// Sites with their work, rate and estimated wait, a page at a time.
#[utoipa::path(get, path = "/api/v1/sites/states", params(list::Which),
    responses((status = 200, body = Page<SiteState>), (status = 403, body = Problem)))]
async fn site_states(State(app): State<AppState>, Query(which): Query<list::Which>) -> Result<Json<Page<SiteState>>> {
    let (plan, now) = (app.plan(), app.now());
    let running = plan.rounds.values().filter(|round| round.state != RoundState::Draft);
    let round = match which.round {
        Some(id) => Some(plan.rounds.get(&Id::new(id)).ok_or_else(|| Code::NotFound.problem())?),
        None => running.max_by_key(|round| (round.window.opened_at, round.id)),
    };
    let id = round.map(|round| round.id);
    let work = app
        .store
        .read("site_states", move |tx| -> allclear_store::Result<_> { id.map_or_else(|| Ok(Vec::new()), |id| tx.site_work(id)) })
        .await?;
    let queues = id.map(|id| app.live.queues(&plan, id, now)).unwrap_or_default();
    let work: HashMap<_, _> = work.iter().map(|work| (work.site, work)).collect();
    let state = |site: &SiteRow| {
        let queue = queues.get(&site.id).copied().unwrap_or_default();
        view::state(&plan, site, queue, work.get(&site.id).copied())
    };
    Ok(Json(list::page(plan.sites.values().map(state).collect(), &which)))
}

/// Makes a site.
#[utoipa::path(post, path = "/api/v1/sites", request_body = SiteOrder,
    responses((status = 201, body = Made), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create_site(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(order): JsonBody<SiteOrder>,
) -> Result<(StatusCode, Json<Made>)> {
    let id = ops::create_site(&app, &caller, order).await?.uuid();
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Changes a site.
#[utoipa::path(put, path = "/api/v1/sites/{id}", request_body = SiteOrder,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn change_site(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(order): JsonBody<SiteOrder>,
) -> Result<StatusCode> {
    ops::change_site(&app, &caller, Id::new(id), order).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a site, or closes it and sends its queue to another.
#[utoipa::path(post, path = "/api/v1/sites/{id}/opening", request_body = SiteOpening,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn open_site(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(opening): JsonBody<SiteOpening>,
) -> Result<StatusCode> {
    ops::open_site(&app, &caller, Id::new(id), opening).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shifts of a site that have not ended.
#[utoipa::path(get, path = "/api/v1/sites/{id}/shifts",
    responses((status = 200, body = Page<StationShift>), (status = 404, body = Problem)))]
async fn list_shifts(State(app): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<Page<StationShift>>> {
    let now = app.now();
    let rows = app.store.read("list_shifts", move |tx| tx.shifts_of(Id::new(id), now)).await?;
    Ok(Json(Page { total: Some(rows.len() as i64), rows: rows.into_iter().map(view::shift).collect(), next: None }))
}

/// Plans a shift.
#[utoipa::path(post, path = "/api/v1/sites/{id}/shifts", request_body = NewShift,
    responses((status = 201, body = Made), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn add_shift(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(new): JsonBody<NewShift>,
) -> Result<(StatusCode, Json<Made>)> {
    let id = ops::add_shift(&app, &caller, Id::new(id), new).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Takes a shift off the plan.
#[utoipa::path(delete, path = "/api/v1/station-shifts/{id}", responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn remove_shift(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<StatusCode> {
    ops::remove_shift(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accounts that may work at a site.
#[utoipa::path(get, path = "/api/v1/sites/{id}/workers", responses((status = 200, body = Vec<StationWorker>), (status = 404, body = Problem)))]
async fn station_workers(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<Json<Vec<StationWorker>>> {
    Ok(Json(ops::station_workers(&app, &caller, Id::new(id)).await?))
}
