//! The route of the planner.

use allclear_domain::{
    kernel::area::AreaCode,
    sampling::{planner, scope::GroupRule},
};
use allclear_wire::{planner as wire, problem::Problem};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::AppState,
    edge::extract::Query,
    edge::problem::{Code, Result},
};

/// Pool sizes that are compared: those that tubes are made for.
const SIZES: [u32; 4] = [1, 5, 10, 20];
/// Tubes an hour when nobody said: one middle-sized laboratory.
const TUBES_PER_HOUR: f64 = 500.0;

/// Routes of the planner.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(plan_area))
}

/// What to plan for.
#[derive(Debug, Deserialize, IntoParams)]
pub struct PlanFor {
    /// Area (its whole subtree).
    area: String,
    /// Expected prevalence, 0 to 1.
    prevalence: Option<f64>,
    /// Tubes an hour of all laboratories.
    tubes_per_hour: Option<f64>,
}

/// Sites, samplers and pool sizes for an area, with the numbers that they are made of.
#[utoipa::path(get, path = "/api/v1/planner", params(PlanFor),
    responses((status = 200, body = wire::Plan), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn plan_area(State(app): State<AppState>, Query(query): Query<PlanFor>) -> Result<Json<wire::Plan>> {
    let plan = app.plan();
    let area = AreaCode::parse(&query.area).ok().and_then(|code| plan.area(code)).ok_or_else(|| Code::AreaUnknown.field("/area"))?;
    let code = area.code;
    let prevalence = query.prevalence.unwrap_or(0.0001);
    let tubes_per_hour = query.tubes_per_hour.unwrap_or(TUBES_PER_HOUR);
    if !(0.0..=1.0).contains(&prevalence) || !(1.0..=1e7).contains(&tubes_per_hour) {
        return Err(Code::BodyInvalid.field(if (0.0..=1.0).contains(&prevalence) { "/tubes_per_hour" } else { "/prevalence" }));
    }
    let counted = app.store.read("plan_area", move |tx| tx.count_in_groups(code, GroupRule::default(), 0)).await?;
    let population: i64 = counted.iter().map(|(_, _, persons)| persons).sum();
    let profile = &plan.profile;
    let need = planner::need(population.max(0) as u64, profile);
    let capacity = planner::Capacity { tubes_per_hour };
    let pools = SIZES.map(|size| planner::pool(size, prevalence, population.max(0) as u64, capacity, profile));
    let open = || plan.sites.values().filter(|site| site.open && site.serves.iter().any(|s| s.is_within(code) || code.is_within(*s)));
    Ok(Json(wire::Plan {
        area: code.to_string(),
        area_name: area.name.clone(),
        population,
        persons_per_site: profile.persons_per_site,
        persons_per_sampler: profile.persons_per_sampler,
        sites_min: need.sites_min,
        sites_max: need.sites_max,
        samplers: need.samplers,
        sites_open: open().count() as i64,
        stations_open: open().map(|site| i64::from(site.stations)).sum(),
        prevalence,
        tubes_per_hour,
        hours_to_lab: profile.tube_to_lab_max_s as f64 / 3600.0,
        hours_again: profile.resample_due_s as f64 / 3600.0,
        advised: planner::advised(&pools).unwrap_or(1),
        pools: pools
            .into_iter()
            .map(|pool| wire::PoolAdvice {
                size: pool.size,
                positive: pool.positive,
                tests_per_person: pool.tests_per_person,
                tests_first: pool.tests_first,
                tests_second: pool.tests_second,
                hours_first: pool.hours_first,
                hours_all: pool.hours_all,
            })
            .collect(),
    }))
}
