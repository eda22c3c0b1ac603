//! Whom somebody must go to, and what each of them is told.

use serde_json::{Value, json};

use super::{Desk, box_code, tube};

async fn open_tasks(desk: &Desk, query: &str) -> Vec<Value> {
    let page = desk.headquarters.get(&format!("/api/v1/tasks?limit=500&{query}")).await.ok();
    page["rows"].as_array().unwrap().clone()
}

/// The resident page of a person whom the city knows by card and document.
async fn resident_page(desk: &Desk, no: i64) -> Value {
    let found = desk.city.app.store.read("test", move |tx| {
        let document = tx.document_rows(&[no])?.into_iter().find(|document| document.kind == "resident_id").unwrap();
        let number = tx.keys().open_cell("document", "number", &no.to_string(), &document.number)?;
        Ok::<_, allclear_store::StoreError>((tx.cards_of(&[no])?.remove(0).1, number[14..].to_owned()))
    });
    let (code, tail) = found.await.unwrap();
    let mut client = desk.city.nobody();
    client.open_resident_page(&code, &tail).await;
    client.get("/api/v1/resident/me").await.ok()
}

#[tokio::test]
async fn members_of_a_rejected_tube_are_told_and_stand_on_the_grid_workers_list() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 4).await;
    desk.receive(&[tube(1)]).await;
    desk.entry.post(&desk.at(&format!("/tubes/{}/reject", tube(1))), json!({ "reason": "leaked" })).await.ok();
    desk.settle().await;
    desk.city.drain().await;
    let page = resident_page(&desk, people[0]).await;
    assert_eq!((&page["tests"][0]["stage"], &page["notices"][0]["kind"]), (&json!("resample"), &json!("resample")), "{page}");
    assert_eq!(page["round"]["due"], true, "a tube that could not be tested is no swab");

    let worker = desk.city.sign_in("gridworker").await;
    let counts = worker.get("/api/v1/tasks/counts").await.ok();
    let resample = counts.as_array().unwrap().iter().find(|count| count["kind"] == "resample").unwrap();
    assert_eq!((&resample["open"], &resample["late"], &resample["unowned"]), (&json!(4), &json!(0), &json!(4)));
    let listed = worker.get("/api/v1/tasks?kind=resample").await.ok();
    let first = &listed["rows"][0];
    assert!(first["name"].as_str().unwrap().contains('*') && first["owner"].is_null(), "{first}");
    let at = |what: &str| format!("/api/v1/tasks/{}/{what}", first["id"].as_str().unwrap());
    worker.post(&at("take"), json!({})).await.ok();
    let call = worker.post(&at("call"), json!({})).await.ok();
    assert!(!call["name"].as_str().unwrap().contains('*'));
    worker.post(&at("outcome"), json!({ "outcome": "refused" })).await.refused("reason_required");
    worker.post(&at("outcome"), json!({ "outcome": "handed_over", "note": "市一院" })).await.refused("state_conflict");
    worker.post(&at("outcome"), json!({ "outcome": "coming" })).await.ok();
    let mine = worker.get("/api/v1/tasks?own=true").await.ok();
    assert_eq!((&mine["rows"][0]["outcome"], &mine["rows"][0]["own"]), (&json!("coming"), &json!(true)));
    assert_eq!(mine["rows"].as_array().unwrap().len(), 1);

    // Past the due time it stands on the late list; another swab closes it and takes the notice away.
    desk.city.clock.advance_seconds(7 * 3600);
    desk.sign_in_again().await;
    assert_eq!(open_tasks(&desk, "show=late").await.len(), 4);
    desk.fill_kind(&tube(2), "pool10", &people[..1]).await;
    desk.settle().await;
    desk.city.drain().await;
    assert_eq!(open_tasks(&desk, "kind=resample").await.len(), 3);
    let page = resident_page(&desk, people[0]).await;
    assert_eq!((page["notices"].as_array().unwrap().len(), &page["tests"][0]["stage"]), (0, &json!("at_site")), "{page}");
    desk.entry.get("/api/v1/tasks").await.refused("forbidden");
}

