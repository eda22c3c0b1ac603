//! Rounds: planned, opened with a frozen expected list, ended; exemptions.

pub mod exemptions;
pub mod http;
pub mod ops;
pub mod view;
