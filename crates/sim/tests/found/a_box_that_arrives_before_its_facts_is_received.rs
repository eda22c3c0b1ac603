//! Found by the simulation: a box stands where it must. A courier's phone was offline; the box was received
//! before anything was known of it, and its late hand-over then said that it was still on its way.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_346() {
    let steps: Vec<Step> =
        vec![(23, Take { phone: 3, the_box: 0, handover: 1 }), (25, Receive { the_box: Some(0), tubes: vec![0, 1, 2], damaged: None })];
    replay(&steps);
}
