//! Connections: how many, how many of one address, and how long a client may take to say what it wants or to listen to the
//! answer. A client that is slow on purpose, or a gate of a mobile network with ten thousand phones behind it, holds up
//! nobody else.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request, serve::Listener};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::{Sleep, sleep},
};
use tower::ServiceExt;

use super::{
    metrics::{Metric, Metrics},
    proxy::{Network, Trusted},
};
use crate::edge::limits::{ADDRESS_CONNECTIONS_MAX, ANSWER_STALL_MAX, CONNECTIONS_MAX, HEAD_MAX, STREAMS_MAX};

#[derive(Default)]
struct Open {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// For the head of a request, and between two.
    head: Duration,
    /// Without taking anything of its answer.
    stall: Duration,
}

/// How many connections there are, and of whom.
pub struct Doors {
    open: Mutex<Open>,
    patience: Patience,
    trusted: Trusted,
    metrics: Arc<Metrics>,
}

impl Doors {
    /// Doors of a server; what trusted proxies carry is counted together only.
    #[must_use]
    pub fn new(trusted: Trusted, metrics: Arc<Metrics>) -> Self {
        let patience = Patience { head: HEAD_MAX, stall: ANSWER_STALL_MAX };
        Self { open: Mutex::default(), patience, trusted, metrics }
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.of.get(&address).copied().unwrap_or(0);
        let many = !self.trusted.iter().any(|network: &Network| network.has(address)) && own >= ADDRESS_CONNECTIONS_MAX;
        if open.all >= CONNECTIONS_MAX || many {
            self.metrics.add(Metric::ConnectionsRefused, 1);
            return None;
        }
        open.of.insert(address, own + 1);
        open.all += 1;
        self.metrics.set(Metric::Connections, open.all as i64);
        Some(Place { doors: Arc::clone(self), address })
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.of.get(&address).copied() {
            Some(own) if own > 1 => drop(open.of.insert(address, own - 1)),
            _ => drop(open.of.remove(&address)),
        }
        open.all -= 1;
        self.metrics.set(Metric::Connections, open.all as i64);
    }
}

/// One connection's place; given back when it is dropped.
pub struct Place {
    doors: Arc<Doors>,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.doors.leave(self.address);
    }
}

/// A connection whose client must say something, and take what it is sent.
struct Bounded<S> {
    stream: S,
    /// Until the first byte: which HTTP it is shows in it, and until then nobody else watches the time.
    silent: Option<Pin<Box<Sleep>>>,
    stalled: Option<Pin<Box<Sleep>>>,
    place: Place,
}

