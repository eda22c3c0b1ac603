//! The life of a round: draft → open → closing → closed, and back to open with a reason.

use crate::kernel::time::Instant;

/// State of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoundState {
    /// Being planned.
    Draft,
    /// Sampling.
    Open,
    /// No new queues; what was taken offline still arrives.
    Closing,
    /// Ended.
    Closed,
}

impl RoundState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Open, Self::Closing, Self::Closed];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// Reads what [`RoundState::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether an order may move a round from this state to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use RoundState as S;
        matches!((self, next), (S::Draft, S::Open) | (S::Open, S::Closing) | (S::Closing, S::Closed) | (S::Closing | S::Closed, S::Open))
    }
}

/// What an order does to a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Freeze the expected list and begin.
    Open,
    /// No new queues; what was taken offline still arrives.
    BeginClosing,
    /// End it.
    Close,
    /// Go on sampling, for a reason.
    Reopen,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 4] = [Self::Open, Self::BeginClosing, Self::Close, Self::Reopen];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::BeginClosing => "begin_closing",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }
}

/// Why an order does not change a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refusal {
    /// Only a draft is opened; an ended round is reopened.
    #[error("it was opened before: reopen it")]
    OpenedBefore,
    /// Nobody would be expected.
    #[error("nobody is on the expected list")]
    NobodyExpected,
    /// It is not open.
    #[error("it is not open")]
    NotOpen,
    /// It is not closing yet.
    #[error("let it close first: phones may still hold swabs")]
    NotClosing,
    /// It has not ended.
    #[error("it has not been closed")]
    NotClosed,
    /// Going back needs a reason.
    #[error("a reason is required")]
    NoReason,
}

/// Decides an order: `expected` is the length of the expected list, `reason` whether one was given.
pub fn decide(state: RoundState, event: Event, expected: i64, reason: bool) -> Result<RoundState, Refusal> {
    use RoundState as S;
    match (event, state) {
        (Event::Open, S::Draft) if expected > 0 => Ok(S::Open),
        (Event::Open, S::Draft) => Err(Refusal::NobodyExpected),
        (Event::Open, _) => Err(Refusal::OpenedBefore),
        (Event::BeginClosing, S::Open) => Ok(S::Closing),
        (Event::BeginClosing, _) => Err(Refusal::NotOpen),
        (Event::Close, S::Closing) => Ok(S::Closed),
        (Event::Close, _) => Err(Refusal::NotClosing),
        (Event::Reopen, S::Closing | S::Closed) if reason => Ok(S::Open),
        (Event::Reopen, S::Closing | S::Closed) => Err(Refusal::NoReason),
        (Event::Reopen, _) => Err(Refusal::NotClosed),
    }
}

/// When a round took swabs. A fact is judged by when it happened, not by when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundWindow {
    /// When sampling was opened, if it was.
    pub opened_at: Option<Instant>,
    /// When closing was ordered, if it was and stands.
    pub closing_at: Option<Instant>,
    /// When it was closed for good, if it was.
    pub closed_at: Option<Instant>,
}

impl RoundWindow {
    /// The window after a round came into `state` at `at`.
    #[must_use]
    pub fn after(self, state: RoundState, at: Instant) -> Self {
        match state {
            RoundState::Draft => self,
            RoundState::Open => Self { opened_at: self.opened_at.or(Some(at)), closing_at: None, closed_at: None },
            RoundState::Closing => Self { closing_at: Some(at), closed_at: None, ..self },
            RoundState::Closed => Self { closed_at: Some(at), ..self },
        }
    }

    /// Whether a swab taken at `at` belongs to the round.
    #[must_use]
    pub fn takes(&self, at: Instant) -> bool {
        self.opened_at.is_some_and(|opened| at >= opened) && self.closed_at.is_none_or(|closed| at < closed)
    }

    /// Whether a swab taken at `at` belongs to the round but came after the order to close: it counts
    /// (somebody stood in the queue), and the registrar is told to take no further one.
    #[must_use]
    pub fn is_late(&self, at: Instant) -> bool {
        self.takes(at) && self.closing_at.is_some_and(|closing| at >= closing)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_order_in_every_state() {
        let mut table = String::from("state event | expected reason -> verdict\n");
        for state in RoundState::ALL {
            for event in Event::ALL {
                for (expected, reason) in [(0, false), (1, false), (1, true)] {
                    let verdict = decide(state, event, expected, reason);
                    if let Ok(next) = verdict {
                        assert!(state.may_become(next), "{state:?} {event:?}");
                    }
                    let verdict = verdict.map_or_else(|refusal| format!("no: {refusal}"), |next| next.as_str().to_owned());
                    writeln!(table, "{:8} {:13} | {expected} {reason:5} -> {verdict}", state.as_str(), event.as_str()).unwrap();
                }
            }
        }
        insta::assert_snapshot!("round", table);
    }

    #[test]
    fn a_reopened_round_takes_what_fell_between() {
        let never = RoundWindow { opened_at: None, closing_at: None, closed_at: None };
        let open = never.after(RoundState::Open, Instant(10));
        let closed = open.after(RoundState::Closing, Instant(20)).after(RoundState::Closed, Instant(30));
        assert!(!never.takes(Instant(10)) && open.takes(Instant(10)) && !open.takes(Instant(9)));
        assert!(closed.takes(Instant(29)) && !closed.takes(Instant(30)));
        assert!(closed.after(RoundState::Open, Instant(40)).takes(Instant(35)));
        // After the order to close a swab still counts, with a warning, until the round is closed.
        let late = |window: RoundWindow| [19, 20, 29, 30].map(|at| window.is_late(Instant(at)));
        assert_eq!(late(closed), [false, true, true, false]);
        assert_eq!(late(closed.after(RoundState::Open, Instant(40))), [false; 4], "reopened: no swab was late");
    }
}
