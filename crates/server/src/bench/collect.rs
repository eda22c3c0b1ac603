//! `allclear bench collect`: registrations one by one and in batches, against an endpoint that does
//! nothing, a bare group commit, and a plain loop over the bare store, in one run.

use std::time::{Duration, Instant};

use allclear_domain::kernel::code::TubeCode;
use allclear_store::StoreConfig;
use allclear_wire::{
    accounts::{EnrolRequest, LoginRequest},
    sync::{Command, IdMode, Op, PersonRef, RecordCollection, SyncRequest, TubeKind},
};

use super::{Bench, BenchError, Folder, bare, fsync_latency, load, store_or_fresh};
use crate::{accounts::ops, clock::rfc3339, demo};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Registrations sent one by one.
    #[arg(long, default_value_t = 200_000)]
    pub singles: usize,
    /// Registrations sent in batches of 100.
    #[arg(long, default_value_t = 400_000)]
    pub batched: usize,
    /// Connections of the singles.
    #[arg(long, default_value_t = 256)]
    pub connections: usize,
    /// Connections of the batches.
    #[arg(long, default_value_t = 32)]
    pub batch_connections: usize,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// People of the city.
    #[arg(long, default_value_t = 100_000)]
    pub population: u64,
}

/// Commands a batch carries.
const BATCH: usize = 100;
/// Rows of one transaction of the plain loop.
const PLAIN: usize = 1000;

struct Maker {
    round: uuid::Uuid,
    site: uuid::Uuid,
    people: Vec<i64>,
    serial: u32,
    count: u64,
}

impl Maker {
    /// The commands of one registrar: tube after tube of ten, person after person.
    fn commands(&mut self, count: usize) -> Vec<Command> {
        let start = jiff::Timestamp::now().as_microsecond();
        (0..count)
            .map(|i| {
                if i % 10 == 0 {
                    self.serial += 1;
                }
                self.count += 1;
                let at = allclear_domain::kernel::time::Instant(start + i as i64);
                Command {
                    id: uuid::Builder::from_unix_timestamp_millis(
                        (at.0 / 1000) as u64,
                        &(u128::from(self.count) << 16).to_be_bytes()[4..14].try_into().unwrap_or_default(),
                    )
                    .into_uuid(),
                    device_seq: i as i64 + 1,
                    at: rfc3339(at),
                    offline: false,
                    op: Op::RecordCollection(RecordCollection {
                        round: self.round,
                        site: self.site,
                        station: (self.serial % 200) as i32 + 1,
                        tube: TubeCode::from_serial(self.serial).as_str().to_owned(),
                        tube_kind: TubeKind::Pool10,
                        person: PersonRef::No { no: self.people[self.count as usize % self.people.len()] },
                        id_mode: IdMode::Code,
                    }),
                }
            })
            .collect()
    }
}

/// Runs the benchmark and prints its table.
pub async fn run(args: Args) -> Result<(), BenchError> {
    let folder = Folder::fresh()?;
    let store: StoreConfig = store_or_fresh(args.store.as_deref(), folder.path());
    let (fsync, fsync_p99) = fsync_latency(folder.path(), 500)?;
    println!("seeding {} people …", args.population);
    let bench = Bench::start(&store, args.population).await?;
    let mut maker = maker(&bench).await?;
    let tokens = tokens(&bench, args.connections.max(args.batch_connections)).await?;
    println!("engine {:?}; fsync of 4 KiB p50 {fsync:.2?}, p99 {fsync_p99:.2?}; client on the same machine", bench.app.store.engine());

    let noop = singles(&bench, &mut maker, &tokens, &args, "/bench/noop")?;
    let bare_group = singles(&bench, &mut maker, &tokens, &args, "/bench/bare")?;
    let single = singles(&bench, &mut maker, &tokens, &args, "/api/v1/commands")?;
    let plain = plain_loop(&bench, &mut maker, args.batched).await?;
    let batch = batches(&bench, &mut maker, &tokens, &args)?;

    line("no-op JSON endpoint", noop.rate(), &noop);
    line("bare group commit", bare_group.rate(), &bare_group);
    line("register, one request each", single.rate(), &single);
    println!("{:<34} {:>10.0}/s  (transactions of {PLAIN} rows, in process)", "bare store, plain loop", plain);
    line("register, batches of 100 (rows)", batch.rate() * BATCH as f64, &batch);
    println!("single / bare group commit  {:.2}   (floor 0.50)", single.rate() / bare_group.rate());
    println!("single / no-op              {:.2}", single.rate() / noop.rate());
    println!("batched rows / bare store   {:.2}   (floor 0.50)", batch.rate() * BATCH as f64 / plain);
    Ok(())
}

