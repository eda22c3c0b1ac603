//! Who is missing: lists, calls, files.

use allclear_domain::kernel::code::TubeCode;
use allclear_testkit::City;
use serde_json::json;

#[tokio::test]
async fn whoever_is_sampled_leaves_the_list() {
    let city = City::start().await;
    let grid = city.sign_in("gridworker").await;
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let people = city.people(site).await;
    let area = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(site)].area;
    let path = format!("/api/v1/rounds/{round}/missing?area={area}");
    let before = grid.get(&path).await.ok();
    assert_eq!(before["total"], people.len());
    assert!(before["rows"].as_array().unwrap().iter().all(|row| row["name"].as_str().unwrap().contains('*')), "masked");
    let tube = TubeCode::from_serial(1).as_str().to_owned();
    let swab = phone.swab(round, site, &tube, people[0]);
    phone.records(&[swab]).await;
    city.drain().await;
    let after = grid.get(&path).await.ok();
    assert_eq!(after["total"], people.len() - 1);
    assert!(after["rows"].as_array().unwrap().iter().all(|row| row["no"] != people[0]));
    let by_area = grid.get(&format!("/api/v1/rounds/{round}/missing/areas?area={area}")).await.ok();
    assert_eq!((&by_area[0]["expected"], &by_area[0]["missing"]), (&json!(people.len()), &json!(people.len() - 1)));
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let round = city.round();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = headquarters.get(&format!("/api/v1/rounds/{round}/missing?limit=300&after={after}")).await.ok();
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["no"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    let total = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((seen.len(), total), (1000, 1000), "everybody once");
}

#[tokio::test]
async fn a_call_is_logged_and_its_outcome_kept() {
    let city = City::start().await;
    let grid = city.sign_in("gridworker").await;
    let round = city.round();
    let people = city.people(city.site(0)).await;
    let area = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(city.site(0))].area;
    let base = format!("/api/v1/rounds/{round}/missing");
    let contact = grid.post(&format!("{base}/{}/call", people[0]), json!({})).await.ok();
    assert!(!contact["name"].as_str().unwrap().contains('*'));
    grid.post(&format!("{base}/5/call"), json!({})).await.refused("not_found");
    let say = |person: i64, outcome: &str, note: &str| (format!("{base}/{person}/outcome"), json!({ "outcome": outcome, "note": note }));
    let (path, body) = say(people[0], "exempt", "");
    grid.post(&path, body).await.refused("reason_required");
    for (index, outcome) in ["coming", "sampled_elsewhere", "exempt", "moved_away", "not_reached", "refused"].into_iter().enumerate() {
        let (path, body) = say(people[index], outcome, "在外地");
        grid.post(&path, body).await.ok();
    }
    let to_call = grid.get(&format!("{base}?area={area}&show=to_call&limit=500")).await.ok();
    let left: Vec<i64> = to_call["rows"].as_array().unwrap().iter().map(|row| row["no"].as_i64().unwrap()).collect();
    assert_eq!(left.len(), people.len() - 5, "whoever was not reached is asked again");
    assert!(left.contains(&people[4]) && !left.contains(&people[0]));
    let called = grid.get(&format!("{base}?area={area}&show=called")).await.ok();
    assert_eq!(called["rows"].as_array().unwrap().len(), 5);
    assert_eq!(called["rows"][0]["outcome"], "coming");
    // The last word counts.
    let (path, body) = say(people[0], "refused", "");
    grid.post(&path, body).await.ok();
    let called = grid.get(&format!("{base}?area={area}&show=called")).await.ok();
    assert_eq!(called["rows"][0]["outcome"], "refused");
}

#[tokio::test]
async fn a_file_needs_a_reason_and_gives_every_row() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let (round, people) = (city.round(), city.people(city.site(0)).await);
    let area = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(city.site(0))].area.to_string();
    let path = format!("/api/v1/rounds/{round}/missing/export");
    headquarters.post(&path, json!({ "area": area, "format": "csv", "reason": "" })).await.refused("reason_required");
    headquarters.post(&path, json!({ "area": area, "format": "pdf", "reason": "入户" })).await.refused("body_invalid");
    let csv = headquarters.post(&path, json!({ "area": area, "format": "csv", "reason": "入户" })).await;
    let text = String::from_utf8(csv.bytes).unwrap();
    assert_eq!(text.lines().count(), people.len() + 1);
    assert!(text.starts_with("\u{feff}村社区,人员编号,姓名"));
    let xlsx = headquarters.post(&path, json!({ "area": area, "format": "xlsx", "reason": "入户" })).await;
    assert!(xlsx.bytes.starts_with(b"PK"));
    city.sign_in("sitelead").await.post(&path, json!({ "area": area, "format": "csv", "reason": "x" })).await.refused("forbidden");
}
