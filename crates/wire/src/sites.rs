//! Sites as the desk runs them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rounds::Site;

/// A site to be made, or as it should be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SiteOrder {
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
    /// Opening hours: "08:00-20:00".
    pub hours: String,
    /// Version that was read; not needed for a new site.
    pub version: Option<i64>,
}

/// Opens or closes a site.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SiteOpening {
    /// Whether it takes people.
    pub open: bool,
    /// Why it closes; needed to close.
    pub reason: Option<String>,
    /// Where its queue goes; phones of the site show it.
    pub transfer_to: Option<Uuid>,
}

/// A site with its work in a round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SiteState {
    /// The site.
    #[serde(flatten)]
    pub site: Site,
    /// Version for changes.
    pub version: i64,
    /// Name of the area it stands in.
    pub area_name: String,
    /// Why it is closed.
    pub closed_reason: Option<String>,
    /// Name of the site that takes its queue.
    pub transfer_to_name: Option<String>,
    /// Persons expected who go there: of the areas it serves, and of closed sites that send theirs.
    pub expected: i64,
    /// Of these, without a swab.
    pub remaining: i64,
    /// Swabs that count.
    pub swabs: i64,
    /// Tubes.
    pub tubes: i64,
    /// Of these, open.
    pub open_tubes: i64,
    /// Swabs an hour over the last half hour.
    pub per_hour: f64,
    /// The same for one station.
    pub per_station_hour: f64,
    /// Estimated wait in minutes, if it can be told.
    pub wait_minutes: Option<i64>,
    /// When it last recorded anything.
    pub last_at: Option<String>,
}

/// What sites are put in order by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteSort {
    /// Area, then name.
    #[default]
    Place,
    /// Persons expected.
    Expected,
    /// Swabs that count.
    Swabs,
    /// Swabs an hour.
    PerHour,
    /// Estimated wait; unknown is least.
    Wait,
}

/// A shift to be planned.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewShift {
    /// Station, from 1.
    pub station: i32,
    /// Account.
    pub account: Uuid,
    /// Begin.
    pub from_at: String,
    /// End.
    pub until_at: String,
}

/// Who is at which station from when to when.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StationShift {
    /// Id.
    pub id: Uuid,
    /// Station.
    pub station: i32,
    /// Account.
    pub account: Uuid,
    /// Its name as shown.
    pub account_name: String,
    /// Begin.
    pub from_at: String,
    /// End.
    pub until_at: String,
}

/// Somebody who may work at a station.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StationWorker {
    /// Account.
    pub account: Uuid,
    /// Name as shown.
    pub name: String,
}
