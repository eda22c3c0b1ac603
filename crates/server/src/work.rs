//! The feed runner: gives numbers to committed changes and drives the followers of this node.

use std::{sync::Arc, time::Duration};

use allclear_domain::kernel::change::Change;

use crate::{
    app::{App, AppState},
    edge::{admission, mode, problem::Result},
    lab, live,
    operate::pulse,
    sampling, seen,
};

/// How long a node waits for news of its own before it looks for other nodes' commits.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often a follower that writes rows may commit: the swabs of some commits then share pages, and whoever records in
/// the field waits for fewer commits. Screens do not wait for it.
pub const PACE: Duration = Duration::from_millis(100);
/// How long it waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often what frames show besides counts is loaded, and devices heard of are written down.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// How often pressure is measured: what [`mode::Gauge`] counts in.
const PRESSURE_EVERY: Duration = Duration::from_secs(1);
/// Changes numbered in one transaction.
const NUMBERED_MAX: i64 = 10_000;

/// Gives numbers to committed changes, where the engine does not do so in the commit.
pub async fn number(app: &App) -> Result<()> {
    while app.store.run("number_changes", |tx| tx.number_changes(NUMBERED_MAX)).await? > 0 {}
    Ok(())
}

/// The first of some changes with so many facts at most, but always one: what a follower takes into a commit.
pub fn of_at_most(facts_max: usize, mut changes: Vec<Arc<Change>>) -> Vec<Arc<Change>> {
    let mut facts = 0;
    let fits = |change: &&Arc<Change>| {
        let first = facts == 0;
        facts += change.facts.len();
        first || facts <= facts_max
    };
    let fitting = changes.iter().take_while(fits).count();
    changes.truncate(fitting);
    changes
}

/// One pass: numbers, then every follower up to the newest change; answers how many changes were followed.
pub async fn pass(app: &App) -> Result<usize> {
    number(app).await?;
    let mut followed = live::jobs::catch_up(app).await?;
    followed += sampling::jobs::catch_up(app).await?;
    Ok(followed)
}

/// Follows until nothing is left to follow: what tests call instead of waiting.
pub async fn drain(app: &App) -> Result<()> {
    loop {
        lab::jobs::catch_up(app).await?;
        if pass(app).await? == 0 {
            break;
        }
    }
    seen::write_down(app).await?;
    live::jobs::refresh_context(app).await
}

/// Starts the followers of this node; they end with the process.
pub fn start(app: &AppState) {
    tokio::spawn(admission::watch_lag(Arc::clone(app)));
    tokio::spawn(watch_pressure(Arc::clone(app)));
    let screens = async |app: &App| {
        number(app).await?;
        live::jobs::catch_up(app).await
    };
    tokio::spawn(follow(Arc::clone(app), Duration::ZERO, screens));
    tokio::spawn(follow(Arc::clone(app), PACE, async |app: &App| sampling::jobs::catch_up(app).await));
    tokio::spawn(refresh(Arc::clone(app)));
}

/// Follows for as long as the program runs: at news, or now and then for that of other nodes, but no sooner than `pace`
/// after the last time. `catch_up` answers how much it followed.
pub async fn follow(app: AppState, pace: Duration, catch_up: impl AsyncFn(&App) -> Result<usize>) {
    let mut news = app.store.news();
    loop {
        let soonest = tokio::time::Instant::now() + pace;
        match catch_up(&app).await {
            Ok(0) => drop(tokio::time::timeout(LOOK_EVERY, news.changed()).await),
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(?problem, "a follower waits");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
        tokio::time::sleep_until(soonest).await;
    }
}

async fn watch_pressure(app: AppState) {
    let mut ticks = tokio::time::interval(PRESSURE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        mode::look(&app);
    }
}

async fn refresh(app: AppState) {
    let mut ticks = tokio::time::interval(REFRESH_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = pulse::look(&app).await {
            tracing::warn!(%error, "the store was not looked at");
        }
        if let Err(problem) = refresh_once(&app).await {
            tracing::warn!(?problem, "devices and laboratories are not fresh");
        }
    }
}

async fn refresh_once(app: &App) -> Result<()> {
    seen::write_down(app).await?;
    live::jobs::refresh_context(app).await
}
