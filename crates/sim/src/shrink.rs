//! Makes a failing sequence short: leaves out parts, larger ones first, as long as the same rule fails.

use crate::op::Step;

/// A shortest sequence for which `fails` still holds: leaving out any one step of it makes it hold no
/// more. The same input gives the same output.
pub fn shrink(steps: &[Step], mut fails: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut left = steps.to_vec();
    let mut part = left.len().div_ceil(2).max(1);
    loop {
        let before = left.len();
        let mut from = 0;
        while from < left.len() {
            let to = (from + part).min(left.len());
            let without: Vec<Step> = left[..from].iter().chain(&left[to..]).cloned().collect();
            if without.len() < left.len() && fails(&without) {
                left = without;
            } else {
                from = to;
            }
        }
        if part == 1 && left.len() == before {
            return left;
        }
        part = if part == 1 { 1 } else { part.div_ceil(2) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Op;

    #[test]
    fn what_matters_is_left() {
        let steps: Vec<Step> = (0..100).map(|n| (n, Op::Wait { minutes: i64::from(n) })).collect();
        let mut played = 0;
        let left = shrink(&steps, |steps| {
            played += 1;
            let has = |n: u32| steps.iter().any(|step| step.0 == n);
            has(17) && has(60) && has(61)
        });
        assert_eq!(left.iter().map(|step| step.0).collect::<Vec<_>>(), [17, 60, 61]);
        assert!(played < 100, "{played}");
    }
}
