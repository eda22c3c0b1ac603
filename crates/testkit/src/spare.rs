//! A second, empty place for a store, and a folder: what backups are restored to.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use allclear_store::StoreConfig;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of its own, and an empty place of the same engine. The folder goes when this is dropped.
pub struct Spare {
    /// The folder.
    pub folder: PathBuf,
    /// The empty place.
    pub config: StoreConfig,
}

impl Spare {
    /// An empty place like `of`: a path without a file, or a fresh database with the same schema name.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn like(of: &StoreConfig) -> Self {
        let name = format!("spare{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let folder = std::env::temp_dir().join(format!("allclear-{name}"));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let config = match of {
            StoreConfig::Sqlite(_) => StoreConfig::Sqlite(folder.join("restored.db")),
            StoreConfig::Postgres(url) => StoreConfig::Postgres(database(url, &name).await),
        };
        Self { folder, config }
    }
}

async fn database(url: &str, name: &str) -> String {
    tell(url, &format!("CREATE DATABASE {name}")).await;
    let (place, query) = url.split_once('?').expect("an address with options");
    let (server, _) = place.rsplit_once('/').expect("an address with a database");
    let fresh = format!("{server}/{name}?{query}");
    let (_, schema) = query.rsplit_once("search_path%3D").expect("a schema of its own");
    tell(&fresh, &format!("CREATE SCHEMA {schema}")).await;
    fresh
}

async fn tell(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("PostgreSQL for tests");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driver.abort();
}

impl Drop for Spare {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
