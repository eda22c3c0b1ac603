//! The daily report: what headquarters hands on, as PDF and XLSX, from the same counts as the screen.

pub mod as_of;
pub mod daily;
pub mod http;
