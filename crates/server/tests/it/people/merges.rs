//! A merge counts at once: lists, screens, exceptions and the recount know of it, and of its undo.

use allclear_testkit::{City, Client};
use serde_json::{Value, json};

use crate::lab::{Desk, tube};

/// What a round's screen and lists say, once everybody has followed.
async fn look(city: &City, round: uuid::Uuid, person: i64) -> Value {
    city.drain().await;
    let headquarters = city.sign_in("headquarters").await;
    let total = headquarters.get(&format!("/api/v1/live/frame?round={round}")).await.ok()["total"].clone();
    let detail = headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok();
    let area = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(city.site(0))].area;
    let missing = headquarters.get(&format!("/api/v1/rounds/{round}/missing?area={area}&limit=500")).await.ok();
    let waits = |exception: &&Value| exception["kind"] == "second_collection";
    let open = headquarters.get("/api/v1/exceptions").await.ok();
    let recount = headquarters.get("/api/v1/live/recount").await.ok();
    assert_eq!(recount["different"], 0, "{recount}");
    assert_eq!(detail["expected"], total["expected"], "completion is of the same list");
    json!({
        "expected": total["expected"], "sampled": total["expected_sampled"], "unexpected": total["unexpected_sampled"],
        "collections": total["collections"], "missing": missing["total"], "second": open["rows"].as_array().unwrap().iter().filter(waits).count(),
        "is missing": missing["rows"].as_array().unwrap().iter().any(|row| row["no"] == person),
    })
}

/// Expected, of these sampled, sampled and not expected, swabs.
fn totals(seen: &Value) -> [i64; 4] {
    ["expected", "sampled", "unexpected", "collections"].map(|figure| seen[figure].as_i64().unwrap())
}

async fn merge(admin: &Client, stays: i64, goes: i64, how: &str) {
    admin.post(&format!("/api/v1/people/{stays}/{how}"), json!({ "goes": goes, "reason": "same person" })).await.ok();
}

/// Whoever is taken down by hand into a tube; their number.
async fn by_hand(desk: &mut Desk, code: &str, id: u128) -> i64 {
    let (round, site) = (desk.city.round(), desk.city.site(0));
    let mut swab = desk.phone.swab(round, site, code, 1);
    let name = format!("路人{}", if id == 1 { "甲" } else { "乙" });
    swab["person"] = json!({ "by": "manual", "provisional": uuid::Uuid::from_u128(id), "name": name, "phone": null, "birth_year": null });
    desk.phone.records(&[swab]).await;
    let admin = desk.city.sign_in("admin").await;
    admin.post("/api/v1/people/search", json!({ "text": name })).await.ok()["rows"][0]["no"].as_i64().unwrap()
}

#[tokio::test]
async fn somebody_taken_down_by_hand_is_not_asked_again_once_the_records_are_one() {
    let mut desk = Desk::on(City::start().await).await;
    let (round, registered) = (desk.city.round(), desk.people[0]);
    let admin = desk.city.sign_in("admin").await;
    let by_hand = by_hand(&mut desk, &tube(1), 1).await;
    let before = look(&desk.city, round, registered).await;
    assert_eq!((totals(&before), &before["is missing"]), ([1000, 0, 1, 1], &json!(true)));
    merge(&admin, registered, by_hand, "merge").await;
    let merged = look(&desk.city, round, registered).await;
    assert_eq!((totals(&merged), &merged["is missing"]), ([1000, 1, 0, 1], &json!(false)));
    let trace = desk.headquarters.get(&format!("/api/v1/trace/person/{registered}")).await.ok();
    assert_eq!((&trace["members"], &trace["steps"][0]["tube"]), (&json!(1), &json!(tube(1))));
    merge(&admin, registered, by_hand, "unmerge").await;
    assert_eq!(look(&desk.city, round, registered).await, before);
    let trace = desk.headquarters.get(&format!("/api/v1/trace/person/{registered}")).await.ok();
    assert_eq!((&trace["members"], &trace["steps"]), (&json!(0), &json!([])));
    let record = admin.get(&format!("/api/v1/people/{by_hand}")).await.ok();
    assert_eq!(record["state"], "provisional", "as it was");
    // What becomes of the swab afterwards is told of the record that stays.
    merge(&admin, registered, by_hand, "merge").await;
    let lead = desk.city.sign_in("sitelead").await;
    lead.post(&format!("/api/v1/tubes/{}/void", tube(1)), json!({ "reason": "leaked" })).await.ok();
    let voided = look(&desk.city, round, registered).await;
    assert_eq!((totals(&voided), &voided["is missing"]), ([1000, 0, 0, 0], &json!(true)));
    merge(&admin, registered, by_hand, "unmerge").await;
    assert_eq!(totals(&look(&desk.city, round, registered).await), [1000, 0, 0, 0]);
}

