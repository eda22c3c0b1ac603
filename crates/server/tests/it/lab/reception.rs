//! At the door.

use serde_json::json;

use super::{Desk, box_code, tube};

#[tokio::test]
async fn every_scan_gets_its_verdict_and_a_difference_is_signed() {
    let mut desk = Desk::open().await;
    for serial in 1..=5 {
        desk.fill(&tube(serial), 2).await;
    }
    desk.pack(&box_code(1), &[tube(1), tube(2), tube(3)]).await;
    let reception = desk.reception(&[box_code(1)]).await;
    let verdicts = desk.scan(&reception, &[tube(1), tube(1), tube(4), tube(99)]).await;
    assert_eq!(verdicts, ["matched", "duplicate", "extra", "hold"]);
    let scans = desk.at(&format!("/receptions/{reception}/scans"));
    let leaked = desk.entry.post(&scans, json!([{ "code": tube(2), "damage": "leaked" }])).await.ok();
    assert_eq!((leaked[0]["verdict"].as_str(), leaked[0]["reason"].as_str()), (Some("damaged"), Some("leaked")));
    assert_eq!(desk.stage(&tube(1)).await, "received");
    assert_eq!(desk.stage(&tube(2)).await, "rejected");
    assert_eq!(desk.stage(&tube(3)).await, "boxed");
    desk.entry.post(&scans, json!([{ "code": "T0000000420" }])).await.refused("code_malformed");
    desk.entry.post(&scans, json!([{ "code": "管'; DROP TABLE tube" }])).await.refused("code_malformed");

    let close = desk.at(&format!("/receptions/{reception}/close"));
    desk.entry.post(&close, json!({})).await.refused("reason_required");
    let closed = desk.entry.post(&close, json!({ "difference_signed_by": "王芳" })).await.ok();
    let tally = &closed["tally"];
    let counts: Vec<i64> =
        ["expected", "matched", "extra", "duplicate", "damaged", "hold", "missing"].iter().map(|k| tally[k].as_i64().unwrap()).collect();
    assert_eq!(counts, [3, 1, 1, 1, 1, 1, 1], "{tally}");
    let missing = closed["scans"].as_array().unwrap().iter().find(|scan| scan["verdict"] == "missing").unwrap();
    assert_eq!(missing["tube"], tube(3));
    desk.entry.post(&close, json!({ "difference_signed_by": "王芳" })).await.refused("state_conflict");
    desk.recount().await;
}

#[tokio::test]
async fn an_unknown_tube_waits_on_hold_until_its_record_arrives() {
    let mut desk = Desk::open().await;
    let reception = desk.reception(&[]).await;
    assert_eq!(desk.scan(&reception, &[tube(7), tube(8)]).await, ["hold", "hold"]);
    let holds = desk.entry.get(&desk.at("/holds")).await.ok();
    assert_eq!(holds.as_array().unwrap().len(), 2);
    assert_eq!((holds[0]["reason"].as_str(), holds[0]["receivable"].as_bool()), (Some("unknown"), Some(false)));
    let resolve = |code: &str| desk.at(&format!("/holds/{code}/resolve"));
    let (seven, eight) = (resolve(&tube(7)), resolve(&tube(8)));
    desk.entry.post(&seven, json!({ "action": "receive", "note": "" })).await.refused("state_conflict");
    // The phone was offline; now its facts arrive.
    let people = desk.fill(&tube(7), 3).await;
    let later = desk.fill(&tube(8), 2).await;
    desk.entry.post(&seven, json!({ "action": "receive", "note": "" })).await.ok();
    assert_eq!(desk.stage(&tube(7)).await, "received");
    desk.entry.post(&eight, json!({ "action": "discard", "note": "" })).await.refused("reason_required");
    desk.entry.post(&eight, json!({ "action": "discard", "note": "cap open" })).await.ok();
    assert_eq!(desk.stage(&tube(8)).await, "rejected");
    assert_eq!(desk.entry.get(&desk.at("/holds")).await.ok().as_array().unwrap().len(), 0);
    desk.settle().await;
    assert_eq!(desk.with_task(&people, "resample").await, 0);
    assert_eq!(desk.with_task(&later, "resample").await, 2, "whoever was in it is asked again");
    desk.recount().await;
}

