//! Routes of signing in, accounts and devices.

use allclear_domain::kernel::{id::Id, time::Instant};
use allclear_wire::{
    Page,
    accounts::{
        AccessEntry, Account, AccountMade, Device, EnrolRequest, Enrolled, Enrolment, Grant, LoginRequest, Me, NewAccount, NewEnrolment,
        PasswordChange, PasswordReset, ResetLink, Session,
    },
    problem::Problem,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ops::{self, log, manage, sessions},
    view,
};
use crate::{
    app::AppState,
    clock::{parse_rfc3339, rfc3339},
    edge::{
        client::Client,
        extract::{JsonBody, Path, Query},
        guard::{self, By, SESSION_COOKIE},
        limits::{PAGE_ROWS_MAX, SESSION_S},
        problem::{Code, Result},
    },
};

/// Routes that anybody may call: there is no caller yet.
pub fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(enrol_device)).routes(routes!(setup)).routes(routes!(reset_password))
}

/// Routes about one's own session.
pub fn own_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me, logout))
        .routes(routes!(change_password))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
}

/// Routes of the administrator.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts, create_account))
        .routes(routes!(replace_grants))
        .routes(routes!(set_active))
        .routes(routes!(make_reset_link))
        .routes(routes!(list_devices))
        .routes(routes!(revoke_device))
        .routes(routes!(new_enrolment))
}

/// The access log.
pub fn audit_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(access_log))
}

/// Signs in with name and password; the answer sets the session cookie.
#[utoipa::path(post, path = "/api/v1/session", request_body = LoginRequest,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)))]
async fn login(State(app): State<AppState>, client: Client, JsonBody(request): JsonBody<LoginRequest>) -> Result<impl IntoResponse> {
    let token = ops::login(&app, client, request).await?;
    signed_in(&app, client, &token).await
}

async fn signed_in(app: &AppState, client: Client, token: &str) -> Result<impl IntoResponse + use<>> {
    let caller = app.callers.find(app, token).await?.ok_or_else(|| Code::Unauthenticated.problem())?;
    Ok((client.cookie(SESSION_COOKIE, token, SESSION_S), Json(view::me(&caller))))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", responses((status = 200, body = Me), (status = 401, body = Problem)))]
async fn me(By(caller): By) -> Json<Me> {
    Json(view::me(&caller))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204), (status = 401, body = Problem)))]
async fn logout(State(app): State<AppState>, By(caller): By, client: Client, headers: HeaderMap) -> Result<impl IntoResponse> {
    if let Some((token, _)) = guard::token(&headers) {
        ops::logout(&app, &caller, token).await?;
    }
    Ok((StatusCode::NO_CONTENT, client.cookie(SESSION_COOKIE, "", 0)))
}

/// Where one's account is signed in, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", responses((status = 200, body = Vec<Session>), (status = 401, body = Problem)))]
async fn list_sessions(State(app): State<AppState>, By(caller): By, headers: HeaderMap) -> Result<Json<Vec<Session>>> {
    let token = guard::token(&headers).map_or("", |(token, _)| token);
    let rows = sessions::list(&app, &caller, token).await?;
    Ok(Json(rows.iter().map(|(row, is_own)| view::session(row, *is_own)).collect()))
}

