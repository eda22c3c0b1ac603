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
    assert_eq!((&full["suggested"], &full["allowed"]), (&json!("void"), &json!(["correct_kind", "void"])));
    decide(&desk, &full, json!({ "decision": "keep" })).await.refused("decision_not_allowed");
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

#[tokio::test]
async fn a_tube_counts_no_more_than_its_size_unless_it_is_a_larger_one() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let mut swabs: Vec<_> = (1..=3).map(|no| phone.swab(round, site, &tube(1), no)).collect();
    for (swab, no) in swabs.iter_mut().zip(some_people(&city).await) {
        swab["tube_kind"] = json!("single");
        swab["person"]["no"] = json!(no);
    }
    phone.sync(&swabs[..2]).await.ok();
    let full = only(&desk, "tube_over_full").await;
    decide(&desk, &full, json!({ "decision": "correct_kind" })).await.refused("body_invalid");
    decide(&desk, &full, json!({ "decision": "correct_kind", "tube_kind": "single" })).await.refused("decision_not_allowed");
    decide(&desk, &full, json!({ "decision": "correct_kind", "tube_kind": "pool5", "note": "实为五混一" })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid", "valid"]);
    let row = city.app.store.read("test", |tx| tx.tube(&tube(1))).await.unwrap().unwrap();
    assert_eq!((row.kind.as_str(), row.valid, row.inside), ("pool5", 2, 2));
    // The kind stays, whatever the phone still believes; another swab fits.
    phone.records(&swabs[2..]).await;
    phone.records(&swabs).await;
    assert_eq!(states(&city, &tube(1)).await, ["valid", "valid", "valid"]);
}

/// Some persons of the city.
async fn some_people(city: &City) -> Vec<i64> {
    let root = allclear_domain::kernel::area::AreaCode::parse("330784").unwrap();
    let read = city.app.store.read("test", move |tx| tx.person_numbers(root, 0));
    read.await.unwrap().into_iter().map(|(_, no)| no).take(20).collect()
}

#[tokio::test]
async fn what_happened_at_a_site_is_shown_to_its_lead_wherever_the_person_lives() {
    let (city, mut phone, _) = started().await;
    let round = city.round();
    let plan = city.app.plan();
    let site = city.site(0);
    let here = plan.sites[&Id::new(site)].area;
    // Somebody from the other end of the city.
    let far = plan.sites.values().map(|site| site.id.uuid()).max_by_key(|id| plan.sites[&Id::new(*id)].area).unwrap();
    let stranger = city.people(far).await[0];
    let mut early = phone.swab(round, site, &tube(1), stranger);
    early["at"] = json!("2022-01-01T00:00:00Z");
    let malformed = phone.swab(round, site, "T0000000420", stranger);
    let seal = phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 7, "difference_signed_by": null }));
    phone.sync(&[early, malformed, seal]).await.ok();
    let lead = lead_of(&city, &here.to_string(), "lead0").await;
    let rows = lead.get("/api/v1/exceptions").await.ok()["rows"].as_array().unwrap().clone();
    let mut kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["count_differs", "malformed_code", "round_closed"]);
    assert!(rows.iter().all(|row| row["area"] == here.to_string() && row["site"] == json!(site)), "{rows:?}");
    let away = lead_of(&city, &plan.sites[&Id::new(far)].area.to_string(), "lead1").await;
    assert_eq!(away.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
}

/// Somebody with one role in one area.
async fn account(city: &City, role: &str, area: &str, name: &str) {
    let admin = city.sign_in("admin").await;
    let grants = json!([{ "role": role, "area": area }]);
    let account = json!({ "name": name, "display_name": name, "password": PASSWORD, "grants": grants });
    admin.post("/api/v1/accounts", account).await.ok();
}

const PASSWORD: &str = "another-long-one";

/// A site lead of one area, signed in.
async fn lead_of(city: &City, area: &str, name: &str) -> Client {
    account(city, "site_lead", area, name).await;
    let mut lead = city.nobody();
    lead.sign_in(name, PASSWORD).await;
    lead
}

