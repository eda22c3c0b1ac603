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

/// The word of a fact that was recorded; an exception says something else.
const RECORDED: &str = "\"state\":\"recorded\"";

/// What counts as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Good {
    /// Status 200.
    Status,
    /// So many facts of each answer are recorded.
    Recorded(u64),
}

/// What a run measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Good answers, or facts recorded.
    pub good: u64,
    /// Those that are not.
    pub other: u64,
    /// How long the whole run took.
    pub took: Duration,
    /// Processor time of this process meanwhile, client included.
    pub cpu: Duration,
    /// Latencies, sorted.
    latencies: Vec<Duration>,
    /// When each answer was there, in order.
    pub ends: Vec<Instant>,
}

impl Measured {
    /// Good ones a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.good as f64 / self.took.as_secs_f64().max(1e-9)
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
    with_header(method, path, &format!("authorization: Bearer {token}"), body)
}

/// One prepared request with a header of its own.
#[must_use]
pub fn with_header(method: &str, path: &str, header: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nx-allclear: 1\r\n{header}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Plays each list of requests on a connection of its own, all at once.
pub fn play(address: SocketAddr, good: Good, connections: Vec<Vec<Vec<u8>>>) -> std::io::Result<Measured> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let mut streams = Vec::with_capacity(connections.len());
            for _ in 0..connections.len() {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                streams.push(stream);
            }
            let (start, cpu) = (Instant::now(), super::cpu());
            let work = streams.into_iter().zip(connections);
            let tasks: Vec<_> = work.map(|(stream, requests)| tokio::spawn(one_connection(stream, good, requests))).collect();
            let mut all =
                Measured { good: 0, other: 0, took: Duration::ZERO, cpu: Duration::ZERO, latencies: Vec::new(), ends: Vec::new() };
            for task in tasks {
                let (good, other, answers) = task.await.map_err(std::io::Error::other)??;
                all.good += good;
                all.other += other;
                all.latencies.extend(answers.iter().map(|(start, end)| *end - *start));
                all.ends.extend(answers.iter().map(|(_, end)| *end));
            }
            (all.took, all.cpu) = (start.elapsed(), super::cpu().saturating_sub(cpu));
            all.latencies.sort_unstable();
            all.ends.sort_unstable();
            Ok(all)
        })
    });
    thread.join().map_err(|_| std::io::Error::other("the client stopped"))?
}

async fn one_connection(mut stream: TcpStream, of: Good, requests: Vec<Vec<u8>>) -> std::io::Result<(u64, u64, Vec<(Instant, Instant)>)> {
    let (mut good, mut other) = (0, 0);
    let mut answers = Vec::with_capacity(requests.len());
    let mut buffer = Vec::with_capacity(64 * 1024);
    for request in requests {
        let start = Instant::now();
        stream.write_all(&request).await?;
        let Answered { status, body, .. } = answer(&mut stream, &mut buffer).await?;
        answers.push((start, Instant::now()));
        let wanted = if let Good::Recorded(rows) = of { rows } else { 1 };
        let is_good = match of {
            _ if status != 200 => 0,
            Good::Status => 1,
            Good::Recorded(rows) => String::from_utf8_lossy(&buffer[body..]).matches(RECORDED).count().min(rows as usize) as u64,
        };
        good += is_good;
        other += wanted - is_good;
    }
    Ok((good, other, answers))
}

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    /// Status.
    pub(super) status: u16,
    /// When to come again, if it says so.
    pub(super) retry_after_s: Option<u64>,
    /// Where the body begins.
    body: usize,
}

/// Reads one answer into `buffer`.
pub(super) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Answered> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let number = |name: &str| text.split(name).nth(1)?.split("\r\n").next()?.trim().parse::<u64>().ok();
        if buffer.len() >= head + 4 + number("content-length: ").unwrap_or(0) as usize {
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            return Ok(Answered { status, retry_after_s: number("retry-after: "), body: head + 4 });
        }
    }
}
