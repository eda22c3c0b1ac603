//! Properties, and every fact at every stage.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::kernel::time::Instant;

fn key(at: i64) -> FactKey {
    FactKey { at: Instant(at), device_no: 1, device_seq: at }
}
fn id(n: u128) -> Id<Collection> {
    Id::new(Uuid::from_u128(n))
}
fn station(number: i32) -> Station {
    Station { site: Id::new(Uuid::from_u128(1)), number }
}
fn swab(n: u128) -> TubeFact {
    TubeFact::Collected { id: id(n), station: station(1), kind: TubeKind::Pool10, flaw: None }
}

fn arb_fact() -> impl Strategy<Value = TubeFact> {
    prop_oneof![
        8 => (0u128..14, 1..3i32, prop::bool::weighted(0.1)).prop_map(|(n, s, unknown)| TubeFact::Collected {
            id: id(n), station: station(if s == 2 { 2 } else { 1 }), kind: TubeKind::Pool5,
            flaw: unknown.then_some(ExceptionKind::UnknownPerson),
        }),
        2 => (0u128..14).prop_map(|n| TubeFact::Voided { id: id(n) }),
        1 => (0u128..14).prop_map(|n| TubeFact::MovedOut { id: id(n) }),
        1 => (0..6i32, any::<bool>()).prop_map(|(counted, signed)| TubeFact::Sealed { counted, signed }),
        1 => Just(TubeFact::Packed),
        1 => Just(TubeFact::Unpacked),
    ]
}

/// Facts with distinct keys and each collection id once, as devices make them.
fn arb_facts() -> impl Strategy<Value = Vec<(FactKey, TubeFact)>> {
    prop::collection::vec((arb_fact(), 0i64..4), 0..30).prop_map(|facts| {
        let mut seen = std::collections::BTreeSet::new();
        facts
            .into_iter()
            .enumerate()
            .filter(|(_, (fact, _))| match fact {
                TubeFact::Collected { id, .. } => seen.insert(*id),
                _ => true,
            })
            .map(|(i, (fact, device))| (FactKey { at: Instant(i as i64 / 3), device_no: device, device_seq: i as i64 }, fact))
            .collect()
    })
}

fn arb_decisions() -> impl Strategy<Value = Decisions> {
    let swab = (0u128..14, any::<bool>()).prop_map(|(n, keep)| (id(n), if keep { Decision::Keep } else { Decision::Void }));
    let kind = prop_oneof![4 => Just(None), 1 => Just(Some(TubeKind::Pool10)), 1 => Just(Some(TubeKind::Single))];
    (prop::collection::btree_map(0u8..14, swab, 0..8), kind)
        .prop_map(|(swabs, kind)| Decisions { swabs: swabs.into_values().collect(), kind })
}

proptest! {
    #[test]
    fn any_order_and_repetition_give_the_same_tube(facts in arb_facts(), shuffle in any::<u64>()) {
        let straight = fold(TubeKind::Pool5, &facts, &Decisions::default());
        let mut mixed = facts.clone();
        mixed.extend_from_slice(&facts);
        let len = mixed.len().max(1);
        for i in 0..mixed.len() {
            mixed.swap(i, (shuffle as usize).wrapping_mul(i + 7) % len);
        }
        prop_assert_eq!(straight, fold(TubeKind::Pool5, &mixed, &Decisions::default()));
    }

    #[test]
    fn a_tube_never_counts_more_than_it_holds(facts in arb_facts(), decided in arb_decisions()) {
        let folded = fold(TubeKind::Pool5, &facts, &decided);
        let valid = folded.members.values().filter(|m| **m == Membership::Valid).count();
        prop_assert_eq!(valid, folded.tube.valid);
        prop_assert!(folded.tube.inside <= folded.tube.kind.capacity());
        prop_assert!(folded.tube.valid <= folded.tube.inside);
    }

    #[test]
    fn appending_equals_folding(facts in arb_facts()) {
        let mut swabs: Vec<_> = facts.into_iter().filter(|(_, f)| matches!(f, TubeFact::Collected { .. })).collect();
        swabs.sort_by_key(|(key, _)| *key);
        let mut appended = Tube::new(TubeKind::Pool5);
        for (key, fact) in &swabs {
            if let TubeFact::Collected { station, kind, flaw, .. } = *fact {
                appended.collect(*key, station, kind, flaw);
            }
        }
        prop_assert_eq!(appended, fold(TubeKind::Pool5, &swabs, &Decisions::default()).tube);
    }
}

