//! The route of traces.

use allclear_wire::{problem::Problem, trace::Trace};
use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::ops;
use crate::{
    app::AppState,
    edge::{extract::Path, guard::By, problem::Result},
};

/// Routes of traces.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(trace))
}

/// Every step of a tube, a box or a person: who, where, when, with which device; persons masked.
#[utoipa::path(get, path = "/api/v1/trace/{kind}/{code}",
    params(("kind" = String, Path, description = "`tube`, `box`, `person`, or `any` for whatever has the code"), ("code" = String, Path, description = "Barcode; of a person the card code or the number")),
    responses((status = 200, body = Trace), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn trace(State(app): State<AppState>, By(caller): By, Path((kind, code)): Path<(String, String)>) -> Result<Json<Trace>> {
    Ok(Json(ops::trace(&app, &caller, &kind, &code).await?))
}
