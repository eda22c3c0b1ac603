//! `allclear bench growth`: what one operation costs on a store of a given size. One run is one row of a
//! table: run it at 10,000, 100,000, 1,000,000 and compare (`scripts/bench` does, on both engines).
//!
//! A row is a person and a swab of theirs, so a store of a million rows has a million persons, a million
//! collections, a hundred thousand tubes, and the followers' rows beside them.

use std::time::Instant;

use allclear_domain::kernel::area::AreaCode;

use super::{
    Bench, BenchError, Folder, collect,
    load::{self, Good, Measured},
    lookup, problem,
    report::{Floor, Report, micros},
    store_or_fresh,
};
use crate::{
    app::Waiting as _,
    live::{Live, recount},
    plan::Plans,
};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Persons of the city, each sampled once.
    #[arg(long, default_value_t = 100_000)]
    pub rows: u64,
    /// Requests of each kind, one after another.
    #[arg(long, default_value_t = 2000)]
    pub requests: usize,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Swabs that are made in one go while the store is filled: what waits in memory.
const STEP: usize = 50_000;

/// Runs the benchmark; prints and answers its figures.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("growth", args.json);
    let folder = Folder::fresh()?;
    report.progress(&format!("seeding {} people", args.rows));
    let bench = Bench::start(&store_or_fresh(args.store.as_deref(), folder.path()), args.rows).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 200)?;
    report.add("rows", args.rows as f64, "", Floor::None, "persons, and as many swabs");
    fill(&bench, &mut report, args.rows as usize).await?;
    bench.catch_up(&mut report, "the store is filled").await?;
    ask(&bench, &mut report, &args).await?;
    fold(&bench, &mut report, args.rows).await?;
    memory(&mut report);
    report.print()?;
    Ok(report)
}

/// Swabs everybody once, as phones send them; the last step tells what a row costs now.
async fn fill(bench: &Bench, report: &mut Report, rows: usize) -> Result<(), BenchError> {
    let mut maker = collect::maker(bench).await?;
    maker.begin(bench, rows).await?;
    let tokens = collect::tokens(bench, 1).await?;
    let mut left = rows;
    while left > 0 {
        let step = left.min(STEP);
        left -= step;
        report.progress(&format!("{left} swabs to come"));
        let bodies = collect::bodies(bench, &maker.commands(step));
        let requests = bodies.iter().map(|body| load::request("POST", "/api/v1/sync", &tokens[0], body)).collect();
        let sent = load::play(bench.address, Good::Recorded(collect::BATCH as u64), vec![requests])?;
        if sent.good < step as u64 {
            return Err(BenchError::Setup(format!("{} of {step} swabs were recorded", sent.good)));
        }
        if left == 0 {
            let note = format!("the last {step}, batches of 100 on one connection");
            report.add("register a row", 1e6 / sent.rate(), "us", Floor::None, note);
        }
    }
    Ok(())
}

/// Look-ups and lists over HTTP, one at a time: time each, not rate.
async fn ask(bench: &Bench, report: &mut Report, args: &Args) -> Result<(), BenchError> {
    let requests = args.requests;
    let token = bench.session("headquarters").await?;
    let play = |requests: Vec<Vec<u8>>| -> Result<Measured, BenchError> { Ok(load::play(bench.address, Good::Status, vec![requests])?) };
    let time = |report: &mut Report, name: String, measured: &Measured| {
        let note = format!("not good {}, p99 {:.2?}", measured.other, measured.quantile(0.99));
        report.add(name, micros(measured.quantile(0.5)), "us", Floor::None, note);
    };
    let nothing = play(vec![load::request("GET", "/bench/nothing", &token, ""); requests])?;
    time(report, "do-nothing JSON endpoint, p50".into(), &nothing);
    let picked = lookup::picked(bench).await?;
    for (kind, text) in lookup::kinds() {
        let body = |p: &lookup::Picked| text(p).map(|text| serde_json::json!({ "text": text }).to_string());
        let bodies: Vec<String> = picked.iter().filter_map(body).collect();
        let asked = bodies.iter().cycle().take(requests).map(|body| load::request("POST", "/api/v1/people/search", &token, body));
        time(report, format!("a person by {kind}, p50"), &play(asked.collect())?);
    }
    let tube = |n: u32| load::request("GET", &format!("/api/v1/trace/tube/{}", code(n)), &token, "");
    // Spread over the store, so that no page of it is always the one in memory.
    let tubes = (args.rows / 10).max(1) as u32;
    let ways = (0..requests as u32).map(|n| tube(n.wrapping_mul(2_654_435_761) % tubes + 1));
    time(report, "the way of a tube, p50".into(), &play(ways.collect())?);
    let round = bench.app.plan().rounds.keys().max().copied().ok_or_else(|| BenchError::Setup("no round".into()))?;
    let villages: Vec<AreaCode> = bench.app.live.villages(round).iter().map(|(code, _)| *code).collect();
    let list = |code: &AreaCode| load::request("GET", &format!("/api/v1/rounds/{round}/missing?area={code}&limit=100"), &token, "");
    let lists: Vec<_> = villages.iter().cycle().take(requests.min(villages.len() * 4)).map(list).collect();
    time(report, "missing list of a community, p50".into(), &play(lists)?);
    Ok(())
}

fn code(serial: u32) -> String {
    allclear_domain::kernel::code::TubeCode::from_serial(serial).as_str().to_owned()
}

/// What a node does when it starts, and what the recount costs.
async fn fold(bench: &Bench, report: &mut Report, rows: u64) -> Result<(), BenchError> {
    let start = Instant::now();
    let (plans, live) = (Plans::load(&bench.app.store).await?, Live::load(&bench.app.store).await?);
    let taken = start.elapsed();
    drop((plans, live));
    report.add(
        "start-up: plan and live counts",
        taken.as_secs_f64(),
        "s",
        Floor::Most(2.0),
        "from the stored counts and the changes since",
    );
    let start = Instant::now();
    let recount = recount::compare(&bench.app).await.map_err(|e| problem(&e))?;
    let taken = start.elapsed();
    let note = format!("{} figures, {} differ, {:.2} us a row", recount.compared, recount.different, micros(taken) / rows as f64);
    report.add("recount", taken.as_secs_f64(), "s", Floor::None, note);
    Ok(())
}

/// What the process holds now, and held at most (Linux; nothing elsewhere).
fn memory(report: &mut Report) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (field, name) in [("VmRSS:", "memory, resident"), ("VmHWM:", "memory, at most")] {
        let kib = status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse::<f64>().ok());
        if let Some(kib) = kib {
            report.add(name, kib / 1024.0, "MiB", Floor::Most(1024.0), "server and load generator in one process");
        }
    }
}
