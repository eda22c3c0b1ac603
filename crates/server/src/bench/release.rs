//! `allclear bench release`: a bulk release of negatives down to each person's report, beside a plain
//! loop that only writes the same number of report rows to the bare store, in one run.

use std::{
    io::Write as _,
    time::{Duration, Instant as Stopwatch},
};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        code::TubeCode,
        id::{Account, Id, Lab, PersonNo, Round, Site},
        time::Instant,
    },
    lab::{result::Value, tube::Stage},
    sampling::{FactKey, tube::TubeKind},
};
use allclear_store::{
    StoreError,
    lab::{follow_ups::ReportRow, results::LabTubeRow},
    sampling::{CollectionRow, TubeRow},
};
use allclear_wire::lab::{BulkRelease, ReleaseOne};
use uuid::Uuid;

use super::{
    Bench, BenchError, Folder, problem,
    report::{Floor, Report},
    store_or_fresh,
};
use crate::{edge::guard::Caller, lab::ops};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Tubes of ten persons.
    #[arg(long, default_value_t = 100_000)]
    pub tubes: u32,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent.
    #[arg(long)]
    pub store: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Persons of a tube.
const PERSONS: i64 = 10;
/// Tubes written at once while the stage is set.
const CHUNK: u32 = 2000;
/// Rows of one transaction of the plain loop, as the follower writes them.
const PLAIN: usize = 10_000;

/// Releases a positive pool while the bulk runs; answers how long it took until its members had their tasks.
async fn positive_behind(bench: &Bench, releaser: &Caller, scene: &Scene, serial: u32) -> Result<Duration, BenchError> {
    let code = TubeCode::from_serial(serial).as_str().to_owned();
    // Let the bulk and its follower get going.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let start = Stopwatch::now();
    let request = ReleaseOne { value: allclear_wire::lab::ResultValue::Positive };
    ops::release_one(&bench.app, releaser, scene.lab.uuid(), &code, request).await.map_err(|e| problem(&e))?;
    let elapsed = start.elapsed();
    let members = bench.app.store.read("bench_follow_up", move |tx| tx.follow_up_members(&code)).await?;
    if members.len() as i64 == PERSONS { Ok(elapsed) } else { Err(BenchError::Setup("no follow-up".into())) }
}

/// What every seeded row shares.
#[derive(Clone, Copy)]
struct Scene {
    lab: Id<Lab>,
    round: Id<Round>,
    site: Id<Site>,
    area: AreaCode,
    entered_by: Id<Account>,
    at: Instant,
}

