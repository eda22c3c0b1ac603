//! PostgreSQL: a pool; each transaction is driven from a blocking thread, so that ops stay plain
//! functions on both engines. Hot work arrives in groups, so few threads are busy at once.

use std::rc::Rc;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio_postgres::{
    NoTls,
    types::{ToSql, Type},
};

use crate::{Result, Row, StoreError, Val, Value};

/// Connections of one server; `max_connections` of the database must allow it for each node.
const CONNECTIONS: usize = 16;

/// An open pool.
pub(crate) struct Postgres {
    pub(crate) pool: Pool,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self> {
        let config: tokio_postgres::Config = url.parse().map_err(|e| StoreError::Away(format!("the address of the store: {e}")))?;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(std::time::Duration::from_secs(5)))
            .create_timeout(Some(std::time::Duration::from_secs(5)))
            .build()
            .map_err(|e| StoreError::Away(e.to_string()))?;
        Ok(Self { pool })
    }
}

/// One connection on one blocking thread.
pub(crate) struct Session {
    pub(crate) client: Object,
    pub(crate) handle: Handle,
}

fn postgres_text(sql: &'static str) -> std::borrow::Cow<'static, str> {
    if sql.contains("ANY_BLOB(") { sql.replace("ANY_BLOB(", "ANY(").into() } else { sql.into() }
}

impl Session {
    pub(crate) fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.handle.block_on(self.client.batch_execute(sql))?)
    }

    pub(crate) fn query(&self, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<Row>> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        self.handle.block_on(async {
            let statement = self.client.prepare_cached(&postgres_text(sql)).await?;
            let columns: Rc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
            let rows = self.client.query(&statement, &params).await?;
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
        self.handle.block_on(async {
            let statement = self.client.prepare_cached(sql).await?;
            Ok(self.client.execute(&statement, params).await?)
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
