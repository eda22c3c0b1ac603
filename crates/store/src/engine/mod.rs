//! The engines: opening, binding, and the few texts that differ. Chosen once, matched here and in
//! `tx.rs`; nothing above knows which one runs.

pub(crate) mod postgres;
pub(crate) mod postgres_tls;
pub(crate) mod sqlite;
