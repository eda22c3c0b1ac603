//! Laboratories: reception, runs, results, release, follow-ups, clocks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a laboratory says about a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultValue {
    /// 阴性
    Negative,
    /// 阳性
    Positive,
    /// 可疑
    Inconclusive,
    /// 无效
    Invalid,
}

/// A new laboratory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewLab {
    /// Name.
    pub name: String,
    /// Area it stands in (division code).
    pub area: String,
    /// Tubes it can test in 24 hours.
    pub rated_per_day: i32,
    /// Percent of the rate that is still believable (120: a fifth more).
    pub factor_percent: Option<i32>,
}

/// A laboratory and what waits in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lab {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Area it stands in.
    pub area: String,
    /// Tubes it can test in 24 hours.
    pub rated_per_day: i32,
    /// Percent of the rate that is still believable.
    pub factor_percent: i32,
    /// What waits.
    pub backlog: Backlog,
}

/// What waits in a laboratory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backlog {
    /// As of.
    pub as_of: String,
    /// Received, not on a run.
    pub received: i64,
    /// On a run.
    pub on_run: i64,
    /// Resulted, awaiting release.
    pub resulted: i64,
    /// Released in the last 24 hours.
    pub released_24h: i64,
    /// On hold.
    pub holds: i64,
    /// When the oldest unreleased tube was received.
    pub oldest_received_at: Option<String>,
    /// Minutes of work at the rated speed: (received + on run) / rate.
    pub minutes_of_work: i64,
    /// Open clock alerts.
    pub alerts: i64,
    /// Open plausibility flags.
    pub flags: i64,
    /// Open follow-ups.
    pub follow_ups: i64,
}

/// A reagent kit, as its leaflet says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Kit {
    /// Id.
    pub id: Uuid,
    /// Name and maker.
    pub name: String,
    /// Shortest time a run can take, seconds.
    pub run_s_min: i64,
    /// A target counts as risen at or below this cycle number.
    pub cutoff: f64,
    /// Name of the internal control.
    pub internal_control: String,
}

/// A new kit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NewKit {
    /// Name and maker.
    pub name: String,
    /// Shortest time a run can take, seconds.
    pub run_s_min: i64,
    /// A target counts as risen at or below this cycle number.
    pub cutoff: f64,
    /// Name of the internal control.
    pub internal_control: String,
}

/// An instrument and the columns of its exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instrument {
    /// Id.
    pub id: Uuid,
    /// Name: "荧光定量 PCR 3 号".
    pub name: String,
    /// Columns of its exports, once mapped.
    pub mapping: Option<InstrumentMapping>,
}

/// A new instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewInstrument {
    /// Name.
    pub name: String,
}

/// How an export lays out its cycle numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportLayout {
    /// One line a well, one column a target.
    Wide,
    /// One line a well and target.
    Long,
}

/// Which columns of an export mean what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstrumentMapping {
    /// Layout.
    pub layout: ExportLayout,
    /// Column of the tube code.
    pub tube: String,
    /// Column of the well.
    pub well: Option<String>,
    /// Column of the written result.
    pub result: Option<String>,
    /// Column that says what is a control.
    pub task: Option<String>,
    /// Column of the target's name (long layout).
    pub target: Option<String>,
    /// Columns of cycle numbers; in the long layout one, with an empty target.
    pub ct: Vec<CtColumn>,
    /// Words of this instrument for results, beyond the usual ones.
    #[serde(default)]
    pub words: Vec<ResultWord>,
}

/// A column of cycle numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CtColumn {
    /// Header of the column.
    pub column: String,
    /// Name of the target.
    pub target: String,
}

/// A word that an instrument writes for a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResultWord {
    /// The word.
    pub word: String,
    /// What it means.
    pub value: ResultValue,
}

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

/// A new run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewRun {
    /// Id made by the caller, so that a repeated request makes one run.
    pub id: Uuid,
    /// The plate's name: "P-0105-03".
    pub name: String,
    /// The instrument.
    pub instrument: Uuid,
    /// The kit.
    pub kit: Uuid,
    /// The kit's lot.
    pub lot: String,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// Id.
    pub id: Uuid,
    /// The plate's name.
    pub name: String,
    /// The instrument.
    pub instrument: Uuid,
    /// Its name.
    pub instrument_name: String,
    /// The kit.
    pub kit: Uuid,
    /// Its name.
    pub kit_name: String,
    /// The kit's lot.
    pub lot: String,
    /// `draft`, `running`, `ended`, `aborted`.
    pub state: String,
    /// Start.
    pub started_at: Option<String>,
    /// Earliest believable end.
    pub ready_at: Option<String>,
    /// End.
    pub ended_at: Option<String>,
    /// Wells that hold a tube.
    pub tubes: i32,
    /// Of these, with a result.
    pub resulted: i32,
    /// Whether a control failed.
    pub control_failed: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: String,
    /// The wells. Empty in lists.
    pub wells: Vec<RunWell>,
}

