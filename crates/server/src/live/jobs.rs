//! Folds the feed as it grows, and stores what is folded now and then.

use allclear_domain::kernel::id::{Id, Round};
use allclear_store::StoreError;
use uuid::Uuid;

use super::{Expected, Live, context, expected, snapshot};
use crate::{app::App, edge::problem::Result};

/// Changes folded before a screen may look in between.
const CHANGES_MAX: i64 = 256;
/// Changes after which a snapshot is stored: replaying as many takes a second or two at a start.
const SNAPSHOT_CHANGES: i64 = 5000;

/// Folds every numbered change there is; answers how many.
pub async fn catch_up(app: &App) -> Result<usize> {
    let live = &app.live;
    let _folding = live.folding.lock().await;
    let mut folded = 0;
    loop {
        let from = live.fold().seq;
        let changes = app.store.read("fold_live", move |tx| tx.changes_after(from, CHANGES_MAX)).await?;
        let Some(last) = changes.last().map(|change| change.seq) else { break };
        let mut reload = Vec::new();
        {
            let mut fold = live.fold_mut();
            for change in &changes {
                for round in fold.apply(change) {
                    if !reload.contains(&round) {
                        reload.push(round);
                    }
                }
            }
        }
        if !reload.is_empty() {
            reload_rounds(app, reload).await?;
        }
        folded += changes.len();
        live.tick.send_replace(last);
    }
    if folded > 0 {
        store_snapshots(app, SNAPSHOT_CHANGES).await?;
    }
    Ok(folded)
}

async fn reload_rounds(app: &App, rounds: Vec<Id<Round>>) -> Result<()> {
    app.reload_plan().await?;
    let lists: Vec<(Id<Round>, Expected)> = app
        .store
        .read("reload_expected", move |tx| {
            rounds.into_iter().map(|round| Ok((round, expected(tx, round)?))).collect::<Result<_, StoreError>>()
        })
        .await?;
    let mut fold = app.live.fold_mut();
    for (round, list) in lists {
        fold.rounds.entry(round).or_default().persons.set_expected(list);
    }
    Ok(())
}

/// Stores the counts if at least `after` changes came since the last time.
pub async fn store_snapshots(app: &App, after: i64) -> Result<()> {
    let live: &Live = &app.live;
    let stored = *live.stored.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (seq, bodies) = {
        let fold = live.fold();
        if fold.seq - stored < after {
            return Ok(());
        }
        let folded = || fold.rounds.iter().filter(|(_, counts)| counts.seq > 0);
        let rounds = folded().map(|(round, counts)| (round.uuid(), counts.seq)).collect();
        let loose = snapshot::loose(&snapshot::Loose { exceptions: fold.loose.clone(), rounds });
        let mut bodies: Vec<(Uuid, i64, Vec<u8>)> = folded()
            .filter(|(_, counts)| counts.seq > stored)
            .map(|(round, counts)| (round.uuid(), counts.seq, snapshot::summed(round.uuid(), counts.seq, &snapshot::round(counts))))
            .collect();
        bodies.push((Uuid::nil(), fold.seq, snapshot::summed(Uuid::nil(), fold.seq, &loose)));
        (fold.seq, bodies)
    };
    let write = app
        .store
        .run("store_live_snapshot", move |tx| bodies.iter().try_for_each(|(round, seq, body)| tx.put_live_snapshot(*round, *seq, body)));
    write.await.map_err(|e: StoreError| crate::edge::problem::Problem::from(e))?;
    *live.stored.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = seq;
    Ok(())
}

/// Loads what frames show besides counts: devices and laboratories.
pub async fn refresh_context(app: &App) -> Result<()> {
    let now = app.now();
    let fresh = app.store.read("load_live_context", move |tx| context::load(tx, now)).await?;
    *app.live.context.write().unwrap_or_else(std::sync::PoisonError::into_inner) = std::sync::Arc::new(fresh);
    Ok(())
}
