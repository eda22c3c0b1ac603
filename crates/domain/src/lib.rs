//! What is true: the pure rules of an outbreak response.
//!
//! Never here: async, I/O, a clock, randomness, serde, SQL. A decision is a function from facts, a
//! profile and a time to a new state or a named refusal. To extend: add rules beside the capability
//! they belong to, with a table test that an epidemiologist can read; policy numbers come in with
//! the [`kernel::profile::Profile`], never as constants.

pub mod kernel;
pub mod lab;
pub mod live;
pub mod people;
pub mod sampling;