#[tokio::test]
async fn a_positive_behind_a_bulk_release_is_followed_in_its_own_commit() {
    let mut desk = Desk::open().await;
    let codes: Vec<String> = (1..=20).map(tube).collect();
    for code in &codes {
        desk.fill(code, 10).await;
    }
    let positive = desk.fill(&tube(100), 10).await;
    desk.receive(&codes).await;
    desk.receive(&[tube(100)]).await;
    let run = desk.run(1, &[&codes[..], &[tube(100)]].concat()).await;
    desk.enter(Some(&run), &codes, "negative").await;
    desk.enter(Some(&run), &[tube(100)], "positive").await;
    let id = uuid::Uuid::from_u128(3);
    desk.release.post(&desk.at("/release"), json!({ "id": id, "runs": [run] })).await.ok();
    while desk.release.get(&desk.at(&format!("/release/{id}"))).await.ok()["state"] != "done" {
        tokio::task::yield_now().await;
    }
    let cursor = || desk.city.app.store.read("test", |tx| tx.follower("laboratory"));
    let before = cursor().await.unwrap();
    desk.release_one(&tube(100), "positive").await;
    // The follower has not made a single step, and all of the bulk is still before it.
    assert_eq!(cursor().await.unwrap(), before);
    let list = desk.headquarters.get("/api/v1/follow-ups?open=true").await.ok();
    assert_eq!((list[0]["tube"].as_str(), list[0]["members_open"].as_i64()), (Some(tube(100).as_str()), Some(10)));
    assert_eq!(open_tasks(&desk, "kind=recheck").await.len(), 10);
    for person in &positive {
        assert_eq!(desk.told(*person).await, ["under_recheck"]);
    }
    // Passing over it later changes nothing.
    desk.settle().await;
    assert_eq!(open_tasks(&desk, "kind=recheck").await.len(), 10);
    assert_eq!(desk.headquarters.get("/api/v1/follow-ups?open=true").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_positive_single_tube_is_a_case_until_somebody_takes_it_over() {
    let mut desk = Desk::open().await;
    let person = desk.fresh_people(1)[0];
    desk.fill_kind(&tube(1), "single", &[person]).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "positive").await;
    desk.release_one(&tube(1), "positive").await;
    let path = format!("/api/v1/follow-ups/{}", tube(1));
    let case = desk.headquarters.get(&path).await.ok();
    assert_eq!((&case["members_open"], &case["members_positive"]), (&json!(1), &json!(1)), "{case}");
    let tasks = open_tasks(&desk, "kind=case").await;
    assert_eq!(tasks.len(), 1);
    desk.settle().await;
    desk.city.drain().await;
    let page = resident_page(&desk, person).await;
    assert_eq!(page["notices"][0]["kind"], "case");
    assert_eq!((&page["tests"][0]["stage"], &page["tests"][0]["result"]), (&json!("under_recheck"), &Value::Null), "a page tells nobody");
    let outcome = format!("/api/v1/tasks/{}/outcome", tasks[0]["id"].as_str().unwrap());
    desk.headquarters.post(&outcome, json!({ "outcome": "unreachable", "note": "x" })).await.refused("state_conflict");
    desk.headquarters.post(&outcome, json!({ "outcome": "handed_over", "note": "市第一人民医院，18:20" })).await.ok();
    let closed = desk.headquarters.get(&path).await.ok();
    assert!(closed["closed_at"].is_string(), "{closed}");
    assert_eq!(closed["members"][0]["outcome"], "positive");
    assert!(open_tasks(&desk, "kind=case").await.is_empty());
}

#[tokio::test]
async fn whoever_cannot_be_reached_leaves_the_list_and_the_pool_signed_for() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 2).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "inconclusive").await;
    desk.release_one(&tube(1), "inconclusive").await;
    for task in open_tasks(&desk, "kind=recheck").await {
        let outcome = format!("/api/v1/tasks/{}/outcome", task["id"].as_str().unwrap());
        desk.headquarters.post(&outcome, json!({ "outcome": "unreachable", "note": "三次无人接听" })).await.ok();
        desk.headquarters.post(&outcome, json!({ "outcome": "coming" })).await.refused("state_conflict");
    }
    let path = format!("/api/v1/follow-ups/{}", tube(1));
    let closed = desk.headquarters.get(&path).await.ok();
    assert!(closed["closed_at"].is_string());
    // Found after all: the pool is open again, and so is the task.
    let member = closed["members"][0]["person"].as_i64().unwrap();
    desk.headquarters.post(&format!("{path}/members/{member}/outcome"), json!({ "outcome": "found", "note": "回电" })).await.ok();
    assert_eq!(open_tasks(&desk, "kind=recheck").await.len(), 1);
}

#[tokio::test]
async fn a_withdrawn_tube_asks_its_members_again_and_leaves_completion() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 3).await;
    desk.fill(&tube(2), 1).await;
    desk.pack(&box_code(1), &[tube(1)]).await;
    let lead = desk.city.sign_in("sitelead").await;
    let path = format!("/api/v1/tubes/{}/void", tube(1));
    lead.post(&path, json!({ "reason": " " })).await.refused("reason_required");
    desk.entry.post(&path, json!({ "reason": "x" })).await.refused("forbidden");
    lead.post(&path, json!({ "reason": "运输途中摔碎" })).await.ok();
    lead.post(&path, json!({ "reason": "again" })).await.refused("state_conflict");
    assert_eq!(desk.stage(&tube(1)).await, "void");
    desk.settle().await;
    desk.city.drain().await;
    assert_eq!(open_tasks(&desk, "kind=resample").await.len(), 3);
    assert_eq!(resident_page(&desk, people[0]).await["tests"][0]["stage"], "resample");
    let round = allclear_domain::kernel::id::Id::new(desk.city.round());
    let rows = desk.city.app.store.read("test", move |tx| tx.recount(round)).await.unwrap();
    assert_eq!(rows.iter().map(|(_, collections, _)| collections).sum::<i64>(), 1);
    // A swab of it that arrives late does not count either, and the tube stays withdrawn.
    let (site, person) = (desk.city.site(0), desk.fresh_people(1)[0]);
    let late = desk.phone.swab(desk.city.round(), site, &tube(1), person);
    desk.phone.sync(&[late]).await.ok();
    let rows = desk.city.app.store.read("test", move |tx| tx.recount(round)).await.unwrap();
    assert_eq!(rows.iter().map(|(_, collections, _)| collections).sum::<i64>(), 1);
    // The laboratory is not asked for it; what it has already it rejects itself.
    let reception = desk.reception(&[box_code(1)]).await;
    let shown = desk.entry.get(&desk.at(&format!("/receptions/{reception}"))).await.ok();
    assert_eq!(shown["tally"]["missing"], 0);
    desk.receive(&[tube(2)]).await;
    lead.post(&format!("/api/v1/tubes/{}/void", tube(2)), json!({ "reason": "x" })).await.refused("state_conflict");
}
