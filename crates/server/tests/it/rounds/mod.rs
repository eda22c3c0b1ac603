//! Rounds, exemptions, sites, shifts, the planner.

mod exceptions;
mod missing;
mod rehearsal;
mod scope;
mod sites;

use allclear_testkit::{City, Client};
use serde_json::{Value, json};

async fn root(client: &Client) -> String {
    client.get("/api/v1/areas").await.ok()["rows"][0]["code"].as_str().unwrap().to_owned()
}

fn order(scope: &[&str]) -> Value {
    json!({
        "name": "第二轮", "scope": scope.iter().map(|area| json!({ "area": area, "tube_kind": null })).collect::<Vec<_>>(),
        "tube_kind": "pool10", "starts_at": "2022-01-07T00:00:00Z", "ends_at": "2022-01-08T00:00:00Z", "groups": [], "version": null,
    })
}

/// Card code of a person, and the end of the document number that opens their page.
async fn card_of(city: &City, person: i64) -> (String, String) {
    let read = city.app.store.read("test", move |tx| {
        let code = tx.cards_of(&[person])?.pop().unwrap().1;
        let (_, _, _, sealed) = tx.documents_of(&[person])?.pop().unwrap();
        let number = tx.keys().open_cell("document", "number", &person.to_string(), &sealed)?;
        Ok::<_, allclear_store::StoreError>((code, number))
    });
    let (code, number) = read.await.unwrap();
    (code, number[number.len() - 4..].to_owned())
}

async fn event(client: &Client, round: &str, event: &str, reason: Option<&str>) -> allclear_testkit::Answer {
    client.post(&format!("/api/v1/rounds/{round}/events"), json!({ "event": event, "reason": reason })).await
}

#[tokio::test]
async fn a_round_is_planned_previewed_opened_and_ended() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let preview = headquarters.post("/api/v1/rounds/preview", order(&[&root])).await.ok();
    let towns = preview["towns"].as_array().unwrap();
    let sum: i64 = towns.iter().map(|town| town["expected"].as_i64().unwrap()).sum();
    assert!(sum > 0 && preview["expected"] == sum && towns.len() > 1, "{preview}");

    let round = headquarters.post("/api/v1/rounds", order(&[&root])).await.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/rounds/{round}");
    assert_eq!(headquarters.get(&path).await.ok()["state"], "draft");
    event(&headquarters, &round, "close", None).await.refused("state_conflict");
    event(&headquarters, &round, "open", None).await.ok();
    let open = headquarters.get(&path).await.ok();
    assert_eq!((&open["state"], &open["expected"]), (&json!("open"), &json!(sum)), "the list is what the preview said");
    assert_eq!(open["may"], json!(["begin_closing"]));
    event(&headquarters, &round, "open", None).await.refused("state_conflict");
    headquarters.put(&path, order(&[&root])).await.refused("state_conflict");
    event(&headquarters, &round, "begin_closing", None).await.ok();
    event(&headquarters, &round, "close", None).await.ok();
    event(&headquarters, &round, "reopen", Some(" ")).await.refused("reason_required");
    event(&headquarters, &round, "reopen", Some("三个村漏采")).await.ok();
    let again = headquarters.get(&path).await.ok();
    assert_eq!(again["state"], "open");
    let events: Vec<_> = again["events"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["create", "open", "begin_closing", "close", "reopen"]);
    assert_eq!(again["events"][4]["reason"], "三个村漏采");
}

#[tokio::test]
async fn a_plan_that_makes_no_sense_is_refused() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    headquarters.post("/api/v1/rounds", order(&["999999"])).await.refused("area_unknown");
    headquarters.post("/api/v1/rounds", order(&[])).await.refused("body_invalid");
    let mut backwards = order(&[&root]);
    backwards["ends_at"] = json!("2022-01-06T00:00:00Z");
    headquarters.post("/api/v1/rounds", backwards).await.refused("body_invalid");
    let mut odd = order(&[&root]);
    odd["groups"] = json!(["astronaut"]);
    headquarters.post("/api/v1/rounds", odd).await.refused("body_invalid");
    let mut nobody = order(&[&root]);
    nobody["groups"] = json!(["infant", "elder_without_phone"]);
    nobody["groups_all"] = json!(true);
    let round = headquarters.post("/api/v1/rounds", nobody).await.ok()["id"].as_str().unwrap().to_owned();
    event(&headquarters, &round, "open", None).await.refused("nobody_expected");
}

