//! Tasks after results: whom somebody must go to, and what came of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be done for one person, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Id.
    pub id: Uuid,
    /// `case`, `recheck` or `resample`.
    pub kind: String,
    /// Person number.
    pub person: i64,
    /// Name, masked.
    pub name: String,
    /// Phone, masked.
    pub phone: Option<String>,
    /// Area the person lives in.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// The tube that opened it.
    pub tube: String,
    /// Name of the round.
    pub round_name: String,
    /// When it was opened.
    pub opened_at: String,
    /// By when.
    pub due_at: String,
    /// Whether that is past.
    pub late: bool,
    /// Who took it.
    pub owner: Option<String>,
    /// Whether the caller took it.
    pub own: bool,
    /// The last word.
    pub outcome: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// When it was closed.
    pub closed_at: Option<String>,
}

/// Open tasks of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskCount {
    /// `case`, `recheck` or `resample`.
    pub kind: String,
    /// Open ones.
    pub open: i64,
    /// Of these, late.
    pub late: i64,
    /// Of these, taken by nobody.
    pub unowned: i64,
}

/// What came of a visit or a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskOutcome {
    /// `coming`, `not_reached`, `refused`, `unreachable` or `handed_over`.
    pub outcome: String,
    /// In words; needed with the last three.
    #[serde(default)]
    pub note: String,
}

/// Withdraws a tube that has not reached a laboratory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VoidTube {
    /// Why: it stands in the tube's trace.
    pub reason: String,
}

/// A tube that was on a box's list and not in the box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MissingTube {
    /// The tube.
    pub tube: String,
    /// The box it should have been in.
    pub box_code: String,
    /// The laboratory that looked for it.
    pub lab_name: String,
    /// The site that filled it.
    pub site_name: String,
    /// Persons in it.
    pub persons: i32,
    /// When the reception was closed without it.
    pub noted_at: String,
    /// Name signed under the difference.
    pub signed_by: Option<String>,
}

/// A box that the caller carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CarriedBox {
    /// The box.
    pub code: String,
    /// Tubes in it.
    pub tubes: i32,
    /// Persons in them.
    pub persons: i32,
    /// Site that packed it.
    pub site_name: String,
    /// Where it is to go, if the giver said so.
    pub destination: Option<String>,
    /// When it was taken over.
    pub taken_at: String,
    /// First swab of its oldest tube.
    pub oldest_at: Option<String>,
    /// When that tube must have been received.
    pub due_at: Option<String>,
    /// `none`, `warn` or `breach`.
    pub level: String,
}
