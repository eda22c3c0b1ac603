//! Routes of the screens.

use std::{convert::Infallible, time::Duration};

use allclear_domain::kernel::{access::Action, area::AreaCode};
use allclear_wire::{
    live::{DrillDown, LiveFrame, Recount},
    problem::Problem,
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ops, recount, rows};
use crate::{
    app::AppState,
    clock::parse_rfc3339,
    edge::{
        extract::Query,
        guard::{self, By},
        limits::VIEWERS_MAX,
        problem::{Code, Result},
    },
    operate::metrics::Metric,
};

/// A screen hears something at least this often, so that ages go on.
const FRAME_AT_LEAST: Duration = Duration::from_secs(1);

/// Routes of live counts.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live_frame)).routes(routes!(live_stream)).routes(routes!(live_rows)).routes(routes!(live_recount))
}

/// Which round.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfRound {
    /// The round; the open one, or else the newest, if absent.
    round: Option<Uuid>,
}

/// The counts as they are now.
#[utoipa::path(get, path = "/api/v1/live/frame", params(OfRound),
    responses((status = 200, body = LiveFrame), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn live_frame(State(app): State<AppState>, By(caller): By, Query(query): Query<OfRound>) -> Result<Response> {
    let round = ops::round(&app.plan(), query.round)?;
    let frame = ops::frame(&app, round, &ops::scope(&caller), true)?;
    Ok(([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], frame.json).into_response())
}

/// Frames as they come, as server-sent events named `frame`: at most two a second, at least one.
#[utoipa::path(get, path = "/api/v1/live/stream", params(OfRound),
    responses((status = 200, content_type = "text/event-stream", body = LiveFrame), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 503, body = Problem)))]
async fn live_stream(State(app): State<AppState>, By(caller): By, headers: HeaderMap, Query(query): Query<OfRound>) -> Result<Response> {
    ops::round(&app.plan(), query.round)?;
    if app.metrics.get(Metric::Viewers) >= VIEWERS_MAX {
        return Err(Code::SlowDown.problem().retry_after(10));
    }
    let scope = ops::scope(&caller);
    let ticks = app.live.ticks();
    let viewer = Viewer::begin(&app, guard::token(&headers).map_or("", |(token, _)| token));
    let state = (viewer, scope, query.round, ticks, true);
    let stream = futures_util::stream::unfold(state, |(viewer, scope, asked, mut ticks, first)| async move {
        let app = &viewer.app;
        if *app.pulse.stopping().borrow() {
            // The screen asks again, and another node or the next start answers.
            return None;
        }
        if !first {
            // Looking on is using the session; when it ends, so does the view. A store that is away ends nothing.
            if matches!(app.callers.find(app, &viewer.token).await, Ok(None)) {
                return None;
            }
            tokio::time::sleep(ops::FRAME_EVERY).await;
            // Either there is news or the ages have moved: both draw.
            let _ = tokio::time::timeout(FRAME_AT_LEAST - ops::FRAME_EVERY, ticks.changed()).await;
        }
        ticks.mark_unchanged();
        let round = ops::round(&app.plan(), asked).ok()?;
        let frame = ops::frame(app, round, &scope, false).ok()?;
        Some((Ok::<Bytes, Infallible>(event(&frame.json)), (viewer, scope, asked, ticks, false)))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// A screen that follows the counts, as long as its stream lasts.
struct Viewer {
    app: AppState,
    token: Box<str>,
}

impl Viewer {
    fn begin(app: &AppState, token: &str) -> Self {
        app.metrics.add(Metric::Viewers, 1);
        Self { app: AppState::clone(app), token: token.into() }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.app.metrics.add(Metric::Viewers, -1);
    }
}

/// JSON from serde has no line breaks, so a frame is one data line.
fn event(json: &[u8]) -> Bytes {
    [b"event: frame\ndata: ".as_slice(), json, b"\n\n"].concat().into()
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
pub struct OfFigure {
    /// The round; the open one, or else the newest, if absent.
    round: Option<Uuid>,
    /// `missing`, `persons`, `unexpected`, `collections`, `interval`, `tubes`, `stage`, `site`, `lab`, `labs`, `person_reports`, `non_negative`, `follow_ups`, `exceptions`, `sites`, `sites_stuck`, `devices_silent`.
    figure: String,
    /// Only inside this area.
    area: Option<String>,
    /// For `site`.
    site: Option<Uuid>,
    /// For `lab`.
    lab: Option<Uuid>,
    /// For `stage`.
    stage: Option<String>,
    /// For `interval`: when its five minutes begin (RFC 3339).
    from: Option<String>,
    /// Where the last page ended.
    after: Option<String>,
}

/// The rows behind a figure; persons are masked.
#[utoipa::path(get, path = "/api/v1/live/rows", params(OfFigure),
    responses((status = 200, body = DrillDown), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn live_rows(State(app): State<AppState>, By(caller): By, Query(query): Query<OfFigure>) -> Result<Json<DrillDown>> {
    let round = ops::round(&app.plan(), query.round)?.ok_or_else(|| Code::NotFound.problem())?;
    let mut scope = ops::scope(&caller);
    if let Some(area) = &query.area {
        let area = AreaCode::parse(area).map_err(|_| Code::AreaUnknown.field("/area"))?;
        caller.require_in(Action::ReadLive, area)?;
        scope = vec![area];
    }
    let from = match query.from.as_deref() {
        Some(text) => Some(parse_rfc3339(text).ok_or_else(|| Code::BodyInvalid.field("/from"))?),
        None => None,
    };
    let wanted =
        rows::Wanted { round, figure: query.figure, scope, site: query.site, lab: query.lab, stage: query.stage, from, after: query.after };
    Ok(Json(rows::rows(&app, wanted).await?))
}

/// Compares what the screens show with a recount of the records.
#[utoipa::path(get, path = "/api/v1/live/recount", responses((status = 200, body = Recount), (status = 403, body = Problem)))]
async fn live_recount(State(app): State<AppState>, By(caller): By) -> Result<Json<Recount>> {
    if app.plan().areas.iter().any(|area| !caller.may_in(Action::ReadLive, area.code)) {
        return Err(Code::Forbidden.problem());
    }
    Ok(Json(recount::compare(&app).await?))
}
