//! `[store]`

use std::path::PathBuf;

use allclear_store::StoreConfig;
use serde::{Deserialize, Serialize};

use super::{ConfigError, Key, Kind, wrong};

/// Where facts are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// A path, or `postgres://…`.
    pub url: String,
    /// A file that holds the address, because it has a password.
    pub url_file: Option<PathBuf>,
    /// The master key.
    pub key_file: PathBuf,
}

/// Keys of the section.
pub const KEYS: &[Key] = &[
    Key {
        name: "url",
        env: "ALLCLEAR_STORE",
        kind: Kind::Text,
        value: "\"data/allclear.db\"",
        is_default: true,
        what: "Path of a SQLite file, or postgres://user@host/database. A password only by url_file or environment.",
    },
    Key {
        name: "url_file",
        env: "ALLCLEAR_STORE_FILE",
        kind: Kind::Text,
        value: "\"/etc/allclear/store.url\"",
        is_default: false,
        what: "File whose first line is the address of the store, in place of url.",
    },
    Key {
        name: "key_file",
        env: "ALLCLEAR_KEY_FILE",
        kind: Kind::Text,
        value: "\"data/master.key\"",
        is_default: true,
        what: "File of the master key, made at the first start. Keep a copy where the backups are not.",
    },
];

/// Why an address is refused where others can read it.
pub(super) const PASSWORD: &str =
    "holds a password: put the address into a file that only the server's user may read (store.url_file), or into ALLCLEAR_STORE";

/// Whether an address of the form `scheme://user:password@…` has its password in it.
pub(super) fn has_password(url: &str) -> bool {
    let place = url.split_once("://").map_or("", |(_, rest)| rest);
    let by_user = place.split_once('@').is_some_and(|(user, _)| user.contains(':'));
    by_user || place.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("password=")))
}

impl Default for Store {
    fn default() -> Self {
        Self { url: "data/allclear.db".into(), url_file: None, key_file: "data/master.key".into() }
    }
}

impl Store {
    /// The address of the store, from its file if there is one.
    pub fn address(&self) -> Result<String, ConfigError> {
        let Some(file) = &self.url_file else { return Ok(self.url.clone()) };
        let text = std::fs::read_to_string(file).map_err(|e| wrong("store.url_file", format!("{}: {e}", file.display())))?;
        let line = text.lines().next().map(str::trim).filter(|line| !line.is_empty());
        line.map(str::to_owned).ok_or_else(|| wrong("store.url_file", format!("{} is empty", file.display())))
    }

    /// What opens the store.
    pub fn config(&self) -> Result<StoreConfig, ConfigError> {
        Ok(StoreConfig::parse(&self.address()?))
    }
}
