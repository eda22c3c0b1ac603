use allclear_domain::kernel::id::Id;
use allclear_server::{app::AppState, people::jobs};
use allclear_store::imports::ImportCounts;
use allclear_testkit::{City, Client, eventually};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const FILE: &str = "姓名,证件号码,手机号,村社区,备注
应采薇,11010519491231002X,13800138000,石柱镇塘里村,a
胡一刀,810000199408230021,,石柱镇塘里村,b
错一个,110105194912310021,12,火星,c
应采薇,11010519491231002X,13900139000,石柱镇塘里村,d
";

pub(super) async fn upload(client: &Client, name: &str, bytes: &[u8]) -> Value {
    let path = format!("/api/v1/people/imports?file_name={name}");
    client.send(Method::POST, &path, "application/octet-stream", bytes.to_vec()).await.ok()
}

pub(super) fn mapping(preview: &Value) -> Value {
    let fields: Vec<Value> = preview["columns"].as_array().unwrap().iter().map(|column| column["field"].clone()).collect();
    json!({ "columns": fields })
}

/// Waits until the import has left the state that work is in; the work itself is a task of the server.
pub(super) async fn ended(client: &Client, id: &str) -> Value {
    eventually("the import ends", async || {
        let state = client.get(&format!("/api/v1/people/imports/{id}")).await.ok();
        (!matches!(state["state"].as_str(), Some("running" | "undoing"))).then_some(state)
    })
    .await
}

pub(super) async fn taken_in(client: &Client, bytes: &[u8]) -> (String, Value) {
    let preview = upload(client, "t.csv", bytes).await;
    let id = preview["id"].as_str().unwrap().to_owned();
    client.post(&format!("/api/v1/people/imports/{id}/start"), mapping(&preview)).await.ok();
    let state = ended(client, &id).await;
    (id, state)
}

pub(super) fn counts(state: &Value) -> String {
    ["state", "added", "unchanged", "bad", "parked", "parked_open"].map(|key| state[key].to_string().replace('"', "")).join(" ")
}

/// Takes an import back and waits until that is done.
pub(super) async fn undone(client: &Client, id: &str) -> Value {
    client.post(&format!("/api/v1/people/imports/{id}/undo"), json!({})).await.ok();
    let state = ended(client, id).await;
    assert_eq!(state["state"], "undone", "{state}");
    state
}

#[tokio::test]
async fn a_file_is_looked_at_checked_taken_in_and_taken_back() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let (gb, _, _) = encoding_rs::GB18030.encode(FILE);
    let preview = upload(&admin, "t.csv", &gb).await;
    assert_eq!((&preview["format"], &preview["rows"], &preview["remembered"]), (&json!("CSV, GB18030, ,"), &json!(4), &json!(false)));
    assert_eq!(preview["columns"][1]["samples"][0], "1101**********002X", "a preview is masked too");
    assert!(!preview.to_string().contains("应采薇"));
    let id = preview["id"].as_str().unwrap();
    let check = admin.post(&format!("/api/v1/people/imports/{id}/check"), mapping(&preview)).await.ok();
    assert_eq!((&check["looked_at"], &check["valid"], &check["bad"][0]["line"]), (&json!(4), &json!(3), &json!(4)));
    let codes: Vec<_> = check["bad"][0]["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["document_check_digit", "phone_shape", "area_unknown"]);
    admin.post(&format!("/api/v1/people/imports/{id}/start"), mapping(&preview)).await.ok();
    assert_eq!(counts(&ended(&admin, id).await), "done 2 0 1 1 1");
    admin.post(&format!("/api/v1/people/imports/{id}/start"), mapping(&preview)).await.refused("upload_gone");
    let sheet = admin.get(&format!("/api/v1/people/imports/{id}/bad-rows")).await;
    let text = String::from_utf8(sheet.bytes).unwrap();
    assert!(text.starts_with("\u{FEFF}姓名,证件号码,手机号,村社区,备注,错误原因 / reason"), "{text}");
    assert!(text.contains("错一个,110105194912310021,12,火星,c,") && text.contains("证件号码校验位错误"), "{text}");
    assert!(upload(&admin, "t.csv", FILE.as_bytes()).await["remembered"].as_bool().unwrap(), "the mapping is remembered by its headers");
    assert_eq!(admin.post(&format!("/api/v1/people/imports/{id}/undo"), json!({})).await.status, StatusCode::ACCEPTED);
    let undone = ended(&admin, id).await;
    assert_eq!((&undone["state"], &undone["added"], &undone["kept_on_undo"]), (&json!("undone"), &json!(0), &json!(0)));
    let gone = admin.post("/api/v1/people/search", json!({ "text": "应采薇" })).await.ok();
    assert_eq!(gone["rows"], json!([]));
}

