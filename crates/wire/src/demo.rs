//! What the demo tells anybody who asks. Outside the demo the route answers 404.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Role;

/// How to try the demo.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Demo {
    /// An account for each role.
    pub accounts: Vec<DemoAccount>,
    /// A few synthetic residents.
    pub residents: Vec<DemoResident>,
    /// Persons in the synthetic city.
    pub population: i64,
}

/// An account of the demo.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DemoAccount {
    /// Account name.
    pub name: String,
    /// Password.
    pub password: String,
    /// Name shown to others.
    pub display_name: String,
    /// Its role.
    pub role: Role,
}

/// A synthetic resident whose page can be opened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DemoResident {
    /// Masked name.
    pub name: String,
    /// Card code.
    pub code: String,
    /// The last four characters of the document number.
    pub document_tail: String,
}
