//! What every handler and job shares.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, atomic::AtomicBool},
};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::queue::People,
};
use allclear_seal::Keys;
use allclear_store::{Store, StoreError};

use crate::{
    accounts::callers::Callers,
    clock::{Clock, Ids},
    edge::{admission::Admission, mode::Gauge},
    lab::jobs::Releasing,
    live::Live,
    operate::{metrics::Metrics, pulse::Pulse, traces::Traces},
    people::uploads::Uploads,
    plan::{Plan, Plans},
    queues::Queue,
    rehearse::kept::{self, Kept},
    sampling::batch::Batcher,
    seen::Seen,
};

/// How a person stands in a round, as far as this node has seen.
pub trait Standing: Send + Sync {
    /// Whether the person has a swab that counts, and whether one is expected of them.
    fn standing(&self, round: Id<Round>, person: PersonNo) -> (bool, bool);
}

/// How long one waits, as far as this node has seen.
pub trait Waiting: Standing {
    /// Villages of a round's expected list, with who has no swab.
    fn villages(&self, round: Id<Round>) -> Vec<(AreaCode, People)>;
    /// The queues of a round. The same until the counts, the plan or the half minute change.
    fn queues(&self, plan: &Arc<Plan>, round: Id<Round>, now: Instant) -> Arc<BTreeMap<Id<Site>, Queue>>;
}

/// The running application. Nodes are equal: nothing here but caches of the store.
pub struct App {
    /// The store.
    pub store: Store,
    /// The name of this process among the nodes of its store: who holds a lease.
    pub node: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Ids,
    /// The key ring.
    pub keys: Arc<Keys>,
    /// Who is behind a token.
    pub callers: Callers,
    /// Areas, rounds, sites.
    pub plans: Arc<Plans>,
    /// Field facts on their way into commits.
    pub field: Batcher,
    /// Files between upload and import.
    pub uploads: Uploads,
    /// Bulk releases that this node is at.
    pub releasing: Releasing,
    /// Live counts.
    pub live: Arc<Live>,
    /// Requests under way, and who is let in.
    pub admission: Admission,
    /// How hard this node is pressed, and which mode follows from it.
    pub gauge: Mutex<Gauge>,
    /// The numbers of this node.
    pub metrics: Arc<Metrics>,
    /// Where spans go.
    pub traces: Traces,
    /// How this node is, and whether it is about to stop.
    pub pulse: Pulse,
    /// When devices were last heard of.
    pub seen: Seen,
    /// Whether this is the demo: it prints passwords and lists accounts.
    pub demo: bool,
    /// Where the last rehearsal on this machine is kept; set once at the start.
    pub rehearsal: OnceLock<PathBuf>,
    /// Whether reduced modes are entered by order alone; set once at the start.
    pub modes_by_order: AtomicBool,
    /// Whether cookies are always bound to TLS; set once at the start.
    pub secure_cookies: AtomicBool,
}

/// Shared by handlers.
pub type AppState = Arc<App>;

impl App {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// What the last rehearsal on this machine found, if one was kept.
    pub async fn rehearsed(&self) -> Option<Kept> {
        let path = self.rehearsal.get()?.clone();
        tokio::task::spawn_blocking(move || kept::read(&path)).await.ok().flatten()
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
