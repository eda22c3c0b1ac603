//! The feed runner: gives numbers to committed changes and drives the followers of this node.

use std::{sync::Arc, time::Duration};

use crate::{
    app::{App, AppState},
    edge::problem::Result,
    lab, live,
    operate::pulse,
    sampling, seen,
};

/// How long a node waits for news of its own before it looks for other nodes' commits.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long it waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often what frames show besides counts is loaded, and devices heard of are written down.
const REFRESH_EVERY: Duration = Duration::from_secs(2);
/// Changes numbered in one transaction.
const NUMBERED_MAX: i64 = 10_000;

/// Gives numbers to committed changes, where the engine does not do so in the commit.
pub async fn number(app: &App) -> Result<()> {
    while app.store.run("number_changes", |tx| tx.number_changes(NUMBERED_MAX)).await? > 0 {}
    Ok(())
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
    tokio::spawn(follow(Arc::clone(app)));
    tokio::spawn(refresh(Arc::clone(app)));
}

async fn follow(app: AppState) {
    let mut news = app.store.news();
    loop {
        match pass(&app).await {
            Ok(0) => {
                // News of this process, or time to look for that of others.
                let _ = tokio::time::timeout(LOOK_EVERY, news.changed()).await;
            }
            Ok(_) => {}
            Err(problem) => {
                tracing::warn!(?problem, "followers wait");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
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
