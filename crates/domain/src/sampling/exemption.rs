//! Who is taken off an expected list, and why.

use crate::{kernel::time::Instant, people::groups::Group};

/// Why a person is not expected in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// 不宜采样: a physician says so.
    Medical,
    /// 隔离中: sampled where they are.
    Quarantined,
    /// 48 小时内接种: postponed.
    Vaccinated,
    /// 外出: not in the city.
    Away,
    /// 已故.
    Deceased,
    /// 其他, with a note.
    Other,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 6] = [Self::Medical, Self::Quarantined, Self::Vaccinated, Self::Away, Self::Deceased, Self::Other];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Medical => "medical",
            Self::Quarantined => "quarantined",
            Self::Vaccinated => "vaccinated",
            Self::Away => "away",
            Self::Deceased => "deceased",
            Self::Other => "other",
        }
    }

    /// Reads what [`Reason::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// The reason that a group of the register is, if it takes a person off the list.
    #[must_use]
    pub const fn of_group(group: Group) -> Option<Self> {
        match group {
            Group::CannotBeSampled => Some(Self::Medical),
            Group::Quarantined => Some(Self::Quarantined),
            Group::Vaccinated48h => Some(Self::Vaccinated),
            Group::Infant | Group::Child | Group::ElderWithoutPhone | Group::KeyOccupation => None,
        }
    }
}

/// Whether an exemption from `from` to `until` touches a round planned from `starts` to `ends`.
#[must_use]
pub fn covers(from: Instant, until: Option<Instant>, starts: Instant, ends: Instant) -> bool {
    from < ends && until.is_none_or(|until| until > starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_exempt_have_a_reason() {
        for group in Group::ALL {
            assert_eq!(group.exempts(), Reason::of_group(group).is_some(), "{group:?}");
        }
    }

    #[test]
    fn periods_touch() {
        let at = Instant;
        for (from, until, touches) in [(0, Some(10), false), (0, Some(11), true), (20, None, false), (19, None, true), (12, Some(13), true)]
        {
            assert_eq!(covers(at(from), until.map(at), at(10), at(20)), touches, "{from} {until:?}");
        }
    }
}
