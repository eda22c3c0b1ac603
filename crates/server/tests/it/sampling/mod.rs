//! What the field sends.

mod handover;

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use allclear_testkit::City;
use serde_json::json;

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

#[tokio::test]
async fn three_people_into_a_tube() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let swabs: Vec<_> = people.iter().take(3).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
    phone.records(&swabs).await;
    phone.records(&swabs).await;
    let seal = phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 3, "difference_signed_by": null }));
    phone.records(&[seal]).await;
    let stored = city.app.store.read("test", |tx| tx.tube(&tube(1))).await.unwrap().unwrap();
    assert_eq!((stored.valid, stored.stage.as_str()), (3, "sealed"));
}

#[tokio::test]
async fn what_cannot_be_applied_is_an_exception_and_nothing_is_lost() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let person = city.people(site).await[0];
    let unknown = phone.swab(round, site, &tube(1), 999);
    let malformed = phone.swab(round, site, "T0000000420", person);
    let odd = phone.swab(round, site, "管'; DROP TABLE tube", person);
    let closed = phone.swab(uuid::Uuid::nil(), site, &tube(2), person);
    let answer = phone.sync(&[unknown, malformed, odd, closed]).await.ok();
    let kinds: Vec<_> = answer["outcomes"].as_array().unwrap().iter().map(|o| o["exception"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["unknown_person", "malformed_code", "malformed_code", "round_closed"]);
}

/// Whoever scans a tube that another table opened hears where it is, also if the swab came late and again.
#[tokio::test]
async fn a_tube_held_elsewhere_comes_with_its_holder() {
    let city = City::start().await;
    let (mut holder, mut second) = (city.phone("registrar").await, city.phone("registrar").await);
    let (round, here, there) = (city.round(), city.site(0), city.site(1));
    let people = city.people(here).await;
    let site_name = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(here)].name.clone();
    let first = holder.swab(round, here, &tube(1), people[0]);
    city.clock.advance_seconds(1);
    let between = second.swab(round, there, &tube(1), people[1]);
    city.clock.advance_seconds(1);
    let next = holder.swab(round, here, &tube(1), people[2]);
    city.clock.advance_seconds(1);
    let after = second.swab(round, there, &tube(1), people[3]);
    let unknown = second.swab(round, there, &tube(2), 999);
    holder.records(&[first, next]).await;
    let commands = [between, after, unknown];
    let answer = second.sync(&commands).await.ok();
    for outcome in &answer["outcomes"].as_array().unwrap()[..2] {
        assert_eq!(outcome["exception"], "tube_held_elsewhere", "{outcome}");
        assert_eq!(outcome["holder"], json!({ "site_name": site_name, "station": 1 }), "{outcome}");
    }
    assert_eq!(answer["outcomes"][2].get("holder"), None, "{answer}");
    assert_eq!(second.sync(&commands).await.ok()["outcomes"], answer["outcomes"]);
}

#[tokio::test]
async fn the_facts_of_a_tube_give_the_same_state_in_any_order() {
    let mut states = Vec::new();
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]] {
        let city = City::start().await;
        let mut phone = city.phone("registrar").await;
        let (round, site) = (city.round(), city.site(0));
        let people = city.people(site).await;
        let swabs: Vec<_> = people.iter().take(3).map(|no| phone.swab(round, site, &tube(1), *no)).collect();
        let undo =
            phone.command(json!({ "op": "void_collection", "collection": swabs[1]["id"], "tube": tube(1), "reason": "wrong person" }));
        let moved = phone.command(
            json!({ "op": "move_collection", "collection": swabs[2]["id"], "from_tube": tube(1), "to_tube": tube(2), "to_kind": "pool10" }),
        );
        let seal = phone.command(json!({ "op": "seal_tube", "tube": tube(1), "counted": 1, "difference_signed_by": null }));
        let commands = [swabs, vec![undo, moved, seal]].concat();
        for index in order {
            phone.sync(&[commands[index].clone()]).await.ok();
        }
        let read = city.app.store.read("test", |tx| {
            let state = |code: &str| -> allclear_store::Result<_> {
                let tube = tx.tube(code)?.map(|t| (t.valid, t.inside, t.stage.as_str().to_owned()));
                let mut members: Vec<_> = tx.collections_of(code)?.into_iter().map(|c| (c.key, c.state)).collect();
                members.sort();
                Ok((tube, members.into_iter().map(|(_, state)| state).collect::<Vec<_>>()))
            };
            Ok::<_, allclear_store::StoreError>((state(&tube(1))?, state(&tube(2))?))
        });
        states.push(read.await.unwrap());
    }
    assert_eq!(states[0].0.0, Some((1, 1, "sealed".to_owned())));
    assert_eq!(states[0].0.1, ["valid", "voided", "moved"]);
    assert_eq!(states[0].1.1, ["valid"]);
    assert_eq!(states[0], states[1]);
    assert_eq!(states[0], states[2]);
}

