//! `allclear bench import`: a register from file to store, against the bare store with the same
//! rows, then searches over what is there.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant as Stopwatch},
};

use allclear_domain::{
    kernel::{
        access::Role,
        area::AreaCode,
        id::{Id, Import},
        time::Instant,
    },
    people::{date::Date, groups::AgeGroups},
};
use allclear_store::{
    Store, StoreConfig, StoreError, Tx,
    imports::{ImportCounts, ImportRow},
    register::Registered,
};
use allclear_wire::people::PeopleSearch;

use super::{
    BenchError, Folder, cpu,
    report::{Floor, Report},
    store_or_fresh,
};
use crate::{
    app::AppState,
    boot,
    clock::SystemClock,
    demo::{
        AREAS_CSV,
        city::{self, City, Place},
    },
    edge::guard::Caller,
    people::{
        import::{columns, file, places::Places},
        initials,
        intake::{self, BATCH_ROWS_ALONE, Order, Source},
        ops::find,
        view,
    },
};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Rows of the file.
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Searches of each kind afterwards.
    #[arg(long, default_value_t = 200)]
    pub searches: usize,
    /// `postgres://…` of an empty database; a fresh SQLite file if absent. The bare side always is
    /// a fresh SQLite file.
    #[arg(long)]
    pub store: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

struct Timed {
    rows: u64,
    took: Duration,
    /// Processor time of this process: on a machine that others use too, the better figure.
    cpu: Duration,
}

