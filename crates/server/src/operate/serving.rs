//! From the open port to the last commit: listening, being told to read the configuration again, and
//! stopping without losing anything.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state, serve::ListenerExt};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{
    certificate,
    connections::{self, Doors},
    health, log,
    metrics::Metric,
    proxy,
    tls::{Certificates, TlsListener},
};
use crate::{
    app::{App, AppState},
    boot::{self, StartError},
    config::{self, Config, Flag},
    edge::problem::Result,
    leases, live, seen, work,
};

/// How long the last commits may take after the requests have ended.
const FINISH_MAX: Duration = Duration::from_secs(10);
/// How often the end of the certificate is looked at.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(3600);

/// Where the configuration came from, to read it again.
#[derive(Debug, Default)]
pub struct Origin {
    /// The file.
    pub file: Option<PathBuf>,
    /// What was given on the command line.
    pub flags: Vec<Flag>,
}

/// A port that is open, and what is shown there.
pub struct Open {
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    /// Where it is.
    pub at: SocketAddr,
}

impl Open {
    /// Opens the port, reads the certificate, starts the metrics.
    pub async fn start(app: &AppState, config: &Config) -> std::result::Result<Self, StartError> {
        let listen = config.server.listen;
        let certificates = match config.tls.files() {
            Some((cert, key)) => Some(Arc::new(Certificates::load(cert, key).map_err(StartError::Certificate)?)),
            None => None,
        };
        let listener = TcpListener::bind(listen).await.map_err(|e| StartError::Listen(listen, e))?;
        let at = listener.local_addr().map_err(|e| StartError::Listen(listen, e))?;
        metrics(app, config).await?;
        if let Some(endpoint) = &config.traces.endpoint {
            app.traces.start(endpoint, Arc::clone(&app.keys), Arc::clone(&app.metrics));
        }
        Ok(Self { listener, certificates, at })
    }

    /// Where a browser finds it.
    #[must_use]
    pub fn base(&self) -> String {
        let scheme = if self.certificates.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.at)
    }

    /// Serves until the process is told to stop, then drains and stores what is held in memory.
    pub async fn serve(self, app: &AppState, config: &Config, router: Router, origin: Origin) -> std::result::Result<(), StartError> {
        let failed = |e| StartError::Listen(self.at, e);
        let trusted = Arc::new(config.server.trusted().map_err(StartError::Config)?);
        let doors = Arc::new(Doors::new(Arc::clone(&trusted), Arc::clone(&app.metrics)));
        let router = router.layer(from_fn_with_state(trusted, proxy::resolve));
        tokio::spawn(listen_to_operator(AppState::clone(app), origin, self.certificates.clone()));
        let drain = Duration::from_secs(config.server.drain_seconds.into());
        match self.certificates {
            // Small answers go out at once: Nagle's algorithm would hold them for the client's next packet.
            None => until_stopped(app, self.listener.tap_io(|stream| drop(stream.set_nodelay(true))), router, doors, drain).await,
            Some(certificates) => {
                let listener = TlsListener::start(self.listener, certificates).map_err(failed)?;
                until_stopped(app, listener.tap_io(|_| ()), router, doors, drain).await;
            }
        }
        finish(app).await;
        Ok(())
    }
}

async fn metrics(app: &AppState, config: &Config) -> std::result::Result<(), StartError> {
    let wanted = config.metrics.listen;
    let listen = wanted.unwrap_or(config::metrics::DEFAULT);
    match health::start(app, listen).await {
        Ok(at) => tracing::info!(%at, "metrics are served"),
        Err(error) if wanted.is_some() => return Err(StartError::Listen(listen, error)),
        Err(error) => tracing::info!(%listen, %error, "metrics are not served: give metrics.listen"),
    }
    Ok(())
}

async fn until_stopped<L>(app: &AppState, listener: L, router: Router, doors: Arc<Doors>, drain: Duration)
where
    L: axum::serve::Listener<Addr = SocketAddr>,
{
    let stopping = AppState::clone(app);
    let stop = async move {
        boot::stopped().await;
        tracing::info!("stopping: no new connections, requests in flight end");
        stopping.metrics.set(Metric::Draining, 1);
        stopping.pulse.stop();
    };
    let mut begun = app.pulse.stopping();
    let bound = async move {
        let _ = begun.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        () = connections::serve(listener, router, doors, stop) => {}
        () = bound => tracing::warn!(seconds = drain.as_secs(), "requests in flight were cut"),
    }
}

/// What is held in memory goes to the store: facts that wait for a commit, live counts, devices heard of.
async fn finish(app: &App) {
    match tokio::time::timeout(FINISH_MAX, store_all(app)).await {
        Ok(Ok(())) => tracing::info!("stopped; everything is stored"),
        Ok(Err(problem)) => tracing::warn!(?problem, "stopped; the next start folds what is missing from the changes"),
        Err(_) => tracing::warn!("stopped; the store did not answer in time, the next start folds what is missing"),
    }
}

async fn store_all(app: &App) -> Result<()> {
    app.field.flush(app.now()).await?;
    work::pass(app).await?;
    live::jobs::store_snapshots(app, 1).await?;
    seen::write_down(app).await?;
    leases::give_back(app).await?;
    Ok(())
}

/// SIGHUP: the log's filter and the certificate are read again. What cannot be used changes nothing.
async fn listen_to_operator(app: AppState, origin: Origin, certificates: Option<Arc<Certificates>>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let mut every = tokio::time::interval(CERTIFICATE_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            got = hangup.recv() => {
                if got.is_none() {
                    return;
                }
                app.metrics.add(Metric::Reloads, 1);
                reload(&origin, certificates.as_deref());
            }
        }
        if let Some(certificates) = &certificates {
            note_certificate(&app, certificates);
        }
    }
}

fn reload(origin: &Origin, certificates: Option<&Certificates>) {
    let filter = Config::of_process(origin.file.as_deref(), &origin.flags).map_err(|e| e.to_string());
    match filter.and_then(|config| log::set_filter(&config.log.filter)) {
        Ok(()) => tracing::info!("the log filter was read again"),
        Err(error) => tracing::warn!(%error, "the configuration was not read again"),
    }
    match certificates.map(Certificates::reload) {
        None => {}
        Some(Ok(())) => tracing::info!("the certificate was read again"),
        Some(Err(error)) => tracing::warn!(%error, "the certificate was not read again; the one before stays"),
    }
}

fn note_certificate(app: &App, certificates: &Certificates) {
    match certificate::ends_at(certificates.cert_file()) {
        Ok(end) => app.metrics.set(Metric::CertificateDays, end.seconds_since(app.now()) / 86_400),
        Err(error) => tracing::warn!(%error, "the end of the certificate cannot be read"),
    }
}
