//! Live counts. Every figure is a fold of committed changes and equals a recount of the records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Counts of one area in one round (2.8 of the domain page).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AreaCounts {
    /// Division code.
    pub area: String,
    /// Name.
    pub name: String,
    /// 应检: expected persons, exempt ones not counted. Denominator of completion.
    pub expected: i64,
    /// Distinct expected persons with a valid collection. Numerator of completion.
    pub expected_sampled: i64,
    /// Distinct persons with a valid collection who are not on the list: shown apart.
    pub unexpected_sampled: i64,
    /// 采集人次: valid collections.
    pub collections: i64,
}

/// Where tubes are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// Open at a station.
    pub open: i64,
    /// Sealed or boxed, at the site.
    pub at_site: i64,
    /// Handed over, not received.
    pub in_transit: i64,
    /// Received by a laboratory.
    pub received: i64,
    /// On a run.
    pub on_run: i64,
    /// Resulted, awaiting release.
    pub resulted: i64,
    /// Released.
    pub released: i64,
    /// Rejected or void.
    pub rejected: i64,
}

/// One frame of the big screen.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LiveFrame {
    /// As-of time.
    pub as_of: String,
    /// Number of the last change folded in.
    pub change: i64,
    /// The round shown.
    pub round: Option<Uuid>,
    /// Its name.
    pub round_name: String,
    /// The whole round.
    pub total: AreaCounts,
    /// Persons in open tubes.
    pub persons_in_open_tubes: i64,
    /// 标本数: tubes with at least one valid collection.
    pub tubes: i64,
    /// 人份: person-reports released.
    pub person_reports: i64,
    /// Non-negative results released.
    pub non_negative: i64,
    /// Towns, or the areas of the scope.
    pub areas: Vec<AreaCounts>,
    /// Tubes by stage.
    pub pipeline: Pipeline,
    /// Collections per five minutes, oldest first: (start of the five minutes, collections).
    pub curve: Vec<(String, i64)>,
}
