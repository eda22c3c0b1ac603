//! Knows the right answer in another way than the product: it plays the whole day once, in the order
//! in which things happened, over all tubes together.

use std::collections::{BTreeMap, BTreeSet};

use allclear_testkit::City;
use uuid::Uuid;

use crate::op::{Made, Op, code};

/// Swabs that a simulated tube holds.
const CAPACITY: usize = 5;

#[derive(Debug, Default, Clone)]
struct Tube {
    station: Option<i32>,
    stage: Stage,
    /// Swabs that count.
    valid: BTreeSet<Uuid>,
    /// Swabs of unknown persons: inside, not counting.
    unknown: BTreeSet<Uuid>,
    /// Swabs that were refused.
    refused: BTreeSet<Uuid>,
    touched: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    Sealed,
    Boxed,
}

#[derive(Debug, Clone, Copy)]
struct Swab {
    station: i32,
    known: bool,
}

#[derive(Default)]
struct World {
    tubes: BTreeMap<String, Tube>,
    swabs: BTreeMap<Uuid, Swab>,
}

impl World {
    fn put(&mut self, tube: &str, id: Uuid, swab: Swab) {
        let tube = self.tubes.entry(tube.to_owned()).or_default();
        tube.touched = true;
        let held = *tube.station.get_or_insert(swab.station);
        let full = tube.valid.len() + tube.unknown.len() >= CAPACITY;
        let set = if tube.stage != Stage::Open || held != swab.station || full {
            &mut tube.refused
        } else if swab.known {
            &mut tube.valid
        } else {
            &mut tube.unknown
        };
        set.insert(id);
    }

    fn take(&mut self, tube: &str, id: Uuid) -> bool {
        let Some(tube) = self.tubes.get_mut(tube) else { return false };
        tube.stage == Stage::Open && (tube.valid.remove(&id) | tube.unknown.remove(&id) | tube.refused.remove(&id))
    }

    fn step(&mut self, made: &Made) {
        let text = |field: &str| made.command[field].as_str().unwrap_or_default().to_owned();
        let collection = || text("collection").parse().unwrap_or_default();
        match &made.op {
            Op::Scan { station, tube, .. } | Op::ScanUnknown { station, tube, .. } => {
                let swab = Swab { station: *station, known: matches!(made.op, Op::Scan { .. }) };
                self.swabs.insert(made.id, swab);
                self.put(&code(*tube), made.id, swab);
            }
            Op::Undo { .. } => {
                self.take(&text("tube"), collection());
            }
            Op::Move { .. } => {
                let id: Uuid = collection();
                if text("from_tube") != text("to_tube")
                    && self.take(&text("from_tube"), id)
                    && let Some(swab) = self.swabs.get(&id).copied()
                {
                    self.put(&text("to_tube"), id, swab);
                }
            }
            Op::Seal { tube, .. } => self.stage(*tube, Stage::Open, Stage::Sealed),
            Op::Pack { tube, .. } => self.stage(*tube, Stage::Sealed, Stage::Boxed),
            Op::Unpack { tube, .. } => self.stage(*tube, Stage::Boxed, Stage::Sealed),
        }
    }

    fn stage(&mut self, tube: u32, from: Stage, to: Stage) {
        let tube = self.tubes.entry(code(tube)).or_default();
        if tube.stage == from {
            tube.stage = to;
        }
    }
}

/// Compares the store with the auditor's own answer.
pub async fn audit(city: &City, made: &[Made], seed: u64) {
    let mut ordered: Vec<&Made> = made.iter().collect();
    ordered.sort_by_key(|made| made.key);
    let mut world = World::default();
    for made in ordered {
        world.step(made);
    }
    for (code, expected) in world.tubes.iter().filter(|(_, tube)| tube.touched) {
        let name = code.clone();
        let read =
            city.app.store.read("audit", move |tx| Ok::<_, allclear_store::StoreError>((tx.tube(&name)?, tx.collections_of(&name)?)));
        let (tube, collections) = read.await.expect("the store answers");
        let tube = tube.unwrap_or_else(|| panic!("seed {seed}: tube {code} was lost"));
        let of_state = |state: &str| collections.iter().filter(|c| c.state == state).map(|c| c.id.uuid()).collect::<BTreeSet<_>>();
        assert_eq!(of_state("valid"), expected.valid, "seed {seed}: valid swabs of {code}");
        let waiting: BTreeSet<Uuid> = expected.unknown.union(&expected.refused).copied().collect();
        assert_eq!(of_state("exception"), waiting, "seed {seed}: waiting swabs of {code}");
        assert_eq!(tube.valid as usize, expected.valid.len(), "seed {seed}: count of {code}");
        assert!(tube.inside as usize <= CAPACITY, "seed {seed}: {code} is over-full");
        let stage = match expected.stage {
            Stage::Open => "open",
            Stage::Sealed => "sealed",
            Stage::Boxed => "boxed",
        };
        assert_eq!(tube.stage.as_str(), stage, "seed {seed}: stage of {code}");
        every_wait_has_an_exception(city, code, &waiting, seed).await;
    }
    every_swab_is_kept(city, made, seed).await;
}

async fn every_wait_has_an_exception(city: &City, code: &str, waiting: &BTreeSet<Uuid>, seed: u64) {
    for id in waiting.iter().copied() {
        let name = code.to_owned();
        let exception = city.app.store.read("audit", move |tx| tx.exception(&name, id)).await.expect("the store answers");
        let open = exception.is_some_and(|exception| exception.state == "open");
        assert!(open, "seed {seed}: swab {id} in {code} waits, but no exception says so");
    }
}

/// Every scan is a row of the tube it was sent for, whatever became of it.
async fn every_swab_is_kept(city: &City, made: &[Made], seed: u64) {
    for made in made {
        let (Op::Scan { tube, .. } | Op::ScanUnknown { tube, .. }) = made.op else { continue };
        let (name, id) = (code(tube), made.id);
        let rows = city.app.store.read("audit", move |tx| tx.collections_of(&name)).await.expect("the store answers");
        assert!(rows.iter().any(|row| row.id.uuid() == id), "seed {seed}: swab {id} was lost");
    }
}
