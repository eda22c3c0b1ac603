//! `[traces]`

use serde::{Deserialize, Serialize};

use super::{ConfigError, Key, Kind, wrong};

/// Traces for OpenTelemetry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// The collector.
    pub endpoint: Option<String>,
}

/// Keys of the section.
pub const KEYS: &[Key] = &[Key {
    name: "endpoint",
    env: "ALLCLEAR_TRACES_ENDPOINT",
    kind: Kind::Text,
    value: "\"http://127.0.0.1:4318\"",
    is_default: false,
    what: "A collector that takes OTLP over HTTP, on this machine or in the operators' network. Without it no traces.",
}];

impl Traces {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Some(endpoint) = &self.endpoint else { return Ok(()) };
        let place = endpoint.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let port = place.and_then(|place| place.rsplit_once(':')).filter(|(host, _)| !host.is_empty() && !host.contains('/'));
        if port.is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            return Ok(());
        }
        Err(wrong("traces.endpoint", "must be http://HOST:PORT"))
    }
}
