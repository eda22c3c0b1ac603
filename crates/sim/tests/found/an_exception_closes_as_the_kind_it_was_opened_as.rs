//! Found by the simulation: counts equal a recount. A hand-over of a box that nobody had packed was opened as one kind,
//! became another when the box's facts came late, and was settled on the screen under that other kind.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_43() {
    let steps: Vec<Step> = vec![
        (7, Pack { phone: 2, tube: 0, the_box: 0 }),
        (15, Give { phone: 2, the_box: 0, handover: 1 }),
        (19, Take { phone: 3, the_box: 0, handover: 1 }),
        (20, Send { phone: 3, take: 20 }),
    ];
    replay(&steps);
}
