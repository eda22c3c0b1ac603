//! A box as the fold of its facts. Like a tube it is closed, moved and counted in the world whatever
//! a phone says; what does not fit is kept and waits for a person.

use std::collections::BTreeSet;

use super::{ExceptionKind, FactKey, tube::Verdict};

/// Where a box is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BoxState {
    /// Taking tubes.
    Open,
    /// Closed and counted.
    Sealed,
    /// On its way.
    HandedOver,
    /// A laboratory has it.
    Received,
}

impl BoxState {
    /// All states, in order.
    pub const ALL: [Self; 4] = [Self::Open, Self::Sealed, Self::HandedOver, Self::Received];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
            Self::HandedOver => "handed_over",
            Self::Received => "received",
        }
    }

    /// Reads what [`BoxState::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What happened to a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxFact<'t> {
    /// A tube went in.
    Packed(&'t str),
    /// A tube came out.
    Unpacked(&'t str),
    /// It was closed and counted.
    Sealed {
        /// Tubes counted.
        counted: i32,
        /// Whether a difference was signed by name.
        signed: bool,
    },
    /// Somebody gave it away.
    Given,
    /// Somebody took it over.
    Taken,
}

/// A box folded from its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded<'t> {
    /// State, as far as the field knows.
    pub state: BoxState,
    /// Tubes inside.
    pub tubes: BTreeSet<&'t str>,
    /// When it was sealed.
    pub sealed: Option<FactKey>,
    /// Tubes counted at the seal.
    pub counted: Option<i32>,
    /// Verdict of each fact, in canonical order.
    pub verdicts: Vec<(FactKey, Verdict)>,
}

/// The next state and the verdict. `inside` is the number of tubes on record.
#[must_use]
pub fn step(state: BoxState, inside: usize, fact: BoxFact<'_>) -> (BoxState, Verdict) {
    use BoxState as S;
    let no = |kind| Verdict::Exception(kind);
    match (fact, state) {
        (BoxFact::Packed(_) | BoxFact::Unpacked(_), S::Open) => (S::Open, Verdict::Accepted),
        (BoxFact::Sealed { counted, signed }, S::Open) => {
            let agrees = usize::try_from(counted) == Ok(inside) || signed;
            (S::Sealed, if agrees { Verdict::Accepted } else { no(ExceptionKind::CountDiffers) })
        }
        (BoxFact::Packed(_) | BoxFact::Unpacked(_) | BoxFact::Sealed { .. }, _) => (state, no(ExceptionKind::WrongState)),
        // It left, sealed or not: an unsealed box, or one that nobody packed, is asked about.
        (BoxFact::Given | BoxFact::Taken, S::Open) if inside == 0 => (S::HandedOver, no(ExceptionKind::UnknownTarget)),
        (BoxFact::Given | BoxFact::Taken, S::Open) => (S::HandedOver, no(ExceptionKind::WrongState)),
        (BoxFact::Given | BoxFact::Taken, S::Sealed | S::HandedOver) => (S::HandedOver, Verdict::Accepted),
        // A phone without network tells late of a hand-over before the reception.
        (BoxFact::Given | BoxFact::Taken, S::Received) => (S::Received, Verdict::Accepted),
    }
}

/// Folds a box's facts, given in any order and with repetitions.
#[must_use]
pub fn fold<'t>(facts: &[(FactKey, BoxFact<'t>)]) -> Folded<'t> {
    let mut ordered = facts.to_vec();
    ordered.sort_by_key(|(key, _)| *key);
    ordered.dedup_by_key(|(key, _)| *key);
    // The taker's clock is another one: nobody takes what was not yet closed and given, however slow it is.
    let first = |of: fn(&BoxFact<'_>) -> bool| ordered.iter().find(|(_, fact)| of(fact)).map(|(key, _)| *key);
    let ready = first(|fact| matches!(fact, BoxFact::Sealed { .. })).max(first(|fact| matches!(fact, BoxFact::Given)));
    ordered.sort_by_key(|(key, fact)| match (fact, ready) {
        (BoxFact::Taken, Some(ready)) if *key < ready => (ready, 1),
        _ => (*key, 0),
    });
    let mut folded =
        Folded { state: BoxState::Open, tubes: BTreeSet::new(), sealed: None, counted: None, verdicts: Vec::with_capacity(ordered.len()) };
    for (key, fact) in ordered {
        let (next, verdict) = step(folded.state, folded.tubes.len(), fact);
        match fact {
            BoxFact::Packed(tube) if verdict == Verdict::Accepted => {
                folded.tubes.insert(tube);
            }
            BoxFact::Unpacked(tube) if verdict == Verdict::Accepted => {
                folded.tubes.remove(tube);
            }
            BoxFact::Sealed { counted, .. } if folded.state == BoxState::Open => {
                folded.sealed = Some(key);
                folded.counted = Some(counted);
            }
            _ => {}
        }
        folded.state = next;
        folded.verdicts.push((key, verdict));
    }
    folded
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::kernel::time::Instant;

    #[test]
    fn every_fact_in_every_state() {
        let facts = [
            ("packed", BoxFact::Packed("T1")),
            ("unpacked", BoxFact::Unpacked("T1")),
            ("sealed, counts 2", BoxFact::Sealed { counted: 2, signed: false }),
            ("sealed, counts 5", BoxFact::Sealed { counted: 5, signed: false }),
            ("sealed, 5 signed", BoxFact::Sealed { counted: 5, signed: true }),
            ("given", BoxFact::Given),
            ("taken", BoxFact::Taken),
        ];
        let mut table = String::from("state tubes fact -> state verdict\n");
        for state in BoxState::ALL {
            for inside in [0, 2] {
                for (name, fact) in facts {
                    let (next, verdict) = step(state, inside, fact);
                    assert!(next >= state, "a box never goes back");
                    writeln!(table, "{:11} {inside} {name:16} -> {:11} {}", state.as_str(), next.as_str(), verdict.as_str()).unwrap();
                }
            }
        }
        insta::assert_snapshot!("boxes", table);
    }

    #[test]
    fn a_takers_slow_clock_changes_nothing() {
        let key = |at, device_no| FactKey { at: Instant(at), device_no, device_seq: at };
        let facts = [
            (key(1, 2), BoxFact::Taken),
            (key(2, 1), BoxFact::Packed("T1")),
            (key(3, 1), BoxFact::Sealed { counted: 1, signed: false }),
            (key(4, 1), BoxFact::Given),
        ];
        for facts in [&facts[..], &facts[..3]] {
            let folded = fold(facts);
            assert_eq!((folded.state, folded.counted), (BoxState::HandedOver, Some(1)));
            assert!(folded.verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Accepted), "{folded:?}");
        }
    }

    #[test]
    fn a_seal_that_comes_late_settles_a_hand_over() {
        let key = |at| FactKey { at: Instant(at), device_no: 1, device_seq: at };
        let (pack, seal, give) = (BoxFact::Packed("T1"), BoxFact::Sealed { counted: 1, signed: false }, BoxFact::Given);
        let early = fold(&[(key(3), give), (key(1), pack)]);
        assert_eq!(early.verdicts[1].1, Verdict::Exception(ExceptionKind::WrongState));
        let whole = fold(&[(key(3), give), (key(2), seal), (key(1), pack), (key(3), give)]);
        assert_eq!((whole.state, whole.counted, whole.sealed), (BoxState::HandedOver, Some(1), Some(key(2))));
        assert!(whole.verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Accepted));
        assert_eq!(fold(&[(key(1), give)]).verdicts[0].1, Verdict::Exception(ExceptionKind::UnknownTarget));
    }
}
