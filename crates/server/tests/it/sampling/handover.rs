//! Boxes and hand-overs that do not fit: each is kept, moved and asked about.

use allclear_domain::kernel::{code::BoxCode, id::Id};
use allclear_testkit::{City, Client, Phone};
use serde_json::{Value, json};
use uuid::Uuid;

use super::tube;

fn a_box(serial: u32) -> String {
    BoxCode::from_serial(serial).as_str().to_owned()
}

/// A city with a registrar's phone, a courier's, and the lead's desk.
async fn started() -> (City, Phone, Phone, Client) {
    let city = City::start().await;
    let (giver, taker) = (city.phone("registrar").await, city.phone("courier").await);
    let desk = city.sign_in("sitelead").await;
    (city, giver, taker, desk)
}

/// Packs one sealed tube into a box; seals the box if asked.
async fn packed(city: &City, phone: &mut Phone, serial: u32, sealed: bool) -> String {
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let code = a_box(serial);
    let mut commands = vec![
        phone.swab(round, site, &tube(serial), people[serial as usize % people.len()]),
        phone.command(json!({ "op": "seal_tube", "tube": tube(serial), "counted": 1, "difference_signed_by": null })),
        phone.command(json!({ "op": "pack_tube", "box": code, "tube": tube(serial), "site": site })),
    ];
    if sealed {
        commands.push(phone.command(json!({ "op": "seal_box", "box": code, "counted": 1, "difference_signed_by": null })));
    }
    phone.records(&commands).await;
    code
}

fn half(handover: Uuid, side: &str, boxes: &[String], counterpart: Option<String>) -> Value {
    json!({ "op": "hand_over", "handover": handover, "side": side, "boxes": boxes, "counterpart": counterpart, "destination": null })
}

async fn outcome(phone: &Phone, command: &Value) -> (String, Value) {
    let answer = phone.sync(std::slice::from_ref(command)).await.ok();
    (answer["outcomes"][0]["state"].as_str().unwrap().to_owned(), answer["outcomes"][0]["exception"].clone())
}

async fn only(desk: &Client, kind: &str) -> Value {
    let listed = desk.get(&format!("/api/v1/exceptions?kind={kind}")).await.ok();
    assert_eq!(listed["rows"].as_array().unwrap().len(), 1, "{kind} {listed}");
    desk.get(&format!("/api/v1/exceptions/{}", listed["rows"][0]["id"].as_str().unwrap())).await.ok()
}

