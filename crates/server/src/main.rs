//! The command line of Allclear.

use std::process::ExitCode;

use allclear_server::{bench, commands, config::Config, demo, live, operate::log, print, rehearse};
use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A city's outbreak response in one program.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Labels(print::cli::Labels),
    /// Runs the server.
    Serve(commands::serve::Args),
    /// Checks or prints the configuration.
    #[command(subcommand)]
    Config(commands::config::Command),
    /// Makes a link for an administrator who lost the password, on the server's own machine (SQLite: with the server stopped).
    Administrator(commands::administrator::Args),
    /// Writes a backup of one consistent moment, while the server may run.
    Backup(commands::backup::Args),
    /// Puts a backup where no store is, and counts that everything has arrived.
    Restore(commands::restore::Args),
    /// Looks at store, disk, clock, key, certificate, followers, jobs and devices; says what to do.
    Doctor(commands::doctor::Args),
    /// Brings the store's schema up to this program, or tries it on a copy.
    Migrate(commands::migrate::Args),
    /// Moves a stopped server's SQLite file into an empty PostgreSQL database, and recounts it there.
    Move(commands::transfer::Args),
    /// Compares what the screens show with a recount of the records; exits 1 if anything differs.
    Recount(live::recount::cli::Args),
    /// The demo.
    #[command(subcommand)]
    Demo(DemoCommand),
    /// Makes a synthetic city: as a file, or into a store.
    City(demo::make::Args),
    /// Plays the worst minutes of an order against a city of its own and says what this machine would carry.
    Rehearse(rehearse::Args),
    /// Measures this machine.
    #[command(subcommand)]
    Bench(BenchCommand),
}

#[derive(Subcommand)]
enum DemoCommand {
    /// Plays 5 to 10 January 2022 through the public API and checks the published figures.
    Replay(demo::replay::Args),
}

#[derive(Subcommand)]
enum BenchCommand {
    /// Registrations, one by one and in batches.
    Collect(bench::collect::Args),
    /// What one operation costs on a store of a given size.
    Growth(bench::growth::Args),
    /// A register from file to store, and searches over it.
    Import(bench::import::Args),
    /// Look-ups.
    Lookup(bench::lookup::Args),
    /// How long a missing list takes, community by community.
    Missing(bench::missing::Args),
    /// Bulk release of negatives down to each person's report, beside the bare store.
    Release(bench::release::Args),
    /// A retry storm: five times the peak from clients without patience.
    Storm(bench::storm::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse().command;
    // The server begins its log when it has read its configuration.
    if !matches!(command, Command::Serve(_))
        && let Err(error) = Config::of_process(None, &[]).map_err(|e| e.to_string()).and_then(|config| log::start(&config.log))
    {
        eprintln!("allclear: {error}");
        return ExitCode::FAILURE;
    }
    let done: Result<(), Box<dyn std::error::Error>> = match command {
        Command::Labels(labels) => labels.run().await,
        Command::Serve(args) => commands::serve::run(args).await.map_err(Into::into),
        Command::Config(command) => commands::config::run(command).map_err(Into::into),
        Command::Administrator(args) => commands::administrator::run(args).await.map_err(Into::into),
        Command::Backup(args) => commands::backup::run(args).await.map_err(Into::into),
        Command::Restore(args) => commands::restore::run(args).await.map_err(Into::into),
        Command::Doctor(args) => return commands::doctor::run(args).await,
        Command::Migrate(args) => commands::migrate::run(args).await.map_err(Into::into),
        Command::Move(args) => commands::transfer::run(args).await.map_err(Into::into),
        Command::City(args) => demo::make::run(args).await,
        Command::Recount(args) => live::recount::cli::run(args).await.map_err(Into::into),
        Command::Demo(DemoCommand::Replay(args)) => demo::replay::run(args).await.map_err(Into::into),
        Command::Bench(BenchCommand::Collect(args)) => bench::collect::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Growth(args)) => bench::growth::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Import(args)) => bench::import::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Lookup(args)) => bench::lookup::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Missing(args)) => bench::missing::run(args).await.map_err(Into::into),
        Command::Bench(BenchCommand::Release(args)) => bench::release::run(args).await.map(drop).map_err(Into::into),
        Command::Rehearse(args) => rehearse::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Storm(args)) => bench::storm::run(args).await.map(drop).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("allclear: {error}");
            ExitCode::FAILURE
        }
    }
}
