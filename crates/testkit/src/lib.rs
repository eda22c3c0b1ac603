//! Dev only: a city in a temporary store, and clients that read as sentences.
//!
//! `City::start()` gives a fresh store (SQLite in a temporary folder, or a fresh schema of the
//! PostgreSQL that `ALLCLEAR_TEST_STORE` names) behind the real router. Time is the city's own clock.
//! [`WireClient`] and [`ChaosProxy`] are for servers that run as a process of their own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test helpers stop at the first surprise")]

mod client;
mod clock;
mod disk;
mod frozen;
mod proxy;
mod spare;
mod store;
mod wire;

use std::sync::Arc;

use allclear_domain::kernel::time::Instant;
use allclear_server::{accounts::ops, app::AppState, boot, demo, edge::routes, work};
use axum::Router;

pub use axum::http::Method;
pub use client::{Answer, Client, Events, Phone};
pub use clock::TestClock;
pub use disk::SmallDisk;
pub use frozen::{Frozen, Ground};
pub use proxy::{ChaosProxy, Weather};
pub use spare::Spare;
pub use store::{TestStore, postgres};
pub use wire::WireClient;

/// A small synthetic city behind the real router.
pub struct City {
    /// The application, for what a test may look at directly (never to act).
    pub app: AppState,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its route table.
    pub routes: Vec<routes::Route>,
    /// Its store, for a second program that opens it.
    pub store: allclear_store::StoreConfig,
    router: Router,
    kept: store::TestStore,
    /// How to close and open it again; only for a city that was put up on a [`Ground`].
    again: Option<frozen::Again>,
}

impl City {
    /// A city of 1,000 people with the demo's accounts and one open round.
    pub async fn start() -> Self {
        Self::with_population(1000).await
    }

    /// A store as a city's first start finds it: no demo, no area, no account. Answers the code of the
    /// first administrator's link too.
    pub async fn before_setup() -> (Self, String) {
        let city = Self::open(store::TestStore::fresh().await, false).await;
        let code = ops::one_time_code(&city.app, ops::Purpose::Setup, None, String::new()).await.expect("a setup code");
        (city, code.0)
    }

    /// The same with another number of people.
    pub async fn with_population(population: u64) -> Self {
        Self::seeded(store::TestStore::fresh().await, population).await
    }

    /// The same in a SQLite file, whatever engine the suite runs on.
    pub async fn in_file(path: &std::path::Path, population: u64) -> Self {
        Self::seeded(store::TestStore::borrowed(allclear_store::StoreConfig::Sqlite(path.to_owned())), population).await
    }

    /// The same on a disk that a test can fill.
    pub async fn on(disk: &SmallDisk, population: u64) -> Self {
        Self::seeded(store::TestStore::borrowed(disk.config()), population).await
    }

    async fn seeded(store: store::TestStore, population: u64) -> Self {
        let city = Self::open(store, true).await;
        demo::seed::seed(&city.app, population, 1).await.expect("the demo city");
        city.drain().await;
        city
    }

    /// Another node of the same store: it has its own caches, and nothing of it goes on by itself.
    pub async fn another_node(&self) -> Self {
        let (store, keys) = (self.app.store.clone(), Arc::clone(&self.app.keys));
        let app = boot::application_on(store, keys, self.clock.clone(), self.app.demo).await.expect("the application starts");
        let (router, _, routes) = routes::build(&app);
        let kept = store::TestStore::borrowed(self.store.clone());
        Self { app, clock: Arc::clone(&self.clock), routes, store: self.store.clone(), router, kept, again: None }
    }

