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

/// When a round took swabs. A fact is judged by when it happened, not by when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundWindow {
    /// When sampling was opened, if it was.
    pub opened_at: Option<Instant>,
    /// When it was closed for good, if it was.
    pub closed_at: Option<Instant>,
}

impl RoundWindow {
    /// Whether a swab taken at `at` belongs to the round.
    #[must_use]
    pub fn takes(&self, at: Instant) -> bool {
        self.opened_at.is_some_and(|opened| at >= opened) && self.closed_at.is_none_or(|closed| at < closed)
    }
}
