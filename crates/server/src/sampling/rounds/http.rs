//! Routes of rounds and exemptions.

use allclear_domain::kernel::{access::Action, id::Id};
use allclear_wire::{
    Page,
    problem::Problem,
    rounds::{Exemption, NewExemption, RoundDetail, RoundEventOrder, RoundOrder, RoundPreview},
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{exemptions, ops, view};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        problem::{Code, Result},
    },
    expected::list,
};

/// Id of what was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Made {
    /// Its id.
    pub id: Uuid,
}

/// Routes that read rounds.
pub fn read_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show_round))
}

/// Routes of headquarters.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_round))
        .routes(routes!(preview_round))
        .routes(routes!(change_round))
        .routes(routes!(order_round))
        .routes(routes!(list_exemptions))
        .routes(routes!(add_exemption))
        .routes(routes!(remove_exemption))
}

/// One round with its towns, those left out, and what was ordered.
#[utoipa::path(get, path = "/api/v1/rounds/{id}", responses((status = 200, body = RoundDetail), (status = 404, body = Problem)))]
async fn show_round(State(app): State<AppState>, Path(id): Path<Uuid>) -> Result<Json<RoundDetail>> {
    let (id, plan) = (Id::new(id), app.plan());
    let round = plan.rounds.get(&id).ok_or_else(|| Code::NotFound.problem())?;
    let by_group = (!round.group_kinds.is_empty()).then(|| round.clone());
    let parts = app
        .store
        .read("show_round", move |tx| -> allclear_store::Result<_> {
            let register = by_group.map(|round| list::count(tx, &round)).transpose()?;
            Ok(view::Parts { expected: tx.expected_counts(id)?, exempt: tx.exempt(id)?, events: tx.round_events(id)?, register })
        })
        .await?;
    Ok(Json(view::detail(&plan, round, parts)))
}

/// Plans a round.
#[utoipa::path(post, path = "/api/v1/rounds", request_body = RoundOrder,
    responses((status = 201, body = Made), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn create_round(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(order): JsonBody<RoundOrder>,
) -> Result<(StatusCode, Json<Made>)> {
    let id = ops::create_round(&app, &caller, order).await?;
    Ok((StatusCode::CREATED, Json(Made { id: id.uuid() })))
}

/// Counts whom a round would expect, before anything is written.
#[utoipa::path(post, path = "/api/v1/rounds/preview", request_body = RoundOrder,
    responses((status = 200, body = RoundPreview), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn preview_round(State(app): State<AppState>, By(caller): By, JsonBody(order): JsonBody<RoundOrder>) -> Result<Json<RoundPreview>> {
    Ok(Json(ops::preview_round(&app, &caller, order).await?))
}

/// Changes the plan of a draft.
#[utoipa::path(put, path = "/api/v1/rounds/{id}", request_body = RoundOrder,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn change_round(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(order): JsonBody<RoundOrder>,
) -> Result<StatusCode> {
    ops::change_round(&app, &caller, Id::new(id), order).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens, closes or reopens a round.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/events", request_body = RoundEventOrder,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn order_round(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(order): JsonBody<RoundEventOrder>,
) -> Result<StatusCode> {
    ops::order_round(&app, &caller, Id::new(id), view::from_event(order.event), order.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which exemptions.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfArea {
    /// Area (its whole subtree).
    area: String,
    /// `next` of the page before.
    after: Option<Uuid>,
}

/// Exemptions of an area, masked.
#[utoipa::path(get, path = "/api/v1/exemptions", params(OfArea),
    responses((status = 200, body = Page<Exemption>), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list_exemptions(State(app): State<AppState>, By(caller): By, Query(query): Query<OfArea>) -> Result<Json<Page<Exemption>>> {
    let area = ops::area(&app.plan(), &caller, Action::ManageRounds, &query.area, "/area")?;
    Ok(Json(exemptions::list_exemptions(&app, area, query.after.unwrap_or_default()).await?))
}

/// Takes a person off the expected lists of a period.
#[utoipa::path(post, path = "/api/v1/exemptions", request_body = NewExemption,
    responses((status = 201, body = Made), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn add_exemption(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(new): JsonBody<NewExemption>,
) -> Result<(StatusCode, Json<Made>)> {
    let id = exemptions::add_exemption(&app, &caller, new).await?;
    Ok((StatusCode::CREATED, Json(Made { id })))
}

/// Takes an exemption back.
#[utoipa::path(delete, path = "/api/v1/exemptions/{id}",
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn remove_exemption(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<StatusCode> {
    exemptions::remove_exemption(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
