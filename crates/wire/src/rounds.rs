//! Rounds and sites.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::sync::TubeKind;

/// State of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundState {
    /// Being planned.
    Draft,
    /// Sampling.
    Open,
    /// No new queues; what was taken offline still arrives.
    Closing,
    /// Ended.
    Closed,
}

/// One testing campaign.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Round {
    /// Id.
    pub id: Uuid,
    /// Name: "第一轮全员".
    pub name: String,
    /// State.
    pub state: RoundState,
    /// Areas in scope (subtrees).
    pub areas: Vec<String>,
    /// Tube kind used unless an area of the scope says otherwise.
    pub tube_kind: TubeKind,
    /// Planned start.
    pub starts_at: String,
    /// Planned end.
    pub ends_at: String,
    /// Profile version in force.
    pub profile_version: i32,
    /// Persons on the expected list, exempt ones not counted.
    pub expected: i64,
}

/// A place of sampling.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Area it stands in.
    pub area: String,
    /// Areas it serves (subtrees).
    pub serves: Vec<String>,
    /// Stations (tables).
    pub stations: i32,
    /// Longitude, WGS 84 degrees.
    pub longitude: Option<f64>,
    /// Latitude, WGS 84 degrees.
    pub latitude: Option<f64>,
    /// Opening hours as people write them: "08:00-20:00".
    pub hours: String,
    /// Whether it takes people now.
    pub open: bool,
}
