//! PostgreSQL: a pool; each transaction is driven from a blocking thread, so that ops stay plain
//! functions on both engines. Hot work arrives in groups, so few threads are busy at once.

use std::{cell::Cell, rc::Rc, time::Duration};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio_postgres::{
    NoTls,
    types::{ToSql, Type},
};

use crate::{Result, Row, StoreError, Val, Value};

/// Connections of one server; `max_connections` of the database must allow it for each node.
const CONNECTIONS: usize = 16;
/// How long a caller waits for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Longest silence within one statement. A network that swallows packets closes nothing; without this bound the one
/// writer of field facts would wait for ever behind it. The longest statement of a city of a million takes seconds.
const STATEMENT_WAIT: Duration = Duration::from_secs(30);
/// When the kernel gives up on bytes that nobody acknowledges, and begins to ask whether the other side is there.
const SILENT_PEER: Duration = Duration::from_secs(15);

/// What each connection asks of the database. The commits that we acknowledge are on its disk, whatever its default is;
/// and a transaction of ours whose connection was lost does not hold its locks for hours (the numbering of changes is
/// behind one), as it would with the system's keep-alive of two hours.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5;
     SET tcp_keepalives_count = 3;
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// An open pool.
pub(crate) struct Postgres {
    pub(crate) pool: Pool,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self> {
        let mut config: tokio_postgres::Config = url.parse().map_err(|e| StoreError::Away(format!("the address of the store: {e}")))?;
        config.connect_timeout(CONNECT_WAIT).tcp_user_timeout(SILENT_PEER).keepalives_idle(SILENT_PEER);
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_WAIT))
            .create_timeout(Some(CONNECT_WAIT))
            .post_create(settings)
            .build()
            .map_err(|e| StoreError::Away(e.to_string()))?;
        Ok(Self { pool })
    }
}

/// One connection on one blocking thread.
pub(crate) struct Session {
    /// Some until the session ends.
    client: Option<Object>,
    handle: Handle,
    /// Whether an answer did not come: the connection is in nobody knows what state and goes.
    broken: Cell<bool>,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && self.broken.get()
        {
            drop(Object::take(client));
        }
    }
}

fn postgres_text(sql: &'static str) -> std::borrow::Cow<'static, str> {
    if sql.contains("ANY_BLOB(") { sql.replace("ANY_BLOB(", "ANY(").into() } else { sql.into() }
}

impl Session {
    pub(crate) fn new(client: Object, handle: Handle) -> Self {
        Self { client: Some(client), handle, broken: Cell::new(false) }
    }

    /// Waits for an answer, at most `limit`. After a lost one the rest of the transaction fails at once.
    fn wait<T>(&self, limit: Duration, work: impl AsyncFnOnce(&Object) -> Result<T>) -> Result<T> {
        let Some(client) = self.client.as_ref().filter(|_| !self.broken.get()) else {
            return Err(StoreError::Away("the connection broke earlier in this transaction".into()));
        };
        let bounded = self.handle.block_on(async { tokio::time::timeout(limit, work(client)).await });
        let outcome = bounded.unwrap_or_else(|_| Err(StoreError::Away(format!("no answer within {} s", limit.as_secs()))));
        if matches!(outcome, Err(StoreError::Away(_))) {
            self.broken.set(true);
        }
        outcome
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        self.wait(STATEMENT_WAIT, async |client| Ok(client.batch_execute(sql).await?))
    }

    /// A statement that may take as long as it takes: a migration.
    pub(crate) fn batch_unbounded(&self, sql: &str) -> Result<()> {
        self.wait(Duration::from_secs(24 * 3600), async |client| Ok(client.batch_execute(sql).await?))
    }

    pub(crate) fn query(&self, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<Row>> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        self.wait(STATEMENT_WAIT, async |client| {
            let statement = client.prepare_cached(&postgres_text(sql)).await?;
            let columns: Rc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
            let rows = client.query(&statement, &params).await?;
            rows.iter()
                .map(|row| {
                    let values = row.columns().iter().enumerate().map(|(i, c)| value(row, i, c.type_())).collect::<Result<_>>()?;
                    Ok(Row { columns: Rc::clone(&columns), values })
                })
                .collect()
        })
    }

    pub(crate) fn execute(&self, sql: &'static str, params: &[Val<'_>]) -> Result<u64> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        self.execute_any(&postgres_text(sql), &params)
    }

    pub(crate) fn execute_any(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        self.wait(STATEMENT_WAIT, async |client| {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.execute(&statement, params).await?)
        })
    }
}

fn value(row: &tokio_postgres::Row, i: usize, ty: &Type) -> Result<Value> {
    let value = match *ty {
        Type::INT2 => row.try_get::<_, Option<i16>>(i)?.map(|v| Value::I64(v.into())),
        Type::INT4 => row.try_get::<_, Option<i32>>(i)?.map(|v| Value::I64(v.into())),
        Type::INT8 => row.try_get::<_, Option<i64>>(i)?.map(Value::I64),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(i)?.map(Value::F64),
        Type::BOOL => row.try_get::<_, Option<bool>>(i)?.map(|v| Value::I64(v.into())),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i)?.map(Value::Blob),
        Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get::<_, Option<String>>(i)?.map(Value::Text),
        ref other => return Err(StoreError::Engine(format!("a column of type {other}: cast it in the statement"))),
    };
    Ok(value.unwrap_or(Value::Null))
}
