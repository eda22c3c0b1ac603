//! Traces: every fact of a tube, a box or a person's swabs in the order in which it happened.

pub mod http;
pub mod ops;
