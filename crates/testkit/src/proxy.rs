//! A network that breaks on purpose: a TCP proxy between a server and its database.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Connections are cut, new ones are closed at once: the database is stopped.
    Away,
    /// Nothing passes and nothing is closed: a cable is pulled, a firewall forgets.
    Silent,
}

struct State {
    weather: watch::Sender<Weather>,
    /// Bytes that still pass towards the database before every connection is cut; none means no cut is due.
    until_cut: Mutex<Option<u64>>,
    cut: watch::Sender<u64>,
}

/// The proxy. It ends when it is dropped.
pub struct ChaosProxy {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

impl ChaosProxy {
    /// Starts a proxy to `host:port`.
    pub async fn start(target: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { weather: watch::channel(Weather::Fair).0, until_cut: Mutex::new(None), cut: watch::channel(0).0 });
        let accepting = tokio::spawn(accept(listener, target.to_owned(), Arc::clone(&state)));
        Ok(Self { address, state, accepting })
    }

    /// Changes what the network does from now on.
    pub fn weather(&self, weather: Weather) {
        self.state.weather.send_replace(weather);
        if weather == Weather::Away {
            self.cut();
        }
    }

    /// Cuts every connection now, in the middle of whatever it carries.
    pub fn cut(&self) {
        self.state.cut.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts every connection after `bytes` more have gone towards the database, in the middle of a message too.
    pub fn cut_after(&self, bytes: u64) {
        *self.state.until_cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
    }

    /// How often connections were cut.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        *self.state.cut.borrow()
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, target: String, state: Arc<State>) {
    loop {
        let Ok((near, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if *state.weather.borrow() == Weather::Away {
            continue;
        }
        let (target, state) = (target.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            let mut cut = state.cut.subscribe();
            let Ok(far) = TcpStream::connect(&target).await else { return };
            let _ = (near.set_nodelay(true), far.set_nodelay(true));
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::select! {
                () = carry(near_in, far_out, &state, true) => {}
                () = carry(far_in, near_out, &state, false) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

/// Carries bytes one way until an end closes.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, towards_database: bool) {
    let mut weather = state.weather.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        if weather.wait_for(|weather| *weather != Weather::Silent).await.is_err() {
            return;
        }
        let (passes, cut) = if towards_database { state.budget(count) } else { (count, false) };
        if to.write_all(&buffer[..passes]).await.is_err() {
            return;
        }
        if cut {
            state.cut.send_modify(|cuts| *cuts += 1);
            return;
        }
    }
}

impl State {
    /// How many of `count` bytes pass, and whether the cut comes after them.
    fn budget(&self, count: usize) -> (usize, bool) {
        let mut left = self.until_cut.lock().unwrap_or_else(PoisonError::into_inner);
        match *left {
            Some(bytes) if bytes < count as u64 => {
                *left = None;
                (usize::try_from(bytes).unwrap_or(count), true)
            }
            Some(bytes) => {
                *left = Some(bytes - count as u64);
                (count, false)
            }
            None => (count, false),
        }
    }
}
