//! Found by the simulation: a hand-over stands as its halves say. The reception joined a hand-over, and the taker's half
//! that named another box was refused instead of disputed.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_98() {
    let steps: Vec<Step> = vec![
        (31, Give { phone: 2, the_box: 1, handover: 2 }),
        (7, Give { phone: 0, the_box: 0, handover: 1 }),
        (34, Send { phone: 2, take: 60 }),
        (35, Take { phone: 3, the_box: 0, handover: 2 }),
        (37, Receive { the_box: Some(1), tubes: vec![1], damaged: None }),
    ];
    replay(&steps);
}
