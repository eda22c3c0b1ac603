//! Scope by areas and groups, kinds of tube, exemptions that overlap.

use allclear_domain::{kernel::id::Id, people::groups::Group};
use allclear_testkit::City;
use serde_json::{Value, json};

use super::{event, order, root};

fn line(area: &str, kind: &str, groups: &[&str]) -> Value {
    json!({ "area": area, "tube_kind": if kind.is_empty() { Value::Null } else { json!(kind) }, "groups": groups })
}

fn village(city: &City, site: uuid::Uuid) -> String {
    city.app.plan().sites[&Id::new(site)].area.to_string()
}

/// How many persons of a village are in any of these groups.
async fn in_groups(city: &City, village: &str, words: &[&str]) -> i64 {
    let code = allclear_domain::kernel::area::AreaCode::parse(village).unwrap();
    let groups = words.iter().map(|word| Group::parse(word).unwrap().bit()).fold(0, |bits, bit| bits | bit);
    let rule = allclear_domain::sampling::scope::GroupRule { groups, all: false };
    let counted = city.app.store.read("test", move |tx| tx.count_in_groups(code, rule, 0)).await.unwrap();
    counted.iter().map(|(_, _, persons)| persons).sum()
}

#[tokio::test]
async fn the_phones_of_a_village_use_the_kind_that_its_round_says() {
    let city = City::with_population(10_000).await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let [single, household, plain] = [0, 1, 2].map(|index| city.site(index));
    let mut plan = order(&[]);
    plan["scope"] = json!([
        line(&root, "", &[]),
        line(&village(&city, single), "single", &[]),
        line(&village(&city, household), "", &[]),
        line(&village(&city, household), "household", &[]),
        line(&root, "single", &["child", "infant"]),
    ]);
    let round = headquarters.post("/api/v1/rounds", plan).await.ok()["id"].clone();
    event(&headquarters, round.as_str().unwrap(), "open", None).await.ok();
    let phone = city.phone("registrar").await;
    let kinds = |site: uuid::Uuid| {
        let (client, round) = (phone.client.clone(), round.clone());
        async move {
            let shift = client.get(&format!("/api/v1/field/shift?site={site}")).await.ok();
            let of_round = shift["kinds"].as_array().unwrap().iter().filter(|kind| kind["round"] == round).cloned();
            of_round
                .map(|kind| (kind["tube_kind"].as_str().unwrap().to_owned(), kind["groups"].as_array().unwrap().len()))
                .collect::<Vec<_>>()
        }
    };
    let of_children = ("single".to_owned(), 2);
    assert_eq!(kinds(single).await, [("single".to_owned(), 0), of_children.clone()]);
    assert_eq!(kinds(household).await, [("household".to_owned(), 0), of_children.clone()]);
    assert_eq!(kinds(plain).await, [("pool10".to_owned(), 0), of_children]);
    // The roster marks whoever has another kind than the site's usual one: the children.
    let roster = phone.client.get(&format!("/api/v1/field/roster?site={plain}")).await.ok();
    let round = round.as_str().unwrap();
    let marked = roster["entries"].as_array().unwrap().iter().filter(|entry| entry["tube_kinds"][round] == "single").count() as i64;
    let children = in_groups(&city, &village(&city, plain), &["child", "infant"]).await;
    assert!(children > 0);
    assert_eq!(marked, children);
}

#[tokio::test]
async fn tubes_are_counted_by_the_kind_of_each_village() {
    let city = City::with_population(10_000).await;
    let headquarters = city.sign_in("headquarters").await;
    let site = city.site(0);
    let code = village(&city, site);
    let people = city.people(site).await.len() as i64;
    let tubes = |scope: Value| {
        let mut plan = order(&[]);
        plan["scope"] = scope;
        let headquarters = headquarters.clone();
        async move { headquarters.post("/api/v1/rounds/preview", plan).await.ok()["tubes"].as_i64().unwrap() }
    };
    let expected = headquarters.post("/api/v1/rounds/preview", order(&[&code])).await.ok()["expected"].as_i64().unwrap();
    assert!(expected > 10 && expected <= people);
    let up = |persons: i64, size: i64| (persons + size - 1) / size;
    assert_eq!(tubes(json!([line(&code, "", &[])])).await, up(expected, 10));
    assert_eq!(tubes(json!([line(&code, "single", &[])])).await, expected);
    assert_eq!(tubes(json!([line(&code, "household", &[])])).await, up(expected, 3), "three persons a household, says the profile");
    // The village's line counts inside a wider scope.
    let town = &code[..9];
    let whole = tubes(json!([line(town, "", &[])])).await;
    assert_eq!(tubes(json!([line(town, "", &[]), line(&code, "single", &[])])).await, whole - up(expected, 10) + expected);
    // Two kinds for one area are a mistake; so is a group outside the scope, or without a kind.
    let mut bad = order(&[]);
    for scope in [
        json!([line(&code, "single", &[]), line(&code, "pool5", &[])]),
        json!([line(&code, "", &[]), line(town, "single", &["child"])]),
        json!([line(&code, "", &[]), line(&code, "", &["child"])]),
    ] {
        bad["scope"] = scope;
        headquarters.post("/api/v1/rounds", bad.clone()).await.refused("body_invalid");
    }
}

