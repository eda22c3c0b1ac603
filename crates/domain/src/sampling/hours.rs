//! Opening hours of a site, as people write them: `07:00-20:00`, `8:00-11:30、13:00-17:00`, `全天`.

use crate::{kernel::time::Instant, people::text::half_width};

/// Minutes of a day.
const DAY_MIN: i64 = 24 * 60;
/// China has one time zone and no summer time since 1991.
const CHINA_S: i64 = 8 * 3600;
/// Days that are looked ahead; a round is planned in days.
const DAYS_MAX: i64 = 60;
/// Spells of one day.
const SPELLS_MAX: usize = 4;

/// When a site takes people, every day: spells in minutes of the day, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours(Vec<(i64, i64)>);

fn minute(text: &str) -> Option<i64> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let fits = (0..=24).contains(&hours) && (0..60).contains(&minutes);
    fits.then(|| hours * 60 + minutes).filter(|minute| *minute <= DAY_MIN)
}

impl Hours {
    /// Reads hours; nothing if they are not hours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = half_width(text).replace(['–', '—', '～', '~', '至'], "-").replace(['、', '；', '，'], ",");
        let text = text.trim();
        if ["全天", "24小时", "24h"].contains(&text) {
            return Some(Self(vec![(0, DAY_MIN)]));
        }
        let mut spells = Vec::new();
        for spell in text.split([',', ';']).filter(|spell| !spell.trim().is_empty()) {
            let (from, until) = spell.split_once('-')?;
            let (from, until) = (minute(from)?, minute(until)?);
            // Over midnight: the end of one day and the begin of the next.
            if until <= from {
                spells.extend([(from, DAY_MIN), (0, until)]);
            } else {
                spells.push((from, until));
            }
        }
        spells.retain(|(from, until)| from < until);
        spells.sort_unstable();
        let apart = spells.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        (!spells.is_empty() && spells.len() <= SPELLS_MAX && apart).then_some(Self(spells))
    }

    /// Seconds for which the site takes people between two instants.
    #[must_use]
    pub fn open_seconds(&self, from: Instant, until: Instant) -> i64 {
        let local = |at: Instant| at.0.div_euclid(1_000_000) + CHINA_S;
        let (from, until) = (local(from), local(until));
        let first = from.div_euclid(86_400);
        let last = until.div_euclid(86_400).min(first + DAYS_MAX);
        let of_day = |day: i64| {
            let inside = |(a, b): &(i64, i64)| (until.min(day * 86_400 + b * 60) - from.max(day * 86_400 + a * 60)).max(0);
            self.0.iter().map(inside).sum::<i64>()
        };
        (first..=last).map(of_day).sum()
    }

    /// Whether the site takes people at an instant.
    #[must_use]
    pub fn is_open(&self, at: Instant) -> bool {
        self.open_seconds(at, at.plus_seconds(1)) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970 of an hour of 6 January 2022 in China, as an instant.
    fn at(day: i64, hour: i64) -> Instant {
        Instant((18_998 * 86_400 + day * 86_400 + hour * 3600 - CHINA_S) * 1_000_000)
    }

    #[test]
    fn hours_as_people_write_them() {
        for (text, open) in [
            ("07:00-20:00", Some(13)),
            ("8:00–11:30、13:00-17:00", Some(7)),
            ("０８：００－１８：００", Some(10)),
            ("全天", Some(24)),
            ("00:00-24:00", Some(24)),
            ("20:00-02:00", Some(6)),
            ("", None),
            ("上午", None),
            ("25:00-26:00", None),
            ("08:00-12:00,11:00-13:00", None),
            ("08:00", None),
        ] {
            let hours = Hours::parse(text).map(|hours| hours.open_seconds(at(0, 0), at(1, 0)) / 3600);
            assert_eq!(hours, open, "{text}");
        }
    }

    #[test]
    fn a_night_is_not_counted() {
        let hours = Hours::parse("07:00-20:00").unwrap();
        for (from, until, open) in
            [((0, 8), (0, 9), 1), ((0, 19), (1, 8), 2), ((0, 21), (1, 6), 0), ((0, 6), (2, 6), 26), ((0, 9), (0, 8), 0)]
        {
            assert_eq!(hours.open_seconds(at(from.0, from.1), at(until.0, until.1)) / 3600, open, "{from:?} {until:?}");
        }
        assert!(hours.is_open(at(0, 7)) && hours.is_open(at(0, 19)) && !hours.is_open(at(0, 20)) && !hours.is_open(at(0, 6)));
    }
}
