//! A clock that moves when it is told to.

use std::{
    pin::Pin,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use allclear_domain::kernel::time::Instant;
use allclear_server::clock::Clock;
use tokio::sync::watch;

/// Starts at a given instant.
#[derive(Debug)]
pub struct TestClock {
    at: AtomicI64,
    moved: watch::Sender<i64>,
    waits: watch::Sender<u64>,
}

impl TestClock {
    /// A clock at `at`.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        Self { at: AtomicI64::new(at.0), moved: watch::Sender::new(at.0), waits: watch::Sender::new(0) }
    }

    /// The time, without moving on.
    #[must_use]
    pub fn look(&self) -> Instant {
        Instant(self.at.load(Ordering::SeqCst))
    }

    /// Moves on.
    pub fn advance_seconds(&self, seconds: i64) {
        let before = self.at.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
        self.moved.send_replace(before + seconds * 1_000_000);
    }

    /// Returns once a job has begun its `n`th wait for time to pass: whatever it did before is done.
    pub async fn waited(&self, n: u64) {
        // The sender lives as long as the clock.
        let _ = self.waits.subscribe().wait_for(|waits| *waits >= n).await;
    }

    /// How many waits have begun.
    #[must_use]
    pub fn waits(&self) -> u64 {
        *self.waits.borrow()
    }
}

impl Clock for TestClock {
    /// Each look is a microsecond later, so that no two facts have the same time.
    fn now(&self) -> Instant {
        Instant(self.at.fetch_add(1, Ordering::SeqCst))
    }

    fn passed(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let until = self.at.load(Ordering::SeqCst) + i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        Box::pin(async move {
            let mut moved = self.moved.subscribe();
            self.waits.send_modify(|waits| *waits += 1);
            let _ = moved.wait_for(|at| *at >= until).await;
        })
    }
}
