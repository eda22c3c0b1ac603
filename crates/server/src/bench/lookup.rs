//! `allclear bench lookup`: who is behind a token, a person by document, phone, name or code, a
//! resident's own page, the way of a tube; against an endpoint that does nothing and the bare store.

use std::time::Instant;

use allclear_domain::kernel::code::TubeCode;
use allclear_store::{StoreError, Tx};
use allclear_wire::resident::ResidentSessionRequest;

use super::{
    Bench, BenchError, Folder,
    load::{self, Good, Measured},
    problem,
    report::{Floor, Report},
    store_or_fresh,
};
use crate::people::{ops::resident, view};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Requests of each kind.
    #[arg(long, default_value_t = 20_000)]
    pub requests: usize,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// People of the city.
    #[arg(long, default_value_t = 100_000)]
    pub population: u64,
    /// Tubes on record.
    #[arg(long, default_value_t = 2000)]
    pub tubes: u32,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// People whose pages are opened and who are searched for.
const PICKED: usize = 256;
/// Persons of a tube.
const PERSONS: usize = 10;

/// What is known of somebody who is looked for.
pub(super) struct Picked {
    no: i64,
    name: String,
    card: String,
    document: String,
    phone: Option<String>,
}

/// Runs the benchmark; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("lookup", args.json);
    let folder = Folder::fresh()?;
    report.progress(&format!("seeding {} people", args.population));
    let bench = Bench::start(&store_or_fresh(args.store.as_deref(), folder.path()), args.population).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 200)?;
    let picked = picked(&bench).await?;
    stage(&bench, &picked, args.tubes).await?;
    bench.catch_up(&mut report, "the stage is set").await?;
    let token = bench.session("headquarters").await?;

    let play = |requests: Vec<Vec<u8>>| -> Result<Measured, BenchError> {
        let each = (args.requests / args.connections).max(1);
        let of = |n: usize| (0..each).map(|i| requests[(n * each + i) % requests.len()].clone()).collect();
        Ok(load::play(bench.address, Good::Status, (0..args.connections).map(of).collect())?)
    };
    let noop = play(vec![load::request("GET", "/bench/nothing", &token, "")])?;
    report.rate("do-nothing JSON endpoint", &noop, Floor::None);
    let session = play(vec![load::request("GET", "/api/v1/session", &token, "")])?;
    report.rate("who is behind a token", &session, Floor::None);
    let page = play(pages(&bench, &picked).await?)?;
    report.rate("a resident's own page", &page, Floor::None);
    let tube = |n: u32| load::request("GET", &format!("/api/v1/trace/tube/{}", TubeCode::from_serial(n + 1).as_str()), &token, "");
    report.rate("the way of a tube", &play((0..args.tubes).map(tube).collect())?, Floor::None);
    for (name, text) in kinds() {
        let body = |p: &Picked| text(p).map(|text| serde_json::json!({ "text": text }).to_string());
        let requests: Vec<_> =
            picked.iter().filter_map(body).map(|body| load::request("POST", "/api/v1/people/search", &token, &body)).collect();
        let found = play(requests)?;
        report.rate(format!("a person by {name}"), &found, Floor::None);
        report.add(
            format!("a person by {name}, p99"),
            found.quantile(0.99).as_secs_f64() * 1e3,
            "ms",
            Floor::Most(100.0),
            "at the connections given",
        );
    }
    let bare = bare_rate(&bench, &picked, args.requests).await?;
    report.add("bare store, person by number, one after another", bare, "/s", Floor::None, "in process, no HTTP");
    report.add("token / do-nothing", session.rate() / noop.rate(), "", Floor::Least(0.6), "");
    report.add("own page / do-nothing", page.rate() / noop.rate(), "", Floor::Least(0.6), "reads the store each time");
    report.print()?;
    Ok(report)
}

/// What residents and a screen ask for: own pages, each with its session, and the stream of frames.
pub(crate) async fn looks(bench: &Bench) -> Result<(Vec<Vec<u8>>, Vec<u8>), BenchError> {
    let token = bench.session("headquarters").await?;
    let screen = load::request("GET", "/api/v1/live/stream", &token, "");
    Ok((pages(bench, &picked(bench).await?).await?, screen))
}

