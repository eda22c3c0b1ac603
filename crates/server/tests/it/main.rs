//! Integration tests: HTTP through the real router, one binary; folders mirror the routes.
//! They run on SQLite, or on the PostgreSQL that `ALLCLEAR_TEST_STORE` names.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod accounts;
mod bench;
mod demo;
mod lab;
mod live;
mod nodes;
mod operate;
mod people;
mod print;
mod rounds;
mod sampling;
