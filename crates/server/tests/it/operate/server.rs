//! A server as a process, and a client that speaks HTTP/1.1 over any stream.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use allclear_testkit::TestStore;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::address;

/// How long a condition may take before the test gives up.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running demo; it is killed when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) folder: PathBuf,
    /// Where it listens.
    pub(super) at: SocketAddr,
    /// Kept open: the server prints more than its first line.
    _out: BufReader<ChildStdout>,
    _store: TestStore,
}

/// Waits until `look` finds something.
pub(super) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Server {
    /// Starts a demo with these lines of configuration beside its own; `folder` holds the files.
    pub(super) async fn start(folder: PathBuf, config: &str) -> Self {
        Self::on(TestStore::fresh().await, folder, config, &[])
    }

    /// The same on a store that may have its city already.
    pub(super) fn on(store: TestStore, folder: PathBuf, config: &str, more: &[&str]) -> Self {
        std::fs::write(folder.join("allclear.toml"), config).unwrap();
        let log = File::create(folder.join("log")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_allclear"))
            .args(["serve", "--demo", "--population", "100", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
            .args(more)
            .args(["--log-format", "json", "--store", &address(&store.config), "--config"])
            .arg(folder.join("allclear.toml"))
            .arg("--key-file")
            .arg(folder.join("master.key"))
            .env_remove("ALLCLEAR_LOG")
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        // It says what it is making first; the address stands at the end of the first line that has one.
        let at = loop {
            let line = said.len();
            let read = out.read_line(&mut said).unwrap();
            let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(read > 0, "no address in {said:?}\n{}", log());
            if let Some((_, at)) = said[line..].trim().rsplit_once("://") {
                break at.parse().unwrap();
            }
        };
        Self { child, folder, at, _out: out, _store: store }
    }

    /// Every line of the log so far; each is one JSON object.
    pub(super) fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("log")).unwrap();
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }

    /// Where the metrics are.
    pub(super) async fn operator(&self) -> SocketAddr {
        let find = async || self.log().iter().find(|line| line["message"] == "metrics are served").map(|line| line["at"].clone());
        until("the address of the metrics", find).await.as_str().unwrap().parse().unwrap()
    }

    /// One sample of the metrics.
    pub(super) async fn metric(&self, line: &str) -> Option<String> {
        let (_, text) = get(self.operator().await, "/metrics").await;
        text.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ').map(str::to_owned))
    }

    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end.
    pub(super) async fn ended(&mut self) -> ExitStatus {
        until("the end of the process", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder of its own.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("allclear-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Status with headers, and body, of a GET on a connection of its own.
pub(super) async fn get(at: SocketAddr, path: &str) -> (String, String) {
    ask(TcpStream::connect(at).await.unwrap(), &format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await
}

/// POST of JSON on a connection of its own.
pub(super) async fn post(at: SocketAddr, path: &str, headers: &str, body: &str) -> (String, String) {
    let text = post_text(path, headers, body);
    ask(TcpStream::connect(at).await.unwrap(), &text).await
}

pub(super) fn post_text(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-allclear: 1\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// Sends a request and reads to the end.
pub(super) async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> (String, String) {
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(stream).await
}

/// Reads an answer to the end of the connection.
pub(super) async fn rest(mut stream: impl AsyncRead + Unpin) -> (String, String) {
    let mut bytes = Vec::new();
    // A peer that closes without a goodbye has still answered.
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.to_owned(), body.to_owned())
}