#[tokio::test]
async fn out_of_scope_and_wrong_state_have_both_sides() {
    let (city, _, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let plan = city.app.plan();
    let here = plan.sites[&Id::new(site)].area;
    let town = here.parent().unwrap();
    let elsewhere = plan.areas.iter().find(|area| area.code.parent().is_some() && !here.is_within(area.code)).unwrap().code;
    account(&city, "registrar", &elsewhere.to_string(), "reg2").await;
    let mut phone = city.phone_with("reg2", PASSWORD).await;
    let people = some_people(&city).await;
    let swab = phone.swab(round, site, &tube(1), people[0]);
    phone.sync(&[swab]).await.ok();
    let outside = only(&desk, "out_of_scope").await;
    assert_eq!((&outside["suggested"], &outside["allowed"]), (&json!("void"), &json!(["keep", "void"])));
    assert_eq!((&outside["area"], &outside["sent"]["registrar"]), (&json!(here.to_string()), &json!("reg2")));
    let of_town = desk.get(&format!("/api/v1/exceptions?area={town}")).await.ok();
    assert_eq!(of_town["rows"].as_array().unwrap().len(), 1);
    decide(&desk, &outside, json!({ "decision": "keep" })).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid"]);
    // A tube is sealed twice.
    let mut own = city.phone("registrar").await;
    let swab = own.swab(round, site, &tube(2), people[1]);
    let seal = own.command(json!({ "op": "seal_tube", "tube": tube(2), "counted": 1, "difference_signed_by": null }));
    let again = own.command(json!({ "op": "seal_tube", "tube": tube(2), "counted": 1, "difference_signed_by": null }));
    own.sync(&[swab, seal, again]).await.ok();
    let wrong = only(&desk, "wrong_state").await;
    assert_eq!((&wrong["allowed"], &wrong["met"]["tube"]["stage"]), (&json!(["dismiss"]), &json!("sealed")));
    decide(&desk, &wrong, json!({ "decision": "dismiss", "note": "点了两次" })).await.ok();
}

#[tokio::test]
async fn somebody_unknown_is_looked_at_with_a_reason_and_registered() {
    let (city, mut phone, desk) = started().await;
    let (round, site) = (city.round(), city.site(0));
    let code = allclear_domain::kernel::code::CardCode::from_random([9; 10]).as_str().to_owned();
    let mut swab = phone.swab(round, site, &tube(1), 1);
    swab["person"] = json!({ "by": "code", "code": code });
    phone.sync(&[swab]).await.ok();
    let exception = only(&desk, "unknown_person").await;
    let id = exception["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/exceptions/{id}/claim");
    desk.post(&path, json!({ "reason": " " })).await.refused("reason_required");
    assert_eq!(desk.post(&path, json!({ "reason": "核对身份" })).await.ok()["code"], code);
    let register = |body: Value| json!({ "decision": "link_person", "register": body });
    decide(&desk, &exception, register(json!({}))).await.refused("body_invalid");
    decide(&desk, &exception, json!({ "decision": "link_person", "person": 1, "register": {} })).await.refused("body_invalid");
    decide(&desk, &exception, register(json!({ "name": "周新来", "phone": "13800000000", "birth_year": 1990 }))).await.ok();
    assert_eq!(states(&city, &tube(1)).await, ["valid"]);
    let looks = city.app.store.read("test", move |tx| tx.access_of(&format!("exception {id}"), 10)).await.unwrap();
    assert!(looks.iter().any(|look| look.action == "reveal_claim" && look.reason == "核对身份"), "the look is logged with its reason");
    // The card that the device scanned is theirs now.
    let mut by_card = phone.swab(round, site, &tube(2), 1);
    by_card["person"] = json!({ "by": "code", "code": code });
    phone.records(&[by_card]).await;
    desk.post(&path, json!({ "reason": "再看" })).await.refused("not_found");
}

#[tokio::test]
async fn exceptions_are_found_decided_together_and_taken_away_as_a_file() {
    let (city, mut phone, desk) = started().await;
    let round = city.round();
    let (site, other) = (city.site(0), city.site(1));
    let people = some_people(&city).await;
    let mut commands = Vec::new();
    for (serial, site) in [(1, site), (2, site), (3, other)] {
        let mut early = phone.swab(round, site, &tube(serial), people[serial as usize]);
        early["at"] = json!("2022-01-01T00:00:00Z");
        commands.push(early);
    }
    commands.push(phone.swab(round, site, &tube(4), 999));
    phone.sync(&commands).await.ok();
    let count = |query: String| {
        let desk = desk.clone();
        async move { desk.get(&format!("/api/v1/exceptions?{query}")).await.ok()["rows"].as_array().unwrap().len() }
    };
    assert_eq!(count(String::new()).await, 4);
    assert_eq!(count(format!("site={site}")).await, 3);
    assert_eq!(count(format!("code={}", tube(3).to_lowercase())).await, 1);
    assert_eq!(count(format!("code={}", &tube(1)[..4])).await, 4);
    assert_eq!(count(format!("site={site}&kind=round_closed&round={round}")).await, 2);
    assert_eq!(count(format!("area={}", city.app.plan().sites[&Id::new(other)].area)).await, 1);
    let id = |index: usize| commands[index]["id"].clone();
    let post = |ids: Value, note: &str| {
        let (desk, body) = (desk.clone(), json!({ "ids": ids, "note": note }));
        async move { desk.post("/api/v1/exceptions/resolve-many", body).await }
    };
    post(json!([id(0)]), " ").await.refused("reason_required");
    post(json!([id(0), id(3)]), "同一原因").await.refused("body_invalid");
    post(json!([]), "同一原因").await.refused("body_invalid");
    let done = post(json!([id(0), id(1)]), "设备时间错误，已核对").await.ok();
    assert_eq!((&done["resolved"], &done["left"]), (&json!(2), &json!([])));
    assert_eq!(states(&city, &tube(1)).await, ["valid"], "as suggested: the round is open");
    let left = post(json!([id(3)]), "查无此人").await.ok();
    assert_eq!((&left["resolved"], &left["left"]), (&json!(0), &json!([id(3)])), "who it was must be said");
    let export = |query: &str, body: Value| {
        let (desk, path) = (desk.clone(), format!("/api/v1/exceptions/export?{query}"));
        async move { desk.post(&path, body).await }
    };
    export("", json!({ "format": "csv", "reason": "" })).await.refused("reason_required");
    export("", json!({ "format": "pdf", "reason": "周报" })).await.refused("body_invalid");
    let csv = export("state=resolved", json!({ "format": "csv", "reason": "周报" })).await;
    let text = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("轮次未开放") && text.contains("采纳") && text.contains("设备时间错误"));
    let xlsx = export("", json!({ "format": "xlsx", "reason": "周报" })).await;
    assert_eq!(&xlsx.bytes[..2], b"PK");
}

