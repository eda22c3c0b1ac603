//! Clocks, queues, plates.

use allclear_server::lab::jobs;
use serde_json::json;

use super::{Desk, tube};

#[tokio::test]
async fn a_tube_that_waits_too_long_raises_an_alert() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 2).await;
    desk.settle().await;
    desk.city.clock.advance_seconds(3 * 3600 - 60);
    desk.sign_in_again().await;
    let headquarters = desk.headquarters.clone();
    let alerts = || headquarters.get("/api/v1/clock-alerts");
    jobs::tick(&desk.city.app).await.unwrap();
    assert_eq!(alerts().await.ok(), json!([]));
    desk.city.clock.advance_seconds(120);
    jobs::tick(&desk.city.app).await.unwrap();
    let warned = alerts().await.ok();
    assert_eq!((warned[0]["tube"].as_str(), warned[0]["level"].as_str()), (Some(tube(1).as_str()), Some("warn")));
    desk.city.clock.advance_seconds(3600);
    jobs::tick(&desk.city.app).await.unwrap();
    jobs::tick(&desk.city.app).await.unwrap();
    let breached = alerts().await.ok();
    assert_eq!((breached[0]["level"].as_str(), breached[0]["clock"].as_str()), (Some("breach"), Some("to_lab")));
    let courier = desk.city.sign_in("courier").await;
    assert_eq!(courier.get("/api/v1/clock-alerts").await.ok(), json!([]), "a courier answers for what is carried");
    desk.receive(&[tube(1)]).await;
    desk.settle().await;
    assert_eq!(desk.headquarters.get("/api/v1/clock-alerts").await.ok(), json!([]), "it has arrived: another clock runs");
    desk.city.clock.advance_seconds(9 * 3600);
    jobs::tick(&desk.city.app).await.unwrap();
    // The shift has ended, and with it the session.
    let late = desk.city.sign_in("labentry").await.get(&format!("/api/v1/clock-alerts?lab={}", desk.lab)).await.ok();
    assert_eq!((late[0]["clock"].as_str(), late[0]["level"].as_str()), (Some("turnaround"), Some("breach")));
}

#[tokio::test]
async fn a_plate_takes_each_tube_once_and_needs_its_controls() {
    let mut desk = Desk::open().await;
    let codes: Vec<String> = (1..=3).map(tube).collect();
    for code in &codes {
        desk.fill(code, 1).await;
    }
    desk.receive(&codes).await;
    let id = uuid::Uuid::from_u128(1);
    let request = json!({ "id": id, "name": "P-1", "instrument": desk.instrument, "kit": desk.kit, "lot": "L1" });
    desk.entry.post(&desk.at("/runs"), request.clone()).await.ok();
    desk.entry.post(&desk.at("/runs"), request).await.ok();
    let (wells, moves) = (desk.at(&format!("/runs/{id}/wells")), desk.at(&format!("/runs/{id}/move")));
    let filled = desk.entry.post(&wells, json!({ "fill": 96 })).await.ok();
    assert_eq!((filled["tubes"].as_i64(), filled["wells"][0]["well"].as_str()), (Some(3), Some("A1")));
    desk.entry.post(&wells, json!({ "tubes": [codes[0]] })).await.refused("state_conflict");
    desk.entry.post(&wells, json!({ "tubes": [tube(77)] })).await.refused("not_found");
    desk.entry.post(&moves, json!({ "event": "start" })).await.refused("state_conflict");
    desk.entry.post(&wells, json!({ "control": "negative_control", "well": "A1" })).await.refused("state_conflict");
    desk.entry.post(&desk.at(&format!("/runs/{id}/wells/clear")), json!({ "well": "A1" })).await.ok();
    assert_eq!(desk.stage(&codes[0]).await, "received");
    desk.entry.post(&wells, json!({ "control": "negative_control", "well": "A1" })).await.ok();
    desk.entry.post(&wells, json!({ "control": "positive_control" })).await.ok();
    let running = desk.entry.post(&moves, json!({ "event": "start" })).await.ok();
    assert_eq!(running["state"], "running");
    desk.entry.post(&wells, json!({ "tubes": [codes[0]] })).await.refused("state_conflict");
    let lab = desk.headquarters.get(&desk.at("")).await.ok();
    assert_eq!((lab["backlog"]["received"].as_i64(), lab["backlog"]["on_run"].as_i64()), (Some(1), Some(2)));
    desk.entry.post(&moves, json!({ "event": "abort" })).await.ok();
    assert_eq!(desk.stage(&codes[1]).await, "received");
    let list = desk.entry.get(&desk.at("/runs")).await.ok();
    assert_eq!(list[0]["state"], "aborted");
}

#[tokio::test]
async fn results_of_strangers_are_refused_and_flagged() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 1).await;
    desk.receive(&[tube(1)]).await;
    let entered = desk.enter(None, &[tube(1), tube(2), "T0000000420".into(), tube(1)], "negative").await;
    assert_eq!(entered["entered"], 1);
    let reasons: Vec<&str> = entered["refused"].as_array().unwrap().iter().map(|row| row["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["not_received", "malformed_tube", "tube_twice"]);
    let flags = desk.headquarters.get(&format!("/api/v1/lab-flags?lab={}", desk.lab)).await.ok();
    let mut words: Vec<&str> = flags.as_array().unwrap().iter().map(|flag| flag["flag"].as_str().unwrap()).collect();
    words.sort_unstable();
    assert_eq!(words, ["never_received", "without_run"]);
}
