//! People and areas.

pub mod bench;
pub mod import;
pub mod initials;
pub mod intake;
