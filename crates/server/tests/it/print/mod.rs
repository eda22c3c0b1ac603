//! Printed codes over HTTP. That scanners read them back is tested beside the drawing.

use allclear_testkit::City;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn headquarters_prints_tubes_and_boxes_and_nobody_prints_cards_by_number() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    for kind in ["tube", "box"] {
        let answer = headquarters.get(&format!("/api/v1/labels/{kind}.pdf?from=1&count=3")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.bytes.starts_with(b"%PDF"));
    }
    headquarters.get("/api/v1/labels/card.pdf").await.refused("not_found");
}

#[tokio::test]
async fn serial_numbers_that_do_not_exist_and_too_many_labels_are_refused() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    for query in ["from=0", "count=0", "count=4801", "from=4294967295&count=2", "from=1000000000"] {
        headquarters.get(&format!("/api/v1/labels/tube.pdf?{query}")).await.refused("body_invalid");
    }
}

#[tokio::test]
async fn cards_are_printed_for_a_household_a_village_or_what_a_search_found_and_it_is_logged() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let people = city.people(city.site(0)).await;
    let person = people[0];
    let row = city.app.store.read("test", move |tx| tx.persons(&[person])).await.unwrap().remove(0);
    let village = row.living_area.to_string();
    for whom in [json!({ "household": row.household.unwrap() }), json!({ "area": village }), json!({ "persons": people[..3] })] {
        let mut request = whom.clone();
        headquarters.post("/api/v1/labels/cards", json!({ "reason": " ", "area": village })).await.refused("reason_required");
        request["reason"] = json!("社区发放");
        let answer = headquarters.post("/api/v1/labels/cards", request).await;
        assert_eq!(answer.status, StatusCode::OK, "{whom}: {}", answer.json);
        assert!(answer.bytes.starts_with(b"%PDF"));
    }
    let reason = "社区发放";
    for bad in [json!({}), json!({ "area": village, "household": 1 }), json!({ "persons": [] })] {
        let mut request = bad;
        request["reason"] = json!(reason);
        headquarters.post("/api/v1/labels/cards", request).await.refused("body_invalid");
    }
    headquarters.post("/api/v1/labels/cards", json!({ "household": 999_999_999, "reason": reason })).await.refused("not_found");
    let lead = city.sign_in("sitelead").await;
    lead.post("/api/v1/labels/cards", json!({ "area": village, "reason": reason })).await.refused("forbidden");
}
