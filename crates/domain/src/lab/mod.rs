//! Laboratory: reception, runs, results, release, and what a non-negative pool sets off.
//!
//! Never here: who a member is. A pool's members are person numbers; names stay in `people`.

pub mod backlog;
pub mod follow_up;
pub mod plausibility;
pub mod reception;
pub mod release;
pub mod result;
pub mod run;
pub mod task;
pub mod tube;
