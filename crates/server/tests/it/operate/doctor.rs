//! The doctor finds what is made wrong on purpose.

use std::os::unix::fs::PermissionsExt;

use allclear_testkit::{City, Spare};
use serde_json::Value;

use super::{allclear, key_file, swabs};

fn finding<'r>(report: &'r Value, what: &str) -> &'r Value {
    report["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == what).unwrap_or_else(|| panic!("{what}: {report}"))
}

#[tokio::test]
async fn the_doctor_looks_beside_a_running_server() {
    let city = City::start().await;
    swabs(&city, 1, 0, 10).await;
    city.drain().await;
    let spare = Spare::like(&city.store).await;
    let key = key_file(&spare.folder);
    let (_, text) = allclear("doctor", &city.store, &key, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    for what in ["key file", "store", "schema", "clock", "followers", "jobs", "devices", "exceptions"] {
        assert_eq!(finding(&report, what)["level"], "ok", "{what}: {report}");
    }
    assert!(finding(&report, "followers")["found"].as_str().unwrap().contains("persons 0"), "{report}");

    let (code, text) = allclear("doctor", &city.store, &key, &["--tls-cert", "nowhere.pem"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("FAIL  certificate"), "{text}");
    assert!(text.contains("do: give a PEM file"), "{text}");
}

#[tokio::test]
async fn the_doctor_finds_an_open_key_and_a_store_that_is_away() {
    let city = City::start().await;
    let spare = Spare::like(&city.store).await;
    let key = key_file(&spare.folder);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, text) = allclear("doctor", &city.store, &key, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, finding(&report, "key file")["level"].as_str()), (2, Some("fail")), "{report}");

    let away = allclear_store::StoreConfig::Sqlite(spare.folder.join("nowhere.db"));
    let (code, text) = allclear("doctor", &away, &key, &[]);
    assert_eq!((code, text.contains("FAIL  store")), (2, true), "{text}");
}
