//! Laboratories, kits, instruments and what waits in them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ResultValue;

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
