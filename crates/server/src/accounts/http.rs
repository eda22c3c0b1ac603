//! Routes of signing in, accounts and devices.

use allclear_domain::kernel::id::Id;
use allclear_wire::{
    Page,
    accounts::{Account, Device, EnrolRequest, Enrolled, Enrolment, Grant, LoginRequest, Me, NewAccount, NewEnrolment},
    demo::Demo,
    problem::Problem,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ops, view};
use crate::{
    app::AppState,
    clock::rfc3339,
    edge::{
        guard::{self, By, SESSION_COOKIE},
        limits::{PAGE_ROWS_MAX, SESSION_S},
        problem::{Code, JsonBody, Result},
    },
};

/// Routes that anybody may call: there is no caller yet.
pub fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(enrol_device)).routes(routes!(setup)).routes(routes!(demo_accounts))
}

/// Routes about one's own session.
pub fn own_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(logout))
}

/// Routes of the administrator.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts, create_account))
        .routes(routes!(replace_grants))
        .routes(routes!(set_active))
        .routes(routes!(list_devices))
        .routes(routes!(revoke_device))
        .routes(routes!(new_enrolment))
}

fn session_cookie(token: &str, seconds: i64) -> [(header::HeaderName, HeaderValue); 1] {
    let text = format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    [(header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))]
}

/// Signs in with name and password; the answer sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", request_body = LoginRequest,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)))]
async fn login(State(app): State<AppState>, JsonBody(request): JsonBody<LoginRequest>) -> Result<impl IntoResponse> {
    let token = ops::login(&app, request).await?;
    signed_in(&app, &token).await
}

async fn signed_in(app: &AppState, token: &str) -> Result<impl IntoResponse + use<>> {
    let caller = app.callers.find(app, token).await?.ok_or_else(|| Code::Unauthenticated.problem())?;
    Ok((session_cookie(token, SESSION_S), Json(view::me(&caller))))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = Me), (status = 401, body = Problem)))]
async fn me(By(caller): By) -> Json<Me> {
    Json(view::me(&caller))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204), (status = 401, body = Problem)))]
async fn logout(State(app): State<AppState>, By(caller): By, headers: HeaderMap) -> Result<impl IntoResponse> {
    if let Some((token, _)) = guard::token(&headers) {
        ops::logout(&app, &caller, token).await?;
    }
    Ok((StatusCode::NO_CONTENT, session_cookie("", 0)))
}

/// Name and password of the first administrator, with the one-time code that the first start printed.
#[derive(Debug, Deserialize, ToSchema)]
pub struct SetupRequest {
    /// One-time code of the printed link.
    code: String,
    /// Account name.
    name: String,
    /// At least 12 characters.
    password: String,
}

