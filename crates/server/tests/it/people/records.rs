use allclear_testkit::City;
use serde_json::{Value, json};

const GRANDMA: &str = "11010519491231002X";
const VILLAGE: &str = "330784105200";

fn form(name: &str, number: &str) -> Value {
    json!({ "name": name, "document_number": number, "phone": "138 0013 8000", "living_area": VILLAGE, "address": "塘里村7号" })
}

async fn found(client: &allclear_testkit::Client, text: &str) -> (String, Vec<i64>) {
    let answer = client.post("/api/v1/people/search", json!({ "text": text })).await.ok();
    let rows = answer["rows"].as_array().unwrap().iter().map(|row| row["no"].as_i64().unwrap()).collect();
    (answer["by"].as_str().unwrap().to_owned(), rows)
}

#[tokio::test]
async fn a_person_is_found_by_whatever_is_typed_and_shown_masked() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let made = admin.post("/api/v1/people", form("应　采薇", "110105491231002")).await.ok();
    let no = made["no"].as_i64().unwrap();
    assert_eq!(made["name"], "应**");
    assert_eq!(made["document"], "1101**********002X");
    assert_eq!(made["phone"], "138****8000");
    assert_eq!(made["sex"], "female");
    assert_eq!(made["birth_year"], 1949);
    assert!(!made.to_string().contains("塘里村7号") && !made.to_string().contains("13800138000"), "{made}");
    for (text, by) in [
        ("应采薇", "name"),
        ("应采", "name"),
        ("YCW", "initials"),
        ("ycw", "initials"),
        (GRANDMA, "document"),
        ("11010519491231002x", "document"),
        ("+86 138-0013-8000", "phone"),
        (&no.to_string(), "number"),
    ] {
        let (understood, rows) = found(&admin, text).await;
        assert_eq!(understood, by, "{text}");
        assert!(rows.contains(&no), "{text}: {rows:?}");
    }
    assert_eq!(found(&admin, "13900139000").await, ("phone".into(), vec![]));
    let card = admin.post(&format!("/api/v1/people/{no}/card"), json!({ "reason": "no phone" })).await.ok();
    let code = card["code"].as_str().unwrap();
    assert!(card["qr_svg"].as_str().unwrap().contains("<svg"));
    assert_eq!(found(&admin, code).await, ("code".into(), vec![no]));
    let family = admin.post(&format!("/api/v1/people/{no}/family-code"), json!({})).await.ok();
    assert_eq!(found(&admin, family["code"].as_str().unwrap()).await, ("family".into(), vec![no]));
    let again = admin.post(&format!("/api/v1/people/{no}/card"), json!({ "reason": "lost" })).await.ok();
    assert_ne!(again["code"], card["code"]);
    assert_eq!(found(&admin, code).await, ("code".into(), vec![]), "a replaced card is nobody's");
}

#[tokio::test]
async fn bad_fields_are_named_with_their_reason() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    for (form, field, reason) in [
        (form("张三", "110105194912310021"), "/document_number", "document_check_digit"),
        (form("123", GRANDMA), "/name", "name_characters"),
        (form("张三", ""), "/document_number", "document_missing"),
        (json!({ "name": "张三", "document_number": GRANDMA, "living_area": "330784999999" }), "/living_area", "area_unknown"),
        (json!({ "name": "小宝", "document_kind": "none", "living_area": VILLAGE }), "/guardian_document", "guardian_missing"),
    ] {
        let answer = admin.post("/api/v1/people", form).await;
        answer.refused("person_invalid");
        assert_eq!(answer.json["field"], field);
        assert!(answer.json["detail"].as_str().unwrap().starts_with(reason), "{}", answer.json);
    }
    admin.post("/api/v1/people", form("张三", GRANDMA)).await.ok();
    admin.post("/api/v1/people", form("李四", GRANDMA)).await.refused("document_known");
}

