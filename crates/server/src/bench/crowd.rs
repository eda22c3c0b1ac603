//! Clients that come at their own pace, whatever the server does: each has a connection, sends when its time has come, and
//! gives up after a second. What a storm and a rehearsal are made of.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep_until, timeout},
};

use super::{
    BenchError,
    load::{self, Answered},
};

/// After this a client gives up and sends the same again at once.
pub const PATIENCE: Duration = Duration::from_secs(1);
/// How clients behave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    /// How many.
    pub clients: usize,
    /// Between two requests of a client; nothing: as soon as it was answered.
    pub every: Duration,
    /// Whether a client that is told when to come again comes then.
    pub obeys: bool,
    /// For how long.
    pub lasts: Duration,
}

/// What became of the requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Requests that left a client, each time they did.
    pub sent: u64,
    /// Answered within a second.
    pub good: u64,
    /// Told to come again.
    pub shed: u64,
    /// Given up.
    pub gave_up: u64,
    /// Answered otherwise.
    pub other: u64,
    /// Whose connection broke before the answer; a client makes another and sends again.
    pub broken: u64,
    /// Of good answers, and of those that were given up: these count as long as they were waited for.
    latencies: Vec<Duration>,
    took: Duration,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.good += other.good;
        self.shed += other.shed;
        self.gave_up += other.gave_up;
        self.other += other.other;
        self.broken += other.broken;
        self.latencies.extend(other.latencies);
    }

    /// Good answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.good as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The latency that 99 of 100 requests stayed below, of those that were not told to come again. One that was given up
    /// counts with the time that it was waited for, which is more than [`PATIENCE`]: without these it could not be missed.
    #[must_use]
    pub fn p99(&self) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
    }

    /// What became of the others, in words.
    #[must_use]
    pub fn note(&self) -> String {
        let offered = self.sent as f64 / self.took.as_secs_f64().max(1e-9);
        let Self { shed, gave_up, other, broken, .. } = self;
        format!("offered {offered:.0}/s, told to come again {shed}, gave up {gave_up}, connection broke {broken}, other {other}")
    }
}

/// Requests that clients take one after another.
#[derive(Clone)]
pub enum Outbox {
    /// Each is sent until it is answered, once.
    Once(Arc<Mutex<std::vec::IntoIter<Vec<u8>>>>),
    /// Looks, which may be asked again and again.
    Again(Arc<Vec<Vec<u8>>>, Arc<AtomicUsize>),
}

impl Outbox {
    /// Requests that are each answered once.
    #[must_use]
    pub fn once(requests: Vec<Vec<u8>>) -> Self {
        Self::Once(Arc::new(Mutex::new(requests.into_iter())))
    }

    /// Requests that are asked again and again.
    #[must_use]
    pub fn again(requests: Vec<Vec<u8>>) -> Self {
        Self::Again(Arc::new(requests), Arc::default())
    }

    fn take(&self) -> Option<Vec<u8>> {
        match self {
            Self::Once(left) => left.lock().unwrap_or_else(PoisonError::into_inner).next(),
            Self::Again(all, next) => all.get(next.fetch_add(1, Relaxed) % all.len().max(1)).cloned(),
        }
    }
}

/// Lets a crowd come, on a thread of its own, as whoever is outside is.
pub async fn play(address: SocketAddr, outbox: Outbox, manner: Manner) -> Result<Tally, BenchError> {
    let played = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(crowd(address, outbox, manner))
    });
    Ok(played.await.map_err(|e| BenchError::Setup(e.to_string()))??)
}

async fn crowd(address: SocketAddr, outbox: Outbox, manner: Manner) -> std::io::Result<Tally> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..manner.clients)
        .map(|n| {
            // They come evenly spread; a storm finds its own rhythm.
            let first = start + manner.every.mul_f64(n as f64 / manner.clients.max(1) as f64);
            tokio::spawn(client(address, outbox.clone(), manner, first, start + manner.lasts))
        })
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        all.add(task.await.map_err(std::io::Error::other)?);
    }
    all.took = manner.lasts;
    Ok(all)
}

async fn client(address: SocketAddr, outbox: Outbox, manner: Manner, first: Instant, end: Instant) -> Tally {
    let (mut tally, mut next, mut line) = (Tally::default(), first, None);
    let mut kept = outbox.take();
    while let Some(request) = &kept {
        if next >= end {
            break;
        }
        sleep_until(next.into()).await;
        let began = Instant::now();
        if began >= end {
            break;
        }
        next = (next + manner.every).max(began);
        tally.sent += 1;
        let answered = timeout(PATIENCE, say(address, &mut line, request)).await;
        let now = Instant::now();
        match answered {
            // What comes after the end belongs to no second that was measured.
            Ok(Ok(_)) if now > end => break,
            Ok(Ok(answer)) if answer.status == 200 => {
                tally.good += 1;
                tally.latencies.push(now - began);
                kept = outbox.take();
            }
            Ok(Ok(answer)) if answer.status == 503 => {
                tally.shed += 1;
                if let (true, Some(seconds)) = (manner.obeys, answer.retry_after_s) {
                    next = now + Duration::from_secs(seconds);
                }
            }
            Ok(Ok(_)) => tally.other += 1,
            Ok(Err(_)) => {
                tally.broken += 1;
                line = None;
            }
            Err(_) => {
                tally.gave_up += 1;
                tally.latencies.push(now - began);
                (line, next) = (None, now);
            }
        }
    }
    tally
}

/// One request on the client's connection, which is made anew after it broke.
async fn say(address: SocketAddr, line: &mut Option<TcpStream>, request: &[u8]) -> std::io::Result<Answered> {
    let stream = match line {
        Some(stream) => stream,
        None => {
            let fresh = TcpStream::connect(address).await?;
            fresh.set_nodelay(true)?;
            line.insert(fresh)
        }
    };
    stream.write_all(request).await?;
    let mut buffer = Vec::with_capacity(8 * 1024);
    load::answer(stream, &mut buffer).await
}
