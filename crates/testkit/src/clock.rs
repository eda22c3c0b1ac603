//! A clock that moves when it is told to.

use std::sync::atomic::{AtomicI64, Ordering};

use allclear_domain::kernel::time::Instant;
use allclear_server::clock::Clock;

/// Starts at a given instant.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock at `at`.
    #[must_use]
    pub const fn at(at: Instant) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves on.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    /// Each look is a microsecond later, so that no two facts have the same time.
    fn now(&self) -> Instant {
        Instant(self.0.fetch_add(1, Ordering::SeqCst))
    }
}
