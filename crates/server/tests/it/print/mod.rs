//! Printed codes over HTTP. That scanners read them back is tested beside the drawing.

use allclear_testkit::City;
use axum::http::StatusCode;

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
