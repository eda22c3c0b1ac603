//! Laboratory: reception, runs, results, release, follow-ups and clocks.

pub mod instrument;
pub mod sheet;
pub mod suggest;
pub mod view;
