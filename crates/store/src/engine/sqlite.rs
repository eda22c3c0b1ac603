//! Embedded SQLite: one writer thread that owns the only writing connection, a pool of readers.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use tokio::sync::Semaphore;

use crate::{Pool, Result, Row, StoreError, Val, Value};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Reader connections; more than cores gains nothing, fewer lets one long list block look-ups.
const READERS: usize = 4;
/// Jobs that may wait for the writer; beyond it callers wait in their own queues and shed there.
const WRITER_QUEUE: usize = 64;

/// An open SQLite file.
pub(crate) struct Sqlite {
    /// None where the file is only looked at.
    writer: Option<mpsc::SyncSender<Job>>,
    readers: Arc<Readers>,
    _lock: Option<File>,
}

struct Readers {
    free: Mutex<Vec<Connection>>,
    permits: Semaphore,
    waiting: AtomicUsize,
}

/// Counts a caller that waits, also one that gives up.
struct Waits<'c>(&'c AtomicUsize);

impl<'c> Waits<'c> {
    fn begin(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags)?;
    // FULL costs nothing once commits are grouped (measured). Checkpoints are seldom enough that a page which many commits
    // touch is copied once; the cache is small because SQLite walks its table at many commits (a sixth more registrations a
    // second by both, measured), and readers have the map of the file.
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;
         PRAGMA cache_size=-32768; PRAGMA mmap_size=4294967296; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=16000;",
    )?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// A connection that reads beside a running server: it takes no lock that anybody waits for.
pub(crate) fn open_to_look(path: &Path) -> Result<Connection> {
    if !path.exists() {
        return Err(StoreError::Away(format!("{} does not exist", path.display())));
    }
    // Not read-only for the engine: it may have to make the shared memory beside the file.
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch("PRAGMA query_only=ON; PRAGMA busy_timeout=5000;")?;
    Ok(conn)
}

pub(crate) fn lock(path: &Path) -> Result<File> {
    let lock_path = PathBuf::from(format!("{}.lock", path.display()));
    let file = File::create(&lock_path).map_err(|e| StoreError::Full(format!("{}: {e}", lock_path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.display().to_string())),
        Err(TryLockError::Error(e)) => Err(StoreError::Full(e.to_string())),
    }
}

impl Sqlite {
    /// Opens or creates the file and its WAL; refuses if another process holds it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| StoreError::Full(format!("{}: {e}", folder.display())))?;
        }
        let held = lock(path)?;
        let base = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let conn = open(path, base | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        let (writer, jobs) = mpsc::sync_channel::<Job>(WRITER_QUEUE);
        std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                while let Ok(job) = jobs.recv() {
                    job(&conn);
                }
            })
            .map_err(|e| StoreError::Away(e.to_string()))?;
        let free = (0..READERS).map(|_| open(path, base | OpenFlags::SQLITE_OPEN_READ_WRITE)).collect::<Result<Vec<_>>>()?;
        let readers = Arc::new(Readers { free: Mutex::new(free), permits: Semaphore::new(READERS), waiting: AtomicUsize::new(0) });
        Ok(Self { writer: Some(writer), readers, _lock: Some(held) })
    }

    /// Opens the file to look, whoever holds it.
    pub(crate) fn look(path: &Path) -> Result<Self> {
        let free = vec![open_to_look(path)?];
        let readers = Readers { free: Mutex::new(free), permits: Semaphore::new(1), waiting: AtomicUsize::new(0) };
        Ok(Self { writer: None, readers: Arc::new(readers), _lock: None })
    }

    /// How busy the readers are.
    pub(crate) fn pool(&self) -> Pool {
        let busy = READERS.saturating_sub(self.readers.permits.available_permits());
        Pool { size: READERS, busy, waiting: self.readers.waiting.load(Ordering::Relaxed) }
    }

    /// Runs `work` on the writer thread.
    pub(crate) async fn write<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let (answer, wait) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |conn| drop(answer.send(work(conn))));
        let mut job = job;
        let Some(writer) = &self.writer else {
            return Err(StoreError::Engine("the store was opened only to look".into()));
        };
        loop {
            match writer.try_send(job) {
                Ok(()) => break,
                Err(mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(mpsc::TrySendError::Disconnected(_)) => return Err(StoreError::Away("the writer has stopped".into())),
            }
        }
        wait.await.map_err(|_| StoreError::Away("the writer stopped in the middle of a commit".into()))?
    }

    /// Runs `work` on a reader connection.
    pub(crate) async fn read<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> Result<T> + Send + 'static) -> Result<T> {
        let readers = Arc::clone(&self.readers);
        let waits = Waits::begin(&readers.waiting);
        let permit = readers.permits.acquire().await;
        drop(waits);
        let _permit = permit.map_err(|_| StoreError::Away("the readers have stopped".into()))?;
        let pool = Arc::clone(&self.readers);
        let done = tokio::task::spawn_blocking(move || {
            let conn = pool.free.lock().ok().and_then(|mut free| free.pop()).ok_or_else(|| StoreError::Away("no reader".into()))?;
            let answer = work(&conn);
            if let Ok(mut free) = pool.free.lock() {
                free.push(conn);
            }
            answer
        });
        done.await.map_err(|e| StoreError::Away(e.to_string()))?
    }
}

thread_local! {
    /// `$1` texts rewritten once a thread, by address: statements are static.
    static REWRITTEN: RefCell<HashMap<(usize, usize), Rc<str>>> = RefCell::new(HashMap::new());
}

/// How a list is asked for, and SQLite's spelling of it.
const LISTS: [(&str, &str); 5] = [
    ("= ANY_BLOB(", "IN (SELECT unhex(value) FROM json_each("),
    ("= ANY(", "IN (SELECT value FROM json_each("),
    ("IN BLOBS(", "IN (SELECT unhex(value) FROM json_each("),
    ("IN TEXTS(", "IN (SELECT value FROM json_each("),
    ("IN I64S(", "IN (SELECT value FROM json_each("),
];

/// SQLite's spelling of a shared text: `$1` is numbered `?1`, lists are JSON, rows need no lock.
pub(crate) fn rewrite(sql: &'static str) -> Rc<str> {
    REWRITTEN.with_borrow_mut(|texts| {
        let text = texts.entry((sql.as_ptr() as usize, sql.len())).or_insert_with(|| {
            let mut text = sql.replace(" FOR UPDATE SKIP LOCKED", "").replace(" FOR UPDATE", "").replace('$', "?");
            for (from, open) in LISTS {
                while let Some(at) = text.find(from) {
                    let close = text[at..].find(')').map_or(text.len(), |i| at + i);
                    text.insert(close, ')');
                    text.replace_range(at..at + from.len(), open);
                }
            }
            text.into()
        });
        Rc::clone(text)
    })
}

pub(crate) fn query(conn: &Connection, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<Row>> {
    let mut statement = conn.prepare_cached(&rewrite(sql))?;
    let columns: Rc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..columns.len())
            .map(|i| {
                Ok(match row.get_ref(i)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(v) => Value::I64(v),
                    ValueRef::Real(v) => Value::F64(v),
                    ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
                    ValueRef::Blob(v) => Value::Blob(v.to_vec()),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        out.push(Row { columns: Rc::clone(&columns), values });
    }
    Ok(out)
}

pub(crate) fn execute(conn: &Connection, sql: &'static str, params: &[Val<'_>]) -> Result<u64> {
    Ok(conn.prepare_cached(&rewrite(sql))?.execute(rusqlite::params_from_iter(params))? as u64)
}
