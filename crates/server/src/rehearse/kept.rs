//! What the last rehearsal found, kept in a small file beside the master key: it is of this machine, not of the store.

use std::path::{Path, PathBuf};

use allclear_domain::kernel::time::Instant;
use allclear_wire::rounds::Rehearsed;
use serde::{Deserialize, Serialize};

use super::order::PEAK;
use crate::clock::rfc3339;

/// Bytes of the file at most; what is larger was not written by us.
const BYTES_MAX: u64 = 4096;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// When it was played, microseconds.
    pub at: i64,
    /// Swabs a second that this machine carried.
    pub swabs_per_second: f64,
    /// What gave first: `swabs`, `own_results`, `screens`; nothing if nothing did.
    pub gives: Option<String>,
}

/// Where it is kept.
#[must_use]
pub fn file(key_file: &Path) -> PathBuf {
    key_file.with_file_name("rehearsal.json")
}

/// Keeps it.
pub fn write(path: &Path, kept: &Kept) -> std::io::Result<()> {
    let text = serde_json::to_string(kept).map_err(std::io::Error::other)?;
    std::fs::write(path, text + "\n")
}

/// Reads it; nothing if there is none that can be read.
#[must_use]
pub fn read(path: &Path) -> Option<Kept> {
    let small = std::fs::metadata(path).ok()?.len() <= BYTES_MAX;
    let kept: Kept = serde_json::from_str(&std::fs::read_to_string(path).ok().filter(|_| small)?).ok()?;
    (kept.swabs_per_second.is_finite() && kept.swabs_per_second >= 0.0).then_some(kept)
}

impl Kept {
    /// What it says of an order of so many persons in so many seconds.
    #[must_use]
    pub fn of(&self, persons: i64, seconds: i64) -> Rehearsed {
        let carries = (self.swabs_per_second / PEAK * seconds.max(1) as f64) as i64;
        Rehearsed {
            rehearsed_at: rfc3339(Instant(self.at)),
            carries,
            headroom: carries as f64 / persons.max(1) as f64,
            gives: self.gives.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_and_what_was_not_is_nothing() {
        let folder = std::env::temp_dir().join(format!("allclear-kept-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = file(&folder.join("master.key"));
        assert_eq!(read(&path), None);
        let kept = Kept { at: 1_641_427_200_000_000, swabs_per_second: 500.0, gives: Some("swabs".into()) };
        write(&path, &kept).unwrap();
        assert_eq!(read(&path), Some(kept.clone()));
        for damaged in ["", "{}", "{\"at\":1,\"swabs_per_second\":-5,\"gives\":null}"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(read(&path), None, "{damaged}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
        let said = kept.of(1_000_000, 43_200);
        assert_eq!((said.carries, said.headroom), (4_320_000, 4.32));
    }
}
