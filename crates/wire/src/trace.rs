//! Where a tube, a box or a person's swabs have been.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person in a trace, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedPerson {
    /// Number.
    pub no: i64,
    /// Masked name.
    pub name: String,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceStep {
    /// When it happened, by the clock of who did it.
    pub at: String,
    /// When the server heard of it.
    pub recorded_at: String,
    /// `collected`, `voided`, `moved_out`, `sealed`, `packed`, `unpacked`, `given`, `taken`, `received`, `on_run`, `resulted`, `released`, …
    pub event: String,
    /// `accepted`, a collection's state, or the word of an exception.
    pub state: String,
    /// Who did it.
    pub who: String,
    /// Where.
    pub place: String,
    /// Short number of the device; 0 for a desk.
    pub device_no: i64,
    /// What people call the device.
    pub device: String,
    /// The tube, if it is not the one traced.
    pub tube: Option<String>,
    /// The box.
    #[serde(rename = "box")]
    pub box_code: Option<String>,
    /// Whose swab.
    pub person: Option<TracedPerson>,
    /// Count at a seal, reason of an undo, run and well, a result: words with ` · ` between them.
    pub note: Option<String>,
}

/// A trace.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Trace {
    /// `tube`, `box` or `person`.
    pub kind: String,
    /// Its code, or a person's number.
    pub code: String,
    /// The person, if it is one.
    pub person: Option<TracedPerson>,
    /// State now.
    pub state: String,
    /// Round's name.
    pub round: String,
    /// Site's name, or the area of a person.
    pub place: String,
    /// Swabs that count, or tubes in a box.
    pub members: i64,
    /// The box that it is in.
    #[serde(rename = "box")]
    pub box_code: Option<String>,
    /// Result, if one was released.
    pub result: Option<String>,
    /// Steps, oldest first.
    pub steps: Vec<TraceStep>,
}