#[test]
fn the_eleventh_swab_waits_for_a_person() {
    let facts: Vec<_> = (1..=11).map(|n| (key(n), swab(n as u128))).collect();
    let folded = fold(TubeKind::Pool10, &facts, &Decisions::default());
    assert_eq!(folded.verdicts[9].1, Verdict::AcceptedFull);
    assert_eq!(folded.verdicts[10].1, Verdict::Exception(ExceptionKind::TubeOverFull));
    assert_eq!((folded.tube.valid, folded.tube.inside), (10, 10));
}

#[test]
fn a_swab_taken_before_the_seal_belongs_to_the_tube_however_late_it_arrives() {
    let facts = [(key(3), TubeFact::Sealed { counted: 2, signed: false }), (key(1), swab(1)), (key(4), swab(9)), (key(2), swab(2))];
    let folded = fold(TubeKind::Pool10, &facts, &Decisions::default());
    assert_eq!(folded.members[&id(2)], Membership::Valid);
    assert_eq!(folded.members[&id(9)], Membership::Exception(ExceptionKind::TubeSealed));
    assert_eq!(folded.tube.stage, Stage::Sealed);
}

#[test]
fn undo_makes_room_and_a_decision_overrules() {
    let mut facts: Vec<_> = (1..=10).map(|n| (key(n), swab(n as u128))).collect();
    facts.push((key(11), TubeFact::Voided { id: id(3) }));
    facts.push((key(12), swab(12)));
    facts.push((key(13), swab(13)));
    let keep = |kind| Decisions { swabs: BTreeMap::from([(id(13), Decision::Keep)]), kind };
    let full = fold(TubeKind::Pool10, &facts, &keep(None));
    assert_eq!(full.members[&id(3)], Membership::Voided);
    assert_eq!(full.members[&id(12)], Membership::Valid);
    assert_eq!(full.members[&id(13)], Membership::Exception(ExceptionKind::TubeOverFull), "no decision makes a place");
    assert_eq!((full.tube.valid, full.tube.inside), (10, 10));
    let larger = fold(TubeKind::Pool10, &facts, &keep(Some(TubeKind::Pool20)));
    assert_eq!((larger.members[&id(13)], larger.tube.valid), (Membership::Valid, 11), "it was a tube of twenty");
}

/// A tube of one swab brought to a stage.
fn at_stage(stage: Stage, swabs: u128) -> (Tube, BTreeMap<Id<Collection>, Membership>) {
    let mut facts: Vec<_> = (1..=swabs).map(|n| (key(n as i64), swab(n))).collect();
    if stage >= Stage::Sealed {
        facts.push((key(20), TubeFact::Sealed { counted: swabs as i32, signed: false }));
    }
    if stage >= Stage::Boxed {
        facts.push((key(21), TubeFact::Packed));
    }
    let folded = fold(TubeKind::Pool10, &facts, &Decisions::default());
    assert_eq!(folded.tube.stage, stage);
    (folded.tube, folded.members)
}