fn line(name: &str, rate: f64, measured: &load::Measured) {
    println!(
        "{name:<34} {rate:>10.0}/s  p50 {:>8.2?}  p99 {:>8.2?}  refused {}",
        measured.quantile(0.5),
        measured.quantile(0.99),
        measured.other
    );
}

async fn maker(bench: &Bench) -> Result<Maker, BenchError> {
    let plan = bench.app.plan();
    let round = plan.rounds.keys().next().ok_or_else(|| BenchError::Setup("no round".into()))?.uuid();
    let site = plan.sites.values().next().ok_or_else(|| BenchError::Setup("no site".into()))?;
    let root = plan.areas.first().map(|area| area.code).ok_or_else(|| BenchError::Setup("no area".into()))?;
    let people = bench.app.store.read("bench_people", move |tx| tx.person_numbers(root, 0)).await?;
    Ok(Maker { round, site: site.id.uuid(), people: people.into_iter().map(|(_, no)| no).collect(), serial: 0, count: 0 })
}

async fn tokens(bench: &Bench, count: usize) -> Result<Vec<String>, BenchError> {
    let setup = |e: crate::edge::problem::Problem| BenchError::Setup(format!("{e:?}"));
    let login = LoginRequest { name: "registrar".into(), password: demo::PASSWORD.into() };
    let session = ops::login(&bench.app, login).await.map_err(setup)?;
    let caller = bench.app.callers.find(&bench.app, &session).await.map_err(setup)?;
    let mut point = [7u8; 65];
    point[0] = 4;
    let mut tokens = Vec::with_capacity(count);
    for n in 0..count {
        let request = EnrolRequest { code: None, label: format!("bench {n}"), public_key: allclear_seal::to_base64url(&point) };
        tokens.push(ops::enrol(&bench.app, caller.as_deref(), request).await.map_err(setup)?.token);
    }
    Ok(tokens)
}

fn singles(bench: &Bench, maker: &mut Maker, tokens: &[String], args: &Args, path: &str) -> Result<load::Measured, BenchError> {
    let each = args.singles / args.connections;
    let requests = tokens
        .iter()
        .take(args.connections)
        .map(|token| {
            let commands = maker.commands(each);
            commands.iter().map(|c| load::request("POST", path, token, &serde_json::to_string(c).unwrap_or_default())).collect()
        })
        .collect();
    Ok(load::play(bench.address, requests)?)
}

fn batches(bench: &Bench, maker: &mut Maker, tokens: &[String], args: &Args) -> Result<load::Measured, BenchError> {
    let each = args.batched / args.batch_connections;
    let requests = tokens
        .iter()
        .take(args.batch_connections)
        .map(|token| {
            let commands = maker.commands(each);
            let bodies = commands.chunks(BATCH).map(|chunk| {
                let sent_at = rfc3339(bench.app.now());
                serde_json::to_string(&SyncRequest { sent_at, commands: chunk.to_vec() }).unwrap_or_default()
            });
            bodies.map(|body| load::request("POST", "/api/v1/sync", token, &body)).collect()
        })
        .collect();
    Ok(load::play(bench.address, requests)?)
}

/// The same rows by a plain loop over the bare store: the physical limit of this machine.
async fn plain_loop(bench: &Bench, maker: &mut Maker, rows: usize) -> Result<f64, BenchError> {
    let rows: Vec<_> = maker.commands(rows).into_iter().filter_map(bare::row).collect();
    let count = rows.len();
    let start = Instant::now();
    for chunk in rows.chunks(PLAIN) {
        let chunk = chunk.to_vec();
        bench.app.store.run("bench_plain", move |tx| tx.insert_collections(&chunk)).await?;
    }
    let took: Duration = start.elapsed();
    Ok(count as f64 / took.as_secs_f64())
}
