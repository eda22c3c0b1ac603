//! What a running server tells and is told by its operator.

pub mod certificate;
pub mod connections;
pub mod health;
pub mod log;
pub mod metrics;
pub mod mode_http;
pub mod proxy;
pub mod pulse;
pub mod request;
pub mod serving;
pub mod tls;
pub mod traces;