/// A well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunWell {
    /// A1 to H12.
    pub well: String,
    /// The tube, if it holds one.
    pub tube: Option<String>,
    /// `negative_control` or `positive_control`.
    pub control: Option<String>,
    /// Persons in the tube.
    pub persons: i32,
    /// The result, once entered.
    pub value: Option<ResultValue>,
    /// Where the tube stands.
    pub stage: Option<String>,
}

/// Places tubes or a control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlaceWells {
    /// Tubes, in order; at most 96.
    #[serde(default)]
    pub tubes: Vec<String>,
    /// A control instead.
    pub control: Option<String>,
    /// Where the first goes; absent: the first free well down the columns.
    pub well: Option<String>,
    /// Fill the free wells with this many tubes that waited longest.
    pub fill: Option<i32>,
}

/// Empties a well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClearWell {
    /// A1 to H12.
    pub well: String,
}

/// Moves a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MoveRun {
    /// `start`, `end` or `abort`.
    pub event: String,
}

/// Results typed or scanned, at most 500.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnterResults {
    /// The run; absent for tests without a plate (flagged).
    pub run: Option<Uuid>,
    /// `typed` or `scanned`.
    pub source: String,
    /// The results.
    pub rows: Vec<EnterResult>,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EnterResult {
    /// The tube.
    pub tube: String,
    /// What it says.
    pub value: ResultValue,
    /// Cycle numbers, if known.
    #[serde(default)]
    pub cts: Vec<TargetCt>,
}

/// One target's cycle number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TargetCt {
    /// Name of the target.
    pub target: String,
    /// The cycle number; absent if it did not rise.
    pub ct: Option<f64>,
}

/// What became of entered results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entered {
    /// New or corrected.
    pub entered: i32,
    /// The same result stood there before.
    pub unchanged: i32,
    /// Refused, with the reason.
    pub refused: Vec<RefusedRow>,
}

/// A refused result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedRow {
    /// The tube as given.
    pub tube: String,
    /// Stable reason: `malformed_tube`, `not_received`, `elsewhere`, `released`, `withdrawn`, `not_on_this_run`.
    pub reason: String,
}

/// Columns found in a file, with a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportColumns {
    /// Headers of the line that looks like the header.
    pub columns: Vec<String>,
    /// The likeliest mapping.
    pub suggestion: Option<InstrumentMapping>,
    /// First lines below it, to look at.
    pub sample: Vec<Vec<String>>,
}

/// A file as read: shown before anything is imported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportPreview {
    /// Id of the import.
    pub id: Uuid,
    /// File name.
    pub file_name: String,
    /// `read`, `confirmed` or `discarded`.
    pub state: String,
    /// Results to import.
    pub rows: i32,
    /// By value.
    pub negative: i32,
    /// By value.
    pub positive: i32,
    /// By value.
    pub inconclusive: i32,
    /// By value.
    pub invalid: i32,
    /// Empty wells.
    pub empty: i32,
    /// Rows that stay out, with reasons.
    pub bad: Vec<ImportBadRow>,
    /// Results of interest: everything but negatives.
    pub non_negative: Vec<ImportRow>,
    /// Controls and whether they hold.
    pub controls: Vec<ImportControl>,
    /// Tubes of the file that this laboratory cannot result now.
    pub refused: Vec<RefusedRow>,
    /// Tubes of the run that the file lacks.
    pub lacking: Vec<String>,
    /// The same content was imported before, then.
    pub imported_before_at: Option<String>,
    /// What the confirmation did.
    pub outcome: Option<Entered>,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportRow {
    /// Line of the file.
    pub line: i32,
    /// The tube.
    pub tube: String,
    /// The well.
    pub well: Option<String>,
    /// What it says.
    pub value: ResultValue,
    /// Cycle numbers.
    pub cts: Vec<TargetCt>,
    /// The written result and the cycle numbers disagree.
    pub ct_disagrees: bool,
}

/// A bad row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportBadRow {
    /// Line of the file.
    pub line: i32,
    /// Stable reason.
    pub reason: String,
    /// The cells as they stand.
    pub cells: Vec<String>,
}

/// A control of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportControl {
    /// The well.
    pub well: Option<String>,
    /// Which control.
    pub control: String,
    /// How it came out.
    pub value: ResultValue,
    /// Whether that is as it must be.
    pub holds: bool,
}

/// Confirms an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmImport {
    /// Import the good rows although there are bad ones, which were seen.
    pub without_bad_rows: bool,
}

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
    /// Only these runs; empty: everything that waits and that the caller did not enter.
    #[serde(default)]
    pub runs: Vec<Uuid>,
}

/// A bulk release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseJob {
    /// Id.
    pub id: Uuid,
    /// `waiting`, `running`, `done`.
    pub state: String,
    /// Tubes at the start.
    pub total: i64,
    /// Tubes released.
    pub released: i64,
    /// Persons in them.
    pub persons: i64,
    /// Tubes that could not be released.
    pub refused: i64,
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

/// A follow-up of a non-negative pool.
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
    /// `under_recheck`, `negative`, `positive`, `unreachable`.
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
    /// `unreachable` or `found`.
    pub outcome: String,
    /// What was tried.
    pub note: String,
}

/// A clock that ran out, or nearly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockAlert {
    /// The tube.
    pub tube: String,
    /// `to_lab` or `turnaround`.
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
