//! TLS to PostgreSQL: the cluster of the tests is told to speak it, and tells plain connections apart from others.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    sync::Arc,
};

use allclear_seal::Keys;
use allclear_store::{Store, StoreConfig};
use allclear_testkit::{TestStore, postgres};

/// Writes a file that the cluster's user may read and nobody else.
fn put(path: &Path, text: &str, owner: &std::fs::Metadata) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// Whether a store opens at this address.
async fn opens(url: &str) -> Result<(), String> {
    let keys = Arc::new(Keys::from_master(&[7; 32]));
    let store = Store::open(&StoreConfig::Postgres(url.to_owned()), keys).await.map_err(|e| e.to_string())?;
    store.read("test", |tx| tx.count_accounts()).await.map(drop).map_err(|e| e.to_string())
}

#[tokio::test]
async fn a_store_is_reached_over_tls_by_whoever_trusts_its_certificate_and_by_nobody_else() {
    let store = TestStore::fresh().await;
    let (StoreConfig::Postgres(url), Some(ctl)) = (&store.config, std::env::var_os("ALLCLEAR_TEST_STORE_CTL")) else { return };
    let cluster = Path::new(&ctl).parent().unwrap();
    let owner = std::fs::metadata(cluster.join("data")).unwrap();
    let issued = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (ours, another) = (issued("127.0.0.1"), issued("127.0.0.1"));
    let (cert, key) = (cluster.join("server.pem"), cluster.join("server.key"));
    put(&cert, &ours.cert.pem(), &owner);
    put(&key, &ours.signing_key.serialize_pem(), &owner);
    let folder = std::env::temp_dir().join(format!("allclear-roots-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (trusted, strange) = (folder.join("trusted.pem"), folder.join("strange.pem"));
    std::fs::write(&trusted, ours.cert.pem()).unwrap();
    std::fs::write(&strange, another.cert.pem()).unwrap();
    let over_tls = |roots: &Path| format!("{url}&sslmode=verify-full&sslrootcert={}", roots.display());

    assert!(opens(&over_tls(&trusted)).await.unwrap_err().contains("TLS"), "the cluster does not speak it yet");
    let set = |name: &str, value: &str| format!("ALTER SYSTEM SET {name} = '{value}'");
    let settings = [set("ssl_cert_file", &cert.display().to_string()), set("ssl_key_file", &key.display().to_string()), set("ssl", "on")];
    let told: Vec<&str> = settings.iter().map(String::as_str).chain(["SELECT pg_reload_conf()"]).collect();
    postgres(url, &told).await;
    // The reload reaches new connections within moments; each look is one.
    let mut reached = opens(&over_tls(&trusted)).await;
    for _ in 0..200 {
        if reached.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        reached = opens(&over_tls(&trusted)).await;
    }
    reached.unwrap();
    assert!(opens(&over_tls(&strange)).await.is_err(), "a certificate that nobody vouched for");
    assert!(opens(&format!("{url}&sslmode=prefer")).await.unwrap_err().contains("sslmode"), "a word that may be plain");
    opens(url).await.unwrap();
    postgres(url, &["ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()"]).await;
    std::fs::remove_dir_all(folder).unwrap();
}
