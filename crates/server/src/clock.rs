//! The one clock and the one source of ids. The edge and each job read them once and pass values on.

use std::sync::Arc;

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Instant;
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

/// A clock that began at another time and goes faster than the machine's: the demo of a past day.
#[derive(Debug)]
pub struct FastClock {
    /// The machine's time at the start.
    started: Instant,
    /// What the clock said then.
    from: Instant,
    speed: f64,
}

impl FastClock {
    /// A clock that says `from` now and goes `speed` times as fast as the machine's.
    #[must_use]
    pub fn new(from: Instant, speed: f64) -> Self {
        Self { started: SystemClock.now(), from, speed }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Instant {
        let gone = SystemClock.now().0 - self.started.0;
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
