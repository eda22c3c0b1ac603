//! Found by the simulation: counts equal a recount. An undo that came after its tube was received was
//! still counted as a person-report in the records, and not on the screen.

use allclear_sim::{
    op::{Call::*, Op::*, Step},
    replay,
};

#[test]
fn seed_131() {
    let steps: Vec<Step> = vec![
        (59, Scan { phone: 0, station: 1, tube: 5, person: 0 }),
        (60, Undo { phone: 1, of: 59 }),
        (63, Seal { phone: 0, tube: 5, counted: 3, signed: false }),
        (64, Send { phone: 0, take: 27 }),
        (84, Receive { the_box: None, tubes: vec![5], damaged: None }),
        (68, Send { phone: 1, take: 60 }),
        (74, Plate { run: 2, tubes: vec![4, 5] }),
        (76, Enter { run: Some(2), tubes: vec![4, 5], value: Negative, by_both: false }),
        (80, Release { tube: 5, value: Negative, by_both: false }),
    ];
    replay(&steps);
}
