//! Found by the simulation: counts equal a recount. A seal that came before its tube's first swab waited
//! without a round; later facts gave it one, in the feed and not in the row.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_1() {
    let steps: Vec<Step> = vec![
        (45, Scan { phone: 1, station: 2, tube: 2, person: 6 }),
        (46, Scan { phone: 1, station: 2, tube: 2, person: 7 }),
        (88, Seal { phone: 2, tube: 2, counted: 1, signed: false }),
        (27, Send { phone: 2, take: 31 }),
    ];
    replay(&steps);
}

#[test]
fn seed_103() {
    let steps: Vec<Step> = vec![
        (49, Scan { phone: 0, station: 1, tube: 3, person: 8 }),
        (52, Seal { phone: 0, tube: 3, counted: 2, signed: false }),
        (53, Pack { phone: 0, tube: 3, the_box: 2 }),
        (81, Pack { phone: 1, tube: 3, the_box: 0 }),
        (58, Send { phone: 1, take: 60 }),
    ];
    replay(&steps);
}
