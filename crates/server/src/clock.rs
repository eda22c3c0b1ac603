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
