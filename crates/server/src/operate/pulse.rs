//! How this node is: looked at every two seconds, told by `/readyz` and the metrics, and whether it is
//! about to stop.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use allclear_store::{StoreError, schema_version, vitals::Vitals};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::sync::watch;

use super::metrics::Metric;
use crate::{
    app::{App, AppState},
    edge::limits::{READY_BEHIND_MAX, READY_LOOK_MAX},
};

/// The state of a node.
#[derive(Debug)]
pub struct Pulse {
    stopping: watch::Sender<bool>,
    last: Mutex<Option<Look>>,
}

/// What the last look at the store found.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    /// Changes that the last follower is behind.
    behind: i64,
    /// Whether a migration was applied meanwhile that this program cannot work with.
    too_new: bool,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { stopping: watch::channel(false).0, last: Mutex::default() }
    }
}

impl Pulse {
    /// Turns true when the node is about to stop: streams end, load balancers look elsewhere.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    fn note(&self, look: Look) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }

    /// Why requests should go elsewhere, if they should.
    fn against(&self) -> Option<&'static str> {
        if *self.stopping.borrow() {
            return Some("the server stops");
        }
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(look) = last else { return Some("the store was not looked at yet") };
        if look.at.elapsed() > READY_LOOK_MAX {
            return Some("the store does not answer");
        }
        if look.too_new {
            return Some("the store is of a newer program");
        }
        (look.behind > READY_BEHIND_MAX).then_some("followers are behind")
    }
}

/// What `/readyz` answers.
#[derive(Debug, Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
}

/// 200 while requests may come here, 503 and why otherwise. It asks nothing of the store itself, so
/// that asking often costs nothing.
pub async fn ready(State(app): State<AppState>) -> Response {
    let because = app.pulse.against();
    let status = if because.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready: because.is_none(), because })).into_response()
}

/// Looks at the store and sets the gauges.
pub async fn look(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let read = app.store.read("look_at_vitals", move |tx| Ok::<_, StoreError>((tx.vitals(now)?, tx.schema_floor()?)));
    let found = match tokio::time::timeout(Duration::from_secs(5), read).await {
        Ok(found) => found,
        Err(_) => Err(StoreError::Away("no answer within 5 s".into())),
    };
    app.metrics.set(Metric::StoreUp, i64::from(found.is_ok()));
    let (vitals, floor) = found?;
    let live = app.live.fold().seq;
    app.pulse.note(Look { at: Instant::now(), behind: gauges(app, &vitals, live), too_new: floor > schema_version() });
    app.metrics.set(Metric::JobWait, vitals.oldest_job_at.map_or(0, |at| now.seconds_since(at)));
    Ok(())
}

/// Sets the gauges; answers how far the last follower is behind.
fn gauges(app: &App, vitals: &Vitals, live: i64) -> i64 {
    let metrics = &app.metrics;
    let behind = |seq: i64| (vitals.newest_change - seq).max(0);
    let (mut most, mut other) = (behind(live), 0);
    metrics.set(Metric::BehindLive, most);
    for (name, seq) in &vitals.followers {
        most = most.max(behind(*seq));
        match name.as_str() {
            "persons" => metrics.set(Metric::BehindPersons, behind(*seq)),
            "laboratory" => metrics.set(Metric::BehindLaboratory, behind(*seq)),
            _ => other = other.max(behind(*seq)),
        }
    }
    let pool = app.store.pool();
    let values = [
        (Metric::BehindOther, other),
        (Metric::NewestChange, vitals.newest_change),
        (Metric::Unnumbered, vitals.unnumbered),
        (Metric::JobsReady, vitals.jobs_ready),
        (Metric::JobsRunning, vitals.jobs_running),
        (Metric::Sessions, vitals.sessions),
        (Metric::Devices, vitals.devices),
        (Metric::ExceptionsOpen, vitals.exceptions_open),
        (Metric::PoolSize, pool.size as i64),
        (Metric::PoolBusy, pool.busy as i64),
        (Metric::PoolWaiting, pool.waiting as i64),
    ];
    for (metric, value) in values {
        metrics.set(metric, value);
    }
    most
}
