//! Routes of areas, rounds and sites.

use allclear_wire::{Page, people::Area, problem::Problem, rounds::Round, rounds::Site};
use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::view;
use crate::app::AppState;

/// Routes that read the plan.
pub fn plan_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_areas)).routes(routes!(list_rounds)).routes(routes!(list_sites))
}

/// The whole division tree, at most 200,000 areas: a province.
#[utoipa::path(get, path = "/api/v1/areas", responses((status = 200, body = Page<Area>), (status = 401, body = Problem)))]
async fn list_areas(State(app): State<AppState>) -> Json<Page<Area>> {
    let rows: Vec<Area> = app.plan().areas.iter().map(view::area).collect();
    Json(Page { total: Some(rows.len() as i64), rows, next: None })
}

/// Every round, newest first; at most 2,000.
#[utoipa::path(get, path = "/api/v1/rounds", responses((status = 200, body = Page<Round>), (status = 401, body = Problem)))]
async fn list_rounds(State(app): State<AppState>) -> Json<Page<Round>> {
    let plan = app.plan();
    let mut rounds: Vec<_> = plan.rounds.values().collect();
    rounds.sort_by_key(|round| (std::cmp::Reverse(round.starts_at), round.id));
    Json(Page { total: Some(rounds.len() as i64), rows: rounds.into_iter().map(view::round).collect(), next: None })
}

/// Every site, by name; at most 5,000. `GET /api/v1/sites/states` finds, filters, sorts and pages them.
#[utoipa::path(get, path = "/api/v1/sites", responses((status = 200, body = Page<Site>), (status = 401, body = Problem)))]
async fn list_sites(State(app): State<AppState>) -> Json<Page<Site>> {
    let plan = app.plan();
    let mut sites: Vec<_> = plan.sites.values().collect();
    sites.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Json(Page { total: Some(sites.len() as i64), rows: sites.into_iter().map(view::site).collect(), next: None })
}
