//! The configuration: few options, one struct a section, one file, environment over file, flags over
//! both. A key that nobody knows is refused with its name. Secrets come by file or environment only.

pub mod log;
pub mod metrics;
pub mod print;
pub mod server;
pub mod store;
pub mod tls;
pub mod traces;

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use toml::{Table, Value};

use self::{log::Log, metrics::Metrics, server::Server, store::Store, tls::Tls, traces::Traces};

/// How the text of an environment variable or a flag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, a path, an address.
    Text,
    /// A whole number.
    Number,
    /// Texts, with commas between them where there is one line for all.
    List,
}

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// Its environment variable.
    pub env: &'static str,
    /// How a text becomes its value.
    pub kind: Kind,
    /// Value as the file writes it; where the default is none, an example.
    pub value: &'static str,
    /// Whether `value` is the default, or only an example.
    pub is_default: bool,
    /// What it is for.
    pub what: &'static str,
}

/// A section: name, what it is for, keys.
pub type Section = (&'static str, &'static str, &'static [Key]);

/// Every section, in the order in which it is printed.
pub const SECTIONS: [Section; 6] = [
    ("server", "Where the server listens, and how it stops.", server::KEYS),
    ("store", "Where facts are kept, and the key that opens sealed cells.", store::KEYS),
    ("tls", "TLS by the server itself. Without it a proxy must end TLS: phones need HTTPS.", tls::KEYS),
    ("log", "The log, on standard error. Read again on SIGHUP.", log::KEYS),
    ("metrics", "The operator's address: /metrics, /healthz, /readyz.", metrics::KEYS),
    ("traces", "Traces for OpenTelemetry.", traces::KEYS),
];

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Config {
    /// Where the server listens.
    pub server: Server,
    /// Where facts are kept.
    pub store: Store,
    /// TLS.
    pub tls: Tls,
    /// The log.
    pub log: Log,
    /// The operator's address.
    pub metrics: Metrics,
    /// Traces for OpenTelemetry.
    pub traces: Traces,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0}: {1}")]
    File(String, String),
    /// A section or key that nobody knows.
    #[error("{key} is unknown; known here: {known}")]
    Unknown {
        /// `section` or `section.key`.
        key: String,
        /// What could have been meant.
        known: String,
    },
    /// A value that does not fit.
    #[error("{key}: {what}")]
    Value {
        /// `section.key`, or the section.
        key: String,
        /// What is wrong.
        what: String,
    },
}

/// A value that was given on the command line: section, key, text.
pub type Flag = (&'static str, &'static str, String);

/// A value that does not fit.
pub(crate) fn wrong(key: impl Into<String>, what: impl ToString) -> ConfigError {
    ConfigError::Value { key: key.into(), what: what.to_string() }
}

impl Config {
    /// Reads the file (if any), then the environment, then the flags, and checks the whole.
    pub fn load(file: Option<&Path>, env: impl Fn(&str) -> Option<String>, flags: &[Flag]) -> Result<Self, ConfigError> {
        Self::of_table(file.map_or_else(|| Ok(Table::new()), read)?, env, flags)
    }

    /// The same from the text of a file.
    pub fn of_text(text: &str, env: impl Fn(&str) -> Option<String>, flags: &[Flag]) -> Result<Self, ConfigError> {
        Self::of_table(text.parse().map_err(|e: toml::de::Error| ConfigError::File("text".into(), e.to_string()))?, env, flags)
    }

    fn of_table(mut table: Table, env: impl Fn(&str) -> Option<String>, flags: &[Flag]) -> Result<Self, ConfigError> {
        known(&table)?;
        if table.get("store").is_some_and(|section| store::has_password(section.get("url").and_then(Value::as_str).unwrap_or_default())) {
            return Err(wrong("store.url", store::PASSWORD));
        }
        for (section, _, keys) in SECTIONS {
            for key in keys {
                if let Some(text) = env(key.env) {
                    put(&mut table, section, key, &text)
                        .map_err(|what| wrong(format!("{section}.{} (from {})", key.name, key.env), what))?;
                }
            }
        }
        for (section, name, text) in flags {
            let keys = SECTIONS.iter().find(|(known, _, _)| known == section).map_or(&[][..], |(_, _, keys)| keys);
            let Some(key) = keys.iter().find(|key| key.name == *name) else { continue };
            if *section == "store" && store::has_password(text) {
                return Err(wrong("--store", store::PASSWORD));
            }
            put(&mut table, section, key, text).map_err(|what| wrong(format!("{section}.{name}"), what))?;
        }
        let config = Self {
            server: section(&mut table, "server")?,
            store: section(&mut table, "store")?,
            tls: section(&mut table, "tls")?,
            log: section(&mut table, "log")?,
            metrics: section(&mut table, "metrics")?,
            traces: section(&mut table, "traces")?,
        };
        config.check()?;
        Ok(config)
    }

    /// The same with the environment of this process.
    pub fn of_process(file: Option<&Path>, flags: &[Flag]) -> Result<Self, ConfigError> {
        Self::load(file, |name| std::env::var(name).ok(), flags)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.server.check()?;
        self.tls.check()?;
        self.traces.check()?;
        self.log.check()
    }
}

fn read(file: &Path) -> Result<Table, ConfigError> {
    let wrong = |what: String| ConfigError::File(file.display().to_string(), what);
    let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
    text.parse().map_err(|e: toml::de::Error| wrong(e.to_string()))
}

/// Refuses what nobody knows, by name.
fn known(table: &Table) -> Result<(), ConfigError> {
    let list = |names: &mut dyn Iterator<Item = &str>| names.collect::<Vec<_>>().join(", ");
    for (name, value) in table {
        let Some((_, _, keys)) = SECTIONS.iter().find(|(section, _, _)| section == name) else {
            return Err(ConfigError::Unknown { key: name.clone(), known: list(&mut SECTIONS.iter().map(|(section, _, _)| *section)) });
        };
        let Value::Table(section) = value else { return Err(wrong(name, format!("is a section: write [{name}]"))) };
        for key in section.keys() {
            if keys.iter().all(|known| known.name != key) {
                return Err(ConfigError::Unknown { key: format!("{name}.{key}"), known: list(&mut keys.iter().map(|key| key.name)) });
            }
        }
    }
    Ok(())
}

fn put(table: &mut Table, section: &str, key: &Key, text: &str) -> Result<(), String> {
    let value = match key.kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::Number => Value::Integer(text.trim().parse().map_err(|_| format!("{text:?} is not a whole number"))?),
        Kind::List => Value::Array(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.into()).collect()),
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(key.name.to_owned(), value);
    }
    Ok(())
}

/// One section, key by key, so that a value that does not fit is named.
fn section<T: DeserializeOwned + Default>(table: &mut Table, name: &str) -> Result<T, ConfigError> {
    let Some(Value::Table(section)) = table.remove(name) else { return Ok(T::default()) };
    for (key, value) in &section {
        let one = Table::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = Value::Table(one).try_into::<T>() {
            return Err(wrong(format!("{name}.{key}"), error.message()));
        }
    }
    Value::Table(section).try_into().map_err(|error: toml::de::Error| wrong(name, error.message()))
}

#[cfg(test)]
mod tests;
