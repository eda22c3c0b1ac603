//! What a platform sees when a laboratory slips or cheats: each flag, through the routes.

use serde_json::{Value, json};

use super::{Desk, tube};

/// Words of the laboratory's open flags.
async fn flags(desk: &Desk) -> Vec<String> {
    let list = desk.headquarters.get(&format!("/api/v1/lab-flags?lab={}", desk.lab)).await.ok();
    let open = list.as_array().unwrap().iter().filter(|flag| flag["cleared_by"].is_null());
    let mut words: Vec<String> = open.map(|flag| flag["flag"].as_str().unwrap().to_owned()).collect();
    words.sort();
    words
}

/// Tubes that are received and on a started run that may have ended.
async fn on_run(desk: &mut Desk, serial: u128, codes: &[String]) -> String {
    for code in codes {
        desk.fill(code, 1).await;
    }
    desk.receive(codes).await;
    let run = desk.run(serial, codes).await;
    desk.city.clock.advance_seconds(4600);
    run
}

async fn tick(desk: &Desk) {
    allclear_server::lab::jobs::tick(&desk.city.app).await.unwrap();
}

#[tokio::test]
async fn more_results_than_the_plate_has_wells() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1)]).await;
    desk.fill(&tube(2), 1).await;
    desk.receive(&[tube(2)]).await;
    assert!(flags(&desk).await.is_empty(), "as it should be");
    desk.enter(Some(&run), &[tube(1), tube(2)], "negative").await;
    assert_eq!(flags(&desk).await, ["more_results_than_wells"]);
}

#[tokio::test]
async fn a_result_before_the_kit_can_be_done_and_one_in_time() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "negative").await;
    assert!(flags(&desk).await.is_empty());
    desk.fill(&tube(2), 1).await;
    desk.receive(&[tube(2)]).await;
    let run = desk.run(2, &[tube(2)]).await;
    desk.city.clock.advance_seconds(600);
    desk.enter(Some(&run), &[tube(2)], "negative").await;
    assert_eq!(flags(&desk).await, ["too_early"]);
}

#[tokio::test]
async fn more_results_in_a_day_than_it_can_make() {
    let mut desk = Desk::open().await;
    let small = json!({ "name": "小实验室", "area": "330784", "rated_per_day": 2, "factor_percent": 100 });
    let id = |value: Value| value["id"].as_str().unwrap().to_owned();
    desk.lab = id(desk.headquarters.post("/api/v1/labs", small).await.ok());
    desk.instrument = id(desk.entry.post(&desk.at("/instruments"), json!({ "name": "PCR 9" })).await.ok());
    let codes: Vec<String> = (1..=3).map(tube).collect();
    let run = on_run(&mut desk, 1, &codes).await;
    desk.enter(Some(&run), &codes[..2], "negative").await;
    tick(&desk).await;
    assert!(flags(&desk).await.is_empty(), "at the limit");
    desk.enter(Some(&run), &codes[2..], "negative").await;
    tick(&desk).await;
    assert_eq!(flags(&desk).await, ["over_capacity"]);
    // Looked into: it is not raised again at the next look, nor after half an hour.
    let list = desk.headquarters.get(&format!("/api/v1/lab-flags?lab={}", desk.lab)).await.ok();
    let clear = desk.at(&format!("/flags/{}/clear", list[0]["id"].as_str().unwrap()));
    desk.entry.post(&clear, json!({ "note": "x" })).await.refused("forbidden");
    desk.headquarters.post(&clear, json!({ "note": "外送样本，已核" })).await.ok();
    desk.city.clock.advance_seconds(1800);
    tick(&desk).await;
    assert!(flags(&desk).await.is_empty());
}

#[tokio::test]
async fn a_positive_that_nobody_follows_flags_within_a_minute_or_so() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "positive").await;
    // The release writes the follow-up itself; here somebody went around it, straight to the table.
    let account = desk.city.app.store.read("test", |tx| tx.account_by_name("labrelease")).await.unwrap().unwrap().id;
    let now = desk.city.app.now();
    let code = tube(1);
    let around = desk
        .city
        .app
        .store
        .run("test", move |tx| tx.release_results(&[&code], allclear_domain::lab::result::Value::Positive, account, now));
    assert_eq!(around.await.unwrap().len(), 1);
    tick(&desk).await;
    assert!(flags(&desk).await.is_empty(), "a minute is allowed");
    desk.city.clock.advance_seconds(70);
    tick(&desk).await;
    assert_eq!(flags(&desk).await, ["positive_not_followed"]);
    // The honest way is not flagged.
    let mut honest = Desk::open().await;
    let person = honest.fresh_people(1)[0];
    honest.fill_kind(&tube(1), "single", &[person]).await;
    honest.receive(&[tube(1)]).await;
    let run = honest.run(1, &[tube(1)]).await;
    honest.city.clock.advance_seconds(4600);
    honest.enter(Some(&run), &[tube(1)], "positive").await;
    honest.release_one(&tube(1), "positive").await;
    honest.city.clock.advance_seconds(70);
    tick(&honest).await;
    assert!(flags(&honest).await.is_empty());
}

