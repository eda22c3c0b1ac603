//! `allclear rehearse`: plays the worst minutes of an order against a copy of the product on this machine, with a synthetic
//! city in a store of its own, and says the largest city that it would carry and what gives first. Bounded: a fixed number
//! of steps, each of some seconds, from clients of this process.

pub mod kept;
pub mod order;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use self::{
    kept::Kept,
    order::{Load, Order},
};
use crate::{
    bench::{
        Bench, BenchError, Folder, collect,
        crowd::{self, Manner, Outbox, Tally},
        lookup,
        report::{Floor, Report},
        store_or_fresh, storm,
    },
    clock::{Clock, SystemClock},
};

/// What to rehearse.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Persons of the city that the order is for.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..=200_000_000))]
    pub city: u64,
    /// The order: "all sampled by 20:00".
    #[arg(long, value_parser = Order::parse)]
    pub order: Order,
    /// Seconds of each step.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: u64,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// People of the synthetic city: more change nothing but the time it takes to make them.
    #[arg(long, default_value_t = 50_000)]
    pub population: u64,
    /// The master key of the server whose order page shows the outcome; it is kept beside it.
    #[arg(long)]
    pub key_file: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Steps at most: five to find the bounds, three between them.
const STEPS: usize = 8;
/// Swabs of one request: what a phone sends at a table on a usual network.
const BATCH: usize = 5;
/// Clients of a kind at most.
const CLIENTS_MAX: usize = 1_000;
/// A share of the requests that must be answered within a second, and followers that must be at the end so soon after.
const ANSWERED: f64 = 0.98;
const FRESH: Duration = Duration::from_secs(2);

/// Runs it; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("rehearse", args.json);
    let folder = Folder::fresh()?;
    report.progress(&format!("making a city of {} people in a store of its own", args.population));
    let bench = Bench::start(&store_or_fresh(args.store.as_deref(), folder.path()), args.population).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 200)?;
    let mut stage = Stage::set(&bench, Duration::from_secs(args.seconds)).await?;
    let found = search(&mut stage, &args, &mut report).await?;
    let carried = args.order.city(found.carried);
    report.add("largest city for this order", carried, "", Floor::None, "persons");
    report.add("headroom for the city given", carried / args.city as f64, "", Floor::Least(1.0), format!("{} persons", args.city));
    let gives = found.gives.map_or("nothing gave in the steps that were played", Gives::words);
    report.add("swabs a second carried", found.carried, "/s", Floor::None, format!("gives first: {gives}"));
    if let Some(key_file) = &args.key_file {
        let kept = Kept { at: SystemClock.now().0, swabs_per_second: found.carried, gives: found.gives.map(|g| g.code().to_owned()) };
        kept::write(&kept::file(key_file), &kept)?;
    }
    report.print()?;
    Ok(report)
}

/// What does not hold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    Swabs,
    OwnResults,
    Screens,
}

impl Gives {
    const fn code(self) -> &'static str {
        match self {
            Self::Swabs => "swabs",
            Self::OwnResults => "own_results",
            Self::Screens => "screens",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Swabs => "swabs wait longer than a second, or are turned away",
            Self::OwnResults => "residents wait longer than a second for their own result",
            Self::Screens => "screens and histories are more than two seconds behind",
        }
    }
}

/// The most that held, and what gave beyond it.
struct Found {
    carried: f64,
    gives: Option<Gives>,
}

