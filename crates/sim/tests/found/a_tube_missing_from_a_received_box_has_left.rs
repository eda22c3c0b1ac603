//! Found by the simulation: a tube stands where it must. A box was received without a hand-over and a tube
//! of it was missing: whether it had left its site depended on whether a later fact came.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_666() {
    let steps: Vec<Step> = vec![
        (1, Scan { phone: 0, station: 1, tube: 1, person: 1 }),
        (2, Seal { phone: 0, tube: 1, counted: 1, signed: false }),
        (3, Pack { phone: 0, tube: 1, the_box: 0 }),
        (4, Send { phone: 0, take: 10 }),
        (5, Receive { the_box: Some(0), tubes: vec![], damaged: None }),
    ];
    replay(&steps);
}
