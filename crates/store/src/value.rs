//! Values between Rust and both engines.

use std::rc::Rc;

use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::{Result, StoreError};

/// A parameter, borrowed where it can be.
#[derive(Debug, Clone, Copy)]
pub enum Val<'a> {
    /// NULL.
    Null,
    /// Any integer, number, instant, boolean.
    I64(i64),
    /// A double.
    F64(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A UUID as 16 bytes.
    Uuid([u8; 16]),
    /// For `= ANY($n)`, or `IN I64S($n)` where they are keys beside their bucket: integers.
    I64s(&'a [i64]),
    /// For `= ANY($n)`, or `IN TEXTS($n)` where they are keys beside their bucket: texts.
    Texts(&'a [&'a str]),
    /// For `= ANY_BLOB($n)`, or `IN BLOBS($n)` where they are keys beside their bucket: byte strings.
    Blobs(&'a [&'a [u8]]),
}

macro_rules! from_int {
    ($($t:ty),*) => {$(impl From<$t> for Val<'_> { fn from(v: $t) -> Self { Val::I64(i64::from(v)) } })*};
}
from_int!(i64, i32, i16, u32, u8, bool);
impl From<f64> for Val<'_> {
    fn from(v: f64) -> Self {
        Val::F64(v)
    }
}
impl<'a> From<&'a str> for Val<'a> {
    fn from(v: &'a str) -> Self {
        Val::Text(v)
    }
}
impl<'a> From<&'a String> for Val<'a> {
    fn from(v: &'a String) -> Self {
        Val::Text(v)
    }
}
impl<'a> From<&'a [u8]> for Val<'a> {
    fn from(v: &'a [u8]) -> Self {
        Val::Blob(v)
    }
}
impl<'a> From<&'a Vec<u8>> for Val<'a> {
    fn from(v: &'a Vec<u8>) -> Self {
        Val::Blob(v)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Val<'a> {
    fn from(v: &'a [u8; N]) -> Self {
        Val::Blob(v)
    }
}
impl From<uuid::Uuid> for Val<'_> {
    fn from(v: uuid::Uuid) -> Self {
        Val::Uuid(v.into_bytes())
    }
}
impl<K: allclear_domain::kernel::id::Kind> From<allclear_domain::kernel::id::Id<K>> for Val<'_> {
    fn from(v: allclear_domain::kernel::id::Id<K>) -> Self {
        Val::Uuid(v.uuid().into_bytes())
    }
}
impl From<allclear_domain::kernel::time::Instant> for Val<'_> {
    fn from(v: allclear_domain::kernel::time::Instant) -> Self {
        Val::I64(v.0)
    }
}
impl From<allclear_domain::kernel::id::PersonNo> for Val<'_> {
    fn from(v: allclear_domain::kernel::id::PersonNo) -> Self {
        Val::I64(v.0)
    }
}
impl From<allclear_domain::kernel::area::AreaCode> for Val<'_> {
    fn from(v: allclear_domain::kernel::area::AreaCode) -> Self {
        Val::I64(v.number())
    }
}
impl<'a, T: Into<Val<'a>>> From<Option<T>> for Val<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Val::Null, Into::into)
    }
}

