//! Release by a second person, follow-ups, clocks and flags.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ResultValue, TargetCt};

/// What waits for release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseDesk {
    /// Negatives by run and enterer.
    pub negatives: Vec<NegativeGroup>,
    /// Everything else, singly; oldest first, at most 200.
    pub non_negatives: Vec<ResultRow>,
    /// Bulk releases that run, and the last ones.
    pub jobs: Vec<ReleaseJob>,
}

/// Negatives of one run that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NegativeGroup {
    /// The run; absent for results without one.
    pub run: Option<Uuid>,
    /// Its name.
    pub run_name: String,
    /// Tubes.
    pub tubes: i64,
    /// Persons in them.
    pub persons: i64,
    /// Who entered them.
    pub entered_by: String,
    /// The caller entered these: another person must release them.
    pub own: bool,
    /// A control failed: cannot be released.
    pub control_failed: bool,
    /// Open flags on the run.
    pub flags: Vec<String>,
    /// When the first was entered.
    pub entered_at: String,
}

/// A result in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResultRow {
    /// The tube.
    pub tube: String,
    /// Its kind.
    pub tube_kind: String,
    /// Persons in it.
    pub persons: i32,
    /// What it says.
    pub value: ResultValue,
    /// Cycle numbers.
    pub cts: Vec<TargetCt>,
    /// The run's name.
    pub run_name: Option<String>,
    /// The well.
    pub well: Option<String>,
    /// Who entered it.
    pub entered_by: String,
    /// When.
    pub entered_at: String,
    /// The caller entered it.
    pub own: bool,
    /// A control of its run failed.
    pub control_failed: bool,
    /// Written result and cycle numbers disagree.
    pub ct_disagrees: bool,
}

/// Asks for a bulk release of negatives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BulkRelease {
    /// Id made by the caller.
    pub id: Uuid,
    /// Only these runs.
    #[serde(default)]
    pub runs: Vec<Uuid>,
    /// Also results that were entered without a run. With no run and without this: everything that waits and that the
    /// caller did not enter.
    #[serde(default)]
    pub without_run: bool,
}

/// A bulk release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseJob {
    /// Id.
    pub id: Uuid,
    /// `running` or `done`.
    pub state: String,
    /// Tubes at the start.
    pub total: i64,
    /// Tubes released.
    pub released: i64,
    /// Persons in them.
    pub persons: i64,
    /// Who asked.
    pub released_by: String,
    /// When.
    pub started_at: String,
    /// When it was done.
    pub finished_at: Option<String>,
}

/// Releases one result, by what it says: a wrong word is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseOne {
    /// What the releaser read.
    pub value: ResultValue,
}

/// What a release of one tube did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Released {
    /// The tube.
    pub tube: String,
    /// What it says.
    pub value: ResultValue,
    /// Persons in it.
    pub persons: i32,
}

/// A follow-up of a non-negative pool or of a positive single tube.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FollowUp {
    /// Id.
    pub id: Uuid,
    /// The pool.
    pub tube: String,
    /// What it said.
    pub value: ResultValue,
    /// The laboratory.
    pub lab_name: String,
    /// The round.
    pub round: Uuid,
    /// When it was opened.
    pub opened_at: String,
    /// When all were accounted for.
    pub closed_at: Option<String>,
    /// Members.
    pub members_total: i32,
    /// Not accounted for.
    pub members_open: i32,
    /// Positive by an own tube.
    pub members_positive: i32,
    /// The members. Empty in lists.
    pub members: Vec<FollowUpMember>,
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FollowUpMember {
    /// Person number.
    pub person: i64,
    /// Masked name.
    pub name_masked: String,
    /// Area the person lives in.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// `under_recheck`, `negative`, `positive`, `unreachable`, `case_open`.
    pub outcome: String,
    /// The single tube that settled it.
    pub tube: Option<String>,
    /// When it was settled.
    pub settled_at: Option<String>,
    /// Note of who could not reach the member.
    pub note: Option<String>,
}

/// Somebody tried to reach a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberOutcome {
    /// `unreachable`, `found`, or `handed_over` (a case that a hospital took over).
    pub outcome: String,
    /// What was tried.
    pub note: String,
}

/// A clock that ran out, or nearly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockAlert {
    /// The tube.
    pub tube: String,
    /// `to_lab`, `cold` (tested within the time that a tube keeps at 4 °C) or `turnaround`.
    pub clock: String,
    /// `warn` or `breach`.
    pub level: String,
    /// Where the tube stands.
    pub stage: String,
    /// The site.
    pub site_name: String,
    /// The box.
    pub box_code: Option<String>,
    /// The laboratory, from reception on.
    pub lab_name: Option<String>,
    /// Persons in it.
    pub persons: i32,
    /// When the clock began.
    pub started_at: String,
    /// When it runs out.
    pub due_at: String,
    /// When the alert was raised.
    pub raised_at: String,
}

/// Something about a laboratory that does not look right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LabFlag {
    /// Id.
    pub id: Uuid,
    /// The laboratory.
    pub lab: Uuid,
    /// Its name.
    pub lab_name: String,
    /// The run, if it is about one.
    pub run: Option<Uuid>,
    /// The run's name.
    pub run_name: Option<String>,
    /// Which flag.
    pub flag: String,
    /// The numbers behind it.
    pub detail: String,
    /// When it was raised.
    pub raised_at: String,
    /// Who looked at it, and said what.
    pub cleared_by: Option<String>,
    /// What was said.
    pub cleared_note: Option<String>,
}

/// Clears a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClearFlag {
    /// What was found.
    pub note: String,
}

/// A tube that a laboratory holds and has not released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldTube {
    /// The tube.
    pub tube: String,
    /// Its kind.
    pub tube_kind: String,
    /// Persons in it.
    pub persons: i32,
    /// `received`, `on_run` or `resulted`.
    pub stage: String,
    /// When it was received.
    pub received_at: String,
    /// The run's name, if it is on one.
    pub run_name: Option<String>,
    /// The result, if there is one.
    pub value: Option<ResultValue>,
    /// A result of it was taken back before.
    pub repeated: bool,
}
