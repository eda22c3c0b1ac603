//! Nouns that every capability shares.

pub mod access;
pub mod area;
pub mod change;
pub mod code;
pub mod id;
pub mod profile;
pub mod time;