#[tokio::test]
async fn rows_that_meet_a_known_document_wait_for_a_person() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, FILE.as_bytes()).await;
    let changed =
        "姓名,证件号码,手机号,村社区\n应采薇,11010519491231002X,13700137000,石柱镇塘里村\n郭靖,810000199408230021,,石柱镇塘里村\n";
    let (id, state) = taken_in(&admin, changed.as_bytes()).await;
    assert_eq!(counts(&state), "done 0 0 0 2 2");
    let path = format!("/api/v1/people/imports/{id}/duplicates");
    let waiting = admin.get(&path).await.ok();
    let reasons: Vec<_> = waiting["rows"].as_array().unwrap().iter().map(|row| row["reason"]["code"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["known_with_other_details", "known_with_other_name"]);
    let phone = waiting["rows"][0]["row"].as_array().unwrap().iter().find(|field| field["field"] == "phone").unwrap().clone();
    assert_eq!(phone, json!({ "field": "phone", "row": "137****7000", "known": "138****8000", "differs": true }));
    let decide = |line: i64, decision: &str| admin.post(&path, json!({ "lines": [line], "decision": decision }));
    assert_eq!(decide(2, "update").await.ok()["parked_open"], 1);
    decide(2, "keep").await.refused("state_conflict");
    assert_eq!(decide(3, "both").await.ok()["parked_open"], 0);
    let found = |text: &'static str| admin.post("/api/v1/people/search", json!({ "text": text }));
    let by_phone = found("13700137000").await.ok();
    assert_eq!(by_phone["rows"].as_array().unwrap().len(), 1, "the register was updated");
    assert_eq!(found("810000199408230021").await.ok()["rows"].as_array().unwrap().len(), 2, "both carry the number");
    admin.post(&format!("/api/v1/people/imports/{id}/undo"), json!({})).await.ok();
    assert_eq!(ended(&admin, &id).await["state"], "undone");
    assert_eq!(found("13700137000").await.ok()["rows"], json!([]), "the update is taken back");
    assert_eq!(found("13800138000").await.ok()["rows"].as_array().unwrap().len(), 1, "the earlier phone is there again");
    assert_eq!(found("810000199408230021").await.ok()["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_file_again_changes_nothing() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, FILE.as_bytes()).await;
    let (_, again) = taken_in(&admin, FILE.as_bytes()).await;
    assert_eq!(counts(&again), "done 0 2 1 1 1");
}

#[tokio::test]
async fn a_sampled_person_stays_when_the_import_is_taken_back() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let (id, _) = taken_in(&admin, FILE.as_bytes()).await;
    let found = admin.post("/api/v1/people/search", json!({ "text": "应采薇" })).await.ok();
    let no = found["rows"][0]["no"].as_i64().unwrap();
    admin.post(&format!("/api/v1/people/{no}/card"), json!({ "reason": "no phone" })).await.ok();
    admin.post(&format!("/api/v1/people/imports/{id}/undo"), json!({})).await.ok();
    let undone = ended(&admin, &id).await;
    assert_eq!((&undone["state"], &undone["added"], &undone["kept_on_undo"]), (&json!("undone"), &json!(1), &json!(1)));
    admin.get(&format!("/api/v1/people/{no}")).await.ok();
}

#[tokio::test]
async fn a_mapping_is_checked_before_it_runs() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let preview = upload(&admin, "x.csv", b"a,b\n1,2\n").await;
    let path = format!("/api/v1/people/imports/{}/start", preview["id"].as_str().unwrap());
    admin.post(&path, mapping(&preview)).await.refused("mapping_no_name");
    admin.post(&path, json!({ "columns": ["name", "name"] })).await.refused("mapping_twice");
    admin.post(&path, json!({ "columns": ["name", null] })).await.refused("mapping_no_area");
    admin.post(&path, json!({ "columns": ["name"] })).await.refused("mapping_columns");
    admin.get("/api/v1/people/imports/00000000-0000-0000-0000-000000000000").await.refused("not_found");
}

