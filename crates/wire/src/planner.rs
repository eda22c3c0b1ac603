//! The planner's answers, with the numbers that they were made of.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One pool size in two-stage group testing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PoolAdvice {
    /// Persons a tube: n.
    pub size: u32,
    /// Probability that a pool is not negative: 1 − (1 − p)^n.
    pub positive: f64,
    /// Expected tests a person: 1/n + 1 − (1 − p)^n.
    pub tests_per_person: f64,
    /// Tubes of the first stage.
    pub tests_first: u64,
    /// Persons sampled again and tested alone.
    pub tests_second: u64,
    /// Hours until the first stage is out.
    pub hours_first: f64,
    /// Hours until everybody is known.
    pub hours_all: f64,
}

/// What an area needs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Division code.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// Persons in the register.
    pub population: i64,
    /// Persons a site, by the rule.
    pub persons_per_site: (u32, u32),
    /// Persons a sampler, by the rule.
    pub persons_per_sampler: u32,
    /// Sites, fewest.
    pub sites_min: u64,
    /// Sites, most.
    pub sites_max: u64,
    /// Samplers.
    pub samplers: u64,
    /// Sites that serve the area and are open.
    pub sites_open: i64,
    /// Their stations.
    pub stations_open: i64,
    /// Prevalence assumed: p.
    pub prevalence: f64,
    /// Tubes an hour of all laboratories, assumed.
    pub tubes_per_hour: f64,
    /// Hours a tube may take to the laboratory, from the profile.
    pub hours_to_lab: f64,
    /// Hours until members of a pool are sampled again, from the profile.
    pub hours_again: f64,
    /// Pool sizes.
    pub pools: Vec<PoolAdvice>,
    /// The size with the fewest expected tests.
    pub advised: u32,
}
