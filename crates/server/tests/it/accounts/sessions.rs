//! Where an account is signed in.

use allclear_server::demo;
use allclear_testkit::City;
use serde_json::{Value, json};

const HOUR: i64 = 3600;

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_one_in_use_lasts_its_shift() {
    let city = City::start().await;
    let (used, left) = (city.sign_in("courier").await, city.sign_in("courier").await);
    for _ in 0..11 {
        city.clock.advance_seconds(HOUR);
        used.get("/api/v1/session").await.ok();
    }
    left.get("/api/v1/session").await.refused("unauthenticated");
    city.clock.advance_seconds(HOUR);
    used.get("/api/v1/session").await.refused("unauthenticated");
    let phone = city.phone("registrar").await;
    city.clock.advance_seconds(30 * HOUR);
    phone.client.get("/api/v1/session").await.ok();
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_what_they_do_not_know() {
    let city = City::start().await;
    let (here, elsewhere, other) = (city.sign_in("courier").await, city.sign_in("courier").await, city.sign_in("labentry").await);
    let rows = here.get("/api/v1/sessions").await.ok();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["own"] == true).count(), 1, "{rows:?}");
    let id = |rows: &[Value]| rows.iter().find(|row| row["own"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let strange = id(rows);
    assert_eq!(rows.len(), 2);
    // Not another's, not by guessing, not by a phone in a drawer.
    other.delete(&format!("/api/v1/sessions/{strange}")).await.refused("not_found");
    here.delete("/api/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA").await.refused("not_found");
    let phone = city.phone("courier").await;
    phone.client.delete(&format!("/api/v1/sessions/{strange}")).await.refused("forbidden");
    elsewhere.get("/api/v1/session").await.ok();
    here.delete(&format!("/api/v1/sessions/{strange}")).await.ok();
    elsewhere.get("/api/v1/session").await.refused("unauthenticated");
    here.get("/api/v1/session").await.ok();
}

#[tokio::test]
async fn an_account_has_fifty_sessions_and_the_oldest_gives_way() {
    let city = City::start().await;
    let first = city.sign_in("courier").await;
    let mut last = first.clone();
    for _ in 0..50_u8 {
        city.clock.advance_seconds(1);
        last = city.sign_in("courier").await;
    }
    city.app.callers.forget(allclear_domain::kernel::id::Id::new(city.account_id("courier").await));
    first.get("/api/v1/session").await.refused("unauthenticated");
    assert_eq!(last.get("/api/v1/sessions").await.ok().as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn outside_the_demo_only_the_owner_chooses_a_password() {
    let (city, code) = City::before_setup().await;
    let mut chief = city.nobody();
    let password = "three quiet boats at noon";
    let made = chief.post("/api/v1/setup", json!({ "code": code, "name": "chief", "password": password })).await;
    chief.keep_session(&made);
    let form = json!({ "name": "lin", "display_name": "lin", "grants": [{ "role": "auditor", "area": "100000" }] });
    let mut chosen = form.clone();
    chosen["password"] = demo::PASSWORD.into();
    chief.post("/api/v1/accounts", chosen).await.refused("body_invalid");
    let made = chief.post("/api/v1/accounts", form).await.ok();
    let sign_in = |password: &'static str| {
        let nobody = city.nobody();
        async move { nobody.post("/api/v1/session", json!({ "name": "lin", "password": password })).await }
    };
    sign_in("").await.refused("credentials_wrong");
    let code = made["link"]["url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned();
    let set = |password: &'static str| {
        let (nobody, code) = (city.nobody(), code.clone());
        async move { nobody.post("/api/v1/password-resets", json!({ "code": code, "password": password })).await }
    };
    set("password1234").await.refused("password_weak");
    set("four loud boats at dusk").await.ok();
    set("four loud boats at dusk").await.refused("link_used");
    sign_in("four loud boats at dusk").await.ok();
}

#[tokio::test]
async fn a_screen_goes_dark_when_its_session_ends() {
    let city = City::start().await;
    let wall = city.sign_in("headquarters").await;
    let mut stream = wall.open("/api/v1/live/stream").await;
    assert!(stream.next().await.is_some(), "it draws");
    wall.delete("/api/v1/session").await.ok();
    // What was on its way when the session ended may still be drawn.
    for _ in 0..10 {
        if stream.next().await.is_none() {
            return;
        }
    }
    panic!("it still draws");
}
