//! `cargo xtask <gen|golden|sim|tidy>`: the one entry for what is done to the source tree. `make` only calls it.
//!
//! To extend: a function here for a command, a function in [`tidy`] for a rule.

mod generate;
mod tidy;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

type Outcome = Result<(), String>;

const USAGE: &str = "cargo xtask <command>
  gen      rewrite contract/, the web client and the index of screenshots
  golden   run the tests so that they rewrite their golden files
  sim      the simulation: SEEDS=20 seeds, or SEED=7 again; further words go to it (--days 3)
  tidy     the house rules that no compiler checks (also a test)";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let outcome = match command.as_str() {
        "gen" => generate::run(),
        "golden" => golden(),
        "sim" => {
            let more: Vec<String> = std::env::args().skip(2).collect();
            let more: Vec<&str> = more.iter().map(String::as_str).collect();
            cargo(&[&["run", "--quiet", "--package", "allclear-sim", "--"], more.as_slice()].concat(), &[])
        }
        "tidy" => tidy::run(&root()),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the source tree.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Snapshots are insta's. The schema has one for each engine, so that its test also runs on PostgreSQL.
fn golden() -> Outcome {
    cargo(&["test", "--workspace", "--quiet"], &[("INSTA_UPDATE", "always")])?;
    let schema = ["cargo", "test", "--quiet", "-p", "allclear-server", "--test", "it", "operate::schema"];
    shell(Command::new("scripts/with-postgres").args(schema).env("INSTA_UPDATE", "always"))?;
    shell(Command::new("git").args(["status", "--short", "--", "*.snap", "contract"]))
}

fn cargo(args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    shell(Command::new(program).args(args).envs(env.iter().copied()))
}

fn shell(command: &mut Command) -> Outcome {
    let status = command.current_dir(root()).status().map_err(|e| format!("{command:?} did not start: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed")) }
}
