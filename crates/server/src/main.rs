//! The command line of Allclear.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use allclear_domain::kernel::time::Instant;
use allclear_server::{bench, boot, clock::parse_rfc3339, commands, demo, live, print};
use allclear_store::StoreConfig;
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
    Serve {
        /// `postgres://…` or the path of a SQLite file.
        #[arg(long, env = "ALLCLEAR_STORE", default_value = "data/allclear.db")]
        store: String,
        /// Address to listen at.
        #[arg(long, env = "ALLCLEAR_LISTEN", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
        /// File of the master key (made at the first start).
        #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
        key_file: PathBuf,
        /// Sends cookies over TLS only. Without it they are bound to TLS when a proxy says
        /// `X-Forwarded-Proto: https`.
        #[arg(long, env = "ALLCLEAR_SECURE_COOKIES")]
        secure_cookies: bool,
        /// Starts with a synthetic city and an account for each role.
        #[arg(long)]
        demo: bool,
        /// Persons of the demo city.
        #[arg(long, env = "POPULATION", default_value_t = 20_000)]
        population: u64,
        /// The demo's clock begins at this time (RFC 3339) instead of now.
        #[arg(long, requires = "demo", value_parser = instant)]
        clock_from: Option<Instant>,
        /// How many times faster the demo's clock goes.
        #[arg(long, default_value_t = 1.0, requires = "clock_from", value_parser = demo::replay::speed)]
        clock_speed: f64,
    },
    /// Writes a backup of one consistent moment, while the server may run.
    Backup(commands::backup::Args),
    /// Puts a backup where no store is, and counts that everything has arrived.
    Restore(commands::restore::Args),
    /// Looks at store, disk, clock, key, certificate, followers, jobs and devices; says what to do.
    Doctor(commands::doctor::Args),
    /// Brings the store's schema up to this program, or tries it on a copy.
    Migrate(commands::migrate::Args),
    /// Compares what the screens show with a recount of the records; exits 1 if anything differs.
    Recount(live::recount::cli::Args),
    /// The demo.
    #[command(subcommand)]
    Demo(DemoCommand),
    /// Makes a synthetic city: as a file, or into a store.
    City(demo::make::Args),
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
    /// A register from file to store, and searches over it.
    Import(bench::import::Args),
    /// Look-ups.
    Lookup(bench::lookup::Args),
    /// How long a missing list takes, community by community.
    Missing(bench::missing::Args),
    /// Bulk release of negatives down to each person's report, beside the bare store.
    Release(bench::release::Args),
}

/// Reads a time of the command line; one that cannot be read is refused.
fn instant(text: &str) -> Result<Instant, String> {
    parse_rfc3339(text).ok_or_else(|| "a time like 2022-01-05T06:00:00+08:00".into())
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ALLCLEAR_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done: Result<(), Box<dyn std::error::Error>> = match Cli::parse().command {
        Command::Labels(labels) => labels.run().await,
        Command::Serve { store, listen, key_file, secure_cookies, demo, population, clock_from, clock_speed } => {
            let demo = demo.then_some(population);
            let clock = clock_from.map(|from| (from, clock_speed));
            boot::serve(boot::Options { store: StoreConfig::parse(&store), listen, key_file, demo, clock, secure_cookies })
                .await
                .map_err(Into::into)
        }
        Command::Backup(args) => commands::backup::run(args).await.map_err(Into::into),
        Command::Restore(args) => commands::restore::run(args).await.map_err(Into::into),
        Command::Doctor(args) => return commands::doctor::run(args).await,
        Command::Migrate(args) => commands::migrate::run(args).await.map_err(Into::into),
        Command::City(args) => demo::make::run(args).await,
        Command::Recount(args) => live::recount::cli::run(args).await.map_err(Into::into),
        Command::Demo(DemoCommand::Replay(args)) => demo::replay::run(args).await.map_err(Into::into),
        Command::Bench(BenchCommand::Collect(args)) => bench::collect::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Import(args)) => bench::import::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Lookup(args)) => bench::lookup::run(args).await.map(drop).map_err(Into::into),
        Command::Bench(BenchCommand::Missing(args)) => bench::missing::run(args).await.map_err(Into::into),
        Command::Bench(BenchCommand::Release(args)) => bench::release::run(args).await.map(drop).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("allclear: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_clock_is_refused() {
        let serve = |from: &str, speed: &str| {
            Cli::try_parse_from(["allclear", "serve", "--demo", "--clock-from", from, "--clock-speed", speed]).map(drop)
        };
        serve("2022-01-05T06:00:00+08:00", "600").unwrap();
        for (from, speed) in
            [("yesterday", "600"), ("2022-01-05", "600"), ("2022-01-05T06:00:00+08:00", "fast"), ("2022-01-05T06:00:00+08:00", "-1")]
        {
            assert!(serve(from, speed).is_err(), "{from} {speed}");
        }
    }
}
