//! The first administrator of a store that has nothing yet.

use allclear_server::demo;
use allclear_testkit::City;
use axum::http::Method;
use serde_json::json;

const PASSWORD: &str = "three quiet boats at noon";

#[tokio::test]
async fn from_the_printed_link_to_a_person_that_is_found() {
    let (city, code) = City::before_setup().await;
    let mut admin = city.nobody();
    let made = admin.post("/api/v1/setup", json!({ "code": code, "name": "chief", "password": PASSWORD })).await;
    admin.keep_session(&made);
    assert_eq!(made.ok()["grants"], json!([{ "role": "administrator", "area": "100000" }]));
    let areas = admin.send(Method::POST, "/api/v1/areas", "text/csv", demo::AREAS_CSV.as_bytes().to_vec()).await.ok();
    assert!(areas["added"].as_i64().unwrap() > 300, "{areas}");
    let form = json!({ "name": "应采薇", "document_number": "11010519491231002X", "living_area": "330784105200" });
    let no = admin.post("/api/v1/people", form).await.ok()["no"].clone();
    let found = admin.post("/api/v1/people/search", json!({ "text": "应采薇" })).await.ok();
    assert_eq!(found["rows"][0]["no"], no);
    // Whoever holds the country gives out its parts, and all of it.
    let account =
        |name: &str, role: &str, area: &str| json!({ "name": name, "display_name": name, "grants": [{ "role": role, "area": area }] });
    for (name, role, area) in [("hq-chen", "headquarters", "330784"), ("second", "administrator", "100000")] {
        let made = admin.post("/api/v1/accounts", account(name, role, area)).await.ok();
        let code = made["link"]["url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned();
        city.nobody().post("/api/v1/password-resets", json!({ "code": code, "password": PASSWORD })).await.ok();
        let mut signed_in = city.nobody();
        signed_in.sign_in(name, PASSWORD).await;
    }
    let mut hq = city.nobody();
    hq.sign_in("hq-chen", PASSWORD).await;
    let order = json!({
        "name": "第一轮", "tube_kind": "pool10", "starts_at": "2022-01-06T00:00:00Z", "ends_at": "2022-01-07T00:00:00Z",
        "scope": [{ "area": "330784" }], "groups": [],
    });
    hq.post("/api/v1/rounds", order).await.ok();
    // They see what lies in no county of theirs too.
    assert_eq!(admin.get("/api/v1/people/imports").await.ok(), json!([]));
    let frame = admin.get("/api/v1/live/frame").await.ok();
    assert!(frame["areas"].as_array().unwrap().len() > 10, "{}", frame["areas"]);
}

#[tokio::test]
async fn a_refused_setup_burns_nothing_and_a_used_link_makes_nobody() {
    let (city, code) = City::before_setup().await;
    let nobody = city.nobody();
    let send = |name: &'static str, password: &'static str| {
        let (nobody, code) = (city.nobody(), code.clone());
        async move { nobody.post("/api/v1/setup", json!({ "code": code, "name": name, "password": password })).await }
    };
    send("chief", "short").await.refused("password_weak");
    send("No Such Name", PASSWORD).await.refused("body_invalid");
    nobody.post("/api/v1/setup", json!({ "code": "guess", "name": "chief", "password": PASSWORD })).await.refused("setup_done");
    send("chief", PASSWORD).await.ok();
    send("other", PASSWORD).await.refused("setup_done");
    let count = city.app.store.read("test", |tx| tx.count_accounts()).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_link_ends_after_its_time() {
    let (city, code) = City::before_setup().await;
    city.clock.advance_seconds(15 * 60 + 1);
    city.nobody().post("/api/v1/setup", json!({ "code": code, "name": "chief", "password": PASSWORD })).await.refused("setup_done");
}
