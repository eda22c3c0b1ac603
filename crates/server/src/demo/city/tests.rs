use std::{collections::HashSet, sync::Arc};

use allclear_domain::{kernel::time::Instant, people::groups::AgeGroups};
use allclear_seal::Keys;
use allclear_store::{Store, StoreConfig, StoreError, Tx};

use super::*;
use crate::people::{
    import::places::Places,
    intake::{self, Order, Source},
};

const AREAS: &str = include_str!("../../../../../data/330784-areas.csv");

fn city(population: u64, seed: u64) -> City {
    City::plan(read_places(AREAS.as_bytes()).unwrap(), population, seed, Date::new(2022, 1, 5).unwrap()).unwrap()
}

#[test]
fn the_total_is_exact_at_any_size() {
    for population in [0, 1, 451, 5_000, 20_000, 50_001] {
        let city = city(population, 7);
        assert_eq!(city.population(), population);
        assert_eq!(city.households().map(|household| household.persons.len() as u64).sum::<u64>(), population);
        let areas = city.areas();
        let total = |level| areas.iter().filter(|place| place.code.level() == level).map(|place| place.population).sum::<u64>();
        assert_eq!([total(Level::County), total(Level::Town), total(Level::Village), total(Level::Grid)], [population; 4]);
    }
    let census = city(964_203, 7);
    assert_eq!(census.population(), 964_203);
    let given = read_places(AREAS.as_bytes()).unwrap();
    assert_eq!(&census.areas()[..given.len()], &given[..], "at the census size the split is that of the file");
}

#[test]
fn the_same_seed_gives_the_same_city() {
    let (a, b, other) = (city(3_000, 42), city(3_000, 42), city(3_000, 43));
    assert!(a.households().eq(b.households()));
    assert!(!a.households().eq(other.households()));
}

#[test]
fn documents_and_phones_are_valid_unique_and_nobodys() {
    let today = Date::new(2022, 1, 5).unwrap();
    let (mut documents, mut phones, mut next) = (HashSet::new(), HashSet::new(), 1);
    for person in city(60_000, 1).households().flat_map(|household| household.persons) {
        assert_eq!(person.no, PersonNo(next), "numbers follow the neighbourhood without a gap");
        next += 1;
        allclear_domain::people::name::Name::parse(&person.name).unwrap();
        if person.document.number().is_empty() {
            assert!(person.guardian.is_some() && person.born.months_on(today) < 3);
            continue;
        }
        assert!(person.document.is_synthetic());
        assert_eq!(Document::parse(person.document.kind(), person.document.number(), today), Ok(person.document.clone()));
        assert_eq!((person.document.birth(), person.document.sex()), (Some(person.born), Some(person.sex)));
        assert!(documents.insert(person.document), "unique documents");
        if let Some(phone) = person.phone {
            assert!(phones.insert(phone), "unique phones");
        }
    }
}

#[test]
fn it_looks_like_a_city() {
    let city = city(60_000, 5);
    let today = Date::new(2022, 1, 5).unwrap();
    let households = city.households().count() as f64;
    let mean = 60_000.0 / households;
    assert!((2.3..2.9).contains(&mean), "persons a household: {mean}");
    let ages: Vec<u16> = city.households().flat_map(|h| h.persons).map(|p| p.born.age_on(today)).collect();
    let share = |low: u16, high: u16| ages.iter().filter(|age| (low..high).contains(age)).count() * 100 / ages.len();
    assert!((10..24).contains(&share(0, 18)), "children: {} %", share(0, 18));
    assert!((10..26).contains(&share(60, 130)), "elders: {} %", share(60, 130));
    let first = city.households().next().unwrap();
    assert!(first.grid.to_string().starts_with("330784001001"), "{}", first.grid);
}

#[test]
fn an_odd_area_list_is_refused_by_line() {
    assert!(matches!(read_places(b"code,name,parent,level,population\n33,x,,county,1"), Err(NoCity::BadList(_))));
    assert!(matches!(read_places(b"h\n330784,x,,town,1"), Err(NoCity::BadList(_))));
    assert!(matches!(City::plan(vec![], 1, 1, Date::new(2022, 1, 5).unwrap()), Err(NoCity::NoVillage)));
}

#[tokio::test]
async fn a_city_goes_in_whole_and_numbers_follow_the_villages() {
    let folder = std::env::temp_dir().join(format!("allclear-census-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let keys = Arc::new(Keys::from_master(&[7; 32]));
    let store = Store::open(&StoreConfig::Sqlite(folder.join("t.db")), Arc::clone(&keys)).await.unwrap();
    let city = city(12_000, 7);
    let areas: Vec<_> = city.areas().into_iter().map(|place| (place.code, place.name, place.population as i64)).collect();
    let named: Vec<_> = areas.iter().map(|(code, name, _)| (*code, name.clone())).collect();
    let upsert = move |tx: &Tx<'_>| tx.upsert_areas(&areas.iter().map(|(code, name, n)| (*code, name.as_str(), *n)).collect::<Vec<_>>());
    store.run("import_areas", upsert).await.unwrap();
    let order = Order {
        source: Source::Census(Arc::new(city)),
        import: None,
        scopes: vec![AreaCode::parse("330784").unwrap()],
        places: Arc::new(Places::new(&named)),
        ages: AgeGroups { infant_below_months: 36, child_below_years: 14 },
        batch_rows: intake::BATCH_ROWS_SHARED,
        cards: true,
        today: Date::new(2022, 1, 5).unwrap(),
        now: Instant(1_641_340_800_000_000),
    };
    let counts = intake::run(&store, &keys, order, |_| ()).await.unwrap();
    assert_eq!((counts.added, counts.bad, counts.parked, counts.unchanged), (12_000, 0, 0, 0));
    let read = store.read("look", |tx| {
        let numbers = tx.person_numbers(AreaCode::parse("330784").unwrap(), 0)?;
        let all: Vec<i64> = numbers.iter().map(|(_, no)| *no).collect();
        Ok::<_, StoreError>((numbers, tx.cards_of(&all)?.len(), tx.persons(&all)?))
    });
    let (numbers, cards, persons) = read.await.unwrap();
    assert_eq!((numbers.len(), cards), (12_000, 12_000));
    assert!(numbers.windows(2).all(|pair| pair[0].1 < pair[1].1), "numbers rise with the villages");
    assert!(numbers.iter().all(|(area, _)| area.level() == Level::Village));
    let there: HashSet<i64> = persons.iter().map(|person| person.no.0).collect();
    let guarded: Vec<i64> = persons.iter().filter_map(|person| person.guardian).collect();
    assert!(!guarded.is_empty() && guarded.iter().all(|no| there.contains(no)), "every guardian is somebody");
    drop(store);
    let _ = std::fs::remove_dir_all(&folder);
}
