//! Areas and people. Identities are masked everywhere but in a logged reveal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 居民身份证, GB 11643
    ResidentId,
    /// 港澳居民来往内地通行证 / 居住证
    HkMacaoPermit,
    /// 台湾居民来往大陆通行证
    TaiwanPermit,
    /// 护照
    Passport,
    /// 外国人永久居留身份证
    ForeignPermanentResident,
}

/// A node of the division tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Area {
    /// Official division code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code one level up.
    pub parent: Option<String>,
    /// `county`, `town`, `village`, `grid`.
    pub level: String,
    /// Planning population.
    pub population: i64,
}