#[tokio::test]
async fn an_exemption_changes_the_lists_that_run() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let (round, person) = (city.round(), city.people(city.site(0)).await[0]);
    let expected = || async { headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok()["expected"].as_i64().unwrap() };
    let before = expected().await;
    headquarters.post("/api/v1/exemptions", json!({ "person": person, "reason": "other" })).await.refused("reason_required");
    headquarters.post("/api/v1/exemptions", json!({ "person": 5, "reason": "medical" })).await.refused("not_found");
    let new = json!({ "person": person, "reason": "medical", "note": "术后", "until_at": "2022-02-01T00:00:00Z" });
    let id = headquarters.post("/api/v1/exemptions", new.clone()).await.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(expected().await, before - 1);
    // A second reason for the same person changes nothing more.
    let second = headquarters.post("/api/v1/exemptions", new).await.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(expected().await, before - 1);
    let area = root(&headquarters).await;
    let listed = headquarters.get(&format!("/api/v1/exemptions?area={area}")).await.ok();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 2);
    assert!(listed["rows"][0]["name"].as_str().unwrap().contains('*'), "masked: {listed}");
    headquarters.delete(&format!("/api/v1/exemptions/{id}")).await.ok();
    assert_eq!(expected().await, before - 1, "the other one still holds");
    headquarters.delete(&format!("/api/v1/exemptions/{second}")).await.ok();
    assert_eq!(expected().await, before);
    headquarters.delete(&format!("/api/v1/exemptions/{second}")).await.refused("state_conflict");
}

#[tokio::test]
async fn a_person_exempt_before_the_round_is_not_expected_in_it() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let person = city.people(city.site(0)).await[0];
    headquarters.post("/api/v1/exemptions", json!({ "person": person, "reason": "away" })).await.ok();
    let root = root(&headquarters).await;
    let preview = headquarters.post("/api/v1/rounds/preview", order(&[&root])).await.ok();
    let round = headquarters.post("/api/v1/rounds", order(&[&root])).await.ok()["id"].as_str().unwrap().to_owned();
    event(&headquarters, &round, "open", None).await.ok();
    let open = headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok();
    assert_eq!(open["expected"], preview["expected"]);
    assert_eq!(open["exempt"], preview["exempt"]);
    assert!(open["exempt"].as_array().unwrap().contains(&json!({ "reason": "away", "persons": 1 })), "{}", open["exempt"]);
}

#[tokio::test]
async fn a_site_is_made_changed_closed_and_its_queue_sent_on() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let other = city.site(1);
    let areas = headquarters.get("/api/v1/areas").await.ok();
    let village = areas["rows"].as_array().unwrap().iter().find(|area| area["level"] == "village").unwrap()["code"].clone();
    let mut site = json!({
        "name": "体育馆采样点", "area": village, "serves": [village], "stations": 3, "longitude": 120.02, "latitude": 28.9,
        "hours": "07:00-20:00", "version": null,
    });
    let id = headquarters.post("/api/v1/sites", site.clone()).await.ok()["id"].as_str().unwrap().to_owned();
    site["stations"] = json!(0);
    headquarters.put(&format!("/api/v1/sites/{id}"), site.clone()).await.refused("body_invalid");
    site["stations"] = json!(4);
    site["version"] = json!(1);
    headquarters.put(&format!("/api/v1/sites/{id}"), site.clone()).await.ok();
    headquarters.put(&format!("/api/v1/sites/{id}"), site).await.refused("state_conflict");
    let opening = format!("/api/v1/sites/{id}/opening");
    headquarters.post(&opening, json!({ "open": false, "transfer_to": other })).await.refused("reason_required");
    headquarters.post(&opening, json!({ "open": false, "reason": "停电", "transfer_to": id })).await.refused("state_conflict");
    headquarters.post(&opening, json!({ "open": false, "reason": "停电", "transfer_to": other })).await.ok();
    let shift = city.phone("registrar").await.client.get(&format!("/api/v1/field/shift?site={id}")).await.ok();
    assert_eq!((&shift["site"]["open"], &shift["site"]["transfer_to"]), (&json!(false), &json!(other)));
    let states = headquarters.get("/api/v1/sites/states?limit=500").await.ok();
    let state = states["rows"].as_array().unwrap().iter().find(|row| row["id"] == id.as_str()).unwrap().clone();
    assert_eq!((&state["stations"], &state["closed_reason"]), (&json!(4), &json!("停电")));
    headquarters.post(&opening, json!({ "open": true })).await.ok();
}

