//! What came of asking a person who is missing.

use super::exemption::Reason;

/// What the grid worker heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 马上来.
    Coming,
    /// 已在别处采.
    SampledElsewhere,
    /// 符合豁免, with a reason.
    Exempt,
    /// 已搬走.
    MovedAway,
    /// 联系不上.
    NotReached,
    /// 拒绝.
    Refused,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 6] = [Self::Coming, Self::SampledElsewhere, Self::Exempt, Self::MovedAway, Self::NotReached, Self::Refused];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::SampledElsewhere => "sampled_elsewhere",
            Self::Exempt => "exempt",
            Self::MovedAway => "moved_away",
            Self::NotReached => "not_reached",
            Self::Refused => "refused",
        }
    }

    /// Reads what [`Outcome::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether somebody must still do something: the person stays on the worker's list of today.
    #[must_use]
    pub const fn stays_open(self) -> bool {
        matches!(self, Self::NotReached)
    }

    /// Why the person is not expected any more, if that is what was heard: the completion of the round
    /// follows, and the exemption ends with the round. `given` is the reason that the worker chose.
    #[must_use]
    pub fn exempts(self, given: Option<Reason>) -> Option<Reason> {
        match self {
            Self::Exempt => Some(given.unwrap_or(Reason::Other)),
            Self::MovedAway => Some(Reason::Away),
            Self::SampledElsewhere => Some(Reason::Other),
            Self::Coming | Self::NotReached | Self::Refused => None,
        }
    }

    /// Name in Chinese, for the note of an exemption.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Coming => "马上来",
            Self::SampledElsewhere => "已在别处采",
            Self::Exempt => "符合豁免",
            Self::MovedAway => "已搬走",
            Self::NotReached => "联系不上",
            Self::Refused => "拒绝",
        }
    }

    /// Whether it may only be said with a reason.
    #[must_use]
    pub const fn needs_note(self) -> bool {
        matches!(self, Self::Exempt)
    }
}