#[tokio::test]
async fn a_written_result_that_its_cycle_numbers_contradict() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1), tube(2)]).await;
    let row = |code: &str, value: &str, ct: f64| json!({ "tube": code, "value": value, "cts": [{ "target": "ORF1ab", "ct": ct }, { "target": "N", "ct": ct }, { "target": "IC", "ct": 25.0 }] });
    let results = desk.at("/results");
    let enter = |rows: Value| desk.entry.post(&results, json!({ "run": run, "source": "typed", "rows": rows }));
    enter(json!([row(&tube(1), "positive", 24.0)])).await.ok();
    assert!(flags(&desk).await.is_empty());
    enter(json!([row(&tube(2), "negative", 24.0)])).await.ok();
    assert_eq!(flags(&desk).await, ["ct_disagrees"]);
}

#[tokio::test]
async fn a_typed_control_that_fails_holds_the_run_back_until_it_is_repeated() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1), tube(2)]).await;
    let results = desk.at("/results");
    let control = |value: &str| {
        json!({ "run": run, "source": "typed", "rows": [], "controls": [
        { "control": "negative_control", "value": value }, { "control": "positive_control", "well": "H12", "value": "positive" } ] })
    };
    desk.entry
        .post(
            &results,
            json!({ "run": null, "source": "typed", "rows": [], "controls": [{ "control": "negative_control", "value": "negative" }] }),
        )
        .await
        .refused("body_invalid");
    desk.entry.post(&results, json!({ "run": run, "source": "typed", "rows": [], "controls": [{ "control": "negative_control", "well": "A1", "value": "negative" }] })).await.refused("body_invalid");
    let held = desk.entry.post(&results, control("positive")).await.ok();
    assert_eq!(held["control_failed"], true);
    desk.enter(Some(&run), &[tube(1), tube(2)], "negative").await;
    assert_eq!(flags(&desk).await, ["control_failed"]);
    let release = desk.at(&format!("/tubes/{}/release", tube(1)));
    desk.release.post(&release, json!({ "value": "negative" })).await.refused("state_conflict");
    let shown = desk.entry.get(&desk.at(&format!("/runs/{run}"))).await.ok();
    assert_eq!(shown["control_failed"], true);
    // A slip of the finger is corrected; the flag stays for headquarters.
    let corrected = desk.entry.post(&results, control("negative")).await.ok();
    assert_eq!(corrected["control_failed"], false);
    assert_eq!(flags(&desk).await, ["control_failed"]);
    desk.entry.post(&results, control("positive")).await.ok();
    // Repeating the plate frees its tubes for another.
    let repeated = desk.entry.post(&desk.at(&format!("/runs/{run}/repeat")), json!({})).await.ok();
    assert_eq!(repeated["resulted"], 0, "{repeated}");
    let second = desk.run(2, &[tube(1), tube(2)]).await;
    desk.city.clock.advance_seconds(4600);
    desk.enter(Some(&second), &[tube(1), tube(2)], "negative").await;
    assert_eq!(desk.release_one(&tube(1), "negative").await["persons"], 1);
}

#[tokio::test]
async fn a_positive_that_disappears_before_release_is_seen_however_it_went() {
    let mut desk = Desk::open().await;
    let codes: Vec<String> = (1..=3).map(tube).collect();
    let run = on_run(&mut desk, 1, &codes).await;
    desk.enter(Some(&run), &codes, "positive").await;
    assert!(flags(&desk).await.is_empty());
    desk.enter(Some(&run), &codes[..1], "negative").await;
    assert_eq!(flags(&desk).await, ["positive_withdrawn"]);
    // Somebody looks at each: a cleared one does not hide the next.
    for gone in ["repeat", "reject"] {
        let list = desk.headquarters.get(&format!("/api/v1/lab-flags?lab={}", desk.lab)).await.ok();
        let open = list.as_array().unwrap().iter().find(|flag| flag["cleared_by"].is_null()).unwrap()["id"].as_str().unwrap().to_owned();
        desk.headquarters.post(&desk.at(&format!("/flags/{open}/clear")), json!({ "note": "复核过" })).await.ok();
        let code = if gone == "repeat" { &codes[1] } else { &codes[2] };
        desk.entry.post(&desk.at(&format!("/tubes/{code}/{gone}")), json!({ "reason": "leaked" })).await.ok();
        assert_eq!(flags(&desk).await, ["positive_withdrawn"], "{gone}");
    }
}

