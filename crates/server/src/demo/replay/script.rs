//! What is published of Yongkang, 5 to 10 January 2022, as rounds, waves and times.

use allclear_domain::kernel::time::Instant;

use crate::clock::parse_rfc3339;

/// One round of the three zones.
pub struct RoundScript {
    /// Name.
    pub name: &'static str,
    /// First swab, China time.
    pub from: &'static str,
    /// Last swab, China time.
    pub until: &'static str,
    /// Persons sampled.
    pub persons: usize,
}

/// Five rounds: 43,559 by 6 January 15:00, and 234,437 in all.
pub const ROUNDS: [RoundScript; 5] = [
    RoundScript { name: "三区第一轮核酸检测", from: "2022-01-05T19:00", until: "2022-01-06T15:00", persons: 43_559 },
    RoundScript { name: "三区第二轮核酸检测", from: "2022-01-06T16:00", until: "2022-01-07T11:00", persons: 47_720 },
    RoundScript { name: "三区第三轮核酸检测", from: "2022-01-07T12:00", until: "2022-01-08T07:00", persons: 47_720 },
    RoundScript { name: "三区第四轮核酸检测", from: "2022-01-08T08:00", until: "2022-01-09T03:00", persons: 47_719 },
    RoundScript { name: "三区第五轮核酸检测", from: "2022-01-09T04:00", until: "2022-01-09T22:00", persons: 47_719 },
];

/// One of the three zones (三区).
pub struct Zone {
    /// What is done in it.
    pub name: &'static str,
    /// Codes of its villages.
    pub villages: &'static [&'static str],
}

/// The three zones. Published are the sums of all three, that the finding was in 前锦村 of 石柱镇,
/// and that 东城街道 sampled at five sites; which villages each zone held is not published, so this
/// is our reading: 49,655 of the city's 964,203 people, of whom 47,720 at most are sampled a round.
pub const ZONES: [Zone; 3] = [
    Zone { name: "封控区", villages: &["330784105244"] },
    Zone {
        name: "管控区",
        villages: &[
            "330784105001",
            "330784105002",
            "330784105200",
            "330784105202",
            "330784105210",
            "330784105214",
            "330784105215",
            "330784105216",
            "330784105217",
            "330784105226",
            "330784105228",
            "330784105230",
            "330784105231",
            "330784105232",
            "330784105233",
            "330784105234",
            "330784105235",
            "330784105236",
            "330784105241",
        ],
    },
    Zone { name: "防范区", villages: &["330784001201", "330784001202", "330784001203", "330784001204", "330784001206"] },
];

/// People of the whole city: the published figures need all of them, a smaller city gives a share.
pub const WHOLE_CITY: u64 = 964_203;

/// When the published count of the first round was told, and the last of all.
pub const FIRST_COUNT_AT: &str = "2022-01-06T15:00";
/// When all reports were out.
pub const LAST_COUNT_AT: &str = "2022-01-10T09:00";
/// The clock when the replay begins.
pub const BEGINS_AT: &str = "2022-01-05T18:00";
/// Where the clock of a server elsewhere is to begin: early enough to come with the replay in time.
pub const CLOCK_FROM: &str = "2022-01-05T06:00:00+08:00";
/// The air-dome laboratory opens.
pub const DOME_AT: &str = "2022-01-09T00:00";
/// Where the positive pool of the variant is found: the town, its code, and the round.
pub const POSITIVE: (&str, &str, usize) = ("石柱镇", "330784105", 2);

/// China time as an instant.
#[must_use]
pub fn china(text: &str) -> Instant {
    parse_rfc3339(&format!("{text}:00+08:00")).unwrap_or_default()
}

/// China time of an instant, for people.
#[must_use]
pub fn china_text(at: Instant) -> String {
    let text = crate::clock::rfc3339(at.plus_seconds(8 * 3600));
    text.chars().take(16).collect::<String>().replace('T', " ")
}

/// How busy an hour of the day is; nights are quiet.
#[must_use]
pub const fn weight(hour: i64) -> f64 {
    match hour {
        0..=5 => 0.35,
        6 | 7 => 1.0,
        8..=11 => 1.6,
        12 | 13 => 1.0,
        14..=19 => 1.3,
        _ => 1.0,
    }
}

/// Steps of five minutes of a round, each with the share of all persons sampled by its end.
#[must_use]
pub fn steps(round: &RoundScript) -> Vec<(Instant, f64)> {
    let (from, until) = (china(round.from), china(round.until));
    let hour = |at: Instant| at.plus_seconds(8 * 3600).0.div_euclid(3_600_000_000).rem_euclid(24);
    let mut steps = Vec::new();
    let (mut at, mut sum) = (from, 0.0);
    // The last swab is taken a quarter of an hour before the count is told.
    while at < until.plus_seconds(-900) {
        at = at.plus_seconds(300);
        sum += weight(hour(at));
        steps.push((at, sum));
    }
    for step in &mut steps {
        step.1 /= sum;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_adds_up_to_the_published_figures() {
        assert_eq!(ROUNDS.iter().map(|round| round.persons).sum::<usize>(), 234_437);
        assert_eq!((ROUNDS[0].persons, ROUNDS[0].until), (43_559, FIRST_COUNT_AT));
        for round in &ROUNDS {
            assert!((steps(round).last().map_or(0.0, |step| step.1) - 1.0).abs() < 1e-9);
        }
        let areas = crate::demo::city::read_places(crate::demo::AREAS_CSV.as_bytes()).unwrap();
        let people = |code: &str| areas.iter().find(|place| place.code.to_string() == code).unwrap().population;
        let in_zones: u64 = ZONES.iter().flat_map(|zone| zone.villages).map(|code| people(code)).sum();
        assert_eq!((in_zones, people("330784")), (49_655, WHOLE_CITY));
        assert!(ROUNDS.iter().all(|round| (round.persons as u64) < in_zones));
        assert_eq!(china_text(china("2022-01-05T19:00")), "2022-01-05 19:00");
    }
}
