//! When each device was last heard of: kept in memory, written down every few seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use allclear_domain::kernel::time::Instant;

use crate::{app::App, edge::problem::Result};

/// Devices heard of since they were last written down, and before.
#[derive(Debug, Default)]
pub struct Seen(Mutex<HashMap<i64, (Instant, bool)>>);

impl Seen {
    /// Notes that a device was heard of.
    pub fn note(&self, device_no: i64, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(device_no, (now, true));
    }

    /// When this node last heard of a device.
    #[must_use]
    pub fn at(&self, device_no: i64) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&device_no).map(|(at, _)| *at)
    }

    fn take(&self) -> Vec<(i64, Instant)> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: Vec<(i64, Instant)> = seen.iter().filter(|(_, (_, fresh))| *fresh).map(|(no, (at, _))| (*no, *at)).collect();
        fresh.sort_unstable();
        for (no, _) in &fresh {
            if let Some(entry) = seen.get_mut(no) {
                entry.1 = false;
            }
        }
        fresh
    }
}

/// Writes down which devices were heard of.
pub async fn write_down(app: &App) -> Result<()> {
    let fresh = app.seen.take();
    if fresh.is_empty() {
        return Ok(());
    }
    Ok(app.store.run("touch_devices", move |tx| tx.touch_devices(&fresh)).await?)
}
