//! `cargo bench -p allclear-domain`: what the rules cost alone. Figures are compared with themselves, on one machine.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::{collections::BTreeMap, hint::black_box};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        change::{Change, Fact, Stage},
        code::{BoxCode, CardCode, TubeCode},
        id::{Id, PersonNo},
        time::Instant,
    },
    live::Fold,
    people::{
        date::Date,
        document::{Document, DocumentKind},
    },
    sampling::{
        FactKey, Station,
        tube::{Decisions, TubeFact, TubeKind, fold},
    },
};
use criterion::{BatchSize, Criterion, Throughput};
use uuid::Uuid;

const T0: i64 = 1_641_427_200_000_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    codes(&mut criterion);
    tube(&mut criterion);
    live(&mut criterion);
    criterion.final_summary();
}

fn codes(criterion: &mut Criterion) {
    let (tube, the_box, card) = (TubeCode::from_serial(42), BoxCode::from_serial(7), CardCode::from_random([0xA5; 10]));
    let today = Date::new(2022, 1, 5).unwrap();
    let mut group = criterion.benchmark_group("codes");
    group.bench_function("tube", |b| b.iter(|| TubeCode::parse(black_box(tube.as_str()))));
    group.bench_function("box", |b| b.iter(|| BoxCode::parse(black_box(the_box.as_str()))));
    group.bench_function("card", |b| b.iter(|| CardCode::parse(black_box(card.as_str()))));
    group.bench_function("resident id", |b| {
        b.iter(|| Document::parse(DocumentKind::ResidentId, black_box("11010519491231002X"), today));
    });
    group.finish();
}

/// A pool of ten that was sealed, packed, and whose last fact came first.
fn facts() -> Vec<(FactKey, TubeFact)> {
    let station = Station { site: Id::new(Uuid::from_u128(1)), number: 1 };
    let key = |n: i64| FactKey { at: Instant(T0 + n), device_no: 1, device_seq: n };
    let swab = |n: i64| TubeFact::Collected { id: Id::new(Uuid::from_u128(n as u128)), station, kind: TubeKind::Pool10, flaw: None };
    let mut facts: Vec<_> = (1..=10).map(|n| (key(n), swab(n))).collect();
    facts.push((key(11), TubeFact::Sealed { counted: 10, signed: false }));
    facts.insert(0, (key(12), TubeFact::Packed));
    facts
}

fn tube(criterion: &mut Criterion) {
    let facts = facts();
    let decisions = Decisions { swabs: BTreeMap::new(), kind: None };
    criterion.bench_function("fold a tube of ten", |b| b.iter(|| fold(TubeKind::Pool10, black_box(&facts), &decisions)));
}

/// One commit of a hundred swabs in ten tubes.
fn change(seq: i64) -> Change {
    let (round, site) = (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2)));
    let area = AreaCode::parse("330784105213").unwrap();
    let mut facts = Vec::new();
    for n in 0..100_i64 {
        let (person, tube) = (seq * 100 + n, format!("T{:010}", seq * 10 + n / 10));
        let taken_at = Instant(T0 + person * 1_000_000);
        let id = Id::new(Uuid::from_u128(person as u128));
        facts.push(Fact::Collection {
            id,
            round,
            tube: tube.clone(),
            person: PersonNo(person),
            area,
            site,
            taken_at,
            device_no: 1,
            delta: 1,
        });
        if n % 10 == 9 {
            let (members, started_at) = (10, Some(taken_at));
            facts.push(Fact::Tube { code: tube, round, site, from: None, to: Stage::Open, members, at: taken_at, started_at });
        }
    }
    Change { seq, at: Instant(T0), op: "record_field_facts".into(), facts }
}

fn live(criterion: &mut Criterion) {
    let changes: Vec<Change> = (1..=1000).map(change).collect();
    let mut group = criterion.benchmark_group("live fold");
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("a thousand commits of a hundred swabs", |b| {
        b.iter_batched_ref(
            Fold::default,
            |fold| {
                for change in &changes {
                    fold.apply(black_box(change));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}