#[tokio::test]
async fn a_rejected_tube_leaves_completion_and_asks_its_members_again() {
    let mut desk = Desk::open().await;
    let people = desk.fill(&tube(1), 4).await;
    desk.receive(&[tube(1)]).await;
    assert_eq!(counted(&desk).await, 4);
    let reject = desk.at(&format!("/tubes/{}/reject", tube(1)));
    desk.entry.post(&reject, json!({ "reason": "other" })).await.refused("reason_required");
    desk.entry.post(&reject, json!({ "reason": "too_little" })).await.ok();
    desk.entry.post(&reject, json!({ "reason": "too_little" })).await.refused("state_conflict");
    assert_eq!(counted(&desk).await, 0);
    desk.settle().await;
    assert_eq!(desk.with_task(&people, "resample").await, 4);
    assert_eq!(desk.told(people[0]).await, ["resample"]);
    // Two come again: their tasks are done.
    desk.city.clock.advance_seconds(600);
    desk.fill_kind(&tube(2), "pool10", &people[..2]).await;
    desk.settle().await;
    assert_eq!(desk.with_task(&people, "resample").await, 2);
    assert_eq!(counted(&desk).await, 2);
    desk.recount().await;
}

/// Collections that count, as a recount reads them.
async fn counted(desk: &Desk) -> i64 {
    let round = allclear_domain::kernel::id::Id::new(desk.city.round());
    let rows = desk.city.app.store.read("test", move |tx| tx.recount(round)).await.unwrap();
    rows.iter().map(|(_, collections, _)| collections).sum()
}

#[tokio::test]
async fn only_the_box_that_differs_is_a_discrepancy_and_its_tube_is_looked_for() {
    let mut desk = Desk::open().await;
    for serial in 1..=4 {
        desk.fill(&tube(serial), 2).await;
    }
    desk.pack(&box_code(1), &[tube(1), tube(2)]).await;
    desk.pack(&box_code(2), &[tube(3), tube(4)]).await;
    // The courier gave both boxes away at the door; nobody has answered with a phone.
    let handover = uuid::Uuid::from_u128(77);
    let give = desk.phone.command(json!({
        "op": "hand_over", "handover": handover, "side": "giver", "boxes": [box_code(1), box_code(2)],
        "counterpart": null, "destination": "气膜方舱",
    }));
    desk.phone.records(&[give]).await;
    let reception = desk.reception(&[box_code(1), box_code(2)]).await;
    desk.scan(&reception, &[tube(1), tube(2), tube(3)]).await;
    let close = desk.at(&format!("/receptions/{reception}/close"));
    desk.entry.post(&close, json!({ "difference_signed_by": "王芳" })).await.ok();
    for (code, outcome) in [(box_code(1), "matched"), (box_code(2), "discrepancy")] {
        let custody = desk.city.app.store.read("test", move |tx| tx.custody_of(&code)).await.unwrap();
        let received = custody.iter().find(|row| row.event == "box_received").unwrap();
        assert!(received.detail.as_ref().unwrap().contains(outcome), "{received:?}");
    }
    let joined = desk.city.app.store.read("test", move |tx| tx.handover(handover)).await.unwrap().unwrap();
    assert_eq!((joined.state.as_str(), joined.taker.is_some()), ("joined", true), "reception answers the courier's half");
    for client in [&desk.headquarters, &desk.entry] {
        let missing = client.get("/api/v1/missing-tubes").await.ok();
        assert_eq!((missing[0]["tube"].as_str(), missing.as_array().unwrap().len()), (Some(tube(4).as_str()), 1), "{missing}");
        assert_eq!((&missing[0]["box_code"], &missing[0]["signed_by"]), (&json!(box_code(2)), &json!("王芳")));
    }
    // It turns up with the next courier: nobody looks for it any more.
    desk.receive(&[tube(4)]).await;
    assert!(desk.headquarters.get("/api/v1/missing-tubes").await.ok().as_array().unwrap().is_empty());
}
