//! How long what waits will take: one definition for the laboratory's own pages and for the big screen.

/// Minutes of work at the rated speed for `to_test` tubes (received or on a run; what waits for release is tested).
/// The factor beyond the rate is what is believable, not what may be planned with. None without a rate.
#[must_use]
pub const fn minutes_of_work(to_test: i64, rated_per_day: i32) -> Option<i64> {
    if rated_per_day <= 0 { None } else { Some(to_test * 1440 / rated_per_day as i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_at_the_rated_speed() {
        for (to_test, rated, minutes) in [(0, 100, Some(0)), (100, 100, Some(1440)), (4166, 100_000, Some(59)), (5, 0, None)] {
            assert_eq!(minutes_of_work(to_test, rated), minutes, "{to_test} at {rated}");
        }
    }
}
