//! Signing in, accounts, roles, devices.

pub mod callers;
pub mod http;
pub mod ops;
pub mod password;
pub mod view;
