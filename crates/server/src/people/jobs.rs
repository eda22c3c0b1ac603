//! What happens without anybody asking: exemptions end, an interrupted import says so.

use std::{sync::Arc, time::Duration};

use allclear_store::{Engine, StoreError};

use super::ops::change::end_overdue_stays;
use crate::app::AppState;

/// How often exemptions are looked at.
const EVERY: Duration = Duration::from_secs(30);

/// Called once at the start of a server.
pub async fn start(app: &AppState) -> Result<(), StoreError> {
    // With a store of its own no other process can be in the middle of an import.
    if app.store.engine() == Engine::Sqlite {
        let now = app.now();
        app.store.run("fail_running_imports", move |tx| tx.fail_running_imports("import_interrupted", now)).await?;
    }
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        loop {
            tick.tick().await;
            if let Err(error) = end_overdue_stays(&app).await {
                tracing::warn!(error = %error, "exemptions could not be ended");
            }
        }
    });
    Ok(())
}
