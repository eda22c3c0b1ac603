//! Found by the simulation: custody has no hole. A box that only one side of a hand-over spoke of was
//! received, and its record did not say what was missing of its way.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_4() {
    let steps: Vec<Step> = vec![
        (14, Take { phone: 3, the_box: 0, handover: 1 }),
        (15, Send { phone: 3, take: 20 }),
        (16, Receive { the_box: Some(0), tubes: vec![0], damaged: None }),
    ];
    replay(&steps);
}
