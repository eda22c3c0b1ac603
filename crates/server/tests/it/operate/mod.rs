//! What an operator does: backups, the doctor, migrations, and what a running server tells.

mod backup;
mod citus;
mod deploy;
mod doctor;
mod leaks;
mod machine;
mod overload;
mod schema;
mod server;
mod serving;
mod store_tls;
mod tls;
mod traces;
mod transfer;

use std::{path::Path, process::Command};

use allclear_domain::kernel::code::TubeCode;
use allclear_store::StoreConfig;
use allclear_testkit::City;

fn tube(serial: u32) -> String {
    TubeCode::from_serial(serial).as_str().to_owned()
}

/// `n` swabs at the first site, in tubes of ten from `serial` on.
async fn swabs(city: &City, serial: u32, skip: usize, n: usize) {
    let mut phone = city.phone("registrar").await;
    let (round, site) = (city.round(), city.site(0));
    let mut people = Vec::new();
    for index in 0..city.app.plan().sites.len() {
        people.extend(city.people(city.site(index)).await);
    }
    let of = |i: usize| tube(serial + u32::try_from(i / 10).unwrap());
    let commands: Vec<_> = people.iter().skip(skip).take(n).enumerate().map(|(i, no)| phone.swab(round, site, &of(i), *no)).collect();
    assert_eq!(commands.len(), n);
    for part in commands.chunks(100) {
        phone.records(part).await;
    }
}

/// What `--store` takes.
fn address(store: &StoreConfig) -> String {
    match store {
        StoreConfig::Sqlite(path) => path.display().to_string(),
        StoreConfig::Postgres(url) => url.clone(),
    }
}

/// Runs the program with the store and key of a city: exit code and what it printed.
fn allclear(command: &str, store: &StoreConfig, key: &Path, more: &[&str]) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_allclear"))
        .args([command, "--store", &address(store), "--key-file"])
        .arg(key)
        .args(more)
        .output()
        .unwrap();
    (out.status.code().unwrap(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

/// The city's key as a file that only its owner may read.
fn key_file(folder: &Path) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("master.key");
    std::fs::write(&path, City::MASTER).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}
