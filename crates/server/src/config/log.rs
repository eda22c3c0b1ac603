//! `[log]`

use serde::{Deserialize, Serialize};

use super::{ConfigError, Key, Kind, wrong};

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What is logged.
    pub filter: String,
    /// How.
    pub format: Format,
}

/// Keys of the section.
pub const KEYS: &[Key] = &[
    Key {
        name: "filter",
        env: "ALLCLEAR_LOG",
        kind: Kind::Text,
        value: "\"info\"",
        is_default: true,
        what: "What is logged: info, debug, \"info,request=warn\", allclear_server=debug.",
    },
    Key {
        name: "format",
        env: "ALLCLEAR_LOG_FORMAT",
        kind: Kind::Text,
        value: "\"text\"",
        is_default: true,
        what: "text for people, json for machines.",
    },
];

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), format: Format::Text }
    }
}

impl Log {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        crate::operate::log::filter(&self.filter).map(drop).map_err(|what| wrong("log.filter", what))
    }
}