#[tokio::test]
async fn only_the_swab_that_was_asked_for_is_no_second_collection() {
    let mut lab = crate::lab::Desk::open().await;
    let tube = crate::lab::tube;
    let people = lab.fill(&tube(1), 5).await;
    // The first comes again before anybody asked.
    lab.city.clock.advance_seconds(60);
    lab.fill_kind(&tube(2), "single", &people[..1]).await;
    lab.city.clock.advance_seconds(1800);
    lab.receive(&[tube(1)]).await;
    let run = lab.run(1, &[tube(1)]).await;
    lab.enter(Some(&run), &[tube(1)], "positive").await;
    lab.release_one(&tube(1), "positive").await;
    lab.settle().await;
    lab.city.clock.advance_seconds(1800);
    // The second comes when asked, is answered, and comes once more.
    lab.fill_kind(&tube(3), "single", &people[1..2]).await;
    lab.receive(&[tube(3)]).await;
    let run = lab.run(2, &[tube(3)]).await;
    lab.enter(Some(&run), &[tube(3)], "negative").await;
    lab.release_one(&tube(3), "negative").await;
    lab.settle().await;
    lab.city.clock.advance_seconds(1800);
    lab.fill_kind(&tube(4), "single", &people[1..2]).await;
    lab.settle().await;
    lab.city.drain().await;
    let desk = lab.city.sign_in("sitelead").await;
    let listed = desk.get("/api/v1/exceptions?kind=second_collection").await.ok();
    let mut tubes: Vec<_> = listed["rows"].as_array().unwrap().iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect();
    tubes.sort();
    assert_eq!(tubes, [tube(2), tube(4)]);
}
