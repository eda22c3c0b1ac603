//! Where a request came from, and over what: the one place that says so.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::Ordering,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderName, HeaderValue, header, request::Parts},
};

use super::problem::Problem;
use crate::app::AppState;

/// Who is at the other end of the connection, as far as one can tell without asking who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address; of an IPv6 address the network, since one household or one attacker has 2^64 of them.
    /// None in a test that has no connection.
    pub address: Option<IpAddr>,
    /// Whether a cookie must only go over TLS.
    pub secure: bool,
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let secure = app.secure_cookies.load(Ordering::Relaxed) || over_tls(parts);
        Ok(Self { address: address(parts).map(network), secure })
    }
}

/// The address of the client.
fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A proxy that ends TLS says so. A client that says it without TLS only binds its own cookie to TLS.
fn over_tls(parts: &Parts) -> bool {
    let forwarded = parts.headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    parts.uri.scheme_str() == Some("https") || forwarded.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"))
}

impl Client {
    /// A header that sets a cookie which scripts cannot read and other sites cannot send.
    #[must_use]
    pub fn cookie(self, name: &str, token: &str, seconds: i64) -> [(HeaderName, HeaderValue); 1] {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        [(header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_counts_as_its_network_and_a_mapped_one_as_what_it_maps() {
        for (address, expect) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), expect, "{address}");
        }
    }
}
