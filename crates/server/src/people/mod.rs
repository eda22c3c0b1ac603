//! People and areas: the register, its import, its changes, what a resident sees.

pub mod homes;
pub mod http;
pub mod import;
pub mod initials;
pub mod intake;
pub mod jobs;
pub mod ops;
pub mod uploads;
pub mod view;
