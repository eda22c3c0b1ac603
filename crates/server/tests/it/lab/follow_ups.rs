//! The drill of a positive pool of ten.

use serde_json::json;

use super::{Desk, tube};

#[tokio::test]
async fn a_positive_pool_stays_open_until_every_member_is_accounted_for() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 10).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "positive").await;
    desk.release_one(&tube(1), "positive").await;
    desk.settle().await;
    for person in &people {
        assert_eq!(desk.told(*person).await, ["under_recheck"], "nobody in a pool is shown positive");
    }
    assert_eq!(desk.with_task(&people, "recheck").await, 10);
    let path = format!("/api/v1/follow-ups/{}", tube(1));
    let open = desk.headquarters.get(&path).await.ok();
    assert_eq!((open["members_total"].as_i64(), open["members_open"].as_i64()), (Some(10), Some(10)));
    let masked = open["members"][0]["name_masked"].as_str().unwrap();
    assert!(masked.contains('*'), "{masked}");

    // Each comes to a single tube, but the last, who cannot be reached.
    desk.city.clock.advance_seconds(1800);
    let singles: Vec<String> = (101..=109).map(tube).collect();
    for (code, person) in singles.iter().zip(&people) {
        desk.fill_kind(code, "single", &[*person]).await;
    }
    desk.receive(&singles).await;
    let run = desk.run(2, &singles).await;
    desk.enter(Some(&run), &singles[..8], "negative").await;
    desk.enter(Some(&run), &singles[8..], "positive").await;
    for code in &singles[..8] {
        desk.release_one(code, "negative").await;
    }
    desk.release_one(&singles[8], "positive").await;
    desk.settle().await;
    allclear_server::work::drain(&desk.city.app).await.unwrap();
    let exceptions = desk.city.app.store.read("test", |tx| {
        let root = allclear_domain::kernel::area::AreaCode::parse("330784").unwrap();
        tx.open_exceptions(root, (allclear_domain::kernel::time::Instant(0), uuid::Uuid::nil()), 50)
    });
    assert_eq!(exceptions.await.unwrap(), [], "whoever is asked to come again is no second collection");
    let still = desk.headquarters.get(&path).await.ok();
    assert_eq!((still["members_open"].as_i64(), still["members_positive"].as_i64()), (Some(1), Some(1)), "{still}");
    assert!(still["closed_at"].is_null());
    assert_eq!(desk.told(people[0]).await, ["negative", "negative"]);
    assert_eq!(desk.told(people[8]).await, ["positive", "positive"]);
    assert_eq!(desk.told(people[9]).await, ["under_recheck"]);
    assert_eq!(desk.with_task(&people, "recheck").await, 1);

    let last = format!("{path}/members/{}/outcome", people[9]);
    desk.headquarters.post(&last, json!({ "outcome": "unreachable", "note": "" })).await.refused("reason_required");
    desk.headquarters.post(&last, json!({ "outcome": "unreachable", "note": "三次无人接听，已上门" })).await.ok();
    let closed = desk.headquarters.get(&path).await.ok();
    assert_eq!(closed["members_open"], 0);
    assert!(closed["closed_at"].is_string());
    desk.headquarters.post(&last, json!({ "outcome": "found", "note": "回电" })).await.ok();
    assert!(desk.headquarters.get(&path).await.ok()["closed_at"].is_null(), "a member who was found opens the pool again");
    desk.recount().await;
}

#[tokio::test]
async fn replaying_the_feed_changes_nothing() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 5).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "inconclusive").await;
    desk.release_one(&tube(1), "inconclusive").await;
    desk.settle().await;
    desk.city.app.store.run("test", |tx| tx.advance_follower("laboratory", 0)).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.with_task(&people, "recheck").await, 5);
    let list = desk.headquarters.get("/api/v1/follow-ups?open=true").await.ok();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["members_open"], 5);
}
