//! The demo: a synthetic city, and the reference case replayed on it.

pub mod city;