#[tokio::test]
async fn a_round_of_groups_takes_whoever_is_in_one_of_them() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let mut plan = order(&[&root]);
    plan["groups"] = json!(["infant", "child"]);
    let either = in_groups(&city, &root, &["infant", "child"]).await;
    let preview = headquarters.post("/api/v1/rounds/preview", plan.clone()).await.ok();
    let whole = preview["expected"].as_i64().unwrap()
        + preview["exempt"].as_array().unwrap().iter().map(|e| e["persons"].as_i64().unwrap()).sum::<i64>();
    assert!(either > 0);
    assert_eq!(whole, either);
    let round = headquarters.post("/api/v1/rounds", plan.clone()).await.ok()["id"].as_str().unwrap().to_owned();
    event(&headquarters, &round, "open", None).await.ok();
    let open = headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok();
    assert_eq!((&open["expected"], &open["groups_all"]), (&preview["expected"], &json!(false)));
    // Nobody is an infant and a child.
    plan["groups_all"] = json!(true);
    assert_eq!(headquarters.post("/api/v1/rounds/preview", plan).await.ok()["expected"], 0);
}

#[tokio::test]
async fn overlapping_exemptions_count_a_person_once_under_the_first_reason() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let (round, person) = (city.round(), city.people(city.site(0)).await[0]);
    let look = || async {
        let detail = headquarters.get(&format!("/api/v1/rounds/{round}")).await.ok();
        let of = |reason: &str| {
            let line = detail["exempt"].as_array().unwrap().iter().find(|line| line["reason"] == reason).cloned();
            line.map_or(0, |line| line["persons"].as_i64().unwrap())
        };
        (detail["expected"].as_i64().unwrap(), of("deceased"), of("away"))
    };
    let before = look().await;
    let add = |reason: &'static str| {
        let headquarters = headquarters.clone();
        async move {
            let made = headquarters.post("/api/v1/exemptions", json!({ "person": person, "reason": reason })).await.ok();
            made["id"].as_str().unwrap().to_owned()
        }
    };
    let first = add("deceased").await;
    let second = add("away").await;
    assert_eq!(look().await, (before.0 - 1, before.1 + 1, before.2));
    // The preview of another round counts the person once.
    let area = village(&city, city.site(0));
    let preview = headquarters.post("/api/v1/rounds/preview", order(&[&area])).await.ok();
    let exempt: i64 = preview["exempt"].as_array().unwrap().iter().map(|e| e["persons"].as_i64().unwrap()).sum();
    assert_eq!(preview["expected"].as_i64().unwrap() + exempt, city.people(city.site(0)).await.len() as i64);
    headquarters.delete(&format!("/api/v1/exemptions/{first}")).await.ok();
    assert_eq!(look().await, (before.0 - 1, before.1, before.2 + 1), "the other reason stands now");
    headquarters.delete(&format!("/api/v1/exemptions/{second}")).await.ok();
    assert_eq!(look().await, before);
}

#[tokio::test]
async fn whoever_is_exempt_is_not_asked_on_their_own_page() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let person = city.people(city.site(0)).await[0];
    let (code, tail) = super::card_of(&city, person).await;
    let mut resident = city.nobody();
    resident.open_resident_page(&code, &tail).await;
    let due = || async { resident.get("/api/v1/resident/me").await.ok()["round"]["due"].clone() };
    assert_eq!(due().await, true);
    let id = headquarters.post("/api/v1/exemptions", json!({ "person": person, "reason": "away" })).await.ok()["id"].clone();
    city.drain().await;
    assert_eq!(due().await, false);
    headquarters.delete(&format!("/api/v1/exemptions/{}", id.as_str().unwrap())).await.ok();
    city.drain().await;
    assert_eq!(due().await, true);
}
