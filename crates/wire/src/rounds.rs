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
    /// Where its queue goes while it is closed.
    pub transfer_to: Option<Uuid>,
}

/// One line of a round's scope.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ScopeLine {
    /// Area (its whole subtree).
    pub area: String,
    /// Tube kind there, if it differs from the round's.
    pub tube_kind: Option<TubeKind>,
    /// Whose: persons in any of these groups; none: everybody. A line with groups only says a kind of
    /// tube, for an area that another line has in scope.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// A round to be planned, or the plan of a draft as it should be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundOrder {
    /// Name.
    pub name: String,
    /// Where.
    pub scope: Vec<ScopeLine>,
    /// Tube kind unless a line of the scope says otherwise.
    pub tube_kind: TubeKind,
    /// Planned start.
    pub starts_at: String,
    /// Planned end.
    pub ends_at: String,
    /// Groups that a person must be in to be expected; none: everybody.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether a person must be in all of these groups; otherwise one is enough.
    #[serde(default)]
    pub groups_all: bool,
    /// Version that was read; not needed for a new round and for a preview.
    pub version: Option<i64>,
}

/// Persons left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExemptCount {
    /// `medical`, `quarantined`, `vaccinated`, `away`, `deceased`, `other`.
    pub reason: String,
    /// Persons.
    pub persons: i64,
}

/// Expected persons of one town.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TownCount {
    /// Division code.
    pub area: String,
    /// Name.
    pub name: String,
    /// Persons expected.
    pub expected: i64,
    /// Persons left out.
    pub exempt: i64,
    /// Tubes if every tube is full.
    pub tubes: i64,
}

/// What opening a round would mean.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundPreview {
    /// Persons expected.
    pub expected: i64,
    /// Persons left out, by reason.
    pub exempt: Vec<ExemptCount>,
    /// Town by town.
    pub towns: Vec<TownCount>,
    /// Tubes if every tube is full.
    pub tubes: i64,
    /// Sites that serve the scope and are open.
    pub sites_open: i64,
    /// Sites by the rule, fewest.
    pub sites_min: i64,
    /// Sites by the rule, most.
    pub sites_max: i64,
    /// Samplers by the rule.
    pub samplers: i64,
    /// What the last rehearsal on this node says of the order; none if none was kept.
    pub rehearsal: Option<Rehearsed>,
}

/// What a rehearsal says of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rehearsed {
    /// When it was played.
    pub rehearsed_at: String,
    /// Persons that the machine would carry in the time of this order.
    pub carries: i64,
    /// That, over the persons expected.
    pub headroom: f64,
    /// What gives first: `swabs`, `own_results`, `screens`; none if nothing gave.
    pub gives: Option<String>,
}

/// An order about a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundEvent {
    /// Freeze the expected list and begin.
    Open,
    /// No new queues; what was taken offline still arrives.
    BeginClosing,
    /// End it.
    Close,
    /// Go on, for a reason.
    Reopen,
}

/// Orders an event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundEventOrder {
    /// What.
    pub event: RoundEvent,
    /// Why; needed to reopen.
    pub reason: Option<String>,
}

/// One line of a round's history.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundEventLine {
    /// `create`, `change`, `open`, `begin_closing`, `close`, `reopen`.
    pub event: String,
    /// When.
    pub at: String,
    /// Account.
    pub ordered_by: String,
    /// Why.
    pub reason: Option<String>,
}

/// Everything about one round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RoundDetail {
    /// The round.
    #[serde(flatten)]
    pub round: Round,
    /// Where, with tube kinds.
    pub scope: Vec<ScopeLine>,
    /// Groups expected.
    pub groups: Vec<String>,
    /// Whether all of them must hold.
    pub groups_all: bool,
    /// When it was opened first.
    pub opened_at: Option<String>,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// Version for changes.
    pub version: i64,
    /// Town by town.
    pub towns: Vec<TownCount>,
    /// Persons left out, by reason.
    pub exempt: Vec<ExemptCount>,
    /// Orders, oldest first.
    pub events: Vec<RoundEventLine>,
    /// What may be ordered now.
    pub may: Vec<RoundEvent>,
}

/// Takes a person off the expected lists of a period.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewExemption {
    /// Person number.
    pub person: i64,
    /// `medical`, `quarantined`, `vaccinated`, `away`, `deceased`, `other`.
    pub reason: String,
    /// In words; needed for `other`.
    #[serde(default)]
    pub note: String,
    /// Begin; now if absent.
    pub from_at: Option<String>,
    /// End, if it has one.
    pub until_at: Option<String>,
}

/// An exemption, masked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Exemption {
    /// Id.
    pub id: Uuid,
    /// Person number.
    pub person: i64,
    /// Name, masked.
    pub name: String,
    /// Village.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// Why.
    pub reason: String,
    /// In words.
    pub note: String,
    /// Begin.
    pub from_at: String,
    /// End.
    pub until_at: Option<String>,
    /// Account that gave it.
    pub created_by: String,
}
