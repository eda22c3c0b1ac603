//! `cargo run -p allclear-sim -- --seed 7`: seeds in parallel, the first failure made short and printed
//! as a test. `ALLCLEAR_TEST_STORE` chooses PostgreSQL.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use allclear_sim::{
    Player, Summary, Way,
    failure::Failure,
    op::{Step, as_test},
    runtime,
    setting::Setting,
    shrink::shrink,
    workload::{Plan, steps},
};
use clap::Parser;

/// Plays seeded days against the real application and audits them.
#[derive(Debug, Parser)]
struct Args {
    /// The first seed; alone, just this one.
    #[arg(long, env = "SEED")]
    seed: Option<u64>,
    /// How many seeds.
    #[arg(long, env = "SEEDS")]
    seeds: Option<u64>,
    /// Days of a seed.
    #[arg(long, env = "DAYS", default_value_t = 1)]
    days: u64,
    /// Persons of the city.
    #[arg(long, env = "POPULATION", default_value_t = 600)]
    population: u64,
    /// Operations of a day, about.
    #[arg(long, env = "OPERATIONS", default_value_t = 160)]
    operations: usize,
    /// `all`, `none`, or some: forge, swap, lose, duplicate, reorder, delay, offline, skew, cut, crash, restart.
    #[arg(long, env = "FAULTS", default_value = "all")]
    faults: String,
    /// Seeds at once.
    #[arg(long, env = "THREADS", default_value_t = 4)]
    threads: usize,
    /// Go on after a failure: one sequence for each rule that fails.
    #[arg(long)]
    keep_going: bool,
    /// Print the steps of each seed.
    #[arg(long)]
    steps: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The first seed that failed for each rule, with its steps.
type Found = Mutex<BTreeMap<&'static str, (u64, Failure, Vec<Step>)>>;

fn run(args: &Args) -> Result<bool, String> {
    let set = runtime().block_on(Setting::make(args.population));
    let plan = Plan { operations: args.operations, days: args.days, people: set.people.len(), faults: Plan::faults_of(&args.faults)? };
    let first = args.seed.unwrap_or(1);
    let count = args.seeds.unwrap_or(if args.seed.is_some() { 1 } else { 20 });
    let (next, sum, found) = (AtomicU64::new(first), Mutex::new((0, Summary::default())), Found::default());
    let start = Instant::now();
    std::panic::set_hook(Box::new(|_| ()));
    std::thread::scope(|scope| {
        for _ in 0..args.threads.min(count as usize).max(1) {
            scope.spawn(|| play((&set, &plan), args, first + count, &next, &sum, &found));
        }
    });
    let (seeds, sum) = sum.into_inner().map_err(|e| e.to_string())?;
    print(&args.faults, seeds, &sum, start);
    let found = found.into_inner().map_err(|e| e.to_string())?;
    for (seed, failure, steps) in found.values() {
        report(&set, *seed, failure, steps);
    }
    Ok(found.is_empty())
}

/// Makes a failing sequence short and prints it as a test.
fn report(set: &Setting, seed: u64, failure: &Failure, steps: &[Step]) {
    println!("seed {seed} failed, {failure}");
    let (player, way) = (Player::new(set), Way { seed, ..Way::default() });
    let short = shrink(steps, |steps| player.play(steps, way).is_err_and(|again| again.rule == failure.rule));
    let again = player.play(&short, way).err().unwrap_or_else(|| failure.clone());
    println!("{} of {} steps are enough, {again}\n\n{}", short.len(), steps.len(), as_test(&format!("seed_{seed}"), again.rule, &short));
}

fn play((set, plan): (&Setting, &Plan), args: &Args, end: u64, next: &AtomicU64, sum: &Mutex<(u64, Summary)>, found: &Found) {
    let player = Player::new(set);
    loop {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if seed >= end || (!args.keep_going && found.lock().is_ok_and(|found| !found.is_empty())) {
            return;
        }
        let steps = steps(seed, plan);
        if args.steps {
            println!("seed {seed}: {steps:#?}");
        }
        match player.play(&steps, Way { seed, ..Way::default() }) {
            Ok(played) => {
                if let Ok(mut sum) = sum.lock() {
                    sum.0 += 1;
                    sum.1.add(&played);
                }
            }
            Err(failure) => {
                eprintln!("seed {seed}: {}", failure.rule);
                if let Ok(mut found) = found.lock() {
                    found.entry(failure.rule).or_insert((seed, failure, steps));
                }
            }
        }
    }
}

fn print(faults: &str, seeds: u64, sum: &Summary, start: Instant) {
    let engine = if std::env::var_os("ALLCLEAR_TEST_STORE").is_some() { "postgresql" } else { "sqlite" };
    let line = serde_json::json!({
        "engine": engine, "faults": faults, "seeds": seeds, "seconds": start.elapsed().as_secs(), "operations": sum.operations(),
        "requests": sum.requests, "unanswered": sum.unanswered, "store_faults": sum.faults, "crashes": sum.crashes,
        "restarts": sum.restarts, "audits": sum.audits, "bulk_releases": sum.jobs, "exceptions_waiting": sum.waiting, "ops": sum.ops,
    });
    println!("{line}");
}
