//! `cargo run -p allclear-fuzz -- [TARGET…] --seconds 600 --seed 7`: plays targets for a while. An input
//! that fails is written beside the others of the corpus and its path is printed.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use allclear_fuzz::{TARGETS, Target, play};
use clap::Parser;

/// Plays parsers with inputs that nobody would send.
#[derive(Debug, Parser)]
struct Args {
    /// Targets; all, if none is named.
    targets: Vec<String>,
    /// Seconds for each.
    #[arg(long, env = "SECONDS_EACH", default_value_t = 60)]
    seconds: u64,
    /// Where the mutations come from.
    #[arg(long, env = "SEED", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(unknown) = args.targets.iter().find(|name| TARGETS.iter().all(|target| target.name != **name)) {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("no target {unknown}; known: {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    let wanted = |target: &&Target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name);
    let failed = TARGETS.iter().filter(wanted).filter(|target| !played(target, &args)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a target held for its time.
fn played(target: &Target, args: &Args) -> bool {
    let until = Instant::now() + Duration::from_secs(args.seconds);
    match play::all(target, args.seed, |_| Instant::now() < until) {
        Ok(inputs) => {
            println!("{:<14} {inputs} inputs in {} s, seed {}: no finding", target.name, args.seconds, args.seed);
            true
        }
        Err(finding) => {
            let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(target.name);
            let path = folder.join(format!("found-{}-{}", args.seed, finding.input.len()));
            let kept = std::fs::write(&path, &finding.input).map_or_else(|e| e.to_string(), |()| path.display().to_string());
            println!("{:<14} FINDING: {}\n  {kept}", target.name, finding.said);
            false
        }
    }
}
