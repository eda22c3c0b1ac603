//! Signing in, roles, devices.

use std::collections::BTreeMap;

use allclear_domain::kernel::access::{Role, allows};
use allclear_server::{demo, edge::routes::Access};
use allclear_testkit::City;
use axum::http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn wrong_passwords_are_refused_and_slowed_down() {
    let city = City::start().await;
    let nobody = city.nobody();
    for _ in 0..10 {
        nobody.post("/api/v1/session", json!({ "name": "registrar", "password": "wrong" })).await.refused("credentials_wrong");
    }
    let answer = nobody.post("/api/v1/session", json!({ "name": "registrar", "password": demo::PASSWORD })).await;
    answer.refused("too_many_attempts");
    city.clock.advance_seconds(301);
    nobody.post("/api/v1/session", json!({ "name": "registrar", "password": demo::PASSWORD })).await.ok();
}

#[tokio::test]
async fn every_route_refuses_nobody_and_every_role_without_the_right() {
    let city = City::start().await;
    let mut clients = BTreeMap::new();
    for account in &demo::ACCOUNTS {
        clients.insert(account.role, city.sign_in(account.name).await);
    }
    assert_eq!(clients.len(), Role::ALL.len(), "the demo has one account for each role");
    for route in &city.routes {
        let Access::Guarded(action) = route.access else { continue };
        let path = route.path.replace("{id}", "00000000-0000-7000-8000-000000000000").replace(['{', '}'], "");
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = city.nobody().send(method.clone(), &path, "application/json", b"{}".to_vec()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{} {path} lets nobody in", route.method);
        for (role, client) in &clients {
            if !allows(*role, action) {
                let answer = client.send(method.clone(), &path, "application/json", b"{}".to_vec()).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {path} lets {role:?} in", route.method);
                assert_eq!(answer.json["code"], "forbidden");
            }
        }
    }
}

#[tokio::test]
async fn the_open_routes_are_these_and_no_others() {
    let city = City::start().await;
    let open: Vec<String> =
        city.routes.iter().filter(|route| route.access == Access::Open).map(|route| format!("{} {}", route.method, route.path)).collect();
    for route in &open {
        let known = [
            "DELETE /api/v1/resident/session",
            "GET /api/v1/demo",
            "GET /api/v1/resident/me",
            "POST /api/v1/devices/enrol",
            "POST /api/v1/resident/session",
            "POST /api/v1/session",
            "POST /api/v1/setup",
        ];
        assert!(known.contains(&route.as_str()) || route.contains("/api/v1/resident/"), "{route} is open to everybody");
    }
}

#[tokio::test]
async fn a_cookie_without_the_header_changes_nothing() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    admin.post("/api/v1/enrolments", json!({ "account": uuid::Uuid::nil(), "label": "x" })).await;
    let answer = city.nobody().post("/api/v1/enrolments", json!({})).await;
    answer.refused("unauthenticated");
}

#[tokio::test]
async fn an_enrolment_code_works_once_and_a_revoked_device_not_at_all() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let accounts = admin.get("/api/v1/accounts").await.ok();
    let registrar = accounts["rows"].as_array().unwrap().iter().find(|row| row["name"] == "registrar").unwrap()["id"].clone();
    let code = admin.post("/api/v1/enrolments", json!({ "account": registrar, "label": "石柱 1 号" })).await.ok()["code"].clone();
    let mut point = [9u8; 65];
    point[0] = 4;
    let request = json!({ "code": code, "label": "", "public_key": allclear_seal::to_base64url(&point) });
    let enrolled = city.nobody().post("/api/v1/devices/enrol", request.clone()).await.ok();
    assert_eq!(enrolled["me"]["name"], "registrar");
    city.nobody().post("/api/v1/devices/enrol", request).await.refused("enrolment_used");
    let phone = city.nobody().with_token(enrolled["token"].as_str().unwrap());
    phone.get("/api/v1/session").await.ok();
    admin.delete(&format!("/api/v1/devices/{}", enrolled["device"].as_str().unwrap())).await.ok();
    phone.get("/api/v1/session").await.refused("unauthenticated");
}
