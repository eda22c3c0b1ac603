//! The catalogue of our own tables against the rules of Citus, on whatever engine the suite runs; and which calls a
//! database that has it would get.

use std::sync::Arc;

use allclear_seal::Keys;
use allclear_store::{
    Store, StoreConfig, StoreError,
    citus::{BUCKETS, Place, TABLES, place},
    schema::{Column, Schema, Table},
    schema_version,
};
use allclear_testkit::{City, TestStore};

/// The columns of a key, as the catalogue writes it: `PRIMARY KEY (bucket, id)`.
fn columns(constraint: &str) -> Vec<&str> {
    let inside = constraint.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(inside, _)| inside);
    inside.split(", ").collect()
}

/// The table that a reference names.
fn referred(constraint: &str) -> &str {
    constraint.split("REFERENCES ").nth(1).and_then(|rest| rest.split(['(', ' ']).next()).unwrap_or_default()
}

/// What breaks the rules in one table.
fn wrong(table: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    let Some(lives) = place(&table.name) else { return vec![format!("{}: not listed in citus.rs", table.name)] };
    let bucket = table.columns.iter().find(|column| column.name == "bucket");
    if lives == Place::Bucket && !bucket.is_some_and(|column| column.not_null) {
        wrong.push(format!("{}: has no bucket", table.name));
    }
    for constraint in &table.constraints {
        let key = constraint.starts_with("PRIMARY KEY") || constraint.starts_with("UNIQUE");
        if lives == Place::Bucket && key && columns(constraint).first() != Some(&"bucket") {
            wrong.push(format!("{}: {constraint} does not begin with the bucket", table.name));
        }
        if constraint.starts_with("FOREIGN KEY") {
            let of = place(referred(constraint));
            let fits = match lives {
                Place::Bucket => of == Some(Place::Reference) || (of == Some(Place::Bucket) && columns(constraint).contains(&"bucket")),
                Place::Reference => of == Some(Place::Reference),
                Place::Local => matches!(of, Some(Place::Reference | Place::Local)),
            };
            if !fits {
                wrong.push(format!("{}: {constraint} crosses", table.name));
            }
        }
    }
    for index in table.indexes.iter().filter(|index| index.starts_with("CREATE UNIQUE")) {
        if lives == Place::Bucket && !index.contains("(bucket") {
            wrong.push(format!("{}: {index} does not begin with the bucket", table.name));
        }
    }
    wrong
}

async fn schema() -> (TestStore, Schema) {
    let store = TestStore::fresh().await;
    let opened = Store::open(&store.config, Arc::new(Keys::from_master(&City::MASTER))).await.unwrap();
    let schema = opened.read("test", |tx| tx.schema()).await.unwrap();
    (store, schema)
}

#[tokio::test]
async fn every_table_is_listed_and_fits_where_it_is_to_live() {
    let (_store, schema) = schema().await;
    let broken: Vec<String> = schema.tables.iter().flat_map(wrong).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(schema.others.is_empty(), "no trigger, view, sequence or function: {:?}", schema.others);
    let gone: Vec<&str> =
        TABLES.iter().map(|(name, _)| *name).filter(|name| !schema.tables.iter().any(|table| table.name == *name)).collect();
    assert!(gone.is_empty(), "listed and not there: {gone:?}");
}

