//! Batches from devices: each command goes the same way as its single twin.

pub mod http;
pub mod roster;
