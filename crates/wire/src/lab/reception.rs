//! Tubes arriving: scans, verdicts, the hold list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Begins a reception.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewReception {
    /// Boxes that arrived, by their codes; none for loose tubes.
    pub boxes: Vec<String>,
}

/// One scan at reception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewScan {
    /// The code as scanned: a tube, or a further box.
    pub code: String,
    /// What is wrong with it, if anything: a word of the reject reasons.
    pub damage: Option<String>,
    /// Note.
    pub note: Option<String>,
}

/// What a scan means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// On the manifest, received.
    Matched,
    /// Known, not of this box; received.
    Extra,
    /// Scanned before.
    Duplicate,
    /// Received and rejected.
    Damaged,
    /// Kept apart on the hold list.
    Hold,
    /// On the manifest, not scanned.
    Missing,
    /// A further box joined the session.
    BoxAdded,
}

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScanAnswer {
    /// The tube (or box), normalised.
    pub code: String,
    /// What it means.
    pub verdict: Verdict,
    /// Why it is on hold, or what is broken.
    pub reason: Option<String>,
    /// How many persons' swabs the tube holds.
    pub persons: i32,
    /// Seconds since the first swab, and the limit: the tube's clock.
    pub age_s: Option<i64>,
    /// The limit of the clock in seconds.
    pub age_s_max: i64,
    /// The session's counts after this scan.
    pub tally: Tally,
}

/// Counts of a reception.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tally {
    /// On the manifest.
    pub expected: i32,
    /// Matched.
    pub matched: i32,
    /// Not of this box.
    pub extra: i32,
    /// Scanned again.
    pub duplicate: i32,
    /// Damaged.
    pub damaged: i32,
    /// On hold.
    pub hold: i32,
    /// Not scanned.
    pub missing: i32,
}

/// A reception session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reception {
    /// Id.
    pub id: Uuid,
    /// Boxes.
    pub boxes: Vec<String>,
    /// Who opened it.
    pub opened_by: String,
    /// When.
    pub opened_at: String,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// Counts.
    pub tally: Tally,
    /// Scans, newest first; missing tubes after them. Empty in lists.
    pub scans: Vec<ReceptionScan>,
}

/// One line of a reception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceptionScan {
    /// The tube.
    pub tube: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why, for hold and damaged.
    pub reason: Option<String>,
    /// Persons in it.
    pub persons: i32,
    /// When it was scanned; absent for missing ones.
    pub at: Option<String>,
}

/// Closes a reception.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CloseReception {
    /// Name signed under differences; needed when the box does not agree.
    pub difference_signed_by: Option<String>,
}

/// A tube on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// The tube's code.
    pub tube: String,
    /// Why it was held.
    pub reason: String,
    /// Where the tube stands now; absent if still unknown.
    pub stage: Option<String>,
    /// Whether it could be received now.
    pub receivable: bool,
    /// Who held it.
    pub held_by: String,
    /// When.
    pub held_at: String,
}

/// Decides a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResolveHold {
    /// `receive` (it is known now) or `discard`.
    pub action: HoldAction,
    /// Why.
    pub note: String,
}

/// What becomes of a held tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldAction {
    /// Its record arrived: receive it.
    Receive,
    /// Throw it away; its members, once known, are sampled again.
    Discard,
}

/// Rejects a tube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectTube {
    /// A word of the reject reasons.
    pub reason: String,
    /// Note; needed with `other`.
    pub note: Option<String>,
}