/// Makes the first administrator.
#[utoipa::path(post, path = "/api/v1/setup", request_body = SetupRequest,
    responses((status = 200, body = Me), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn setup(State(app): State<AppState>, JsonBody(request): JsonBody<SetupRequest>) -> Result<impl IntoResponse> {
    let hash = allclear_seal::sha256(request.code.as_bytes());
    let now = app.now();
    let root = app.plan().areas.first().map(|area| area.code.to_string()).unwrap_or_else(|| "100000".into());
    let fresh = app
        .store
        .run("setup", move |tx| {
            Ok::<_, allclear_store::StoreError>(tx.count_accounts()? == 0 && tx.use_one_time_code(&hash, "setup", now)?.is_some())
        })
        .await?;
    if !fresh {
        return Err(Code::SetupDone.problem());
    }
    let grants = vec![Grant { role: allclear_wire::accounts::Role::Administrator, area: root }];
    let display_name = request.name.clone();
    let account = ops::create_account(&app, NewAccount { name: request.name, display_name, password: request.password, grants }).await?;
    let token = ops::open_session(&app, account).await?;
    signed_in(&app, &token).await
}

/// Accounts and residents of the demo; not found outside it.
#[utoipa::path(get, path = "/api/v1/demo", responses((status = 200, body = Demo), (status = 404, body = Problem)))]
async fn demo_accounts(State(app): State<AppState>) -> Result<Json<Demo>> {
    if app.demo { Ok(Json(crate::demo::guide(&app).await?)) } else { Err(Code::NotFound.problem()) }
}

/// Enrols the calling phone by a scanned code, or by the session of its user.
#[utoipa::path(post, path = "/api/v1/devices/enrol", request_body = EnrolRequest,
    responses((status = 200, body = Enrolled), (status = 401, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn enrol_device(
    State(app): State<AppState>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<EnrolRequest>,
) -> Result<Json<Enrolled>> {
    let caller = match guard::token(&headers) {
        Some((token, by_cookie)) => {
            if by_cookie {
                guard::require_own_origin(&axum::http::Method::POST, &headers)?;
            }
            app.callers.find(&app, token).await?
        }
        None => None,
    };
    let device = ops::enrol(&app, caller.as_deref(), request).await?;
    let me = app.callers.find(&app, &device.token).await?.ok_or_else(|| Code::Internal.problem())?;
    Ok(Json(Enrolled { device: device.id.uuid(), device_no: device.no, token: device.token, me: view::me(&me) }))
}

/// Where a list goes on.
#[derive(Debug, Deserialize, IntoParams)]
pub struct After {
    /// `next` of the page before.
    #[serde(default)]
    after: String,
}

/// Accounts by name.
#[utoipa::path(get, path = "/api/v1/accounts", params(After),
    responses((status = 200, body = Page<Account>), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn list_accounts(State(app): State<AppState>, Query(query): Query<After>) -> Result<Json<Page<Account>>> {
    let rows = app
        .store
        .read("list_accounts", move |tx| {
            let rows = tx.accounts(&query.after, PAGE_ROWS_MAX)?;
            let grants = tx.grants(&rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
            Ok::<_, allclear_store::StoreError>((rows, grants))
        })
        .await?;
    let (rows, grants) = rows;
    let next = (rows.len() as i64 == PAGE_ROWS_MAX).then(|| rows.last().map(|row| row.name.clone())).flatten();
    let rows = rows
        .into_iter()
        .map(|row| {
            let own: Vec<_> = grants.iter().filter(|(id, _)| *id == row.id).map(|(_, grant)| *grant).collect();
            view::account(row, &own)
        })
        .collect();
    Ok(Json(Page { rows, total: None, next }))
}

/// Id of what was made.
#[derive(Debug, serde::Serialize, ToSchema)]
pub struct Created {
    /// Its id.
    pub id: Uuid,
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/accounts", request_body = NewAccount,
    responses((status = 201, body = Created), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create_account(State(app): State<AppState>, JsonBody(request): JsonBody<NewAccount>) -> Result<(StatusCode, Json<Created>)> {
    let id = ops::create_account(&app, request).await?;
    Ok((StatusCode::CREATED, Json(Created { id: id.uuid() })))
}

/// Replaces the roles of an account.
#[utoipa::path(put, path = "/api/v1/accounts/{id}/grants", request_body = Vec<Grant>,
    responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn replace_grants(State(app): State<AppState>, Path(id): Path<Uuid>, JsonBody(grants): JsonBody<Vec<Grant>>) -> Result<StatusCode> {
    ops::replace_grants(&app, Id::new(id), view::grants(&grants)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether an account may sign in.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Active {
    /// True: it may.
    active: bool,
}

/// Lets an account sign in, or not.
#[utoipa::path(put, path = "/api/v1/accounts/{id}/active", request_body = Active,
    responses((status = 204), (status = 403, body = Problem)))]
async fn set_active(State(app): State<AppState>, Path(id): Path<Uuid>, JsonBody(body): JsonBody<Active>) -> Result<StatusCode> {
    ops::set_active(&app, Id::new(id), body.active).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Devices, newest first.
#[utoipa::path(get, path = "/api/v1/devices", responses((status = 200, body = Page<Device>), (status = 403, body = Problem)))]
async fn list_devices(State(app): State<AppState>) -> Result<Json<Page<Device>>> {
    let rows = app.store.read("list_devices", |tx| tx.devices(PAGE_ROWS_MAX)).await?;
    Ok(Json(Page { rows: rows.into_iter().map(|(row, name)| view::device(row, name)).collect(), total: None, next: None }))
}

/// Takes a device's token away.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", responses((status = 204), (status = 403, body = Problem)))]
async fn revoke_device(State(app): State<AppState>, Path(id): Path<Uuid>) -> Result<StatusCode> {
    ops::revoke_device(&app, Id::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a code that a phone scans to enrol.
#[utoipa::path(post, path = "/api/v1/enrolments", request_body = NewEnrolment,
    responses((status = 201, body = Enrolment), (status = 403, body = Problem)))]
async fn new_enrolment(State(app): State<AppState>, JsonBody(request): JsonBody<NewEnrolment>) -> Result<(StatusCode, Json<Enrolment>)> {
    let (code, expires_at) = ops::one_time_code(&app, "enrol", Some(Id::new(request.account)), request.label).await?;
    let url = format!("/field/#/enrol?code={code}");
    let qr = qrcode::QrCode::new(url.as_bytes()).map_err(|_| Code::Internal.problem())?;
    let qr_svg = qr.render::<qrcode::render::svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok((StatusCode::CREATED, Json(Enrolment { code, url, qr_svg, expires_at: rfc3339(expires_at) })))
}
