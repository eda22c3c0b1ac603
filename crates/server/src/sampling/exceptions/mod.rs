//! The desk of facts that wait for a person: both sides, a suggestion, a decision.

pub mod claim;
pub mod http;
pub mod many;
pub mod ops;
pub mod view;
