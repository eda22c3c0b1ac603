//! The targets, by what they read.

pub mod files;
pub mod http;
pub mod text;
