//! `allclear bench import`: the whole path against the bare store, in one run on one disk.

use std::{
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant as Stopwatch},
};

use allclear_domain::{
    kernel::{area::AreaCode, id::Id, time::Instant},
    people::{date::Date, groups::AgeGroups},
};
use allclear_seal::Keys;
use allclear_store::{
    Store, StoreConfig, StoreError,
    imports::{ImportCounts, ImportRow},
    register::Registered,
};

use super::{
    import::{columns, file, places::Places},
    intake::{self, BATCH_ROWS, Order, Source},
};
use crate::demo::city::{self, City};

/// What could go wrong in a benchmark.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("the disk: {0}")]
    Disk(#[from] std::io::Error),
    /// The city or its file.
    #[error("the city: {0}")]
    City(String),
}

/// Median and 99th percentile of writing 4 KiB and waiting until it is on the medium.
pub fn fsync_latency(folder: &Path, times: usize) -> std::io::Result<(Duration, Duration)> {
    let path = folder.join("fsync.probe");
    let mut file = std::fs::File::create(&path)?;
    let mut taken = Vec::with_capacity(times.max(1));
    for _ in 0..times.max(1) {
        let start = Stopwatch::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        taken.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path)?;
    taken.sort_unstable();
    Ok((taken[taken.len() / 2], taken[taken.len() * 99 / 100]))
}

/// One side of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Timed {
    /// Rows.
    pub rows: u64,
    /// How long.
    pub took: Duration,
}

impl Timed {
    /// Rows a second.
    #[must_use]
    pub fn rate(self) -> f64 {
        self.rows as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

async fn open(config: &StoreConfig, keys: &Arc<Keys>, places: &[city::Place]) -> Result<Store, BenchError> {
    let store = Store::open(config, Arc::clone(keys)).await?;
    let areas: Vec<(AreaCode, String, i64)> = places.iter().map(|p| (p.code, p.name.clone(), p.population as i64)).collect();
    store
        .run("import_areas", move |tx| tx.upsert_areas(&areas.iter().map(|(code, name, n)| (*code, name.as_str(), *n)).collect::<Vec<_>>()))
        .await?;
    Ok(store)
}

/// A benchmark of the import over `csv`, the bytes of a file with our own columns.
pub struct ImportBench {
    /// Where the imported register goes; must be empty.
    pub into: StoreConfig,
    /// Where the bare rows go; must be empty.
    pub bare: StoreConfig,
    /// Area tree with grids.
    pub places: Vec<city::Place>,
    /// The file.
    pub csv: Vec<u8>,
    /// Now.
    pub now: Instant,
}

/// Makes the file of a city of `rows` persons.
pub fn city_file(areas: &str, rows: u64, seed: u64, today: Date) -> Result<(Vec<city::Place>, Vec<u8>), BenchError> {
    let bad = |e: &dyn std::fmt::Display| BenchError::City(e.to_string());
    let places = city::read_places(areas).map_err(|e| bad(&e))?;
    let city = City::plan(places, rows, seed, today).map_err(|e| bad(&e))?;
    let mut bytes = Vec::new();
    city::csv::write(&city, &mut bytes).map_err(|e| bad(&e))?;
    Ok((city.areas(), bytes))
}

impl ImportBench {
    /// Runs both sides: file to register, then the same rows by a plain loop into a bare store.
    pub async fn run(self, progress: impl FnMut(ImportCounts)) -> Result<(Timed, Timed), BenchError> {
        let keys = Arc::new(Keys::from_master(&[0; 32]));
        let Self { into, bare, places, csv, now } = self;
        let store = open(&into, &keys, &places).await?;
        let county = places.iter().map(|place| place.code).min().ok_or_else(|| BenchError::City("no areas".into()))?;
        let named: Vec<_> = places.iter().map(|place| (place.code, place.name.clone())).collect();
        let started = Stopwatch::now();
        let table = Arc::new(file::read(csv).map_err(|e| BenchError::City(e.to_string()))?);
        let mapping = columns::guess(&table.header);
        let import = Id::new(uuid::Uuid::from_u128(1));
        let row = bench_import(import, county, now);
        store.run("upload_import", move |tx| tx.insert_import(&row)).await?;
        let order = Order {
            source: Source::Table { table, mapping, area: None },
            import: Some(import),
            scope: county,
            places: Arc::new(Places::new(&named)),
            ages: AgeGroups { infant_below_months: 36, child_below_years: 14 },
            cards: false,
            today: Date::in_china(now).unwrap_or_else(|| Date::in_china(Instant(0)).unwrap_or_else(|| unreachable!("1970 exists"))),
            now,
        };
        let counts = intake::run(&store, &keys, order, progress).await?;
        let whole = Timed { rows: counts.rows_done as u64, took: started.elapsed() };
        let bare = bare_rate(&bare, &keys, &places, &store, county, now).await?;
        Ok((whole, bare))
    }
}

fn bench_import(id: Id<allclear_domain::kernel::id::Import>, scope: AreaCode, now: Instant) -> ImportRow {
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
        scope,
    }
}

/// Writes the rows of `from`, sealed cells and all, into an empty store: no file, no judging, no sealing.
async fn bare_rate(
    config: &StoreConfig,
    keys: &Arc<Keys>,
    places: &[city::Place],
    from: &Store,
    county: AreaCode,
    now: Instant,
) -> Result<Timed, BenchError> {
    let store = open(config, keys, places).await?;
    let numbers = from.read("bench", move |tx| tx.person_numbers(county, 0)).await?;
    let mut timed = Timed { rows: 0, took: Duration::ZERO };
    for chunk in numbers.chunks(BATCH_ROWS) {
        let chunk: Vec<i64> = chunk.iter().map(|(_, no)| *no).collect();
        let rows = from.read("bench", move |tx| copy(tx, &chunk)).await?;
        timed.rows += rows.len() as u64;
        let start = Stopwatch::now();
        store.run("bench", move |tx| tx.register_persons(&rows, None, now)).await?;
        timed.took += start.elapsed();
    }
    Ok(timed)
}

fn copy(tx: &allclear_store::Tx<'_>, numbers: &[i64]) -> Result<Vec<Registered>, StoreError> {
    let mut documents: std::collections::HashMap<i64, _> = tx.document_rows(numbers)?.into_iter().map(|d| (d.person.0, d)).collect();
    let persons = tx.persons(numbers)?;
    Ok(persons
        .into_iter()
        .map(|p| Registered {
            no: p.no,
            name_key: allclear_domain::people::name::key(&p.name).into_bytes(),
            initials: super::initials::of(&p.name),
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
