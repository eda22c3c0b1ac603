//! Calendar dates as they stand on documents: no time zone, no clock.

use std::fmt;

/// A day of the Gregorian calendar, checked to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i16,
    month: u8,
    day: u8,
}

const fn is_leap(year: i16) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

const fn days_in(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Date {
    /// The day, if the calendar has it and the year lies in 1800 to 2199.
    #[must_use]
    pub const fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        if year < 1800 || year > 2199 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// Reads `2011-03-09`, `2011/3/9`, `2011.3.9`, `2011年3月9日` or `20110309`.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let text = super::text::half_width(raw);
        let text = text.trim();
        if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?);
        }
        // A spreadsheet's date cell may carry midnight behind the day.
        let text = text.split([' ', 'T']).next().unwrap_or(text);
        let mut parts = text.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty());
        let day = Self::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)?;
        parts.next().is_none().then_some(day)
    }

    /// Year of the era.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Days since 1970-01-01 (Howard Hinnant's civil calendar arithmetic).
    #[must_use]
    pub const fn days(self) -> i32 {
        let y = self.year as i32 - (self.month <= 2) as i32;
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let doy = (153 * ((self.month as i32 + 9) % 12) + 2) / 5 + self.day as i32 - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        era * 146_097 + doe - 719_468
    }

    /// The day that [`Date::days`] gave.
    #[must_use]
    pub const fn from_days(days: i32) -> Option<Self> {
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + (month <= 2) as i32;
        if year < 1800 || year > 2199 {
            return None;
        }
        Self::new(year as i16, month as u8, (doy - (153 * mp + 2) / 5 + 1) as u8)
    }

    /// The day in China (UTC+8, no summer time since 1991) at this instant.
    #[must_use]
    pub const fn in_china(at: crate::kernel::time::Instant) -> Option<Self> {
        Self::from_days((at.0 / 1_000_000 + 8 * 3600).div_euclid(86_400) as i32)
    }

    /// Completed years on `today`; 0 before the first birthday or for a future date.
    #[must_use]
    pub fn age_on(self, today: Self) -> u16 {
        let had_birthday = (today.month, today.day) >= (self.month, self.day);
        let years = today.year - self.year - i16::from(!had_birthday);
        u16::try_from(years).unwrap_or(0)
    }

    /// Completed months on `today`; 0 for a future date.
    #[must_use]
    pub fn months_on(self, today: Self) -> u32 {
        let months = (i32::from(today.year) - i32::from(self.year)) * 12 + i32::from(today.month) - i32::from(self.month);
        u32::try_from(months - i32::from(today.day < self.day)).unwrap_or(0)
    }

    /// `yyyymmdd`, as resident IDs write it.
    #[must_use]
    pub fn digits(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_reads_back() {
        let mut day = Date::new(1800, 1, 1).unwrap();
        let first = day.days();
        for n in first..first + 146_000 {
            let next = Date::from_days(n).unwrap();
            assert_eq!(next.days(), n);
            assert!(next >= day);
            assert_eq!(Date::parse(&next.to_string()), Some(next));
            day = next;
        }
        assert_eq!(Date::new(1970, 1, 1).unwrap().days(), 0);
    }

    #[test]
    fn spellings_of_a_day() {
        let day = Date::new(2011, 3, 9);
        for text in ["2011-03-09", "2011/3/9", "2011.3.9", "2011年3月9日", "20110309", "２０１１－３－９", "2011-03-09 00:00:00"]
        {
            assert_eq!(Date::parse(text), day, "{text}");
        }
        for text in ["", "2011-02-29", "2011-13-01", "20111301", "9.3.2011", "2011-3", "2011-3-9-1", "today"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ages_turn_on_the_birthday() {
        let born = Date::new(2012, 2, 29).unwrap();
        assert_eq!(born.age_on(Date::new(2022, 2, 28).unwrap()), 9);
        assert_eq!(born.age_on(Date::new(2022, 3, 1).unwrap()), 10);
        assert_eq!(born.months_on(Date::new(2012, 3, 28).unwrap()), 0);
        assert_eq!(born.months_on(Date::new(2012, 3, 29).unwrap()), 1);
        assert_eq!(Date::in_china(crate::kernel::time::Instant(57_600_000_000)), Date::new(1970, 1, 2));
    }
}
