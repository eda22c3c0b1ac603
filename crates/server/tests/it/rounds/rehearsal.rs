//! What was rehearsed stands beside an order before it is given.

use allclear_server::rehearse::{
    self,
    kept::{self, Kept},
    order::Order,
};
use allclear_store::StoreConfig;
use allclear_testkit::{City, TestStore};
use serde_json::Value;

use super::{order, root};

#[tokio::test]
async fn the_preview_of_an_order_says_what_was_rehearsed() {
    let city = City::start().await;
    let headquarters = city.sign_in("headquarters").await;
    let root = root(&headquarters).await;
    let preview = || async { headquarters.post("/api/v1/rounds/preview", order(&[&root])).await.ok() };
    assert_eq!(preview().await["rehearsal"], Value::Null, "nothing was rehearsed");
    let folder = std::env::temp_dir().join(format!("allclear-rehearsal-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = city.app.rehearsal.get_or_init(|| kept::file(&folder.join("master.key"))).clone();
    kept::write(&path, &Kept { at: 1_641_427_200_000_000, swabs_per_second: 10.0, gives: Some("swabs".into()) }).unwrap();
    let said = preview().await;
    let rehearsal = &said["rehearsal"];
    // The order lasts a day: 86,400 seconds, and the worst is five times the mean.
    assert_eq!((rehearsal["carries"].as_i64(), rehearsal["gives"].as_str()), (Some(172_800), Some("swabs")));
    let headroom = 172_800.0 / said["expected"].as_f64().unwrap();
    assert!((rehearsal["headroom"].as_f64().unwrap() - headroom).abs() < 1e-9);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_of_a_small_town_is_played_and_kept() {
    let store = TestStore::fresh().await;
    let folder = std::env::temp_dir().join(format!("allclear-rehearse-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let args = rehearse::Args {
        city: 1_000,
        order: Order::parse("all sampled by 20:00").unwrap(),
        seconds: 1,
        store: Some(match &store.config {
            StoreConfig::Sqlite(path) => path.display().to_string(),
            StoreConfig::Postgres(url) => url.clone(),
        }),
        population: 300,
        key_file: Some(folder.join("master.key")),
        json: true,
    };
    let report = rehearse::run(args).await.unwrap();
    assert!(report.figure("step 1: 1000 persons").is_some(), "{report:?}");
    let carried = report.figure("swabs a second carried").unwrap().value;
    let kept = kept::read(&kept::file(&folder.join("master.key")));
    let kept = kept.expect("it carries a small town").swabs_per_second;
    assert!((kept - carried).abs() < 1e-9, "{kept} {carried}");
    std::fs::remove_dir_all(&folder).unwrap();
}
