//! A store moves from a file into PostgreSQL, whole or not at all. Where the suite runs on SQLite there is
//! no database to move to, and only what is refused is tried.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use allclear_store::{Store, StoreConfig, StoreError, backup};
use allclear_testkit::{City, Spare, TestStore};

use super::{allclear, key_file, swabs};

/// Runs the move: exit code and what it printed.
fn moved(from: &Path, to: &TestStore, key: &Path) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_allclear"));
    command.args(["move", "--from"]).arg(from).arg("--key-file").arg(key).env("ALLCLEAR_MOVE_TO", to.address()).stdin(Stdio::null());
    let out = command.output().unwrap();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

/// Rows of a table as the move printed them.
fn rows<'t>(text: &'t str, table: &str) -> Option<&'t str> {
    let words = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| words.len() == 2 && words[0] == table).map(|words| words[1]).next()
}

#[tokio::test]
async fn a_store_moves_from_a_file_to_postgresql_whole_or_not_at_all() {
    let target = TestStore::fresh().await;
    let spare = Spare::like(&target.config).await;
    let key = key_file(&spare.folder);
    let own = spare.folder.join("city.db");
    let city = City::in_file(&own, 1000).await;
    swabs(&city, 1, 0, 120).await;
    city.drain().await;
    // The city is open in this process; what is moved is a file that nobody holds.
    let (from, broken) = (spare.folder.join("closed.db"), spare.folder.join("broken.db"));
    for file in [&from, &broken] {
        backup::copy_sqlite(&own, file).await.unwrap();
    }
    if let StoreConfig::Sqlite(_) = target.config {
        let (code, text) = moved(&from, &target, &key);
        assert_eq!((code, text.contains("to postgres://")), (1, true), "{text}");
        return;
    }
    let refused = |from: &Path, key: &Path, why: &str| {
        let (code, text) = moved(from, &target, key);
        assert_eq!((code, text.contains(why), text.contains("nothing was moved")), (1, true, true), "{why}: {text}");
    };
    refused(&spare.folder.join("none.db"), &key, "does not exist");
    refused(&own, &key, "another process uses");
    let other = spare.folder.join("other.key");
    std::fs::write(&other, [8; 32]).unwrap();
    refused(&from, &other, "not that of this store");

    // A text that the database cannot hold, in a table that comes late: nothing of the others stays.
    let store = Store::open(&StoreConfig::Sqlite(broken.clone()), Arc::new(Keys::from_master(&City::MASTER))).await.unwrap();
    let spoil = |tx: &allclear_store::Tx<'_>| tx.log_machine_access(uuid::Uuid::from_u128(1), Instant(1), "test", "spoil", "test", "a\0b");
    store.run("test", spoil).await.unwrap();
    drop(store);
    refused(&broken, &key, "table access_log, column reason");

    // Rows keep their bucket, so a database that has others cannot take them.
    let spread = TestStore::fresh().await;
    Store::open(&spread.config, Arc::new(Keys::from_master(&City::MASTER))).await.unwrap().spread(64).await.unwrap();
    let (code, text) = moved(&from, &spread, &key);
    assert_eq!((code, text.contains("spread over 64 buckets")), (1, true), "{text}");

    let (code, text) = moved(&from, &target, &key);
    assert_eq!(code, 0, "{text}");
    assert_eq!((rows(&text, "person"), rows(&text, "collection")), (Some("1000"), Some("120")), "{text}");
    assert!(text.contains("none differs"), "{text}");
    refused(&from, &key, "nothing is overwritten");

    let (code, text) = allclear("recount", &target.config, &key, &[]);
    assert_eq!((code, text.contains(", 0 differ")), (0, true), "{text}");
    // What was sealed in the file opens in the database, and the feed goes on where it was.
    let store = Store::open(&target.config, Arc::new(Keys::from_master(&City::MASTER))).await.unwrap();
    let (ours, newest) = store.read("test", |tx| Ok::<_, StoreError>((tx.key_is_ours()?, tx.newest_change()?))).await.unwrap();
    assert_eq!(ours, Some(true));
    assert!(newest > 0);
}
