//! `allclear demo replay`: 5 to 10 January 2022 through the public API, with simulated phones, boxes
//! and laboratories, so that the published figures come out; then a recount.

pub mod check;
pub mod client;
pub mod labs;
mod pace;
pub mod phone;
pub mod play;
pub mod script;
pub mod tables;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use allclear_store::StoreConfig;
use clap::Args as ClapArgs;

pub use check::Outcome;
pub use client::ReplayError;
use client::Result;
use pace::{Pace, Server};
pub use play::Plan;

use crate::{boot, clock::ReplayClock, edge::routes};

/// Replays the reference case.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// How many times faster than it was, on a server of the replay's own; 0: as fast as this machine
    /// can. A server elsewhere has its own speed.
    #[arg(long, default_value_t = 0.0, value_parser = speed)]
    speed: f64,
    /// A running demo with a fast clock of that time: `CLOCK=reference make run`. Without it the
    /// replay runs a server of its own.
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
    /// Persons of the synthetic city. The published figures need all; a smaller city gives a share of them.
    #[arg(long, env = "POPULATION", default_value_t = script::WHOLE_CITY)]
    population: u64,
    /// Samples one person in so many; as many as the city is smaller than the real one, if absent.
    #[arg(long)]
    shrink: Option<usize>,
    /// One pool of ten in 石柱镇 is positive, and its members are sampled again one by one.
    #[arg(long)]
    positive: bool,
    /// Keeps its own server running after the replay, to look around.
    #[arg(long)]
    stay: bool,
}

/// Reads a speed: a number that is not negative.
pub fn speed(text: &str) -> std::result::Result<f64, String> {
    text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).ok_or_else(|| "a number that is not negative".into())
}

/// A server of the replay's own.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its store, which must be empty.
    pub store: StoreConfig,
    /// Its master key.
    pub master: [u8; 32],
    /// Where it listens.
    pub listen: SocketAddr,
    /// Persons of its city.
    pub population: u64,
    /// How fast the clock goes; 0: from event to event.
    pub speed: f64,
    /// Whether it goes on after the replay.
    pub stay: bool,
}

/// Runs the replay from the command line; an error if the figures do not come out.
pub async fn run(args: Args) -> Result<()> {
    let plan = Plan { shrink: args.shrink, positive: args.positive };
    if let Some(server) = &args.server {
        let address = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let pace = Pace::Server(Server::meet(&address).await?);
        return play::play(&address, &pace, &plan).await.map(drop);
    }
    let master = boot::master_key(&args.key_file).map_err(|e| ReplayError::Other(e.to_string()))?;
    let (listen, population, speed, stay) = (args.listen, args.population, args.speed, args.stay);
    let own = Own { store: StoreConfig::parse(&args.store), master, listen, population, speed, stay };
    on_own_server(own, &plan).await.map(drop)
}

/// Plays on a server of the replay's own; answers what was checked.
pub async fn on_own_server(own: Own, plan: &Plan) -> Result<Outcome> {
    let begins = script::china(script::BEGINS_AT);
    let clock = Arc::new(ReplayClock::at(begins));
    let app = boot::application(&own.store, &own.master, clock.clone(), true).await?;
    if app.store.read("replay", |tx| tx.count_accounts()).await? > 0 {
        return Err(ReplayError::Other("the store is not empty: give another --store".into()));
    }
    println!("Making a city of {} people (about {} s) …", own.population, own.population / 20_000 + 1);
    super::seed::seed(&app, own.population, 2022).await.map_err(|e| ReplayError::Other(format!("{e:?}")))?;
    boot::start_jobs(&app).await?;
    let (router, _, _) = routes::build(&app);
    let listener = tokio::net::TcpListener::bind(own.listen).await?;
    let address = listener.local_addr()?;
    println!("Watch http://{address}/board/ (headquarters, {})", super::PASSWORD);
    let serving = tokio::spawn(boot::listen(listener, router, std::sync::Arc::clone(&app.metrics)));
    let begun = (begins, tokio::time::Instant::now());
    let pace = Pace::Own { app, clock, speed: own.speed, begun };
    let played = play::play(&address.to_string(), &pace, plan).await;
    if own.stay {
        if let Err(error) = &played {
            eprintln!("{error}");
        }
        println!("The replay is over; the server stays until it is stopped.");
        let _ = serving.await;
    } else {
        serving.abort();
    }
    played
}
