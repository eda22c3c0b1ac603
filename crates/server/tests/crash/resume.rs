//! Long work that is cut in the middle: an import of a register, a bulk release.

use std::time::Duration;

use allclear_domain::kernel::code::TubeCode;
use allclear_server::{
    clock::{Clock, SystemClock, rfc3339},
    demo,
};
use allclear_testkit::WireClient;
use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    node::{DEADLINE, Node, Place},
    runner::End,
};

const ROWS: i64 = 20_000;
/// More than two commits of a release.
const TUBES: u32 = 2_400;

async fn desk(node: &Node, name: &str) -> WireClient {
    let mut client = node.client();
    client.sign_in(name, demo::PASSWORD).await.unwrap();
    client
}

async fn poll(client: &mut WireClient, path: &str, mut enough: impl FnMut(&Value) -> bool) -> Value {
    let began = tokio::time::Instant::now();
    loop {
        let state = client.get(path).await.unwrap().ok();
        if enough(&state) {
            return state;
        }
        assert!(began.elapsed() < 2 * DEADLINE, "it does not come: {state}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

async fn begin_import(admin: &mut WireClient, file: &str) -> String {
    let path = "/api/v1/people/imports?file_name=t.csv";
    let preview = admin.send(&Method::POST, path, "application/octet-stream", file.as_bytes()).await.unwrap().ok();
    let id = preview["id"].as_str().unwrap().to_owned();
    let columns: Vec<&Value> = preview["columns"].as_array().unwrap().iter().map(|column| &column["field"]).collect();
    admin.post(&format!("/api/v1/people/imports/{id}/start"), &json!({ "columns": columns })).await.unwrap().ok();
    id
}

/// The import says that it was interrupted; the same file again goes on from there, and nobody is in twice.
pub(crate) async fn an_import() -> End {
    let place = Place::fresh(600).await;
    let mut node = place.start().await;
    let mut admin = desk(&node, "admin").await;
    let mut file = "姓名,证件号码,村社区\n".to_owned();
    for n in 0..ROWS {
        file.push_str(&format!("应采薇,E{n:08},石柱镇塘里村\n"));
    }
    let id = begin_import(&mut admin, &file).await;
    let path = format!("/api/v1/people/imports/{id}");
    poll(&mut admin, &path, |state| state["rows_done"].as_i64().unwrap() > 0).await;
    node.kill();
    let node = place.start().await;
    admin.move_to(&node.address);
    let cut = admin.get(&path).await.unwrap().ok();
    let added = cut["added"].as_i64().unwrap();
    assert!((1..ROWS).contains(&added), "the kill came in the middle: {cut}");
    assert_eq!(cut["rows_done"].as_i64().unwrap(), added, "the counts are those of the commits");
    // On PostgreSQL another node could be at it: it is given up after a time of silence, which a test of `it` plays.
    if std::env::var_os("ALLCLEAR_TEST_STORE").is_none() {
        assert_eq!((&cut["state"], &cut["problem"]), (&json!("failed"), &json!("import_interrupted")));
        assert_eq!(node.log().lines().filter(|line| line.contains("repaired: an import was interrupted")).count(), 1, "{}", node.log());
    }
    let again = begin_import(&mut admin, &file).await;
    let path = format!("/api/v1/people/imports/{again}");
    let done = poll(&mut admin, &path, |state| state["state"] != "running").await;
    let counts = ["state", "added", "unchanged", "bad", "parked"].map(|key| done[key].to_string().replace('"', "")).join(" ");
    assert_eq!(counts, format!("done {} {added} 0 0", ROWS - added));
    println!("cut after {added} of {ROWS} rows; the same file again added {} and met {added}", ROWS - added);
    let one = admin.post("/api/v1/people/search", &json!({ "text": "E00000007" })).await.unwrap().ok();
    assert_eq!(one["rows"].as_array().unwrap().len(), 1, "{one}");
    End::Passed
}

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

/// Swabs, seals, reception and negative results of many tubes; answers the laboratory.
async fn stage(node: &Node) -> String {
    let mut headquarters = desk(node, "headquarters").await;
    let round = headquarters.get("/api/v1/rounds").await.unwrap().ok()["rows"][0]["id"].clone();
    let site = headquarters.get("/api/v1/sites").await.unwrap().ok()["rows"][0]["id"].clone();
    let lab = headquarters.get("/api/v1/labs").await.unwrap().ok()[0]["id"].as_str().unwrap().to_owned();
    let mut phone = desk(node, "registrar").await;
    let mut point = [7u8; 65];
    point[0] = 4;
    let body = json!({ "label": "phone", "public_key": allclear_seal::to_base64url(&point) });
    let enrolled = phone.post("/api/v1/devices/enrol", &body).await.unwrap().ok();
    phone.use_token(enrolled["token"].as_str().unwrap());
    let now = SystemClock.now();
    let mut commands = Vec::new();
    for serial in 0..TUBES {
        let id = |what: u128| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(serial) * 4 + what);
        let person = json!({ "by": "manual", "provisional": id(2), "name": "欧阳", "phone": null, "birth_year": 1990 });
        let common = |op: Value, what: u128| {
            let at = rfc3339(allclear_domain::kernel::time::Instant(now.0 + i64::from(serial) * 2 + what as i64));
            let mut op = op;
            op["id"] = json!(id(what));
            op["device_seq"] = json!(serial * 2 + what as u32 + 1);
            op["at"] = json!(at);
            op["offline"] = json!(false);
            op
        };
        let swab = json!({ "op": "record_collection", "round": round, "site": site, "station": 1, "tube": tube(serial),
                           "tube_kind": "single", "person": person, "id_mode": "manual" });
        let seal = json!({ "op": "seal_tube", "tube": tube(serial), "counted": 1, "difference_signed_by": null });
        commands.extend([common(swab, 0), common(seal, 1)]);
    }
    for batch in commands.chunks(200) {
        let answer = phone.post("/api/v1/sync", &json!({ "sent_at": rfc3339(now), "commands": batch })).await.unwrap().ok();
        assert!(answer["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["state"] == "recorded"), "{answer}");
    }
    let mut entry = desk(node, "labentry").await;
    let at = |path: &str| format!("/api/v1/labs/{lab}{path}");
    let reception = entry.post(&at("/receptions"), &json!({ "boxes": [] })).await.unwrap().ok();
    let scans = at(&format!("/receptions/{}/scans", reception["id"].as_str().unwrap()));
    let codes: Vec<String> = (0..TUBES).map(tube).collect();
    for batch in codes.chunks(400) {
        let body: Vec<Value> = batch.iter().map(|code| json!({ "code": code })).collect();
        entry.post(&scans, &json!(body)).await.unwrap().ok();
        let rows: Vec<Value> = batch.iter().map(|code| json!({ "tube": code, "value": "negative" })).collect();
        let entered = entry.post(&at("/results"), &json!({ "run": null, "source": "scanned", "rows": rows })).await.unwrap().ok();
        assert_eq!(entered["entered"], batch.len(), "{entered}");
    }
    lab
}

/// The release goes on by itself at the next start; each tube is released once, and every person hears once.
pub(crate) async fn a_release() -> End {
    let place = Place::fresh(600).await;
    let mut node = place.start().await;
    let lab = stage(&node).await;
    let mut release = desk(&node, "labrelease").await;
    let id = Uuid::from_u128(9);
    let begun = release.post(&format!("/api/v1/labs/{lab}/release"), &json!({ "id": id, "runs": [] })).await.unwrap().ok();
    assert_eq!(begun["total"], TUBES);
    let path = format!("/api/v1/labs/{lab}/release/{id}");
    poll(&mut release, &path, |job| job["released"].as_i64().unwrap() > 0).await;
    node.kill();
    let node = place.start().await;
    release.move_to(&node.address);
    let done = poll(&mut release, &path, |job| job["state"] == "done").await;
    assert_eq!((&done["released"], &done["persons"]), (&json!(TUBES), &json!(TUBES)), "each tube once");
    let log = node.log();
    let resumed = log.lines().filter(|line| line.contains("repaired: a bulk release goes on")).count();
    println!("the kill came {} the release was through", if resumed == 1 { "before" } else { "after" });
    let mut headquarters = desk(&node, "headquarters").await;
    for serial in (0..TUBES).step_by(97) {
        let trace = headquarters.get(&format!("/api/v1/trace/tube/{}", tube(serial))).await.unwrap().ok();
        let released = trace["steps"].as_array().unwrap().iter().filter(|step| step["event"] == "released").count();
        assert_eq!((released, &trace["state"]), (1, &json!("released")), "{trace}");
    }
    let recount = headquarters.get("/api/v1/live/recount").await.unwrap().ok();
    assert_eq!(recount["different"], 0, "{recount}");
    let reports = recount["lines"].as_array().unwrap().iter().find(|line| line["figure"] == "person_reports").cloned().unwrap_or_default();
    assert_eq!(reports["records"], TUBES, "{reports}");
    assert!(node.stop().await.success());
    let (equal, text) = place.recount();
    assert!(equal, "{text}");
    End::Passed
}
