//! Ten megabytes of noise at every door that takes a register or an area list: one clear error with
//! a stable code, and everything that was there is there still.

use allclear_testkit::{City, Client, noise};
use axum::http::{Method, StatusCode};
use serde_json::json;

const NOISE: usize = 10 << 20;

/// A real archive with one part.
pub(crate) fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap().into_inner()
}

fn after(head: &[u8], noise: &[u8]) -> Vec<u8> {
    head.iter().chain(noise).copied().collect()
}

/// Every kind of noise, and the code that a register or area list answers.
fn noises() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let noise = noise(NOISE);
    let letters: Vec<u8> = noise.iter().map(|b| b'a' + b % 26).collect();
    vec![
        ("bytes", noise.clone(), "file_not_a_table"),
        ("letters without a line end", letters, "file_not_a_table"),
        ("the mark of an archive", after(b"PK\x03\x04", &noise), "file_damaged"),
        ("an archive that is no workbook", zipped("noise.bin", &noise), "file_damaged"),
        ("a workbook whose sheet is noise", zipped("xl/worksheets/sheet1.xml", &noise), "file_damaged"),
        ("the mark of an old workbook", after(&[0xD0, 0xCF, 0x11, 0xE0], &noise), "file_old_excel"),
    ]
}

async fn send(client: &Client, path: &str, bytes: Vec<u8>) -> allclear_testkit::Answer {
    client.send(Method::POST, path, "application/octet-stream", bytes).await
}

#[tokio::test]
async fn a_register_of_noise_is_refused_and_nothing_is_lost() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let before = city.app.store.read("test", |tx| tx.count_persons()).await.unwrap();
    for (what, bytes, code) in noises() {
        let answer = send(&admin, "/api/v1/people/imports?file_name=x", bytes).await;
        answer.refused(code);
        assert_eq!((answer.status, answer.json["text_zh"].is_string()), (StatusCode::UNPROCESSABLE_ENTITY, true), "{what}");
    }
    for (bytes, code) in
        [(&b""[..], "file_empty"), ("姓名,证件号码\n".as_bytes(), "file_no_rows"), (b"PK\x03\x04 no workbook", "file_damaged")]
    {
        send(&admin, "/api/v1/people/imports?file_name=x", bytes.to_vec()).await.refused(code);
    }
    assert_eq!(admin.get("/api/v1/people/imports").await.ok(), json!([]), "no import was begun");
    assert_eq!(city.app.store.read("test", |tx| tx.count_persons()).await.unwrap(), before);
    let good = "姓名,证件号码,村社区\n应采薇,11010519491231002X,石柱镇塘里村\n";
    assert_eq!(
        super::imports::counts(&super::imports::taken_in(&admin, good.as_bytes()).await.1),
        "done 1 0 0 0 0",
        "and the door is open"
    );
}

#[tokio::test]
async fn noise_among_good_rows_comes_back_row_by_row() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let word = |bytes: &[u8]| bytes.iter().map(|b| char::from(b'!' + b % 90)).filter(|c| !matches!(c, ',' | '"')).collect::<String>();
    let mut file = "姓名,证件号码,村社区\n应采薇,11010519491231002X,石柱镇塘里村\n".to_owned();
    let mut rows = 0;
    for line in noise(NOISE).chunks(4096) {
        file.push_str(&format!("{},{},{}\n", word(&line[..2000]), word(&line[2000..2100]), word(&line[2100..])));
        rows += 1;
    }
    file.push_str("\"胡一刀,E12345678,石柱镇塘里村\n郭靖,E87654321,石柱镇塘里村\n");
    let (id, state) = super::imports::taken_in(&admin, file.as_bytes()).await;
    assert_eq!(super::imports::counts(&state), format!("done 2 0 {} 0 0", rows + 1), "the first row and the last went in");
    let sheet = String::from_utf8(admin.get(&format!("/api/v1/people/imports/{id}/bad-rows")).await.bytes).unwrap();
    assert!(sheet.contains("[cell_length]") && sheet.contains("[quote_open]") && sheet.contains("胡一刀"));
    assert!(sheet.len() > 9 << 20, "every bad row comes back whole: {}", sheet.len());
}

#[tokio::test]
async fn an_area_list_of_noise_is_refused_and_the_tree_stays() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let before = admin.get("/api/v1/areas").await.ok();
    for (what, bytes, code) in noises() {
        let answer = send(&admin, "/api/v1/areas", bytes).await;
        answer.refused(code);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
    }
    let too_long = send(&admin, "/api/v1/areas", vec![b'a'; (32 << 20) + 1]).await;
    too_long.refused("body_too_large");
    let mut lines = "code,name,parent,level,population\n".to_owned();
    for line in noise(NOISE).chunks(64) {
        lines.push_str(&line.iter().map(|b| char::from(b'0' + b % 10)).collect::<String>());
        lines.push('\n');
    }
    let answer = send(&admin, "/api/v1/areas", lines.into_bytes()).await;
    answer.refused("area_list_invalid");
    assert!(answer.json["detail"].as_str().unwrap().starts_with("line 2: code_malformed; line 3: "), "{}", answer.json);
    assert_eq!(admin.get("/api/v1/areas").await.ok(), before);
}
