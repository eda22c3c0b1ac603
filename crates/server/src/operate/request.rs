//! One line of the log a request, and its numbers. The line has the route as the table writes it, never
//! the path or the query: those carry codes of people and tubes. An account stands there by its id.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use allclear_store::meter::Meter;
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, header::HeaderName},
    middleware::Next,
    response::Response,
};
use uuid::Uuid;

use super::traces;
use crate::{app::AppState, edge::problem::Code};

/// Header of the request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What has no route of its own: pages and their files, and addresses that do not exist.
const ASSETS: &str = "assets";

/// What becomes known of a request on its way.
#[derive(Debug)]
pub struct Note {
    /// Its id.
    pub id: Uuid,
    account: OnceLock<Uuid>,
}

impl Note {
    /// Notes whose request it is.
    pub fn is_of(&self, account: Uuid) {
        // The first guard that a request meets knows it; a second one says the same.
        let _ = self.account.set(account);
    }
}

/// The code of a problem, for the log line of its answer.
#[derive(Debug, Clone, Copy)]
pub struct ProblemCode(pub &'static str);

/// Middleware around every route.
pub async fn note(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let (began, began_at) = (Instant::now(), app.now());
    // Only a UUID is taken from outside: free text could carry anything into the log.
    let given = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).and_then(|id| Uuid::try_parse(id).ok());
    let note = Arc::new(Note { id: given.unwrap_or_else(|| app.ids.at(began_at)), account: OnceLock::new() });
    let caller = if app.traces.wanted() { traces::parent(request.headers()).ok() } else { None };
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(ASSETS, MatchedPath::as_str);
    request.extensions_mut().insert(Arc::clone(&note));
    let meter = Arc::new(Meter::default());
    let mut response = Arc::clone(&meter).around(next.run(request)).await;
    let took = began.elapsed();
    let status = response.status().as_u16();
    app.metrics.request(method_word(&method), route, status, took);
    let id = note.id.to_string();
    let (db_us, queries, rows) = meter.sums();
    let (ms, db_ms) = (took.as_micros() as f64 / 1000.0, db_us as f64 / 1000.0);
    let account = note.account.get().map(Uuid::to_string).unwrap_or_default();
    let code = response.extensions().get::<ProblemCode>().map_or("", |code| code.0);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(target: "request", %method, route, status, ms, db_ms, queries, rows, request = id, account, code, "request")
        };
    }
    // Who is turned away is counted; a storm of them must not become a storm in the log.
    let shed = [Code::SlowDown, Code::ReducedMode].iter().any(|shed| shed.row().1 == code);
    match status {
        500.. if !shed => line!(warn),
        _ if route == ASSETS || matches!(route, "/healthz" | "/readyz") => line!(debug),
        _ => line!(info),
    }
    if let Some(parent) = caller {
        let attributes = vec![
            ("http.request.method", method_word(&method).into()),
            ("http.route", route.into()),
            ("http.response.status_code", status.into()),
            ("allclear.request", id.as_str().into()),
            ("allclear.problem", code.into()),
            ("allclear.db_ms", db_ms.into()),
            ("allclear.queries", queries.into()),
            ("allclear.rows", rows.into()),
        ];
        let name = format!("{} {route}", method_word(&method));
        app.traces.span(traces::Span { parent, name, began_at, took, failed: status >= 500, attributes }, &app.metrics);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// A method as a label: what is made up outside stays out.
fn method_word(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        _ => "other",
    }
}
