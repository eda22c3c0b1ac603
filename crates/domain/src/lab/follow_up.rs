//! Follow-up of a non-negative pool. Nobody in it is shown positive: every member is under re-check
//! (待复核) until an own single tube speaks, or the member cannot be reached. It closes by itself when
//! all members are accounted for.

use std::collections::BTreeMap;

use super::result::Value;
use crate::kernel::id::PersonNo;

/// What is known of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 待复核: no single result yet.
    UnderRecheck,
    /// Single tube negative.
    Negative,
    /// Single tube positive.
    Positive,
    /// 无法联系: somebody tried and signed for it.
    Unreachable,
    /// Positive by an own single tube that opened the case, and not handed to a hospital yet.
    CaseOpen,
}

impl Outcome {
    /// Every outcome, in display order.
    pub const ALL: [Self; 5] = [Self::UnderRecheck, Self::Negative, Self::Positive, Self::Unreachable, Self::CaseOpen];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnderRecheck => "under_recheck",
            Self::Negative => "negative",
            Self::Positive => "positive",
            Self::Unreachable => "unreachable",
            Self::CaseOpen => "case_open",
        }
    }

    /// Reads what [`Outcome::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether the member is accounted for.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::UnderRecheck | Self::CaseOpen)
    }

    /// What becomes of a member, or why it stays.
    pub const fn step(self, event: Event) -> Result<Self, Refusal> {
        match (self, event) {
            (Self::CaseOpen, Event::HandedOver) => Ok(Self::Positive),
            // A positive single result stands; only a person may look at it again, as a new test.
            (Self::Positive | Self::CaseOpen, _) => Err(Refusal::Positive),
            (_, Event::HandedOver) => Err(Refusal::NotACase),
            (_, Event::Single(Value::Positive)) => Ok(Self::Positive),
            (Self::Negative, Event::Single(Value::Negative)) => Err(Refusal::Already),
            (_, Event::Single(Value::Negative)) => Ok(Self::Negative),
            // A grey or invalid single answers nothing: another swab is needed.
            (_, Event::Single(Value::Inconclusive | Value::Invalid)) => Err(Refusal::AnswersNothing),
            (Self::Negative, Event::Unreachable) => Err(Refusal::Settled),
            (Self::Unreachable, Event::Unreachable) => Err(Refusal::Already),
            (Self::UnderRecheck, Event::Unreachable) => Ok(Self::Unreachable),
            (Self::Unreachable, Event::Found) => Ok(Self::UnderRecheck),
            (Self::UnderRecheck | Self::Negative, Event::Found) => Err(Refusal::Already),
        }
    }
}

/// What happens to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A single tube of the member, collected after the pool, was released.
    Single(Value),
    /// Somebody states that the member cannot be reached.
    Unreachable,
    /// The member was found after all.
    Found,
    /// A hospital or disease control took the case over.
    HandedOver,
}

/// Why nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Done before.
    #[error("this has been put down before")]
    Already,
    /// Accounted for by a result.
    #[error("this member is accounted for by a result")]
    Settled,
    /// Positive stands.
    #[error("this member's single result is positive")]
    Positive,
    /// An inconclusive or invalid single result settles nobody.
    #[error("an inconclusive or invalid single result settles nothing; take another swab")]
    AnswersNothing,
    /// Only a positive single tube opens a case.
    #[error("no single tube of this member is positive")]
    NotACase,
    /// Not in this pool.
    #[error("this person is not a member of the pool")]
    NotAMember,
}

/// A follow-up with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    members: BTreeMap<PersonNo, Outcome>,
}

impl FollowUp {
    /// Opens with every member under re-check.
    #[must_use]
    pub fn open(members: impl IntoIterator<Item = PersonNo>) -> Self {
        Self { members: members.into_iter().map(|no| (no, Outcome::UnderRecheck)).collect() }
    }

    /// A stored follow-up.
    #[must_use]
    pub fn of(members: impl IntoIterator<Item = (PersonNo, Outcome)>) -> Self {
        Self { members: members.into_iter().collect() }
    }

    /// Applies an event to one member.
    pub fn apply(&mut self, member: PersonNo, event: Event) -> Result<Outcome, Refusal> {
        let outcome = self.members.get_mut(&member).ok_or(Refusal::NotAMember)?;
        *outcome = outcome.step(event)?;
        Ok(*outcome)
    }

    /// How many members are not accounted for.
    #[must_use]
    pub fn open_members(&self) -> usize {
        self.members.values().filter(|outcome| !outcome.is_settled()).count()
    }

    /// Whether all are accounted for.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.open_members() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    const EVENTS: [Event; 7] = [
        Event::Single(Value::Negative),
        Event::Single(Value::Positive),
        Event::Single(Value::Inconclusive),
        Event::Single(Value::Invalid),
        Event::Unreachable,
        Event::Found,
        Event::HandedOver,
    ];

    #[test]
    fn every_outcome_meets_every_event() {
        let mut table = String::new();
        for outcome in Outcome::ALL {
            for event in EVENTS {
                let next = outcome.step(event).map_or_else(|refusal| format!("no: {refusal}"), |next| next.as_str().to_string());
                writeln!(table, "{:14} {:22} -> {next}", outcome.as_str(), format!("{event:?}")).unwrap();
            }
        }
        insta::assert_snapshot!("follow_up", table);
    }

    #[test]
    fn a_pool_stays_open_until_all_are_accounted_for() {
        let mut pool = FollowUp::open((1..=3).map(PersonNo));
        assert_eq!(pool.open_members(), 3);
        pool.apply(PersonNo(1), Event::Single(Value::Negative)).unwrap();
        pool.apply(PersonNo(2), Event::Single(Value::Positive)).unwrap();
        assert!(!pool.is_closed());
        assert_eq!(pool.apply(PersonNo(9), Event::Unreachable), Err(Refusal::NotAMember));
        pool.apply(PersonNo(3), Event::Unreachable).unwrap();
        assert!(pool.is_closed());
        pool.apply(PersonNo(3), Event::Found).unwrap();
        assert!(!pool.is_closed(), "a member that was found opens the pool again");
    }

    #[test]
    fn a_single_positive_stays_open_until_somebody_took_it_over() {
        let mut case = FollowUp::of([(PersonNo(1), Outcome::CaseOpen)]);
        assert!(!case.is_closed());
        assert_eq!(case.apply(PersonNo(1), Event::Unreachable), Err(Refusal::Positive), "nobody loses a positive");
        assert_eq!(case.apply(PersonNo(1), Event::HandedOver), Ok(Outcome::Positive));
        assert!(case.is_closed());
    }

    proptest! {
        /// Whatever arrives in whatever order: a positive member never becomes anything else, and
        /// single results alone settle the same members in any order.
        #[test]
        fn any_order_gives_the_same_settled_members(events in proptest::collection::vec((0i64..4, 0usize..4), 0..30), seed in 0usize..1000) {
            let mut forwards = FollowUp::open((0..4).map(PersonNo));
            let mut rotated = forwards.clone();
            let mut other = events.clone();
            if !other.is_empty() {
                let by = seed % other.len();
                other.rotate_left(by);
                other.reverse();
            }
            for (member, event) in events {
                let _ = forwards.apply(PersonNo(member), EVENTS[event]);
            }
            for (member, event) in other {
                let _ = rotated.apply(PersonNo(member), EVENTS[event]);
            }
            prop_assert_eq!(forwards, rotated);
        }
    }
}
