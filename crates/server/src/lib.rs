//! What happens: the server's capabilities behind one router. `main.rs` is the command line,
//! `boot.rs` reads as the recipe of starting up, `edge/routes.rs` is the table of routes.

pub mod accounts;
pub mod app;
pub mod bench;
pub mod boot;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod edge;
pub mod expected;
pub mod lab;
pub mod leases;
pub mod live;
pub mod operate;
pub mod people;
pub mod plan;
pub mod print;
pub mod queues;
pub mod rehearse;
pub mod reports;
pub mod sampling;
pub mod seen;
pub mod sync;
pub mod trace;
pub mod work;
