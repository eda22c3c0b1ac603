//! `allclear bench …`: what this machine does, always beside what its disk and its bare store do in
//! the same run, so that a reader sees how far from the physical limit we are.

pub mod bare;
pub mod collect;
pub mod crowd;
pub mod growth;
pub mod import;
pub mod load;
pub mod lookup;
pub mod missing;
pub mod release;
pub mod report;
pub mod screen;
pub mod storm;

use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant as Stopwatch},
};

use allclear_domain::kernel::id::{Id, Round};
use allclear_store::{StoreConfig, StoreError};
use allclear_wire::accounts::LoginRequest;
use axum::Router;
use report::{Floor, Report};

use crate::{
    accounts::ops,
    app::AppState,
    boot,
    clock::SystemClock,
    demo,
    edge::{client::Client, routes},
    work,
};

/// What a benchmark may run into.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The store.
    #[error(transparent)]
    Store(#[from] allclear_store::StoreError),
    /// Disk or socket.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Seeding or enrolling.
    #[error("{0}")]
    Setup(String),
}

/// A server on a loopback port with a seeded city.
pub struct Bench {
    /// The application.
    pub app: AppState,
    /// Where it listens.
    pub address: std::net::SocketAddr,
}

impl Bench {
    /// Opens `store` (which must be empty), seeds `population` people, starts the followers and jobs of
    /// a real server, and serves the product's routes and the two bare ones.
    pub async fn start(store: &StoreConfig, population: u64) -> Result<Self, BenchError> {
        let app = boot::application(store, &[7; 32], Arc::new(SystemClock), true).await?;
        demo::seed::seed(&app, population, 1).await.map_err(|e| BenchError::Setup(format!("{e:?}")))?;
        boot::start_jobs(&app).await?;
        let (router, _, _) = routes::build(&app);
        let router: Router = router.merge(bare::routes(&app));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(boot::listen(listener, router, Arc::clone(&app.metrics)));
        Ok(Self { app, address })
    }

    /// Opens as many rounds as `count` swabs of `people` persons need, so that nobody is sampled
    /// twice in one.
    pub async fn rounds(&self, count: usize, people: usize) -> Result<Vec<Id<Round>>, BenchError> {
        let root = self.app.plan().areas.first().map(|area| area.code).ok_or_else(|| BenchError::Setup("no area".into()))?;
        let mut rounds = Vec::new();
        for n in 0..count.div_ceil(people.max(1)) {
            let name = format!("bench {n}");
            rounds.push(demo::seed::open_round(&self.app, root, &name, self.app.now()).await.map_err(|e| problem(&e))?);
        }
        self.app.reload_plan().await?;
        // The list of a round is loaded by a follower; the work begins when it is there.
        work::drain(&self.app).await.map_err(|e| problem(&e))?;
        Ok(rounds)
    }

    /// A session of one of the demo's accounts; answers its token.
    pub(crate) async fn session(&self, name: &str) -> Result<String, BenchError> {
        let login = LoginRequest { name: name.into(), password: demo::PASSWORD.into() };
        ops::login(&self.app, Client::LOCAL, login).await.map_err(|e| problem(&e))
    }

    /// How many changes the slowest follower has still to follow.
    pub(crate) async fn behind(&self) -> Result<i64, BenchError> {
        let read = self.app.store.read("bench_behind", |tx| {
            let fed = tx.newest_change()? + i64::from(!tx.all_numbered()?);
            Ok::<_, StoreError>((fed, tx.follower("persons")?.min(tx.follower("laboratory")?)))
        });
        let (fed, followed) = read.await?;
        Ok(fed - followed.min(self.app.live.fold().seq))
    }

    /// Waits for the followers and says how far behind they were when the load ended.
    pub async fn catch_up(&self, report: &mut Report, after: &str) -> Result<(), BenchError> {
        let (start, behind) = (Stopwatch::now(), self.behind().await?);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while self.behind().await? > 0 {
            if start.elapsed() > CATCH_UP_MAX {
                return Err(BenchError::Setup(format!("the followers do not catch up after {after}")));
            }
            ticks.tick().await;
        }
        report.add(format!("followers behind after {after}"), behind as f64, "commits", Floor::None, "at the end of the load");
        report.add(
            format!("followers caught up after {after}"),
            start.elapsed().as_secs_f64(),
            "s",
            Floor::None,
            "screens and histories complete",
        );
        Ok(())
    }
}

/// Followers that need longer than this have stopped.
const CATCH_UP_MAX: Duration = Duration::from_secs(600);

fn problem(problem: &crate::edge::problem::Problem) -> BenchError {
    BenchError::Setup(format!("{problem:?}"))
}

/// User and system time of this process so far (Linux; zero elsewhere).
#[must_use]
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted from 1; the name in field 2 may hold blanks, so count behind its bracket.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The store named on the command line, or a fresh SQLite file under `folder`.
#[must_use]
pub fn store_or_fresh(store: Option<&str>, folder: &std::path::Path) -> StoreConfig {
    match store {
        Some(text) => StoreConfig::parse(text),
        None => StoreConfig::Sqlite(PathBuf::from(folder).join("bench.db")),
    }
}

/// A folder that goes with the benchmark.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it beside the working folder, on the disk that the product would use.
    pub fn fresh() -> std::io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = PathBuf::from(format!("data/bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Median and 99th percentile of writing 4 KiB and waiting until it is on the medium.
pub fn fsync_latency(folder: &std::path::Path, times: usize) -> std::io::Result<(Duration, Duration)> {
    let path = folder.join("fsync.probe");
    let mut file = std::fs::File::create(&path)?;
    let mut taken = Vec::with_capacity(times.max(1));
    for _ in 0..times.max(1) {
        let start = Stopwatch::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        taken.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path)?;
    taken.sort_unstable();
    Ok((taken[taken.len() / 2], taken[taken.len() * 99 / 100]))
}
