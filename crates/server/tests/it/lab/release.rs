//! The second person.

use allclear_domain::{kernel::time::Instant, lab::result::Value};
use allclear_store::StoreError;
use allclear_testkit::eventually;
use serde_json::json;
use uuid::Uuid;

use super::{Desk, tube};

#[tokio::test]
async fn who_entered_a_result_never_releases_it() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 3).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "negative").await;
    // The route refuses the role; an account with both roles is refused by the rule.
    let path = desk.at(&format!("/tubes/{}/release", tube(1)));
    desk.entry.post(&path, json!({ "value": "negative" })).await.refused("forbidden");
    let both = json!({ "name": "both", "display_name": "Both", "password": "a long password 1", "grants": [
        { "role": "lab_entry", "area": "330784" }, { "role": "lab_release", "area": "330784" } ] });
    desk.city.sign_in("admin").await.post("/api/v1/accounts", both).await.ok();
    let mut double = desk.city.nobody();
    double.sign_in("both", "a long password 1").await;
    let rows = json!({ "source": "typed", "rows": [{ "tube": tube(1), "value": "inconclusive" }] });
    double.post(&desk.at("/results"), rows).await.ok();
    double.post(&path, json!({ "value": "inconclusive" })).await.refused("same_person");
    let bulk = json!({ "id": Uuid::from_u128(5), "runs": [] });
    double.post(&desk.at("/results"), json!({ "source": "typed", "rows": [{ "tube": tube(1), "value": "negative" }] })).await.ok();
    let job = double.post(&desk.at("/release"), bulk).await.ok();
    assert_eq!(job["total"], 0, "a bulk release leaves out what the releaser entered");
    // The statement refuses it, and so does the schema.
    let account = desk.city.app.store.read("test", |tx| tx.account_by_name("both")).await.unwrap().unwrap().id;
    let store = &desk.city.app.store;
    let by_statement = store.run("test", move |tx| tx.release_results(&[&tube(1)], Value::Negative, account, Instant(5)));
    assert!(by_statement.await.unwrap().is_empty());
    let by_schema = store.run("test", |tx| {
        let mut row = tx.lab_tubes_for_update(&[&tube(1)])?.remove(&tube(1)).unwrap();
        row.released_by = row.entered_by;
        row.version += 1;
        tx.upsert_lab_tubes(&[&row])
    });
    let refused = by_schema.await.unwrap_err();
    assert!(matches!(&refused, StoreError::Constraint(name) if name == "second_person"), "{refused}");
    assert_eq!(desk.release_one(&tube(1), "negative").await["persons"], 3);
    desk.release.post(&path, json!({ "value": "negative" })).await.refused("state_conflict");
}

#[tokio::test]
async fn a_release_names_what_was_read_and_failed_plates_stay() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 2).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "positive").await;
    let path = desk.at(&format!("/tubes/{}/release", tube(1)));
    desk.release.post(&path, json!({ "value": "negative" })).await.refused("state_conflict");
    desk.enter(Some(&run), &[tube(1)], "invalid").await;
    desk.release.post(&path, json!({ "value": "invalid" })).await.refused("state_conflict");
    desk.entry.post(&desk.at(&format!("/tubes/{}/repeat", tube(1))), json!({})).await.ok();
    assert_eq!(desk.stage(&tube(1)).await, "received");
}

#[tokio::test]
async fn negatives_go_in_bulk_and_reach_every_person() {
    let mut desk = Desk::open().await;
    let mut people = Vec::new();
    let codes: Vec<String> = (1..=30).map(tube).collect();
    for code in &codes {
        people.extend(desk.fill(code, 10).await);
    }
    desk.receive(&codes).await;
    let run = desk.run(1, &codes).await;
    desk.enter(Some(&run), &codes[1..], "negative").await;
    desk.enter(Some(&run), &codes[..1], "positive").await;
    let desk_page = desk.release.get(&desk.at("/release")).await.ok();
    assert_eq!((desk_page["negatives"][0]["tubes"].as_i64(), desk_page["negatives"][0]["persons"].as_i64()), (Some(29), Some(290)));
    assert_eq!(desk_page["non_negatives"][0]["tube"], tube(1));
    let id = Uuid::from_u128(9);
    let request = json!({ "id": id, "runs": [run] });
    let job = desk.release.post(&desk.at("/release"), request.clone()).await.ok();
    assert_eq!(job["total"], 29);
    desk.release.post(&desk.at("/release"), request).await.ok();
    let path = desk.at(&format!("/release/{id}"));
    let done = eventually("the release ends", async || {
        let job = desk.release.get(&path).await.ok();
        (job["state"] == "done").then_some(job)
    });
    let done = done.await;
    assert_eq!((done["released"].as_i64(), done["persons"].as_i64()), (Some(29), Some(290)));
    desk.settle().await;
    assert_eq!(desk.told(people[10]).await, ["negative"]);
    assert_eq!(desk.told(people[299]).await, ["negative"]);
    assert!(desk.told(people[0]).await.is_empty(), "the positive pool is not released yet");
    let round = allclear_domain::kernel::id::Id::new(desk.city.round());
    let reports = desk.city.app.store.read("test", move |tx| tx.count_reports(round, "negative")).await.unwrap();
    assert_eq!(reports, 290);
    desk.recount().await;
}
