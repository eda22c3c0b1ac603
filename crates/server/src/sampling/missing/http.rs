//! Routes of missing lists.

use allclear_domain::kernel::{
    access::Action,
    area::{AreaCode, Level},
};
use allclear_wire::{
    Page,
    missing::{MissingArea, MissingCallResult, MissingContact, MissingExport, MissingPerson},
    problem::Problem,
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{file, ops};
use crate::{
    app::{AppState, Waiting as _},
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        limits::PAGE_ROWS_MAX,
        problem::{Code, Result},
    },
    sampling::{rounds::ops::text, table},
};

/// Routes of whoever works a missing list, masked.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_missing)).routes(routes!(missing_by_area)).routes(routes!(note_missing))
}

/// Routes that show names and phones in clear.
pub fn reveal_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(call_missing)).routes(routes!(export_missing))
}

/// Which persons.
#[derive(Debug, Deserialize, IntoParams)]
pub struct Which {
    /// Area (its whole subtree); all of the caller's if absent.
    area: Option<String>,
    /// `all` (default), `to_call`, `called`.
    show: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of a page, at most 500.
    limit: Option<usize>,
}

fn cursor(after: Option<&str>) -> Result<(i64, i64)> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok((0, 0)) };
    let parsed = after.split_once('.').and_then(|(village, no)| Some((village.parse().ok()?, no.parse().ok()?)));
    parsed.ok_or_else(|| Code::BodyInvalid.field("/after"))
}

/// Expected persons without a swab, masked.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/missing", params(Which),
    responses((status = 200, body = Page<MissingPerson>), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn list_missing(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    Query(which): Query<Which>,
) -> Result<Json<Page<MissingPerson>>> {
    let plan = app.plan();
    let (round, areas) = ops::place(&plan, &caller, id, which.area.as_deref(), Action::WorkMissingList)?;
    let show = ops::Show::parse(which.show.as_deref().unwrap_or_default());
    let after = cursor(which.after.as_deref())?;
    let limit = which.limit.unwrap_or(100).clamp(1, PAGE_ROWS_MAX as usize);
    let page = ops::Page { show, after, limit };
    let listed = app.store.read("list_missing", move |tx| ops::list(tx, &plan, round.id, &areas, page)).await?;
    let next = listed.next.map(|(village, no)| format!("{village}.{no}"));
    Ok(Json(Page { rows: listed.rows, total: Some(listed.total), next }))
}

/// Which area.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfArea {
    /// Area (its whole subtree); all of the caller's if absent.
    area: Option<String>,
}

/// How many are missing in the areas right below one.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/missing/areas", params(OfArea),
    responses((status = 200, body = Vec<MissingArea>), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn missing_by_area(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    Query(of): Query<OfArea>,
) -> Result<Json<Vec<MissingArea>>> {
    let plan = app.plan();
    let (round, areas) = ops::place(&plan, &caller, id, of.area.as_deref(), Action::WorkMissingList)?;
    let mut rows = ops::by_area(&plan, &app.live.villages(round.id), &areas);
    let grids: Vec<AreaCode> = areas.into_iter().filter(|area| area.level() == Level::Grid).collect();
    if !grids.is_empty() {
        rows.extend(app.store.read("missing_by_grid", move |tx| ops::by_grid(tx, &plan, round.id, &grids)).await?);
    }
    Ok(Json(rows))
}

/// Stores what came of a call.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/missing/{person}/outcome", request_body = MissingCallResult,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn note_missing(
    State(app): State<AppState>,
    By(caller): By,
    Path((id, person)): Path<(Uuid, i64)>,
    JsonBody(result): JsonBody<MissingCallResult>,
) -> Result<StatusCode> {
    let (round, _) = ops::place(&app.plan(), &caller, id, None, Action::WorkMissingList)?;
    ops::note_missing(&app, &caller, &round, person, result).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Name and phone of one person on the list, in clear; the look is logged.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/missing/{person}/call",
    responses((status = 200, body = MissingContact), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn call_missing(State(app): State<AppState>, By(caller): By, Path((id, person)): Path<(Uuid, i64)>) -> Result<Json<MissingContact>> {
    let (round, _) = ops::place(&app.plan(), &caller, id, None, Action::RevealPerson)?;
    Ok(Json(ops::call_missing(&app, &caller, &round, person).await?))
}

/// The list as a file with names and phones in clear; the export is logged with its reason.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/missing/export", request_body = MissingExport,
    responses((status = 200, content((Vec<u8> = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn export_missing(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(export): JsonBody<MissingExport>,
) -> Result<impl IntoResponse> {
    let plan = app.plan();
    let (round, areas) = ops::place(&plan, &caller, id, Some(&export.area), Action::RevealPerson)?;
    let reason = text(&export.reason, "/reason").map_err(|_| Code::ReasonRequired.field("/reason"))?;
    if !["csv", "xlsx"].contains(&export.format.as_str()) {
        return Err(Code::BodyInvalid.field("/format"));
    }
    let (now, round_id) = (app.now(), round.id);
    let rows = app
        .store
        .read("export_missing", move |tx| -> Result<_> {
            let numbers: Vec<i64> =
                ops::missing(tx, round_id, &areas)?.iter().flat_map(|(_, left)| left.iter().map(|no| no as i64)).collect();
            file::rows(tx, &plan, &numbers)
        })
        .await?;
    let (log, account, device) = (app.ids.at(now), caller.account, caller.device.map(|(device, _)| device));
    let subject = format!("missing list {} of {}, {} rows", export.area, round.name, rows.len());
    app.store.run("export_missing", move |tx| tx.log_access(log, now, account, device, "export_missing", &subject, &reason)).await?;
    let (kind, bytes) = table::file(&export.format, &file::HEADER, &[(0, 24.0), (5, 16.0)], &rows)?;
    let name = format!("attachment; filename=\"missing-{}.{}\"", export.area, export.format);
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes))
}
