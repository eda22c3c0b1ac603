//! Live counts. Every figure is a fold of committed changes and equals a recount of the records.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::operating::Operating;

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

/// What the plan says of the round: the line that the curve is held against.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoundPlan {
    /// Planned start.
    pub starts_at: String,
    /// Planned end.
    pub ends_at: String,
    /// Collections per five minutes that would end on time.
    pub per_five_minutes: i64,
}

/// Tubes of one stage and how long the oldest has waited, against the limit of the profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StageAge {
    /// `open`, `at_site`, `in_transit`, `received`, `on_run`, `resulted`.
    pub stage: String,
    /// Tubes in it.
    pub tubes: i64,
    /// When the clock of the oldest began: its first swab, or its reception in a laboratory.
    pub oldest_at: Option<String>,
    /// Limit in minutes, if the profile has one.
    pub limit_minutes: Option<i64>,
    /// Tubes past the limit.
    pub late: i64,
}

/// One sampling site now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SiteLoad {
    /// Id.
    pub site: Uuid,
    /// Name.
    pub name: String,
    /// Area it stands in.
    pub area: String,
    /// Stations.
    pub stations: i32,
    /// Collections in this round.
    pub collections: i64,
    /// Persons per station and hour, over the last half hour.
    pub per_station_hour: f64,
    /// Estimated wait in minutes, if it can be told.
    pub wait_minutes: Option<i64>,
    /// When it last recorded anything.
    pub last_at: Option<String>,
    /// Why it counts as stuck: `silent`, `slow`, `long_wait`, `tubes_late`; absent if it runs.
    pub stuck: Option<String>,
}

/// One laboratory now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LabLoad {
    /// Id.
    pub lab: Uuid,
    /// Name.
    pub name: String,
    /// Received, not on a run.
    pub received: i64,
    /// On a run.
    pub on_run: i64,
    /// Awaiting release.
    pub resulted: i64,
    /// Released.
    pub released: i64,
    /// Hours of work in what waits, at the rated capacity.
    pub backlog_hours: Option<f64>,
}

/// When sampling would end at the present rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// Expected persons still without a collection.
    pub remaining: i64,
    /// Collections per hour over the last half hour.
    pub per_hour: i64,
    /// When it would end; absent while nothing moves.
    pub ends_at: Option<String>,
}

/// A device that has work and has not been heard of for a while: what it holds is not in the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SilentDevice {
    /// Short number.
    pub device_no: i64,
    /// What people call it.
    pub label: String,
    /// When it last sent anything.
    pub seen_at: Option<String>,
}

/// Rows behind a figure. The columns are words of the glossary that the page translates.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DrillDown {
    /// What the rows are of: the `figure` that was asked for.
    pub figure: String,
    /// Column words: `tube`, `person`, `site`, `area`, `state`, `at`, `age_minutes`, …
    pub columns: Vec<String>,
    /// One text a column; persons masked.
    pub rows: Vec<Vec<String>>,
    /// How many rows there are in all.
    pub total: i64,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One frame of the big screen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct LiveFrame {
    /// As-of time.
    pub as_of: String,
    /// Number of the last change folded in.
    pub change: i64,
    /// How much of itself the system shows: unless it is `full`, `curve` is empty and the map rests.
    pub operating: Operating,
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
    /// The plan, if the round has a window.
    pub plan: Option<RoundPlan>,
    /// Stages with the age of their oldest tube.
    pub stages: Vec<StageAge>,
    /// Sites of the round.
    pub sites_total: i64,
    /// Of these, open now.
    pub sites_open: i64,
    /// Of these, stuck.
    pub sites_stuck: i64,
    /// The sites that need attention most, worst first; at most 12.
    pub sites: Vec<SiteLoad>,
    /// Laboratories, most loaded first.
    pub labs: Vec<LabLoad>,
    /// Forecast end of sampling.
    pub forecast: Option<Forecast>,
    /// Non-negative pools not yet accounted for.
    pub follow_ups_open: i64,
    /// Exceptions that wait for a person.
    pub exceptions_open: i64,
    /// Devices that took part in this round.
    pub devices: i64,
    /// Of these, silent.
    pub devices_silent_total: i64,
    /// The silent ones, longest first; at most 20.
    pub devices_silent: Vec<SilentDevice>,
}

/// One line of a recount: what the screen shows beside what the records say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecountLine {
    /// Round, if the line belongs to one.
    pub round: Option<Uuid>,
    /// `city`, `town`, `village`, `site`, `curve`, `stage`, `lab`, `exceptions`: the counts; `frame`: what a screen is sent.
    pub level: String,
    /// Code or name of what is counted.
    pub subject: String,
    /// The figure's word.
    pub figure: String,
    /// What the screen shows.
    pub screen: i64,
    /// What the records say.
    pub records: i64,
}

/// A whole recount.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Recount {
    /// Change up to which the screen had folded.
    pub change: i64,
    /// Figures compared.
    pub compared: i64,
    /// Figures that differ.
    pub different: i64,
    /// The lines of city, town and frame, and every line that differs (at most 1,000).
    pub lines: Vec<RecountLine>,
}
