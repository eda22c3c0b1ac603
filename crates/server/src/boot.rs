//! Starting up, readable as a recipe.

use std::{
    net::SocketAddr,
    path::Path,
    str::FromStr,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use allclear_store::{Store, StoreConfig, StoreError};
use axum::Router;

use crate::{
    accounts::{callers::Callers, ops},
    app::{App, AppState},
    clock::{Clock, FastClock, Ids, SystemClock},
    config::{Config, ConfigError, server::Modes},
    demo,
    edge::{admission::Admission, problem::Problem, routes},
    lab, leases,
    live::Live,
    operate::{
        connections::{self, Doors},
        metrics::Metrics,
        proxy,
        pulse::Pulse,
        serving::{Open, Origin},
        traces::Traces,
    },
    people::{self, uploads::Uploads},
    plan::{self, Plans},
    rehearse,
    sampling::batch::Batcher,
    seen::Seen,
    work,
};

/// What a server is started with.
pub struct Options {
    /// Its configuration.
    pub config: Config,
    /// Where the configuration came from.
    pub origin: Origin,
    /// Population of the demo city; none outside the demo.
    pub demo: Option<u64>,
    /// A clock of another time, and how fast it goes: the demo of a past day.
    pub clock: Option<(Instant, f64)>,
    /// Whether cookies are always bound to TLS, also where no proxy says that it ended one.
    pub secure_cookies: bool,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key file.
    #[error("the key file {path}: {what}")]
    Key {
        /// Its path.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address.
    #[error("cannot listen at {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate.
    #[error("the certificate: {0}")]
    Certificate(String),
    /// The log.
    #[error("{0}")]
    Log(String),
    /// Seeding the demo.
    #[error("the demo city: {0:?}")]
    Demo(Problem),
}

/// Reads the master key, or makes one that only this user can read.
pub fn master_key(path: &Path) -> Result<[u8; 32], StartError> {
    let wrong = |what: String| StartError::Key { path: path.display().to_string(), what };
    match std::fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| wrong("not 32 bytes".into())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let fresh: [u8; 32] = Keys::from_master(&[0; 32]).random();
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|e| wrong(e.to_string()))?;
            }
            write_private(path, &fresh).map_err(|e| wrong(e.to_string()))?;
            Ok(fresh)
        }
        Err(e) => Err(wrong(e.to_string())),
    }
}

/// Reads the master key; what only looks never makes one.
pub fn existing_master_key(path: &Path) -> Result<[u8; 32], StartError> {
    if path.exists() {
        return master_key(path);
    }
    Err(StartError::Key { path: path.display().to_string(), what: "does not exist".into() })
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Opens the store and puts the application together.
pub async fn application(config: &StoreConfig, master: &[u8; 32], clock: Arc<dyn Clock>, demo: bool) -> Result<AppState, StoreError> {
    let keys = Arc::new(Keys::from_master(master));
    let store = Store::open(config, Arc::clone(&keys)).await?;
    application_on(store, keys, clock, demo).await
}

/// The application on an open store.
pub async fn application_on(store: Store, keys: Arc<Keys>, clock: Arc<dyn Clock>, demo: bool) -> Result<AppState, StoreError> {
    let plans = Arc::new(Plans::load(&store).await?);
    let ids = Ids::new(Arc::clone(&keys));
    let live = Arc::new(Live::load(&store).await?);
    let metrics = Arc::new(Metrics::default());
    let node = leases::holder(&store, &ids, clock.now());
    let field = Batcher::start(store.clone(), ids.clone(), live.clone(), Arc::clone(&plans), Arc::clone(&metrics));
    Ok(Arc::new(App {
        store,
        node,
        clock,
        ids,
        keys,
        callers: Callers::default(),
        plans,
        field,
        live,
        admission: Admission::default(),
        gauge: Mutex::default(),
        metrics,
        traces: Traces::default(),
        pulse: Pulse::default(),
        seen: Seen::default(),
        uploads: Uploads::default(),
        releasing: lab::jobs::Releasing::default(),
        demo,
        rehearsal: OnceLock::new(),
        modes_by_order: AtomicBool::new(false),
        secure_cookies: AtomicBool::new(false),
    }))
}

/// Settles what the last process left in the middle, before anything goes on.
pub async fn take_up(app: &AppState) -> Result<(), StoreError> {
    people::jobs::take_up(app).await
}

/// Starts what goes on by itself: followers, clocks, jobs.
pub async fn start_jobs(app: &AppState) -> Result<(), StoreError> {
    take_up(app).await?;
    lab::jobs::start(app);
    people::jobs::start(app);
    work::start(app);
    tokio::spawn(plan::follow(Arc::clone(app)));
    Ok(())
}

/// Runs until the process is told to stop.
pub async fn serve(options: Options) -> Result<(), StartError> {
    let config = &options.config;
    let master = master_key(&config.store.key_file)?;
    let fast = options.clock.map(|(from, speed)| Arc::new(FastClock::new(from, speed)));
    let clock: Arc<dyn Clock> = match &fast {
        Some(fast) => Arc::clone(fast) as Arc<dyn Clock>,
        None => Arc::new(SystemClock),
    };
    let app = application(&config.store.config()?, &master, clock, options.demo.is_some()).await?;
    app.rehearsal.get_or_init(|| rehearse::kept::file(&config.store.key_file));
    app.modes_by_order.store(config.server.modes == Modes::Ordered, Ordering::Relaxed);
    // With its own certificate there is no way in but TLS.
    app.secure_cookies.store(options.secure_cookies || config.tls.files().is_some(), Ordering::Relaxed);
    if let Some(population) = options.demo {
        println!(
            "The demo city: {population} people; a first start makes them (about {} s), a later one finds them.",
            population / 20_000 + 1
        );
        demo::seed::seed(&app, population, 2022).await.map_err(StartError::Demo)?;
    }
    start_jobs(&app).await?;
    let (router, _, _) = routes::build(&app);
    let open = Open::start(&app, config).await?;
    announce(&app, &open.base()).await;
    if let Some(fast) = fast {
        fast.start();
    }
    open.serve(&app, config, router, options.origin).await
}

/// Serves `router` to clients of this machine until the process is told to stop: benchmarks and replays.
pub async fn listen(listener: tokio::net::TcpListener, router: Router, metrics: Arc<Metrics>) {
    use axum::serve::ListenerExt;
    // Small answers go out at once: Nagle's algorithm would hold them for the client's next packet.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let local = proxy::Network::from_str("127.0.0.0/8").into_iter().collect();
    connections::serve(listener, router, Arc::new(Doors::new(Arc::new(local), metrics)), stopped()).await;
}

/// Ends when the process is told to stop.
pub async fn stopped() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

/// Says on the terminal where to go next: demo accounts, or the first administrator's link.
async fn announce(app: &App, base: &str) {
    println!("Allclear is at {base}");
    if app.demo {
        println!("Demo accounts, password {}:", demo::PASSWORD);
        for account in &demo::ACCOUNTS {
            println!("  {:<13} {}", account.name, account.display_name);
        }
        return;
    }
    let empty = app.store.read("announce", |tx| tx.count_accounts()).await;
    if matches!(empty, Ok(0))
        && let Ok((code, _)) = ops::one_time_code(app, ops::Purpose::Setup, None, "first administrator".into()).await
    {
        println!("First administrator, once, within 15 minutes: {base}/desk/#/setup?code={code}");
    }
}
