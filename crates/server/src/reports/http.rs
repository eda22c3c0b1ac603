//! Routes of reports.

use allclear_wire::problem::Problem;
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{as_of, daily};
use crate::{
    app::AppState,
    edge::{
        extract::{Path, Query},
        guard::By,
        problem::{Code, Result},
    },
    live::ops,
};

/// Routes of reports.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(daily_report))
}

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfDay {
    /// The round; the open one, or else the newest, if absent.
    round: Option<Uuid>,
    /// Day in China, `2022-01-06`: the figures are as they were at its end; today, as they are now, if absent.
    date: Option<String>,
    /// `zh` (default) or `en`.
    lang: Option<String>,
}

/// The daily report.
#[utoipa::path(get, path = "/api/v1/reports/{name}", params(("name" = String, Path, description = "`daily.pdf` or `daily.xlsx`"), OfDay),
    responses((status = 200, content((Vec<u8> = "application/pdf"), (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn daily_report(
    State(app): State<AppState>,
    By(caller): By,
    Path(name): Path<String>,
    Query(query): Query<OfDay>,
) -> Result<Response> {
    let kind = match name.as_str() {
        "daily.pdf" => "application/pdf",
        "daily.xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => return Err(Code::NotFound.problem()),
    };
    let round = ops::round(&app.plan(), query.round)?;
    let day = match query.date.as_deref() {
        Some(text) => text.parse().map_err(|_| Code::BodyInvalid.field("/date"))?,
        None => daily::day_of(app.now()),
    };
    let frame = as_of::frame_of_day(&app, round, &ops::scope(&caller), day).await?;
    let report = daily::Report::new(&frame, day, query.lang.as_deref() == Some("en"));
    let broken = |_| Code::Internal.problem();
    let bytes =
        tokio::task::spawn_blocking(move || if name == "daily.pdf" { report.pdf() } else { report.xlsx() }).await.map_err(broken)??;
    let disposition = format!("attachment; filename=\"allclear-daily-{day}.{}\"", if kind == "application/pdf" { "pdf" } else { "xlsx" });
    let headers =
        [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition), (header::CACHE_CONTROL, "no-store".into())];
    Ok((headers, bytes).into_response())
}
