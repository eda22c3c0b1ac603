//! Routes of the exceptions desk.

use allclear_domain::{
    kernel::{access::Action, id::Id, time::Instant},
    sampling::ExceptionKind,
};
use allclear_store::sampling::exceptions::ExceptionFilter;
use allclear_wire::{
    Page,
    exceptions::{
        Claim, ExceptionCount, ExceptionDetail, ExceptionExport, ExceptionLine, ResolveException, ResolveMany, ResolvedMany, RevealClaim,
    },
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

use super::{claim, many, ops, view};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        limits::PAGE_ROWS_MAX,
        problem::{Code, Result},
    },
    sampling::{apply::wire_exception, rounds::ops::text, table},
};

/// Routes of whoever decides.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_exceptions))
        .routes(routes!(count_exceptions))
        .routes(routes!(show_exception))
        .routes(routes!(resolve_exception))
        .routes(routes!(resolve_many))
        .routes(routes!(reveal_claim))
        .routes(routes!(export_exceptions))
}

/// Which exceptions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct Which {
    /// Area (its whole subtree); the caller's areas if absent.
    area: Option<String>,
    /// Site.
    site: Option<Uuid>,
    /// Begin of the tube's or box's code.
    code: Option<String>,
    /// Kind's word.
    kind: Option<String>,
    /// Round.
    round: Option<Uuid>,
    /// `open` (default) or `resolved`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Which {
    fn filter(&self) -> ExceptionFilter {
        let code = self.code.as_deref().unwrap_or_default().trim().to_uppercase();
        ExceptionFilter {
            kind: self.kind.clone().unwrap_or_default(),
            round: self.round.map(Id::new),
            site: self.site.map(Id::new),
            code: code.chars().take(CODE_CHARS_MAX).collect(),
            resolved: self.state.as_deref() == Some("resolved"),
        }
    }
}

/// Characters of a code that is searched for; none is longer.
const CODE_CHARS_MAX: usize = 32;

fn cursor(after: Option<&str>) -> Result<(Instant, Uuid)> {
    let Some(after) = after.filter(|after| !after.is_empty()) else { return Ok((Instant(i64::MIN), Uuid::nil())) };
    let parsed = after.split_once('.').and_then(|(at, id)| Some((Instant(at.parse().ok()?), id.parse().ok()?)));
    parsed.ok_or_else(|| Code::BodyInvalid.field("/after"))
}

