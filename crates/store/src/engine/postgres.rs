//! PostgreSQL: a pool; each transaction is driven from a blocking thread, so that ops stay plain
//! functions on both engines. Hot work arrives in groups, so few threads are busy at once.

use std::{borrow::Cow, cell::Cell, rc::Rc, time::Duration};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio_postgres::{
    NoTls,
    types::{ToSql, Type},
};

use super::postgres_tls;
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
/// behind one), as it would with the system's keep-alive of two hours. Rows are looked up by key on disks that do not seek:
/// the default price of a random page makes the planner read whole tables while they are of middling size. And a plan that
/// was made while a table was empty must not outlive the morning: each statement is planned for the table as it is.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5;
     SET tcp_keepalives_count = 3; SET random_page_cost = 1.1; SET jit = off;
     SET plan_cache_mode = force_custom_plan;
     SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// An open pool.
pub(crate) struct Postgres {
    pub(crate) pool: Pool,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self> {
        let asked = postgres_tls::asked(url)?;
        let mut config: tokio_postgres::Config =
            asked.url.parse().map_err(|e| StoreError::Away(format!("the address of the store: {e}")))?;
        config.connect_timeout(CONNECT_WAIT).tcp_user_timeout(SILENT_PEER).keepalives_idle(SILENT_PEER);
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match asked.roots {
            None => Manager::from_config(config, NoTls, recycling),
            Some(roots) => Manager::from_config(config, postgres_tls::connector(&roots)?, recycling),
        };
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
    /// Whether the keys of the store lie in more than one bucket.
    spread: bool,
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

/// What a list of keys beside their bucket is a list of.
const KEYS: [(&str, &str); 3] = [(" IN I64S(", "bigint"), (" IN TEXTS(", "text"), (" IN BLOBS(", "bytea")];

/// PostgreSQL's spelling of a shared text. Of a spread store the buckets stay constants: they say which nodes are asked.
fn postgres_text(sql: &'static str, spread: bool) -> Cow<'static, str> {
    let mut text = if sql.contains("ANY_BLOB(") { Cow::Owned(sql.replace("ANY_BLOB(", "ANY(")) } else { Cow::Borrowed(sql) };
    for (marker, ty) in KEYS {
        if spread && text.contains(marker) {
            text = Cow::Owned(text.replace(marker, " = ANY("));
        }
        while let Some(joined) = joined(&text, marker, ty) {
            text = Cow::Owned(joined);
        }
    }
    text
}

/// `bucket = ANY($1) AND no IN I64S($2)` as rows to be joined by both columns. A constant bucket is a trap: as long as a
/// table has no statistics, on the first morning of all, the planner takes one bucket of one for a choice out of two
/// hundred and reads the whole table by it (measured: 18 ms instead of one for 256 persons of 100,000).
fn joined(text: &str, marker: &str, ty: &str) -> Option<String> {
    let at = text.find(marker)?;
    let keys = at + marker.len();
    let end = keys + text[keys..].find(')')?;
    let column = text[..at].rfind([' ', '(']).map_or(0, |i| i + 1);
    let beside = text[..column].strip_suffix(" AND ")?;
    let equals = beside.rfind(" = ")?;
    let bucket = beside[..equals].rfind([' ', '(']).map_or(0, |i| i + 1);
    let (before, after) = (&text[..bucket], &text[end + 1..]);
    let (bucket, column, key) = (&text[bucket..equals], &text[column..at], &text[keys..end]);
    let rows = match beside[equals + " = ".len()..].strip_prefix("ANY(").and_then(|rest| rest.strip_suffix(')')) {
        Some(buckets) => format!("SELECT b, k FROM UNNEST({buckets}::smallint[]) b, UNNEST({key}::{ty}[]) k"),
        None => format!("SELECT {}::smallint, k FROM UNNEST({key}::{ty}[]) k", &beside[equals + " = ".len()..]),
    };
    Some(format!("{before}({bucket}, {column}) IN ({rows}){after}"))
}

impl Session {
    pub(crate) fn new(client: Object, handle: Handle, spread: bool) -> Self {
        Self { client: Some(client), handle, broken: Cell::new(false), spread }
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
            let statement = client.prepare_cached(&postgres_text(sql, self.spread)).await?;
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
        self.execute_any(&postgres_text(sql, self.spread), &params)
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

#[cfg(test)]
mod tests {
    use super::postgres_text;

    #[test]
    fn keys_beside_their_bucket_become_rows_to_join() {
        let spelled = [
            (
                "SELECT 1 FROM person p WHERE p.bucket = ANY($1) AND p.no IN I64S($2) AND p.state = ANY($3)",
                "SELECT 1 FROM person p WHERE (p.bucket, p.no) IN (SELECT b, k FROM UNNEST($1::smallint[]) b, UNNEST($2::bigint[]) k) AND p.state = ANY($3)",
            ),
            (
                "DELETE FROM t WHERE bucket = ANY($3) AND tube IN TEXTS($4)",
                "DELETE FROM t WHERE (bucket, tube) IN (SELECT b, k FROM UNNEST($3::smallint[]) b, UNNEST($4::text[]) k)",
            ),
            (
                "SELECT 1 FROM d WHERE bucket = ANY($1) AND blind IN BLOBS($2)",
                "SELECT 1 FROM d WHERE (bucket, blind) IN (SELECT b, k FROM UNNEST($1::smallint[]) b, UNNEST($2::bytea[]) k)",
            ),
            (
                "SELECT 1 FROM tube WHERE bucket = $1 AND code IN TEXTS($2) ORDER BY code FOR UPDATE",
                "SELECT 1 FROM tube WHERE (bucket, code) IN (SELECT $1::smallint, k FROM UNNEST($2::text[]) k) ORDER BY code FOR UPDATE",
            ),
            ("SELECT 1 FROM d WHERE id = ANY_BLOB($1)", "SELECT 1 FROM d WHERE id = ANY($1)"),
            ("SELECT 1", "SELECT 1"),
        ];
        for (shared, postgres) in spelled {
            assert_eq!(postgres_text(shared, false), postgres);
        }
    }

    #[test]
    fn of_a_spread_store_the_buckets_stay_constants() {
        for (shared, postgres) in [
            ("DELETE FROM t WHERE bucket = ANY($3) AND tube IN TEXTS($4)", "DELETE FROM t WHERE bucket = ANY($3) AND tube = ANY($4)"),
            ("SELECT 1 FROM d WHERE bucket = $1 AND blind IN BLOBS($2)", "SELECT 1 FROM d WHERE bucket = $1 AND blind = ANY($2)"),
        ] {
            assert_eq!(postgres_text(shared, true), postgres);
        }
    }
}