impl<S> Bounded<S> {
    /// Passes the outcome of a write on; a write that waits longer than it may becomes an error.
    fn watched<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let patience = self.place.doors.patience.stall;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        match &mut self.silent {
            Some(silent) if outcome.is_pending() => {
                ready!(silent.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            _ => {
                self.silent = None;
                outcome
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, outcome)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watched(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Serves until `stop` ends, then lets requests in flight end.
pub async fn serve<L>(mut listener: L, router: Router, doors: Arc<Doors>, stop: impl Future<Output = ()>)
where
    L: Listener<Addr = SocketAddr>,
{
    let stopping = watch::Sender::new(false);
    let mut stop = pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        if let Some(place) = doors.enter(peer.ip()) {
            let silent = Some(Box::pin(sleep(doors.patience.head)));
            let stream = Bounded { stream, silent, stalled: None, place };
            tokio::spawn(converse(stream, peer, router.clone(), doors.patience.head, stopping.subscribe()));
        }
    }
    drop(listener);
    stopping.send_replace(true);
    stopping.closed().await;
}

/// Speaks HTTP on one connection until it closes.
async fn converse<S>(stream: S, peer: SocketAddr, router: Router, head: Duration, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let service = TowerToHyperService::new(service.map_err(|never: Infallible| match never {}));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX).keep_alive_interval(HEAD_MAX).keep_alive_timeout(HEAD_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(trusted: &[&str]) -> Arc<Doors> {
        let trusted = trusted.iter().map(|text| text.parse().unwrap()).collect();
        // Short enough to wait for; nothing here looks at how long it was.
        let patience = Patience { head: Duration::from_millis(50), stall: Duration::from_millis(50) };
        Arc::new(Doors { patience, ..Doors::new(Arc::new(trusted), Arc::default()) })
    }

    #[test]
    fn one_address_has_its_share_and_others_theirs() {
        let doors = doors(&["10.0.0.0/8"]);
        let address = IpAddr::from([192, 0, 2, 1]);
        let mut places: Vec<_> = (0..ADDRESS_CONNECTIONS_MAX).filter_map(|_| doors.enter(address)).collect();
        assert_eq!(places.len(), ADDRESS_CONNECTIONS_MAX);
        assert!(doors.enter(address).is_none(), "one past the bound");
        assert!(doors.enter(IpAddr::from([192, 0, 2, 2])).is_some());
        assert_eq!(doors.metrics.get(Metric::ConnectionsRefused), 1);
        places.pop();
        assert!(doors.enter(address).is_some(), "a place that was given back");
        let proxied: Vec<_> = (0..=ADDRESS_CONNECTIONS_MAX).filter_map(|_| doors.enter(IpAddr::from([10, 0, 0, 1]))).collect();
        assert_eq!(proxied.len(), ADDRESS_CONNECTIONS_MAX + 1, "a proxy carries everybody");
        drop((places, proxied));
        assert!(doors.open.lock().unwrap().of.is_empty(), "nothing is kept of who has left");
        assert_eq!(doors.metrics.get(Metric::Connections), 0);
    }

    #[test]
    fn all_together_have_a_bound() {
        let doors = doors(&[]);
        let address = |n: usize| IpAddr::from((n as u32).to_be_bytes());
        let places: Vec<_> = (0..CONNECTIONS_MAX).filter_map(|n| doors.enter(address(n))).collect();
        assert_eq!(places.len(), CONNECTIONS_MAX);
        assert!(doors.enter(address(CONNECTIONS_MAX)).is_none());
    }

    /// A listener that takes what a test hands it.
    struct Handed(tokio::sync::mpsc::Receiver<tokio::io::DuplexStream>);

    impl Listener for Handed {
        type Io = tokio::io::DuplexStream;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (Self::Io, Self::Addr) {
            match self.0.recv().await {
                Some(stream) => (stream, SocketAddr::from(([192, 0, 2, 1], 4))),
                None => std::future::pending().await,
            }
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(SocketAddr::from(([127, 0, 0, 1], 1)))
        }
    }

    /// A server of `router` in this test's own time, and the client's end of a connection to it.
    async fn connected(router: Router) -> (tokio::io::DuplexStream, Arc<Doors>) {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let (near, far) = tokio::io::duplex(1024);
        sender.send(far).await.unwrap();
        let doors = doors(&[]);
        let (listener, at) = (Handed(receiver), Arc::clone(&doors));
        tokio::spawn(async move { serve(listener, router, at, std::future::pending()).await });
        // The listener must not end before the test does.
        tokio::spawn(async move { sender.closed().await });
        (near, doors)
    }

    async fn left(doors: &Doors) {
        while doors.metrics.get(Metric::Connections) > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_say_what_it_wants_is_let_go() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        for said in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: test\r\nx-"] {
            let (mut near, doors) = connected(Router::new()).await;
            near.write_all(said.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            near.read_to_end(&mut answer).await.unwrap();
            assert!(!answer.starts_with(b"HTTP/1.1 2"), "{said:?}: {}", String::from_utf8_lossy(&answer));
            left(&doors).await;
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_take_its_answer_is_let_go() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut near, doors) = connected(Router::new().fallback(|| async { vec![b'x'; 10 << 20] })).await;
        near.write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
        // Something of the answer is there, and then nobody takes more of it.
        let mut first = [0; 4];
        near.read_exact(&mut first).await.unwrap();
        assert_eq!(doors.metrics.get(Metric::Connections), 1);
        left(&doors).await;
        drop(near);
    }

    #[tokio::test]
    async fn who_says_what_they_want_is_answered() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut near, _doors) = connected(Router::new().fallback(|| async { "here" })).await;
        near.write_all(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"here"), "{}", String::from_utf8_lossy(&answer));
    }
}