/// Doubles or halves from the city given until a step holds and the next does not, then looks between them.
async fn search(stage: &mut Stage<'_>, args: &Args, report: &mut Report) -> Result<Found, BenchError> {
    let (mut held, mut broke): (Option<f64>, Option<(f64, Gives)>) = (None, None);
    let mut share = 1.0;
    for step in 1..=STEPS {
        let load = args.order.load(args.city as f64 * share);
        report.progress(&format!("step {step}: {:.0} swabs, {:.0} looks a second, {} screens", load.swabs, load.looks, load.screens));
        let (gives, note) = stage.play(load).await?;
        let verdict = gives.map_or("holds", Gives::words);
        report.add(
            format!("step {step}: {:.0} persons", args.city as f64 * share),
            load.swabs,
            "/s",
            Floor::None,
            format!("{verdict}; {note}"),
        );
        match gives {
            None => held = Some(share),
            Some(gives) => broke = Some((share, gives)),
        }
        share = match (held, broke) {
            (Some(held), Some((broke, _))) => f64::midpoint(held, broke),
            (Some(held), None) => held * 2.0,
            (None, Some((broke, _))) => broke / 2.0,
            (None, None) => break,
        };
    }
    let carried = args.order.load(args.city as f64 * held.unwrap_or(0.0)).swabs;
    Ok(Found { carried, gives: broke.map(|(_, gives)| gives) })
}

/// A server with people who come.
struct Stage<'a> {
    bench: &'a Bench,
    maker: collect::Maker,
    tokens: Vec<String>,
    pages: Vec<Vec<u8>>,
    screen: Vec<u8>,
    lasts: Duration,
}

impl<'a> Stage<'a> {
    async fn set(bench: &'a Bench, lasts: Duration) -> Result<Self, BenchError> {
        let (pages, screen) = lookup::looks(bench).await?;
        Ok(Self { bench, maker: collect::maker(bench).await?, tokens: collect::tokens(bench, 64).await?, pages, screen, lasts })
    }

    /// One step: phones, residents and screens at once; what gives, if something does.
    async fn play(&mut self, load: Load) -> Result<(Option<Gives>, String), BenchError> {
        let sends = load.swabs / BATCH as f64;
        let count = (sends * self.lasts.as_secs_f64() * 1.2) as usize + 16;
        let outbox = storm::requests(self.bench, &mut self.maker, &self.tokens, count, BATCH).await?;
        let screens: Vec<_> =
            (0..load.screens.min(CLIENTS_MAX)).map(|_| tokio::spawn(watch(self.bench.address, self.screen.clone()))).collect();
        let (phones, residents) = tokio::join!(
            crowd::play(self.bench.address, outbox, self.manner(sends)),
            crowd::play(self.bench.address, Outbox::again(self.pages.clone()), self.manner(load.looks)),
        );
        screens.iter().for_each(tokio::task::JoinHandle::abort);
        let (phones, residents) = (phones?, residents?);
        let began = Instant::now();
        while self.bench.behind().await? > 0 && began.elapsed() < self.lasts {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let late = began.elapsed();
        let note = format!(
            "swabs p99 {:.0?}, own results p99 {:.0?}, screens {:.0?} behind; {}",
            phones.p99(),
            residents.p99(),
            late,
            phones.note()
        );
        let gives = if !answered(&phones) {
            Some(Gives::Swabs)
        } else if !answered(&residents) {
            Some(Gives::OwnResults)
        } else if late > FRESH {
            Some(Gives::Screens)
        } else {
            None
        };
        Ok((gives, note))
    }

    /// So many requests a second from clients who each send some a second.
    fn manner(&self, per_second: f64) -> Manner {
        let clients = (per_second.ceil() as usize).clamp(4, CLIENTS_MAX);
        let every = Duration::from_secs_f64(clients as f64 / per_second.max(0.1));
        Manner { clients, every, obeys: true, lasts: self.lasts }
    }
}

/// Whether enough of what was asked was answered within a second. A request that was on its way when the time was up counts
/// for neither.
fn answered(tally: &Tally) -> bool {
    let failed = tally.shed + tally.gave_up + tally.other + tally.broken;
    failed as f64 <= (1.0 - ANSWERED) * (tally.good + failed) as f64
}

/// A screen that takes every frame until it is told to stop.
async fn watch(address: std::net::SocketAddr, request: Vec<u8>) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&request).await?;
    let mut frame = vec![0; 64 * 1024];
    while stream.read(&mut frame).await? > 0 {}
    Ok(())
}
