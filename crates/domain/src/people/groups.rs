//! Special groups of people, kept as one bit mask a person.

use super::date::Date;
use crate::kernel::{
    profile::Profile,
    time::{Instant, Period},
};

/// A group that changes how, when or whether a person is sampled. Append-only: the bit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// 婴幼儿: sampled with the guardian.
    Infant,
    /// 儿童.
    Child,
    /// 无手机老人: carries a printed card.
    ElderWithoutPhone,
    /// 不宜采样: with a reason and a period.
    CannotBeSampled,
    /// 重点岗位: sampled more often.
    KeyOccupation,
    /// 隔离中: sampled where they are, not at a site.
    Quarantined,
    /// 48 小时内接种: postponed.
    Vaccinated48h,
}

impl Group {
    /// Every group, in the order of its bits.
    pub const ALL: [Self; 7] = [
        Self::Infant,
        Self::Child,
        Self::ElderWithoutPhone,
        Self::CannotBeSampled,
        Self::KeyOccupation,
        Self::Quarantined,
        Self::Vaccinated48h,
    ];

    /// The word used in JSON and CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Infant => "infant",
            Self::Child => "child",
            Self::ElderWithoutPhone => "elder_without_phone",
            Self::CannotBeSampled => "cannot_be_sampled",
            Self::KeyOccupation => "key_occupation",
            Self::Quarantined => "quarantined",
            Self::Vaccinated48h => "vaccinated_48h",
        }
    }

    /// Name in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Infant => "婴幼儿",
            Self::Child => "儿童",
            Self::ElderWithoutPhone => "无手机老人",
            Self::CannotBeSampled => "不宜采样",
            Self::KeyOccupation => "重点岗位",
            Self::Quarantined => "隔离中",
            Self::Vaccinated48h => "48小时内接种",
        }
    }

    /// Reads our word or the Chinese name.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let text = super::text::half_width(raw).trim().to_lowercase();
        Self::ALL.into_iter().find(|group| group.as_str() == text || group.zh() == text)
    }

    /// Its bit in [`Groups`].
    #[must_use]
    pub const fn bit(self) -> i64 {
        1 << match self {
            Self::Infant => 0,
            Self::Child => 1,
            Self::ElderWithoutPhone => 2,
            Self::CannotBeSampled => 3,
            Self::KeyOccupation => 4,
            Self::Quarantined => 5,
            Self::Vaccinated48h => 6,
        }
    }

    /// Whether the group takes a person off the expected list of a site round while it lasts.
    #[must_use]
    pub const fn exempts(self) -> bool {
        matches!(self, Self::CannotBeSampled | Self::Quarantined | Self::Vaccinated48h)
    }

    /// Whether a person may only be put into it with a reason.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::CannotBeSampled)
    }
}

/// The groups of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Groups(pub i64);

impl Groups {
    /// These groups and `group`.
    #[must_use]
    pub const fn with(self, group: Group) -> Self {
        Self(self.0 | group.bit())
    }

    /// These groups without `group`.
    #[must_use]
    pub const fn without(self, group: Group) -> Self {
        Self(self.0 & !group.bit())
    }

    /// Whether `group` is among them.
    #[must_use]
    pub const fn has(self, group: Group) -> bool {
        self.0 & group.bit() != 0
    }

    /// The groups, in the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Group> {
        Group::ALL.into_iter().filter(move |group| self.has(*group))
    }
}

/// Ages at which the groups by age begin and end; comes from the dated rules, not from code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeGroups {
    /// Completed months below which a person is an infant.
    pub infant_below_months: u32,
    /// Completed years below which a person is a child.
    pub child_below_years: u16,
}

impl AgeGroups {
    /// Those of a profile.
    #[must_use]
    pub const fn of(profile: &Profile) -> Self {
        Self { infant_below_months: profile.infant_below_months, child_below_years: profile.child_below_years }
    }
}

