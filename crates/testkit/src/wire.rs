//! Somebody who speaks HTTP over a socket, for servers that run as a process of their own.

use std::{io, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::Answer;

/// An answer that takes longer is none: a test that hangs says nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// One keep-alive connection at a time, with a session or a device token. A connection that broke is opened
/// again by the next request; what became of the request on it stays open, as on a phone.
pub struct WireClient {
    address: String,
    stream: Option<TcpStream>,
    headers: String,
}

impl WireClient {
    /// A client of `host:port`; connects when it has something to say.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, headers: String::new() }
    }

    /// The same caller at another address: the server came back there.
    pub fn move_to(&mut self, address: &str) {
        self.stream = None;
        address.clone_into(&mut self.address);
    }

    /// Uses a device token from now on.
    pub fn use_token(&mut self, token: &str) {
        self.headers = format!("authorization: Bearer {token}\r\n");
    }

    /// Signs in.
    pub async fn sign_in(&mut self, name: &str, password: &str) -> io::Result<()> {
        let answer = self.post("/api/v1/session", &json!({ "name": name, "password": password })).await?;
        let cookie = answer.cookies.first().and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.ok_or_else(|| io::Error::other(format!("{name} cannot sign in: {}", answer.json)))?;
        self.headers = format!("cookie: {cookie}\r\n");
        Ok(())
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send(&Method::GET, path, "application/json", b"").await
    }

    /// POST of JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send(&Method::POST, path, "application/json", body.to_string().as_bytes()).await
    }

    /// Sends any request. An error means that nobody knows what became of it.
    pub async fn send(&mut self, method: &Method, path: &str, content_type: &str, body: &[u8]) -> io::Result<Answer> {
        let outcome = timeout(PATIENCE, self.exchange(method, path, content_type, body)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if outcome.is_err() {
            self.stream = None;
        }
        outcome
    }

    async fn exchange(&mut self, method: &Method, path: &str, content_type: &str, body: &[u8]) -> io::Result<Answer> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}x-allclear: 1\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.headers,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        stream.write_all(&request).await?;
        answer(stream).await
    }
}

async fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut buffer = Vec::with_capacity(16 * 1024);
    let end = loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).and_then(|status| StatusCode::from_u16(status).ok());
    let headers = || text.lines().skip(1).filter_map(|line| line.split_once(": "));
    let values = |name: &'static str| headers().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let number = |name: &'static str| values(name).next().and_then(|value| value.parse::<usize>().ok());
    let length = number("content-length").unwrap_or(0);
    let mut bytes = buffer.split_off(end + 4);
    while bytes.len() < length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Answer {
        status: status.ok_or(io::ErrorKind::InvalidData)?,
        json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        retry_after_s: number("retry-after").and_then(|seconds| u32::try_from(seconds).ok()),
        bytes,
        headers: headers()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.trim()).ok()?)))
            .collect::<HeaderMap>(),
        cookies: values("set-cookie").map(str::to_owned).collect(),
    })
}