/// Exceptions of the caller's areas, oldest first.
#[utoipa::path(get, path = "/api/v1/exceptions", params(Which),
    responses((status = 200, body = Page<ExceptionLine>), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn list_exceptions(State(app): State<AppState>, By(caller): By, Query(which): Query<Which>) -> Result<Json<Page<ExceptionLine>>> {
    let plan = app.plan();
    let roots = ops::areas(&plan, &caller, which.area.as_deref())?;
    let after = cursor(which.after.as_deref())?;
    let filter = which.filter();
    let mut rows = app
        .store
        .read("list_exceptions", move |tx| -> allclear_store::Result<_> {
            let mut rows = Vec::new();
            for root in &roots {
                rows.extend(tx.list_exceptions(*root, &filter, after, PAGE_ROWS_MAX)?);
            }
            Ok(rows)
        })
        .await?;
    rows.sort_by_key(|row| (row.opened_at, row.id));
    rows.truncate(PAGE_ROWS_MAX as usize);
    let full = rows.len() as i64 == PAGE_ROWS_MAX;
    let next = rows.last().filter(|_| full).map(|row| format!("{}.{}", row.opened_at.0, row.id));
    Ok(Json(Page { rows: rows.iter().map(|row| view::line(&plan, row)).collect(), total: None, next }))
}

/// Open exceptions of the caller's areas by kind.
#[utoipa::path(get, path = "/api/v1/exceptions/counts", responses((status = 200, body = Vec<ExceptionCount>), (status = 403, body = Problem)))]
async fn count_exceptions(State(app): State<AppState>, By(caller): By) -> Result<Json<Vec<ExceptionCount>>> {
    let roots = ops::areas(&app.plan(), &caller, None)?;
    let counts = app
        .store
        .read("count_exceptions", move |tx| -> allclear_store::Result<_> {
            let mut counts = std::collections::BTreeMap::new();
            for root in &roots {
                for (kind, open) in tx.count_exceptions(*root)? {
                    *counts.entry(kind).or_insert(0) += open;
                }
            }
            Ok(counts)
        })
        .await?;
    let known = counts.into_iter().filter_map(|(kind, open)| Some((ExceptionKind::parse(&kind)?, open)));
    Ok(Json(known.map(|(kind, open)| ExceptionCount { kind: wire_exception(kind), open }).collect()))
}

/// One exception with both sides.
#[utoipa::path(get, path = "/api/v1/exceptions/{id}",
    responses((status = 200, body = ExceptionDetail), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show_exception(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<Json<ExceptionDetail>> {
    let plan = app.plan();
    let detail = app
        .store
        .read("show_exception", move |tx| -> Result<ExceptionDetail> {
            let row = tx.exception_by_id(id)?.ok_or_else(|| Code::NotFound.problem())?;
            caller.require_in(Action::ResolveExceptions, row.area)?;
            Ok(view::detail(tx, &plan, &row)?)
        })
        .await?;
    Ok(Json(detail))
}

/// Decides an exception.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/resolve", request_body = ResolveException,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn resolve_exception(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(request): JsonBody<ResolveException>,
) -> Result<StatusCode> {
    ops::resolve_exception(&app, &caller, id, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decides exceptions of one kind, each as it is suggested.
#[utoipa::path(post, path = "/api/v1/exceptions/resolve-many", request_body = ResolveMany,
    responses((status = 200, body = ResolvedMany), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn resolve_many(State(app): State<AppState>, By(caller): By, JsonBody(request): JsonBody<ResolveMany>) -> Result<Json<ResolvedMany>> {
    Ok(Json(many::resolve_many(&app, &caller, request).await?))
}

/// What the device said of somebody unknown, in clear; the look is logged with its reason.
#[utoipa::path(post, path = "/api/v1/exceptions/{id}/claim", request_body = RevealClaim,
    responses((status = 200, body = Claim), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn reveal_claim(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(request): JsonBody<RevealClaim>,
) -> Result<Json<Claim>> {
    Ok(Json(claim::reveal_claim(&app, &caller, id, request).await?))
}

/// The list as a file, without identities; the export is logged with its reason.
#[utoipa::path(post, path = "/api/v1/exceptions/export", params(Which), request_body = ExceptionExport,
    responses((status = 200, content((Vec<u8> = "text/csv"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn export_exceptions(
    State(app): State<AppState>,
    By(caller): By,
    Query(which): Query<Which>,
    JsonBody(export): JsonBody<ExceptionExport>,
) -> Result<impl IntoResponse> {
    let (plan, now) = (app.plan(), app.now());
    let roots = ops::areas(&plan, &caller, which.area.as_deref())?;
    let reason = text(&export.reason, "/reason").map_err(|_| Code::ReasonRequired.field("/reason"))?;
    let filter = which.filter();
    let rows = app.store.read("export_exceptions", move |tx| many::rows(tx, &plan, &roots, &filter)).await?;
    let (kind, bytes) = table::file(&export.format, &many::HEADER, &[(0, 24.0), (1, 18.0), (4, 28.0), (5, 20.0), (9, 30.0)], &rows)?;
    let (log, account, device) = (app.ids.at(now), caller.account, caller.device.map(|(device, _)| device));
    let subject = format!("exceptions, {} rows", rows.len());
    app.store.run("export_exceptions", move |tx| tx.log_access(log, now, account, device, "export_exceptions", &subject, &reason)).await?;
    let name = format!("attachment; filename=\"exceptions.{}\"", export.format);
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], bytes))
}
