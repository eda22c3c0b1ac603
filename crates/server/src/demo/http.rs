//! The one route of the demo: who there is to play.

use allclear_wire::{demo::Demo, problem::Problem};
use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    edge::problem::{Code, Result},
};

/// Routes that anybody may call.
pub fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(demo_accounts))
}

/// Accounts and residents of the demo; not found outside it.
#[utoipa::path(get, path = "/api/v1/demo", responses((status = 200, body = Demo), (status = 404, body = Problem)))]
async fn demo_accounts(State(app): State<AppState>) -> Result<Json<Demo>> {
    if app.demo { Ok(Json(super::guide(&app).await?)) } else { Err(Code::NotFound.problem()) }
}
