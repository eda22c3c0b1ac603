//! What the city does: mostly swabs, with the slips that real days have.

use rand_chacha::rand_core::Rng;

use crate::{op::Op, seed::below};

/// Phones at work.
pub const PHONES: usize = 3;
/// Stations of the site; two phones share one.
const STATIONS: usize = 2;
/// Boxes.
const BOXES: usize = 2;

/// A day of `count` operations among `people` persons. Tubes are few, so that phones get in each
/// other's way far more often than in life.
#[must_use]
pub fn day(random: &mut impl Rng, count: usize, people: usize) -> Vec<Op> {
    let tubes = 1 + count / 8;
    let mut scans: Vec<usize> = Vec::new();
    let mut next_person = 0;
    let mut ops = Vec::with_capacity(count);
    for i in 0..count {
        let phone = below(random, PHONES);
        // A phone sits at one station, but now and then somebody carries it over.
        let station = if below(random, 20) == 0 { below(random, STATIONS) } else { phone % STATIONS } as i32 + 1;
        let tube = below(random, tubes) as u32;
        let of = scans.get(below(random, scans.len())).copied();
        let op = match (below(random, 20), of) {
            (0, Some(of)) => Op::Undo { phone, of },
            (1, Some(of)) => Op::Move { phone, of, to: tube },
            (2 | 3, _) => Op::Seal { phone, tube, counted: below(random, 6) as i32, signed: below(random, 2) == 0 },
            (4, _) => Op::Pack { phone, tube, the_box: below(random, BOXES) as u32 },
            (5, _) => Op::Unpack { phone, tube, the_box: below(random, BOXES) as u32 },
            (6, _) => Op::ScanUnknown { phone, station, tube },
            _ if next_person < people => {
                next_person += 1;
                Op::Scan { phone, station, tube, person: next_person - 1 }
            }
            _ => Op::ScanUnknown { phone, station, tube },
        };
        if matches!(op, Op::Scan { .. } | Op::ScanUnknown { .. }) {
            scans.push(i);
        }
        ops.push(op);
    }
    ops
}