impl Timed {
    fn rate(&self) -> f64 {
        self.rows as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

fn setup(error: &dyn std::fmt::Display) -> BenchError {
    BenchError::Setup(error.to_string())
}

async fn open(config: &StoreConfig, places: &[Place]) -> Result<AppState, BenchError> {
    let app = boot::application(config, &[7; 32], Arc::new(SystemClock), true).await?;
    let mut areas: Vec<(AreaCode, String, i64)> = places.iter().map(|p| (p.code, p.name.clone(), p.population as i64)).collect();
    areas.sort_unstable();
    app.store
        .run("import_areas", move |tx| tx.upsert_areas(&areas.iter().map(|(code, name, n)| (*code, name.as_str(), *n)).collect::<Vec<_>>()))
        .await?;
    app.reload_plan().await?;
    Ok(app)
}

/// Runs the benchmark; prints and answers its table.
pub async fn run(args: Args) -> Result<Report, BenchError> {
    let mut report = Report::begin("import", args.json);
    let folder = Folder::fresh()?;
    let today = Date::new(2022, 1, 5).ok_or_else(|| setup(&"the calendar"))?;
    let places = city::read_places(AREAS_CSV.as_bytes()).map_err(|e| setup(&e))?;
    let city = City::plan(places, args.rows, 2022, today).map_err(|e| setup(&e))?;
    let areas = city.areas();
    report.progress(&format!("making a file of {} rows", args.rows));
    let mut csv = Vec::new();
    city::csv::write(&city, &mut csv).map_err(|e| setup(&e))?;
    let megabytes = csv.len() as f64 / 1e6;
    let app = open(&store_or_fresh(args.store.as_deref(), folder.path()), &areas).await?;
    report.engine(app.store.engine());
    report.fsync(folder.path(), 200)?;
    let county = areas.iter().map(|place| place.code).min().ok_or_else(|| setup(&"no areas"))?;
    let whole = import(&app, csv, county, today).await?;
    report.add("import, file to register", whole.rate(), "/s", Floor::None, format!("{megabytes:.1} MB, {:.1?} of CPU", whole.cpu));
    // The limit is for 1,000,000 rows; fewer have less time, so that a short run says the same.
    let limit = 120.0 * args.rows as f64 / 1e6;
    report.add("import", whole.took.as_secs_f64(), "s", Floor::Most(limit), format!("{} rows", args.rows));
    let bare_store = open(&StoreConfig::Sqlite(folder.path().join("bare.db")), &areas).await?;
    let bare = bare_rate(&bare_store.store, &app.store, county).await?;
    let note = format!("a fresh SQLite file, {:.1?} of CPU", bare.cpu);
    report.add("bare store, same rows", bare.rate(), "/s", Floor::None, note);
    report.add("import / bare store", whole.rate() / bare.rate(), "", Floor::None, "");
    searches(&app, county, args.searches, &mut report).await?;
    report.print()?;
    Ok(report)
}

async fn import(app: &AppState, csv: Vec<u8>, county: AreaCode, today: Date) -> Result<Timed, BenchError> {
    let (started, cpu_before) = (Stopwatch::now(), cpu());
    let now = app.now();
    let table = Arc::new(file::read(csv).map_err(|e| setup(&e))?);
    let mapping = columns::guess(&table.header);
    let id: Id<Import> = Id::new(app.ids.at(now));
    let row = bench_import(id, county, now);
    app.store.run("upload_import", move |tx| tx.insert_import(&row)).await?;
    let named: Vec<_> = app.plan().areas.iter().map(|area| (area.code, area.name.clone())).collect();
    let order = Order {
        source: Source::Table { table, mapping, area: None },
        import: Some(id),
        scopes: vec![county],
        places: Arc::new(Places::new(&named)),
        ages: AgeGroups::of(&app.plan().profile),
        batch_rows: BATCH_ROWS_ALONE,
        cards: false,
        today,
        now,
    };
    let counts = intake::run(&app.store, &app.keys, order, |_| ()).await?;
    let (took, cpu) = (started.elapsed(), cpu().saturating_sub(cpu_before));
    if counts.added != counts.rows_done {
        return Err(BenchError::Setup(format!("not every row went in: {counts:?}")));
    }
    Ok(Timed { rows: counts.rows_done as u64, took, cpu })
}

fn bench_import(id: Id<Import>, scope: AreaCode, now: Instant) -> ImportRow {
    ImportRow {
        id,
        file_name: "bench.csv".into(),
        format: "CSV".into(),
        header: "[]".into(),
        mapping: "[]".into(),
        area: None,
        state: "running".into(),
        rows_total: 0,
        counts: ImportCounts::default(),
        kept_on_undo: 0,
        problem: None,
        created_by: "bench".into(),
        created_at: now,
        finished_at: None,
        scopes: vec![scope],
    }
}

/// Writes the rows of `from`, sealed cells and all, into an empty store: no file, no judging, no
/// sealing, the same statements and the same commits.
async fn bare_rate(bare: &Store, from: &Store, county: AreaCode) -> Result<Timed, BenchError> {
    let numbers = from.read("bench", move |tx| tx.person_numbers(county, 0)).await?;
    let mut timed = Timed { rows: 0, took: Duration::ZERO, cpu: Duration::ZERO };
    for chunk in numbers.chunks(BATCH_ROWS_ALONE) {
        let chunk: Vec<i64> = chunk.iter().map(|(_, no)| *no).collect();
        let rows = from.read("bench", move |tx| copy(tx, &chunk)).await?;
        timed.rows += rows.len() as u64;
        let (start, cpu_before) = (Stopwatch::now(), cpu());
        bare.run("bench", move |tx| tx.register_persons(&rows, None, Instant(0))).await?;
        timed.took += start.elapsed();
        timed.cpu += cpu().saturating_sub(cpu_before);
    }
    Ok(timed)
}

fn copy(tx: &Tx<'_>, numbers: &[i64]) -> Result<Vec<Registered>, StoreError> {
    let mut documents: HashMap<i64, _> = tx.document_rows(numbers)?.into_iter().map(|d| (d.person.0, d)).collect();
    let persons = tx.persons(numbers)?;
    Ok(persons
        .into_iter()
        .map(|p| Registered {
            no: p.no,
            name_key: allclear_domain::people::name::key(&p.name).into_bytes(),
            initials: initials::of(&p.name),
            name: p.name,
            sex: p.sex.map(|sex| if sex == "male" { "male" } else { "female" }),
            birth_year: p.birth_year,
            birth_date: p.birth_date,
            living_area: p.living_area,
            grid: p.grid,
            residence_area: p.residence_area,
            household: p.household,
            address: p.address,
            phone: p.phone,
            phone_blind: p.phone_blind.and_then(|blind| blind.try_into().ok()),
            workplace: p.workplace,
            groups: p.groups,
            guardian: p.guardian,
            document: documents.remove(&p.no.0).and_then(|d| Some(("resident_id", d.blind.try_into().ok()?, d.number))),
        })
        .collect())
}

/// What to search for: taken from every n-th person, so that each search finds somebody.
async fn texts(app: &AppState, county: AreaCode, count: usize) -> Result<Vec<(&'static str, String)>, BenchError> {
    let read = app.store.read("bench", move |tx| {
        let numbers = tx.person_numbers(county, 0)?;
        let step = (numbers.len() / count.max(1)).max(1);
        let picked: Vec<i64> = numbers.iter().step_by(step).take(count).map(|(_, no)| *no).collect();
        let mut texts = Vec::new();
        for person in tx.persons(&picked)? {
            let surname: String = person.name.chars().take(1).collect();
            texts.push(("name", person.name.clone()));
            texts.push(("surname only", surname));
            texts.push(("initials", initials::of(&person.name)));
            texts.push(("first initial only", initials::of(&person.name).chars().take(1).collect()));
            texts.push(("number", person.no.0.to_string()));
            if let Some(phone) = view::cell(tx.keys(), person.no, "phone", person.phone.as_ref())? {
                texts.push(("phone", phone));
            }
        }
        for document in tx.document_rows(&picked)? {
            texts.push(("document", view::document_number(tx.keys(), &document)?));
        }
        Ok::<_, StoreError>(texts)
    });
    Ok(read.await?)
}

async fn searches(app: &AppState, county: AreaCode, count: usize, report: &mut Report) -> Result<(), BenchError> {
    let caller = Arc::new(Caller {
        account: Id::new(app.ids.at(app.now())),
        name: "bench".into(),
        display_name: "bench".into(),
        grants: vec![(Role::Headquarters, county)],
        device: None,
        expires_at: Instant(i64::MAX),
    });
    let mut times: HashMap<&'static str, Vec<Duration>> = HashMap::new();
    for (kind, text) in texts(app, county, count).await? {
        let start = Stopwatch::now();
        let found = find::search(app, &caller, PeopleSearch { text, area: None }).await.map_err(|e| BenchError::Setup(format!("{e:?}")))?;
        times.entry(kind).or_default().push(start.elapsed());
        if found.rows.is_empty() {
            return Err(BenchError::Setup(format!("a search by {kind} found nobody")));
        }
    }
    let persons = app.store.read("bench", |tx| tx.count_persons()).await?;
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_unstable_by_key(|(kind, _)| *kind);
    for (kind, mut taken) in times {
        taken.sort_unstable();
        let at = |share: usize| taken[(taken.len() * share / 100).min(taken.len() - 1)];
        let note = format!("p50 {:.2?}, worst {:.2?}, over {persons} persons", at(50), at(100));
        report.add(format!("search by {kind}, p99"), at(99).as_secs_f64() * 1e3, "ms", Floor::Most(100.0), note);
    }
    Ok(())
}
