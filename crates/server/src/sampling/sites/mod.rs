//! Sites: made, opened, closed with their queue handed on; shifts; how long people wait.

pub mod http;
pub mod ops;
pub mod view;