    async fn open(store: store::TestStore, demo: bool) -> Self {
        let clock = Arc::new(TestClock::at(Instant(1_641_427_200_000_000)));
        let keys = Arc::new(allclear_seal::Keys::from_master(&Self::MASTER));
        let mut opened = allclear_store::Store::open(&store.config, Arc::clone(&keys)).await.expect("the store opens");
        // How a distributed store has it: the whole suite may run with keys in many buckets.
        if let Some(buckets) = std::env::var("ALLCLEAR_TEST_BUCKETS").ok().and_then(|text| text.parse().ok()) {
            opened = opened.spread(buckets).await.expect("an empty store");
        }
        let app = boot::application_on(opened, keys, clock.clone(), demo).await.expect("the application starts");
        let (router, _, routes) = routes::build(&app);
        Self { app, clock, routes, store: store.config.clone(), router, kept: store, again: None }
    }

    /// Its master key.
    pub const MASTER: [u8; 32] = [7; 32];

    /// An account made by the demo's administrator, signed in: `(role, area)` as on the wire.
    pub async fn account(&self, name: &str, grants: &[(&str, &str)]) -> Client {
        let grants: Vec<_> = grants.iter().map(|(role, area)| serde_json::json!({ "role": role, "area": area })).collect();
        let form = serde_json::json!({ "name": name, "display_name": name, "password": demo::PASSWORD, "grants": grants });
        self.sign_in("admin").await.post("/api/v1/accounts", form).await.ok();
        self.sign_in(name).await
    }

    /// Id of an account.
    pub async fn account_id(&self, name: &str) -> uuid::Uuid {
        let name = name.to_owned();
        let read = self.app.store.read("test_account", move |tx| tx.account_by_name(&name));
        read.await.unwrap().expect("the account").id.uuid()
    }

    /// Lets every follower come up to the newest change.
    pub async fn drain(&self) {
        work::drain(&self.app).await.expect("followers");
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn nobody(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// The demo account `name`, signed in.
    pub async fn sign_in(&self, name: &str) -> Client {
        let mut client = self.nobody();
        client.sign_in(name, demo::PASSWORD).await;
        client
    }

    /// Somebody who signed in before: with their cookie, as it was given.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Client {
        self.nobody().with_cookie(cookie)
    }

    /// A phone enrolled for the demo account `name`.
    pub async fn phone(&self, name: &str) -> Phone {
        Phone::enrol(self.sign_in(name).await, Arc::clone(&self.clock)).await
    }

    /// A phone enrolled for an account that a test made.
    pub async fn phone_with(&self, name: &str, password: &str) -> Phone {
        let mut client = self.nobody();
        client.sign_in(name, password).await;
        Phone::enrol(client, Arc::clone(&self.clock)).await
    }

    /// The open round.
    #[must_use]
    pub fn round(&self) -> uuid::Uuid {
        self.app.plan().rounds.values().next().expect("a round").id.uuid()
    }

    /// A site, by index in code order of its area.
    #[must_use]
    pub fn site(&self, index: usize) -> uuid::Uuid {
        let plan = self.app.plan();
        let mut sites: Vec<_> = plan.sites.values().collect();
        sites.sort_by_key(|site| site.area);
        sites[index].id.uuid()
    }

    /// The numbers of the people whom a site serves, in order.
    pub async fn people(&self, site: uuid::Uuid) -> Vec<i64> {
        let plan = self.app.plan();
        let serves = plan.sites[&allclear_domain::kernel::id::Id::new(site)].serves.clone();
        let read = self.app.store.read("test_people", move |tx| {
            let mut people = Vec::new();
            for area in serves {
                people.extend(tx.person_numbers(area, 0)?.into_iter().map(|(_, no)| no));
            }
            Ok::<_, allclear_store::StoreError>(people)
        });
        read.await.unwrap()
    }
}

/// Looks until `look` sees what it waits for: for what a task of the server does by itself.
///
/// # Panics
/// After two minutes, so that a test that waits for what never comes ends.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = tokio::time::timeout(std::time::Duration::from_secs(120), async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    seen.await.unwrap_or_else(|_| panic!("waited two minutes in vain: {what}"))
}

/// Bytes that mean nothing, the same each time; any byte may follow any other.
#[must_use]
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| byte()).collect()
}
