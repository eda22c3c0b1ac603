//! What one caller asked of the store: time, statements, rows. A request opens a meter, every call to
//! the store below it adds to it, and the request's log line tells the sums.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

tokio::task_local! {
    static METER: Arc<Meter>;
}

/// The sums of one caller.
#[derive(Debug, Default)]
pub struct Meter {
    micros: AtomicU64,
    statements: AtomicU64,
    rows: AtomicU64,
}

impl Meter {
    /// Runs `work`; what it asks of a store in this task is added here.
    pub async fn around<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        METER.scope(self, work).await
    }

    /// The meter of the running task, if a caller opened one.
    #[must_use]
    pub fn current() -> Option<Arc<Self>> {
        METER.try_with(Arc::clone).ok()
    }

    /// Adds time that was spent waiting for the store, its queue included.
    pub fn add_time(&self, spent: Duration) {
        self.micros.fetch_add(u64::try_from(spent.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Adds one statement and the rows that it read or changed.
    pub(crate) fn add_statement(&self, rows: u64) {
        self.statements.fetch_add(1, Relaxed);
        self.rows.fetch_add(rows, Relaxed);
    }

    /// Microseconds, statements, rows.
    #[must_use]
    pub fn sums(&self) -> (u64, u64, u64) {
        (self.micros.load(Relaxed), self.statements.load(Relaxed), self.rows.load(Relaxed))
    }
}
