//! What happens without anybody asking: exemptions end, an interrupted import says so.

use std::{sync::Arc, time::Duration};

use allclear_domain::kernel::{
    id::{Id, Import},
    time::Instant,
};
use allclear_store::{Engine, StoreError};

use super::{ops::change::end_overdue_stays, uploads::WAIT_S};
use crate::{
    app::{App, AppState},
    leases,
};

/// How often exemptions and imports are looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How often who takes a file in says that they are at it.
const ALIVE_EVERY: Duration = Duration::from_secs(10);
/// After how many seconds without such a word an import counts as interrupted. A commit of an import takes some
/// seconds on a slow disk, and the clocks of nodes differ a little.
const SILENT_S: i64 = 90;

/// Called once at the start of a server: what the last process left in the middle says so.
pub async fn take_up(app: &AppState) -> Result<(), StoreError> {
    if app.store.engine() == Engine::Sqlite {
        // With a store of its own no other process can be in the middle of an import.
        give_up_imports(app, &["running", "undoing", "uploaded"], Instant(i64::MAX)).await?;
    }
    Ok(())
}

/// Starts what goes on by itself.
pub fn start(app: &AppState) {
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            if let Err(error) = tick_for_all(&app).await {
                tracing::warn!(error = %error, "uploads, exemptions and interrupted imports could not be looked at");
            }
        }
    });
}

/// What one node does for all of them.
async fn tick_for_all(app: &App) -> Result<(), StoreError> {
    if !leases::hold(app, "people_ticks").await? {
        return Ok(());
    }
    let uploads = end_old_uploads(app).await.map(drop);
    let stays = end_overdue_stays(app).await.map(drop);
    let silent = if app.store.engine() == Engine::Postgres { give_up_silent_imports(app).await } else { Ok(()) };
    uploads.and(stays).and(silent)
}

/// Looks for imports of which nobody has said for a while that they are at it: their server is gone.
pub async fn give_up_silent_imports(app: &App) -> Result<(), StoreError> {
    give_up_imports(app, &["running", "undoing"], app.now().plus_seconds(-SILENT_S)).await
}

/// Imports whose server ended in the middle say so; what went in stays and is counted.
async fn give_up_imports(app: &App, states: &'static [&'static str], silent_since: Instant) -> Result<(), StoreError> {
    for state in states {
        let problem = if *state == "undoing" { "undo_interrupted" } else { "import_interrupted" };
        let now = app.now();
        let given_up = app.store.run("fail_silent_imports", move |tx| tx.fail_silent_imports(state, problem, silent_since, now)).await?;
        for (import, done, total) in given_up {
            tracing::warn!(%import, state, done, total, "repaired: an import was interrupted and says so; what went in stays");
        }
    }
    Ok(())
}

/// Does `work` of an import and says meanwhile that it goes on.
pub(super) async fn alive<T>(app: &App, id: Id<Import>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        let now = app.now();
        // While the store is away nothing can be said; then the work stands still as well.
        let said = app.store.run("import_alive", move |tx| tx.import_alive(id, now));
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = async { drop(said.await); tokio::time::sleep(ALIVE_EVERY).await } => {}
        }
    }
}

/// Uploads that nobody took in end with their hour; answers how many. Called by the clock of the jobs.
pub async fn end_old_uploads(app: &App) -> Result<u64, StoreError> {
    let now = app.now();
    app.store.run("fail_old_uploads", move |tx| tx.fail_old_uploads("upload_gone", now.plus_seconds(-WAIT_S), now)).await
}
