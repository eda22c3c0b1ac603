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
    /// What kind of browser it says it is, in words of ours: `chrome android`.
    pub agent: Agent,
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let secure = app.secure_cookies.load(Ordering::Relaxed) || over_tls(parts);
        Ok(Self { address: address(parts).map(network), secure, agent: Agent::of(&parts.headers) })
    }
}

/// A browser and what it runs on: enough for somebody to know their own, and nothing that follows them about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    browser: &'static str,
    system: &'static str,
}

/// Marks in what a browser sends, the more particular first: most of them also name the others.
const BROWSERS: [(&str, &str); 6] = [
    ("MicroMessenger", "wechat"),
    ("Edg", "edge"),
    ("Firefox", "firefox"),
    ("Chrome", "chrome"),
    ("CriOS", "chrome"),
    ("Safari", "safari"),
];
const SYSTEMS: [(&str, &str); 6] =
    [("Android", "android"), ("iPhone", "ios"), ("iPad", "ios"), ("Windows", "windows"), ("Mac OS", "macos"), ("Linux", "linux")];

impl Agent {
    fn of(headers: &axum::http::HeaderMap) -> Self {
        let sent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let word = |marks: &[(&str, &'static str)]| marks.iter().find(|(mark, _)| sent.contains(mark)).map_or("other", |(_, word)| word);
        Self { browser: word(&BROWSERS), system: word(&SYSTEMS) }
    }
}

impl std::fmt::Display for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.browser, self.system)
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

/// Begins the name of a cookie that is bound to this host and to TLS.
pub const HOST_PREFIX: &str = "__Host-";

impl Client {
    /// This program itself: a benchmark that plays a desk.
    pub const LOCAL: Self = Self { address: None, secure: false, agent: Agent { browser: "other", system: "other" } };

    /// A header that sets a cookie which scripts cannot read and other sites cannot send.
    #[must_use]
    pub fn cookie(self, name: &str, token: &str, seconds: i64) -> [(HeaderName, HeaderValue); 1] {
        // With the prefix a browser keeps it from neighbouring hosts too; it takes such a name over TLS only.
        let (prefix, secure) = if self.secure { (HOST_PREFIX, "; Secure") } else { ("", "") };
        let text = format!("{prefix}{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        [(header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_most_particular_mark() {
        let phone = "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36";
        let edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Safari/537.36 Edg/99.0";
        for (sent, expect) in [(phone, "chrome android"), (edge, "edge windows"), ("curl/8", "other other"), ("", "other other")] {
            let mut headers = axum::http::HeaderMap::new();
            headers.insert(header::USER_AGENT, HeaderValue::from_str(sent).unwrap());
            assert_eq!(Agent::of(&headers).to_string(), expect, "{sent}");
        }
    }

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
