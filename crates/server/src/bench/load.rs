//! A closed-loop HTTP/1.1 client on a thread of its own: prepared requests, keep-alive connections,
//! latencies of each answer.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a run measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Answers with status 200.
    pub ok: u64,
    /// Other answers.
    pub other: u64,
    /// How long the whole run took.
    pub took: Duration,
    /// Latencies, sorted.
    latencies: Vec<Duration>,
}

impl Measured {
    /// Good answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.ok as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The latency that `share` of the answers stayed below.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share) as usize).copied().unwrap_or_default()
    }
}

/// One prepared request.
#[must_use]
pub fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Plays each list of requests on a connection of its own, all at once.
pub fn play(address: SocketAddr, connections: Vec<Vec<Vec<u8>>>) -> std::io::Result<Measured> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let mut streams = Vec::with_capacity(connections.len());
            for _ in 0..connections.len() {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                streams.push(stream);
            }
            let start = Instant::now();
            let tasks: Vec<_> =
                streams.into_iter().zip(connections).map(|(stream, requests)| tokio::spawn(one_connection(stream, requests))).collect();
            let mut all = Measured { ok: 0, other: 0, took: Duration::ZERO, latencies: Vec::new() };
            for task in tasks {
                let (ok, other, latencies) = task.await.map_err(std::io::Error::other)??;
                all.ok += ok;
                all.other += other;
                all.latencies.extend(latencies);
            }
            all.took = start.elapsed();
            all.latencies.sort_unstable();
            Ok(all)
        })
    });
    thread.join().map_err(|_| std::io::Error::other("the client stopped"))?
}

async fn one_connection(mut stream: TcpStream, requests: Vec<Vec<u8>>) -> std::io::Result<(u64, u64, Vec<Duration>)> {
    let (mut ok, mut other) = (0, 0);
    let mut latencies = Vec::with_capacity(requests.len());
    let mut buffer = Vec::with_capacity(64 * 1024);
    for request in requests {
        let start = Instant::now();
        stream.write_all(&request).await?;
        if answer(&mut stream, &mut buffer).await? == 200 {
            ok += 1
        } else {
            other += 1
        }
        latencies.push(start.elapsed());
    }
    Ok((ok, other, latencies))
}

/// Reads one answer; gives its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: usize = text
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next())
            .and_then(|n| n.trim().parse().ok())
            .unwrap_or(0);
        if buffer.len() >= head + 4 + length {
            return Ok(text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0));
        }
    }
}
