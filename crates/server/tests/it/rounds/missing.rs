//! Who is missing: lists, calls, files.

use allclear_domain::kernel::code::TubeCode;
use allclear_testkit::City;
use serde_json::{Value, json};

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
    assert_eq!(called["rows"].as_array().unwrap().len(), 2, "whoever is not expected any more has left the list");
    assert_eq!(called["total"], people.len() - 3);
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

#[tokio::test]
async fn what_was_heard_changes_who_is_expected_until_something_else_is_heard() {
    let city = City::start().await;
    let grid = city.sign_in("gridworker").await;
    let headquarters = city.sign_in("headquarters").await;
    let (round, person) = (city.round(), city.people(city.site(0)).await[0]);
    let path = format!("/api/v1/rounds/{round}/missing/{person}/outcome");
    let look = || async {
        city.drain().await;
        let detail = headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok();
        let frame = headquarters.get("/api/v1/live/frame").await.ok();
        let of = |reason: &str| {
            let line = detail["exempt"].as_array().unwrap().iter().find(|line| line["reason"] == reason).cloned();
            line.map_or(0, |line| line["persons"].as_i64().unwrap())
        };
        assert_eq!(detail["expected"], frame["total"]["expected"], "completion is of the same list");
        (detail["expected"].as_i64().unwrap(), of("medical"), of("away"), of("other"))
    };
    let before = look().await;
    let say = |outcome: &'static str, reason: Value| {
        let (grid, path) = (grid.clone(), path.clone());
        async move { grid.post(&path, json!({ "outcome": outcome, "note": "本人说", "reason": reason })).await }
    };
    say("exempt", json!("astronaut")).await.refused("body_invalid");
    say("exempt", json!("medical")).await.ok();
    assert_eq!(look().await, (before.0 - 1, before.1 + 1, before.2, before.3));
    let area = city.app.plan().sites[&allclear_domain::kernel::id::Id::new(city.site(0))].area;
    let given = headquarters.get(&format!("/api/v1/exemptions?area={area}")).await.ok();
    assert_eq!((&given["rows"][0]["reason"], &given["rows"][0]["note"]), (&json!("medical"), &json!("符合豁免：本人说")));
    say("moved_away", Value::Null).await.ok();
    assert_eq!(look().await, (before.0 - 1, before.1, before.2 + 1, before.3));
    say("sampled_elsewhere", Value::Null).await.ok();
    assert_eq!(look().await, (before.0 - 1, before.1, before.2, before.3 + 1));
    // Reached again: is coming after all.
    say("coming", Value::Null).await.ok();
    assert_eq!(look().await, before);
    let listed = grid.get(&format!("/api/v1/rounds/{round}/missing?area={area}&show=called")).await.ok();
    assert_eq!(listed["rows"][0]["outcome"], "coming");
}

#[tokio::test]
async fn a_worker_of_several_villages_has_one_list() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let plan = city.app.plan();
    let village = |index: usize| plan.sites[&allclear_domain::kernel::id::Id::new(city.site(index))].area.to_string();
    // In no order, and far apart.
    let grants: Vec<_> = [7, 0, 3].map(|index| json!({ "role": "grid_worker", "area": village(index) })).into();
    let account = json!({ "name": "grid2", "display_name": "三村网格员", "password": "another-long-one", "grants": grants });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut grid = city.nobody();
    grid.sign_in("grid2", "another-long-one").await;
    let round = city.round();
    let mut mine = Vec::new();
    for index in [0, 3, 7] {
        mine.extend(city.people(city.site(index)).await);
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = grid.get(&format!("/api/v1/rounds/{round}/missing?limit=2&after={after}")).await.ok();
        assert_eq!(page["total"], mine.len());
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["no"].as_i64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!(seen, mine);
    let areas = grid.get(&format!("/api/v1/rounds/{round}/missing/areas")).await.ok();
    let codes: Vec<_> = areas.as_array().unwrap().iter().map(|row| row["area"].as_str().unwrap().to_owned()).collect();
    assert_eq!(codes, [village(0), village(3), village(7)]);
    grid.get(&format!("/api/v1/rounds/{round}/missing?area={}", village(1))).await.refused("forbidden");
}
