//! A server as a process of its own, over a store of its own.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use allclear_testkit::{TestStore, WireClient};
use tokio::time::{Instant, sleep};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The binary that was built with this test, or the one that `ALLCLEAR_BIN` names.
pub(crate) fn binary() -> String {
    std::env::var("ALLCLEAR_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_allclear").into())
}

/// How long a condition may take before the test gives up.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Where a server lives: store, key, log. The folder goes with it.
pub(crate) struct Place {
    /// What `--store` gets.
    pub(crate) address: String,
    pub(crate) folder: PathBuf,
    pub(crate) population: u32,
    store: Option<TestStore>,
}

impl Place {
    /// An empty store of the engine that the suite runs on.
    pub(crate) async fn fresh(population: u32) -> Self {
        let store = TestStore::fresh().await;
        Self { address: store.address(), folder: folder(), population, store: Some(store) }
    }

    /// A SQLite file at a given place.
    pub(crate) fn at(file: &Path, population: u32) -> Self {
        Self { address: file.display().to_string(), folder: folder(), population, store: None }
    }

    /// A SQLite file at a given place, with the key of `other`.
    pub(crate) fn copied(other: &Self, file: &Path) -> Self {
        let place = Self::at(file, other.population);
        std::fs::copy(other.folder.join("master.key"), place.folder.join("master.key")).unwrap();
        place
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(&self) -> Node {
        self.start_at(&self.address).await
    }

    /// The same with another way to the same store.
    pub(crate) async fn start_at(&self, store: &str) -> Node {
        let mut node = self.spawn_at(store, &[]);
        node.ready().await;
        node
    }

    /// Starts the process and does not wait.
    pub(crate) fn spawn(&self) -> Node {
        self.spawn_at(&self.address, &[])
    }

    /// The same with more in its environment.
    pub(crate) fn spawn_with(&self, environment: &[(&str, &Path)]) -> Node {
        self.spawn_at(&self.address, environment)
    }

    fn spawn_at(&self, store: &str, environment: &[(&str, &Path)]) -> Node {
        // Bound and let go: the next process gets it, since the system hands ports out in turn.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let log = self.folder.join(format!("{}.log", NEXT.fetch_add(1, Ordering::SeqCst)));
        let out = File::create(&log).unwrap();
        let child = Command::new(binary())
            .args(["serve", "--demo", "--population", &self.population.to_string(), "--listen", &address, "--store", store])
            .arg("--key-file")
            .arg(self.folder.join("master.key"))
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(out)
            .spawn()
            .unwrap();
        Node { child, address, log, began: Instant::now(), started_in: Duration::ZERO }
    }

    /// The store, for what only a test does to it.
    pub(crate) const fn store(&self) -> &TestStore {
        self.store.as_ref().expect("a store of the suite's engine")
    }

    /// Runs `allclear recount` on the store that no server holds.
    pub(crate) fn recount(&self) -> (bool, String) {
        let out = Command::new(binary())
            .args(["recount", "--store", &self.address, "--key-file"])
            .arg(self.folder.join("master.key"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.success(), text)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What a failed test left is what its reader needs.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// A fresh folder.
pub(crate) fn folder() -> PathBuf {
    let name = format!("allclear-crash-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A running server; it is killed when it is dropped.
pub(crate) struct Node {
    child: Child,
    /// `host:port`.
    pub(crate) address: String,
    log: PathBuf,
    began: Instant,
    /// From the start of the process to its first answer.
    pub(crate) started_in: Duration,
}

impl Node {
    /// Waits for the first answer.
    pub(crate) async fn ready(&mut self) {
        let mut client = WireClient::new(&self.address);
        loop {
            if client.get("/healthz").await.is_ok_and(|answer| answer.status.is_success()) {
                self.started_in = self.began.elapsed();
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            assert!(self.began.elapsed() < DEADLINE, "the server does not answer:\n{}", self.log());
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for the first answer or for the end of the process; says whether it answers.
    pub(crate) async fn ready_or_ended(&mut self) -> bool {
        let mut client = WireClient::new(&self.address);
        loop {
            if client.get("/healthz").await.is_ok_and(|answer| answer.status.is_success()) {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            assert!(self.began.elapsed() < DEADLINE, "neither answers nor ends:\n{}", self.log());
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "the server does not end:\n{}", self.log());
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Somebody without a session.
    pub(crate) fn client(&self) -> WireClient {
        WireClient::new(&self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
