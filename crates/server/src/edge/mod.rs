//! The edge: route table, layers, caller, limits, problem details, web assets.

pub mod admission;
pub mod assets;
pub mod client;
pub mod contract;
pub mod extract;
pub mod guard;
pub mod limits;
pub mod mode;
pub mod openapi;
pub mod problem;
pub mod routes;
pub mod throttle;
