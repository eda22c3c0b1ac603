//! Sites: made, opened, closed with their queue handed on; shifts; how long people wait.

pub mod http;
pub mod list;
pub mod ops;
pub mod view;
