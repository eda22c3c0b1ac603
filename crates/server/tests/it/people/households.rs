//! Who lives with whom: from files, between files, and by hand.

use allclear_testkit::{City, Client};
use serde_json::{Value, json};

use super::imports::{counts, taken_in};

const HEADER: &str = "姓名,证件类型,证件号码,出生日期,村社区,户号,监护人证件号码\n";
const MOTHER: &str = "应采薇,,11010519491231002X,,石柱镇塘里村,7,\n";
const INFANT: &str = "应小妹,无,,2021-12-30,石柱镇塘里村,7,11010519491231002X\n";

async fn one(client: &Client, text: &str) -> Value {
    let found = client.post("/api/v1/people/search", json!({ "text": text })).await.ok();
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{text}: {found}");
    client.get(&format!("/api/v1/people/{}", rows[0]["no"])).await.ok()
}

fn family(record: &Value) -> Vec<i64> {
    record["household"].as_array().unwrap().iter().map(|member| member["no"].as_i64().unwrap()).collect()
}

async fn households(city: &City) -> i64 {
    city.app.store.read("test", |tx| tx.count_households()).await.unwrap()
}

#[tokio::test]
async fn a_newborn_in_a_second_file_joins_the_mother_of_the_first() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, format!("{HEADER}{MOTHER}").as_bytes()).await;
    let before = households(&city).await;
    let (_, state) = taken_in(&admin, format!("{HEADER}{MOTHER}{INFANT}").as_bytes()).await;
    assert_eq!(counts(&state), "done 1 1 0 0 0");
    let (mother, infant) = (one(&admin, "应采薇").await, one(&admin, "应小妹").await);
    assert_eq!(infant["guardian"], mother["no"], "the guardian is somebody who exists");
    assert_eq!(family(&infant), [mother["no"].as_i64().unwrap()]);
    assert_eq!(households(&city).await, before, "no home was made for rows that did not go in");
    let code = |record: &Value| format!("/api/v1/people/{}/family-code", record["no"]);
    let (a, b) = (admin.post(&code(&mother), json!({})).await.ok(), admin.post(&code(&infant), json!({})).await.ok());
    assert_eq!(a["code"], b["code"], "one door, one code");
    let (_, again) = taken_in(&admin, format!("{HEADER}{MOTHER}{INFANT}").as_bytes()).await;
    assert_eq!(counts(&again), "done 0 2 0 0 0", "the same file says nothing new");
}

#[tokio::test]
async fn a_household_number_is_kept_between_files_and_adopted_by_an_older_home() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    // A mother whose home was made by hand, before any file named it.
    let made = json!({ "name": "应采薇", "document_number": "11010519491231002X", "living_area": "石柱镇塘里村" });
    let mother = admin.post("/api/v1/people", made).await.ok();
    admin.post(&format!("/api/v1/people/{}/family-code", mother["no"]), json!({})).await.ok();
    let (id, state) = taken_in(&admin, format!("{HEADER}{MOTHER}").as_bytes()).await;
    let waits = admin.get(&format!("/api/v1/people/imports/{id}/duplicates")).await.ok();
    assert_eq!(counts(&state), "done 0 1 0 0 0", "{waits}: the number of the home is all that the file adds");
    taken_in(&admin, format!("{HEADER}应大勇,,E12345678,,石柱镇塘里村,7,\n").as_bytes()).await;
    let son = one(&admin, "应大勇").await;
    assert_eq!(family(&son), [mother["no"].as_i64().unwrap()], "number 7 of this village is her home in every later file");
    taken_in(&admin, format!("{HEADER}胡一刀,,E99999999,,石柱镇下里溪村,7,\n").as_bytes()).await;
    assert_eq!(family(&one(&admin, "胡一刀").await), Vec::<i64>::new(), "number 7 of another village is another home");
}

