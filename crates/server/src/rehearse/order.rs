//! What an order means for the machine: how long people have, how many come in a second at the worst.

/// Of the mean, what comes in the worst minutes: 08:00, and the hour before the end.
pub const PEAK: f64 = 5.0;
/// Times that a person looks at their own result in a round.
pub const LOOKS: f64 = 2.0;
/// Persons for each screen that follows the counts.
pub const PERSONS_PER_SCREEN: f64 = 20_000.0;

/// An order, as far as its time goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Minute of the day at which it begins.
    pub from: u32,
    /// Minute of the day by which everybody is sampled.
    pub by: u32,
}

fn minute(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim_end_matches(['.', ',', ';']).split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

impl Order {
    /// Reads "all sampled by 20:00", or "all sampled from 06:30 by 20:00"; without a beginning it is 08:00.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let after = |word: &str| words.windows(2).find(|two| two[0].eq_ignore_ascii_case(word)).map(|two| minute(two[1]));
        let wrong = || "an order like \"all sampled by 20:00\" or \"all sampled from 06:30 by 20:00\"".to_owned();
        let by = after("by").flatten().ok_or_else(wrong)?;
        let from = after("from").unwrap_or(Some(8 * 60)).ok_or_else(wrong)?;
        if from >= by { Err(wrong()) } else { Ok(Self { from, by }) }
    }

    /// Seconds that people have.
    #[must_use]
    pub fn seconds(self) -> f64 {
        f64::from(self.by - self.from) * 60.0
    }

    /// What a city of `persons` brings at its worst.
    #[must_use]
    pub fn load(self, persons: f64) -> Load {
        let per_second = persons / self.seconds() * PEAK;
        Load { swabs: per_second, looks: per_second * LOOKS, screens: (persons / PERSONS_PER_SCREEN).ceil().max(1.0) as usize }
    }

    /// The city whose worst is so many swabs a second.
    #[must_use]
    pub fn city(self, swabs: f64) -> f64 {
        swabs / PEAK * self.seconds()
    }
}

/// The worst second of an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Swabs.
    pub swabs: f64,
    /// Looks at an own result.
    pub looks: f64,
    /// Screens that follow.
    pub screens: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_or_refused() {
        for (text, expect) in [
            ("all sampled by 20:00", Some((480, 1200))),
            ("Everybody from 06:30 by 12:00.", Some((390, 720))),
            ("all sampled by noon", None),
            ("all sampled", None),
            ("by 25:00", None),
            ("by 07:00", None),
            ("from now by 20:00", None),
        ] {
            assert_eq!(Order::parse(text).ok().map(|order| (order.from, order.by)), expect, "{text}");
        }
    }

    #[test]
    fn a_city_and_its_worst_second_are_two_sides_of_one_sum() {
        let order = Order::parse("all sampled by 20:00").unwrap();
        let load = order.load(964_203.0);
        assert!((load.swabs - 964_203.0 / 43_200.0 * 5.0).abs() < 1e-9);
        assert_eq!(load.screens, 49);
        assert!((order.city(load.swabs) - 964_203.0).abs() < 1e-6);
    }
}