impl rusqlite::ToSql for Val<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = |text: String| Ok(ToSqlOutput::Owned(rusqlite::types::Value::Text(text)));
        match self {
            Val::Null => Ok(ToSqlOutput::Borrowed(ValueRef::Null)),
            Val::I64(v) => Ok(ToSqlOutput::Borrowed(ValueRef::Integer(*v))),
            Val::F64(v) => Ok(ToSqlOutput::Borrowed(ValueRef::Real(*v))),
            Val::Text(v) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(v.as_bytes()))),
            Val::Blob(v) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(v))),
            Val::Uuid(v) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(v))),
            Val::I64s(v) => json(format!("{v:?}")),
            Val::Texts(v) => json(serde_json::to_string(v).unwrap_or_default()),
            Val::Blobs(v) => {
                let hex: Vec<String> = v.iter().map(|b| hex(b)).collect();
                json(serde_json::to_string(&hex).unwrap_or_default())
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

impl ToSql for Val<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Val::Null => Ok(IsNull::Yes),
            Val::I64(v) if *ty == Type::INT2 => i16::try_from(*v)?.to_sql(ty, out),
            Val::I64(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Val::I64(v) if *ty == Type::FLOAT8 => (*v as f64).to_sql(ty, out),
            Val::I64(v) => v.to_sql(ty, out),
            Val::F64(v) => v.to_sql(ty, out),
            Val::Text(v) => v.to_sql(ty, out),
            Val::Blob(v) => v.to_sql(ty, out),
            Val::Uuid(v) => v.as_slice().to_sql(ty, out),
            Val::I64s(v) if *ty == Type::INT2_ARRAY => {
                v.iter().map(|n| i16::try_from(*n)).collect::<std::result::Result<Vec<_>, _>>()?.to_sql(ty, out)
            }
            Val::I64s(v) => v.to_sql(ty, out),
            Val::Texts(v) => v.to_sql(ty, out),
            Val::Blobs(v) => v.to_sql(ty, out),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

/// A value that a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// Integer.
    I64(i64),
    /// Double.
    F64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::I64(_) => "an integer",
            Self::F64(_) => "a double",
            Self::Text(_) => "text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub struct Row {
    pub(crate) columns: Rc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The value of the column named `column`.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T> {
        let at = self.columns.iter().position(|name| name == column);
        let value = at.and_then(|i| self.values.get(i));
        let absent = || StoreError::Column { column: column.to_owned(), found: "no such column", expected: T::WORD };
        T::from_value(value.ok_or_else(absent)?).ok_or_else(|| StoreError::Column {
            column: column.to_owned(),
            found: value.map_or("nothing", Value::word),
            expected: T::WORD,
        })
    }

    /// The value of column `index` (for hot statements).
    pub fn at<T: FromValue>(&self, index: usize) -> Result<T> {
        let value = self.values.get(index).unwrap_or(&Value::Null);
        let column = || self.columns.get(index).cloned().unwrap_or_default();
        T::from_value(value).ok_or_else(|| StoreError::Column { column: column(), found: value.word(), expected: T::WORD })
    }
}

/// Types that a column can be read as.
pub trait FromValue: Sized {
    /// For error texts.
    const WORD: &'static str;
    /// Reads the value, if it fits.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! from_value {
    ($($t:ty, $word:literal, $pattern:pat => $out:expr;)*) => {$(impl FromValue for $t {
        const WORD: &'static str = $word;
        fn from_value(value: &Value) -> Option<Self> { match value { $pattern => $out, _ => None } }
    })*};
}
from_value! {
    i64, "an integer", Value::I64(v) => Some(*v);
    i32, "an integer", Value::I64(v) => i32::try_from(*v).ok();
    bool, "0 or 1", Value::I64(v) => Some(*v != 0);
    String, "text", Value::Text(v) => Some(v.clone());
    Vec<u8>, "bytes", Value::Blob(v) => Some(v.clone());
    uuid::Uuid, "16 bytes", Value::Blob(v) => uuid::Uuid::from_slice(v).ok();
    allclear_domain::kernel::time::Instant, "an instant", Value::I64(v) => Some(Self(*v));
    allclear_domain::kernel::id::PersonNo, "a person number", Value::I64(v) => Some(Self(*v));
    allclear_domain::kernel::area::AreaCode, "an area code", Value::I64(v) => Self::from_number(*v).ok();
}
impl FromValue for f64 {
    const WORD: &'static str = "a double";
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::F64(v) => Some(*v),
            Value::I64(v) => Some(*v as Self),
            _ => None,
        }
    }
}
impl<K: allclear_domain::kernel::id::Kind> FromValue for allclear_domain::kernel::id::Id<K> {
    const WORD: &'static str = "16 bytes";
    fn from_value(value: &Value) -> Option<Self> {
        uuid::Uuid::from_value(value).map(Self::new)
    }
}
impl<T: FromValue> FromValue for Option<T> {
    const WORD: &'static str = T::WORD;
    fn from_value(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}