#[tokio::test]
async fn an_identity_in_clear_needs_a_reason_and_is_logged() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let no = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok()["no"].as_i64().unwrap();
    let path = format!("/api/v1/people/{no}/reveal");
    let hq = city.sign_in("headquarters").await;
    hq.post(&path, json!({ "reason": " " })).await.refused("reason_required");
    admin.post(&path, json!({ "reason": "curious" })).await.refused("forbidden");
    let clear = hq.post(&path, json!({ "reason": "call about a missed swab" })).await.ok();
    assert_eq!((&clear["name"], &clear["phone"], &clear["address"]), (&json!("应采薇"), &json!("13800138000"), &json!("塘里村7号")));
    assert_eq!(clear["documents"], json!([{ "kind": "resident_id", "number": GRANDMA }]));
    assert_eq!(clear["birth_date"], "1949-12-31");
    let logged = city.app.store.read("test", move |tx| tx.access_of(&format!("person:{no}"), 10)).await.unwrap();
    assert_eq!(logged.len(), 1);
    assert_eq!((logged[0].action.as_str(), logged[0].reason.as_str()), ("reveal_person", "call about a missed swab"));
}

#[tokio::test]
async fn a_correction_takes_the_version_that_was_read_and_leaves_its_step() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let made = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok();
    let path = format!("/api/v1/people/{}", made["no"]);
    let change =
        json!({ "version": made["version"], "reason": "moved", "phone": "", "living_area": "石柱镇下里溪村", "workplace": "小学" });
    let send = |body: Value| admin.send(axum::http::Method::PATCH, &path, "application/json", body.to_string().into_bytes());
    let changed = send(change.clone()).await.ok();
    assert_eq!((&changed["phone"], &changed["workplace"]), (&Value::Null, &json!("小学")));
    send(change).await.refused("state_conflict");
    let steps: Vec<_> = changed["history"].as_array().unwrap().iter().map(|step| step["op"].as_str().unwrap()).collect();
    assert_eq!(steps, ["correct_person", "create_person"]);
}

#[tokio::test]
async fn two_records_of_one_person_are_merged_and_taken_apart_again() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let grown = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok();
    let visitor = admin.post("/api/v1/people", form("应采薇", "E12345678")).await.ok();
    let other = admin.post("/api/v1/people", form("胡一刀", "810000199408230021")).await.ok();
    assert_eq!(visitor["alike"][0]["no"], grown["no"], "same name and phone");
    let (stays, goes) = (grown["no"].as_i64().unwrap(), visitor["no"].as_i64().unwrap());
    let body = json!({ "goes": goes, "reason": "same person" });
    let merged = admin.post(&format!("/api/v1/people/{stays}/merge"), body.clone()).await.ok();
    assert_eq!(merged["documents"].as_array().unwrap().len(), 2, "both documents show");
    assert_eq!(merged["merged"][0]["no"], goes);
    assert_eq!(found(&admin, "E12345678").await.1, [stays], "the old number leads to the record that stays");
    admin.post(&format!("/api/v1/people/{stays}/merge"), body.clone()).await.refused("merge_already");
    admin.post(&format!("/api/v1/people/{stays}/merge"), json!({ "goes": stays, "reason": "xx" })).await.refused("merge_same");
    let apart = admin.post(&format!("/api/v1/people/{stays}/unmerge"), body.clone()).await.ok();
    assert_eq!(apart["documents"].as_array().unwrap().len(), 1);
    assert_eq!(found(&admin, "E12345678").await.1, [goes]);
    admin.post(&format!("/api/v1/people/{stays}/unmerge"), body).await.refused("merge_not_merged");
    assert_eq!(other["state"], "active");
}

#[tokio::test]
async fn an_exemption_ends_by_itself() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let no = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok()["no"].as_i64().unwrap();
    let path = format!("/api/v1/people/{no}/stays");
    admin.post(&path, json!({ "group": "cannot_be_sampled", "reason": "" })).await.refused("group_refused");
    admin.post(&path, json!({ "group": "cannot_be_sampled", "reason": "throat surgery" })).await.refused("group_refused");
    let until = allclear_server::clock::rfc3339(city.app.now().plus_seconds(3600));
    let body = json!({ "group": "cannot_be_sampled", "reason": "throat surgery", "until_at": until });
    let exempt = admin.post(&path, body).await.ok();
    assert_eq!(exempt["groups"], json!(["cannot_be_sampled"]));
    assert_eq!(exempt["stays"][0]["reason"], "throat surgery");
    let lead = city.sign_in("sitelead").await;
    let seen = lead.get(&format!("/api/v1/people/{no}")).await.ok();
    assert_eq!(seen["stays"][0]["reason"], Value::Null, "a medical reason is not for everybody");
    city.clock.advance_seconds(3601);
    assert_eq!(allclear_server::people::ops::change::end_overdue_stays(&city.app).await.unwrap(), 1);
    assert_eq!(admin.get(&format!("/api/v1/people/{no}")).await.ok()["groups"], json!([]));
}

