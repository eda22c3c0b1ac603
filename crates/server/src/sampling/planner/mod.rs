//! The planner's page.

pub mod http;
