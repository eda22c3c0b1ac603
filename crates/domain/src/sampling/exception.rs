//! What a supervisor may decide about a fact that waits, and what is suggested.

use super::ExceptionKind;

/// A supervisor's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    /// It happened as the device says: it counts.
    Keep,
    /// It does not count; the person is asked again.
    Void,
    /// It is this person's swab.
    LinkPerson,
    /// Nothing changes; the matter is closed with a note.
    Dismiss,
    /// The tube is of a larger kind than the phone said, so there was a place.
    CorrectKind,
}

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Keep, Self::Void, Self::LinkPerson, Self::Dismiss, Self::CorrectKind];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Void => "void",
            Self::LinkPerson => "link_person",
            Self::Dismiss => "dismiss",
            Self::CorrectKind => "correct_kind",
        }
    }

    /// Reads what [`Resolution::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.as_str() == word)
    }
}

/// What is known of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Whether it is about a swab that is kept as a record.
    pub swab: bool,
    /// Whether it is known whose swab it is.
    pub person_known: bool,
    /// Whether the count at the seal has room for this swab: it was inside when the tube was counted.
    pub counted_inside: bool,
    /// Whether the round takes swabs now.
    pub round_open: bool,
    /// Whether the tube has a place for it, or it takes one already.
    pub room: bool,
}

/// What may be decided.
#[must_use]
pub const fn allowed(kind: ExceptionKind, sides: Sides) -> &'static [Resolution] {
    use ExceptionKind as K;
    use Resolution as R;
    match kind {
        _ if !sides.swab => &[R::Dismiss],
        K::UnknownPerson => &[R::LinkPerson, R::Void],
        _ if !sides.person_known => &[R::LinkPerson, R::Void],
        K::ContentDiffers => &[R::Dismiss, R::Void],
        // A tube never counts more than its size: either it is a larger one, or the swab is not in it.
        _ if !sides.room => &[R::CorrectKind, R::Void],
        _ => &[R::Keep, R::Void],
    }
}

/// What is suggested: the first of what a careful supervisor would do without asking further.
#[must_use]
pub const fn suggested(kind: ExceptionKind, sides: Sides) -> Resolution {
    use ExceptionKind as K;
    use Resolution as R;
    if !sides.swab {
        return R::Dismiss;
    }
    if !sides.person_known {
        return R::LinkPerson;
    }
    if !sides.room && !matches!(kind, K::ContentDiffers | K::MalformedCode | K::UnknownTarget) {
        return R::Void;
    }
    match kind {
        K::SecondCollection | K::OutOfScope => R::Void,
        // The swab is in that tube wherever the tube is meant to be; the device's clock was wrong, not the swab.
        K::TubeHeldElsewhere | K::ClockTooFarOff | K::WrongState => R::Keep,
        K::TubeSealed | K::TubeOverFull | K::CountDiffers => {
            if sides.counted_inside {
                R::Keep
            } else {
                R::Void
            }
        }
        K::RoundClosed => {
            if sides.round_open {
                R::Keep
            } else {
                R::Void
            }
        }
        K::UnknownPerson => R::LinkPerson,
        K::ContentDiffers | K::MalformedCode | K::UnknownTarget | K::HandOverDisputed => R::Dismiss,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_kind_has_a_suggestion_that_is_allowed() {
        let mut table = String::from("kind | swab person counted round room -> suggested of allowed\n");
        for kind in ExceptionKind::ALL {
            for (swab, person_known, counted_inside, round_open, room) in [
                (false, false, false, false, false),
                (true, false, false, true, true),
                (true, true, false, false, true),
                (true, true, true, true, true),
                (true, true, true, true, false),
            ] {
                let sides = Sides { swab, person_known, counted_inside, round_open, room };
                let (suggested, allowed) = (suggested(kind, sides), allowed(kind, sides));
                let named: Vec<_> = allowed.iter().map(|r| r.as_str()).collect();
                writeln!(
                    table,
                    "{:20} | {swab:5} {person_known:5} {counted_inside:5} {round_open:5} {room:5} -> {} of {}",
                    kind.as_str(),
                    suggested.as_str(),
                    named.join(" ")
                )
                .unwrap();
                let possible = allowed.contains(&suggested)
                    || [ExceptionKind::MalformedCode, ExceptionKind::UnknownTarget, ExceptionKind::HandOverDisputed].contains(&kind);
                assert!(possible, "{kind:?} {sides:?}");
            }
        }
        insta::assert_snapshot!("exception", table);
    }
}
