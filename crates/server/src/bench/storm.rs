//! `allclear bench storm`: a retry storm. Clients that give up after a second and send the same again at once offer five
//! times what the server can do; what is answered in time is held against the peak without a storm, in one run.

use std::time::Duration;

use super::{
    Bench, BenchError, Folder, collect,
    crowd::{self, Manner, Outbox},
    load,
    report::{Floor, Report},
    store_or_fresh,
};
use crate::clock::rfc3339;

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Seconds of the peak, and of each storm.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Clients of the storm, each with a connection of its own.
    #[arg(long, default_value_t = 2_000)]
    pub clients: usize,
    /// Clients that find the peak: each sends when it was answered.
    #[arg(long, default_value_t = 64)]
    pub peak_clients: usize,
    /// Swabs of one request: what a phone has kept.
    #[arg(long, default_value_t = 20)]
    pub batch: usize,
    /// How many times the peak is offered.
    #[arg(long, default_value_t = 5.0)]
    pub offered: f64,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// People of the city.
    #[arg(long, default_value_t = 100_000)]
    pub population: u64,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Requests a second that the peak is made ready for.
const PEAK_MOST: usize = 6_000;

/// Runs the benchmark; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("storm", args.json);
    let folder = Folder::fresh()?;
    let store = store_or_fresh(args.store.as_deref(), folder.path());
    report.progress(&format!("seeding {} people", args.population));
    let bench = Bench::start(&store, args.population).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 200)?;
    let mut maker = collect::maker(&bench).await?;
    let tokens = collect::tokens(&bench, 64).await?;
    let lasts = Duration::from_secs(args.seconds);
    let calm = Manner { clients: args.peak_clients, every: Duration::ZERO, obeys: true, lasts };
    let ready = PEAK_MOST * usize::try_from(args.seconds).unwrap_or(1);
    let found =
        crowd::play(bench.address, requests(&bench, &mut maker, &tokens, ready.min(ready_for(&args)), args.batch).await?, calm).await?;
    let peak = found.rate();
    report.add("peak without a storm", peak, "/s", Floor::None, format!("requests of {} swabs; {}", args.batch, found.note()));
    bench.catch_up(&mut report, "the peak").await?;
    let every = Duration::from_secs_f64(args.clients as f64 / (peak * args.offered).max(1.0));
    let enough = (peak * 1.3) as usize * usize::try_from(args.seconds).unwrap_or(1) + args.clients;
    for (name, obeys) in [("storm", true), ("storm that obeys nothing", false)] {
        let storm = Manner { clients: args.clients, every, obeys, lasts };
        let outbox = requests(&bench, &mut maker, &tokens, enough, args.batch).await?;
        let tally = crowd::play(bench.address, outbox, storm).await?;
        let p99 = tally.p99();
        let (least, most) = if obeys { (Floor::Least(0.8), Floor::Most(1000.0)) } else { (Floor::None, Floor::None) };
        report.add(format!("goodput, {name}"), tally.rate(), "/s", Floor::None, tally.note());
        report.add(format!("goodput / peak, {name}"), tally.rate() / peak, "", least, "");
        report.add(
            format!("admitted writes, {name}, p99"),
            p99.as_secs_f64() * 1e3,
            "ms",
            most,
            "of those not told to come again; one that was given up counts with its wait",
        );
        bench.catch_up(&mut report, name).await?;
    }
    report.print()?;
    Ok(report)
}

/// A run at a small size makes no more than it can send.
fn ready_for(args: &Args) -> usize {
    usize::try_from(args.population).unwrap_or(usize::MAX).saturating_mul(20) / args.batch.max(1)
}

/// Prepared requests, each of a phone of its own as far as there are phones.
pub(crate) async fn requests(
    bench: &Bench,
    maker: &mut collect::Maker,
    tokens: &[String],
    count: usize,
    batch: usize,
) -> Result<Outbox, BenchError> {
    maker.begin(bench, count * batch).await?;
    let commands = maker.commands(count * batch);
    let sent_at = rfc3339(bench.app.now());
    let requests: Vec<Vec<u8>> = commands
        .chunks(batch)
        .zip(tokens.iter().cycle())
        .map(|(commands, token)| {
            let body = allclear_wire::sync::SyncRequest { sent_at: sent_at.clone(), commands: commands.to_vec() };
            load::request("POST", "/api/v1/sync", token, &serde_json::to_string(&body).unwrap_or_default())
        })
        .collect();
    Ok(Outbox::once(requests))
}
