//! What frames show besides counts; loaded again every few seconds.

use std::collections::HashMap;

use allclear_domain::kernel::time::Instant;
use allclear_store::{
    StoreError, Tx,
    accounts::DeviceRow,
    lab::{BacklogRow, LabRow},
};

/// Devices looked at; a city of a million has some thousands.
const DEVICES_MAX: i64 = 20_000;
const DAY_S: i64 = 24 * 3600;

/// Devices and laboratories.
#[derive(Debug, Default)]
pub struct Context {
    /// Devices that were not revoked, by short number.
    pub devices: HashMap<i64, DeviceRow>,
    /// Laboratories with what waits in them.
    pub labs: Vec<(LabRow, BacklogRow)>,
}

/// Reads the context.
pub fn load(tx: &Tx<'_>, now: Instant) -> Result<Context, StoreError> {
    let devices = tx.devices(i64::MAX, DEVICES_MAX)?.into_iter().filter(|(device, _)| device.revoked_at.is_none());
    let mut labs = Vec::new();
    for lab in tx.labs()? {
        let backlog = tx.lab_backlog(lab.id, now.plus_seconds(-DAY_S))?;
        labs.push((lab, backlog));
    }
    Ok(Context { devices: devices.map(|(device, _)| (device.no, device)).collect(), labs })
}
