//! The area list as offices send it.

use allclear_testkit::City;
use axum::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_list_is_taken_in_any_encoding_and_named_where_it_is_wrong() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let send = |bytes: Vec<u8>| admin.send(Method::POST, "/api/v1/areas", "application/octet-stream", bytes);
    let name = |code: &'static str| {
        let admin = admin.clone();
        async move {
            let areas = admin.get("/api/v1/areas").await.ok();
            areas["rows"].as_array().unwrap().iter().find(|area| area["code"] == code).map(|area| area["name"].as_str().unwrap().to_owned())
        }
    };
    let list = "区划代码,名称,上级代码,级别,人口\n330784105998,\"新村,东\",330784105,village,10\n";
    let (gb, _, _) = encoding_rs::GB18030.encode(list);
    assert_eq!(send(gb.into_owned()).await.ok(), json!({ "added": 1, "changed": 0 }));
    assert_eq!(name("330784105998").await.as_deref(), Some("新村,东"), "neither U+FFFD nor a cell cut at the comma");
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in [["code", "name"], ["330784105997", "新村西"]].into_iter().enumerate() {
        for (column, cell) in cells.into_iter().enumerate() {
            sheet.write(row as u32, column as u16, cell).unwrap();
        }
    }
    assert_eq!(send(book.save_to_buffer().unwrap()).await.ok(), json!({ "added": 1, "changed": 0 }));
    for (list, detail) in [
        ("330784105996,甲,330784106,village,1\n", "line 2: parent_differs"),
        ("330784105996,甲,330784105,town,1\n", "line 2: level_differs"),
        ("330784105996,甲,330784105,village,1\n330784105996,乙,330784105,village,1\n", "line 3: code_twice"),
        ("330784999001,甲,330784999,village,1\n", "330784999001: parent_missing"),
    ] {
        let answer = send(format!("code,name,parent,level,population\n{list}").into_bytes()).await;
        answer.refused("area_list_invalid");
        assert_eq!(answer.json["detail"], detail);
    }
    assert_eq!(name("330784105996").await, None);
}

#[tokio::test]
async fn a_province_s_list_passes_the_door() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let mut list = "code,name,parent,level,population\n330784,永康市,,county,9\n".to_owned();
    for town in 100..110 {
        list.push_str(&format!("330784{town},镇,330784,town,1\n"));
        for village in 0..999 {
            list.push_str(&format!("330784{town}{:03},{},330784{town},village,1\n", village + 1, "村".repeat(60)));
        }
    }
    assert!(list.len() > 1 << 20);
    let answer = admin.send(Method::POST, "/api/v1/areas", "application/octet-stream", list.into_bytes()).await.ok();
    assert_eq!(answer["added"].as_i64().unwrap() + answer["changed"].as_i64().unwrap(), 10_001);
}
