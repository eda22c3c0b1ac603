//! What crosses the network: request and response types, problem codes. Shapes only.
//!
//! Never here: a sibling crate, behaviour, SQL. To extend: one file a capability; every type derives
//! `Serialize, Deserialize, ToSchema`; instants are RFC 3339 strings in UTC named `…_at`; codes and
//! enums are snake_case words of the glossary.

pub mod accounts;
pub mod demo;
pub mod exceptions;
pub mod lab;
pub mod live;
pub mod missing;
pub mod operating;
pub mod people;
pub mod planner;
pub mod print;
pub mod problem;
pub mod resident;
pub mod rounds;
pub mod sites;
pub mod sync;
pub mod trace;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list. `next` goes back as `?after=` to read on; absent at the end.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows match in all, if that is cheap to know.
    pub total: Option<i64>,
    /// Where the next page begins.
    pub next: Option<String>,
}
