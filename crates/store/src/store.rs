//! Opening, and the two calls that every op uses: [`Store::run`] to write, [`Store::read`] to look.

use std::{path::PathBuf, sync::Arc, time::Instant};

use allclear_seal::Keys;
use tokio::{runtime::Handle, sync::watch};

use crate::{
    Result, StoreError,
    engine::{
        postgres::{Postgres, Session},
        sqlite::Sqlite,
    },
    faults::{Fault, Faults},
    meter::Meter,
    migrate,
    recent::Recent,
    tx::{Conn, Of, Tx},
};

/// How often a conflicting transaction is tried again before the caller hears of it.
const ATTEMPTS: u32 = 6;

/// Which engine, and where.
#[derive(Debug, Clone)]
pub enum StoreConfig {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// `postgres://…`
    Postgres(String),
}

impl StoreConfig {
    /// Reads what `--store` gave: a `postgres://` address, or the path of a file.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Self::Postgres(text.to_owned())
        } else {
            Self::Sqlite(PathBuf::from(text))
        }
    }
}

/// The engine that runs, for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// How busy the connections are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pool {
    /// Connections at most.
    pub size: usize,
    /// Connections that work just now.
    pub busy: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

enum Inner {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    keys: Arc<Keys>,
    buckets: u16,
    news: watch::Sender<u64>,
    recent: Arc<Recent>,
    faults: Option<Arc<Faults>>,
}

impl Store {
    /// Opens the store and brings its schema up to this program.
    pub async fn open(config: &StoreConfig, keys: Arc<Keys>) -> Result<Self> {
        let inner = match config {
            StoreConfig::Sqlite(path) => Inner::Sqlite(Sqlite::open(path)?),
            StoreConfig::Postgres(url) => Inner::Postgres(Postgres::open(url)?),
        };
        let mut store = Self { inner: Arc::new(inner), keys, buckets: 1, news: watch::channel(0).0, recent: Arc::default(), faults: None };
        match &*store.inner {
            Inner::Sqlite(sqlite) => sqlite.write(migrate::sqlite).await?,
            Inner::Postgres(_) => store.postgres_session(|session| migrate::postgres(&session)).await?,
        }
        store.buckets = store.layout().await?;
        Ok(store)
    }

    /// Over how many buckets the keys are spread. Looked for in a wrong number of them, rows would seem to be missing.
    async fn layout(&self) -> Result<u16> {
        let buckets = self.read("read_layout", |tx| tx.layout()).await?;
        buckets.try_into().map_err(|_| StoreError::Schema(format!("the keys are spread over {buckets} buckets: no store of ours")))
    }

    /// The same store with its keys spread over so many buckets, from now on and for ever; only while it is empty. Any other
    /// process that has it open opens it anew.
    pub async fn spread(&self, buckets: u16) -> Result<Self> {
        self.run("put_layout", move |tx| tx.put_layout(buckets)).await?;
        Ok(Self { buckets, ..self.clone() })
    }

    /// The same store for a simulation: `faults` decides which calls fail. The rows stay reachable
    /// through the store that this was made of.
    #[must_use]
    pub fn with_faults(&self, faults: Arc<Faults>) -> Self {
        Self { faults: Some(faults), ..self.clone() }
    }

    /// Opens the store only to look: it may belong to a running server, nothing is written, and its
    /// schema stays as it is.
    pub async fn look(config: &StoreConfig, keys: Arc<Keys>) -> Result<Self> {
        let inner = match config {
            StoreConfig::Sqlite(path) => Inner::Sqlite(Sqlite::look(path)?),
            StoreConfig::Postgres(url) => Inner::Postgres(Postgres::open(url)?),
        };
        let mut store = Self { inner: Arc::new(inner), keys, buckets: 1, news: watch::channel(0).0, recent: Arc::default(), faults: None };
        store.buckets = match store.layout().await {
            // A store from before that migration has no such table, and one bucket.
            Err(StoreError::Engine(_)) => 1,
            known => known?,
        };
        Ok(store)
    }

    /// How busy the connections are: on SQLite those that read.
    #[must_use]
    pub fn pool(&self) -> Pool {
        match &*self.inner {
            Inner::Sqlite(sqlite) => sqlite.pool(),
            Inner::Postgres(postgres) => {
                let status = postgres.pool.status();
                Pool { size: status.max_size, busy: status.size.saturating_sub(status.available), waiting: status.waiting }
            }
        }
    }

    /// Which engine runs.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match &*self.inner {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }

    /// The key ring.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Ticks after each commit of this process that appended a change. It only says "there is
    /// news"; the feed itself is read from its table.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Runs `work` in one transaction and commits it. `name` is the operation's one name.
    #[tracing::instrument(level = "debug", skip_all, fields(op = name))]
    pub async fn run<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    {
        // Dropped with the work, which a caller who goes away leaves running.
        let under_way = self.faults.as_ref().map(|faults| faults.under_way());
        let work = move |tx: &Tx<'_>| {
            let _ = &under_way;
            work(tx)
        };
        match self.faults.as_ref().and_then(|faults| faults.of_commit()) {
            None => self.commit(work).await,
            Some(Fault::Refused) => Err(Faults::away().into()),
            Some(Fault::RolledBack) => self.commit(move |tx| work(tx).and_then(|_: T| Err(Faults::away().into()))).await,
            Some(Fault::AnswerLost) => self.commit(work).await.and_then(|_: T| Err(Faults::away().into())),
        }
    }

    async fn commit<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    {
        let (of, began) = (self.of(), Instant::now());
        let meter = of.meter.clone();
        let done = match &*self.inner {
            Inner::Sqlite(sqlite) => sqlite.write(move |conn| Ok(sqlite_transaction(conn, &of, &work))).await,
            Inner::Postgres(_) => self.postgres_session(move |session| Ok(postgres_transaction(&session, &of, &work))).await,
        };
        if let Some(meter) = meter {
            meter.add_time(began.elapsed());
        }
        let (outcome, changed) = done?;
        if changed && outcome.is_ok() {
            self.news.send_modify(|tick| *tick += 1);
        }
        outcome
    }

    /// Runs `work` on one consistent snapshot; writing in it is an error.
    pub async fn read<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        if self.faults.as_ref().is_some_and(|faults| faults.of_read()) {
            return Err(Faults::away().into());
        }
        let (of, began) = (self.of(), Instant::now());
        let meter = of.meter.clone();
        tracing::trace!(op = name, "read");
        let done = match &*self.inner {
            Inner::Sqlite(sqlite) => {
                let look = move |conn: &rusqlite::Connection| {
                    conn.execute_batch("BEGIN")?;
                    let outcome = work(&Tx::new(Conn::Sqlite(conn), &of));
                    conn.execute_batch("ROLLBACK")?;
                    Ok(outcome)
                };
                sqlite.read(look).await
            }
            Inner::Postgres(_) => {
                let look = move |session: Session| {
                    session.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
                    let outcome = work(&Tx::new(Conn::Postgres(&session), &of));
                    session.batch("ROLLBACK")?;
                    Ok(outcome)
                };
                self.postgres_session(look).await
            }
        };
        if let Some(meter) = meter {
            meter.add_time(began.elapsed());
        }
        done?
    }

    fn of(&self) -> Of {
        Of { keys: Arc::clone(&self.keys), buckets: self.buckets, recent: Arc::clone(&self.recent), meter: Meter::current() }
    }

    async fn postgres_session<T: Send + 'static>(&self, work: impl FnOnce(Session) -> Result<T> + Send + 'static) -> Result<T> {
        let Inner::Postgres(postgres) = &*self.inner else {
            return Err(StoreError::Engine("not PostgreSQL".into()));
        };
        let client = postgres.pool.get().await.map_err(|e| StoreError::Away(e.to_string()))?;
        let (handle, spread) = (Handle::current(), self.buckets > 1);
        let done = tokio::task::spawn_blocking(move || work(Session::new(client, handle, spread)));
        done.await.map_err(|e| StoreError::Away(e.to_string()))?
    }
}

fn sqlite_transaction<T, E: From<StoreError>>(
    conn: &rusqlite::Connection,
    of: &Of,
    work: &impl Fn(&Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, bool) {
    let begin = conn.execute_batch("BEGIN IMMEDIATE");
    if let Err(error) = begin {
        return (Err(StoreError::from(error).into()), false);
    }
    let tx = Tx::new(Conn::Sqlite(conn), of);
    let outcome = work(&tx).and_then(|value| conn.execute_batch("COMMIT").map(|()| value).map_err(|e| StoreError::from(e).into()));
    if outcome.is_err() {
        // A failed COMMIT may have rolled back already; then this says so and nothing is lost.
        let _ = conn.execute_batch("ROLLBACK");
    } else {
        of.recent.extend(tx.appended.take().into_iter().map(Arc::new));
    }
    (outcome, tx.changed.get())
}

fn postgres_transaction<T, E: From<StoreError>>(
    session: &Session,
    of: &Of,
    work: &impl Fn(&Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, bool) {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let tx = Tx::new(Conn::Postgres(session), of);
        let outcome = session.batch("BEGIN").map_err(E::from).and_then(|()| work(&tx));
        let committed = match outcome {
            Ok(value) => match session.batch("COMMIT") {
                Ok(()) => return (Ok(value), tx.changed.get()),
                Err(error) => error,
            },
            Err(_) if tx.conflicted.get() => StoreError::Conflict { attempts },
            Err(error) => {
                let _ = session.batch("ROLLBACK");
                return (Err(error), false);
            }
        };
        let _ = session.batch("ROLLBACK");
        match committed {
            StoreError::Conflict { .. } if attempts < ATTEMPTS => {}
            StoreError::Conflict { .. } => return (Err(StoreError::Conflict { attempts }.into()), false),
            error => return (Err(error.into()), false),
        }
    }
}
