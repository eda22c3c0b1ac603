//! Two nodes of one store, on both engines: what one does, the other knows. Nothing here goes on by itself, so a test
//! sees the moment before any follower has looked. Nodes that are killed are in the crash suite.

use allclear_domain::kernel::{change::Fact, code::TubeCode, id::Id};
use allclear_server::{clock::Clock, lab, leases, plan};
use allclear_store::feed::NewChange;
use allclear_testkit::{City, Client};
use serde_json::{Value, json};

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

async fn second_round(headquarters: &Client) -> uuid::Uuid {
    let area = headquarters.get("/api/v1/areas").await.ok()["rows"][0]["code"].clone();
    let order = json!({
        "name": "第二轮", "scope": [{ "area": area, "tube_kind": null }], "tube_kind": "pool10",
        "starts_at": "2022-01-06T00:00:00Z", "ends_at": "2022-01-08T00:00:00Z", "groups": [], "version": null,
    });
    headquarters.post("/api/v1/rounds", order).await.ok()["id"].as_str().unwrap().parse().unwrap()
}

async fn event(headquarters: &Client, round: uuid::Uuid, event: &str) {
    headquarters.post(&format!("/api/v1/rounds/{round}/events"), json!({ "event": event, "reason": null })).await.ok();
}

fn said(answer: &Value) -> (&str, Option<&str>) {
    let outcome = &answer["outcomes"][0];
    (outcome["state"].as_str().unwrap(), outcome["exception"].as_str())
}

#[tokio::test]
async fn an_order_of_one_node_holds_on_the_other_at_once() {
    let city = City::start().await;
    let other = city.another_node().await;
    let mut phone = other.phone("registrar").await;
    let (site, people) = (city.site(0), city.people(city.site(0)).await);
    let headquarters = city.sign_in("headquarters").await;
    let round = second_round(&headquarters).await;
    event(&headquarters, round, "open").await;
    assert!(!other.app.plan().rounds.keys().any(|id| id.uuid() == round), "the other node has not looked");
    let swab = phone.swab(round, site, &tube(1), people[0]);
    assert_eq!(said(&phone.sync(&[swab]).await.ok()), ("recorded", None));
    event(&headquarters, round, "begin_closing").await;
    event(&headquarters, round, "close").await;
    city.clock.advance_seconds(3600);
    let late = phone.swab(round, site, &tube(1), people[1]);
    assert_eq!(said(&phone.sync(&[late]).await.ok()), ("exception", Some("round_closed")));
}

#[tokio::test]
async fn whoever_only_looks_sees_the_other_nodes_plan_after_the_next_look() {
    let city = City::start().await;
    let other = city.another_node().await;
    let headquarters = city.sign_in("headquarters").await;
    let round = second_round(&headquarters).await;
    plan::look(&other.app).await.unwrap();
    let there = other.sign_in("headquarters").await;
    assert_eq!(there.get(&format!("/api/v1/rounds/{round}")).await.ok()["state"], "draft");
    let before = std::sync::Arc::as_ptr(&other.app.plan());
    plan::look(&other.app).await.unwrap();
    assert_eq!(before, std::sync::Arc::as_ptr(&other.app.plan()), "a plan that nobody changed is not loaded again");
}

#[tokio::test]
async fn what_is_done_for_all_is_done_by_one() {
    let city = City::start().await;
    let other = city.another_node().await;
    let mut phone = city.phone("registrar").await;
    let (round, site, people) = (city.round(), city.site(0), city.people(city.site(0)).await);
    let swabs: Vec<Value> = (0..).zip(&people).map(|(serial, person)| phone.swab(round, site, &tube(serial), *person)).collect();
    phone.records(&swabs).await;
    city.drain().await;
    city.clock.advance_seconds(30 * 3600);
    let (one, two) = tokio::join!(lab::jobs::tick(&city.app), lab::jobs::tick(&other.app));
    assert_eq!(one.unwrap() + two.unwrap(), people.len(), "each clock once, whoever raised it");
}

#[tokio::test]
async fn a_lease_is_held_by_one_node_and_passes_on_when_it_runs_out_or_is_given_back() {
    let city = City::start().await;
    let take = |holder: &'static str, ahead: i64| {
        let now = city.clock.now();
        city.app.store.run("test", move |tx| tx.take_lease("x", holder, now, now.plus_seconds(ahead)))
    };
    assert!(take("one", 30).await.unwrap());
    assert!(take("one", 30).await.unwrap(), "prolonged");
    assert!(!take("two", 30).await.unwrap());
    city.clock.advance_seconds(29);
    assert!(!take("two", 30).await.unwrap(), "until its end it holds");
    city.clock.advance_seconds(2);
    assert!(take("two", 30).await.unwrap());
    assert!(!take("one", 30).await.unwrap());
    city.app.store.run("test", |tx| tx.end_leases("two")).await.unwrap();
    assert!(take("one", 30).await.unwrap());
    // And as a node does it.
    assert!(leases::hold(&city.app, "y").await.unwrap());
    assert_eq!(leases::give_back(&city.app).await.unwrap(), 1);
}

#[tokio::test]
async fn what_waited_for_another_commit_is_told_after_it_whatever_the_nodes_clocks_say() {
    let city = City::start().await;
    city.drain().await;
    let before = city.app.store.read("test", |tx| tx.newest_change()).await.unwrap();
    let (now, round) = (city.app.now(), Id::new(city.round()));
    for (op, at) in [("of_a_fast_clock", now.plus_seconds(60)), ("of_a_slow_clock", now.plus_seconds(-60))] {
        let id = city.app.ids.at(at);
        city.app
            .store
            .run("test", move |tx| tx.append_change(&NewChange { id, bucket: 0, at, op, author: "test", facts: &[Fact::Round { round }] }))
            .await
            .unwrap();
    }
    allclear_server::work::number(&city.app).await.unwrap();
    let told = city.app.store.read("test", move |tx| tx.changes_after(before, 10)).await.unwrap();
    assert_eq!(told.iter().map(|change| change.op.as_str()).collect::<Vec<_>>(), ["of_a_fast_clock", "of_a_slow_clock"]);
}
