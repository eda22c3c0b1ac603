//! What happens: the one binary.

pub mod demo;
pub mod lab;
pub mod people;
pub mod print;
