//! Found by the simulation: a batch is held whole or not at all. The reception had answered for the courier, so the
//! courier's own half found its place taken and its boxes had no record of it.

use allclear_sim::{
    op::{Fault::*, Op::*, Step},
    replay,
};

#[test]
fn seed_84() {
    let steps: Vec<Step> = vec![
        (6, Give { phone: 2, the_box: 0, handover: 1 }),
        (9, Send { phone: 2, take: 60 }),
        (10, Take { phone: 3, the_box: 0, handover: 1 }),
        (12, Receive { the_box: Some(0), tubes: vec![0], damaged: None }),
        (63, Cut { fault: AnswerLost, calls: 3 }),
        (44, Take { phone: 3, the_box: 1, handover: 2 }),
        (45, Send { phone: 3, take: 20 }),
    ];
    replay(&steps);
}
