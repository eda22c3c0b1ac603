//! Routes of tasks, and of tubes that are withdrawn or never came.

use allclear_wire::{Page, lab as wire, missing::MissingContact, problem::Problem as ProblemBody};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ops, tasks};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        limits::PAGE_ROWS_MAX,
        problem::Result,
    },
};

/// Routes of whoever goes to people: masked.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_tasks)).routes(routes!(count_tasks)).routes(routes!(take_task)).routes(routes!(note_task))
}

/// Routes that show a name and a phone in clear.
pub fn reveal_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(call_task))
}

/// Which tasks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct WhichTasks {
    /// Area (its whole subtree); the caller's first if absent.
    area: Option<String>,
    /// `case`, `recheck` or `resample`; all if absent.
    kind: Option<String>,
    /// `open` (default), `late` or `closed`.
    show: Option<String>,
    /// Only those that the caller took.
    own: bool,
    /// `next` of the page before.
    after: Option<String>,
    /// Rows of a page, at most 500.
    limit: Option<i64>,
}

/// Which area.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct InArea {
    /// Area (its whole subtree); the caller's first if absent.
    area: Option<String>,
}

/// Tasks after results, those due first at the top; masked.
#[utoipa::path(get, path = "/api/v1/tasks", params(WhichTasks), tag = "lab",
    responses((status = 200, body = Page<wire::Task>), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn list_tasks(State(app): State<AppState>, By(caller): By, Query(which): Query<WhichTasks>) -> Result<Json<Page<wire::Task>>> {
    let which = tasks::Which {
        area: which.area,
        kind: which.kind.unwrap_or_default(),
        show: which.show.unwrap_or_default(),
        own: which.own,
        after: which.after,
        limit: which.limit.unwrap_or(100).clamp(1, PAGE_ROWS_MAX),
    };
    tasks::tasks(&app, &caller, which).await.map(Json)
}

/// Open tasks by kind.
#[utoipa::path(get, path = "/api/v1/tasks/counts", params(InArea), tag = "lab",
    responses((status = 200, body = Vec<wire::TaskCount>), (status = 403, body = ProblemBody)))]
async fn count_tasks(State(app): State<AppState>, By(caller): By, Query(of): Query<InArea>) -> Result<Json<Vec<wire::TaskCount>>> {
    tasks::counts(&app, &caller, of.area.as_deref()).await.map(Json)
}

/// Takes a task over: whose it is stands beside it.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/take", tag = "lab",
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn take_task(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<StatusCode> {
    tasks::take(&app, &caller, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// Puts down what came of a visit or a call.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/outcome", tag = "lab", request_body = wire::TaskOutcome,
    responses((status = 204), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn note_task(
    State(app): State<AppState>,
    By(caller): By,
    Path(id): Path<Uuid>,
    JsonBody(said): JsonBody<wire::TaskOutcome>,
) -> Result<StatusCode> {
    tasks::note(&app, &caller, id, said).await.map(|()| StatusCode::NO_CONTENT)
}

/// Name and phone of the person of a task, in clear; the look is logged.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/call", tag = "lab",
    responses((status = 200, body = MissingContact), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
async fn call_task(State(app): State<AppState>, By(caller): By, Path(id): Path<Uuid>) -> Result<Json<MissingContact>> {
    tasks::call(&app, &caller, id).await.map(Json)
}

/// Withdraws a tube that has not reached a laboratory; its members are asked again.
#[utoipa::path(post, path = "/api/v1/tubes/{tube}/void", tag = "lab", request_body = wire::VoidTube,
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn void_tube(
    State(app): State<AppState>,
    By(caller): By,
    Path(tube): Path<String>,
    JsonBody(request): JsonBody<wire::VoidTube>,
) -> Result<StatusCode> {
    ops::void_tube(&app, &caller, &tube, request).await.map(|()| StatusCode::NO_CONTENT)
}

/// Routes of site leads and headquarters.
pub fn void_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(void_tube))
}

/// Tubes that were on a box's list, were not in the box, and have not come since.
#[utoipa::path(get, path = "/api/v1/missing-tubes", tag = "lab",
    responses((status = 200, body = Vec<wire::MissingTube>), (status = 403, body = ProblemBody)))]
async fn list_missing_tubes(State(app): State<AppState>, By(caller): By) -> Result<Json<Vec<wire::MissingTube>>> {
    ops::missing_tubes(&app, &caller).await.map(Json)
}

/// Routes of everybody on a tube's way.
pub fn way_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_missing_tubes))
}

/// Boxes that the caller carries, the one with the oldest tube first.
#[utoipa::path(get, path = "/api/v1/carried", tag = "lab",
    responses((status = 200, body = Vec<wire::CarriedBox>), (status = 403, body = ProblemBody)))]
async fn list_carried(State(app): State<AppState>, By(caller): By) -> Result<Json<Vec<wire::CarriedBox>>> {
    ops::carried(&app, &caller).await.map(Json)
}

/// Routes of couriers.
pub fn courier_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_carried))
}

/// Which tubes of a laboratory.
#[derive(Debug, Deserialize, IntoParams)]
struct AtStage {
    /// `received`, `on_run` or `resulted`.
    stage: String,
}

/// Tubes that a laboratory holds at one stage, oldest first; at most 500.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/tubes", params(AtStage), tag = "lab",
    responses((status = 200, body = Vec<wire::HeldTube>), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn list_held_tubes(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    Query(at): Query<AtStage>,
) -> Result<Json<Vec<wire::HeldTube>>> {
    ops::held_tubes(&app, &caller, lab, &at.stage).await.map(Json)
}

/// Routes of whoever may see laboratories.
pub fn held_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_held_tubes))
}

/// Sends every tube of a run that is not released back to the queue.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/runs/{id}/repeat", tag = "lab",
    responses((status = 200, body = wire::Run), (status = 409, body = ProblemBody)))]
async fn repeat_run(State(app): State<AppState>, By(caller): By, Path((lab, id)): Path<(Uuid, Uuid)>) -> Result<Json<wire::Run>> {
    ops::repeat_run(&app, &caller, lab, id).await.map(Json)
}

/// Routes of who runs plates.
pub fn repeat_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(repeat_run))
}
