//! Routes of residents. They have no account: a cookie of their own opens their own page only.

use allclear_wire::{
    problem::Problem,
    resident::{ResidentPage, ResidentSessionRequest},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::IntoResponse,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    edge::{
        client::Client,
        extract::JsonBody,
        guard,
        problem::{Code, Result},
    },
    people::ops::resident::{self, RESIDENT_SESSION_S},
};

/// Cookie of a resident's session.
const RESIDENT_COOKIE: &str = "allclear_resident";

/// Routes that anybody may call: the first opens a session, the others need its cookie.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(open_resident_session, close_resident_session)).routes(routes!(resident_page))
}

/// Opens the page of a person; the answer sets the cookie.
#[utoipa::path(post, path = "/api/v1/resident/session", request_body = ResidentSessionRequest,
    responses((status = 204), (status = 401, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn open_resident_session(
    State(app): State<AppState>,
    client: Client,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ResidentSessionRequest>,
) -> Result<impl IntoResponse> {
    guard::require_own_origin(&Method::POST, &headers)?;
    let token = resident::open(&app, client.address, request).await?;
    Ok((StatusCode::NO_CONTENT, client.cookie(RESIDENT_COOKIE, &token, RESIDENT_SESSION_S)))
}

/// Closes the page on this phone.
#[utoipa::path(delete, path = "/api/v1/resident/session", responses((status = 204), (status = 403, body = Problem)))]
async fn close_resident_session(State(app): State<AppState>, client: Client, headers: HeaderMap) -> Result<impl IntoResponse> {
    guard::require_own_origin(&Method::DELETE, &headers)?;
    if let Some(token) = guard::cookie(&headers, RESIDENT_COOKIE) {
        resident::close(&app, token).await?;
    }
    Ok((StatusCode::NO_CONTENT, client.cookie(RESIDENT_COOKIE, "", 0)))
}

/// My code, my family, my tests.
#[utoipa::path(get, path = "/api/v1/resident/me", responses((status = 200, body = ResidentPage), (status = 401, body = Problem)))]
async fn resident_page(State(app): State<AppState>, headers: HeaderMap) -> Result<Json<ResidentPage>> {
    let token = guard::cookie(&headers, RESIDENT_COOKIE).ok_or_else(|| Code::Unauthenticated.problem())?;
    Ok(Json(resident::me(&app, token).await?))
}
