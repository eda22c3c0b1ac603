//! How long one waits, and where people go when a site closes.

use allclear_domain::kernel::{code::TubeCode, id::Id};
use allclear_testkit::{City, Client};
use serde_json::{Value, json};

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

async fn state(desk: &Client, site: uuid::Uuid) -> Value {
    let states = desk.get("/api/v1/sites/states?limit=500").await.ok();
    states["rows"].as_array().unwrap().iter().find(|row| row["id"] == json!(site)).unwrap().clone()
}

async fn on_screen(desk: &Client, site: uuid::Uuid) -> Value {
    let frame = desk.get("/api/v1/live/frame").await.ok();
    frame["sites"].as_array().unwrap().iter().find(|row| row["site"] == json!(site)).cloned().unwrap_or_default()
}

async fn set_hours(city: &City, desk: &Client, site: uuid::Uuid, hours: &str) -> allclear_testkit::Answer {
    let row = city.app.plan().sites[&Id::new(site)].clone();
    let order = json!({ "name": row.name, "area": row.area.to_string(), "serves": row.serves.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "stations": row.stations, "longitude": null, "latitude": null, "hours": hours, "version": row.version });
    let answer = desk.put(&format!("/api/v1/sites/{site}"), order).await;
    // The screen draws anew when its followers have heard of it.
    city.drain().await;
    answer
}

/// A city in which a site has taken `swabs` of its people.
async fn working(population: u64, swabs: usize) -> (City, Client, uuid::Uuid) {
    let city = City::with_population(population).await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let commands: Vec<_> = people.iter().take(swabs).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&commands).await;
    city.drain().await;
    let headquarters = city.sign_in("headquarters").await;
    (city, headquarters, site)
}

#[tokio::test]
async fn the_wait_is_the_same_everywhere_and_follows_the_hours() {
    let (city, headquarters, site) = working(10_000, 3).await;
    let before = state(&headquarters, site).await;
    // 08:00 in China, the round ends at 08:00 tomorrow, 6 swabs an hour: (remaining / 6 - hours) / 2.
    let wait = |hours: f64| ((before["remaining"].as_f64().unwrap() / 6.0 - hours).max(0.0) * 30.0).round() as i64;
    set_hours(&city, &headquarters, site, "08:00-09:00").await.ok();
    assert_eq!(state(&headquarters, site).await["wait_minutes"], wait(1.0), "one hour is left today, none tomorrow before the end");
    assert!(wait(1.0) > 60);
    let screen = on_screen(&headquarters, site).await;
    assert_eq!((&screen["wait_minutes"], &screen["stuck"]), (&json!(wait(1.0)), &json!("long_wait")));
    let person = city.people(site).await[5];
    let (code, tail) = super::card_of(&city, person).await;
    let mut resident = city.nobody();
    resident.open_resident_page(&code, &tail).await;
    assert_eq!(resident.get("/api/v1/resident/me").await.ok()["round"]["sites"][0]["wait_minutes"], wait(1.0));
    set_hours(&city, &headquarters, site, "全天").await.ok();
    assert_eq!(state(&headquarters, site).await["wait_minutes"], wait(24.0));
    let stuck = if wait(24.0) > 60 { json!("long_wait") } else { Value::Null };
    assert_eq!(on_screen(&headquarters, site).await["stuck"], stuck);
    set_hours(&city, &headquarters, site, "13:00-18:00").await.ok();
    assert!(state(&headquarters, site).await["wait_minutes"].is_null(), "it opens at noon");
    assert!(on_screen(&headquarters, site).await["stuck"].is_null(), "nobody waits at a site that is not open yet");
    set_hours(&city, &headquarters, site, "whenever").await.refused("body_invalid");
}

