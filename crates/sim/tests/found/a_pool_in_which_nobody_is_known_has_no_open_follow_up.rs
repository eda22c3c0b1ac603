//! Found by the simulation: counts equal a recount. A pool whose only swab waited was released as positive: the
//! release opened a follow-up, the follower of the feed found nobody in it and closed it, and the screen was not told.

use allclear_sim::{
    op::{Call::*, Op::*, Step},
    replay,
};

#[test]
fn seed_7() {
    let steps: Vec<Step> = vec![
        (72, Skew { phone: 1, seconds: -5400 }),
        (43, Scan { phone: 1, station: 2, tube: 4, person: 13 }),
        (44, Seal { phone: 1, tube: 4, counted: 4, signed: false }),
        (54, Send { phone: 1, take: 60 }),
        (57, Receive { the_box: None, tubes: vec![3, 4, 5], damaged: None }),
        (61, Enter { run: None, tubes: vec![4], value: Positive, by_both: false }),
        (62, Release { tube: 4, value: Positive, by_both: true }),
    ];
    replay(&steps);
}
