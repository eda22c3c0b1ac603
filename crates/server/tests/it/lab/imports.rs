//! Export files of analysers.

use allclear_testkit::Answer;
use axum::http::Method;
use serde_json::json;

use super::{Desk, tube};

async fn upload(desk: &Desk, path: &str, bytes: &[u8]) -> Answer {
    desk.entry.send(Method::POST, &desk.at(path), "application/octet-stream", bytes.to_vec()).await
}

async fn map(desk: &Desk, file: &[u8]) {
    let columns = upload(desk, "/imports/columns", file).await.ok();
    let path = desk.at(&format!("/instruments/{}/mapping", desk.instrument));
    desk.entry.put(&path, columns["suggestion"].clone()).await.ok();
}

#[tokio::test]
async fn nothing_is_imported_until_the_bad_rows_were_seen() {
    let mut desk = Desk::open().await;
    let codes: Vec<String> = (1..=4).map(tube).collect();
    for code in &codes {
        desk.fill(code, 2).await;
    }
    desk.receive(&codes).await;
    let run = desk.run(1, &codes).await;
    let file = format!(
        "孔位,样本编号,ORF1ab Ct,N Ct,IC Ct,检测结果\nA1,{},NoCt,NoCt,25.1,阴性\nB1,{},22.3,21.8,26.0,阳性\nC1,{},NoCt,NoCt,24.9,看不清\nE1,{},NoCt,NoCt,25.0,阴性\nG12,NC,NoCt,NoCt,NoCt,\nH12,PC,24.1,24.0,25.2,\n",
        codes[0],
        codes[1],
        codes[2],
        tube(50)
    );
    let (gb, _, _) = encode(&file);
    let path = format!("/imports?instrument={}&run={run}&file_name=P-1.csv", desk.instrument);
    upload(&desk, &path, &gb).await.refused("body_invalid");
    map(&desk, &gb).await;
    let preview = upload(&desk, &path, &gb).await.ok();
    assert_eq!((preview["rows"].as_i64(), preview["bad_total"].as_i64()), (Some(3), Some(1)), "{preview}");
    assert_eq!(preview["bad"][0]["reason"], "unreadable_result");
    assert_eq!(preview["refused"], json!([{ "tube": tube(50), "reason": "not_received" }]));
    assert_eq!(preview["lacking"], json!([codes[2], codes[3]]));
    assert_eq!(preview["non_negative"][0]["cts"][0], json!({ "target": "ORF1ab", "ct": 22.3 }));
    assert!(preview["controls"].as_array().unwrap().iter().all(|control| control["holds"] == true), "{preview}");
    let confirm = desk.at(&format!("/imports/{}/confirm", preview["id"].as_str().unwrap()));
    desk.entry.post(&confirm, json!({ "without_bad_rows": false })).await.refused("state_conflict");
    assert_eq!(desk.stage(&codes[0]).await, "on_run", "nothing was imported");
    let entered = desk.entry.post(&confirm, json!({ "without_bad_rows": true })).await.ok();
    assert_eq!((entered["entered"].as_i64(), entered["unchanged"].as_i64()), (Some(2), Some(0)));
    assert_eq!(desk.entry.post(&confirm, json!({ "without_bad_rows": true })).await.ok(), entered, "a second confirmation is the first");
    assert_eq!(desk.stage(&codes[1]).await, "resulted");

    // The same content in another file changes nothing, and says so.
    let again = upload(&desk, &path, file.as_bytes()).await.ok();
    assert!(again["imported_before_at"].is_string());
    let confirm = desk.at(&format!("/imports/{}/confirm", again["id"].as_str().unwrap()));
    let entered = desk.entry.post(&confirm, json!({ "without_bad_rows": true })).await.ok();
    assert_eq!((entered["entered"].as_i64(), entered["unchanged"].as_i64()), (Some(0), Some(2)));
    // Results within a minute of the start, and for a tube that never came: both are flagged.
    let flags = desk.headquarters.get("/api/v1/lab-flags").await.ok();
    let mut words: Vec<&str> = flags.as_array().unwrap().iter().map(|flag| flag["flag"].as_str().unwrap()).collect();
    words.sort_unstable();
    assert_eq!(words, ["never_received", "too_early"]);
}

fn encode(text: &str) -> (Vec<u8>, (), ()) {
    (encoding_rs::GB18030.encode(text).0.into_owned(), (), ())
}

#[tokio::test]
async fn a_failed_control_holds_the_plate_back() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 2).await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.city.clock.advance_seconds(5000);
    let file = format!("well,sample name,ORF1ab Ct,N Ct,IC Ct\nA1,{},,,25.1\nG12,NC,33.0,32.1,\nH12,PC,24.1,24.0,25.2\n", tube(1));
    map(&desk, file.as_bytes()).await;
    let path = format!("/imports?instrument={}&run={run}&file_name=P-1.csv", desk.instrument);
    let preview = upload(&desk, &path, file.as_bytes()).await.ok();
    let confirm = desk.at(&format!("/imports/{}/confirm", preview["id"].as_str().unwrap()));
    desk.entry.post(&confirm, json!({})).await.ok();
    let release = desk.at(&format!("/tubes/{}/release", tube(1)));
    desk.release.post(&release, json!({ "value": "negative" })).await.refused("state_conflict");
    let job = desk.release.post(&desk.at("/release"), json!({ "id": uuid::Uuid::from_u128(3), "runs": [] })).await.ok();
    assert_eq!(job["total"], 0);
    let flags = desk.headquarters.get("/api/v1/lab-flags").await.ok();
    assert_eq!(flags[0]["flag"], "control_failed");
    let clear = desk.at(&format!("/flags/{}/clear", flags[0]["id"].as_str().unwrap()));
    desk.headquarters.post(&clear, json!({ "note": "" })).await.refused("reason_required");
    desk.headquarters.post(&clear, json!({ "note": "重做" })).await.ok();
}

#[tokio::test]
async fn noise_is_a_clear_error() {
    let mut desk = Desk::open().await;
    desk.fill(&tube(1), 2).await;
    desk.receive(&[tube(1)]).await;
    let noise: Vec<u8> = (0u32..10_000_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    upload(&desk, "/imports/columns", &noise).await.refused("file_unreadable");
    upload(&desk, "/imports/columns", &vec![b'a'; 11 * 1024 * 1024]).await.refused("body_too_large");
    upload(&desk, "/imports/columns", b"PK\x03\x04 no workbook").await.refused("file_unreadable");
    upload(&desk, "/imports/columns", b"").await.refused("file_unreadable");
    let run = desk.run(1, &[tube(1)]).await;
    map(&desk, "well,sample name,ORF1ab Ct,N Ct,IC Ct\nA1,T1,,,25.1\n".as_bytes()).await;
    let path = format!("/imports?instrument={}&run={run}&file_name=noise.csv", desk.instrument);
    upload(&desk, &path, &noise).await.refused("file_unreadable");
    assert_eq!(desk.stage(&tube(1)).await, "on_run", "noise touches no tube");
}
