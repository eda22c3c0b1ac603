//! A store of its own for each test.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use allclear_store::StoreConfig;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A name that no other store of this machine has.
pub(crate) fn name() -> String {
    format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

/// Makes the rows of one schema those of another with the same tables.
pub(crate) async fn copy_rows(from: &TestStore, to: &TestStore) {
    let (Some((url, from)), Some((_, to))) = (&from.schema, &to.schema) else { panic!("rows are copied between schemas") };
    postgres(url, &[&allclear_store::faults::copy_of_rows(from, to)]).await;
}

/// A fresh store; its folder or schema goes when it is dropped or with the throw-away cluster.
pub struct TestStore {
    /// How to open it.
    pub config: StoreConfig,
    folder: Option<PathBuf>,
    /// Address of the database and name of the schema.
    schema: Option<(String, String)>,
}

impl TestStore {
    /// A store that nothing was written to.
    pub async fn fresh() -> Self {
        let name = name();
        if let Ok(url) = std::env::var("ALLCLEAR_TEST_STORE") {
            postgres(&url, &[&format!("CREATE SCHEMA {name}")]).await;
            let separator = if url.contains('?') { '&' } else { '?' };
            let config = StoreConfig::Postgres(format!("{url}{separator}options=-c%20search_path%3D{name}"));
            return Self { config, folder: None, schema: Some((url, name)) };
        }
        let folder = std::env::temp_dir().join(format!("allclear-{name}"));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Self { config: StoreConfig::Sqlite(folder.join("test.db")), folder: Some(folder), schema: None }
    }

    /// Makes a PostgreSQL store that of a later release, which programs from migration `floor` on work with.
    pub async fn later_release(&self, number: i64, floor: i64) {
        for text in allclear_store::faults::later_release(number, floor) {
            postgres(&self.address(), &[&text]).await;
        }
    }

    /// A store that somebody else clears away.
    pub(crate) const fn borrowed(config: StoreConfig) -> Self {
        Self { config, folder: None, schema: None }
    }
}

impl TestStore {
    /// What `--store` takes.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.config {
            StoreConfig::Sqlite(path) => path.display().to_string(),
            StoreConfig::Postgres(url) => url.clone(),
        }
    }
}

/// Runs statements on the cluster itself, each in a commit of its own.
pub async fn postgres(url: &str, statements: &[&str]) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("PostgreSQL for tests");
    let driver = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
    }
    drop(client);
    driver.abort();
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