/// The groups with those by age set afresh for `today`.
#[must_use]
pub fn by_age(groups: Groups, born: Option<Date>, today: Date, rule: AgeGroups) -> Groups {
    let Some(born) = born else { return groups };
    let rest = groups.without(Group::Infant).without(Group::Child);
    if born.months_on(today) < rule.infant_below_months {
        rest.with(Group::Infant)
    } else if born.age_on(today) < rule.child_below_years {
        rest.with(Group::Child)
    } else {
        rest
    }
}

/// A person's stay in a group: why and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The group.
    pub group: Group,
    /// Why, in words; never empty where the group needs one.
    pub reason: String,
    /// How long.
    pub period: Period,
}

/// Why a stay is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadStay {
    /// The group may not be set without a reason.
    #[error("this group needs a reason")]
    Reason,
    /// An exemption without an end would be forgotten.
    #[error("this group needs an end")]
    End,
    /// It ends before it begins.
    #[error("the period ends before it begins")]
    Period,
}

impl BadStay {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reason => "group_reason_missing",
            Self::End => "group_end_missing",
            Self::Period => "group_period",
        }
    }
}

impl Stay {
    /// Checks a stay before it is kept: exemptions end by themselves.
    pub fn checked(self) -> Result<Self, BadStay> {
        if self.group.needs_reason() && self.reason.trim().is_empty() {
            return Err(BadStay::Reason);
        }
        match self.period.until {
            None if self.group.exempts() => Err(BadStay::End),
            Some(until) if until <= self.period.from => Err(BadStay::Period),
            _ => Ok(self),
        }
    }
}

/// The first exemption in force at `at`, with its reason: what the expected list shows beside the name.
#[must_use]
pub fn exemption(stays: &[Stay], at: Instant) -> Option<&Stay> {
    stays.iter().find(|stay| stay.group.exempts() && stay.period.contains(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: AgeGroups = AgeGroups { infant_below_months: 36, child_below_years: 14 };

    #[test]
    fn groups_by_age_follow_the_calendar_and_leave_the_others() {
        let born = Date::new(2019, 1, 5);
        let base = Groups::default().with(Group::KeyOccupation);
        for (today, expect) in
            [((2022, 1, 4), "infant key_occupation"), ((2022, 1, 5), "child key_occupation"), ((2033, 1, 5), "key_occupation")]
        {
            let today = Date::new(today.0, today.1, today.2).unwrap();
            let words: Vec<&str> = by_age(base.with(Group::Child), born, today, RULE).iter().map(Group::as_str).collect();
            assert_eq!(words.join(" "), expect);
        }
    }

    #[test]
    fn an_exemption_has_a_reason_and_an_end() {
        let stay = |group, reason: &str, until: Option<i64>| {
            let period = Period { from: Instant(100), until: until.map(Instant) };
            Stay { group, reason: reason.into(), period }.checked().map(|_| "kept").unwrap_or_else(BadStay::code)
        };
        assert_eq!(stay(Group::CannotBeSampled, "throat surgery", Some(200)), "kept");
        assert_eq!(stay(Group::CannotBeSampled, " ", Some(200)), "group_reason_missing");
        assert_eq!(stay(Group::CannotBeSampled, "throat surgery", None), "group_end_missing");
        assert_eq!(stay(Group::Quarantined, "", Some(100)), "group_period");
        assert_eq!(stay(Group::KeyOccupation, "", None), "kept");
    }

    #[test]
    fn an_exemption_ends_by_itself() {
        let stays = [Stay {
            group: Group::Vaccinated48h,
            reason: "dose 2".into(),
            period: Period { from: Instant(100), until: Some(Instant(200)) },
        }];
        assert!(exemption(&stays, Instant(99)).is_none());
        assert_eq!(exemption(&stays, Instant(150)).unwrap().reason, "dose 2");
        assert!(exemption(&stays, Instant(200)).is_none());
    }

    #[test]
    fn bits_and_words_are_each_groups_own() {
        let all = Group::ALL.into_iter().fold(Groups::default(), Groups::with);
        assert_eq!(all.iter().count(), 7);
        assert!(Group::ALL.into_iter().all(|group| Group::parse(group.as_str()) == Some(group) && Group::parse(group.zh()) == Some(group)));
    }
}
