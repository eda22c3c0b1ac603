//! The laboratory's followers and clocks: they go on by themselves while the server runs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use allclear_domain::{
    kernel::time::Instant,
    lab::plausibility::{self, LabFacts},
};
use allclear_store::{StoreError, Tx};
use uuid::Uuid;

use super::{follower, ops};
use crate::{
    app::{App, AppState},
    edge::problem::Result,
    leases, work,
};

/// How often clocks and laboratories are looked at: an alert is due within a minute.
const TICK: Duration = Duration::from_secs(10);
/// Clocks raised in one commit.
const CLOCKS_MAX: i64 = 2000;
const DAY_S: i64 = 24 * 3600;
/// How long a released non-negative may be without a follow-up before its laboratory is flagged.
const FOLLOWED_WITHIN_S: i64 = 60;

/// Applies every change there is; answers how many commits that took.
pub async fn catch_up(app: &App) -> Result<usize> {
    work::number(app).await?;
    let mut commits = 0;
    loop {
        // Looking costs no write where there is nothing to follow.
        let waiting =
            app.store.read("look_laboratory", |tx| Ok::<_, StoreError>(tx.newest_change()? > tx.follower(follower::NAME)?)).await?;
        if !waiting {
            return Ok(commits);
        }
        let (profile, now) = (app.plan().profile.clone(), app.now());
        let change = app.ids.at(now);
        app.store.run("follow_laboratory", move |tx| follower::follow(tx, &profile, now, change)).await?;
        commits += 1;
    }
}

/// Raises clocks that are due and flags laboratories that do not look right; answers how many clocks it raised.
pub async fn tick(app: &App) -> Result<usize> {
    let now = app.now();
    let flags = app.ids.at(now);
    let raised = app.store.run("raise_clocks", move |tx| raise_clocks(tx, now)).await?;
    if raised > 0 {
        tracing::info!(raised, "clocks raised");
    }
    app.store.run("check_labs", move |tx| check_labs(tx, now, flags)).await?;
    Ok(raised)
}

/// Whoever is told reads the clocks themselves, and a screen draws its ages anew each second: the feed has none of it.
fn raise_clocks(tx: &Tx<'_>, now: Instant) -> Result<usize, StoreError> {
    let due = tx.due_clocks(now, CLOCKS_MAX)?;
    let mut raised = 0;
    for clock in due {
        let breach = now >= clock.due_at;
        // Another node may have raised one in the same moment.
        let own = tx.raise_clock(&clock.tube, if breach { "breach" } else { "warn" }, now, (!breach).then_some(clock.due_at))?;
        raised += usize::from(own);
    }
    Ok(raised)
}

fn check_labs(tx: &Tx<'_>, now: Instant, change: uuid::Uuid) -> Result<(), StoreError> {
    for lab in tx.labs()? {
        let (entered, _) = tx.entered_since(lab.id, now.plus_seconds(-DAY_S))?;
        let not_followed = tx.count_not_followed(lab.id, now.plus_seconds(-FOLLOWED_WITHIN_S))?;
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let facts = LabFacts {
            rated_per_day: u32::try_from(lab.rated_per_day).unwrap_or(0),
            factor_percent: u32::try_from(lab.factor_percent).unwrap_or(100),
            results_24h: count(entered),
            // Seen at entry, where the numbers are known.
            without_run: 0,
            never_received: 0,
            not_followed: count(not_followed),
        };
        let act = ops::Act::of_service(now, change);
        for flag in plausibility::of_lab(facts) {
            let detail = serde_json::json!({ "results_24h": entered, "rated_per_day": lab.rated_per_day, "not_followed": not_followed });
            ops::raise(tx, &act, &lab, None, flag, &detail)?;
        }
    }
    Ok(())
}

/// The bulk releases that this node is at.
#[derive(Debug, Default)]
pub struct Releasing(Mutex<HashSet<Uuid>>);

impl Releasing {
    /// Notes that this node is at a release; false if it was already.
    pub fn begin(&self, id: Uuid) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    /// Notes that it is no longer.
    pub fn end(&self, id: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// Whether this node is at it.
    #[must_use]
    pub fn has(&self, id: Uuid) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }
}

/// Bulk releases that stand still go on: their server was stopped, or the store was away. One node goes on with each.
pub async fn resume_releases(app: &AppState) -> Result<()> {
    for job in app.store.read("running_releases", |tx| tx.running_releases()).await? {
        if !app.releasing.has(job.id) && leases::hold(app, ops::release_lease(job.id)).await? {
            tracing::warn!(release = %job.id, released = job.released, total = job.total, "repaired: a bulk release goes on where it stopped");
            ops::spawn_bulk_release(app, job);
        }
    }
    Ok(())
}

/// What one node does for all of them.
async fn tick_for_all(app: &AppState) -> Result<()> {
    if !leases::hold(app, "laboratory_ticks").await? {
        return Ok(());
    }
    let resumed = resume_releases(app).await;
    tick(app).await.and(resumed)
}

/// Follows and watches until the program stops.
pub fn start(app: &AppState) {
    tokio::spawn(work::follow(Arc::clone(app), work::PACE, async |app: &App| catch_up(app).await));
    tokio::spawn(watch(Arc::clone(app)));
}

/// Looks at the clocks of tubes and laboratories for as long as the program runs.
pub async fn watch(app: AppState) {
    loop {
        if let Err(problem) = tick_for_all(&app).await {
            tracing::warn!(?problem, "clocks and bulk releases wait");
        }
        app.clock.passed(TICK).await;
    }
}
