//! Laboratory: reception, runs, results, release, follow-ups and clocks.

mod consequences;
pub mod follower;
pub mod http;
pub mod instrument;
pub mod jobs;
pub mod ops;
pub mod sheet;
pub mod suggest;
pub mod task_routes;
mod tasks;
pub mod view;
mod xls;