#[tokio::test]
async fn two_records_swabbed_in_one_round_wait_for_a_decision_and_have_one_place_in_the_list() {
    let mut desk = Desk::on(City::start().await).await;
    let (site, registered) = (desk.city.site(0), desk.people[0]);
    let admin = desk.city.sign_in("admin").await;
    let village = desk.city.app.plan().sites[&allclear_domain::kernel::id::Id::new(site)].area.to_string();
    let form = json!({ "name": "应采薇", "document_kind": "passport", "document_number": "E12345678", "living_area": village });
    let visitor = admin.post("/api/v1/people", form).await.ok()["no"].as_i64().unwrap();
    let round = second_round(&desk.headquarters).await;
    let swabs: Vec<Value> =
        (1..).zip([registered, visitor]).map(|(serial, person)| desk.phone.swab(round, site, &tube(serial), person)).collect();
    desk.phone.records(&swabs).await;
    let before = look(&desk.city, round, registered).await;
    assert_eq!((totals(&before), &before["second"]), ([1001, 2, 0, 2], &json!(0)));
    merge(&admin, registered, visitor, "merge").await;
    let merged = look(&desk.city, round, registered).await;
    assert_eq!((totals(&merged), &merged["second"]), ([1000, 1, 0, 2], &json!(1)));
    // The same the other way round: the one that stays takes the other's place.
    merge(&admin, registered, visitor, "unmerge").await;
    assert_eq!(look(&desk.city, round, registered).await, before);
    merge(&admin, visitor, registered, "merge").await;
    assert_eq!(totals(&look(&desk.city, round, visitor).await), [1000, 1, 0, 2]);
    merge(&admin, visitor, registered, "unmerge").await;
    assert_eq!(look(&desk.city, round, registered).await, before);
}

#[tokio::test]
async fn a_chain_of_merges_counts_for_its_last_record_whether_anybody_has_followed_or_not() {
    let mut desk = Desk::on(City::start().await).await;
    let (round, site, registered) = (desk.city.round(), desk.city.site(0), desk.people[0]);
    let admin = desk.city.sign_in("admin").await;
    let one = by_hand(&mut desk, &tube(1), 1).await;
    let other = by_hand(&mut desk, &tube(2), 2).await;
    // Nobody has followed the swabs yet.
    merge(&admin, other, one, "merge").await;
    let merged = look(&desk.city, round, registered).await;
    assert_eq!((totals(&merged), &merged["second"]), ([1000, 0, 1, 2], &json!(1)));
    merge(&admin, registered, other, "merge").await;
    let chain = look(&desk.city, round, registered).await;
    assert_eq!((totals(&chain), &chain["second"]), ([1000, 1, 0, 2], &json!(1)));
    // A scan of the first record's number is the last one's swab.
    let swab = desk.phone.swab(round, site, &tube(3), one);
    let heard = desk.phone.records(&[swab]).await;
    assert_eq!(heard["outcomes"][0]["warning"], "already_sampled");
    let third = look(&desk.city, round, registered).await;
    assert_eq!((totals(&third), &third["second"]), ([1000, 1, 0, 3], &json!(2)));
    merge(&admin, registered, other, "unmerge").await;
    let apart = look(&desk.city, round, registered).await;
    assert_eq!((totals(&apart), &apart["second"]), ([1000, 1, 1, 3], &json!(1)));
    merge(&admin, other, one, "unmerge").await;
    let apart = look(&desk.city, round, registered).await;
    assert_eq!((totals(&apart), &apart["second"]), ([1000, 1, 2, 3], &json!(0)));
}

#[tokio::test]
async fn a_result_reaches_whoever_stays() {
    let mut desk = Desk::on(City::start().await).await;
    let (round, registered) = (desk.city.round(), desk.people[0]);
    let admin = desk.city.sign_in("admin").await;
    let by_hand = by_hand(&mut desk, &tube(1), 1).await;
    let seal = desk.phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 1, "difference_signed_by": null }));
    desk.phone.records(&[seal]).await;
    desk.city.drain().await;
    merge(&admin, registered, by_hand, "merge").await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "negative").await;
    desk.release_one(&tube(1), "negative").await;
    assert_eq!(totals(&look(&desk.city, round, registered).await), [1000, 1, 0, 1]);
    let trace = desk.headquarters.get(&format!("/api/v1/trace/person/{registered}")).await.ok();
    let told = |step: &&Value| step["event"] == "reported" && step["state"] == "negative";
    assert_eq!(trace["steps"].as_array().unwrap().iter().filter(told).count(), 1, "{trace}");
    // Taken apart after the release: nobody is told twice, and nobody who was not swabbed.
    merge(&admin, registered, by_hand, "unmerge").await;
    assert_eq!(totals(&look(&desk.city, round, registered).await), [1000, 0, 1, 1]);
    let trace = desk.headquarters.get(&format!("/api/v1/trace/person/{registered}")).await.ok();
    assert_eq!(trace["steps"], json!([]));
}

