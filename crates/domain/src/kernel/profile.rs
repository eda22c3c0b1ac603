//! The disease profile: every number of policy, dated. National rules on pool size, deadlines and
//! validity changed four times in thirteen months, so none of them is a constant in code.

/// Policy numbers in force during one period. A round remembers the version it was ordered under.
///
/// There is one so far, made with the program; see what is not built in the README.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Version that rounds ordered under this profile remember.
    pub version: i32,
    /// Name shown to people, zh and en.
    pub name_zh: String,
    /// Name shown to people in English.
    pub name_en: String,
    /// Longest time a tube may stay at a site or in transit at room temperature, seconds.
    /// Source: national guide, at most 4 h.
    pub tube_to_lab_max_s: i64,
    /// When the same clock turns amber, seconds.
    pub tube_to_lab_warn_s: i64,
    /// Longest time from reception to release, seconds.
    pub lab_turnaround_max_s: i64,
    /// When that clock turns amber, seconds.
    pub lab_turnaround_warn_s: i64,
    /// Largest accepted difference of a device's clock, seconds; beyond it a fact becomes an exception.
    pub clock_skew_max_s: i64,
    /// How long one half of a hand-over waits for the facts of its boxes before a person is asked, seconds: phones
    /// of one street find network one after the other.
    pub hand_over_wait_s: i64,
    /// How long a re-sampling task may stay open, seconds.
    pub resample_due_s: i64,
    /// How long a positive single tube may wait until a hospital has taken the person over, seconds.
    pub case_due_s: i64,
    /// Longest time from the first swab to the test of a tube that a laboratory keeps at 4 °C, seconds.
    /// Source: national guide, within 24 h.
    pub cold_max_s: i64,
    /// When that clock turns amber, seconds.
    pub cold_warn_s: i64,
    /// Persons one site should serve, lower and upper end (planner).
    pub persons_per_site: (u32, u32),
    /// Persons one sampler serves in a whole round (planner): samplers = population / this.
    pub persons_per_sampler: u32,
    /// Persons of a household in the mean (planner): tubes of a household round = persons / this.
    pub persons_per_household: u32,
    /// Estimated wait at a site above which headquarters is told, minutes.
    pub site_wait_max_min: i64,
    /// Time without a swab after which an open site that has people left counts as silent, seconds.
    pub site_silent_s: i64,
    /// Persons per station and hour below which a site counts as slow; a trained pair does 60 to 100.
    pub site_slow_per_station_hour: u32,
    /// Time without a word after which a phone that took part counts as silent, seconds.
    pub device_silent_s: i64,
    /// Time after which a silent phone has gone home and is no longer told of, seconds.
    pub device_gone_s: i64,
    /// Completed months below which a person is an infant (sampled with the guardian).
    pub infant_below_months: u32,
    /// Completed years below which a person is a child.
    pub child_below_years: u16,
}

impl Profile {
    /// The profile of the reference case: Yongkang, January 2022.
    #[must_use]
    pub fn january_2022() -> Self {
        Self {
            version: 1,
            name_zh: "新型冠状病毒 2022-01".into(),
            name_en: "COVID-19, January 2022".into(),
            tube_to_lab_max_s: 4 * 3600,
            tube_to_lab_warn_s: 3 * 3600,
            lab_turnaround_max_s: 8 * 3600,
            lab_turnaround_warn_s: 6 * 3600,
            clock_skew_max_s: 600,
            hand_over_wait_s: 1800,
            resample_due_s: 6 * 3600,
            case_due_s: 2 * 3600,
            cold_max_s: 24 * 3600,
            cold_warn_s: 18 * 3600,
            persons_per_site: (2000, 3000),
            persons_per_sampler: 360,
            persons_per_household: 3,
            site_wait_max_min: 60,
            site_silent_s: 20 * 60,
            site_slow_per_station_hour: 20,
            device_silent_s: 15 * 60,
            device_gone_s: 12 * 3600,
            infant_below_months: 36,
            child_below_years: 14,
        }
    }
}
