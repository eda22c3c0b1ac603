//! Racks and runs, results by hand and from instrument exports.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{InstrumentMapping, ResultValue};

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
    /// The results; may be empty if there are controls.
    pub rows: Vec<EnterResult>,
    /// How the controls of the run came out.
    #[serde(default)]
    pub controls: Vec<EnterControl>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnterControl {
    /// `negative_control` or `positive_control`.
    pub control: String,
    /// Its well, if the plate has more than one of this kind.
    #[serde(default)]
    pub well: Option<String>,
    /// How it came out.
    pub value: ResultValue,
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
    /// A control of the run failed: nothing of it can be released.
    #[serde(default)]
    pub control_failed: bool,
    /// Refused, with the reason.
    pub refused: Vec<RefusedRow>,
}

/// A refused result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedRow {
    /// The tube as given.
    pub tube: String,
    /// Stable reason: `malformed_tube`, `not_received`, `elsewhere`, `released`, `withdrawn`, `not_on_this_run`,
    /// `other_well` (the file and the plate disagree), `repeated` (this measurement was taken back).
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
    /// How many rows stay out.
    pub bad_total: i32,
    /// Rows that stay out, with reasons; the first 500.
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
    #[serde(default)]
    pub without_bad_rows: bool,
}
