//! A backup is restored and recounted, on the engine that the suite runs on.

use allclear_store::{StoreConfig, backup};
use allclear_testkit::{City, Spare};

use super::{allclear, key_file, swabs};

#[tokio::test]
async fn a_backup_of_a_running_city_restores_and_recounts_equal() {
    let city = City::start().await;
    let spare = Spare::like(&city.store).await;
    let key = key_file(&spare.folder);
    swabs(&city, 1, 0, 120).await;
    city.drain().await;
    let file = spare.folder.join("city.backup");
    let path = file.to_str().unwrap();
    // The city is open in this process, as in a server: the backup is another process.
    let (code, text) = allclear("backup", &city.store, &key, &["--out", path]);
    assert_eq!(code, 0, "{text}");
    let collections = text.lines().find(|line| line.starts_with("collection ")).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(collections.split_whitespace().last(), Some("120"), "{text}");
    assert!(text.contains("sha256 "), "{text}");

    // What comes later is not in it.
    swabs(&city, 100, 120, 30).await;
    city.drain().await;

    let (code, text) = allclear("restore", &spare.config, &key, &["--from", path]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = allclear("recount", &spare.config, &key, &[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(", 0 differ"), "{text}");
    let collected =
        text.lines().find(|line| line.starts_with("city") && line.contains(" collections ")).unwrap_or_else(|| panic!("{text}"));
    assert!(collected.trim_end().ends_with(" 120"), "{collected}");

    let (code, text) = allclear("restore", &spare.config, &key, &["--from", path]);
    assert_eq!((code, text.contains("nothing is overwritten")), (1, true), "{text}");
    let (code, text) = allclear("backup", &city.store, &key, &["--out", path]);
    assert_eq!((code, text.contains("nothing is overwritten")), (1, true), "{text}");
}

#[tokio::test]
async fn a_damaged_or_foreign_backup_is_refused_and_leaves_nothing() {
    let city = City::start().await;
    let spare = Spare::like(&city.store).await;
    let keys = allclear_seal::Keys::from_master(&City::MASTER);
    let file = spare.folder.join("city.backup");
    let manifest = backup::backup(&city.store, &keys, &file, "test", "now".into()).await.unwrap();
    assert!(manifest.tables["person"] >= 1000);

    let other = allclear_seal::Keys::from_master(&[8; 32]);
    let refused = backup::restore(&file, &spare.config, &other).await.unwrap_err().to_string();
    assert!(refused.contains("another master key"), "{refused}");

    // The manifest of a newer program.
    let path = backup::manifest_path(&file);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut newer = manifest.clone();
    newer.migrations.push((9999, "0".into()));
    std::fs::write(&path, serde_json::to_string(&newer).unwrap()).unwrap();
    let refused = backup::restore(&file, &spare.config, &keys).await.unwrap_err().to_string();
    assert!(refused.contains("start the newer program"), "{refused}");

    // A manifest that counts other rows: the restore notices, and does not leave half a store.
    let mut wrong = manifest.clone();
    *wrong.tables.get_mut("person").unwrap() += 1;
    std::fs::write(&path, serde_json::to_string(&wrong).unwrap()).unwrap();
    let refused = backup::restore(&file, &spare.config, &keys).await.unwrap_err().to_string();
    assert!(refused.contains("table person"), "{refused}");
    if let StoreConfig::Sqlite(place) = &spare.config {
        assert!(!place.exists());
    }

    // One byte of the file.
    std::fs::write(&path, text).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let refused = backup::verify(&file).unwrap_err().to_string();
    assert!(refused.contains("damaged"), "{refused}");
}

#[tokio::test]
async fn a_migration_is_tried_on_a_copy() {
    let city = City::start().await;
    let spare = Spare::like(&city.store).await;
    let key = key_file(&spare.folder);
    let (code, text) = allclear("migrate", &city.store, &key, &["--on-copy"]);
    match &city.store {
        StoreConfig::Sqlite(path) => {
            assert_eq!(code, 0, "{text}");
            assert!(text.contains("nothing to apply"), "{text}");
            assert!(!path.with_extension("db.migrate-try").exists());
        }
        StoreConfig::Postgres(_) => assert_eq!((code, text.contains("scratch database")), (1, true), "{text}"),
    }
    let (code, text) = allclear("migrate", &city.store, &key, &["--status"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.lines().all(|line| line.starts_with("applied ")), "{text}");
}
