//! The commands of an operator beside the server: one module a command. Those of a capability
//! (`recount`, `labels`, the demo) stand with it.

pub mod administrator;
pub mod backup;
pub mod config;
pub mod doctor;
pub mod migrate;
pub mod restore;
pub mod serve;
pub mod transfer;

use std::path::PathBuf;

use allclear_seal::Keys;
use allclear_store::StoreConfig;
use clap::Args;

use crate::{
    boot::{self, StartError},
    config::{Config, Flag},
};

/// Which store, and the key that reads it: from the configuration, or given here.
#[derive(Debug, Args)]
pub struct Place {
    /// Configuration file of the server.
    #[arg(long, env = "ALLCLEAR_CONFIG")]
    config: Option<PathBuf>,
    /// `postgres://…` or the path of a SQLite file [default: data/allclear.db].
    #[arg(long)]
    store: Option<String>,
    /// File of the master key [default: data/master.key].
    #[arg(long)]
    key_file: Option<String>,
}

/// A [`Place`] that was looked up.
#[derive(Debug)]
pub(crate) struct Found {
    /// The whole configuration.
    pub(crate) config: Config,
    /// What opens the store.
    pub(crate) store: StoreConfig,
    /// The store in words that may be printed: a password of its address is left out.
    words: String,
}

impl Place {
    /// Looks it up.
    pub(crate) fn find(&self) -> Result<Found, StartError> {
        let given = [("store", "url", &self.store), ("store", "key_file", &self.key_file)];
        let flags: Vec<Flag> = given.into_iter().filter_map(|(section, key, value)| Some((section, key, value.clone()?))).collect();
        let config = Config::of_process(self.config.as_deref(), &flags)?;
        let address = config.store.address()?;
        Ok(Found { store: StoreConfig::parse(&address), words: words(&address), config })
    }
}

impl Found {
    /// The key ring; none is made here.
    fn keys(&self) -> Result<Keys, StartError> {
        Ok(Keys::from_master(&boot::existing_master_key(&self.config.store.key_file)?))
    }
}

/// The system's user who runs this command, for the access log: by number, since the environment says what it was told,
/// with the name that the system has for it.
pub(crate) fn machine_user() -> String {
    let number = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    user_name(&users, number).unwrap_or_else(|| number.to_string())
}

fn user_name(users: &str, number: u32) -> Option<String> {
    users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find_map(|user| match user.as_slice() {
        [name, _, own, ..] if own.parse() == Ok(number) => Some((*name).to_owned()),
        _ => None,
    })
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
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/r:/bin/bash\nbroken\nallclear:x:998:998::/var/lib/allclear:/usr/sbin/nologin\n";
        assert_eq!((user_name(users, 998).as_deref(), user_name(users, 9)), (Some("allclear"), None));
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024 * 1024 * 1024 / 2, "2.5 GiB")];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }
}
