//! The route table: who is let in, who is not.

use std::collections::BTreeMap;

use allclear_domain::kernel::access::{Role, allows};
use allclear_server::{demo, edge::routes::Access};
use allclear_testkit::{City, Client};
use axum::http::{Method, StatusCode};

/// Nobody's things: what is let in finds nothing there, or does not like the empty form.
fn nowhere(path: &str) -> String {
    let numbered = path.replace("{no}", "1").replace("{person}", "1");
    ["{id}", "{lab}"].iter().fold(numbered, |path, name| path.replace(name, "00000000-0000-7000-8000-000000000000")).replace(['{', '}'], "")
}

async fn clients(city: &City) -> BTreeMap<Role, Client> {
    let mut clients = BTreeMap::new();
    for account in &demo::ACCOUNTS {
        clients.insert(account.role, city.sign_in(account.name).await);
    }
    assert_eq!(clients.len(), Role::ALL.len(), "the demo has one account for each role");
    clients
}

#[tokio::test]
async fn every_route_refuses_nobody_and_every_role_without_the_right_and_lets_in_those_with_it() {
    let city = City::start().await;
    let mut clients = clients(&city).await;
    for route in &city.routes {
        let Access::Guarded(action) = route.access else { continue };
        let path = nowhere(&route.path);
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let status = city.nobody().status(method.clone(), &path).await;
        assert_eq!(status, (StatusCode::UNAUTHORIZED, Some("unauthenticated".into())), "{} {path} lets nobody in", route.method);
        for account in &demo::ACCOUNTS {
            let client = &clients[&account.role];
            let (status, code) = client.status(method.clone(), &path).await;
            let refused = matches!(code.as_deref(), Some("forbidden" | "unauthenticated"));
            if allows(account.role, action) {
                assert!(!refused, "{} {path} refuses {:?} with {status}", route.method, account.role);
            } else {
                assert_eq!(
                    (status, code.as_deref()),
                    (StatusCode::FORBIDDEN, Some("forbidden")),
                    "{} {path} lets {:?} in",
                    route.method,
                    account.role
                );
            }
            if route.path == "/api/v1/session" && route.method == "DELETE" {
                clients.insert(account.role, city.sign_in(account.name).await);
            }
        }
    }
}

#[tokio::test]
async fn the_open_routes_are_these_and_no_others() {
    let city = City::start().await;
    let mut open: Vec<String> =
        city.routes.iter().filter(|route| route.access == Access::Open).map(|route| format!("{} {}", route.method, route.path)).collect();
    open.sort();
    let known = [
        "DELETE /api/v1/resident/session",
        "GET /api/v1/demo",
        "GET /api/v1/resident/me",
        "POST /api/v1/devices/enrol",
        "POST /api/v1/password-resets",
        "POST /api/v1/resident/session",
        "POST /api/v1/session",
        "POST /api/v1/setup",
    ];
    assert_eq!(open, known);
}
