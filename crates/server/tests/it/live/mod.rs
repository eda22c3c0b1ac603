//! The big screen.

mod recount;
mod trace;

use allclear_domain::kernel::code::TubeCode;
use allclear_server::{lab, live, work};
use allclear_testkit::City;
use serde_json::{Value, json};

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

async fn frame(city: &City) -> Value {
    city.drain().await;
    city.sign_in("headquarters").await.get("/api/v1/live/frame").await.ok()
}

async fn recount(city: &City) -> Value {
    city.sign_in("headquarters").await.get("/api/v1/live/recount").await.ok()
}

fn seal(phone: &mut allclear_testkit::Phone, code: &str, counted: i32) -> Value {
    phone.command(json!({ "op": "seal_tube", "tube": code, "counted": counted, "difference_signed_by": null }))
}

#[tokio::test]
async fn the_screen_counts_what_the_records_say() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let mut commands: Vec<_> = people.iter().take(4).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    let undone = commands[3]["id"].clone();
    commands.push(phone.command(json!({ "op": "void_collection", "collection": undone, "tube": tube(1), "reason": "wrong person" })));
    commands.push(seal(&mut phone, &tube(1), 3));
    commands.push(phone.swab(round, site, &tube(2), people[0]));
    let answer = phone.records(&commands).await;
    assert_eq!(answer["outcomes"][6]["state"], "recorded");
    let frame = frame(&city).await;
    assert_eq!(frame["total"]["expected"], 1000, "{frame}");
    assert_eq!((frame["total"]["collections"].as_i64(), frame["total"]["expected_sampled"].as_i64()), (Some(4), Some(3)));
    assert_eq!((frame["tubes"].as_i64(), frame["persons_in_open_tubes"].as_i64()), (Some(2), Some(1)));
    assert_eq!(frame["pipeline"]["at_site"], 1);
    assert_eq!(frame["exceptions_open"], 1, "the second swab of one person waits for a decision");
    assert_eq!(frame["curve"].as_array().unwrap().iter().map(|p| p[1].as_i64().unwrap()).sum::<i64>(), 4);
    let recount = recount(&city).await;
    assert_eq!(recount["different"], 0, "{recount}");
    assert!(recount["compared"].as_i64().unwrap() > 10);
}

#[tokio::test]
async fn a_node_that_starts_shows_the_same() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let first: Vec<_> = people.iter().take(5).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&first).await;
    city.drain().await;
    live::jobs::store_snapshots(&city.app, 0).await.unwrap();
    let more: Vec<_> = people.iter().skip(5).take(3).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&more).await;
    city.drain().await;
    let other = live::Live::load(&city.app.store).await.unwrap();
    assert!(other.fold().seq > 0, "it begins from the snapshot");
    let seq = other.fold().seq;
    let changes = city.app.store.read("test", move |tx| tx.changes_after(seq, 1000)).await.unwrap();
    let mut fold = other.fold().clone();
    for change in &changes {
        fold.apply(change);
    }
    assert_eq!(fold, *city.app.live.fold());
}

#[tokio::test]
async fn a_second_swab_is_warned_of_and_becomes_an_exception_until_it_is_undone() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let person = city.people(site).await[0];
    let first = phone.swab(round, site, &tube(1), person);
    phone.records(&[first]).await;
    city.drain().await;
    let second = phone.swab(round, site, &tube(2), person);
    let answer = phone.records(std::slice::from_ref(&second)).await;
    assert_eq!(answer["outcomes"][0]["warning"], "already_sampled");
    city.drain().await;
    city.drain().await;
    let id: uuid::Uuid = second["id"].as_str().unwrap().parse().unwrap();
    let exception = city.app.store.read("test", move |tx| tx.exception(&tube(2), id)).await.unwrap().unwrap();
    assert_eq!((exception.kind.as_str(), exception.state.as_str()), ("second_collection", "open"));
    let detail: Value = serde_json::from_str(&exception.detail).unwrap();
    assert_eq!((&detail["first"]["tube"], &detail["second"]["tube"]), (&json!(tube(1)), &json!(tube(2))));
    let undo = phone.command(json!({ "op": "void_collection", "collection": second["id"], "tube": tube(2), "reason": "twice" }));
    phone.records(&[undo]).await;
    let frame = frame(&city).await;
    assert_eq!((frame["exceptions_open"].as_i64(), frame["total"]["collections"].as_i64()), (Some(0), Some(1)));
    assert_eq!(recount(&city).await["different"], 0);
}

/// The clock of a tube runs from its first swab: neither its seal nor its box starts it again.
#[tokio::test]
async fn a_tube_is_late_by_its_first_swab() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let first = phone.swab(round, site, &tube(1), people[0]);
    phone.records(&[first]).await;
    city.clock.advance_seconds(3 * 3600 + 1800);
    let sealed = seal(&mut phone, &tube(1), 1);
    phone.records(&[sealed]).await;
    let waits = frame(&city).await;
    assert_eq!((&waits["stages"][1]["stage"], &waits["stages"][1]["late"]), (&json!("at_site"), &json!(0)));
    city.clock.advance_seconds(3600);
    lab::jobs::tick(&city.app).await.unwrap();
    let late = frame(&city).await;
    assert_eq!((&late["stages"][1]["tubes"], &late["stages"][1]["late"]), (&json!(1), &json!(1)), "{late}");
    assert_eq!(late["sites"][0]["stuck"], "tubes_late");
    let alerts = city.sign_in("headquarters").await.get("/api/v1/clock-alerts").await.ok();
    assert_eq!((&alerts[0]["tube"], &alerts[0]["level"]), (&json!(tube(1)), &json!("breach")), "the clocks agree");
    assert_eq!(alerts[0]["started_at"], late["stages"][1]["oldest_at"]);
}