/// Somebody of a pool that was not negative comes again, under the other record of theirs.
#[tokio::test]
async fn whoever_was_asked_to_come_again_may_come_under_the_record_that_stays() {
    let mut desk = Desk::on(City::start().await).await;
    let admin = desk.city.sign_in("admin").await;
    let registered = desk.fresh_people(1)[0];
    let by_hand = by_hand(&mut desk, &tube(1), 1).await;
    let other = desk.fresh_people(1)[0];
    let swab = desk.phone.swab(desk.city.round(), desk.city.site(0), &tube(1), other);
    let seal = desk.phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 2, "difference_signed_by": null }));
    desk.phone.records(&[swab, seal]).await;
    desk.city.drain().await;
    desk.receive(&[tube(1)]).await;
    let run = desk.run(1, &[tube(1)]).await;
    desk.enter(Some(&run), &[tube(1)], "positive").await;
    desk.release_one(&tube(1), "positive").await;
    desk.settle().await;
    assert_eq!(desk.with_task(&[by_hand, other], "recheck").await, 2);
    merge(&admin, registered, by_hand, "merge").await;
    desk.city.clock.advance_seconds(1800);
    desk.fill_kind(&tube(2), "single", &[registered]).await;
    desk.receive(&[tube(2)]).await;
    let run = desk.run(2, &[tube(2)]).await;
    desk.enter(Some(&run), &[tube(2)], "negative").await;
    desk.release_one(&tube(2), "negative").await;
    desk.settle().await;
    let seen = look(&desk.city, desk.city.round(), registered).await;
    assert_eq!((totals(&seen), &seen["second"]), ([1000, 2, 0, 3], &json!(0)), "what was asked for is no second swab");
    assert_eq!(desk.with_task(&[by_hand, other], "recheck").await, 1, "the other still has to come");
    let pool = desk.headquarters.get(&format!("/api/v1/follow-ups/{}", tube(1))).await.ok();
    assert_eq!((&pool["members_total"], &pool["members_open"]), (&json!(2), &json!(1)));
}

/// A tube was rejected: whoever is in it is asked again, and comes under the other record of theirs.
#[tokio::test]
async fn a_task_is_done_under_whichever_record_its_person_comes() {
    let mut desk = Desk::on(City::start().await).await;
    let admin = desk.city.sign_in("admin").await;
    let registered = desk.fresh_people(1)[0];
    let by_hand = by_hand(&mut desk, &tube(1), 1).await;
    let seal = desk.phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 1, "difference_signed_by": null }));
    desk.phone.records(&[seal]).await;
    desk.receive(&[tube(1)]).await;
    desk.entry.post(&desk.at(&format!("/tubes/{}/reject", tube(1))), json!({ "reason": "leaked", "note": null })).await.ok();
    desk.settle().await;
    assert_eq!(desk.with_task(&[by_hand], "resample").await, 1);
    merge(&admin, registered, by_hand, "merge").await;
    desk.city.clock.advance_seconds(60);
    desk.fill_kind(&tube(2), "single", &[registered]).await;
    desk.settle().await;
    assert_eq!(desk.with_task(&[by_hand], "resample").await, 0);
}

async fn second_round(headquarters: &Client) -> uuid::Uuid {
    let area = headquarters.get("/api/v1/areas").await.ok()["rows"][0]["code"].clone();
    let order = json!({
        "name": "第二轮", "scope": [{ "area": area, "tube_kind": null }], "tube_kind": "pool10",
        "starts_at": "2022-01-06T00:00:00Z", "ends_at": "2022-01-08T00:00:00Z", "groups": [], "version": null,
    });
    let round: uuid::Uuid = headquarters.post("/api/v1/rounds", order).await.ok()["id"].as_str().unwrap().parse().unwrap();
    headquarters.post(&format!("/api/v1/rounds/{round}/events"), json!({ "event": "open", "reason": null })).await.ok();
    round
}