/// A result before release, the file it came from, and the same file again after the tube was repeated.
#[tokio::test]
async fn a_file_does_not_bring_back_what_was_taken_back() {
    let mut desk = Desk::open().await;
    for serial in 1..=2 {
        desk.fill(&tube(serial), 1).await;
    }
    desk.receive(&[tube(1), tube(2)]).await;
    let mapping = json!({ "layout": "wide", "tube": "管号", "well": null, "result": "结果", "task": null, "target": null,
        "ct": [{ "column": "N", "target": "N" }], "words": [] });
    desk.entry.put(&desk.at(&format!("/instruments/{}/mapping", desk.instrument)), mapping).await.ok();
    let import = async |file: String| {
        let path = desk.at(&format!("/imports?instrument={}&kit={}&file_name=a.csv", desk.instrument, desk.kit));
        let read = desk.entry.send(axum::http::Method::POST, &path, "application/octet-stream", file.into_bytes()).await.ok();
        let confirm = desk.at(&format!("/imports/{}/confirm", read["id"].as_str().unwrap()));
        desk.entry.post(&confirm, json!({ "without_bad_rows": true })).await.ok()
    };
    let first = format!("管号,结果,N\n{},阳性,24.10\n{},阴性,\n", tube(1), tube(2));
    assert_eq!(import(first.clone()).await["entered"], 2);
    for serial in 1..=2 {
        desk.entry.post(&desk.at(&format!("/tubes/{}/repeat", tube(serial))), json!({})).await.ok();
    }
    // The same file, and a longer one with the same measurement.
    let again = import(first).await;
    assert_eq!((&again["entered"], &again["refused"][0]["reason"]), (&json!(0), &json!("repeated")), "{again}");
    let longer = import(format!("管号,结果,N\n{},阳性,24.10\n", tube(1))).await;
    assert_eq!(longer["refused"][0]["reason"], "repeated");
    // A new measurement is taken in.
    assert_eq!(import(format!("管号,结果,N\n{},阳性,25.70\n{},阴性,\n", tube(1), tube(2))).await["entered"], 2);
}

#[tokio::test]
async fn a_file_and_a_plate_that_disagree_about_a_well() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1), tube(2)]).await;
    let mapping =
        json!({ "layout": "wide", "tube": "管号", "well": "孔", "result": "结果", "task": null, "target": null, "ct": [], "words": [] });
    desk.entry.put(&desk.at(&format!("/instruments/{}/mapping", desk.instrument)), mapping).await.ok();
    let path = desk.at(&format!("/imports?instrument={}&run={run}&file_name=a.csv", desk.instrument));
    // The plate has tube 1 in A1 and tube 2 in B1.
    let file = format!("孔,管号,结果\nA1,{},阴性\nC1,{},阴性\n", tube(1), tube(2));
    let read = desk.entry.send(axum::http::Method::POST, &path, "application/octet-stream", file.into_bytes()).await.ok();
    assert_eq!((&read["refused"][0]["tube"], &read["refused"][0]["reason"]), (&json!(tube(2)), &json!("other_well")), "{read}");
    let confirm = desk.at(&format!("/imports/{}/confirm", read["id"].as_str().unwrap()));
    let entered = desk.entry.post(&confirm, json!({})).await.ok();
    assert_eq!((&entered["entered"], desk.stage(&tube(2)).await), (&json!(1), "on_run"));
    assert_eq!(flags(&desk).await, ["wells_differ"]);
}

#[tokio::test]
async fn results_without_a_plate_are_released_only_when_they_are_meant() {
    let mut desk = Desk::open().await;
    let run = on_run(&mut desk, 1, &[tube(1)]).await;
    desk.fill(&tube(2), 1).await;
    desk.receive(&[tube(2)]).await;
    desk.enter(Some(&run), &[tube(1)], "negative").await;
    desk.enter(None, &[tube(2)], "negative").await;
    assert_eq!(flags(&desk).await, ["without_run"]);
    let waiting = desk.entry.get(&desk.at("/tubes?stage=resulted")).await.ok();
    assert_eq!(waiting.as_array().unwrap().len(), 2);
    desk.entry.get(&desk.at("/tubes?stage=released")).await.refused("body_invalid");
    let id = uuid::Uuid::from_u128(6);
    let job = desk.release.post(&desk.at("/release"), json!({ "id": id, "runs": [], "without_run": true })).await.ok();
    assert_eq!(job["total"], 1);
    while desk.release.get(&desk.at(&format!("/release/{id}"))).await.ok()["state"] != "done" {
        tokio::task::yield_now().await;
    }
    assert_eq!((desk.stage(&tube(1)).await, desk.stage(&tube(2)).await), ("resulted", "released"));
}