/// Who leads one town sees that town's figures in every tile, not the city's beside the town's.
#[tokio::test]
async fn a_lead_of_a_town_sees_the_figures_of_the_town() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, here, there) = (city.round(), city.site(0), city.site(450));
    let swabs = [phone.swab(round, here, &tube(1), 999), phone.swab(round, there, &tube(2), 998)];
    phone.sync(&swabs).await.ok();
    let plan = city.app.plan();
    let town = plan.sites[&allclear_domain::kernel::id::Id::new(here)].area.parent().unwrap();
    assert!(!plan.sites[&allclear_domain::kernel::id::Id::new(there)].area.is_within(town));
    let grants = json!([{ "role": "site_lead", "area": town.to_string() }]);
    let account = json!({ "name": "townlead", "display_name": "镇点长", "password": "another-long-one", "grants": grants });
    city.sign_in("admin").await.post("/api/v1/accounts", account).await.ok();
    assert_eq!(frame(&city).await["exceptions_open"], 2);
    let mut lead = city.nobody();
    lead.sign_in("townlead", "another-long-one").await;
    let own = lead.get("/api/v1/live/frame").await.ok();
    assert_eq!(own["exceptions_open"], 1, "{own}");
    assert_eq!(own["pipeline"]["open"], 1);
}

#[tokio::test]
async fn figures_open_their_rows() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let swabs: Vec<_> = people.iter().take(3).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&swabs).await;
    work::drain(&city.app).await.unwrap();
    let headquarters = city.sign_in("headquarters").await;
    let curve = headquarters.get("/api/v1/live/frame").await.ok()["curve"][0][0].as_str().unwrap().to_owned();
    let interval = format!("interval&from={curve}");
    for (figure, total) in [
        ("missing", 997),
        ("persons", 3),
        ("unexpected", 0),
        ("collections", 3),
        (interval.as_str(), 3),
        ("tubes", 1),
        ("stage&stage=open", 1),
        ("stage&stage=rejected", 0),
        ("person_reports", 0),
        ("non_negative", 0),
        ("exceptions", 0),
        ("follow_ups", 0),
        ("sites_stuck", 0),
        ("sites", 452),
        ("labs", 1),
        ("devices_silent", 0),
    ] {
        let rows = headquarters.get(&format!("/api/v1/live/rows?figure={figure}")).await.ok();
        assert_eq!(rows["total"], total, "{figure}: {rows}");
        assert!(rows["rows"].as_array().unwrap().len() as i64 <= total.max(100), "{figure}");
    }
    headquarters.get("/api/v1/live/rows?figure=interval").await.refused("body_invalid");
    let rows = headquarters.get(&format!("/api/v1/live/rows?figure=site&site={site}")).await.ok();
    assert_eq!(rows["rows"][0][0], tube(1));
    headquarters.get("/api/v1/live/rows?figure=nonsense").await.refused("not_found");
    city.nobody().get("/api/v1/live/frame").await.refused("unauthenticated");
    city.sign_in("courier").await.get("/api/v1/live/frame").await.refused("forbidden");
}

/// A wall has room for four laboratories: the rows have them all, in the order of the wall.
#[tokio::test]
async fn every_laboratory_stands_in_the_rows() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    for n in 1..=5 {
        let lab = json!({ "name": format!("检测点 {n}"), "area": "330784", "rated_per_day": 1000 });
        headquarters.post("/api/v1/labs", lab).await.ok();
    }
    let shown = frame(&city).await;
    let shown: Vec<&Value> = shown["labs"].as_array().unwrap().iter().map(|lab| &lab["name"]).collect();
    let rows = headquarters.get("/api/v1/live/rows?figure=labs").await.ok();
    let listed: Vec<&Value> = rows["rows"].as_array().unwrap().iter().map(|row| &row[0]).collect();
    assert_eq!((&rows["total"], listed), (&json!(6), shown), "{rows}");
}

/// Rows belong to the figure that they stand behind: a lead of one town gets whole pages of that town.
#[tokio::test]
async fn rows_are_of_the_areas_of_the_viewer() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, here, there) = (city.round(), city.site(0), city.site(450));
    let (mine, theirs) = (city.people(here).await, city.people(there).await);
    let swabs = [phone.swab(round, there, &tube(1), theirs[0]), phone.swab(round, here, &tube(2), mine[0])];
    phone.records(&swabs).await;
    city.drain().await;
    let town = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(here)].area.parent().unwrap();
    let path = format!("/api/v1/live/rows?figure=collections&area={town}");
    let rows = city.sign_in("headquarters").await.get(&path).await.ok();
    assert_eq!((&rows["total"], &rows["rows"][0][0]), (&json!(1), &json!(tube(2))), "{rows}");
}

/// A swab comes to the screens by itself, pushed and not asked for.
#[tokio::test]
async fn the_stream_tells_of_a_swab_by_itself() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    work::start(&city.app);
    let headquarters = city.sign_in("headquarters").await;
    let mut stream = headquarters.open("/api/v1/live/stream").await;
    let first = next_frame(&mut stream).await;
    assert_eq!(first["total"]["collections"], 0);
    let swab = phone.swab(city.round(), city.site(0), &tube(1), city.people(city.site(0)).await[0]);
    phone.records(&[swab]).await;
    let said = tokio::time::Instant::now();
    loop {
        let frame = next_frame(&mut stream).await;
        if frame["total"]["collections"] == 1 {
            break;
        }
        assert!(said.elapsed() < std::time::Duration::from_secs(30), "the stream never told of it");
    }
}

async fn next_frame(stream: &mut allclear_testkit::Events) -> Value {
    let event = stream.next().await.unwrap();
    serde_json::from_str(event.strip_prefix("event: frame\ndata: ").unwrap()).unwrap()
}
