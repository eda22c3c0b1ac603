//! The fold of any feed equals a recount of the facts that came out of it.

#![expect(clippy::expect_used, reason = "tests stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        change::{Change, Fact},
        id::{Id, PersonNo},
        time::Instant,
    },
    live::{Fold, Persons},
};
use proptest::prelude::*;
use roaring::RoaringTreemap;
use uuid::Uuid;

const AREAS: [i64; 4] = [330_784_105_200, 330_784_105_201, 330_784_106_200, 330_784_107_200];

fn area(index: usize) -> AreaCode {
    AreaCode::from_number(AREAS[index]).expect("a code")
}

/// One swab that counts now, then not, then again: `flips` times the other way.
#[derive(Debug, Clone)]
struct Swab {
    person: i64,
    area: usize,
    site: u128,
    taken_at: i64,
    flips: u8,
}

fn swab() -> impl Strategy<Value = Swab> {
    (0i64..10, 0usize..4, 1u128..4, 0i64..4000, 1u8..5).prop_map(|(person, area, site, taken_at, flips)| Swab {
        person,
        area,
        site,
        taken_at,
        flips,
    })
}

fn fact(swab: &Swab, id: usize, delta: i32) -> Fact {
    Fact::Collection {
        id: Id::new(Uuid::from_u128(id as u128)),
        round: Id::new(Uuid::from_u128(1)),
        tube: "T".into(),
        person: PersonNo(swab.person),
        area: area(swab.area),
        site: Id::new(Uuid::from_u128(swab.site)),
        taken_at: Instant(swab.taken_at * 1_000_000),
        device_no: 1,
        delta,
    }
}

fn expected_list(members: &BTreeMap<i64, usize>) -> BTreeMap<AreaCode, RoaringTreemap> {
    let mut list: BTreeMap<AreaCode, RoaringTreemap> = BTreeMap::new();
    for (person, village) in members {
        list.entry(area(*village)).or_default().insert(*person as u64);
    }
    list
}

proptest! {
    #[test]
    fn fold_equals_recount(
        swabs in prop::collection::vec(swab(), 0..40),
        list in prop::collection::btree_map(1i64..10, 0usize..4, 0..9),
        order in any::<u64>(),
        list_at in 0usize..80,
    ) {
        let mut feed: Vec<Fact> = Vec::new();
        for (id, swab) in swabs.iter().enumerate() {
            for flip in 0..swab.flips {
                feed.push(fact(swab, id, if flip % 2 == 0 { 1 } else { -1 }));
            }
        }
        // Any order: each key draws its place from the seed.
        let mut keyed: Vec<(u64, Fact)> = feed.into_iter().enumerate()
            .map(|(i, fact)| ((i as u64 + 1).wrapping_mul(order | 1).rotate_left(17), fact)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        let mut fold = Fold::default();
        let round = Id::new(Uuid::from_u128(1));
        for (seq, (_, fact)) in keyed.into_iter().enumerate() {
            if seq == list_at {
                fold.rounds.entry(round).or_default().persons.set_expected(expected_list(&list));
            }
            let change = Change { seq: seq as i64 + 1, at: Instant(0), op: "test".into(), facts: vec![fact] };
            fold.apply(&change);
            // The same change again changes nothing.
            fold.apply(&change);
        }
        fold.rounds.entry(round).or_default().persons.set_expected(expected_list(&list));
        let counts = &fold.rounds[&round];

        let standing: Vec<&Swab> = swabs.iter().filter(|swab| swab.flips % 2 == 1).collect();
        let mut places: BTreeMap<i64, BTreeSet<AreaCode>> = BTreeMap::new();
        for swab in standing.iter().filter(|swab| swab.person > 0) {
            places.entry(swab.person).or_default().insert(area(swab.area));
        }
        for index in 0..AREAS.len() {
            let village = area(index);
            let got = counts.persons.villages().get(&village).copied().unwrap_or_default();
            let sampled_here = |(person, areas): &(&i64, &BTreeSet<AreaCode>)| match list.get(*person) {
                Some(home) => area(*home) == village,
                None => areas.first() == Some(&village),
            };
            let here: Vec<_> = places.iter().filter(sampled_here).collect();
            let expected_sampled = here.iter().filter(|(person, _)| list.contains_key(*person)).count() as i64;
            prop_assert_eq!(got.collections, standing.iter().filter(|swab| area(swab.area) == village).count() as i64);
            prop_assert_eq!(got.expected, list.values().filter(|home| **home == index).count() as i64);
            prop_assert_eq!(got.expected_sampled, expected_sampled);
            prop_assert_eq!(got.unexpected_sampled, here.len() as i64 - expected_sampled);
            prop_assert!(got.expected_sampled <= got.expected, "completion above 100 %");
        }
        for (site, own) in &counts.sites {
            let at_site = standing.iter().filter(|swab| Id::new(Uuid::from_u128(swab.site)) == *site);
            prop_assert_eq!(own.collections, at_site.clone().count() as i64);
            prop_assert_eq!(own.steps.values().sum::<i64>(), at_site.count() as i64);
        }
        let (sampled, odd) = counts.persons.parts();
        let collections = counts.persons.villages().iter().map(|(area, c)| (*area, c.collections)).filter(|(_, n)| *n != 0).collect();
        let mut again = Persons::from_parts(sampled.clone(), odd.clone(), &collections);
        again.set_expected(expected_list(&list));
        prop_assert_eq!(&again, &counts.persons, "what a snapshot gives back");
    }
}
