//! The access log: every change of an account and every look at an identity, readable by the auditor.

use allclear_server::demo;
use allclear_testkit::{City, Client};
use serde_json::{Value, json};

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    client.get(&format!("/api/v1/access-log{query}")).await.ok()["rows"].as_array().unwrap().clone()
}

fn actions(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_change_of_an_account_is_in_the_log() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    city.account("newcomer", &[("registrar", "330784105")]).await;
    let id = city.account_id("newcomer").await;
    let phone = city.phone("newcomer").await;
    let device = admin.get("/api/v1/devices").await.ok()["rows"][0]["id"].as_str().unwrap().to_owned();
    admin.put(&format!("/api/v1/accounts/{id}/grants"), json!([{ "role": "courier", "area": "330784" }])).await.ok();
    admin.post("/api/v1/enrolments", json!({ "account": id, "label": "石柱 3 号" })).await.ok();
    admin.delete(&format!("/api/v1/devices/{device}")).await.ok();
    phone.client.get("/api/v1/session").await.refused("unauthenticated");
    let own = city.sign_in("newcomer").await;
    own.put("/api/v1/session/password", json!({ "old": demo::PASSWORD, "new": "a new long password" })).await.ok();
    let link = admin.post(&format!("/api/v1/accounts/{id}/reset-link"), json!({})).await.ok();
    let code = link["url"].as_str().unwrap().split_once("code=").unwrap().1.to_owned();
    city.nobody().post("/api/v1/password-resets", json!({ "code": code, "password": "yet another password" })).await.ok();
    admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": false })).await.ok();

    let auditor = city.sign_in("auditor").await;
    let of = rows(&auditor, "?subject=account:newcomer").await;
    let expect = [
        "set_account_active",
        "reset_password",
        "make_reset_link",
        "change_password",
        "revoke_device",
        "make_enrolment",
        "replace_grants",
        "create_account",
    ];
    assert_eq!(actions(&of), expect);
    assert_eq!(of[6]["reason"], "courier 330784 instead of registrar 330784105");
    assert_eq!((of[6]["actor"].as_str(), of[6]["subject_name"].as_str()), (Some("admin"), Some("newcomer")));
    assert!(!json!(of).to_string().contains(&code), "a code stands in the log");
    assert_eq!(actions(&rows(&auditor, "?subject=account:newcomer&actor=newcomer").await), ["reset_password", "change_password"]);
    assert_eq!(actions(&rows(&auditor, "?action=make_reset_link").await), ["make_reset_link"]);
    assert_eq!(rows(&auditor, "?actor=nobody-of-that-name").await, Vec::<Value>::new());
    let at = of[3]["at"].as_str().unwrap();
    assert_eq!(actions(&rows(&auditor, &format!("?subject=account:newcomer&until={at}")).await), expect[4..]);
    assert_eq!(actions(&rows(&auditor, &format!("?subject=account:newcomer&from={at}")).await), expect[..4]);
    auditor.get("/api/v1/access-log?from=yesterday").await.refused("address_invalid");
    auditor.get("/api/v1/access-log?after=x").await.refused("address_invalid");
}

#[tokio::test]
async fn looks_at_identities_are_read_by_person_and_only_inside_the_auditors_area() {
    let city = City::start().await;
    let person = city.people(city.site(0)).await[0];
    let headquarters = city.sign_in("headquarters").await;
    headquarters.post(&format!("/api/v1/people/{person}/reveal"), json!({ "reason": "contact tracing" })).await.ok();
    let of = rows(&city.sign_in("auditor").await, &format!("?subject=person:{person}")).await;
    assert_eq!((of.len(), of[0]["action"].as_str(), of[0]["reason"].as_str()), (1, Some("reveal_person"), Some("contact tracing")));
    let town = city.account("town-auditor", &[("auditor", "330784105")]).await;
    assert_eq!(rows(&town, "").await, Vec::<Value>::new(), "what the county did is not theirs to read");
    let own = json!({ "old": demo::PASSWORD, "new": "a new long password" });
    let mut town = town;
    let changed = town.put("/api/v1/session/password", own).await;
    town.keep_session(&changed);
    assert_eq!(actions(&rows(&town, "").await), ["change_password"]);
    city.sign_in("registrar").await.get("/api/v1/access-log").await.refused("forbidden");
}

#[tokio::test]
async fn the_log_is_paged_without_a_gap_or_a_repeat() {
    let city = City::start().await;
    let account = allclear_domain::kernel::id::Id::new(city.account_id("headquarters").await);
    let at = allclear_domain::kernel::time::Instant(1_641_427_200_000_000);
    city.app
        .store
        .run("test_log", move |tx| {
            // Many of one instant, so that the time alone does not order them.
            (0..1_200_u128).try_for_each(|i| {
                let at = at.plus_seconds(i as i64 / 400);
                tx.log_access(uuid::Uuid::from_u128(i + 1), at, account, None, "test", "test", &i.to_string())
            })
        })
        .await
        .unwrap();
    let auditor = city.sign_in("auditor").await;
    let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = auditor.get(&format!("/api/v1/access-log?action=test&limit=600&after={after}")).await.ok();
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap().parse::<i64>().unwrap()));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!((seen, pages), ((0..1_200).rev().collect::<Vec<_>>(), 3), "no page is longer than 500");
    for (limit, rows) in [("", 100), ("&limit=50", 50), ("&limit=0", 1)] {
        let page = auditor.get(&format!("/api/v1/access-log?action=test{limit}")).await.ok();
        assert_eq!(page["rows"].as_array().unwrap().len(), rows, "{limit}");
    }
}
