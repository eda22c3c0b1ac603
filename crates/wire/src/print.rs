//! What is printed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whose cards to print: an area, a household, or persons that a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PrintCards {
    /// Everybody who lives in this area.
    #[serde(default)]
    pub area: Option<String>,
    /// The members of this household.
    #[serde(default)]
    pub household: Option<i64>,
    /// These persons.
    #[serde(default)]
    pub persons: Vec<i64>,
    /// What for: names stand on cards in clear, so it is logged.
    pub reason: String,
}