/// Runs the benchmark; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("release", args.json);
    let folder = Folder::fresh()?;
    let store = store_or_fresh(args.store.as_deref(), folder.path());
    let bench = Bench::start(&store, 2000).await?;
    report.engine(bench.app.store.engine());
    report.fsync(folder.path(), 500)?;
    let (scene, releaser) = scene(&bench).await?;
    let persons = i64::from(args.tubes) * PERSONS;
    report.progress(&format!("setting the stage: {} resulted tubes of {PERSONS}, {persons} persons", args.tubes));
    for first in (0..args.tubes).step_by(CHUNK as usize) {
        let count = CHUNK.min(args.tubes - first);
        bench.app.store.run("bench_stage", move |tx| stage(tx, &scene, first, count, Value::Negative)).await?;
    }
    bench.app.store.run("bench_stage", move |tx| stage(tx, &scene, args.tubes, 1, Value::Positive)).await?;
    let bare = plain_loop(&bench, persons).await?;

    let start = Stopwatch::now();
    let id = bench.app.ids.at(bench.app.now());
    let request = BulkRelease { id, runs: Vec::new(), without_run: false };
    ops::begin_bulk_release(&bench.app, &releaser, scene.lab.uuid(), request).await.map_err(|e| problem(&e))?;
    let followed = positive_behind(&bench, &releaser, &scene, args.tubes).await?;
    let mut released = None;
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let reported = loop {
        ticks.tick().await;
        let (job, behind, reports) = progress(&bench, id, scene.round).await?;
        eprint!("\r  {:>7} tubes released, {reports:>9} reports, {:>5.1?} ", job.released, start.elapsed());
        std::io::stderr().flush()?;
        if job.finished_at.is_some() && released.is_none() {
            released = Some(start.elapsed());
        }
        if released.is_some() && behind == 0 && reports >= persons {
            break start.elapsed();
        }
    };
    eprintln!();
    let released = released.unwrap_or(reported);
    let rate = persons as f64 / reported.as_secs_f64();
    // The limit is for 100,000 tubes; fewer have less time, so that a short run says the same.
    let limit = 60.0 * f64::from(args.tubes) / 100_000.0;
    report.add(
        "released, in custody",
        released.as_secs_f64(),
        "s",
        Floor::None,
        format!("{:.0} tubes/s", f64::from(args.tubes) / released.as_secs_f64()),
    );
    report.add(
        "and in every person's report",
        reported.as_secs_f64(),
        "s",
        Floor::Most(limit),
        format!("{rate:.0} persons/s, {persons} persons"),
    );
    report.add(
        "a positive in the middle, to its follow-up",
        followed.as_secs_f64(),
        "s",
        Floor::Most(5.0),
        "tasks and notices of ten members",
    );
    bench.catch_up(&mut report, "the release").await?;
    report.add("bare store, report rows only, plain loop", bare, "/s", Floor::None, format!("transactions of {PLAIN} rows, in process"));
    report.add("release to report / bare store", rate / bare, "", Floor::None, "");
    report.print()?;
    Ok(report)
}

async fn scene(bench: &Bench) -> Result<(Scene, Caller), BenchError> {
    let plan = bench.app.plan();
    let missing = |what: &str| BenchError::Setup(format!("no {what}"));
    let round = plan.rounds.keys().next().copied().ok_or_else(|| missing("round"))?;
    let site = plan.sites.values().next().ok_or_else(|| missing("site"))?;
    let (lab, entry, release) = bench
        .app
        .store
        .read("bench_scene", |tx| Ok::<_, StoreError>((tx.labs()?, tx.account_by_name("labentry")?, tx.account_by_name("labrelease")?)))
        .await?;
    let lab = lab.first().ok_or_else(|| missing("laboratory"))?;
    let (entry, release) = (entry.ok_or_else(|| missing("account"))?, release.ok_or_else(|| missing("account"))?);
    let caller = Caller {
        account: release.id,
        name: release.name,
        display_name: release.display_name,
        grants: vec![(allclear_domain::kernel::access::Role::LabRelease, lab.area)],
        device: None,
        expires_at: Instant(i64::MAX),
    };
    let at = bench.app.now().plus_seconds(-3600);
    Ok((Scene { lab: lab.id, round, site: site.id, area: site.area, entered_by: entry.id, at }, caller))
}

/// Tubes as they stand before release, with their swabs: people sampled together are neighbours.
fn stage(tx: &allclear_store::Tx<'_>, scene: &Scene, first: u32, count: u32, value: Value) -> Result<(), StoreError> {
    let codes: Vec<String> = (first..first + count).map(|n| TubeCode::from_serial(n).as_str().to_owned()).collect();
    let key = FactKey { at: scene.at, device_no: 1, device_seq: 1 };
    let tubes: Vec<TubeRow> = codes.iter().map(|code| tube(scene, code, key)).collect();
    tx.upsert_tubes(&tubes.iter().collect::<Vec<_>>())?;
    let held: Vec<LabTubeRow> = codes.iter().map(|code| held(scene, code, value)).collect();
    tx.upsert_lab_tubes(&held.iter().collect::<Vec<_>>())?;
    let swabs: Vec<CollectionRow> =
        (first..).zip(&codes).flat_map(|(n, code)| (0..PERSONS).map(move |i| swab(scene, code, key, i64::from(n) * PERSONS + i))).collect();
    tx.insert_collections(&swabs).map(drop)
}

