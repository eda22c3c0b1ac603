use std::collections::HashSet;

use super::*;

const AREAS: &str = include_str!("../../../../../data/330784-areas.csv");

fn city(population: u64, seed: u64) -> City {
    City::plan(read_places(AREAS).unwrap(), population, seed, Date::new(2022, 1, 5).unwrap()).unwrap()
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
    let given = read_places(AREAS).unwrap();
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
    assert!(matches!(read_places("code,name,parent,level,population\n33,x,,county,1"), Err(NoCity::BadLine { line: 2, .. })));
    assert!(matches!(read_places("h\n330784,x,,town,1"), Err(NoCity::BadLine { line: 2, .. })));
    assert!(matches!(City::plan(vec![], 1, 1, Date::new(2022, 1, 5).unwrap()), Err(NoCity::NoVillage)));
}