#[tokio::test]
async fn people_outside_the_account_s_area_do_not_exist_for_it() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let no = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok()["no"].as_i64().unwrap();
    let account = json!({ "name": "grid.elsewhere", "display_name": "网格员", "password": "a-long-password",
        "grants": [{ "role": "grid_worker", "area": "330784106" }] });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut elsewhere = city.nobody();
    elsewhere.sign_in("grid.elsewhere", "a-long-password").await;
    for text in ["应采薇", "ycw", GRANDMA, "13800138000", &no.to_string()] {
        assert_eq!(found(&elsewhere, text).await.1, Vec::<i64>::new(), "{text}");
    }
    elsewhere.get(&format!("/api/v1/people/{no}")).await.refused("not_found");
    elsewhere.post(&format!("/api/v1/people/{no}/reveal"), json!({ "reason": "curious" })).await.refused("not_found");
    elsewhere.post("/api/v1/people", form("胡一刀", "E12345678")).await.refused("forbidden");
}

#[tokio::test]
async fn the_area_tree_is_taken_in_from_a_list() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let send = |csv: &'static str| admin.send(axum::http::Method::POST, "/api/v1/areas", "text/csv", csv.as_bytes().to_vec());
    let taken = send(
        "code,name,parent,level,population\n330784105200,塘里村委会,330784105,village,900\n330784105200099,塘里第九十九网格,330784105200,grid,100\n",
    );
    assert_eq!(taken.await.ok(), json!({ "added": 1, "changed": 1 }));
    let orphan = send("code,name,parent,level,population\n330999105,无父镇,330999,town,1\n").await;
    orphan.refused("area_list_invalid");
    assert!(orphan.json["detail"].as_str().unwrap().contains("330999105"));
    send("code,name\n1,2\n").await.refused("area_list_invalid");
}

#[tokio::test]
async fn an_infant_with_an_id_is_shown_by_it_and_is_not_merged_into_somebody_else() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let grandma = admin.post("/api/v1/people", form("应采薇", GRANDMA)).await.ok();
    let infant = json!({ "name": "应小妹", "document_kind": "none", "guardian_document": GRANDMA, "birth_date": "2021-12-30", "living_area": VILLAGE });
    let made = admin.post("/api/v1/people", infant).await.ok();
    assert_eq!(made["document_kind"], "none");
    let path = format!("/api/v1/people/{}", made["no"]);
    let document = json!({ "version": made["version"], "reason": "the ID came", "document_number": "11010520211230004X" });
    let changed = admin.send(axum::http::Method::PATCH, &path, "application/json", document.to_string().into_bytes()).await.ok();
    assert_eq!((&changed["document_kind"], &changed["document"]), (&json!("resident_id"), &json!("1101**********004X")), "not \"none\"");
    let merge = json!({ "goes": made["no"], "reason": "same person" });
    admin.post(&format!("/api/v1/people/{}/merge", grandma["no"]), merge).await.refused("merge_different_people");
}

#[tokio::test]
async fn whoever_is_taken_down_in_the_field_is_found_and_nobody_is_refused() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let mut swab = |tube: u32, person: Value| {
        let tube = allclear_domain::kernel::code::TubeCode::from_serial(tube).as_str().to_owned();
        let mut command = phone.swab(round, site, &tube, 1);
        command["person"] = person;
        command
    };
    let by = |number: &str, name: &str| json!({ "by": "document", "kind": "resident_id", "number": number, "name": name });
    let commands = [swab(1, by(GRANDMA, " 应　采薇 ")), swab(2, by("110105199408230023", "没听清 123"))];
    phone.records(&commands).await;
    let (how, rows) = found(&admin, "应采薇").await;
    assert_eq!((how.as_str(), rows.len()), ("name", 1), "one spelling, so that a search finds it");
    let record = admin.get(&format!("/api/v1/people/{}", rows[0])).await.ok();
    assert_eq!((&record["sex"], &record["birth_year"], &record["state"]), (&json!("female"), &json!(1949), &json!("active")));
    let (_, odd) = found(&admin, "110105199408230023").await;
    let record = admin.get(&format!("/api/v1/people/{}", odd[0])).await.ok();
    assert_eq!((&record["birth_year"], &record["state"]), (&json!(1994), &json!("provisional")), "kept as it was said; somebody looks");
}