fn tube(scene: &Scene, code: &str, key: FactKey) -> TubeRow {
    TubeRow {
        code: code.into(),
        round: scene.round,
        kind: TubeKind::Pool10,
        stage: Stage::Resulted,
        site: scene.site,
        station: Some(1),
        valid: PERSONS as i32,
        inside: PERSONS as i32,
        box_code: None,
        counted: Some(PERSONS as i32),
        opened_at: scene.at,
        sealed_at: Some(scene.at),
        stage_at: scene.at,
        last: key,
        version: 1,
    }
}

fn held(scene: &Scene, code: &str, value: Value) -> LabTubeRow {
    LabTubeRow {
        tube: code.into(),
        lab: scene.lab,
        round: scene.round,
        site: scene.site,
        kind: TubeKind::Pool10,
        persons: PERSONS as i32,
        stage: Stage::Resulted,
        received_at: scene.at,
        received_by: scene.entered_by,
        run: None,
        well: None,
        value: Some(value),
        cts: None,
        ct_disagrees: false,
        source: Some("file".into()),
        entered_by: Some(scene.entered_by),
        entered_at: Some(scene.at),
        released_by: None,
        released_at: None,
        reject_reason: None,
        repeated_at: None,
        distrusted: None,
        version: 1,
    }
}

fn swab(scene: &Scene, code: &str, key: FactKey, person: i64) -> CollectionRow {
    CollectionRow {
        tube: code.into(),
        id: Id::new(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + person as u128)),
        round: scene.round,
        person: Some(PersonNo(person)),
        claimed: None,
        area: scene.area,
        site: scene.site,
        station: 1,
        kind: TubeKind::Pool10,
        registrar: scene.entered_by,
        id_mode: "code".into(),
        offline: false,
        key,
        recorded_at: scene.at,
        clock_offset: 0,
        state: "valid".into(),
        flaw: None,
        decision: None,
        moved_from: None,
    }
}

async fn progress(bench: &Bench, id: Uuid, round: Id<Round>) -> Result<(allclear_store::lab::results::ReleaseRow, i64, i64), BenchError> {
    let read = bench.app.store.read("bench_progress", move |tx| {
        let job = tx.release_by_id(id)?;
        let behind = tx.newest_change()? - tx.follower("laboratory")?;
        // Counting a million rows takes its time, so it is done once the follower has caught up.
        let done = behind == 0 && job.as_ref().is_some_and(|job| job.finished_at.is_some());
        let reports = if done { tx.count_reports(round, "negative")? } else { 0 };
        Ok::<_, StoreError>((job, behind, reports))
    });
    let (job, behind, reports) = read.await?;
    Ok((job.ok_or_else(|| BenchError::Setup("no release".into()))?, behind, reports))
}

/// The same report rows, for another round, by a plain loop over the bare store.
async fn plain_loop(bench: &Bench, persons: i64) -> Result<f64, BenchError> {
    let round = Id::new(Uuid::from_u128(1));
    let tube = |person: i64| TubeCode::from_serial(u32::try_from(person / PERSONS).unwrap_or(0)).as_str().to_owned();
    let at = bench.app.now();
    let rows: Vec<ReportRow> = (0..persons)
        .map(|no| ReportRow { person: PersonNo(no), round, tube: tube(no), value: "negative".into(), taken_at: at, reported_at: at })
        .collect();
    let start = Stopwatch::now();
    for chunk in rows.chunks(PLAIN) {
        let chunk = chunk.to_vec();
        bench.app.store.run("bench_plain", move |tx| tx.put_reports(&chunk)).await?;
    }
    Ok(persons as f64 / start.elapsed().as_secs_f64())
}
