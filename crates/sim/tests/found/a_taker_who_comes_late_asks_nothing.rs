//! Found by the simulation: an open exception waits for something. A courier's half that came after the reception was an
//! exception about content that differs, though both told of the same box.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_52() {
    let steps: Vec<Step> = vec![
        (15, Give { phone: 2, the_box: 0, handover: 1 }),
        (18, Send { phone: 2, take: 60 }),
        (19, Take { phone: 3, the_box: 0, handover: 1 }),
        (21, Receive { the_box: Some(0), tubes: vec![0, 1], damaged: None }),
    ];
    replay(&steps);
}
