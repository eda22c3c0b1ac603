//! `allclear bench lookup`: who is behind a token, against an endpoint that does nothing.

use super::{Bench, BenchError, Folder, load, store_or_fresh};
use crate::{accounts::ops, demo};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Requests.
    #[arg(long, default_value_t = 200_000)]
    pub requests: usize,
    /// Connections.
    #[arg(long, default_value_t = 256)]
    pub connections: usize,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
}

/// Runs the benchmark and prints its table.
pub async fn run(args: Args) -> Result<(), BenchError> {
    let folder = Folder::fresh()?;
    let bench = Bench::start(&store_or_fresh(args.store.as_deref(), folder.path()), 1000).await?;
    let login = allclear_wire::accounts::LoginRequest { name: "headquarters".into(), password: demo::PASSWORD.into() };
    let token = ops::login(&bench.app, login).await.map_err(|e| BenchError::Setup(format!("{e:?}")))?;
    let each = args.requests / args.connections;
    let play = |path: &str| {
        let request = load::request("GET", path, &token, "");
        load::play(bench.address, vec![vec![request; each]; args.connections])
    };
    let health = play("/healthz")?;
    let session = play("/api/v1/session")?;
    for (name, measured) in [("do-nothing endpoint", &health), ("look up a session", &session)] {
        let (p50, p99) = (measured.quantile(0.5), measured.quantile(0.99));
        println!("{name:<24} {:>10.0}/s  p50 {p50:>8.2?}  p99 {p99:>8.2?}  refused {}", measured.rate(), measured.other);
    }
    println!("look-up / do-nothing  {:.2}   (floor 0.60)", session.rate() / health.rate());
    Ok(())
}
