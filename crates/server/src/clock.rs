//! The one clock and the one source of ids. The edge and each job read them once and pass values on.

use std::{pin::Pin, sync::Arc, time::Duration};

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Instant;

    /// Waits until some time has passed: what jobs that look again and again wait by.
    fn passed(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that only the replay moves; each look is a microsecond later, so that no two facts have
/// the same time.
#[derive(Debug)]
pub struct ReplayClock(std::sync::atomic::AtomicI64);

impl ReplayClock {
    /// A clock at `at`.
    #[must_use]
    pub const fn at(at: Instant) -> Self {
        Self(std::sync::atomic::AtomicI64::new(at.0))
    }

    /// Moves on to `at`; never back.
    pub fn move_to(&self, at: Instant) {
        self.0.fetch_max(at.0, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Instant {
        Instant(self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
    }
}

/// A clock of another time that goes faster than the machine's: the demo of a past day. It stands
/// until it is started, so that making the city takes none of the day.
#[derive(Debug)]
pub struct FastClock {
    from: Instant,
    speed: f64,
    /// The machine's time when it was started.
    started: std::sync::OnceLock<Instant>,
}

impl FastClock {
    /// A clock that stands at `from` and will go `speed` times as fast as the machine's.
    #[must_use]
    pub const fn new(from: Instant, speed: f64) -> Self {
        Self { from, speed, started: std::sync::OnceLock::new() }
    }

    /// Lets it go; a second call changes nothing.
    pub fn start(&self) {
        self.started.get_or_init(|| SystemClock.now());
    }
}

impl Clock for FastClock {
    fn now(&self) -> Instant {
        let gone = self.started.get().map_or(0, |started| SystemClock.now().0 - started.0);
        Instant(self.from.0 + (gone as f64 * self.speed) as i64)
    }
}

/// Makes ids from the clock's time and the key ring's randomness, so that simulation can replay them.
#[derive(Clone)]
pub struct Ids(Arc<Keys>);

impl Ids {
    /// Ids that draw from this ring.
    #[must_use]
    pub const fn new(keys: Arc<Keys>) -> Self {
        Self(keys)
    }

    /// A UUIDv7 of `now`.
    #[must_use]
    pub fn at(&self, now: Instant) -> Uuid {
        let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.0.random()).into_uuid()
    }
}

/// RFC 3339 text of an instant.
#[must_use]
pub fn rfc3339(at: Instant) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| "9999-12-31T23:59:59Z".into(), |t| t.to_string())
}

/// Reads RFC 3339 text.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Instant> {
    text.parse::<jiff::Timestamp>().ok().map(|t| Instant(t.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_stands_until_it_is_started() {
        let clock = FastClock::new(Instant(5), 1e6);
        assert_eq!((clock.now(), clock.now()), (Instant(5), Instant(5)));
        clock.start();
        let first = clock.now();
        while clock.now() == first {
            std::hint::spin_loop();
        }
        assert!(clock.now() > first);
    }
}
