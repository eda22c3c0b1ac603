//! A hand-over: two halves, each from one phone, joined by the id that the giver made. Each half may
//! carry what the other phone showed, signed; it must come from the phone that sends the other half.

use super::{ExceptionKind, tube::Verdict};

/// Whose half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Gives the boxes away.
    Giver,
    /// Takes them over.
    Taker,
}

/// What is known of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HandoverState {
    /// One half came.
    Half,
    /// Both came and agree.
    Joined,
    /// The halves, or what the phones showed each other, do not agree.
    Disputed,
}

impl HandoverState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Half, Self::Joined, Self::Disputed];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Half => "half",
            Self::Joined => "joined",
            Self::Disputed => "disputed",
        }
    }

    /// Reads what [`HandoverState::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// Short number of the device that sent it.
    pub device_no: i64,
    /// Short number of the device whose statement it carries, if it carries one.
    pub shown_by: Option<i64>,
}

/// What a half says beyond its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Whether it speaks of the same boxes as what came before.
    pub same_boxes: bool,
    /// Whether the statement it carries, if any, is signed by an enrolled device and says the same.
    pub honest: bool,
}

/// A hand-over as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handover {
    /// The giver's half.
    pub giver: Option<Half>,
    /// The taker's half.
    pub taker: Option<Half>,
    /// Whether something did not agree; it stays so until a person looks.
    pub disputed: bool,
}

impl Handover {
    /// The state.
    #[must_use]
    pub const fn state(&self) -> HandoverState {
        match (self.disputed, self.giver, self.taker) {
            (true, _, _) => HandoverState::Disputed,
            (false, Some(_), Some(_)) => HandoverState::Joined,
            (false, _, _) => HandoverState::Half,
        }
    }

    /// Hears a half. A second half of the same side from another device is not believed at all.
    pub fn hear(&mut self, side: Side, half: Half, heard: Heard) -> Verdict {
        let (own, other) = match side {
            Side::Giver => (&mut self.giver, self.taker),
            Side::Taker => (&mut self.taker, self.giver),
        };
        if own.is_some_and(|before| before != half) {
            return Verdict::Exception(ExceptionKind::ContentDiffers);
        }
        *own = Some(half);
        let comes_from = |shown_by: Option<i64>, device_no: i64| shown_by.is_none_or(|shown_by| shown_by == device_no);
        let crossed = other.is_none_or(|other| comes_from(half.shown_by, other.device_no) && comes_from(other.shown_by, half.device_no));
        // Nobody hands boxes to themselves.
        let two = half.shown_by != Some(half.device_no);
        if heard.same_boxes && heard.honest && crossed && two {
            Verdict::Accepted
        } else {
            self.disputed = true;
            Verdict::Exception(ExceptionKind::HandOverDisputed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const GIVER: i64 = 1;
    const TAKER: i64 = 2;
    const THIRD: i64 = 3;

    #[test]
    fn every_half_in_every_state() {
        let half = |device_no, shown_by| Some(Half { device_no, shown_by });
        let states = [
            ("nothing", Handover::default()),
            ("giver came", Handover { giver: half(GIVER, None), ..Handover::default() }),
            ("giver saw taker", Handover { giver: half(GIVER, Some(TAKER)), ..Handover::default() }),
            ("giver saw third", Handover { giver: half(GIVER, Some(THIRD)), ..Handover::default() }),
            ("taker came", Handover { taker: half(TAKER, Some(GIVER)), ..Handover::default() }),
            ("both", Handover { giver: half(GIVER, Some(TAKER)), taker: half(TAKER, Some(GIVER)), disputed: false }),
            ("disputed", Handover { giver: half(GIVER, None), taker: None, disputed: true }),
        ];
        let fine = Heard { same_boxes: true, honest: true };
        let events = [
            ("bare", None, fine),
            ("saw giver", Some(GIVER), fine),
            ("saw third", Some(THIRD), fine),
            ("saw itself", Some(TAKER), fine),
            ("forged", None, Heard { honest: false, ..fine }),
            ("other boxes", None, Heard { same_boxes: false, ..fine }),
        ];
        let mut table = String::from("known | taker's half -> state verdict\n");
        for (known, before) in states {
            for (name, shown_by, heard) in events {
                let mut handover = before;
                let verdict = handover.hear(Side::Taker, Half { device_no: TAKER, shown_by }, heard);
                writeln!(table, "{known:15} | {name:11} -> {:8} {}", handover.state().as_str(), verdict.as_str()).unwrap();
            }
        }
        insta::assert_snapshot!("handover", table);
    }

    #[test]
    fn the_order_of_the_halves_does_not_matter() {
        let fine = Heard { same_boxes: true, honest: true };
        for (giver_saw, taker_saw) in [(Some(TAKER), Some(GIVER)), (Some(THIRD), Some(GIVER)), (None, Some(THIRD)), (None, None)] {
            let (giver, taker) = (Half { device_no: GIVER, shown_by: giver_saw }, Half { device_no: TAKER, shown_by: taker_saw });
            let (mut one, mut two) = (Handover::default(), Handover::default());
            one.hear(Side::Giver, giver, fine);
            one.hear(Side::Taker, taker, fine);
            two.hear(Side::Taker, taker, fine);
            two.hear(Side::Giver, giver, fine);
            assert_eq!(one, two, "{giver_saw:?} {taker_saw:?}");
        }
    }
}