async fn state(city: &City, handover: Uuid) -> String {
    city.app.store.read("test", move |tx| tx.handover(handover)).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_box_that_leaves_unsealed_or_unknown_is_asked_about_when_no_facts_come_and_a_late_seal_settles_it() {
    let (city, mut giver, _, desk) = started().await;
    let code = packed(&city, &mut giver, 1, false).await;
    let here = city.app.plan().sites[&Id::new(city.site(0))].area.to_string();
    let seal = giver.command(json!({ "op": "seal_box", "box": code, "counted": 1, "difference_signed_by": null }));
    let both = [code.clone(), a_box(9)];
    let give = giver.command(half(Uuid::from_u128(1), "giver", &both, None));
    assert_eq!(outcome(&giver, &give).await, ("recorded".into(), Value::Null), "what is missing may be on its way");
    city.drain().await;
    assert_eq!(desk.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
    city.clock.advance_seconds(city.app.plan().profile.hand_over_wait_s);
    city.drain().await;
    assert_eq!(city.sign_in("headquarters").await.get("/api/v1/live/frame").await.ok()["exceptions_open"], 2);
    let unsealed = only(&desk, "wrong_state").await;
    assert_eq!((&unsealed["subject"], &unsealed["area"], &unsealed["site"]), (&json!(code), &json!(here), &json!(city.site(0))));
    assert_eq!((&unsealed["met"]["box"]["recorded"], &unsealed["met"]["box"]["counted"]), (&json!(1), &Value::Null));
    assert_eq!((&unsealed["met"]["handover"]["state"], &unsealed["sent"]["command"]), (&json!("half"), &json!("hand_over")));
    let unknown = only(&desk, "unknown_target").await;
    assert_eq!((&unknown["subject"], &unknown["allowed"]), (&json!(a_box(9)), &json!(["dismiss"])));
    // It left all the same; sending again gives the same answer and no second exception.
    let stage = city.app.store.read("test", |tx| tx.tube(&tube(1))).await.unwrap().unwrap().stage;
    assert_eq!(stage.as_str(), "in_transit");
    assert_eq!(outcome(&giver, &give).await, ("exception".into(), json!("wrong_state")));
    // The seal was made before it left and comes late.
    assert_eq!(outcome(&giver, &seal).await.0, "recorded");
    assert_eq!(desk.get("/api/v1/exceptions?kind=wrong_state").await.ok()["rows"], json!([]));
    assert_eq!(outcome(&giver, &give).await, ("exception".into(), json!("unknown_target")), "the other box is still unknown");
}

/// The courier has network, the site has not: the taker's half comes first, with everything that it speaks of unknown.
#[tokio::test]
async fn a_half_that_comes_before_the_facts_of_its_box_waits_for_them_and_nobody_is_shown_anything() {
    let (city, mut giver, mut taker, desk) = started().await;
    let (round, site, code, handover) = (city.round(), city.site(0), a_box(1), Uuid::from_u128(4));
    let person = city.people(site).await[0];
    let boxes = [code.clone()];
    let before = [
        giver.swab(round, site, &tube(1), person),
        giver.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 1, "difference_signed_by": null })),
        giver.command(json!({ "op": "pack_tube", "box": code, "tube": tube(1), "site": site })),
        giver.command(json!({ "op": "seal_box", "box": code, "counted": 1, "difference_signed_by": null })),
        giver.command(half(handover, "giver", &boxes, None)),
    ];
    let take = taker.command(half(handover, "taker", &boxes, None));
    assert_eq!(outcome(&taker, &take).await, ("recorded".into(), Value::Null));
    let verdicts = async || {
        let events = city.app.store.read("test", |tx| tx.custody_of(&a_box(1))).await.unwrap();
        events.into_iter().map(|event| (event.event, event.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts().await, [("taken".to_owned(), "pending".to_owned())]);
    city.clock.advance_seconds(city.app.plan().profile.hand_over_wait_s - 1);
    giver.records(&before).await;
    city.clock.advance_seconds(3600);
    city.drain().await;
    assert!(verdicts().await.iter().all(|(_, verdict)| verdict == "accepted"), "{:?}", verdicts().await);
    assert_eq!(desk.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
    let resolved = desk.get("/api/v1/exceptions?state=resolved").await.ok();
    assert_eq!(resolved["rows"], json!([]), "a problem that solved itself was never one");
    assert_eq!(
        (
            state(&city, handover).await.as_str(),
            city.sign_in("headquarters").await.get("/api/v1/live/recount").await.ok()["different"].as_i64()
        ),
        ("joined", Some(0))
    );
}

#[tokio::test]
async fn a_count_that_differs_shows_what_was_recorded() {
    let (city, mut giver, _, desk) = started().await;
    let code = packed(&city, &mut giver, 1, false).await;
    let seal = giver.command(json!({ "op": "seal_box", "box": code, "counted": 3, "difference_signed_by": null }));
    assert_eq!(outcome(&giver, &seal).await, ("exception".into(), json!("count_differs")));
    let differs = only(&desk, "count_differs").await;
    let of_box = &differs["met"]["box"];
    assert_eq!((&of_box["recorded"], &of_box["counted"], &of_box["state"]), (&json!(1), &json!(3), &json!("sealed")));
}

#[tokio::test]
async fn two_phones_that_showed_each_other_their_codes_are_joined() {
    let (city, mut giver, mut taker, desk) = started().await;
    let code = packed(&city, &mut giver, 1, true).await;
    let handover = Uuid::from_u128(2);
    let boxes = [code];
    let (from_giver, from_taker) = (giver.statement(handover, "giver", &boxes), taker.statement(handover, "taker", &boxes));
    let take = taker.command(half(handover, "taker", &boxes, Some(from_giver)));
    let give = giver.command(half(handover, "giver", &boxes, Some(from_taker)));
    taker.records(&[take]).await;
    giver.records(&[give]).await;
    assert_eq!(state(&city, handover).await, "joined");
    assert_eq!(desk.get("/api/v1/exceptions").await.ok()["rows"], json!([]));
}

#[tokio::test]
async fn what_another_phone_showed_is_disputed() {
    let (city, mut giver, mut taker, desk) = started().await;
    let third = city.phone("courier").await;
    // The courier carries a statement that a third phone signed: nobody knows until the giver's half comes.
    let boxes = [packed(&city, &mut giver, 1, true).await];
    let handover = Uuid::from_u128(3);
    let take = taker.command(half(handover, "taker", &boxes, Some(third.statement(handover, "giver", &boxes))));
    taker.records(&[take]).await;
    assert_eq!(state(&city, handover).await, "half");
    let give = giver.command(half(handover, "giver", &boxes, None));
    assert_eq!(outcome(&giver, &give).await, ("exception".into(), json!("hand_over_disputed")));
    assert_eq!(state(&city, handover).await, "disputed");
    let disputed = only(&desk, "hand_over_disputed").await;
    let met = &disputed["met"]["handover"];
    assert_eq!(
        (&met["state"], &met["taker"]["shown_by"], &met["giver"]["device_no"]),
        (&json!("disputed"), &json!(third.device_no), &json!(giver.device_no))
    );
    let resolve = format!("/api/v1/exceptions/{}/resolve", disputed["id"].as_str().unwrap());
    desk.post(&resolve, json!({ "decision": "dismiss", "note": "双方到场核对" })).await.ok();
}

#[tokio::test]
async fn a_forged_signature_other_boxes_or_ones_own_statement_are_disputed() {
    let (city, mut giver, mut taker, _) = started().await;
    let boxes = [packed(&city, &mut giver, 1, true).await];
    let others = [packed(&city, &mut giver, 2, true).await];
    let signed = |handover, boxes: &[String]| giver.statement(handover, "giver", boxes);
    let forged = |handover| {
        let text = signed(handover, &boxes);
        let at = text.len() - 3;
        let letter = if &text[at..=at] == "A" { "B" } else { "A" };
        format!("{}{letter}{}", &text[..at], &text[at + 1..])
    };
    for (n, statement) in [
        (10, forged(Uuid::from_u128(10))),
        (11, signed(Uuid::from_u128(11), &others)),
        (12, signed(Uuid::from_u128(99), &boxes)),
        (13, taker.statement(Uuid::from_u128(13), "giver", &boxes)),
        (14, "ACH1.nothing.here".to_owned()),
    ] {
        let handover = Uuid::from_u128(n);
        let take = taker.command(half(handover, "taker", &boxes, Some(statement)));
        assert_eq!(outcome(&taker, &take).await, ("exception".into(), json!("hand_over_disputed")), "{n}");
        assert_eq!(state(&city, handover).await, "disputed", "{n}");
    }
    // Halves that name other boxes.
    let handover = Uuid::from_u128(20);
    let give = giver.command(half(handover, "giver", &boxes, None));
    giver.records(&[give]).await;
    let take = taker.command(half(handover, "taker", &others, None));
    assert_eq!(outcome(&taker, &take).await, ("exception".into(), json!("hand_over_disputed")));
}
