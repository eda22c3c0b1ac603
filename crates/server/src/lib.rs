//! stub
pub mod demo;
pub mod lab;
