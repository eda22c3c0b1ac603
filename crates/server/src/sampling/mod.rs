//! Sampling: rounds, sites, and what the field sends.

pub mod apply;
pub mod batch;
pub mod boxes;
pub mod command;
pub mod exceptions;
pub mod http;
pub mod jobs;
pub mod missing;
pub mod person;
pub mod planner;
pub mod refold;
pub mod rounds;
pub mod sites;
pub mod statement;
pub mod table;
pub mod view;
