//! `allclear bench collect`: registrations one by one and in batches, against an endpoint that does
//! nothing, a bare group commit, and a plain loop over the bare store, in one run.

use std::time::{Duration, Instant};

use allclear_domain::kernel::{
    code::TubeCode,
    id::{Id, Round},
};
use allclear_store::{Engine, StoreConfig};
use allclear_wire::{
    accounts::EnrolRequest,
    sync::{Command, IdMode, Op, PersonRef, RecordCollection, SyncRequest, TubeKind},
};

use super::{
    Bench, BenchError, Folder, bare,
    load::{self, Good},
    report::{Floor, Report},
    screen::Screen,
    store_or_fresh,
};
use crate::{accounts::ops, clock::rfc3339};

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
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Commands a batch carries.
pub(super) const BATCH: usize = 100;
/// Rows of one transaction of the plain loop.
const PLAIN: usize = 1000;

/// Makes the commands of registrars.
pub(crate) struct Maker {
    /// Rounds of the phase that runs: each person is sampled once in each.
    rounds: Vec<Id<Round>>,
    /// Swabs of the phase so far.
    swabs: usize,
    site: uuid::Uuid,
    people: Vec<i64>,
    serial: u32,
    count: u64,
}

impl Maker {
    /// Begins a phase of `count` swabs, in rounds of its own.
    pub(crate) async fn begin(&mut self, bench: &Bench, count: usize) -> Result<(), BenchError> {
        self.rounds = bench.rounds(count, self.people.len()).await?;
        self.swabs = 0;
        Ok(())
    }

    /// The commands of one registrar: tube after tube of ten, person after person.
    pub(crate) fn commands(&mut self, count: usize) -> Vec<Command> {
        let start = jiff::Timestamp::now().as_microsecond();
        (0..count)
            .map(|i| {
                if i % 10 == 0 {
                    self.serial += 1;
                }
                self.count += 1;
                let (round, person) = (self.swabs / self.people.len(), self.swabs % self.people.len());
                self.swabs += 1;
                let at = allclear_domain::kernel::time::Instant(start + i as i64);
                Command {
                    id: uuid::Builder::from_unix_timestamp_millis(
                        (at.0 / 1000) as u64,
                        &(u128::from(self.count) << 16).to_be_bytes()[4..14].try_into().unwrap_or_default(),
                    )
                    .into_uuid(),
                    device_seq: self.count as i64,
                    at: rfc3339(at),
                    offline: false,
                    op: Op::RecordCollection(RecordCollection {
                        round: self.rounds[round % self.rounds.len()].uuid(),
                        site: self.site,
                        station: (self.serial % 200) as i32 + 1,
                        tube: TubeCode::from_serial(self.serial).as_str().to_owned(),
                        tube_kind: TubeKind::Pool10,
                        person: PersonRef::No { no: self.people[person] },
                        id_mode: IdMode::Code,
                    }),
                }
            })
            .collect()
    }
}

/// Runs the benchmark; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("collect", args.json);
    let folder = Folder::fresh()?;
    let store: StoreConfig = store_or_fresh(args.store.as_deref(), folder.path());
    report.progress(&format!("seeding {} people", args.population));
    let bench = Bench::start(&store, args.population).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 500)?;
    let mut maker = maker(&bench).await?;
    let tokens = tokens(&bench, args.connections.max(args.batch_connections)).await?;
    let phase = Phase { bench: &bench, tokens: &tokens, args: &args };
    // Floors of the design: PostgreSQL has a network between it and us.
    let floor = if bench.app.store.engine() == Engine::Sqlite { 20_000.0 } else { 10_000.0 };

    let noop = phase.singles(&mut maker, "/bench/noop").await?;
    report.rate("no-op JSON endpoint", &noop, Floor::None);
    let bare_group = phase.singles(&mut maker, "/bench/bare").await?;
    report.rate("bare group commit", &bare_group, Floor::None);
    let single = phase.singles(&mut maker, "/api/v1/commands").await?;
    report.rate("register, one request each", &single, Floor::Least(floor));
    report.add(
        "register, one request each, p99",
        single.quantile(0.99).as_secs_f64() * 1e3,
        "ms",
        Floor::Most(50.0),
        "at the connections given",
    );
    bench.catch_up(&mut report, "singles").await?;
    phase.screen(&mut maker, &mut report).await?;
    let plain = plain_loop(&bench, &mut maker, args.batched).await?;
    report.add("bare store, plain loop", plain, "/s", Floor::None, format!("transactions of {PLAIN} rows, in process"));
    let bare_batch = phase.batches(&mut maker, "/bench/bare-batch").await?;
    report.rate(format!("bare group commit, batches of {BATCH}, rows"), &bare_batch, Floor::None);
    let batch = phase.batches(&mut maker, "/api/v1/sync").await?;
    report.rate(format!("register, batches of {BATCH}, rows"), &batch, Floor::Least(60_000.0));
    bench.catch_up(&mut report, "batches").await?;
    report.add("single / bare group commit", single.rate() / bare_group.rate(), "", Floor::Least(0.5), "");
    report.add("single / no-op", single.rate() / noop.rate(), "", Floor::None, "");
    report.add("batches / bare group commit of batches", batch.rate() / bare_batch.rate(), "", Floor::Least(0.5), "");
    report.add("batches / bare store", batch.rate() / plain, "", Floor::Least(0.5), "");
    report.print()?;
    Ok(report)
}

