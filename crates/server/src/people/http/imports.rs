//! Routes of taking files in.

use allclear_domain::kernel::id::Id;
use allclear_wire::{
    Page,
    people::{DecideRequest, Decided, ImportCheck, ImportMapping, ImportState, ParkedRow, RegisterPreview},
    problem::Problem,
};
use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query, RawBody},
        guard::By,
        limits::UPLOAD_BYTES_MAX,
        problem::Result,
    },
    people::ops::{files, parked},
};

/// Routes of whoever may change persons.
pub fn routes() -> OpenApiRouter<AppState> {
    let upload = OpenApiRouter::new().routes(routes!(list_imports, upload_import)).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX));
    upload
        .routes(routes!(import_state))
        .routes(routes!(import_preview))
        .routes(routes!(check_import))
        .routes(routes!(start_import))
        .routes(routes!(export_bad_rows))
        .routes(routes!(list_parked))
        .routes(routes!(decide_parked))
        .routes(routes!(undo_import))
}

/// Name of the file.
#[derive(Debug, Deserialize, IntoParams)]
struct FileName {
    /// Name of the file on the sender's disk.
    #[serde(default)]
    file_name: String,
}

/// The newest imports.
#[utoipa::path(get, path = "/api/v1/people/imports", responses((status = 200, body = Vec<ImportState>), (status = 403, body = Problem)))]
async fn list_imports(State(app): State<AppState>, By(caller): By) -> Result<Json<Vec<ImportState>>> {
    Ok(Json(files::list(&app, &caller).await?))
}

/// Reads a CSV or XLSX file and proposes what its columns hold. Nothing is taken in yet.
#[utoipa::path(post, path = "/api/v1/people/imports", params(FileName),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = RegisterPreview), (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn upload_import(
    State(app): State<AppState>,
    By(caller): By,
    Query(query): Query<FileName>,
    RawBody(body): RawBody,
) -> Result<(StatusCode, Json<RegisterPreview>)> {
    Ok((StatusCode::CREATED, Json(files::upload(&app, &caller, query.file_name, body.into()).await?)))
}

/// State and counts of an import.
#[utoipa::path(get, path = "/api/v1/people/imports/{id}",
    responses((status = 200, body = ImportState), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn import_state(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<Json<ImportState>> {
    Ok(Json(files::state(&app, &caller, Id::new(id)).await?))
}

/// The columns of an uploaded file that waits to be taken in.
#[utoipa::path(get, path = "/api/v1/people/imports/{id}/preview",
    responses((status = 200, body = RegisterPreview), (status = 403, body = Problem), (status = 404, body = Problem), (status = 410, body = Problem)))]
async fn import_preview(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<Json<RegisterPreview>> {
    Ok(Json(files::preview(&app, &caller, Id::new(id)).await?))
}

/// Judges the first rows with a mapping; nothing is kept.
#[utoipa::path(post, path = "/api/v1/people/imports/{id}/check", request_body = ImportMapping,
    responses((status = 200, body = ImportCheck), (status = 403, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn check_import(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(request): JsonBody<ImportMapping>,
) -> Result<Json<ImportCheck>> {
    Ok(Json(files::check(&app, &caller, Id::new(id), &request).await?))
}

/// Starts taking the file in; progress is in the import's state.
#[utoipa::path(post, path = "/api/v1/people/imports/{id}/start", request_body = ImportMapping,
    responses((status = 202, body = ImportState), (status = 403, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)))]
async fn start_import(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(request): JsonBody<ImportMapping>,
) -> Result<(StatusCode, Json<ImportState>)> {
    files::start(&app, &caller, Id::new(id), &request).await?;
    Ok((StatusCode::ACCEPTED, Json(files::state(&app, &caller, Id::new(id)).await?)))
}

/// The bad rows as a sheet in the layout that came, with the reasons in one more column.
#[utoipa::path(get, path = "/api/v1/people/imports/{id}/bad-rows",
    responses((status = 200, content((Vec<u8> = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn export_bad_rows(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<impl IntoResponse> {
    let (bytes, extension) = files::bad_rows(&app, &caller, Id::new(id)).await?;
    let kind =
        if extension == "xlsx" { "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" } else { "text/csv; charset=utf-8" };
    let name = format!("attachment; filename=\"bad-rows.{extension}\"");
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, name)], bytes))
}

/// Where the list goes on.
#[derive(Debug, Deserialize, IntoParams)]
struct AfterLine {
    /// `next` of the page before.
    #[serde(default)]
    after: i64,
}

/// Rows that wait for a decision, beside what the register says.
#[utoipa::path(get, path = "/api/v1/people/imports/{id}/duplicates", params(AfterLine),
    responses((status = 200, body = Page<ParkedRow>), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list_parked(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    Query(query): Query<AfterLine>,
) -> Result<Json<Page<ParkedRow>>> {
    let (rows, next) = parked::list(&app, &caller, Id::new(id), query.after).await?;
    Ok(Json(Page { rows, total: None, next: next.map(|line| line.to_string()) }))
}

/// Decides rows that wait: keep the register, update it, or both.
#[utoipa::path(post, path = "/api/v1/people/imports/{id}/duplicates", request_body = DecideRequest,
    responses((status = 200, body = Decided), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn decide_parked(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(request): JsonBody<DecideRequest>,
) -> Result<Json<Decided>> {
    Ok(Json(parked::decide(&app, &caller, Id::new(id), request).await?))
}

/// Starts taking a whole import back.
#[utoipa::path(post, path = "/api/v1/people/imports/{id}/undo",
    responses((status = 202, body = ImportState), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn undo_import(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<(StatusCode, Json<ImportState>)> {
    files::undo(&app, &caller, Id::new(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(files::state(&app, &caller, Id::new(id)).await?)))
}
