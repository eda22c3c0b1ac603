use allclear_domain::kernel::id::{Id, PersonNo};
use allclear_testkit::{City, Client};
use serde_json::{Value, json};

/// A person with a document and a card: number, code, end of the document number.
async fn resident(city: &City) -> (i64, String, String) {
    let found = city.app.store.read("test", |tx| {
        let everybody = tx.person_numbers(allclear_domain::kernel::area::AreaCode::parse("330784").unwrap(), 0)?;
        for (_, no) in everybody {
            let Some(document) = tx.document_rows(&[no])?.into_iter().find(|document| document.kind == "resident_id") else { continue };
            let number = tx.keys().open_cell("document", "number", &no.to_string(), &document.number)?;
            let code = tx.cards_of(&[no])?.remove(0).1;
            return Ok::<_, allclear_store::StoreError>((no, code, number[14..].to_owned()));
        }
        unreachable!("a city has people with documents")
    });
    found.await.unwrap()
}

async fn opened(city: &City, code: &str, tail: &str) -> Client {
    let mut client = city.nobody();
    client.open_resident_page(code, tail).await;
    client
}

#[tokio::test]
async fn a_resident_opens_the_own_page_with_code_and_number() {
    let city = City::start().await;
    let (no, code, tail) = resident(&city).await;
    let client = opened(&city, &code.to_lowercase(), &tail).await;
    let page = client.get("/api/v1/resident/me").await.ok();
    assert_eq!(page["code"], code);
    assert!(page["name"].as_str().unwrap().contains('*'), "a phone is shown around: {page}");
    assert_eq!((&page["tests"], &page["round"]["due"]), (&json!([]), &json!(true)));
    assert_eq!(page["round"]["sites"][0]["open"], true);
    // The follower of the feed writes the person's side; here it is written directly.
    let (round, site, id) = (Id::new(city.round()), Id::new(city.site(0)), Id::new(uuid::Uuid::from_u128(1)));
    let at = city.app.now();
    let put = city.app.store.run("test", move |tx| tx.put_person_collection(PersonNo(no), round, id, "T0000000018", site, at, true));
    put.await.unwrap();
    let page = client.get("/api/v1/resident/me").await.ok();
    assert_eq!(
        (&page["tests"][0]["stage"], &page["tests"][0]["result"], &page["round"]["due"]),
        (&json!("at_site"), &Value::Null, &json!(false))
    );
    assert!(page["tests"][0]["expected_at"].is_string());
    client.delete("/api/v1/resident/session").await;
    client.get("/api/v1/resident/me").await.refused("unauthenticated");
}

#[tokio::test]
async fn guessing_the_number_of_a_card_is_throttled() {
    let city = City::start().await;
    let (_, code, tail) = resident(&city).await;
    let nobody = city.nobody();
    let attempt = |tail: String| nobody.post("/api/v1/resident/session", json!({ "code": code, "document_tail": tail }));
    for n in 0..10 {
        attempt(format!("{n}{n}{n}{n}")).await.refused("credentials_wrong");
    }
    attempt(tail.clone()).await.refused("too_many_attempts");
    city.clock.advance_seconds(301);
    assert!(attempt(tail).await.status.is_success());
    nobody.post("/api/v1/resident/session", json!({ "code": "P123", "document_tail": "0000" })).await.refused("code_malformed");
    let strange = allclear_domain::kernel::code::CardCode::from_random([9; 10]).as_str().to_owned();
    nobody.post("/api/v1/resident/session", json!({ "code": strange, "document_tail": "0000" })).await.refused("credentials_wrong");
    nobody.get("/api/v1/resident/me").await.refused("unauthenticated");
}
