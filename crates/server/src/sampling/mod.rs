//! Sampling: rounds, sites, and what the field sends.

pub mod apply;
pub mod batch;
pub mod boxes;
pub mod command;
pub mod expected;
pub mod http;
pub mod jobs;
pub mod person;
pub mod refold;
pub mod statement;
pub mod view;
