//! One's own password, and a forgotten one.

use allclear_server::demo;
use allclear_testkit::{City, Client};
use serde_json::json;

const NEW: &str = "another long password";

async fn can_sign_in(city: &City, name: &str, password: &str) -> bool {
    city.nobody().post("/api/v1/session", json!({ "name": name, "password": password })).await.status.is_success()
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_old_one_and_other_sessions_end() {
    let city = City::start().await;
    let (mut here, elsewhere) = (city.sign_in("registrar").await, city.sign_in("registrar").await);
    let change = |client: &Client, old: &str, new: &str| {
        let (client, body) = (client.clone(), json!({ "old": old, "new": new }));
        async move { client.put("/api/v1/session/password", body).await }
    };
    change(&here, "not it", NEW).await.refused("password_wrong");
    change(&here, demo::PASSWORD, &"p".repeat(257)).await.refused("password_weak");
    change(&here, demo::PASSWORD, "").await.refused("password_weak");
    let changed = change(&here, demo::PASSWORD, NEW).await;
    here.keep_session(&changed);
    assert_eq!(changed.ok()["name"], "registrar");
    here.get("/api/v1/session").await.ok();
    elsewhere.get("/api/v1/session").await.refused("unauthenticated");
    assert!(can_sign_in(&city, "registrar", NEW).await && !can_sign_in(&city, "registrar", demo::PASSWORD).await);
    for _ in 0..10 {
        change(&here, "not it", "a password that is long").await;
    }
    change(&here, NEW, "a password that is long").await.refused("too_many_attempts");
}

#[tokio::test]
async fn a_phone_cannot_change_the_password_of_its_account() {
    let city = City::start().await;
    let phone = city.phone("registrar").await;
    phone.client.put("/api/v1/session/password", json!({ "old": demo::PASSWORD, "new": NEW })).await.refused("forbidden");
}

fn code_of(link: &serde_json::Value) -> String {
    link["url"].as_str().unwrap().split_once("/desk/#/reset?code=").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_with_a_link_that_works_once() {
    let city = City::start().await;
    let (admin, id) = (city.sign_in("admin").await, city.account_id("courier").await);
    let old_session = city.sign_in("courier").await;
    let link = format!("/api/v1/accounts/{id}/reset-link");
    let (first, second) = (admin.post(&link, json!({})).await.ok(), admin.post(&link, json!({})).await.ok());
    let reset = |code: String, password: &'static str| {
        let nobody = city.nobody();
        async move { nobody.post("/api/v1/password-resets", json!({ "code": code, "password": password })).await }
    };
    reset(code_of(&first), NEW).await.refused("link_used");
    reset(code_of(&second), "").await.refused("password_weak");
    // Somebody fails on purpose at this name: the link opens all the same.
    for _ in 0..11 {
        can_sign_in(&city, "courier", "guess").await;
    }
    let mut courier = city.nobody();
    let done = reset(code_of(&second), NEW).await;
    courier.keep_session(&done);
    assert_eq!(done.ok()["name"], "courier");
    courier.get("/api/v1/session").await.ok();
    old_session.get("/api/v1/session").await.refused("unauthenticated");
    assert!(can_sign_in(&city, "courier", NEW).await && !can_sign_in(&city, "courier", demo::PASSWORD).await);
    reset(code_of(&second), NEW).await.refused("link_used");
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_with_its_account() {
    let city = City::start().await;
    let (admin, id) = (city.sign_in("admin").await, city.account_id("courier").await);
    let link = format!("/api/v1/accounts/{id}/reset-link");
    let stopped = code_of(&admin.post(&link, json!({})).await.ok());
    admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": false })).await.ok();
    city.nobody().post("/api/v1/password-resets", json!({ "code": stopped, "password": NEW })).await.refused("link_used");
    admin.post(&link, json!({})).await.refused("state_conflict");
    admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": true })).await.ok();
    let late = code_of(&admin.post(&link, json!({})).await.ok());
    city.clock.advance_seconds(24 * 3600 + 1);
    city.nobody().post("/api/v1/password-resets", json!({ "code": late, "password": NEW })).await.refused("link_used");
}
