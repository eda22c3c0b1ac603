//! `allclear city`: a synthetic city as a file, or straight into a store.

use std::{
    io::{BufWriter, IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
};

use allclear_domain::people::{date::Date, groups::AgeGroups};
use allclear_store::StoreConfig;

use super::{
    AREAS_CSV,
    city::{self, City},
};
use crate::{
    boot,
    clock::SystemClock,
    people::{
        import::places::Places,
        intake::{self, BATCH_ROWS_ALONE, Order, Source},
    },
};

/// Which city, and where to.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Persons.
    #[arg(long, env = "POPULATION", default_value_t = 20_000)]
    pub population: u64,
    /// The same seed makes the same city.
    #[arg(long, default_value_t = 2022)]
    pub seed: u64,
    /// The day for which ages are made.
    #[arg(long, default_value = "2022-01-05")]
    pub day: String,
    /// Area list (`code,name,parent,level,population`); Yongkang if absent.
    #[arg(long)]
    pub areas: Option<PathBuf>,
    /// Writes the register as CSV, with the columns of our own import; `-` is standard output.
    #[arg(long, conflicts_with = "store")]
    pub out: Option<PathBuf>,
    /// Adds areas and persons to this store (`postgres://…` or a SQLite file no server has open).
    #[arg(long, required_unless_present = "out")]
    pub store: Option<String>,
    /// File of the store's master key.
    #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
    pub key_file: PathBuf,
}

/// Makes the city.
pub async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let day = Date::parse(&args.day).ok_or("--day: write it as 2022-01-05")?;
    let list = args.areas.as_ref().map(std::fs::read).transpose()?;
    let places = city::read_places(list.as_deref().unwrap_or(AREAS_CSV.as_bytes()))?;
    let city = City::plan(places, args.population, args.seed, day)?;
    match (&args.out, &args.store) {
        (Some(path), _) if path.as_os_str() == "-" => write(&city, std::io::stdout().lock()),
        (Some(path), _) => write(&city, std::fs::File::create(path)?),
        (None, Some(store)) => into_store(city, &StoreConfig::parse(store), &args, day).await,
        (None, None) => Err("--out or --store".into()),
    }
}

fn write(city: &City, out: impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let persons = city::csv::write(city, BufWriter::new(out))?;
    eprintln!("{persons} persons");
    Ok(())
}

async fn into_store(city: City, store: &StoreConfig, args: &Args, today: Date) -> Result<(), Box<dyn std::error::Error>> {
    let app = boot::application(store, &boot::master_key(&args.key_file)?, Arc::new(SystemClock), false).await?;
    let mut areas: Vec<_> = city.areas().into_iter().map(|place| (place.code, place.name, place.population as i64)).collect();
    areas.sort_unstable();
    let root = areas.first().map(|(code, _, _)| *code).ok_or("the area list is empty")?;
    let named: Vec<_> = areas.iter().map(|(code, name, _)| (*code, name.clone())).collect();
    app.store
        .run("import_areas", move |tx| tx.upsert_areas(&areas.iter().map(|(code, name, n)| (*code, name.as_str(), *n)).collect::<Vec<_>>()))
        .await?;
    let order = Order {
        source: Source::Census(Arc::new(city)),
        import: None,
        scopes: vec![root],
        places: Arc::new(Places::new(&named)),
        ages: AgeGroups::of(&app.plan().profile),
        batch_rows: BATCH_ROWS_ALONE,
        cards: true,
        today,
        now: app.now(),
    };
    let (total, bar) = (args.population, std::io::stderr().is_terminal());
    let counts = intake::run(&app.store, &app.keys, order, |counts| {
        if bar {
            eprint!("\r{} of {total} persons", counts.rows_done);
        }
    });
    let counts = counts.await?;
    eprintln!("\r{} persons added, {} there already, {} set aside", counts.added, counts.unchanged, counts.parked + counts.bad);
    Ok(())
}
