//! `allclear demo replay`: 5 to 10 January 2022 through the public API, with simulated phones, boxes
//! and laboratories, so that the published figures come out; then a recount.

pub mod client;
pub mod labs;
pub mod phone;
pub mod play;
pub mod script;
pub mod tables;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use allclear_domain::kernel::time::Instant;
use allclear_store::StoreConfig;
use clap::Args as ClapArgs;

pub use client::ReplayError;
use client::Result;

use crate::{
    boot,
    clock::{Clock, ReplayClock},
    edge::routes,
};

/// Replays the reference case.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// How many times faster than it was; 0: as fast as this machine can.
    #[arg(long, default_value_t = 0.0)]
    speed: f64,
    /// A running demo, started with `--clock-from 2022-01-05T18:00:00+08:00 --clock-speed N` and the
    /// same N as `--speed`. Without it the replay runs a server of its own.
    #[arg(long)]
    server: Option<String>,
    /// Store of the replay's own server; it must be empty.
    #[arg(long, default_value = "data/replay.db")]
    store: String,
    /// Address of the replay's own server: open `/board/` there and watch.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// File of the master key.
    #[arg(long, default_value = "data/master.key")]
    key_file: PathBuf,
    /// Persons of the synthetic city; at least 47,720 of them live in the three zones.
    #[arg(long, env = "POPULATION", default_value_t = 60_000)]
    population: u64,
    /// Samples one person in so many: a quick look.
    #[arg(long, default_value_t = 1)]
    shrink: usize,
    /// One pool of ten in 石柱镇 is positive, and its members are sampled again one by one.
    #[arg(long)]
    positive: bool,
    /// Keeps its own server running after the replay, to look around.
    #[arg(long)]
    stay: bool,
}

/// How time goes on.
enum Pace {
    /// The replay moves the clock of its own server.
    Own { clock: Arc<ReplayClock>, speed: f64, begun: (Instant, tokio::time::Instant) },
    /// A server elsewhere has a fast clock.
    Server { speed: f64, begun: (Instant, tokio::time::Instant) },
}

impl Pace {
    fn now(&self) -> Instant {
        match self {
            Self::Own { clock, .. } => clock.now(),
            Self::Server { speed, begun } => begun.0.plus_seconds((begun.1.elapsed().as_secs_f64() * speed) as i64),
        }
    }

    async fn wait_until(&self, at: Instant) {
        let (speed, begun) = match self {
            Self::Own { speed, begun, .. } | Self::Server { speed, begun } => (*speed, begun),
        };
        if speed > 0.0 {
            let real = at.seconds_since(begun.0) as f64 / speed;
            tokio::time::sleep_until(begun.1 + Duration::from_secs_f64(real.max(0.0))).await;
        }
        if let Self::Own { clock, .. } = self {
            clock.move_to(at);
        }
    }
}

/// Runs the replay; an error if the figures do not come out.
pub async fn run(args: Args) -> Result<()> {
    let begins = script::china(script::BEGINS_AT);
    let begun = (begins, tokio::time::Instant::now());
    let plan = play::Plan { shrink: args.shrink.max(1), positive: args.positive };
    if let Some(server) = &args.server {
        let address = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        if args.speed <= 0.0 {
            return Err(ReplayError::Other("--server needs --speed, the same as the server's --clock-speed".into()));
        }
        return play::play(&address, &Pace::Server { speed: args.speed, begun }, &plan).await;
    }
    let clock = Arc::new(ReplayClock::at(begins));
    let other = |e: &dyn std::fmt::Display| ReplayError::Other(e.to_string());
    let master = boot::master_key(&args.key_file).map_err(|e| other(&e))?;
    let app = boot::application(&StoreConfig::parse(&args.store), &master, clock.clone(), true).await?;
    if app.store.read("replay", |tx| tx.count_accounts()).await? > 0 {
        return Err(ReplayError::Other(format!("{} is not empty: give another --store", args.store)));
    }
    println!("Making a city of {} people (about {} s) …", args.population, args.population / 20_000 + 1);
    super::seed::seed(&app, args.population, 2022).await.map_err(|e| ReplayError::Other(format!("{e:?}")))?;
    boot::start_jobs(&app).await?;
    let (router, _, _) = routes::build(&app);
    let listener = tokio::net::TcpListener::bind(args.listen).await?;
    println!("Watch http://{}/board/ (headquarters, {})", args.listen, super::PASSWORD);
    let serving = tokio::spawn(boot::listen(listener, router));
    let begun = (begins, tokio::time::Instant::now());
    let played = play::play(&args.listen.to_string(), &Pace::Own { clock, speed: args.speed, begun }, &plan).await;
    if args.stay {
        println!("The replay is over; the server stays until it is stopped.");
        let _ = serving.await;
    } else {
        serving.abort();
    }
    played
}
