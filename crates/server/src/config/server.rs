//! `[server]`

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{ConfigError, Key, Kind, wrong};
use crate::operate::proxy::Network;

/// Where the server listens, and how it stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// Proxies that say who is behind them.
    pub trusted_proxies: Vec<String>,
    /// How long requests in flight may take when the server stops.
    pub drain_seconds: u32,
    /// What enters a reduced mode.
    pub modes: Modes,
}

/// What enters and leaves a reduced mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modes {
    /// The load of this node, and an order.
    Measured,
    /// An order alone: where other work on the machine would be taken for load.
    Ordered,
}

/// Keys of the section.
pub const KEYS: &[Key] = &[
    Key {
        name: "listen",
        env: "ALLCLEAR_LISTEN",
        kind: Kind::Text,
        value: "\"127.0.0.1:8080\"",
        is_default: true,
        what: "Address and port. 0.0.0.0:443 with [tls]; loopback behind a proxy.",
    },
    Key {
        name: "trusted_proxies",
        env: "ALLCLEAR_TRUSTED_PROXIES",
        kind: Kind::List,
        value: "[]",
        is_default: true,
        what: "Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed.",
    },
    Key {
        name: "drain_seconds",
        env: "ALLCLEAR_DRAIN_SECONDS",
        kind: Kind::Number,
        value: "20",
        is_default: true,
        what: "How long requests in flight may take after SIGTERM; then they are cut.",
    },
    Key {
        name: "modes",
        env: "ALLCLEAR_MODES",
        kind: Kind::Text,
        value: "\"measured\"",
        is_default: true,
        what: "What enters a reduced mode: measured (the load, and an order) or ordered (an order alone).",
    },
];

/// A proxy that keeps a connection for longer is not waited for: systemd would kill the process.
const DRAIN_SECONDS_MAX: u32 = 80;

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), trusted_proxies: Vec::new(), drain_seconds: 20, modes: Modes::Measured }
    }
}

impl Server {
    /// The proxies, read.
    pub fn trusted(&self) -> Result<Vec<Network>, ConfigError> {
        self.trusted_proxies.iter().map(|text| text.parse().map_err(|what: String| wrong("server.trusted_proxies", what))).collect()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.drain_seconds > DRAIN_SECONDS_MAX {
            return Err(wrong("server.drain_seconds", format!("at most {DRAIN_SECONDS_MAX}: systemd ends the process after 90 seconds")));
        }
        self.trusted().map(drop)
    }
}