#[test]
fn every_fact_at_every_stage() {
    use std::fmt::Write as _;
    let collected = |station, flaw| TubeFact::Collected { id: id(99), station, kind: TubeKind::Pool10, flaw };
    let facts = [
        ("swab", collected(station(1), None)),
        ("swab of a stranger", collected(station(1), Some(ExceptionKind::UnknownPerson))),
        ("swab, clock off", collected(station(1), Some(ExceptionKind::ClockTooFarOff))),
        ("swab, round closed", collected(station(1), Some(ExceptionKind::RoundClosed))),
        ("swab, out of scope", collected(station(1), Some(ExceptionKind::OutOfScope))),
        ("swab elsewhere", collected(station(2), None)),
        ("undo", TubeFact::Voided { id: id(1) }),
        ("undo of another", TubeFact::Voided { id: id(77) }),
        ("move out", TubeFact::MovedOut { id: id(1) }),
        ("seal, count right", TubeFact::Sealed { counted: -1, signed: false }),
        ("seal, count wrong", TubeFact::Sealed { counted: 99, signed: false }),
        ("seal, wrong, signed", TubeFact::Sealed { counted: 99, signed: true }),
        ("pack", TubeFact::Packed),
        ("unpack", TubeFact::Unpacked),
    ];
    let mut table = String::from("stage valid/inside fact -> stage valid/inside verdict\n");
    for (stage, swabs) in [(Stage::Open, 1), (Stage::Open, 9), (Stage::Open, 10), (Stage::Sealed, 1), (Stage::Boxed, 1)] {
        for (name, fact) in facts {
            let (tube, members) = at_stage(stage, swabs);
            let fact = match fact {
                TubeFact::Sealed { counted: -1, signed } => TubeFact::Sealed { counted: swabs as i32, signed },
                fact => fact,
            };
            let mut folded = Folded { tube, members, verdicts: Vec::new() };
            let before = folded.tube.clone();
            let verdict = step(&mut folded, key(50), fact);
            let counts = |tube: &Tube| format!("{:6} {:2}/{:<2}", tube.stage.as_str(), tube.valid, tube.inside);
            writeln!(table, "{} {name:20} -> {} {}", counts(&before), counts(&folded.tube), verdict.as_str()).unwrap();
        }
    }
    insta::assert_snapshot!("tube", table);
}

/// A collection is recorded and then voided, moved, or decided; nothing brings back what was voided.
#[test]
fn every_decision_about_every_collection() {
    use std::fmt::Write as _;
    let states = [
        ("valid", Membership::Valid),
        ("voided", Membership::Voided),
        ("moved", Membership::Moved),
        ("unknown person", Membership::Exception(ExceptionKind::UnknownPerson)),
        ("tube sealed", Membership::Exception(ExceptionKind::TubeSealed)),
        ("tube over-full", Membership::Exception(ExceptionKind::TubeOverFull)),
    ];
    let word = |member| match member {
        Membership::Valid => "valid".to_owned(),
        Membership::Voided => "voided".to_owned(),
        Membership::Moved => "moved".to_owned(),
        Membership::Exception(kind) => format!("exception {}", kind.as_str()),
    };
    let mut table = String::from("collection | swabs inside, event -> collection, valid/inside\n");
    for (name, member) in states {
        for inside in [5, 10] {
            for event in ["undo", "move out", "keep", "void"] {
                let own = matches!(member, Membership::Exception(kind) if occupies(kind));
                let mut tube = Tube { valid: inside - usize::from(own), inside, ..Tube::new(TubeKind::Pool10) };
                let mut members = BTreeMap::from([(id(1), member)]);
                let mut said = String::new();
                match event {
                    "undo" => said = leave(&mut tube, &mut members, id(1), Membership::Voided).as_str().to_owned(),
                    "move out" => said = leave(&mut tube, &mut members, id(1), Membership::Moved).as_str().to_owned(),
                    "keep" => overrule(&mut tube, members.get_mut(&id(1)).unwrap(), Decision::Keep),
                    _ => overrule(&mut tube, members.get_mut(&id(1)).unwrap(), Decision::Void),
                }
                let after = word(members[&id(1)]);
                writeln!(table, "{name:14} | {inside:2} {event:8} -> {after:26} {:2}/{:<2} {said}", tube.valid, tube.inside).unwrap();
                assert!(tube.inside <= tube.kind.capacity());
            }
        }
    }
    insta::assert_snapshot!("collection", table);
}
