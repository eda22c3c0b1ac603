//! The schema of a fresh store is a golden file for each engine, so that a review sees what a
//! migration does. `cargo xtask golden` rewrites both.

use std::sync::Arc;

use allclear_seal::Keys;
use allclear_store::{Engine, Store};
use allclear_testkit::{City, TestStore};

#[tokio::test]
async fn the_schema_of_a_fresh_store_is_the_golden_one() {
    let place = TestStore::fresh().await;
    let store = Store::open(&place.config, Arc::new(Keys::from_master(&City::MASTER))).await.unwrap();
    let schema = store.read("schema", |tx| tx.schema()).await.unwrap();
    let name = match store.engine() {
        Engine::Sqlite => "schema_sqlite",
        Engine::Postgres => "schema_postgres",
    };
    insta::assert_snapshot!(name, schema.to_string());
}
