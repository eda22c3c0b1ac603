//! The operator's own address: metrics, health and readiness, by default for this machine only.

use std::net::SocketAddr;

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use super::pulse;
use crate::app::AppState;

/// Routes of the operator's address.
pub fn routes(app: &AppState) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(pulse::ready))
        .with_state(AppState::clone(app))
}

async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.text())
}

/// Serves the operator's address until the process ends; answers where it is.
pub async fn start(app: &AppState, listen: SocketAddr) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let at = listener.local_addr()?;
    let routes = routes(app);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::warn!(%error, "the metrics have ended");
        }
    });
    Ok(at)
}
