//! `allclear bench missing`: how long a worker waits for a missing list, community by community,
//! beside an endpoint that does nothing and a wait for the disk.

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::queue::People,
};
use allclear_store::sampling::PersonCollectionRow;
use uuid::Uuid;

use super::{Bench, BenchError, Folder, fsync_latency, load, store_or_fresh};
use crate::{
    app::{App, Waiting as _},
    work,
};

/// Rows of one commit while the round is filled.
const ROWS: usize = 20_000;

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Persons in the city.
    #[arg(long, default_value_t = 100_000)]
    pub population: u64,
    /// Lists asked for, each of another community as far as there are.
    #[arg(long, default_value_t = 1000)]
    pub requests: usize,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
}

/// Every second person has given a swab: half the round is over.
async fn fill(app: &App, round: Id<Round>, site: Id<Site>, root: AreaCode, now: Instant) -> Result<usize, BenchError> {
    let people = app.store.read("bench_missing", move |tx| tx.person_numbers(root, 0)).await?;
    let numbers: Vec<i64> = people.into_iter().map(|(_, no)| no).step_by(2).collect();
    for step in numbers.chunks(ROWS) {
        let rows: Vec<PersonCollectionRow> = step
            .iter()
            .map(|no| PersonCollectionRow {
                person: PersonNo(*no),
                round,
                id: Id::new(Uuid::from_u128(*no as u128)),
                tube: "BENCH".into(),
                site,
                taken_at: now,
                valid: true,
            })
            .collect();
        app.store.run("bench_missing", move |tx| tx.put_person_collections(&rows)).await?;
    }
    Ok(numbers.len())
}

/// Runs the benchmark and prints its table.
pub async fn run(args: Args) -> Result<(), BenchError> {
    let folder = Folder::fresh()?;
    let bench = Bench::start(&store_or_fresh(args.store.as_deref(), folder.path()), args.population).await?;
    let setup = |what: &str| BenchError::Setup(what.into());
    work::drain(&bench.app).await.map_err(|e| BenchError::Setup(format!("{e:?}")))?;
    let plan = bench.app.plan();
    let round = plan.rounds.keys().next().copied().ok_or_else(|| setup("no round"))?;
    let site = plan.sites.keys().next().copied().ok_or_else(|| setup("no site"))?;
    let root = plan.areas.first().map(|area| area.code).ok_or_else(|| setup("no area"))?;
    let sampled = fill(&bench.app, round, site, root, bench.app.now()).await?;
    let token = bench.session("headquarters").await?;
    let villages: Vec<(AreaCode, People)> = bench.app.live.villages(round);
    println!("{} persons in {} communities, {sampled} of them sampled; one reader at a time", args.population, villages.len());
    let largest = villages.iter().map(|(_, people)| people.expected).max().unwrap_or(0);
    println!("largest community {largest} persons");
    let list = |code: &AreaCode| format!("/api/v1/rounds/{round}/missing?area={code}&limit=100");
    let communities: Vec<String> = villages.iter().map(|(code, _)| list(code)).collect();
    let mut towns: Vec<AreaCode> = villages.iter().filter_map(|(code, _)| code.at(Level::Town)).collect();
    towns.dedup();
    let rows = [
        ("do-nothing endpoint", vec!["/bench/nothing".to_owned()], args.requests),
        ("list of a community", communities, args.requests),
        ("list of a town", towns.iter().map(list).collect(), (args.requests / 20).max(towns.len())),
        ("how many, town by town", vec![format!("/api/v1/rounds/{round}/missing/areas?area={root}")], (args.requests / 10).max(1)),
        ("list of the whole county", vec![list(&root)], 5),
    ];
    for (name, paths, times) in rows {
        if paths.is_empty() {
            continue;
        }
        let requests = paths.iter().cycle().take(times).map(|path| load::request("GET", path, &token, "")).collect();
        let measured = load::play(bench.address, load::Good::Status, vec![requests])?;
        let (p50, p99) = (measured.quantile(0.5), measured.quantile(0.99));
        println!("{name:<26} {times:>6} times  p50 {p50:>9.2?}  p99 {p99:>9.2?}  refused {}", measured.other);
    }
    let (fsync, fsync_99) = fsync_latency(folder.path(), 200)?;
    println!("{:<26} {:>6} times  p50 {fsync:>9.2?}  p99 {fsync_99:>9.2?}", "fsync of 4 KiB", 200);
    Ok(())
}
