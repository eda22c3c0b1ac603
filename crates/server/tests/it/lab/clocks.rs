//! Time passes, by the job's own loop, and whoever must know is told.

use std::sync::Arc;

use allclear_server::lab::jobs;
use serde_json::{Value, json};

use super::{Desk, box_code, tube};

/// Lets simulated time pass in steps of the loop's; each step is looked at before the next.
async fn pass(desk: &Desk, seconds: i64) {
    for _ in 0..seconds / 10 {
        let next = desk.city.clock.waits() + 1;
        desk.city.clock.advance_seconds(10);
        desk.city.clock.waited(next).await;
    }
}

async fn alerts(client: &allclear_testkit::Client, query: &str) -> Vec<Value> {
    client.get(&format!("/api/v1/clock-alerts{query}")).await.ok().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_tube_over_time_is_told_to_everybody_on_its_way_within_a_minute() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 10).await;
    desk.fill(&tube(2), 3).await;
    desk.pack(&box_code(1), &[tube(1)]).await;
    let mut courier = desk.city.phone("courier").await;
    let take = courier.command(json!({ "op": "hand_over", "handover": uuid::Uuid::from_u128(5), "side": "taker", "boxes": [box_code(1)],
        "counterpart": null, "destination": null }));
    courier.records(&[take]).await;
    desk.settle().await;
    let carried = courier.client.get("/api/v1/carried").await.ok();
    assert_eq!((&carried[0]["code"], &carried[0]["tubes"], &carried[0]["level"]), (&json!(box_code(1)), &json!(1), &json!("none")));
    let job = tokio::spawn(jobs::watch(Arc::clone(&desk.city.app)));
    desk.city.clock.waited(1).await;
    // Three hours less half a minute: nobody is told yet; a minute later the warning stands.
    pass(&desk, 10).await;
    let due = 3 * 3600;
    desk.city.clock.advance_seconds(due - 60);
    desk.sign_in_again().await;
    pass(&desk, 10).await;
    assert!(alerts(&desk.headquarters, "").await.is_empty());
    pass(&desk, 60).await;
    let told = alerts(&desk.headquarters, "").await;
    assert_eq!((told.len(), told[0]["level"].as_str()), (2, Some("warn")), "{told:?}");
    // The site lead hears of both, the courier of what is carried, the laboratory of what is on its way.
    let lead = desk.city.sign_in("sitelead").await;
    assert_eq!(alerts(&lead, "").await.len(), 2);
    let carried: Vec<_> = alerts(&courier.client, "").await.iter().map(|alert| alert["tube"].clone()).collect();
    assert_eq!(carried, [json!(tube(1))]);
    let coming: Vec<_> = alerts(&desk.entry, &format!("?lab={}", desk.lab)).await.iter().map(|alert| alert["tube"].clone()).collect();
    assert_eq!(coming, [json!(tube(1))]);
    lead.get("/api/v1/lab-flags").await.refused("forbidden");
    // Received: the clock of the way stops for it, and the courier carries nothing.
    let reception = desk.reception(&[box_code(1)]).await;
    desk.scan(&reception, &[tube(1)]).await;
    desk.entry.post(&desk.at(&format!("/receptions/{reception}/close")), json!({})).await.ok();
    desk.settle().await;
    assert!(alerts(&courier.client, "").await.is_empty());
    assert_eq!(courier.client.get("/api/v1/carried").await.ok(), json!([]));
    pass(&desk, 3600).await;
    let told = alerts(&desk.headquarters, "").await;
    assert_eq!((told.len(), told[0]["tube"].as_str(), told[0]["level"].as_str()), (1, Some(tube(2).as_str()), Some("breach")));
    job.abort();
}

#[tokio::test]
async fn a_tube_that_came_late_must_be_tested_while_it_keeps() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 1).await;
    // Twenty hours in a refrigerator: the four hours that are left run out before the turnaround does.
    desk.city.clock.advance_seconds(20 * 3600);
    desk.entry = desk.city.sign_in("labentry").await;
    desk.receive(&[tube(1)]).await;
    desk.settle().await;
    jobs::tick(&desk.city.app).await.unwrap();
    let entry = alerts(&desk.entry, &format!("?lab={}", desk.lab)).await;
    assert_eq!((entry[0]["clock"].as_str(), entry[0]["level"].as_str()), (Some("cold"), Some("warn")), "{entry:?}");
    desk.enter(None, &[tube(1)], "negative").await;
    desk.settle().await;
    jobs::tick(&desk.city.app).await.unwrap();
    assert!(alerts(&desk.entry, &format!("?lab={}", desk.lab)).await.is_empty(), "tested: only the turnaround runs on");
}
