//! Found by the simulation: holds are as they happened. A tube on hold whose facts arrived was received
//! in another session, and stayed on the hold list for ever.

use allclear_sim::{
    op::{Fault::*, Op::*, Step},
    replay,
};

#[test]
fn seed_29() {
    let steps: Vec<Step> = vec![
        (44, Receive { the_box: Some(1), tubes: vec![3, 5], damaged: None }),
        (63, Scan { phone: 0, station: 1, tube: 5, person: 13 }),
        (64, Seal { phone: 0, tube: 5, counted: 5, signed: false }),
        (69, Send { phone: 0, take: 60 }),
        (74, Receive { the_box: Some(2), tubes: vec![4, 5, 5], damaged: None }),
        (75, ResolveHold { tube: 5, discard: false }),
    ];
    replay(&steps);
}

#[test]
fn seed_114_with_a_lost_answer() {
    let steps: Vec<Step> = vec![
        (45, Scan { phone: 2, station: 1, tube: 3, person: 9 }),
        (46, Seal { phone: 2, tube: 3, counted: 1, signed: true }),
        (72, Receive { the_box: None, tubes: vec![3], damaged: None }),
        (58, Send { phone: 2, take: 60 }),
        (61, Receive { the_box: Some(2), tubes: vec![3, 4, 3], damaged: None }),
        (63, Plate { run: 2, tubes: vec![3, 4] }),
        (90, Cut { fault: AnswerLost, calls: 2 }),
        (64, Repeat { tube: 3 }),
    ];
    replay(&steps);
}
