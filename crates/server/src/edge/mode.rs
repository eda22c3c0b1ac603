//! Reduced modes: what the node does without while it is pressed. Entered and left by measured pressure, or by order.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use allclear_domain::kernel::time::Instant;
use allclear_wire::operating::{Operating, OperatingCause, OperatingMode};

use super::limits::{FIELD_WAIT_MAX, LAG_MAX, LISTS_AT_ONCE};
use crate::{app::App, clock::rfc3339, operate::metrics::Metric};

/// The modes, mildest first.
pub type Mode = OperatingMode;

/// Percent of pressure from which a mode is entered.
const ENTER: [(Mode, u32); 2] = [(Mode::SamplingFirst, 85), (Mode::Reduced, 50)];
/// Percent below which the next milder mode is tried.
const LEAVE_BELOW: u32 = 25;
/// Looks in a row before a mode is entered: three seconds, longer than a burst.
const ENTER_LOOKS: u32 = 3;
/// Looks in a row before it is left: half a minute, so that a screen does not flicker between two modes.
const LEAVE_LOOKS: u32 = 30;

/// What was measured so far. One look a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gauge {
    /// The mode that the measurements ask for.
    pub mode: Mode,
    /// Since when; none while it never changed.
    pub since: Option<Instant>,
    /// The last look, percent.
    pub pressure: u32,
    wanted: Mode,
    above: u32,
    below: u32,
}

impl Gauge {
    /// After one more look. Entering goes straight to the mode that is needed, leaving goes step by step.
    #[must_use]
    pub fn look(self, pressure: u32, now: Instant) -> Self {
        let asked = ENTER.iter().find(|(_, from)| pressure >= *from).map_or(Mode::Full, |(mode, _)| *mode);
        let above = if asked > self.mode { self.above + 1 } else { 0 };
        // The mildest that was asked for in all of these looks: one peak does not decide.
        let wanted = if above > 1 { self.wanted.min(asked) } else { asked };
        let below = if pressure < LEAVE_BELOW && self.mode > Mode::Full { self.below + 1 } else { 0 };
        let next = Self { pressure, wanted, above, below, ..self };
        if above >= ENTER_LOOKS {
            return Self { mode: wanted, since: Some(now), above: 0, below: 0, ..next };
        }
        if below >= LEAVE_LOOKS {
            let milder = if self.mode == Mode::SamplingFirst { Mode::Reduced } else { Mode::Full };
            return Self { mode: milder, since: Some(now), above: 0, below: 0, ..next };
        }
        next
    }
}

/// How hard this node is pressed, percent: the worst of what waits for a commit, of how late the processors are, of what is
/// under way, and of what waits for a connection to the store.
#[must_use]
pub fn pressure(app: &App) -> u32 {
    let share = |now: usize, most: usize| u32::try_from(now.saturating_mul(100) / most.max(1)).unwrap_or(u32::MAX);
    let time = |now: Duration, most: Duration| share(usize::try_from(now.as_micros()).unwrap_or(usize::MAX), most.as_micros() as usize);
    let pool = app.store.pool();
    let found = [
        time(app.field.wait(), FIELD_WAIT_MAX),
        time(app.admission.lag(), LAG_MAX),
        share(app.admission.under_way(), LISTS_AT_ONCE.1),
        share(pool.waiting, pool.size * 4),
    ];
    found.into_iter().max().unwrap_or(0).min(999)
}

/// One look of this node.
pub fn look(app: &App) {
    let (pressure, now) = (pressure(app), app.now());
    let (before, after) = {
        let mut gauge = app.gauge.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = gauge.mode;
        *gauge = if app.modes_by_order.load(Relaxed) { Gauge { pressure, ..Gauge::default() } } else { gauge.look(pressure, now) };
        (before, gauge.mode)
    };
    if before != after {
        tracing::warn!(?before, ?after, pressure, "the operating mode changed");
    }
    app.metrics.set(Metric::Pressure, pressure.into());
    app.metrics.set(Metric::OperatingMode, app.mode().0 as i64);
    app.metrics.set(Metric::UnderWay, app.admission.under_way() as i64);
}

/// The mode in force as a screen shows it.
#[must_use]
pub fn shown(app: &App) -> Operating {
    let (mode, since, cause) = app.mode();
    Operating { mode, since: since.map(rfc3339), cause }
}

impl App {
    /// The mode in force: the stronger of what was ordered and what is measured; since when, and why.
    #[must_use]
    pub fn mode(&self) -> (Mode, Option<Instant>, OperatingCause) {
        let gauge = *self.gauge.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match self.plan().order.as_ref().and_then(|order| Some((parse(&order.mode)?, order.at))) {
            Some((ordered, at)) if ordered >= gauge.mode && ordered > Mode::Full => (ordered, Some(at), OperatingCause::Ordered),
            _ => (gauge.mode, gauge.since, OperatingCause::Measured),
        }
    }
}

/// The word of a mode, as it is stored.
#[must_use]
pub const fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Full => "full",
        Mode::Reduced => "reduced",
        Mode::SamplingFirst => "sampling_first",
    }
}

/// Reads what [`word`] gave.
#[must_use]
pub fn parse(text: &str) -> Option<Mode> {
    [Mode::Full, Mode::Reduced, Mode::SamplingFirst].into_iter().find(|mode| word(*mode) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays looks, `pressure × seconds` each, and writes down when the mode changed.
    fn play(looks: &[(u32, u32)]) -> String {
        let (mut gauge, mut second, mut said) = (Gauge::default(), 0, Vec::new());
        for (pressure, times) in looks {
            for _ in 0..*times {
                second += 1;
                let next = gauge.look(*pressure, Instant(i64::from(second)));
                if next.mode != gauge.mode {
                    said.push(format!("{second}:{}", word(next.mode)));
                    assert_eq!(next.since, Some(Instant(i64::from(second))));
                }
                gauge = next;
            }
        }
        said.join(" ")
    }

    #[test]
    fn pressure_enters_and_leaves_with_patience() {
        for (looks, changes) in [
            (&[(100, 2), (0, 100)][..], ""),
            (&[(100, 3)], "3:sampling_first"),
            (&[(60, 3)], "3:reduced"),
            (&[(49, 1000)], ""),
            // The mildest of the looks counts, and what is worse comes three looks later.
            (&[(60, 1), (100, 2)], "3:reduced"),
            (&[(60, 1), (100, 5)], "3:reduced 6:sampling_first"),
            // Between the two bounds nothing changes, for however long.
            (&[(100, 3), (40, 1000)], "3:sampling_first"),
            (&[(100, 3), (24, 30)], "3:sampling_first 33:reduced"),
            (&[(100, 3), (24, 60)], "3:sampling_first 33:reduced 63:full"),
            // One look above the lower bound and the patience begins anew.
            (&[(100, 3), (24, 29), (25, 1), (24, 29)], "3:sampling_first"),
            (&[(60, 3), (100, 3), (0, 60)], "3:reduced 6:sampling_first 36:reduced 66:full"),
        ] {
            assert_eq!(play(looks), changes, "{looks:?}");
        }
    }

    #[test]
    fn words_are_read_back() {
        for mode in [Mode::Full, Mode::Reduced, Mode::SamplingFirst] {
            assert_eq!(parse(word(mode)), Some(mode));
        }
        assert_eq!(parse("none"), None);
    }
}
