//! The commands of an operator beside the server: one module a command. Those of a capability
//! (`recount`, `labels`, the demo) stand with it.

pub mod backup;
pub mod doctor;
pub mod migrate;
pub mod restore;

use std::path::PathBuf;

use allclear_seal::Keys;
use allclear_store::StoreConfig;
use clap::Args;

use crate::boot::{self, StartError};

/// Which store, and the key that reads it.
#[derive(Debug, Args)]
pub struct Place {
    /// `postgres://…` or the path of a SQLite file.
    #[arg(long, env = "ALLCLEAR_STORE", hide_env_values = true, default_value = "data/allclear.db")]
    store: String,
    /// File of the master key.
    #[arg(long, env = "ALLCLEAR_KEY_FILE", default_value = "data/master.key")]
    key_file: PathBuf,
}

impl Place {
    fn store(&self) -> StoreConfig {
        StoreConfig::parse(&self.store)
    }

    /// The key ring; none is made here.
    fn keys(&self) -> Result<Keys, StartError> {
        Ok(Keys::from_master(&boot::existing_master_key(&self.key_file)?))
    }

    /// The store in words that may be printed: a password of its address is left out.
    fn words(&self) -> String {
        words(&self.store)
    }
}

/// An address without its password.
#[must_use]
pub fn words(store: &str) -> String {
    let Some((scheme, rest)) = store.split_once("://") else { return store.to_owned() };
    let Some((user, place)) = rest.split_once('@') else { return store.to_owned() };
    format!("{scheme}://{}@{place}", user.split(':').next().unwrap_or_default())
}

/// Bytes in the unit that a person reads.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(words("postgres://city:secret@db.example:5432/allclear"), "postgres://city@db.example:5432/allclear");
        assert_eq!(words("postgres://city@db/allclear"), "postgres://city@db/allclear");
        assert_eq!(words("data/allclear.db"), "data/allclear.db");
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024 * 1024 * 1024 / 2, "2.5 GiB")];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }
}
