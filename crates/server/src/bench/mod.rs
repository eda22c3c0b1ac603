//! `allclear bench …`: what this machine does, always beside what its disk and its bare store do in
//! the same run, so that a reader sees how far from the physical limit we are.

pub mod bare;
pub mod collect;
pub mod import;
pub mod load;
pub mod lookup;
pub mod release;

use std::{
    io::Write,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant as Stopwatch},
};

use allclear_store::StoreConfig;
use axum::Router;

use crate::{app::AppState, boot, clock::SystemClock, demo, edge::routes};

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
    /// Opens `store` (which must be empty), seeds `population` people, and serves the product's
    /// routes and the two bare ones.
    pub async fn start(store: &StoreConfig, population: u64) -> Result<Self, BenchError> {
        let app = boot::application(store, &[7; 32], Arc::new(SystemClock), true).await?;
        demo::seed::seed(&app, population, 1).await.map_err(|e| BenchError::Setup(format!("{e:?}")))?;
        let (router, _, _) = routes::build(&app);
        let router: Router = router.merge(bare::routes(&app));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(boot::listen(listener, router));
        Ok(Self { app, address })
    }
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
        let path = PathBuf::from(format!("data/bench-{}", std::process::id()));
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
