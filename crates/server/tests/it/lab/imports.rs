//! Export files of analysers.

use allclear_testkit::{Answer, City, SmallDisk, noise};
use axum::http::Method;
use serde_json::json;

use super::{Desk, tube};
use crate::people::{bad_files::zipped, full_disk::until_full};

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
async fn noise_is_a_clear_error_and_nothing_is_imported() {
    let mut desk = Desk::open().await;
    let code = tube(1);
    desk.fill(&code, 2).await;
    desk.receive(std::slice::from_ref(&code)).await;
    let run = desk.run(1, std::slice::from_ref(&code)).await;
    let good = format!("well,sample name,ORF1ab Ct,N Ct,IC Ct\nA1,{code},NoCt,NoCt,25.1\nG12,NC,NoCt,NoCt,NoCt\nH12,PC,24.1,24.0,25.2\n");
    map(&desk, good.as_bytes()).await;
    // The limit of a file is ten megabytes with everything.
    let noise = noise((10 << 20) - 4096);
    let after = |head: &[u8]| head.iter().chain(&noise).copied().collect::<Vec<u8>>();
    let import = format!("/imports?instrument={}&run={run}&file_name=x", desk.instrument);
    for (what, bytes) in [
        ("bytes", noise.clone()),
        ("the mark of an archive", after(b"PK\x03\x04")),
        ("an archive that is no workbook", zipped("noise.bin", &noise[..8 << 20])),
        ("a workbook whose sheet is noise", zipped("xl/worksheets/sheet1.xml", &noise[..8 << 20])),
        ("the mark of an old workbook", after(&[0xD0, 0xCF, 0x11, 0xE0])),
        ("a mark of quotation that stays open", good.replace("A1,", "A1,\"").into_bytes()),
        ("no workbook", b"PK\x03\x04 no workbook".to_vec()),
        ("nothing", Vec::new()),
    ] {
        for path in ["/imports/columns", import.as_str()] {
            let answer = upload(&desk, path, &bytes).await;
            answer.refused("file_unreadable");
            assert_eq!(answer.status, axum::http::StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        }
    }
    for path in ["/imports/columns", import.as_str()] {
        upload(&desk, path, &vec![b'a'; 11 << 20]).await.refused("body_too_large");
    }
    assert_eq!(desk.stage(&code).await, "on_run");
    let preview = upload(&desk, &import, good.as_bytes()).await.ok();
    let confirm = desk.at(&format!("/imports/{}/confirm", preview["id"].as_str().unwrap()));
    assert_eq!(desk.entry.post(&confirm, json!({})).await.ok()["entered"], 1, "and the good file goes in");
}

#[tokio::test]
#[ignore = "mounts a file system: needs root"]
async fn a_full_disk_refuses_reading_and_confirming_and_loses_nothing() {
    let disk = SmallDisk::mount(96).await;
    {
        let mut desk = Desk::on(City::on(&disk, 3000).await).await;
        let code = tube(1);
        desk.fill(&code, 2).await;
        desk.receive(std::slice::from_ref(&code)).await;
        let run = desk.run(1, std::slice::from_ref(&code)).await;
        let good =
            format!("well,sample name,ORF1ab Ct,N Ct,IC Ct\nA1,{code},NoCt,NoCt,25.1\nG12,NC,NoCt,NoCt,NoCt\nH12,PC,24.1,24.0,25.2\n");
        map(&desk, good.as_bytes()).await;
        let import = format!("/imports?instrument={}&run={run}&file_name=x", desk.instrument);
        let preview = upload(&desk, &import, good.as_bytes()).await.ok();
        let confirm = desk.at(&format!("/imports/{}/confirm", preview["id"].as_str().unwrap()));
        disk.fill_up_to(0);
        // Reading keeps what was read: large files until there is no room for one.
        let mut large = good.clone();
        for serial in 2..4000 {
            large.push_str(&format!("B1,{},NoCt,NoCt,25.1\n", tube(serial)));
        }
        until_full(|attempt| {
            let (desk, import, large) = (&desk, &import, large.replace("25.1", &format!("25.{}", attempt % 1000)));
            async move { upload(desk, import, large.as_bytes()).await }
        })
        .await;
        // Confirming either goes in whole or is refused; the tube's stage says which.
        let answer = desk.entry.post(&confirm, json!({})).await;
        if answer.status.is_success() {
            assert_eq!(desk.stage(&code).await, "resulted");
        } else {
            answer.refused("store_full");
            assert_eq!(desk.stage(&code).await, "on_run");
        }
        disk.empty();
        assert_eq!(desk.entry.post(&confirm, json!({})).await.ok()["entered"], 1, "once, whatever came before");
        assert_eq!(desk.stage(&code).await, "resulted");
    }
    disk.close().await;
}
