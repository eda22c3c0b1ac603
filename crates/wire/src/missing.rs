//! Persons who are expected and have no swab.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingOutcome {
    /// Comes.
    Coming,
    /// Was sampled elsewhere.
    SampledElsewhere,
    /// Is exempt, with a reason.
    Exempt,
    /// Moved away.
    MovedAway,
    /// Could not be reached; stays on the list.
    NotReached,
    /// Refused.
    Refused,
}

/// One person, masked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingPerson {
    /// Person number.
    pub no: i64,
    /// Name, masked.
    pub name: String,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Village.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// Household number.
    pub household: Option<i64>,
    /// Phone, masked.
    pub phone: Option<String>,
    /// Groups.
    pub groups: Vec<String>,
    /// What the last call came to.
    pub outcome: Option<MissingOutcome>,
    /// When.
    pub outcome_at: Option<String>,
    /// In words.
    pub note: Option<String>,
}

/// Who is missing in one area.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingArea {
    /// Division code.
    pub area: String,
    /// Name.
    pub name: String,
    /// Persons expected.
    pub expected: i64,
    /// Of these, without a swab.
    pub missing: i64,
}

/// Name and number of one person, in clear; the look is logged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingContact {
    /// Name.
    pub name: String,
    /// Phone, if one is known.
    pub phone: Option<String>,
}

/// Stores what a call came to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingCallResult {
    /// What.
    pub outcome: MissingOutcome,
    /// In words; needed for `exempt`.
    #[serde(default)]
    pub note: String,
    /// For `exempt`: `medical`, `quarantined`, `vaccinated`, `away`, `deceased`, `other` (if absent).
    pub reason: Option<String>,
}

/// Asks for a file with names and phones in clear; logged.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MissingExport {
    /// Area.
    pub area: String,
    /// `csv` or `xlsx`.
    pub format: String,
    /// Why.
    pub reason: String,
}