#[tokio::test]
async fn a_closed_sites_people_go_where_its_queue_went() {
    let (city, headquarters, target) = working(10_000, 3).await;
    let closed = city.site(1);
    set_hours(&city, &headquarters, target, "08:00-09:00").await.ok();
    let (before, of_closed) = (state(&headquarters, target).await, state(&headquarters, closed).await);
    let closing = json!({ "open": false, "reason": "停电", "transfer_to": target });
    headquarters.post(&format!("/api/v1/sites/{closed}/opening"), closing).await.ok();
    let after = state(&headquarters, target).await;
    let sum = |a: &Value, b: &Value, field: &str| a[field].as_i64().unwrap() + b[field].as_i64().unwrap();
    assert!(of_closed["expected"].as_i64().unwrap() > 0);
    assert_eq!(after["expected"], sum(&before, &of_closed, "expected"));
    assert_eq!(after["remaining"], sum(&before, &of_closed, "remaining"));
    assert!(after["wait_minutes"].as_i64() > before["wait_minutes"].as_i64(), "{after} {before}");
    assert_eq!(state(&headquarters, closed).await["expected"], 0);
    // Phones of the closed site say where to go; those of the other know its people.
    let phone = city.phone("registrar").await;
    let shift = phone.client.get(&format!("/api/v1/field/shift?site={closed}")).await.ok();
    assert_eq!((&shift["go_to"]["site"], &shift["closed_reason"]), (&json!(target), &json!("停电")));
    let roster = phone.client.get(&format!("/api/v1/field/roster?site={target}")).await.ok();
    let known: Vec<i64> = roster["entries"].as_array().unwrap().iter().map(|entry| entry["no"].as_i64().unwrap()).collect();
    let person = city.people(closed).await[0];
    assert!(known.contains(&person));
    let (code, tail) = super::card_of(&city, person).await;
    let mut resident = city.nobody();
    resident.open_resident_page(&code, &tail).await;
    let site = resident.get("/api/v1/resident/me").await.ok()["round"]["sites"][0].clone();
    let name = city.app.plan().sites[&Id::new(target)].name.clone();
    assert_eq!((&site["open"], &site["go_to"], &site["wait_minutes"]), (&json!(false), &json!(name), &after["wait_minutes"]));
    // Open again: everybody goes home.
    headquarters.post(&format!("/api/v1/sites/{closed}/opening"), json!({ "open": true })).await.ok();
    assert_eq!(state(&headquarters, target).await["expected"], before["expected"]);
    assert!(phone.client.get(&format!("/api/v1/field/shift?site={closed}")).await.ok()["go_to"].is_null());
}

#[tokio::test]
async fn a_site_that_serves_a_town_has_people_left_and_is_silent() {
    let (city, headquarters, site) = working(10_000, 3).await;
    let row = city.app.plan().sites[&Id::new(site)].clone();
    let town = row.area.parent().unwrap().to_string();
    let order = json!({ "name": row.name, "area": row.area.to_string(), "serves": [town], "stations": row.stations,
        "longitude": null, "latitude": null, "hours": row.hours, "version": row.version });
    headquarters.put(&format!("/api/v1/sites/{site}"), order).await.ok();
    assert!(state(&headquarters, site).await["remaining"].as_i64().unwrap() > 0);
    city.clock.advance_seconds(25 * 60);
    assert_eq!(on_screen(&headquarters, site).await["stuck"], "silent");
}

#[tokio::test]
async fn sites_come_a_page_at_a_time_each_once() {
    let city = City::with_population(10_000).await;
    let desk = city.sign_in("headquarters").await;
    let page = async |query: String| desk.get(&format!("/api/v1/sites/states?{query}")).await.ok();
    let all = page("limit=500".into()).await;
    let total = all["total"].as_u64().unwrap() as usize;
    assert!(total > 50, "the sample city has more sites than a page: {total}");
    assert_eq!(page(String::new()).await["rows"].as_array().unwrap().len(), 50);
    let mut read = Vec::new();
    let mut after = Some("0".to_owned());
    while let Some(from) = after {
        let part = page(format!("limit=40&after={from}")).await;
        assert_eq!(part["total"], all["total"]);
        read.extend(part["rows"].as_array().unwrap().clone());
        after = part["next"].as_str().map(str::to_owned);
    }
    assert_eq!(&json!(read), &all["rows"]);
    desk.get("/api/v1/sites/states?sort=nonsense").await.refused("address_invalid");
    desk.get("/api/v1/sites/states?after=-1").await.refused("address_invalid");
}
