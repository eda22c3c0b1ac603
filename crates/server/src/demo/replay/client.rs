//! One keep-alive connection that speaks the public API, as phones and desks do.

use std::collections::HashMap;

use allclear_domain::kernel::time::Instant;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What stops a replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The connection.
    #[error("the connection to the server: {0}")]
    Io(#[from] std::io::Error),
    /// An answer that the script did not expect.
    #[error("{method} {path}: {status} {body}")]
    Answer {
        /// Method.
        method: &'static str,
        /// Path.
        path: String,
        /// Status.
        status: u16,
        /// Body.
        body: String,
    },
    /// The store of the server in the same process.
    #[error(transparent)]
    Store(#[from] allclear_store::StoreError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// Result of the replay's steps.
pub type Result<T, E = ReplayError> = std::result::Result<T, E>;

/// A session is used for this long, in the server's time; it would last twice as long unused.
const SESSION_USED_S: i64 = crate::edge::limits::SESSION_IDLE_S / 2;

/// Who sends a request.
#[derive(Debug, Clone)]
pub enum As {
    /// Nobody yet.
    Nobody,
    /// A browser with its session.
    Session(String),
    /// An enrolled device.
    Device(String),
}

/// A connection.
pub struct Wire {
    address: String,
    stream: TcpStream,
    sessions: HashMap<&'static str, (As, Instant)>,
}

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: Vec<u8>,
}

impl Wire {
    /// Connects to `host:port`.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream, sessions: HashMap::new() })
    }

    /// Signs in; gives the session.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> Result<As> {
        let body = serde_json::json!({ "name": name, "password": password });
        let answer = self.send("POST", "/api/v1/session", &As::Nobody, Some(&body)).await?;
        answer.cookie.map(As::Session).ok_or_else(|| ReplayError::Other(format!("{name} cannot sign in")))
    }

    /// The session of a demo account: signs in where there is none yet or it may lie unused for too long.
    pub async fn session(&mut self, name: &'static str, now: Instant) -> Result<As> {
        if let Some((session, until)) = self.sessions.get(name)
            && now < *until
        {
            return Ok(session.clone());
        }
        let session = self.sign_in(name, crate::demo::PASSWORD).await?;
        self.sessions.insert(name, (session.clone(), now.plus_seconds(SESSION_USED_S)));
        Ok(session)
    }

    /// GET.
    pub async fn get(&mut self, path: &str, by: &As) -> Result<Value> {
        self.call("GET", path, by, None).await
    }

    /// POST.
    pub async fn post(&mut self, path: &str, by: &As, body: &Value) -> Result<Value> {
        self.call("POST", path, by, Some(body)).await
    }

    async fn call(&mut self, method: &'static str, path: &str, by: &As, body: Option<&Value>) -> Result<Value> {
        // A full queue sheds with 503; the outbox of a phone would wait and try again.
        for _ in 0..50 {
            let answer = self.send(method, path, by, body).await?;
            match answer.status {
                200..=299 => return Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null)),
                503 => tokio::time::sleep(std::time::Duration::from_millis(200)).await,
                status => {
                    let body = String::from_utf8_lossy(&answer.body).chars().take(600).collect();
                    return Err(ReplayError::Answer { method, path: path.to_owned(), status, body });
                }
            }
        }
        Err(ReplayError::Other(format!("{method} {path}: busy for ten seconds")))
    }

    async fn send(&mut self, method: &str, path: &str, by: &As, body: Option<&Value>) -> Result<Answer> {
        let auth = match by {
            As::Nobody => String::new(),
            As::Session(cookie) => format!("cookie: {cookie}\r\n"),
            As::Device(token) => format!("authorization: Bearer {token}\r\n"),
        };
        let body = body.map(ToString::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{auth}x-allclear: 1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer> {
        let mut buffer = Vec::with_capacity(16 * 1024);
        let head = loop {
            if self.stream.read_buf(&mut buffer).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end;
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let header = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()).next()
        };
        let length: usize = header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut body = buffer.split_off(head + 4);
        while body.len() < length {
            if self.stream.read_buf(&mut body).await? == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
        }
        let cookie = header("set-cookie").and_then(|cookie| cookie.split(';').next().map(str::to_owned));
        Ok(Answer { status, cookie, body })
    }
}
