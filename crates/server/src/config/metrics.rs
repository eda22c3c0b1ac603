//! `[metrics]`

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Key, Kind};

/// The operator's address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port.
    pub listen: Option<SocketAddr>,
}

/// Where metrics are when nobody said: for this machine only. A second server on it goes without.
pub const DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

/// Keys of the section.
pub const KEYS: &[Key] = &[Key {
    name: "listen",
    env: "ALLCLEAR_METRICS_LISTEN",
    kind: Kind::Text,
    value: "\"127.0.0.1:9464\"",
    is_default: false,
    what: "Address and port; 127.0.0.1:9464 if it is free and nothing is said. Never a public one: there is no sign-in.",
}];