#[tokio::test]
async fn an_import_whose_server_died_is_given_up_after_a_time_of_silence() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    for (state, problem) in [("running", "import_interrupted"), ("undoing", "undo_interrupted")] {
        let preview = upload(&admin, "t.csv", FILE.as_bytes()).await;
        let id = Id::new(preview["id"].as_str().unwrap().parse().unwrap());
        let path = format!("/api/v1/people/imports/{id}");
        let alive = |app: &AppState| {
            let (store, now) = (app.store.clone(), app.now());
            async move { store.run("test", move |tx| tx.import_alive(id, now)).await.unwrap() }
        };
        city.app.store.run("test", move |tx| tx.move_import(id, &["uploaded"], state, None, None)).await.unwrap();
        for _ in 0..3 {
            alive(&city.app).await;
            city.clock.advance_seconds(60);
            jobs::give_up_silent_imports(&city.app).await.unwrap();
            assert_eq!(admin.get(&path).await.ok()["state"], state, "somebody is at it");
        }
        city.clock.advance_seconds(60);
        jobs::give_up_silent_imports(&city.app).await.unwrap();
        let given_up = admin.get(&path).await.ok();
        assert_eq!((&given_up["state"], &given_up["problem"]), (&json!("failed"), &json!(problem)));
        alive(&city.app).await;
        let late = city.app.store.run("test", move |tx| tx.count_import(id, ImportCounts::default())).await;
        assert!(late.is_err(), "a server that wakes up late takes in no more rows of it");
        assert_eq!(admin.get(&path).await.ok()["state"], "failed");
    }
}

#[tokio::test]
async fn a_preview_survives_a_reload_and_is_only_for_those_whose_area_it_is() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let preview = upload(&admin, "t.csv", FILE.as_bytes()).await;
    let path = format!("/api/v1/people/imports/{}", preview["id"].as_str().unwrap());
    assert_eq!(admin.get(&format!("{path}/preview")).await.ok(), preview);
    let account = json!({ "name": "hq.town", "display_name": "镇指挥部", "password": "a-long-password",
        "grants": [{ "role": "headquarters", "area": "330784106" }] });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut town = city.nobody();
    town.sign_in("hq.town", "a-long-password").await;
    town.get(&format!("{path}/preview")).await.refused("not_found");
    town.post(&format!("{path}/check"), mapping(&preview)).await.refused("not_found");
    town.post(&format!("{path}/start"), mapping(&preview)).await.refused("not_found");
    admin.post(&format!("{path}/start"), mapping(&preview)).await.ok();
    ended(&admin, preview["id"].as_str().unwrap()).await;
    admin.get(&format!("{path}/preview")).await.refused("upload_gone");
}

#[tokio::test]
async fn every_grant_of_an_account_counts() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let account = json!({ "name": "hq.two", "display_name": "两镇", "password": "a-long-password",
        "grants": [{ "role": "headquarters", "area": "330784106" }, { "role": "headquarters", "area": "330784105" }] });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut two = city.nobody();
    two.sign_in("hq.two", "a-long-password").await;
    let file = "姓名,证件号码,村社区\n应采薇,11010519491231002X,330784105200\n胡一刀,E12345678,330784106200\n郭靖,E87654321,330784001001\n";
    let (id, state) = taken_in(&two, file.as_bytes()).await;
    assert_eq!(counts(&state), "done 2 0 1 0 0", "both towns, and not a third");
    let sheet = two.get(&format!("/api/v1/people/imports/{id}/bad-rows")).await;
    assert!(String::from_utf8(sheet.bytes).unwrap().contains("[area_outside_scope]"));
}

#[tokio::test]
async fn an_upload_that_nobody_took_in_ends_with_its_hour() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let preview = upload(&admin, "t.csv", FILE.as_bytes()).await;
    city.clock.advance_seconds(3_500);
    assert_eq!(jobs::end_old_uploads(&city.app).await.unwrap(), 0);
    city.clock.advance_seconds(200);
    assert_eq!(jobs::end_old_uploads(&city.app).await.unwrap(), 1);
    let state = ended(&admin, preview["id"].as_str().unwrap()).await;
    assert_eq!((&state["state"], &state["problem"]), (&json!("failed"), &json!("upload_gone")));
}

/// The sheet of bad rows as it leaves the house; `make golden` rewrites it.
#[tokio::test]
async fn the_sheet_of_bad_rows_is_the_golden_one() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let long = "长".repeat(1001);
    let file = format!(
        "姓名,证件类型,证件号码,手机号,性别,出生日期,村社区,工作单位,人群,监护人证件号码,备注\n\
         错一个,,110105194912310021,12,x,1949-02-30,火星,,神仙,,\"a,b\"\n\
         ,护照,!,,,,石柱镇,,,,\n\
         李小妹,无,,,,2021-12-30,塘里村,,,,\n\
         张三,军官证,1,,,,石柱镇塘里村,{long},,,\n\
         \"李四,,E12345678,,,,石柱镇塘里村,,,,\n"
    );
    let (id, state) = taken_in(&admin, file.as_bytes()).await;
    assert_eq!(counts(&state), "done 0 0 5 0 0");
    let sheet = admin.get(&format!("/api/v1/people/imports/{id}/bad-rows")).await;
    insta::assert_snapshot!("bad_rows", String::from_utf8(sheet.bytes).unwrap().replace(&long, "长…×1001"));
}
