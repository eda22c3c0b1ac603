//! TLS with the operator's own certificate, read again when the server is told to. Handshakes go on
//! beside one another, bounded in number and time, so that one that hangs holds nobody up.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};

use crate::edge::limits::{HANDSHAKE_MAX, HANDSHAKES_MAX};

/// A certificate with its key, as it was last read.
pub struct Certificates {
    cert_file: PathBuf,
    key_file: PathBuf,
    current: RwLock<Arc<ServerConfig>>,
}

impl Certificates {
    /// Reads certificate chain and key from PEM files.
    pub fn load(cert_file: &Path, key_file: &Path) -> Result<Self, String> {
        let current = RwLock::new(read(cert_file, key_file)?);
        Ok(Self { cert_file: cert_file.to_owned(), key_file: key_file.to_owned(), current })
    }

    /// Reads them again; those in force stay if the new ones cannot be used.
    pub fn reload(&self) -> Result<(), String> {
        let fresh = read(&self.cert_file, &self.key_file)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The file of the certificate.
    #[must_use]
    pub fn cert_file(&self) -> &Path {
        &self.cert_file
    }

    fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

fn read(cert_file: &Path, key_file: &Path) -> Result<Arc<ServerConfig>, String> {
    let wrong = |path: &Path, what: String| format!("{}: {what}", path.display());
    let chain = CertificateDer::pem_file_iter(cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| wrong(cert_file, e.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(cert_file, "no certificate in it".into()));
    }
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(|e| wrong(key_file, e.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| wrong(key_file, format!("does not fit the certificate: {e}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Connections whose handshake is done.
pub struct TlsListener {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    at: SocketAddr,
}

impl TlsListener {
    /// Takes connections of `listener` and shakes hands with them.
    pub fn start(listener: TcpListener, certificates: Arc<Certificates>) -> io::Result<Self> {
        let at = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(take(listener, certificates, sender));
        Ok(Self { ready, at })
    }
}

async fn take(mut listener: TcpListener, certificates: Arc<Certificates>, sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let permits = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            // The server takes no more: letting the listener go tells the next client so.
            () = sender.closed() => return,
        };
        let (acceptor, sender) = (certificates.acceptor(), sender.clone());
        tokio::spawn(async move {
            let _permit = permit;
            // Small answers go out at once: Nagle's algorithm would hold them for the client's next packet.
            let _ = stream.set_nodelay(true);
            match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The taking task ends only after this side is gone.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.at)
    }
}