/// Ends one of one's sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", params(("id" = String, Path, description = "Id of the session.")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn end_session(State(app): State<AppState>, By(caller): By, Path(id): Path<String>) -> Result<StatusCode> {
    if caller.device.is_some() {
        // A phone in a site's drawer is nobody's own.
        return Err(Code::Forbidden.problem());
    }
    sessions::end(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
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

/// Makes the first administrator, of the whole country.
#[utoipa::path(post, path = "/api/v1/setup", request_body = SetupRequest,
    responses((status = 200, body = Me), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn setup(State(app): State<AppState>, client: Client, JsonBody(request): JsonBody<SetupRequest>) -> Result<impl IntoResponse> {
    let token = ops::setup(&app, client, &request.code, request.name, request.password).await?;
    signed_in(&app, client, &token).await
}

/// Sets a new password in place of one's own; every other session of the account ends.
#[utoipa::path(put, path = "/api/v1/session/password", request_body = PasswordChange,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem)))]
async fn change_password(
    State(app): State<AppState>,
    By(caller): By,
    client: Client,
    JsonBody(request): JsonBody<PasswordChange>,
) -> Result<impl IntoResponse> {
    let token = ops::change_password(&app, &caller, client, request).await?;
    signed_in(&app, client, &token).await
}

/// Sets a new password with the code of an administrator's link, and signs in.
#[utoipa::path(post, path = "/api/v1/password-resets", request_body = PasswordReset,
    responses((status = 200, body = Me), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn reset_password(
    State(app): State<AppState>,
    client: Client,
    JsonBody(request): JsonBody<PasswordReset>,
) -> Result<impl IntoResponse> {
    let token = ops::reset_password(&app, client, request).await?;
    signed_in(&app, client, &token).await
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

/// Accounts by name, of those whose roles lie inside the caller's area.
#[utoipa::path(get, path = "/api/v1/accounts", params(After),
    responses((status = 200, body = Page<Account>), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn list_accounts(State(app): State<AppState>, By(caller): By, Query(query): Query<After>) -> Result<Json<Page<Account>>> {
    let page = manage::list_accounts(&app, &caller, query.after).await?;
    let rows = page.rows.into_iter().map(|(row, grants)| view::account(row, &grants)).collect();
    Ok(Json(Page { rows, total: None, next: page.next }))
}

/// Makes an account. Its first password is chosen by whoever opens the link that is answered.
#[utoipa::path(post, path = "/api/v1/accounts", request_body = NewAccount,
    responses((status = 201, body = AccountMade), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create_account(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(request): JsonBody<NewAccount>,
) -> Result<(StatusCode, Json<AccountMade>)> {
    let (id, link) = manage::create_account(&app, &caller, request).await?;
    let link = link.map(|(code, expires_at)| view::reset_link(&code, expires_at));
    Ok((StatusCode::CREATED, Json(AccountMade { id: id.uuid(), link })))
}

/// Replaces the roles of an account.
#[utoipa::path(put, path = "/api/v1/accounts/{id}/grants", request_body = Vec<Grant>,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
async fn replace_grants(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(grants): JsonBody<Vec<Grant>>,
) -> Result<StatusCode> {
    manage::replace_grants(&app, &caller, Id::new(id), view::grants(&grants)?).await?;
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
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_active(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(body): JsonBody<Active>,
) -> Result<StatusCode> {
    manage::set_active(&app, &caller, Id::new(id), body.active).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a link that sets a new password, for somebody who forgot theirs; an older link ends.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/reset-link",
    responses((status = 201, body = ResetLink), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn make_reset_link(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<(StatusCode, Json<ResetLink>)> {
    let (code, expires_at) = manage::reset_link(&app, &caller, Id::new(id)).await?;
    Ok((StatusCode::CREATED, Json(view::reset_link(&code, expires_at))))
}

/// Where a list of devices goes on.
#[derive(Debug, Deserialize, IntoParams)]
pub struct AfterDevice {
    /// `next` of the page before.
    after: Option<i64>,
}

/// Devices of the accounts that the caller administers, newest first.
#[utoipa::path(get, path = "/api/v1/devices", params(AfterDevice),
    responses((status = 200, body = Page<Device>), (status = 403, body = Problem)))]
async fn list_devices(State(app): State<AppState>, By(caller): By, Query(query): Query<AfterDevice>) -> Result<Json<Page<Device>>> {
    let page = manage::list_devices(&app, &caller, query.after.unwrap_or(i64::MAX)).await?;
    let rows = page.rows.into_iter().map(|(row, name)| view::device(row, name)).collect();
    Ok(Json(Page { rows, total: None, next: page.next.map(|no| no.to_string()) }))
}

/// Takes a device's token away.
#[utoipa::path(delete, path = "/api/v1/devices/{id}", responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn revoke_device(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<StatusCode> {
    manage::revoke_device(&app, &caller, Id::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a code that a phone scans to enrol.
#[utoipa::path(post, path = "/api/v1/enrolments", request_body = NewEnrolment,
    responses((status = 201, body = Enrolment), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn new_enrolment(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(request): JsonBody<NewEnrolment>,
) -> Result<(StatusCode, Json<Enrolment>)> {
    let (code, expires_at) = manage::enrolment_code(&app, &caller, Id::new(request.account), request.label).await?;
    let url = format!("/field/#/enrol?code={code}");
    Ok((StatusCode::CREATED, Json(Enrolment { code, url, expires_at: rfc3339(expires_at) })))
}

/// Which entries of the access log.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LogQuery {
    /// Name of the account that did it.
    #[serde(default)]
    actor: String,
    /// What was done: the name of the operation.
    #[serde(default)]
    action: String,
    /// About what: `person:12000001`, `account:lin`.
    #[serde(default)]
    subject: String,
    /// Not before this time.
    #[serde(default)]
    from: String,
    /// Before this time.
    #[serde(default)]
    until: String,
    /// `next` of the page before.
    #[serde(default)]
    after: String,
    /// Entries of a page, 100 if absent, at most 500.
    limit: Option<i64>,
}

/// Entries of a page of the access log, unless more are asked for.
const LOG_ROWS: i64 = 100;

fn instant(text: &str, otherwise: Instant) -> Result<Instant> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    parse_rfc3339(text).ok_or_else(|| Code::AddressInvalid.problem().detail("query: a time in RFC 3339"))
}

/// The access log, newest first: who looked at or changed what, and why.
#[utoipa::path(get, path = "/api/v1/access-log", params(LogQuery),
    responses((status = 200, body = Page<AccessEntry>), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn access_log(State(app): State<AppState>, By(caller): By, Query(query): Query<LogQuery>) -> Result<Json<Page<AccessEntry>>> {
    let until = instant(&query.until, Instant(i64::MAX))?;
    let before = view::cursor(&query.after)?.unwrap_or((until, Uuid::nil()));
    let (from, limit) = (instant(&query.from, Instant(0))?, query.limit.unwrap_or(LOG_ROWS).clamp(1, PAGE_ROWS_MAX));
    let wanted = log::Wanted { actor: query.actor, action: query.action, subject: query.subject, from, before, limit };
    let rows = log::access_log(&app, &caller, wanted).await?;
    let next = (rows.len() as i64 == limit).then(|| rows.last().map(|(row, _)| format!("{}.{}", row.at.0, row.id))).flatten();
    Ok(Json(Page { rows: rows.into_iter().map(view::entry).collect(), total: None, next }))
}
