//! What a platform can see when a laboratory cheats or slips. Facts in, flags out; a flag never
//! blocks a result, it names the laboratory within a minute.

use crate::kernel::time::Instant;

/// What looks wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// More results than wells run.
    MoreResultsThanWells,
    /// A result that was there before its run could have ended.
    TooEarly,
    /// A result without any run.
    WithoutRun,
    /// More results in a day than the laboratory can make.
    OverCapacity,
    /// A result for a tube that this laboratory never received.
    NeverReceived,
    /// A positive that nobody followed.
    PositiveNotFollowed,
    /// A control well that did not come out as it must.
    ControlFailed,
    /// The written result and the cycle numbers disagree.
    CtDisagrees,
    /// A positive was overwritten, repeated or rejected before anybody released it.
    PositiveWithdrawn,
    /// A file names another well than the plate.
    WellsDiffer,
}

impl Flag {
    /// Every flag, in display order.
    pub const ALL: [Self; 10] = [
        Self::MoreResultsThanWells,
        Self::TooEarly,
        Self::WithoutRun,
        Self::OverCapacity,
        Self::NeverReceived,
        Self::PositiveNotFollowed,
        Self::ControlFailed,
        Self::CtDisagrees,
        Self::PositiveWithdrawn,
        Self::WellsDiffer,
    ];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MoreResultsThanWells => "more_results_than_wells",
            Self::TooEarly => "too_early",
            Self::WithoutRun => "without_run",
            Self::OverCapacity => "over_capacity",
            Self::NeverReceived => "never_received",
            Self::PositiveNotFollowed => "positive_not_followed",
            Self::ControlFailed => "control_failed",
            Self::CtDisagrees => "ct_disagrees",
            Self::PositiveWithdrawn => "positive_withdrawn",
            Self::WellsDiffer => "wells_differ",
        }
    }

    /// Reads what [`Flag::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == word)
    }
}

/// A run with the results that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunFacts {
    /// Wells that hold a tube.
    pub tube_wells: u32,
    /// Results that name this run.
    pub results: u32,
    /// When the instrument started.
    pub started_at: Option<Instant>,
    /// Shortest time that the kit needs, seconds.
    pub kit_run_s_min: i64,
    /// When the first result was entered.
    pub first_result_at: Option<Instant>,
    /// A control did not hold.
    pub control_failed: bool,
}

/// Flags of one run.
#[must_use]
pub fn of_run(run: RunFacts) -> Vec<Flag> {
    let mut flags = Vec::new();
    if run.results > run.tube_wells {
        flags.push(Flag::MoreResultsThanWells);
    }
    if let Some(first) = run.first_result_at {
        match run.started_at {
            None => flags.push(Flag::TooEarly),
            Some(started) if first < started.plus_seconds(run.kit_run_s_min) => flags.push(Flag::TooEarly),
            Some(_) => {}
        }
    }
    if run.control_failed {
        flags.push(Flag::ControlFailed);
    }
    flags
}

/// A laboratory's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabFacts {
    /// Tubes it says it can test in 24 hours.
    pub rated_per_day: u32,
    /// Percent of that which is still believable: 120 for a fifth more.
    pub factor_percent: u32,
    /// Results entered in the last 24 hours.
    pub results_24h: u32,
    /// Of these, without any run.
    pub without_run: u32,
    /// Of these, for tubes that it never received.
    pub never_received: u32,
    /// Released non-negatives that have no follow-up after the allowed time.
    pub not_followed: u32,
}

/// Flags of a laboratory.
#[must_use]
pub fn of_lab(lab: LabFacts) -> Vec<Flag> {
    let limit = u64::from(lab.rated_per_day) * u64::from(lab.factor_percent) / 100;
    [
        (u64::from(lab.results_24h) > limit, Flag::OverCapacity),
        (lab.without_run > 0, Flag::WithoutRun),
        (lab.never_received > 0, Flag::NeverReceived),
        (lab.not_followed > 0, Flag::PositiveNotFollowed),
    ]
    .into_iter()
    .filter_map(|(seen, flag)| seen.then_some(flag))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant(1_000_000_000);

    fn run() -> RunFacts {
        RunFacts {
            tube_wells: 94,
            results: 94,
            started_at: Some(START),
            kit_run_s_min: 4500,
            first_result_at: Some(START.plus_seconds(4500)),
            control_failed: false,
        }
    }

    #[test]
    fn runs_are_looked_at() {
        for (name, facts, expect) in [
            ("as it should be", run(), vec![]),
            ("more results than wells", RunFacts { results: 95, ..run() }, vec![Flag::MoreResultsThanWells]),
            ("a second too early", RunFacts { first_result_at: Some(START.plus_seconds(4499)), ..run() }, vec![Flag::TooEarly]),
            ("never started", RunFacts { started_at: None, ..run() }, vec![Flag::TooEarly]),
            ("no result yet", RunFacts { results: 0, first_result_at: None, started_at: None, ..run() }, vec![]),
            ("control failed", RunFacts { control_failed: true, ..run() }, vec![Flag::ControlFailed]),
        ] {
            assert_eq!(of_run(facts), expect, "{name}");
        }
    }

    #[test]
    fn the_known_frauds_are_caught() {
        let fair =
            LabFacts { rated_per_day: 1000, factor_percent: 120, results_24h: 1200, without_run: 0, never_received: 0, not_followed: 0 };
        for (name, facts, expect) in [
            ("at the limit", fair, vec![]),
            ("took more than it could test", LabFacts { results_24h: 1201, ..fair }, vec![Flag::OverCapacity]),
            ("results without machine records", LabFacts { without_run: 3, ..fair }, vec![Flag::WithoutRun]),
            ("a result without a tube", LabFacts { never_received: 1, ..fair }, vec![Flag::NeverReceived]),
            ("a positive pool kept quiet", LabFacts { not_followed: 1, ..fair }, vec![Flag::PositiveNotFollowed]),
        ] {
            assert_eq!(of_lab(facts), expect, "{name}");
        }
    }

    #[test]
    fn flags_read_back() {
        for flag in Flag::ALL {
            assert_eq!(Flag::parse(flag.as_str()), Some(flag));
        }
    }
}