/// What every phase needs.
struct Phase<'a> {
    bench: &'a Bench,
    tokens: &'a [String],
    args: &'a Args,
}

impl Phase<'_> {
    async fn singles(&self, maker: &mut Maker, path: &str) -> Result<load::Measured, BenchError> {
        let each = self.args.singles / self.args.connections;
        maker.begin(self.bench, each * self.args.connections).await?;
        self.singles_of(maker, path, each)
    }

    fn singles_of(&self, maker: &mut Maker, path: &str, each: usize) -> Result<load::Measured, BenchError> {
        let requests = self
            .tokens
            .iter()
            .take(self.args.connections)
            .map(|token| {
                let commands = maker.commands(each);
                commands.iter().map(|c| load::request("POST", path, token, &serde_json::to_string(c).unwrap_or_default())).collect()
            })
            .collect();
        Ok(load::play(self.bench.address, Good::Recorded(1), requests)?)
    }

    /// One registration a request again, in one round, while a screen looks at it: how long each is not on the screen.
    async fn screen(&self, maker: &mut Maker, report: &mut Report) -> Result<(), BenchError> {
        let each = (self.args.singles.min(maker.people.len()) / self.args.connections).max(1);
        let count = each * self.args.connections;
        maker.begin(self.bench, count).await?;
        let session = self.bench.session("headquarters").await?;
        let screen = Screen::open(self.bench.address, &session, maker.rounds[0], count as u64)?;
        let measured = self.singles_of(maker, "/api/v1/commands", each)?;
        if measured.other > 0 {
            return Err(BenchError::Setup(format!("{} registrations before the screen are not recorded", measured.other)));
        }
        let delays = screen.delays(&measured.ends)?;
        let quantile = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
        let note = format!("answer to frame of {count} swabs at {:.0}/s; a frame every half second", measured.rate());
        report.add("on a screen after, p50", quantile(0.5), "ms", Floor::None, note);
        report.add("on a screen after, p99", quantile(0.99), "ms", Floor::Most(2000.0), format!("slowest {:.0} ms", quantile(1.0)));
        Ok(())
    }

    async fn batches(&self, maker: &mut Maker, path: &str) -> Result<load::Measured, BenchError> {
        let each = self.args.batched / self.args.batch_connections / BATCH * BATCH;
        maker.begin(self.bench, each * self.args.batch_connections).await?;
        let requests = self
            .tokens
            .iter()
            .take(self.args.batch_connections)
            .map(|token| {
                let bodies = bodies(self.bench, &maker.commands(each));
                bodies.iter().map(|body| load::request("POST", path, token, body)).collect()
            })
            .collect();
        Ok(load::play(self.bench.address, Good::Recorded(BATCH as u64), requests)?)
    }
}

pub(crate) async fn maker(bench: &Bench) -> Result<Maker, BenchError> {
    let plan = bench.app.plan();
    let site = plan.sites.values().next().ok_or_else(|| BenchError::Setup("no site".into()))?;
    let root = plan.areas.first().map(|area| area.code).ok_or_else(|| BenchError::Setup("no area".into()))?;
    let people = bench.app.store.read("bench_people", move |tx| tx.person_numbers(root, 0)).await?;
    Ok(Maker {
        rounds: Vec::new(),
        swabs: 0,
        site: site.id.uuid(),
        people: people.into_iter().map(|(_, no)| no).collect(),
        serial: 0,
        count: 0,
    })
}

pub(crate) async fn tokens(bench: &Bench, count: usize) -> Result<Vec<String>, BenchError> {
    let setup = |e: crate::edge::problem::Problem| BenchError::Setup(format!("{e:?}"));
    let session = bench.session("registrar").await?;
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

/// Commands as the bodies of batches.
pub(super) fn bodies(bench: &Bench, commands: &[Command]) -> Vec<String> {
    let batch = |chunk: &[Command]| SyncRequest { sent_at: rfc3339(bench.app.now()), commands: chunk.to_vec() };
    commands.chunks(BATCH).map(|chunk| serde_json::to_string(&batch(chunk)).unwrap_or_default()).collect()
}

/// The same rows by a plain loop over the bare store: the physical limit of this machine.
async fn plain_loop(bench: &Bench, maker: &mut Maker, rows: usize) -> Result<f64, BenchError> {
    maker.begin(bench, rows).await?;
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
