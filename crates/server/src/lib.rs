//! What happens: the one binary.

pub mod demo;
pub mod lab;
pub mod print;
pub mod people;
