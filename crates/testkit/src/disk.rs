//! A disk that is really full: a small file system of its own, mounted for one test. Needs root.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use allclear_store::StoreConfig;

use crate::store::postgres;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A mounted file system of a few megabytes; unmounted when it is dropped.
pub struct SmallDisk {
    folder: PathBuf,
    /// On PostgreSQL: address of the cluster, and the name of schema and tablespace.
    pub(crate) shared: Option<(String, String)>,
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).status().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(done.success(), "{program} {arguments:?}: {done}");
}

impl SmallDisk {
    /// Mounts one of so many mebibytes.
    pub async fn mount(mebibytes: u32) -> Self {
        let name = format!("disk{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let folder = std::env::temp_dir().join(format!("allclear-{name}"));
        std::fs::create_dir_all(&folder).expect("a folder to mount on");
        let path = folder.to_str().expect("a plain path");
        run("mount", &["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0777"), "tmpfs", path]);
        let shared = std::env::var("ALLCLEAR_TEST_STORE").ok().map(|url| (url, name.clone()));
        if let Some((url, name)) = &shared {
            let space = folder.join("space");
            std::fs::create_dir(&space).expect("a folder for the tablespace");
            run("chown", &["postgres", space.to_str().expect("a plain path")]);
            run("chmod", &["700", space.to_str().expect("a plain path")]);
            postgres(url, &[&format!("CREATE TABLESPACE {name} LOCATION '{}'", space.display()), &format!("CREATE SCHEMA {name}")]).await;
        }
        Self { folder, shared }
    }

    pub(crate) fn config(&self) -> StoreConfig {
        match &self.shared {
            None => StoreConfig::Sqlite(self.folder.join("test.db")),
            Some((url, name)) => {
                let separator = if url.contains('?') { '&' } else { '?' };
                let options = format!("options=-c%20search_path%3D{name}%20-c%20default_tablespace%3D{name}");
                StoreConfig::Postgres(format!("{url}{separator}{options}"))
            }
        }
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Takes every byte but about so many that are left.
    pub fn fill_up_to(&self, bytes_left: usize) {
        let mut file = std::fs::File::create(self.ballast()).expect("the ballast");
        let piece = vec![0u8; 4096];
        let mut written = 0;
        while file.write_all(&piece).is_ok() {
            written += piece.len() as u64;
        }
        file.set_len(written.saturating_sub(bytes_left as u64)).expect("room again");
    }

    /// Gives the room back.
    pub fn empty(&self) {
        std::fs::remove_file(self.ballast()).expect("the ballast was there");
    }

    /// Takes what PostgreSQL keeps here away, so that the cluster does not look for it afterwards.
    pub async fn close(self) {
        if let Some((url, name)) = &self.shared {
            postgres(url, &[&format!("DROP SCHEMA {name} CASCADE"), &format!("DROP TABLESPACE {name}")]).await;
        }
    }

    /// Where it is mounted.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        let _ = std::fs::remove_dir(&self.folder);
    }
}
