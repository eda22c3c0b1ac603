//! Requests, through the real router on a small city: queries, bodies, batches of phones. No answer is a
//! fault of ours, and every refusal is a problem with a code.

use std::sync::LazyLock;

use allclear_domain::kernel::access::allows;
use allclear_server::{
    demo,
    edge::routes::{Access, Route},
};
use allclear_testkit::{Answer, City, Client, Method, Phone};
use tokio::runtime::Runtime;

/// A city, somebody for each route, and a phone.
struct World {
    runtime: Runtime,
    city: City,
    people: Vec<(allclear_domain::kernel::access::Role, Client)>,
    phone: Phone,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = Runtime::new().expect("a runtime");
    let (city, people, phone) = runtime.block_on(async {
        let city = City::with_population(200).await;
        let mut people = Vec::new();
        for account in &demo::ACCOUNTS {
            people.push((account.role, city.sign_in(account.name).await));
        }
        let phone = city.phone("registrar").await;
        (city, people, phone)
    });
    World { runtime, city, people, phone }
});

impl World {
    /// Whoever may call the route.
    fn caller(&self, route: &Route) -> Client {
        let Access::Guarded(action) = route.access else { return self.city.nobody() };
        let one = self.people.iter().find(|(role, _)| allows(*role, action));
        one.expect("every route has somebody who may call it").1.clone()
    }

    fn send(&self, client: &Client, method: Method, path: &str, body: &[u8]) -> Answer {
        self.runtime.block_on(client.send(method, path, "application/json", body.to_vec()))
    }
}

fn no_fault(answer: &Answer, route: &str) {
    let status = answer.status;
    assert!(!status.is_server_error(), "{route}: {status} {}", answer.json);
    let refused = status.is_client_error();
    assert!(!refused || answer.json["code"].is_string(), "{route}: {status} without a code: {}", String::from_utf8_lossy(&answer.bytes));
}

/// A body of `/api/v1/sync`, as a phone sends it.
pub fn sync(data: &[u8]) {
    let answer = WORLD.send(&WORLD.phone.client, Method::POST, "/api/v1/sync", data);
    no_fault(&answer, "sync");
    if answer.status.is_success() {
        for outcome in answer.json["outcomes"].as_array().expect("outcomes") {
            let state = outcome["state"].as_str();
            assert!(matches!(state, Some("recorded" | "exception")), "a swab is never refused: {outcome}");
        }
    }
}

/// A query, asked of one of the routes that are asked: which one, and what stands in its path, follows from the bytes.
pub fn queries(data: &[u8]) {
    let choice = choice(data);
    // A stream does not end by itself.
    let routes: Vec<&Route> = WORLD.city.routes.iter().filter(|r| r.method == "GET" && !r.path.ends_with("/stream")).collect();
    let route = routes[choice % routes.len()];
    let address = format!("{}?{}", path(&route.path, choice / routes.len(), data), encoded(data, b"&=+%"));
    no_fault(&WORLD.send(&WORLD.caller(route), Method::GET, &address, b""), &route.path);
}

/// A body, sent to one of the routes that change something.
pub fn bodies(data: &[u8]) {
    let choice = choice(data);
    let ends_the_session = |route: &&Route| route.method == "DELETE" && route.path.ends_with("/session");
    let routes: Vec<&Route> = WORLD.city.routes.iter().filter(|r| r.method != "GET").filter(|r| !ends_the_session(r)).collect();
    let route = routes[choice % routes.len()];
    let method = Method::from_bytes(route.method.as_bytes()).expect("a method");
    let address = path(&route.path, choice / routes.len(), data);
    no_fault(&WORLD.send(&WORLD.caller(route), method, &address, data), &route.path);
}

/// A number that is the same for the same bytes, so that mutations of one input spread over the routes.
fn choice(data: &[u8]) -> usize {
    data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)) as usize >> 8
}

/// A path with its parameters filled: numbers and ids that fit, and now and then the input itself.
fn path(pattern: &str, value: usize, input: &[u8]) -> String {
    let own = encoded(&input[..input.len().min(40)], b"");
    let text = match value % 4 {
        0 => "1",
        1 => "00000000-0000-7000-8000-000000000000",
        2 if !own.is_empty() => &own,
        _ => "T0000000422",
    };
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str(text);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled + rest
}

/// Percent-encoded, but for letters, digits and `keep`.
fn encoded(bytes: &[u8], keep: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._".contains(b) || keep.contains(b);
    bytes.iter().map(|b| if plain(b) { char::from(*b).to_string() } else { format!("%{b:02X}") }).collect()
}
