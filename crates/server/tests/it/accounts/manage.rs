//! An administrator's reach is the area in which they administer.

use allclear_server::demo;
use allclear_testkit::{City, Client};
use axum::http::Method;
use serde_json::{Value, json};

const TOWN: &str = "330784105";
const OTHER_TOWN: &str = "330784106";

async fn town_administrator(city: &City) -> Client {
    city.account("town-admin", &[("administrator", TOWN)]).await
}

fn account(name: &str, grants: Value) -> Value {
    json!({ "name": name, "display_name": name, "password": demo::PASSWORD, "grants": grants })
}

#[tokio::test]
async fn a_town_administrator_grants_inside_the_town_only() {
    let city = City::start().await;
    let admin = town_administrator(&city).await;
    let grant = |role: &str, area: &str| json!({ "role": role, "area": area });
    for (grants, refusal) in [
        (json!([grant("registrar", "330784")]), "forbidden"),
        (json!([grant("registrar", "100000")]), "forbidden"),
        (json!([grant("registrar", OTHER_TOWN)]), "forbidden"),
        (json!([grant("registrar", TOWN), grant("auditor", OTHER_TOWN)]), "forbidden"),
        (json!([grant("registrar", "330784105999")]), "area_unknown"),
        (json!([grant("registrar", "33078")]), "area_unknown"),
        (json!([]), "body_invalid"),
    ] {
        admin.post("/api/v1/accounts", account("newcomer", grants.clone())).await.refused(refusal);
        let own = city.account_id("town-admin").await;
        admin.put(&format!("/api/v1/accounts/{own}/grants"), grants).await.refused(refusal);
    }
    let made = admin.post("/api/v1/accounts", account("newcomer", json!([grant("registrar", "330784105200")]))).await.ok();
    let grants = format!("/api/v1/accounts/{}/grants", made["id"].as_str().unwrap());
    admin.put(&grants, json!([grant("courier", TOWN), grant("courier", TOWN)])).await.ok();
    let names: Vec<Value> = rows(&admin, "/api/v1/accounts").await.iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["newcomer", "town-admin"]);
    admin.put(&grants, json!([grant("courier", "330784")])).await.refused("forbidden");
}

async fn rows(client: &Client, path: &str) -> Vec<Value> {
    client.get(path).await.ok()["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_town_administrator_touches_no_account_outside() {
    let city = City::start().await;
    let admin = town_administrator(&city).await;
    city.account("half-outside", &[("registrar", TOWN), ("registrar", OTHER_TOWN)]).await;
    let phone = city.phone("registrar").await;
    let device = rows(&city.sign_in("admin").await, "/api/v1/devices").await[0]["id"].clone();
    for name in ["registrar", "half-outside", "admin"] {
        let id = city.account_id(name).await;
        admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": false })).await.refused("not_found");
        let grants = json!([{ "role": "registrar", "area": TOWN }]);
        admin.put(&format!("/api/v1/accounts/{id}/grants"), grants).await.refused("not_found");
        admin.post(&format!("/api/v1/accounts/{id}/reset-link"), json!({})).await.refused("not_found");
        admin.post("/api/v1/enrolments", json!({ "account": id, "label": "PDA" })).await.refused("not_found");
    }
    admin.delete(&format!("/api/v1/devices/{}", device.as_str().unwrap())).await.refused("not_found");
    phone.client.get("/api/v1/session").await.ok();
    assert_eq!(rows(&admin, "/api/v1/devices").await, Vec::<Value>::new());
    let csv = "code,name,parent,level,population\n330784105200,塘里,330784105,village,900\n";
    admin.send(Method::POST, "/api/v1/areas", "text/csv", csv.as_bytes().to_vec()).await.refused("forbidden");
    // What lies inside the town is theirs.
    let inside = city.account("inside", &[("registrar", "330784105200")]).await;
    let id = city.account_id("inside").await;
    admin.post("/api/v1/enrolments", json!({ "account": id, "label": "石柱 3 号" })).await.ok();
    admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": false })).await.ok();
    inside.get("/api/v1/session").await.refused("unauthenticated");
}

#[tokio::test]
async fn nobody_steps_down_or_stops_their_own_account() {
    let city = City::start().await;
    let (admin, id) = (city.sign_in("admin").await, city.account_id("admin").await);
    admin.put(&format!("/api/v1/accounts/{id}/active"), json!({ "active": false })).await.refused("own_account");
    let grants = json!([{ "role": "auditor", "area": "330784" }]);
    admin.put(&format!("/api/v1/accounts/{id}/grants"), grants).await.refused("own_account");
    admin.get("/api/v1/accounts").await.ok();
}

#[tokio::test]
async fn a_list_of_accounts_goes_on_where_a_page_ended() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    // 500 a page; made in the store, since each hash takes its time.
    city.app
        .store
        .run("test_accounts", |tx| {
            let row = tx.account_by_name("registrar")?.unwrap();
            let grants: Vec<_> = tx.grants(&[row.id])?.into_iter().map(|(_, grant)| grant).collect();
            for i in 0..600_u128 {
                let id = allclear_domain::kernel::id::Id::new(uuid::Uuid::from_u128(i + 1));
                tx.insert_account(&allclear_store::accounts::AccountRow { id, name: format!("many{i:03}"), ..row.clone() }, &grants)?;
            }
            Ok::<_, allclear_store::StoreError>(())
        })
        .await
        .unwrap();
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/v1/accounts?after={after}")).await.ok();
        names.extend(page["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!((names.len(), names.is_sorted()), (609, true));
    // Somebody of one town finds their one account behind 600 others.
    let town = city.account("z-town", &[("administrator", TOWN)]).await;
    assert_eq!(rows(&town, "/api/v1/accounts").await.len(), 1);
}