#[tokio::test]
async fn a_child_may_stand_before_its_guardian() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    taken_in(&admin, format!("{HEADER}{INFANT}{MOTHER}").as_bytes()).await;
    let (mother, infant) = (one(&admin, "应采薇").await, one(&admin, "应小妹").await);
    assert_eq!(infant["guardian"], mother["no"]);
    assert_eq!(family(&mother), [infant["no"].as_i64().unwrap()]);
}

#[tokio::test]
async fn a_family_code_stays_as_long_as_somebody_lives_behind_the_door() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let before = households(&city).await;
    let (id, _) = taken_in(&admin, format!("{HEADER}{MOTHER}应大勇,,E12345678,,石柱镇塘里村,7,\n").as_bytes()).await;
    let son = one(&admin, "应大勇").await;
    admin.post(&format!("/api/v1/people/{}/card", son["no"]), json!({ "reason": "no phone" })).await.ok();
    let code = admin.post(&format!("/api/v1/people/{}/family-code", son["no"]), json!({})).await.ok();
    super::imports::undone(&admin, &id).await;
    let found = admin.post("/api/v1/people/search", json!({ "text": code["code"] })).await.ok();
    assert_eq!(found["rows"][0]["no"], son["no"], "the founder of the home went, the home did not");
    assert_eq!(found["rows"].as_array().unwrap().len(), 1);
    let (id, _) = taken_in(&admin, format!("{HEADER}胡一刀,,E99999999,,石柱镇下里溪村,9,\n").as_bytes()).await;
    super::imports::undone(&admin, &id).await;
    assert_eq!(households(&city).await, before + 1, "a home that nobody is left in goes");
}

#[tokio::test]
async fn people_move_in_and_out_of_a_home_by_hand() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let make = |name: &str, number: &str| json!({ "name": name, "document_number": number, "living_area": "330784105200" });
    let a = admin.post("/api/v1/people", make("应采薇", "11010519491231002X")).await.ok()["no"].as_i64().unwrap();
    let b = admin.post("/api/v1/people", make("胡一刀", "810000199408230021")).await.ok()["no"].as_i64().unwrap();
    let mut third = make("郭靖", "E12345678");
    third["household_of"] = json!(a);
    let c = admin.post("/api/v1/people", third).await.ok();
    assert_eq!(family(&c), [a], "somebody who lived alone founds the home that the third joins");
    let move_to = |no: i64, body: Value| {
        let admin = admin.clone();
        async move { admin.post(&format!("/api/v1/people/{no}/household"), body).await }
    };
    move_to(b, json!({ "with": a, "reason": "" })).await.refused("reason_required");
    move_to(b, json!({ "with": b, "reason": "married" })).await.refused("body_invalid");
    move_to(b, json!({ "with": 999_999_999, "reason": "married" })).await.refused("not_found");
    let joined = move_to(b, json!({ "with": a, "reason": "married" })).await.ok();
    assert_eq!(family(&joined).len(), 2);
    assert_eq!(joined["history"][0]["op"], "join_household");
    let code = |no: i64| {
        let admin = admin.clone();
        async move { admin.post(&format!("/api/v1/people/{no}/family-code"), json!({})).await.ok()["code"].as_str().unwrap().to_owned() }
    };
    let old = code(a).await;
    // The founder moves out; what the founder founds next is another home.
    let alone = move_to(a, json!({ "with": null, "reason": "moved out" })).await.ok();
    assert_eq!(family(&alone), Vec::<i64>::new());
    let new = code(a).await;
    assert_ne!(old, new, "the old code opens the old home only");
    let found = admin.post("/api/v1/people/search", json!({ "text": old })).await.ok();
    assert_eq!(found["rows"].as_array().unwrap().len(), 2);
    // The last one out takes the home along.
    let before = households(&city).await;
    move_to(a, json!({ "with": b, "reason": "back again" })).await.ok();
    assert_eq!(households(&city).await, before - 1);
    let lead = city.sign_in("sitelead").await;
    lead.post(&format!("/api/v1/people/{a}/household"), json!({ "with": b, "reason": "xx" })).await.refused("forbidden");
}
