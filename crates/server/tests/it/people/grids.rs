//! An account of one grid: sees and asks the people of that grid, and nobody else of the village.

use allclear_domain::kernel::{area::AreaCode, id::Id};
use allclear_testkit::{City, Client};
use serde_json::{Value, json};

/// A village of the city with two grids of people, by taking in a file that names them.
async fn two_grids(city: &City, admin: &Client) -> (AreaCode, Vec<i64>, Vec<i64>) {
    let site = city.app.plan().sites[&Id::new(city.site(0))].clone();
    let village = site.serves[0];
    let areas =
        format!("code,name,parent,level,population\n{village}001,第一网格,{village},grid,3\n{village}002,第二网格,{village},grid,3\n");
    admin.send(axum::http::Method::POST, "/api/v1/areas", "application/octet-stream", areas.into_bytes()).await.ok();
    let people = city.people(city.site(0)).await;
    let in_village = city.app.store.read("test", move |tx| tx.person_numbers(village, 0)).await.unwrap();
    assert!(!people.is_empty());
    let of = |grid: AreaCode| city.app.store.read("test", move |tx| tx.numbers_in_grid(grid));
    let code = |n: &str| AreaCode::parse(&format!("{village}{n}")).unwrap();
    let first = of(code("001")).await.unwrap();
    let all: Vec<i64> = in_village.into_iter().map(|(_, no)| no).collect();
    // The demo's small villages have one grid: half of its people move to the second.
    let moved: Vec<i64> = first.iter().copied().skip(first.len() / 2).collect();
    for no in &moved {
        let record = admin.get(&format!("/api/v1/people/{no}")).await.ok();
        let body = json!({ "version": record["version"], "reason": "new grid", "living_area": format!("{village}002") });
        admin
            .send(axum::http::Method::PATCH, &format!("/api/v1/people/{no}"), "application/json", body.to_string().into_bytes())
            .await
            .ok();
    }
    let (mut one, mut two) = (of(code("001")).await.unwrap(), of(code("002")).await.unwrap());
    one.sort_unstable();
    two.sort_unstable();
    assert!(!one.is_empty() && !two.is_empty() && one.len() + two.len() <= all.len());
    (village, one, two)
}

fn numbers(page: &Value) -> Vec<i64> {
    let mut numbers: Vec<i64> = page["rows"].as_array().unwrap().iter().map(|row| row["no"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_grid_worker_of_one_grid_works_that_grid() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let (village, one, two) = two_grids(&city, &admin).await;
    let account = json!({ "name": "grid.one", "display_name": "网格员", "password": "a-long-password",
        "grants": [{ "role": "grid_worker", "area": format!("{village}001") }] });
    admin.post("/api/v1/accounts", account).await.ok();
    let mut worker = city.nobody();
    worker.sign_in("grid.one", "a-long-password").await;
    // Search, by area and by number.
    let found = worker.post("/api/v1/people/search", json!({ "text": "", "area": format!("{village}001") })).await.ok();
    assert_eq!(numbers(&found), one);
    assert_eq!(numbers(&worker.post("/api/v1/people/search", json!({ "text": "", "area": village.to_string() })).await.ok()), one);
    let search = |no: i64| {
        let worker = worker.clone();
        async move { numbers(&worker.post("/api/v1/people/search", json!({ "text": no.to_string() })).await.ok()) }
    };
    assert_eq!((search(one[0]).await, search(two[0]).await), (vec![one[0]], vec![]));
    worker.get(&format!("/api/v1/people/{}", one[0])).await.ok();
    worker.get(&format!("/api/v1/people/{}", two[0])).await.refused("not_found");
    let clear = worker.post(&format!("/api/v1/people/{}/reveal", one[0]), json!({ "reason": "call" })).await.ok();
    let name = clear["name"].as_str().unwrap();
    let by_name = numbers(&worker.post("/api/v1/people/search", json!({ "text": name })).await.ok());
    assert!(by_name.contains(&one[0]) && by_name.iter().all(|no| one.contains(no)), "{by_name:?}");
    // The missing list, its count, calls and outcomes.
    let base = format!("/api/v1/rounds/{}/missing", city.round());
    let list = worker.get(&format!("{base}?limit=500")).await.ok();
    assert_eq!((numbers(&list), &list["total"]), (one.clone(), &json!(one.len())), "the grid, not the village");
    let areas = worker.get(&format!("{base}/areas")).await.ok();
    assert_eq!(areas.as_array().unwrap().len(), 1);
    assert_eq!((&areas[0]["area"], &areas[0]["missing"]), (&json!(format!("{village}001")), &json!(one.len())));
    worker.get(&format!("{base}?area={village}")).await.refused("forbidden");
    worker.post(&format!("{base}/{}/call", one[0]), json!({})).await.ok();
    worker.post(&format!("{base}/{}/call", two[0]), json!({})).await.refused("forbidden");
    worker.post(&format!("{base}/{}/outcome", one[0]), json!({ "outcome": "coming", "note": "" })).await.ok();
    worker.post(&format!("{base}/{}/outcome", two[0]), json!({ "outcome": "coming", "note": "" })).await.refused("forbidden");
    let called = worker.get(&format!("{base}?show=called")).await.ok();
    assert_eq!(numbers(&called), [one[0]]);
    let file = worker.post(&format!("{base}/export"), json!({ "area": format!("{village}001"), "format": "csv", "reason": "入户" })).await;
    assert_eq!(String::from_utf8(file.bytes).unwrap().lines().count(), one.len() + 1);
}
