//! What can go wrong between an op and its rows.

/// The store's answer when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or is shutting down: try again later.
    #[error("the store is away: {0}")]
    Away(String),
    /// No space, read-only or damaged medium.
    #[error("the store cannot write: {0}")]
    Full(String),
    /// Another transaction was in the way; retried a bounded number of times.
    #[error("the store gave up after {attempts} conflicting attempts")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// A named constraint refused a row.
    #[error("constraint {0} refused the row")]
    Constraint(String),
    /// A row was not as expected: another writer changed it, or it does not exist.
    #[error("{table}: expected to change {expected} rows, changed {changed}")]
    Rows {
        /// Table.
        table: &'static str,
        /// Rows that should have changed.
        expected: u64,
        /// Rows that did.
        changed: u64,
    },
    /// A cell that cannot be read back.
    #[error("column {column} holds {found}, expected {expected}")]
    Column {
        /// Column.
        column: String,
        /// What is there.
        found: &'static str,
        /// What was asked for.
        expected: &'static str,
    },
    /// An encrypted cell that does not open.
    #[error(transparent)]
    Cell(#[from] allclear_seal::CellError),
    /// The database is newer than this program, or its migrations differ.
    #[error("{0}")]
    Schema(String),
    /// Another process holds the file.
    #[error("another process uses {0}; one SQLite file belongs to one server")]
    Locked(String),
    /// Anything else the engine said.
    #[error("the engine said: {0}")]
    Engine(String),
}

/// Result of store calls.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(C::DiskFull | C::ReadOnly | C::SystemIoFailure | C::CannotOpen | C::DatabaseCorrupt | C::NotADatabase) => Self::Full(text),
            Some(C::ConstraintViolation) => Self::Constraint(text.rsplit(": ").next().unwrap_or(&text).to_owned()),
            Some(C::DatabaseBusy | C::DatabaseLocked) => Self::Locked(text),
            _ => Self::Engine(text),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState as S;
        let Some(db) = error.as_db_error() else {
            return Self::Away(error.to_string());
        };
        let code = db.code();
        if [S::T_R_SERIALIZATION_FAILURE, S::T_R_DEADLOCK_DETECTED].contains(code) {
            Self::Conflict { attempts: 1 }
        } else if code.code().starts_with("23") {
            Self::Constraint(db.constraint().unwrap_or(db.message()).to_owned())
        } else if [S::DISK_FULL, S::READ_ONLY_SQL_TRANSACTION, S::IO_ERROR].contains(code) {
            Self::Full(db.message().to_owned())
        } else if code.code().starts_with("57") || code.code().starts_with("08") || *code == S::TOO_MANY_CONNECTIONS {
            Self::Away(db.message().to_owned())
        } else {
            Self::Engine(format!("{}: {}", code.code(), db.message()))
        }
    }
}
