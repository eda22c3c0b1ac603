//! People and areas.

pub mod import;
pub mod initials;
pub mod intake;
