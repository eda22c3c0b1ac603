//! Who is expected and has no swab: lists, calls, files.

pub mod file;
pub mod http;
pub mod ops;