#[test]
fn what_does_not_fit_is_seen() {
    let column = |name: &str| Column { name: name.into(), ty: "smallint".into(), not_null: true, default: None };
    let table = |name: &str, constraints: &[&str], indexes: &[&str]| Table {
        name: name.into(),
        columns: vec![column("bucket")],
        constraints: constraints.iter().map(|text| (*text).to_owned()).collect(),
        indexes: indexes.iter().map(|text| (*text).to_owned()).collect(),
        ..Table::default()
    };
    for (table, faults) in [
        (
            table(
                "tube",
                &["PRIMARY KEY (bucket, code)"],
                &["CREATE UNIQUE INDEX a ON tube (bucket, box)", "CREATE INDEX b ON tube (box)"],
            ),
            0,
        ),
        (table("tube", &["PRIMARY KEY (code, bucket)"], &[]), 1),
        (table("tube", &["UNIQUE (code)", "PRIMARY KEY (bucket, code)"], &["CREATE UNIQUE INDEX a ON tube (box)"]), 2),
        (table("tube", &["FOREIGN KEY (site) REFERENCES site(id)"], &[]), 0),
        (table("tube", &["FOREIGN KEY (box) REFERENCES box(code)"], &[]), 1),
        (table("tube", &["FOREIGN KEY (run) REFERENCES lab_run(id)"], &[]), 1),
        (table("site", &["FOREIGN KEY (tube) REFERENCES tube(code)"], &[]), 1),
        (table("site", &["FOREIGN KEY (run) REFERENCES lab_run(id)"], &[]), 1),
        (table("lab_run", &["FOREIGN KEY (lab) REFERENCES lab(id)"], &[]), 0),
        (table("unheard_of", &[], &[]), 1),
    ] {
        assert_eq!(wrong(&table).len(), faults, "{table:?}: {:?}", wrong(&table));
    }
    assert_eq!(wrong(&Table { name: "tube".into(), ..Table::default() }).len(), 1, "without a bucket");
}

/// What stands in for the extension: its two calls, which write down what they were asked for.
const STAND_IN: &str = "CREATE TABLE pg_dist_partition (logicalrelid regclass, distribution text);
    CREATE FUNCTION create_distributed_table(t regclass, by text, shard_count int) RETURNS void LANGUAGE sql
        AS 'INSERT INTO pg_dist_partition VALUES (t, by)';
    CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql AS 'INSERT INTO pg_dist_partition VALUES (t, NULL)'";

#[tokio::test]
async fn a_database_with_the_extension_is_told_where_each_table_lives_once() {
    let store = TestStore::fresh().await;
    // Only a PostgreSQL can have it.
    let StoreConfig::Postgres(url) = &store.config else { return };
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(STAND_IN).await.unwrap();
    let keys = Arc::new(Keys::from_master(&City::MASTER));
    for _ in 0..2 {
        drop(Store::open(&store.config, Arc::clone(&keys)).await.unwrap());
        let rows = client.query("TABLE pg_dist_partition", &[]).await.unwrap();
        assert_eq!(rows.len(), TABLES.iter().filter(|(_, place)| *place != Place::Local).count());
    }
    let told = client.query("SELECT CAST(logicalrelid AS TEXT), distribution FROM pg_dist_partition", &[]).await.unwrap();
    for row in told {
        let (table, by): (String, Option<String>) = (row.get(0), row.get(1));
        let expected = if place(&table) == Some(Place::Bucket) { Some("bucket") } else { None };
        assert_eq!(by.as_deref(), expected, "{table}");
    }
    let opened = Store::open(&store.config, keys).await.unwrap();
    assert_eq!(opened.read("test", |tx| tx.layout()).await.unwrap(), i64::from(BUCKETS));
    driver.abort();
}

/// Opens a store whose last owner lets its file go in its own time.
async fn again(config: &StoreConfig, keys: Arc<Keys>) -> Store {
    for _ in 0..2_000 {
        match Store::open(config, Arc::clone(&keys)).await {
            Err(StoreError::Locked(_)) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the last owner still holds the file");
}

#[tokio::test]
async fn an_empty_store_is_spread_once_and_says_so_to_older_programs() {
    let (store, _) = schema().await;
    let keys = Arc::new(Keys::from_master(&City::MASTER));
    let look =
        |store: Store| async move { store.read("test", |tx| Ok::<_, StoreError>((tx.layout()?, tx.schema_floor()?))).await.unwrap() };
    let opened = Store::open(&store.config, Arc::clone(&keys)).await.unwrap();
    let (buckets, floor) = look(opened.clone()).await;
    assert_eq!((buckets, floor < schema_version()), (1, true), "a program from before may work beside this one");
    let spread = opened.spread(64).await.unwrap();
    drop((opened, spread));
    let (buckets, floor) = look(again(&store.config, keys).await).await;
    assert_eq!((buckets, floor), (64, 160), "a program from before would look in one bucket");

    let city = City::start().await;
    let before = city.app.store.read("test", |tx| tx.layout()).await.unwrap();
    assert!(matches!(city.app.store.spread(8).await, Err(StoreError::Schema(_))), "its rows stay where they are");
    assert_eq!(city.app.store.read("test", |tx| tx.layout()).await.unwrap(), before);
}
