//! Signing in, roles, devices.

mod edge;
mod first;
mod log;
mod manage;
mod passwords;
mod routes;
mod scope;
mod sessions;

use allclear_server::demo;
use allclear_testkit::City;
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
    let elsewhere = nobody.clone().at("192.0.2.9");
    elsewhere.post("/api/v1/session", json!({ "name": "registrar", "password": demo::PASSWORD })).await.ok();
    city.clock.advance_seconds(301);
    nobody.post("/api/v1/session", json!({ "name": "registrar", "password": demo::PASSWORD })).await.ok();
}

#[tokio::test]
async fn an_address_is_slowed_down_whatever_names_it_tries() {
    let city = City::start().await;
    let attacker = city.nobody().at("192.0.2.66");
    let long = "n".repeat(100_000);
    for i in 0..100 {
        let name = if i % 2 == 0 { format!("guess{i}") } else { format!("{long}{i}") };
        attacker.post("/api/v1/session", json!({ "name": name, "password": "p".repeat(300) })).await.refused("credentials_wrong");
    }
    let right = json!({ "name": "auditor", "password": demo::PASSWORD });
    attacker.post("/api/v1/session", right.clone()).await.refused("too_many_attempts");
    city.nobody().at("192.0.2.67").post("/api/v1/session", right).await.ok();
}

#[tokio::test]
async fn a_session_cookie_is_bound_to_tls_when_the_request_came_over_it() {
    let city = City::start().await;
    let form = json!({ "name": "auditor", "password": demo::PASSWORD });
    let plain = city.nobody().post("/api/v1/session", form.clone()).await;
    assert!(!plain.cookies[0].contains("Secure") && plain.cookies[0].contains("HttpOnly; SameSite=Strict"), "{:?}", plain.cookies);
    let tls = city.nobody().over_https().post("/api/v1/session", form.clone()).await;
    assert!(tls.cookies[0].ends_with("; Secure") && tls.cookies[0].starts_with("__Host-allclear_session="), "{:?}", tls.cookies);
    // What a neighbouring host set under the plain name does not stand in for it.
    let mut both = city.nobody().over_https();
    both.keep_session(&tls);
    let cookie = format!("allclear_session=guess; {}", both.cookie());
    both.with_cookie(&cookie).get("/api/v1/session").await.ok();
    city.app.secure_cookies.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(city.nobody().post("/api/v1/session", form).await.cookies[0].ends_with("; Secure"));
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
