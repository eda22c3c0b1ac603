//! Rows that wait for a decision: one by one, all at once, and only where the account may decide.

use allclear_testkit::City;
use serde_json::{Value, json};

use super::imports::{counts, ended, taken_in, undone};

const HEADER: &str = "姓名,证件类型,证件号码,出生日期,村社区,户号,监护人证件号码\n";

fn row(waiting: &Value, field: &str) -> Value {
    let fields = waiting["rows"][0]["row"].as_array().unwrap();
    fields.iter().find(|known| known["field"] == field).cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn an_update_brings_household_guardian_and_birth_date_and_gives_them_back() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let first = "母亲应,,11010519491231002X,,石柱镇塘里村,7,\n应小妹,无,,2021-12-30,石柱镇塘里村,,11010519491231002X\n";
    taken_in(&admin, format!("{HEADER}{first}").as_bytes()).await;
    let (id, state) = taken_in(&admin, format!("{HEADER}应小妹,无,,2021-12-29,石柱镇塘里村,7,11010519491231002X\n").as_bytes()).await;
    assert_eq!(counts(&state), "done 0 0 0 1 1", "another birth date and a household are a change, not nothing");
    let path = format!("/api/v1/people/imports/{id}/duplicates");
    let waiting = admin.get(&path).await.ok();
    assert!(row(&waiting, "birth_date")["differs"].as_bool().unwrap(), "{waiting}");
    assert!(row(&waiting, "household")["differs"].as_bool().unwrap());
    assert!(!waiting.to_string().contains("2021-12-29"), "masked");
    let decided = admin.post(&path, json!({ "lines": [2], "decision": "update" })).await.ok();
    assert_eq!((&decided["decided"], &decided["parked_open"]), (&json!(1), &json!(0)));
    let infant = admin.post("/api/v1/people/search", json!({ "text": "应小妹" })).await.ok()["rows"][0]["no"].clone();
    let record = || async { admin.get(&format!("/api/v1/people/{infant}")).await.ok() };
    assert_eq!(record().await["household"].as_array().unwrap().len(), 1);
    let hq = city.sign_in("headquarters").await;
    let born =
        || async { hq.post(&format!("/api/v1/people/{infant}/reveal"), json!({ "reason": "check" })).await.ok()["birth_date"].clone() };
    assert_eq!(born().await, "2021-12-29");
    undone(&admin, &id).await;
    assert_eq!(record().await["household"], json!([]));
    assert_eq!(born().await, "2021-12-30");
}

#[tokio::test]
async fn a_second_person_under_a_number_brings_the_family_and_is_counted() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, format!("{HEADER}应采薇,,11010519491231002X,,石柱镇塘里村,7,\n胡一刀,,E12345678,,石柱镇塘里村,8,\n").as_bytes()).await;
    let (id, _) = taken_in(&admin, format!("{HEADER}郭靖,,E12345678,,石柱镇塘里村,7,11010519491231002X\n").as_bytes()).await;
    let path = format!("/api/v1/people/imports/{id}/duplicates");
    admin.post(&path, json!({ "lines": [2], "decision": "both" })).await.ok();
    assert_eq!(counts(&ended(&admin, &id).await), "done 1 0 0 1 0", "the second person was added");
    let found = admin.post("/api/v1/people/search", json!({ "text": "郭靖" })).await.ok();
    let record = admin.get(&format!("/api/v1/people/{}", found["rows"][0]["no"])).await.ok();
    assert_eq!(record["household"].as_array().unwrap().len(), 1);
    assert!(record["guardian"].is_i64());
    let state = undone(&admin, &id).await;
    assert_eq!((&state["added"], &state["kept_on_undo"]), (&json!(0), &json!(0)), "never below zero");
}

#[tokio::test]
async fn everything_that_waits_is_decided_at_once() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let file = |phone: &str| {
        let rows: String = (0..451).map(|n| format!("应采薇,E{n:08},{phone},石柱镇塘里村\n")).collect();
        format!("姓名,证件号码,手机号,村社区\n{rows}")
    };
    taken_in(&admin, file("13800138000").as_bytes()).await;
    let (id, state) = taken_in(&admin, file("13900139000").as_bytes()).await;
    assert_eq!(counts(&state), "done 0 0 0 451 451");
    let path = format!("/api/v1/people/imports/{id}/duplicates");
    let (mut seen, mut after) = (0, String::from("0"));
    loop {
        let page = admin.get(&format!("{path}?after={after}")).await.ok();
        seen += page["rows"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(seen, 451, "page by page beyond the first fifty");
    admin.post(&path, json!({ "decision": "keep" })).await.refused("body_invalid");
    admin.post(&path, json!({ "lines": [2], "all": true, "decision": "keep" })).await.refused("body_invalid");
    let decided = admin.post(&path, json!({ "all": true, "decision": "update" })).await.ok();
    assert_eq!(decided, json!({ "decided": 451, "skipped": 0, "parked_open": 0, "next": null }));
    let found = admin.post("/api/v1/people/search", json!({ "text": "13900139000" })).await.ok();
    assert_eq!((found["rows"].as_array().unwrap().len(), found["more"].as_bool()), (100, Some(true)));
}

#[tokio::test]
async fn a_record_of_another_town_is_neither_shown_nor_changed() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, "姓名,证件号码,手机号,村社区\n应采薇,11010519491231002X,13800138000,330784106200\n".as_bytes()).await;
    let account = json!({ "name": "hq.town", "display_name": "镇指挥部", "password": "a-long-password",
        "grants": [{ "role": "headquarters", "area": "330784105" }] });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut town = city.nobody();
    town.sign_in("hq.town", "a-long-password").await;
    let (id, state) = taken_in(&town, "姓名,证件号码,手机号,村社区\n应采薇,11010519491231002X,13900139000,330784105200\n".as_bytes()).await;
    assert_eq!(counts(&state), "done 0 0 0 1 1");
    let path = format!("/api/v1/people/imports/{id}/duplicates");
    let waiting = town.get(&path).await.ok();
    assert_eq!(waiting["rows"][0]["known"], Value::Null);
    assert_eq!(row(&waiting, "phone")["known"], Value::Null, "not even masked: {waiting}");
    town.post(&path, json!({ "lines": [2], "decision": "update" })).await.refused("forbidden");
    let skipped = town.post(&path, json!({ "all": true, "decision": "update" })).await.ok();
    assert_eq!((&skipped["decided"], &skipped["skipped"], &skipped["parked_open"]), (&json!(0), &json!(1), &json!(1)));
    let unchanged = admin.post("/api/v1/people/search", json!({ "text": "13800138000" })).await.ok();
    assert_eq!(unchanged["rows"].as_array().unwrap().len(), 1);
    town.post(&path, json!({ "lines": [2], "decision": "keep" })).await.ok();
}