#[tokio::test]
async fn a_site_that_works_says_how_long_one_waits() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let tube = allclear_domain::kernel::code::TubeCode::from_serial(1).as_str().to_owned();
    let swabs: Vec<_> = people.iter().take(3).map(|no| phone.swab(round, site, &tube, *no)).collect();
    phone.records(&swabs).await;
    city.drain().await;
    let states = headquarters.get(&format!("/api/v1/sites/states?round={round}&limit=500")).await.ok();
    let state = states["rows"].as_array().unwrap().iter().find(|row| row["id"] == json!(site)).unwrap().clone();
    assert_eq!((&state["swabs"], &state["per_hour"], &state["expected"]), (&json!(3), &json!(6.0), &json!(people.len())));
    assert!(state["wait_minutes"].is_i64(), "{state}");
    let idle = states["rows"].as_array().unwrap().iter().find(|row| row["id"] == json!(city.site(1))).unwrap();
    assert!(idle["wait_minutes"].is_null(), "nobody knows how fast a site is that has not begun: {idle}");
}

#[tokio::test]
async fn shifts_do_not_overlap() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let site = city.site(0);
    let path = format!("/api/v1/sites/{site}/shifts");
    let workers = headquarters.get(&format!("/api/v1/sites/{site}/workers")).await.ok();
    let account = |index: usize| workers[index]["account"].clone();
    let shift = |account: Value, station: i64, from: &str, until: &str| json!({ "account": account, "station": station, "from_at": format!("2022-01-06T{from}:00Z"), "until_at": format!("2022-01-06T{until}:00Z") });
    let id = headquarters.post(&path, shift(account(0), 1, "06:00", "10:00")).await.ok()["id"].as_str().unwrap().to_owned();
    headquarters.post(&path, shift(account(1), 1, "09:00", "12:00")).await.refused("shift_overlaps");
    headquarters.post(&path, shift(account(0), 1, "09:00", "12:00")).await.refused("shift_overlaps");
    headquarters.post(&path, shift(account(1), 99, "10:00", "12:00")).await.refused("body_invalid");
    headquarters.post(&path, shift(account(1), 1, "12:00", "10:00")).await.refused("body_invalid");
    headquarters.post(&path, shift(json!(uuid::Uuid::nil()), 1, "10:00", "12:00")).await.refused("not_found");
    headquarters.post(&path, shift(account(1), 1, "10:00", "12:00")).await.ok();
    assert_eq!(headquarters.get(&path).await.ok()["rows"].as_array().unwrap().len(), 2);
    headquarters.delete(&format!("/api/v1/station-shifts/{id}")).await.ok();
    headquarters.delete(&format!("/api/v1/station-shifts/{id}")).await.refused("not_found");
    headquarters.post(&path, shift(account(1), 1, "06:00", "09:00")).await.ok();
}

#[tokio::test]
async fn the_planner_shows_its_arithmetic() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let plan = headquarters.get(&format!("/api/v1/planner?area={root}&prevalence=0.01")).await.ok();
    assert_eq!((&plan["population"], &plan["samplers"], &plan["advised"]), (&json!(1000), &json!(3), &json!(10)));
    let ten = &plan["pools"].as_array().unwrap().iter().find(|pool| pool["size"] == 10).unwrap()["tests_per_person"];
    assert!((ten.as_f64().unwrap() - (0.1 + 1.0 - 0.99f64.powi(10))).abs() < 1e-9);
    headquarters.get(&format!("/api/v1/planner?area={root}&prevalence=2")).await.refused("body_invalid");
    headquarters.get("/api/v1/planner?area=nowhere").await.refused("area_unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_round_that_was_opened_is_open_whatever_else_loads_the_plan() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let loads: Vec<_> = (0..3)
        .map(|_| {
            let (app, stop) = (std::sync::Arc::clone(&city.app), std::sync::Arc::clone(&stop));
            tokio::spawn(async move {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    app.reload_plan().await.unwrap();
                }
            })
        })
        .collect();
    for n in 0..40 {
        let round = headquarters.post("/api/v1/rounds", order(&[&root])).await.ok()["id"].as_str().unwrap().to_owned();
        event(&headquarters, &round, "open", None).await.ok();
        let id = allclear_domain::kernel::id::Id::new(round.parse().unwrap());
        for _ in 0..20 {
            let state = city.app.plan().rounds.get(&id).map(|round| round.state);
            assert_eq!(state, Some(allclear_domain::sampling::round::RoundState::Open), "round {n}");
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for load in loads {
        load.await.unwrap();
    }
}
