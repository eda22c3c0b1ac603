//! What every handler and job shares.

use std::sync::Arc;

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use allclear_store::{Store, StoreError};

use crate::{
    accounts::callers::Callers,
    clock::{Clock, Ids},
    people::uploads::Uploads,
    plan::{Plan, Plans},
    sampling::batch::Batcher,
};

/// The running application. Nodes are equal: nothing here but caches of the store.
pub struct App {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// The key ring.
    pub keys: Arc<Keys>,
    /// Who is behind a token.
    pub callers: Callers,
    /// Areas, rounds, sites.
    pub plans: Plans,
    /// Field facts on their way into commits.
    pub field: Batcher,
    /// Files between upload and import.
    pub uploads: Uploads,
    /// Whether this is the demo: it prints passwords and lists accounts.
    pub demo: bool,
}

/// Shared by handlers.
pub type AppState = Arc<App>;

impl App {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The areas, rounds and sites in force.
    #[must_use]
    pub fn plan(&self) -> Arc<Plan> {
        self.plans.current()
    }

    /// Loads areas, rounds and sites again after one changed.
    pub async fn reload_plan(&self) -> Result<(), StoreError> {
        self.plans.reload(&self.store).await
    }
}
