//! The planner's arithmetic: sites, samplers, pool size, waiting. Every number of policy comes from
//! the profile; every result keeps the numbers that it was made of, so that a page can show them.

use crate::kernel::profile::Profile;

/// Sites and samplers for a number of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Sites if each serves as many as the rule allows.
    pub sites_min: u64,
    /// Sites if each serves as few as the rule allows.
    pub sites_max: u64,
    /// Samplers.
    pub samplers: u64,
}

/// Sites by persons a site, samplers by persons a sampler.
#[must_use]
pub fn need(population: u64, profile: &Profile) -> Need {
    let (low, high) = profile.persons_per_site;
    Need {
        sites_min: population.div_ceil(u64::from(high.max(1))),
        sites_max: population.div_ceil(u64::from(low.max(1))),
        samplers: population.div_ceil(u64::from(profile.persons_per_sampler.max(1))),
    }
}

/// What one pool size costs in two-stage group testing: a pool is tested once; every member of a
/// pool that is not negative is sampled again and tested alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolOption {
    /// Persons a tube.
    pub size: u32,
    /// Probability that a pool is not negative: 1 − (1 − p)^n.
    pub positive: f64,
    /// Expected tests a person: 1/n + 1 − (1 − p)^n, or 1 if everybody is tested alone.
    pub tests_per_person: f64,
    /// Tubes of the first stage.
    pub tests_first: u64,
    /// Persons sampled again, each a test of the second stage.
    pub tests_second: u64,
    /// Hours until every result of the first stage is out.
    pub hours_first: f64,
    /// Hours until the last member of a pool that is not negative is known.
    pub hours_all: f64,
}

/// What laboratories can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Tubes an hour, all laboratories together.
    pub tubes_per_hour: f64,
}

/// One pool size, calculated.
#[must_use]
pub fn pool(size: u32, prevalence: f64, population: u64, capacity: Capacity, profile: &Profile) -> PoolOption {
    let n = f64::from(size.max(1));
    let p = prevalence.clamp(0.0, 1.0);
    let positive = if size <= 1 { p } else { 1.0 - (1.0 - p).powf(n) };
    let again = if size <= 1 { 0.0 } else { positive };
    let persons = population as f64;
    let tests_first = (persons / n).ceil();
    let tests_second = (persons * again).ceil();
    let per_hour = capacity.tubes_per_hour.max(1.0);
    let hours = |seconds: i64| seconds as f64 / 3600.0;
    let carried = hours(profile.tube_to_lab_max_s);
    let hours_first = carried + tests_first / per_hour;
    let second = hours(profile.resample_due_s) + carried + tests_second / per_hour;
    PoolOption {
        size,
        positive,
        tests_per_person: 1.0 / n + again,
        tests_first: tests_first as u64,
        tests_second: tests_second as u64,
        hours_first,
        hours_all: if tests_second > 0.0 { hours_first + second } else { hours_first },
    }
}

/// The size with the fewest expected tests; of equals the smaller, whose members wait for fewer others.
#[must_use]
pub fn advised(options: &[PoolOption]) -> Option<u32> {
    options.iter().min_by(|a, b| a.tests_per_person.total_cmp(&b.tests_per_person).then(a.size.cmp(&b.size))).map(|option| option.size)
}

/// What is known of a site's queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteNow {
    /// Expected persons who go there and have no swab.
    pub remaining: i64,
    /// Swabs an hour lately.
    pub per_hour: f64,
    /// Seconds for which the site is open by its hours until the round ends.
    pub seconds_left: i64,
}

/// Estimated wait in minutes of somebody who comes in the middle of what is left, if those who are
/// missing come evenly and the site goes on as it did. Nothing while the site does not move.
#[must_use]
pub fn wait_minutes(now: SiteNow) -> Option<i64> {
    if now.remaining <= 0 {
        return Some(0);
    }
    if now.per_hour <= 0.0 {
        return None;
    }
    let needed_hours = now.remaining as f64 / now.per_hour;
    let left_hours = now.seconds_left.max(0) as f64 / 3600.0;
    Some(((needed_hours - left_hours).max(0.0) * 60.0 / 2.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_reference_city() {
        let need = need(964_203, &Profile::january_2022());
        assert_eq!((need.sites_min, need.sites_max, need.samplers), (322, 483, 2679));
    }

    #[test]
    fn pool_sizes_by_prevalence() {
        let mut table = String::from("prevalence: size positive tests/person first second hours-first hours-all\n");
        for prevalence in [0.0, 0.0001, 0.001, 0.01, 0.05, 0.2, 1.0] {
            let capacity = Capacity { tubes_per_hour: 5000.0 };
            let options = [1, 5, 10, 20].map(|size| pool(size, prevalence, 100_000, capacity, &Profile::january_2022()));
            for o in options {
                writeln!(
                    table,
                    "{prevalence:6}: {:2} {:.4} {:.4} {:6} {:6} {:5.1} {:5.1}",
                    o.size, o.positive, o.tests_per_person, o.tests_first, o.tests_second, o.hours_first, o.hours_all
                )
                .unwrap();
            }
            writeln!(table, "{prevalence:6}: advised {}", advised(&options).unwrap()).unwrap();
        }
        insta::assert_snapshot!("planner", table);
    }

    #[test]
    fn waiting() {
        let at = |remaining, per_hour, seconds_left| wait_minutes(SiteNow { remaining, per_hour, seconds_left });
        assert_eq!(at(0, 0.0, 3600), Some(0));
        assert_eq!(at(100, 0.0, 3600), None);
        assert_eq!(at(100, 100.0, 3600), Some(0));
        assert_eq!(at(300, 100.0, 3600), Some(60), "three hours of work in one: the middle one waits an hour");
    }
}
