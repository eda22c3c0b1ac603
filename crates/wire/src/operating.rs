//! How much of itself the system shows: everything, or less while sampling needs the machine.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much is shown and done. Sampling, laboratory and a person's own result go on in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatingMode {
    /// 正常: everything.
    #[default]
    Full,
    /// 精简: no history, map or curves.
    Reduced,
    /// 保采样: neither these nor exports, reports, prints and imports.
    SamplingFirst,
}

/// Why it is in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperatingCause {
    /// What this node measured.
    #[default]
    Measured,
    /// Somebody ordered it.
    Ordered,
}

/// The mode in force, as a screen shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operating {
    /// Mode.
    pub mode: OperatingMode,
    /// Since when; none while it is full because nothing ever happened.
    pub since: Option<String>,
    /// Why.
    pub cause: OperatingCause,
}

/// The mode with what stands behind it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OperatingState {
    /// In force on this node.
    pub now: Operating,
    /// How hard this node is pressed: 100 is the most that it takes.
    pub pressure_percent: i64,
    /// What was ordered, if anything is.
    pub order: Option<OperatingOrder>,
}

/// An order in force.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OperatingOrder {
    /// At least this mode.
    pub mode: OperatingMode,
    /// Why.
    pub reason: String,
    /// Who ordered it.
    pub ordered_by: String,
    /// When.
    pub at: String,
}

/// Orders a mode on every node, or takes the order back with `full`; pressure may still ask for more.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OrderMode {
    /// At least this mode.
    pub mode: OperatingMode,
    /// Why; goes to the access log.
    pub reason: String,
}
