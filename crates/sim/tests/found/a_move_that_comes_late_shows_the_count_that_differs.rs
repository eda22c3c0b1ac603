//! Found by the simulation: what waits has an open exception. A swab moved into a tube that was sealed and
//! counted without it; the exception about the count was opened in no area of the city and shown to nobody.

use allclear_sim::{
    op::{Op::*, Step},
    replay,
};

#[test]
fn seed_148() {
    let steps: Vec<Step> = vec![
        (27, Scan { phone: 0, station: 1, tube: 2, person: 6 }),
        (28, Move { phone: 0, of: 27, to: 0 }),
        (1, Scan { phone: 2, station: 1, tube: 0, person: 0 }),
        (2, Seal { phone: 2, tube: 0, counted: 1, signed: false }),
        (4, Send { phone: 2, take: 24 }),
    ];
    replay(&steps);
}
