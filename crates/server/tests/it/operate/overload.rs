//! Too much at once, and the reduced modes: what is turned away, what never is, and who hears of it.

use std::fmt::Write;

use allclear_domain::kernel::code::TubeCode;
use allclear_server::{
    edge::admission::Kind,
    edge::limits::{LISTS_AT_ONCE, OWN_AT_ONCE},
    plan,
};
use allclear_testkit::{Answer, City, Client};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

fn turned_away(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.json["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some(code)), "{}", answer.json);
    assert!(answer.retry_after_s.is_some_and(|seconds| seconds > 0), "it says when to come again");
}

async fn order(client: &Client, mode: &str, reason: &str) -> Answer {
    client.put("/api/v1/operating-mode", json!({ "mode": mode, "reason": reason })).await
}

#[tokio::test]
async fn what_each_route_is_for() {
    let city = City::start().await;
    let mut lines: Vec<(Kind, String)> = city
        .routes
        .iter()
        .map(|route| {
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            (Kind::of(&method, &route.path), format!("{} {}", route.method, route.path))
        })
        .collect();
    lines.sort();
    let text = lines.iter().fold(String::new(), |mut text, (kind, route)| {
        let _ = writeln!(text, "{:<11}{route}", format!("{kind:?}"));
        text
    });
    insta::assert_snapshot!("kinds_of_routes", text);
}

#[tokio::test]
async fn while_too_much_is_under_way_lists_wait_own_results_later_and_swabs_not() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let headquarters = city.sign_in("headquarters").await;
    let (round, site, people) = (city.round(), city.site(0), city.people(city.site(0)).await);
    let busy: Vec<_> = (0..LISTS_AT_ONCE.1).map_while(|_| city.app.admission.enter(Kind::Facts)).collect();
    turned_away(&headquarters.get("/api/v1/sites").await, "slow_down");
    headquarters.get("/api/v1/session").await.ok();
    let busier: Vec<_> = (LISTS_AT_ONCE.1..OWN_AT_ONCE.1).map_while(|_| city.app.admission.enter(Kind::Facts)).collect();
    turned_away(&headquarters.get("/api/v1/session").await, "slow_down");
    let swab = phone.swab(round, site, &tube(1), people[0]);
    phone.records(&[swab]).await;
    drop((busy, busier));
    headquarters.get("/api/v1/sites").await.ok();
}

#[tokio::test]
async fn a_mode_is_ordered_with_a_reason_for_every_node_and_taken_back() {
    let city = City::start().await;
    let other = city.another_node().await;
    let mut phone = city.phone("registrar").await;
    let (headquarters, there) = (city.sign_in("headquarters").await, other.sign_in("headquarters").await);
    let (round, site, people) = (city.round(), city.site(0), city.people(city.site(0)).await);
    let swabs: Vec<Value> = (0..3).map(|i| phone.swab(round, site, &tube(1), people[i])).collect();
    phone.records(&swabs).await;
    city.drain().await;
    other.drain().await;
    let trace = format!("/api/v1/trace/tube/{}", tube(1));
    let full = headquarters.get("/api/v1/live/frame").await.ok();
    assert_eq!(full["operating"], json!({ "mode": "full", "since": null, "cause": "measured" }));
    assert!(!full["curve"].as_array().unwrap().is_empty());

    order(&headquarters, "reduced", " ").await.refused("reason_required");
    order(&city.sign_in("sitelead").await, "reduced", "数据库慢").await.refused("forbidden");
    let town = headquarters.get("/api/v1/areas").await.ok()["rows"][1]["code"].as_str().unwrap().to_owned();
    let town = city.account("town", &[("headquarters", &town)]).await;
    order(&town, "reduced", "数据库慢").await.refused("forbidden");
    let state = order(&headquarters, "reduced", "数据库慢").await.ok();
    assert_eq!((&state["now"]["mode"], &state["now"]["cause"]), (&json!("reduced"), &json!("ordered")));
    assert_eq!((&state["order"]["reason"], &state["order"]["ordered_by"].is_string()), (&json!("数据库慢"), &true));

    plan::look(&other.app).await.unwrap();
    for (node, desk) in [(&city, &headquarters), (&other, &there)] {
        turned_away(&desk.get(&trace).await, "reduced_mode");
        turned_away(&desk.get("/api/v1/live/rows?figure=missing").await, "reduced_mode");
        let frame = desk.get("/api/v1/live/frame").await.ok();
        assert_eq!((&frame["operating"]["mode"], &frame["curve"]), (&json!("reduced"), &json!([])));
        assert_eq!(frame["total"]["collections"], 3, "{:?}", node.app.node);
        // Held against the records the frame is whole.
        assert_eq!(desk.get("/api/v1/live/recount").await.ok()["different"], 0);
    }

    order(&headquarters, "sampling_first", "出口流量不足").await.ok();
    turned_away(&headquarters.get("/api/v1/live/recount").await, "reduced_mode");
    turned_away(&headquarters.get("/api/v1/reports/daily").await, "reduced_mode");
    headquarters.get("/api/v1/sites").await.ok();
    let swab = phone.swab(round, site, &tube(1), people[3]);
    phone.records(&[swab]).await;
    assert!(phone.client.get(&format!("/api/v1/field/roster?site={site}")).await.status.is_success());

    order(&headquarters, "full", "恢复正常").await.ok();
    headquarters.get(&trace).await.ok();
    plan::look(&other.app).await.unwrap();
    assert_eq!(there.get("/api/v1/operating-mode").await.ok()["order"], Value::Null);
    let log = city.sign_in("auditor").await.get("/api/v1/access-log").await.ok();
    let text = log.to_string();
    for reason in ["数据库慢", "出口流量不足", "恢复正常"] {
        assert!(text.contains(reason), "{text}");
    }
}
