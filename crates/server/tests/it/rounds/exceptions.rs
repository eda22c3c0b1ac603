//! Each kind of exception: what the desk shows, what it suggests, what a decision does.

use allclear_domain::kernel::{code::TubeCode, id::Id};
use allclear_testkit::{City, Client, Phone};
use serde_json::{Value, json};

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

async fn only(desk: &Client, kind: &str) -> Value {
    let listed = desk.get(&format!("/api/v1/exceptions?kind={kind}")).await.ok();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 1, "{listed}");
    desk.get(&format!("/api/v1/exceptions/{}", listed["rows"][0]["id"].as_str().unwrap())).await.ok()
}

async fn decide(desk: &Client, exception: &Value, body: Value) -> allclear_testkit::Answer {
    desk.post(&format!("/api/v1/exceptions/{}/resolve", exception["id"].as_str().unwrap()), body).await
}

async fn states(city: &City, code: &str) -> Vec<String> {
    let code = code.to_owned();
    let read = city.app.store.read("test", move |tx| {
        let mut swabs = tx.collections_of(&code)?;
        swabs.sort_by_key(|swab| swab.key);
        Ok::<_, allclear_store::StoreError>(swabs.into_iter().map(|swab| swab.state).collect())
    });
    read.await.unwrap()
}

async fn started() -> (City, Phone, Client) {
    let city = City::start().await;
    let phone = city.phone("registrar").await;
    let desk = city.sign_in("sitelead").await;
    (city, phone, desk)
}

#[tokio::test]
async fn an_unknown_person_is_linked() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let person = city.people(site).await[0];
    let swab = phone.swab(round, site, &tube(1), 999);
    phone.sync(&[swab]).await.ok();
    let exception = only(&desk, "unknown_person").await;
    assert_eq!((&exception["suggested"], &exception["sent"]["claimed"]), (&json!("link_person"), &json!("999")));
    assert_eq!(exception["sent"]["registrar"], "采样登记员 林小满");
    decide(&desk, &exception, json!({ "decision": "link_person" })).await.refused("body_invalid");
    decide(&desk, &exception, json!({ "decision": "link_person", "person": 12 })).await.refused("not_found");
    decide(&desk, &exception, json!({ "decision": "keep" })).await.refused("decision_not_allowed");
    decide(&desk, &exception, json!({ "decision": "link_person", "person": person })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid"]);
    decide(&desk, &exception, json!({ "decision": "link_person", "person": person })).await.refused("state_conflict");
    let after = desk.get(&format!("/api/v1/exceptions/{}", exception["id"].as_str().unwrap())).await.ok();
    assert_eq!(
        (&after["state"], &after["resolution"], &after["resolved_by"]),
        (&json!("resolved"), &json!("link_person"), &json!("采样点长 应立夏"))
    );
    assert_eq!(desk.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
    assert_eq!(desk.get("/api/v1/exceptions?state=resolved").await.ok()["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn swabs_that_the_tube_refuses_are_kept_or_voided() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    // Sealed with one more counted than was recorded: the late swab is inside.
    let first = phone.swab(round, site, &tube(1), people[0]);
    let seal = phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 2, "difference_signed_by": "林小满" }));
    let late = phone.swab(round, site, &tube(1), people[1]);
    phone.sync(&[first, seal, late]).await.ok();
    let sealed = only(&desk, "tube_sealed").await;
    assert_eq!((&sealed["suggested"], &sealed["met"]["tube"]["counted"]), (&json!("keep"), &json!(2)));
    decide(&desk, &sealed, json!({ "decision": "keep" })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid", "valid"]);
    // A tube of one with two in it: nobody counted the second.
    let mut one = phone.swab(round, site, &tube(2), people[2]);
    let mut two = phone.swab(round, site, &tube(2), people[3]);
    one["tube_kind"] = json!("single");
    two["tube_kind"] = json!("single");
    phone.sync(&[one, two]).await.ok();
    let full = only(&desk, "tube_over_full").await;
    assert_eq!(full["suggested"], "void");
    decide(&desk, &full, json!({ "decision": "void" })).await.refused("reason_required");
    decide(&desk, &full, json!({ "decision": "void", "note": "请重新采样" })).await.ok();
    assert_eq!(states(&city, &tube(2)).await, ["valid", "voided"]);
    // Two stations with one tube.
    let mine = phone.swab(round, site, &tube(3), people[4]);
    let mut theirs = phone.swab(round, site, &tube(3), people[5]);
    theirs["station"] = json!(2);
    phone.sync(&[mine, theirs]).await.ok();
    let held = only(&desk, "tube_held_elsewhere").await;
    assert_eq!((&held["suggested"], &held["met"]["tube"]["station"], &held["sent"]["station"]), (&json!("keep"), &json!(1), &json!(2)));
    decide(&desk, &held, json!({ "decision": "keep" })).await.ok();
    assert_eq!(states(&city, &tube(3)).await, ["valid", "valid"]);
}

#[tokio::test]
async fn swabs_at_the_wrong_time_are_kept_or_voided() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let mut early = phone.swab(round, site, &tube(1), people[0]);
    early["at"] = json!("2022-01-01T00:00:00Z");
    phone.sync(&[early]).await.ok();
    let closed = only(&desk, "round_closed").await;
    assert_eq!((&closed["suggested"], &closed["met"]["round"]["state"]), (&json!("keep"), &json!("open")));
    decide(&desk, &closed, json!({ "decision": "void", "note": "不是本轮" })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["voided"]);
    let skewed = phone.swab(round, site, &tube(2), people[1]);
    phone.client.post("/api/v1/sync", json!({ "sent_at": "2022-01-06T10:00:00Z", "commands": [skewed] })).await.ok();
    let skew = only(&desk, "clock_too_far_off").await;
    assert_eq!(skew["suggested"], "keep");
    assert!(skew["sent"]["clock_offset_s"].as_i64().unwrap().abs() > 600);
    decide(&desk, &skew, json!({ "decision": "keep" })).await.ok();
    assert_eq!(states(&city, &tube(2)).await, ["valid"]);
}

