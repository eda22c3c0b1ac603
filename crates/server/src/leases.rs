//! Work that one node at a time does for all: whoever holds the lease.

use allclear_domain::kernel::time::Instant;
use allclear_store::{Engine, Store, StoreError};

use crate::{app::App, clock::Ids};

/// Seconds for which a lease is taken: three ticks of the clocks, so that one late tick loses nothing, and what a dead
/// node was at goes on elsewhere within half a minute.
pub const LEASE_S: i64 = 30;

/// The name by which this process holds leases. A SQLite file belongs to one process, so the next one takes up at once
/// what the last one held.
#[must_use]
pub fn holder(store: &Store, ids: &Ids, now: Instant) -> String {
    match store.engine() {
        Engine::Sqlite => "the one process".into(),
        Engine::Postgres => ids.at(now).to_string(),
    }
}

/// Takes or prolongs a lease; answers whether this node has it.
pub async fn hold(app: &App, name: impl Into<String>) -> Result<bool, StoreError> {
    let (name, now, holder) = (name.into(), app.now(), app.node.clone());
    app.store.run("take_lease", move |tx| tx.take_lease(&name, &holder, now, now.plus_seconds(LEASE_S))).await
}

/// Gives back what this node holds, so that another goes on at once.
pub async fn give_back(app: &App) -> Result<u64, StoreError> {
    let holder = app.node.clone();
    app.store.run("end_leases", move |tx| tx.end_leases(&holder)).await
}