#[tokio::test]
async fn a_box_is_packed_sealed_and_handed_over() {
    let city = City::start().await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let code = BoxCode::from_serial(1).as_str().to_owned();
    let mut commands = Vec::new();
    for (serial, person) in (1..=2).zip(&people) {
        commands.push(phone.swab(round, site, &tube(serial), *person));
        commands.push(phone.command(json!({ "op": "seal_tube", "tube": tube(serial), "counted": 1, "difference_signed_by": null })));
        commands.push(phone.command(json!({ "op": "pack_tube", "box": code, "tube": tube(serial), "site": site })));
    }
    commands.push(phone.command(json!({ "op": "seal_box", "box": code, "counted": 2, "difference_signed_by": null })));
    phone.records(&commands).await;
    let handover = uuid::Uuid::from_u128(7);
    let half = |side: &str| json!({ "op": "hand_over", "handover": handover, "side": side, "boxes": [code], "counterpart": null, "destination": "lab" });
    let given = phone.command(half("giver"));
    phone.records(&[given]).await;
    let mut courier = city.phone("courier").await;
    let taken = courier.command(half("taker"));
    courier.records(&[taken]).await;
    let (stage, state) = city
        .app
        .store
        .read("test", move |tx| {
            let stage = tx.tube(&tube(1))?.unwrap().stage;
            Ok::<_, allclear_store::StoreError>((stage.as_str(), tx.handover(handover)?.map(|h| h.state)))
        })
        .await
        .unwrap();
    assert_eq!((stage, state.as_deref()), ("in_transit", Some("joined")));
}

#[tokio::test]
async fn a_swab_of_a_closing_round_counts_and_the_registrar_is_told() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let before = phone.swab(round, site, &tube(1), people[0]);
    let event = |word: &'static str| {
        let headquarters = headquarters.clone();
        async move { headquarters.post(&format!("/api/v1/rounds/{round}/events"), json!({ "event": word, "reason": null })).await.ok() }
    };
    event("begin_closing").await;
    let during = phone.swab(round, site, &tube(1), people[1]);
    event("close").await;
    let after = phone.swab(round, site, &tube(2), people[0]);
    let answer = phone.sync(&[before, during, after]).await.ok();
    let outcomes: Vec<_> = answer["outcomes"].as_array().unwrap().iter().map(|o| (o["exception"].clone(), o["warning"].clone())).collect();
    let null = serde_json::Value::Null;
    assert_eq!(outcomes, [(null.clone(), null.clone()), (null.clone(), json!("round_closing")), (json!("round_closed"), null)]);
}

#[tokio::test]
async fn a_command_that_the_holder_may_not_do_becomes_an_exception_and_is_kept() {
    let city = City::start().await;
    let (mut registrar, mut courier) = (city.phone("registrar").await, city.phone("courier").await);
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let the_box = BoxCode::from_serial(1).as_str().to_owned();
    let sealed = |tube: &str| json!({ "op": "seal_tube", "tube": tube, "counted": 1, "difference_signed_by": null });
    // A courier records no swabs and closes nothing; what the phone sent is kept with both sides.
    let swab = courier.swab(round, site, &tube(1), people[0]);
    let seal = courier.command(sealed(&tube(2)));
    let pack = courier.command(json!({ "op": "pack_tube", "box": the_box, "tube": tube(2), "site": site }));
    let close = courier.command(json!({ "op": "seal_box", "box": the_box, "counted": 1, "difference_signed_by": null }));
    let commands = [swab.clone(), seal, pack, close];
    for _ in 0..2 {
        let answer = courier.sync(&commands).await.ok();
        for outcome in answer["outcomes"].as_array().unwrap() {
            assert_eq!((outcome["state"].as_str(), outcome["exception"].as_str()), (Some("exception"), Some("out_of_scope")), "{outcome}");
        }
    }
    let swabs = city.app.store.read("test", |tx| tx.collections_of(&tube(1))).await.unwrap();
    assert_eq!((swabs.len(), swabs[0].state.as_str()), (1, "exception"), "the swab is kept and does not count");
    let open = city.sign_in("sitelead").await.get("/api/v1/exceptions?kind=out_of_scope").await.ok();
    assert_eq!(open["rows"].as_array().unwrap().len(), 4, "a site lead finds them all");
    // A registrar gives a box away; who takes it over needs to carry.
    let fill = registrar.swab(round, site, &tube(3), people[1]);
    let seal = registrar.command(sealed(&tube(3)));
    let pack = registrar.command(json!({ "op": "pack_tube", "box": the_box, "tube": tube(3), "site": site }));
    let close = registrar.command(json!({ "op": "seal_box", "box": the_box, "counted": 1, "difference_signed_by": null }));
    let hand = |side: &str, handover: u128| json!({ "op": "hand_over", "handover": uuid::Uuid::from_u128(handover), "side": side, "boxes": [the_box], "counterpart": null, "destination": null });
    let give = registrar.command(hand("giver", 1));
    registrar.records(&[fill, seal, pack, close, give]).await;
    let take = courier.command(hand("taker", 1));
    courier.records(&[take]).await;
    // A registrar who drives a box all the same: the box is where it is, and a lead hears of it.
    let took = registrar.command(hand("taker", 2));
    let answer = registrar.sync(&[took]).await.ok();
    assert_eq!(answer["outcomes"][0]["exception"], "out_of_scope");
    let holder = city.app.store.read("test", move |tx| tx.box_for_look(&the_box)).await.unwrap().unwrap().holder;
    assert_eq!(holder.map(|id| id.uuid()), Some(city.account_id("registrar").await));
}