pub(super) type Text = fn(&Picked) -> Option<String>;

pub(super) fn kinds() -> [(&'static str, Text); 5] {
    [
        ("number", |p| Some(p.no.to_string())),
        ("name", |p| Some(p.name.clone())),
        ("document", |p| Some(p.document.clone())),
        ("phone", |p| p.phone.clone()),
        ("code", |p| Some(p.card.clone())),
    ]
}

/// People spread over the city who have a card and a document.
pub(super) async fn picked(bench: &Bench) -> Result<Vec<Picked>, BenchError> {
    let root = bench.app.plan().areas.first().map(|area| area.code).ok_or_else(|| BenchError::Setup("no area".into()))?;
    let read = bench.app.store.read("bench_picked", move |tx| {
        let numbers = tx.person_numbers(root, 0)?;
        let step = (numbers.len() / PICKED).max(1);
        let some: Vec<i64> = numbers.iter().step_by(step).map(|(_, no)| *no).collect();
        some.iter().filter_map(|no| pick(tx, *no).transpose()).collect::<Result<Vec<_>, StoreError>>()
    });
    let picked: Vec<Picked> = read.await?;
    if picked.is_empty() { Err(BenchError::Setup("nobody has a card and a document".into())) } else { Ok(picked) }
}

fn pick(tx: &Tx<'_>, no: i64) -> Result<Option<Picked>, StoreError> {
    let (cards, documents, persons) = (tx.cards_of(&[no])?, tx.document_rows(&[no])?, tx.persons(&[no])?);
    let (Some((_, card)), Some(document), Some(person)) = (cards.into_iter().next(), documents.first(), persons.into_iter().next()) else {
        return Ok(None);
    };
    let phone = view::cell(tx.keys(), person.no, "phone", person.phone.as_ref())?;
    Ok(Some(Picked { no, name: person.name, card, document: view::document_number(tx.keys(), document)?, phone }))
}

/// Puts people into tubes, through the same door as a device.
async fn stage(bench: &Bench, picked: &[Picked], tubes: u32) -> Result<(), BenchError> {
    let mut maker = super::collect::maker(bench).await?;
    let count = tubes as usize * PERSONS;
    maker.begin(bench, count.max(picked.len())).await?;
    let rows: Vec<_> = maker.commands(count);
    let token = super::collect::tokens(bench, 1).await?;
    let requests = super::collect::bodies(bench, &rows).iter().map(|body| load::request("POST", "/api/v1/sync", &token[0], body)).collect();
    let sent = load::play(bench.address, Good::Recorded(super::collect::BATCH as u64), vec![requests])?;
    if sent.good < count as u64 { Err(BenchError::Setup(format!("{} of {count} swabs were recorded", sent.good))) } else { Ok(()) }
}

/// Requests for the own pages of residents, each with its session.
async fn pages(bench: &Bench, picked: &[Picked]) -> Result<Vec<Vec<u8>>, BenchError> {
    let mut requests = Vec::new();
    for person in picked {
        let tail = person.document.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        let opened = resident::open(&bench.app, None, ResidentSessionRequest { code: person.card.clone(), document_tail: tail }).await;
        let token = opened.map_err(|e| problem(&e))?;
        requests.push(load::with_header("GET", "/api/v1/resident/me", &format!("cookie: allclear_resident={token}"), ""));
    }
    Ok(requests)
}

/// The same person rows, one after another, without HTTP, masking or scope.
async fn bare_rate(bench: &Bench, picked: &[Picked], times: usize) -> Result<f64, BenchError> {
    let numbers: Vec<i64> = picked.iter().map(|p| p.no).collect();
    let start = Instant::now();
    for n in 0..times {
        let no = numbers[n % numbers.len()];
        bench.app.store.read("bench_bare_read", move |tx| tx.persons(&[no])).await?;
    }
    Ok(times as f64 / start.elapsed().as_secs_f64())
}
