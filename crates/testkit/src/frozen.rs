//! A city that was made once and is put up many times: a simulation plays thousands.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::{Keys, Randomness};
use allclear_server::{boot, clock::Clock, edge::routes, live, work};
use allclear_store::{Store, StoreConfig, faults::Faults};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::{City, TestClock, store};

/// The rows of a city at one instant.
pub struct Frozen {
    rows: Rows,
    now: Instant,
}

enum Rows {
    Sqlite(Vec<(&'static str, Vec<u8>)>),
    Postgres(store::TestStore),
}

/// Where a frozen city is put up again and again, one at a time.
pub struct Ground {
    folder: Option<PathBuf>,
    schema: Option<store::TestStore>,
    next: AtomicU32,
}

/// Chance of one seed; it goes on over crashes, as a machine's does.
#[derive(Clone)]
struct Seeded(Arc<Mutex<ChaCha8Rng>>);

impl Randomness for Seeded {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().expect("nobody panicked with it").fill_bytes(out);
    }
}

/// What a city needs to be closed and opened again.
pub(crate) struct Again {
    config: StoreConfig,
    folder: Option<PathBuf>,
    chance: Seeded,
    /// What fails, on whose command.
    pub(crate) faults: Arc<Faults>,
    /// The rows, past every fault: for auditors.
    pub(crate) calm: Store,
}

const FILES: [&str; 2] = ["", "-wal"];

fn files(path: &std::path::Path) -> Vec<(&'static str, Vec<u8>)> {
    FILES.iter().filter_map(|end| Some((*end, std::fs::read(format!("{}{end}", path.display())).ok()?))).collect()
}

fn put(path: &std::path::Path, files: &[(&str, Vec<u8>)]) {
    for (end, bytes) in files {
        std::fs::write(format!("{}{end}", path.display()), bytes).expect("room for the files");
    }
}

impl Frozen {
    /// Takes what stands in `city` now; the city is not used any more.
    pub async fn of(city: City) -> Self {
        city.drain().await;
        let now = city.clock.now();
        let City { app, kept: store, router, .. } = city;
        // Read while it is still open: closing moves rows from one file to the other.
        let rows = match store.config.clone() {
            StoreConfig::Sqlite(path) => Rows::Sqlite(files(&path)),
            StoreConfig::Postgres(_) => Rows::Postgres(store),
        };
        drop((router, app));
        Self { rows, now }
    }
}

impl Ground {
    /// A ground for what `frozen` holds: a folder in memory, or a schema.
    pub async fn new(frozen: &Frozen) -> Self {
        let next = AtomicU32::new(0);
        match &frozen.rows {
            Rows::Sqlite(_) => {
                let memory = PathBuf::from("/dev/shm");
                let base = if memory.is_dir() { memory } else { std::env::temp_dir() };
                let folder = base.join(format!("allclear-{}", store::name()));
                std::fs::create_dir_all(&folder).expect("a folder");
                Self { folder: Some(folder), schema: None, next }
            }
            Rows::Postgres(_) => {
                let schema = store::TestStore::fresh().await;
                // Opening makes the tables; the rows come with each city.
                let keys = Arc::new(Keys::from_master(&[7; 32]));
                drop(Store::open(&schema.config, keys).await.expect("the tables"));
                Self { folder: None, schema: Some(schema), next }
            }
        }
    }

    /// Puts the city up. The same seed draws the same ids.
    pub async fn put_up(&self, frozen: &Frozen, seed: u64) -> City {
        let config = match (&frozen.rows, &self.folder, &self.schema) {
            (Rows::Sqlite(files), Some(folder), _) => {
                let path = folder.join(format!("{}.db", self.next.fetch_add(1, Ordering::SeqCst)));
                put(&path, files);
                StoreConfig::Sqlite(path)
            }
            (Rows::Postgres(from), _, Some(to)) => {
                store::copy_rows(from, to).await;
                // What is lost when the process ends is not lost by the database: no need to wait for its disk.
                let StoreConfig::Postgres(url) = &to.config else { unreachable!("a schema") };
                StoreConfig::Postgres(format!("{url}%20-c%20synchronous_commit%3Doff"))
            }
            _ => panic!("this ground was made for another engine"),
        };
        let clock = Arc::new(TestClock::at(frozen.now));
        let chance = Seeded(Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))));
        open(config, self.folder.clone(), chance, clock).await
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

async fn open(config: StoreConfig, folder: Option<PathBuf>, chance: Seeded, clock: Arc<TestClock>) -> City {
    let keys = Arc::new(Keys::with_randomness(&[7; 32], Box::new(chance.clone())));
    let calm = Store::open(&config, Arc::clone(&keys)).await.expect("the store opens");
    let faults = Arc::new(Faults::default());
    let app = boot::application_on(calm.with_faults(Arc::clone(&faults)), keys, clock.clone(), true).await.expect("the application starts");
    boot::take_up(&app).await.expect("what was left in the middle is settled");
    let (router, _, routes) = routes::build(&app);
    let again = Again { config: config.clone(), folder, chance, faults, calm };
    City { app, clock, routes, store: config.clone(), router, kept: store::TestStore::borrowed(config), again: Some(again) }
}

impl City {
    fn again(&self) -> &Again {
        self.again.as_ref().expect("a city that was put up on a ground")
    }

    /// What makes the store of this city fail.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.again().faults
    }

    /// The rows, past every fault.
    #[must_use]
    pub fn calm(&self) -> &Store {
        &self.again().calm
    }

    /// The process ends without a word, and the next one opens what is there: on SQLite a copy of the
    /// files as they lie at this instant, so that closing them mends nothing.
    pub async fn crash(self) -> Self {
        self.faults().die();
        // What had begun still ends, and may take a lease once more.
        while self.faults().is_busy() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let Self { app, clock, router, again, .. } = self;
        let calm = again.as_ref().expect("a city that was put up on a ground").calm.clone();
        // Its leases run out before the next process looks: no simulation waits half a minute for that.
        let node = app.node.clone();
        calm.run("end_leases", move |tx| tx.end_leases(&node)).await.expect("the store, past every fault");
        let Again { config, folder, chance, .. } = again.expect("a city that was put up on a ground");
        let config = match (config, &folder) {
            (StoreConfig::Sqlite(path), Some(folder)) => {
                let next = folder.join(format!("{}-again.db", path.file_stem().map_or("x".into(), |stem| stem.to_string_lossy())));
                put(&next, &files(&path));
                StoreConfig::Sqlite(next)
            }
            (config, _) => config,
        };
        drop((router, app));
        let city = open(config, folder, chance, clock).await;
        allclear_server::lab::jobs::resume_releases(&city.app).await.expect("bulk releases go on");
        city
    }

    /// The process ends as it is asked to, and the next one opens the same rows.
    pub async fn restart(self) -> Self {
        work::drain(&self.app).await.expect("followers");
        live::jobs::store_snapshots(&self.app, 1).await.expect("a snapshot");
        self.crash().await
    }
}