#[tokio::test]
async fn what_is_no_swab_is_dismissed_with_a_note() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let malformed = phone.swab(round, site, "T0000000420", people[0]);
    let unknown = phone.command(json!({ "op": "seal_tube", "tube": tube(9), "counted": 1, "difference_signed_by": null }));
    let swab = phone.swab(round, site, &tube(1), people[1]);
    let uncounted = phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 5, "difference_signed_by": null }));
    let mut other = swab.clone();
    other["person"]["no"] = json!(people[2]);
    phone.sync(&[malformed, unknown, swab, uncounted]).await.ok();
    for kind in ["malformed_code", "unknown_target", "count_differs"] {
        let exception = only(&desk, kind).await;
        assert_eq!((&exception["suggested"], &exception["allowed"]), (&json!("dismiss"), &json!(["dismiss"])), "{kind}");
        decide(&desk, &exception, json!({ "decision": "keep" })).await.refused("decision_not_allowed");
        decide(&desk, &exception, json!({ "decision": "dismiss" })).await.refused("reason_required");
        decide(&desk, &exception, json!({ "decision": "dismiss", "note": "已当面核实" })).await.ok();
    }
    // The same id with another person: what came first stands.
    phone.sync(&[other]).await.ok();
    let differs = only(&desk, "content_differs").await;
    assert_eq!(differs["suggested"], "dismiss");
    decide(&desk, &differs, json!({ "decision": "dismiss", "note": "以先到为准" })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid"]);
}

#[tokio::test]
async fn of_two_swabs_of_one_person_one_is_kept() {
    for (decision, left) in [("keep", ["voided", "valid"]), ("void", ["valid", "voided"])] {
        let (city, mut phone, desk) = started().await;
        let (round, site) = (city.round(), city.site(0));
        let person = city.people(site).await[0];
        let first = phone.swab(round, site, &tube(1), person);
        let second = phone.swab(round, city.site(1), &tube(2), person);
        phone.records(&[first, second]).await;
        city.drain().await;
        let exception = only(&desk, "second_collection").await;
        assert_eq!(exception["suggested"], "void");
        let swabs = exception["met"]["swabs"].as_array().unwrap();
        assert_eq!(swabs.iter().map(|swab| swab["this"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true]);
        assert_ne!(swabs[0]["site_name"], swabs[1]["site_name"], "both places are shown");
        decide(&desk, &exception, json!({ "decision": decision, "note": "本人确认" })).await.ok();
        let both = [states(&city, &tube(1)).await.remove(0), states(&city, &tube(2)).await.remove(0)];
        assert_eq!(both, left, "{decision}");
    }
}

#[tokio::test]
async fn a_lead_of_another_town_sees_nothing() {
    let (city, mut phone, _) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let swab = phone.swab(round, site, &tube(1), 999);
    phone.sync(std::slice::from_ref(&swab)).await.ok();
    let plan = city.app.plan();
    let here = plan.sites[&Id::new(site)].area;
    let elsewhere = plan.areas.iter().find(|area| area.code.parent().is_some() && !here.is_within(area.code)).unwrap().code;
    let admin = city.sign_in("admin").await;
    let grants = json!([{ "role": "site_lead", "area": elsewhere.to_string() }]);
    let account = json!({ "name": "lead2", "display_name": "邻镇点长", "password": "another-long-one", "grants": grants });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut lead = city.nobody();
    lead.sign_in("lead2", "another-long-one").await;
    assert_eq!(lead.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
    lead.get(&format!("/api/v1/exceptions?area={here}")).await.refused("forbidden");
    let path = format!("/api/v1/exceptions/{}", swab["id"].as_str().unwrap());
    lead.get(&path).await.refused("forbidden");
    lead.post(&format!("{path}/resolve"), json!({ "decision": "void", "note": "x" })).await.refused("forbidden");
}
