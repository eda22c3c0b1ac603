//! Laboratory: reception, runs, results, release, follow-ups and clocks.

pub mod follower;
pub mod http;
pub mod instrument;
pub mod jobs;
pub mod ops;
pub mod sheet;
pub mod suggest;
pub mod view;
