//! Who is at the other end when a proxy stands between. What a proxy says is believed only from the
//! addresses that the configuration names; from anybody else the headers are taken away.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What a proxy may say of the connection it ended.
const SAID: [&str; 4] = [FORWARDED_FOR, "x-forwarded-proto", "x-forwarded-host", "forwarded"];

/// An address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither an address nor a network like 10.0.0.0/8");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    /// Whether an address belongs to it.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0,
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0,
            _ => false,
        }
    }
}

/// The proxies that are believed.
pub type Trusted = Arc<Vec<Network>>;

fn is_trusted(trusted: &[Network], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.has(address))
}

/// The client's address: from the right, the first that no trusted proxy has. What stands further left
/// was written by the client.
fn client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let said: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    let mut nearest = peer;
    for text in said.iter().rev() {
        let Ok(address) = text.trim().parse() else { break };
        nearest = address;
        if !is_trusted(trusted, address) {
            break;
        }
    }
    nearest
}

/// Middleware around everything: puts the client's address in the place of the proxy's.
pub async fn resolve(State(trusted): State<Trusted>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    if let Some(peer) = peer {
        let address = client(&trusted, peer.ip(), request.headers());
        if !is_trusted(&trusted, peer.ip()) {
            for name in SAID {
                request.headers_mut().remove(name);
            }
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, peer.port())));
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(trusted: &[&str], peer: &str, said: &[&str]) -> String {
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        client(&trusted, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_says_who_is_behind_it() {
        let inside: &[&str] = &["10.0.0.0/8", "::1"];
        for (trusted, peer, said, client) in [
            (&[][..], "203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            (inside, "203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            (inside, "10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            (inside, "::1", &["198.51.100.1"], "198.51.100.1"),
            (inside, "10.1.2.3", &[], "10.1.2.3"),
            // What the client itself wrote stands left of what the proxy added.
            (inside, "10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (inside, "10.1.2.3", &["1.1.1.1, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            (inside, "10.1.2.3", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            (inside, "10.1.2.3", &["1.1.1.1, nonsense"], "10.1.2.3"),
        ] {
            assert_eq!(of(trusted, peer, said), client, "{peer} {said:?}");
        }
    }

    #[test]
    fn networks_are_read_and_bounded() {
        for wrong in ["", "10.0.0", "10.0.0.0/33", "::1/129", "10.0.0.0/x", "proxy.example"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.has("255.0.0.1".parse().unwrap()) && all.has("::ffff:1.2.3.4".parse().unwrap()));
        assert!(!all.has("2001:db8::1".parse().unwrap()));
    }
}
