//! Laboratories: reception, runs, results, release, follow-ups, clocks.

mod bench;
mod reception;
mod release;
mod run;
mod task;

pub use bench::*;
pub use reception::*;
pub use release::*;
pub use run::*;
pub use task::*;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
