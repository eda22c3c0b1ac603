//! Routes of laboratories.

use allclear_wire::{lab as wire, problem::Problem as ProblemBody};
use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{ops, sheet};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query, RawBody},
        guard::By,
        problem::Result,
    },
};

/// Routes for everybody who may see laboratories.
pub fn read_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_labs))
        .routes(routes!(read_lab))
        .routes(routes!(list_kits))
        .routes(routes!(list_instruments))
        .routes(routes!(list_receptions))
        .routes(routes!(read_reception))
        .routes(routes!(list_holds))
        .routes(routes!(list_runs))
        .routes(routes!(read_run))
        .routes(routes!(read_release_desk))
        .routes(routes!(read_bulk_release))
        .routes(routes!(list_follow_ups))
        .routes(routes!(read_follow_up))
        .routes(routes!(list_flags))
}

/// Clocks: for everybody on a tube's way.
pub fn clock_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_alerts))
}

/// Routes of those who receive tubes and enter results.
pub fn entry_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_instrument))
        .routes(routes!(set_mapping))
        .routes(routes!(open_reception))
        .routes(routes!(scan_reception))
        .routes(routes!(close_reception))
        .routes(routes!(resolve_hold))
        .routes(routes!(reject_tube))
        .routes(routes!(repeat_tube))
        .routes(routes!(create_run))
        .routes(routes!(place_wells))
        .routes(routes!(clear_well))
        .routes(routes!(move_run))
        .routes(routes!(enter_results))
        .routes(routes!(confirm_import))
        .routes(routes!(discard_import))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(read_columns))
                .routes(routes!(read_import))
                .layer(DefaultBodyLimit::max(sheet::BYTES_MAX + 1024)),
        )
}

/// Routes of the second person.
pub fn release_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(release_one)).routes(routes!(release_bulk))
}

/// Routes of headquarters.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create_lab)).routes(routes!(create_kit))
}

/// Clearing flags.
pub fn flag_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(clear_flag))
}

/// Working on members of a pool.
pub fn member_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(put_member_outcome))
}

/// Which laboratory a list is about; absent: all that the caller may see.
#[derive(Debug, Deserialize, IntoParams)]
struct OfLab {
    /// The laboratory.
    lab: Option<Uuid>,
}

/// Which follow-ups.
#[derive(Debug, Deserialize, IntoParams)]
struct OfState {
    /// Only open ones.
    #[serde(default)]
    open: bool,
}

/// What a file is of.
#[derive(Debug, Deserialize, IntoParams)]
struct OfFile {
    /// The instrument.
    instrument: Uuid,
    /// The run.
    run: Option<Uuid>,
    /// The kit, if there is no run.
    kit: Option<Uuid>,
    /// Name of the file.
    file_name: String,
}

/// Laboratories with what waits in them.
#[utoipa::path(get, path = "/api/v1/labs", tag = "lab", responses((status = 200, body = Vec<wire::Lab>), (status = 403, body = ProblemBody)))]
async fn list_labs(State(app): State<AppState>, By(caller): By) -> Result<Json<Vec<wire::Lab>>> {
    ops::labs(&app, &caller).await.map(Json)
}

/// One laboratory with what waits in it.
#[utoipa::path(get, path = "/api/v1/labs/{lab}", tag = "lab", responses((status = 200, body = wire::Lab), (status = 404, body = ProblemBody)))]
async fn read_lab(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<wire::Lab>> {
    ops::one_lab(&app, &caller, lab).await.map(Json)
}

/// Adds a laboratory.
#[utoipa::path(post, path = "/api/v1/labs", tag = "lab", request_body = wire::NewLab,
    responses((status = 201, body = wire::Lab), (status = 422, body = ProblemBody)))]
async fn create_lab(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(request): JsonBody<wire::NewLab>,
) -> Result<(StatusCode, Json<wire::Lab>)> {
    ops::create_lab(&app, &caller, request).await.map(|lab| (StatusCode::CREATED, Json(lab)))
}

/// Reagent kits.
#[utoipa::path(get, path = "/api/v1/lab-kits", tag = "lab", responses((status = 200, body = Vec<wire::Kit>), (status = 403, body = ProblemBody)))]
async fn list_kits(State(app): State<AppState>) -> Result<Json<Vec<wire::Kit>>> {
    ops::kits(&app).await.map(Json)
}

/// Adds a kit. Kits are the same for every laboratory: only those who answer for the whole tree of areas add one.
#[utoipa::path(post, path = "/api/v1/lab-kits", tag = "lab", request_body = wire::NewKit,
    responses((status = 201, body = wire::Kit), (status = 403, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn create_kit(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(request): JsonBody<wire::NewKit>,
) -> Result<(StatusCode, Json<wire::Kit>)> {
    ops::create_kit(&app, &caller, request).await.map(|kit| (StatusCode::CREATED, Json(kit)))
}

/// Instruments of a laboratory.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/instruments", tag = "lab",
    responses((status = 200, body = Vec<wire::Instrument>), (status = 404, body = ProblemBody)))]
async fn list_instruments(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<Vec<wire::Instrument>>> {
    ops::instruments(&app, &caller, lab).await.map(Json)
}

/// Adds an instrument.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/instruments", tag = "lab", request_body = wire::NewInstrument,
    responses((status = 201, body = wire::Instrument), (status = 422, body = ProblemBody)))]
async fn create_instrument(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    JsonBody(request): JsonBody<wire::NewInstrument>,
) -> Result<(StatusCode, Json<wire::Instrument>)> {
    ops::create_instrument(&app, &caller, lab, request).await.map(|instrument| (StatusCode::CREATED, Json(instrument)))
}

/// Keeps the columns of an instrument's exports.
#[utoipa::path(put, path = "/api/v1/labs/{lab}/instruments/{id}/mapping", tag = "lab", request_body = wire::InstrumentMapping,
    responses((status = 204), (status = 422, body = ProblemBody)))]
async fn set_mapping(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(mapping): JsonBody<wire::InstrumentMapping>,
) -> Result<StatusCode> {
    ops::set_mapping(&app, &caller, lab, id, mapping).await.map(|()| StatusCode::NO_CONTENT)
}

/// The last receptions of a laboratory, without their lines.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/receptions", tag = "lab",
    responses((status = 200, body = Vec<wire::Reception>), (status = 404, body = ProblemBody)))]
async fn list_receptions(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<Vec<wire::Reception>>> {
    ops::receptions(&app, &caller, lab).await.map(Json)
}

/// One reception with its scans and what is missing.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/receptions/{id}", tag = "lab",
    responses((status = 200, body = wire::Reception), (status = 404, body = ProblemBody)))]
async fn read_reception(State(app): State<AppState>, By(caller): By, Path((lab, id)): Path<(Uuid, Uuid)>) -> Result<Json<wire::Reception>> {
    ops::reception(&app, &caller, lab, id).await.map(Json)
}

/// Begins a reception.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/receptions", tag = "lab", request_body = wire::NewReception,
    responses((status = 201, body = wire::Reception), (status = 422, body = ProblemBody)))]
async fn open_reception(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    JsonBody(request): JsonBody<wire::NewReception>,
) -> Result<(StatusCode, Json<wire::Reception>)> {
    ops::open_reception(&app, &caller, lab, request).await.map(|reception| (StatusCode::CREATED, Json(reception)))
}

/// Takes scans of tubes and boxes into a reception, at most 500.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/receptions/{id}/scans", tag = "lab", request_body = Vec<wire::NewScan>,
    responses((status = 200, body = Vec<wire::ScanAnswer>), (status = 422, body = ProblemBody)))]
async fn scan_reception(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(scans): JsonBody<Vec<wire::NewScan>>,
) -> Result<Json<Vec<wire::ScanAnswer>>> {
    ops::scan(&app, &caller, lab, id, scans).await.map(Json)
}

/// Closes a reception; a difference needs a name under it.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/receptions/{id}/close", tag = "lab", request_body = wire::CloseReception,
    responses((status = 200, body = wire::Reception), (status = 422, body = ProblemBody)))]
async fn close_reception(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::CloseReception>,
) -> Result<Json<wire::Reception>> {
    ops::close_reception(&app, &caller, lab, id, request).await.map(Json)
}

/// Tubes on hold.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/holds", tag = "lab",
    responses((status = 200, body = Vec<wire::Hold>), (status = 404, body = ProblemBody)))]
async fn list_holds(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<Vec<wire::Hold>>> {
    ops::holds(&app, &caller, lab).await.map(Json)
}

/// Decides a hold.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/holds/{tube}/resolve", tag = "lab", request_body = wire::ResolveHold,
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn resolve_hold(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, tube)): Path<(Uuid, String)>,
    JsonBody(request): JsonBody<wire::ResolveHold>,
) -> Result<StatusCode> {
    ops::resolve_hold(&app, &caller, lab, &tube, request).await.map(|()| StatusCode::NO_CONTENT)
}

/// Rejects a received tube; its members are asked again.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/tubes/{tube}/reject", tag = "lab", request_body = wire::RejectTube,
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn reject_tube(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, tube)): Path<(Uuid, String)>,
    JsonBody(request): JsonBody<wire::RejectTube>,
) -> Result<StatusCode> {
    ops::reject_tube(&app, &caller, lab, &tube, request).await.map(|()| StatusCode::NO_CONTENT)
}

/// Sends a tube back to the queue for another run.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/tubes/{tube}/repeat", tag = "lab",
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn repeat_tube(State(app): State<AppState>, By(caller): By, Path((lab, tube)): Path<(Uuid, String)>) -> Result<StatusCode> {
    ops::repeat_tube(&app, &caller, lab, &tube).await.map(|()| StatusCode::NO_CONTENT)
}

/// The last runs of a laboratory, without their wells.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/runs", tag = "lab",
    responses((status = 200, body = Vec<wire::Run>), (status = 404, body = ProblemBody)))]
async fn list_runs(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<Vec<wire::Run>>> {
    ops::runs(&app, &caller, lab).await.map(Json)
}

/// One run with its wells.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/runs/{id}", tag = "lab",
    responses((status = 200, body = wire::Run), (status = 404, body = ProblemBody)))]
async fn read_run(State(app): State<AppState>, By(caller): By, Path((lab, id)): Path<(Uuid, Uuid)>) -> Result<Json<wire::Run>> {
    ops::run(&app, &caller, lab, id).await.map(Json)
}

/// Adds a run.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/runs", tag = "lab", request_body = wire::NewRun,
    responses((status = 201, body = wire::Run), (status = 422, body = ProblemBody)))]
async fn create_run(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    JsonBody(request): JsonBody<wire::NewRun>,
) -> Result<(StatusCode, Json<wire::Run>)> {
    ops::create_run(&app, &caller, lab, request).await.map(|run| (StatusCode::CREATED, Json(run)))
}

/// Places tubes or a control on a draft.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/runs/{id}/wells", tag = "lab", request_body = wire::PlaceWells,
    responses((status = 200, body = wire::Run), (status = 409, body = ProblemBody)))]
async fn place_wells(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::PlaceWells>,
) -> Result<Json<wire::Run>> {
    ops::place_wells(&app, &caller, lab, id, request).await.map(Json)
}

/// Empties a well of a draft.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/runs/{id}/wells/clear", tag = "lab", request_body = wire::ClearWell,
    responses((status = 200, body = wire::Run), (status = 409, body = ProblemBody)))]
async fn clear_well(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::ClearWell>,
) -> Result<Json<wire::Run>> {
    ops::clear_well(&app, &caller, lab, id, request).await.map(Json)
}

/// Starts, ends or gives up a run.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/runs/{id}/move", tag = "lab", request_body = wire::MoveRun,
    responses((status = 200, body = wire::Run), (status = 409, body = ProblemBody)))]
async fn move_run(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::MoveRun>,
) -> Result<Json<wire::Run>> {
    ops::move_run(&app, &caller, lab, id, request).await.map(Json)
}

/// Enters results that were typed or scanned.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/results", tag = "lab", request_body = wire::EnterResults,
    responses((status = 200, body = wire::Entered), (status = 422, body = ProblemBody)))]
async fn enter_results(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    JsonBody(request): JsonBody<wire::EnterResults>,
) -> Result<Json<wire::Entered>> {
    ops::enter_results(&app, &caller, lab, request).await.map(Json)
}

/// Columns of an export file, with a suggestion. The body is the file.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/imports/columns", tag = "lab",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = wire::ExportColumns), (status = 422, body = ProblemBody)))]
async fn read_columns(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    RawBody(body): RawBody,
) -> Result<Json<wire::ExportColumns>> {
    ops::columns_of(&app, &caller, lab, body.to_vec()).await.map(Json)
}

/// Reads an export file with the instrument's mapping; imports nothing. The body is the file.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/imports", tag = "lab", params(OfFile),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = wire::ImportPreview), (status = 422, body = ProblemBody)))]
async fn read_import(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    Query(of): Query<OfFile>,
    RawBody(body): RawBody,
) -> Result<Json<wire::ImportPreview>> {
    let file = ops::FileOf { instrument: of.instrument, run: of.run, kit: of.kit, file_name: of.file_name };
    ops::read_import(&app, &caller, lab, file, body.to_vec()).await.map(Json)
}

/// Imports what was read.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/imports/{id}/confirm", tag = "lab", request_body = wire::ConfirmImport,
    responses((status = 200, body = wire::Entered), (status = 409, body = ProblemBody)))]
async fn confirm_import(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::ConfirmImport>,
) -> Result<Json<wire::Entered>> {
    ops::confirm_import(&app, &caller, lab, id, request).await.map(Json)
}

/// Throws away what was read.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/imports/{id}/discard", tag = "lab",
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn discard_import(State(app): State<AppState>, By(caller): By, Path((lab, id)): Path<(Uuid, Uuid)>) -> Result<StatusCode> {
    ops::discard_import(&app, &caller, lab, id).await.map(|()| StatusCode::NO_CONTENT)
}

/// What waits for release.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/release", tag = "lab",
    responses((status = 200, body = wire::ReleaseDesk), (status = 404, body = ProblemBody)))]
async fn read_release_desk(State(app): State<AppState>, By(caller): By, Path(lab): Path<Uuid>) -> Result<Json<wire::ReleaseDesk>> {
    ops::release_desk(&app, &caller, lab).await.map(Json)
}

/// Releases one result that another person entered.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/tubes/{tube}/release", tag = "lab", request_body = wire::ReleaseOne,
    responses((status = 200, body = wire::Released), (status = 409, body = ProblemBody)))]
async fn release_one(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, tube)): Path<(Uuid, String)>,
    JsonBody(request): JsonBody<wire::ReleaseOne>,
) -> Result<Json<wire::Released>> {
    ops::release_one(&app, &caller, lab, &tube, request).await.map(Json)
}

/// Begins a bulk release of negatives that others entered.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/release", tag = "lab", request_body = wire::BulkRelease,
    responses((status = 202, body = wire::ReleaseJob), (status = 409, body = ProblemBody)))]
async fn release_bulk(
    State(app): State<AppState>,
    By(caller): By,
    Path(lab): Path<Uuid>,
    JsonBody(request): JsonBody<wire::BulkRelease>,
) -> Result<(StatusCode, Json<wire::ReleaseJob>)> {
    ops::begin_bulk_release(&app, &caller, lab, request).await.map(|job| (StatusCode::ACCEPTED, Json(job)))
}

/// How far a bulk release is.
#[utoipa::path(get, path = "/api/v1/labs/{lab}/release/{id}", tag = "lab",
    responses((status = 200, body = wire::ReleaseJob), (status = 404, body = ProblemBody)))]
async fn read_bulk_release(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<wire::ReleaseJob>> {
    ops::release_job(&app, &caller, lab, id).await.map(Json)
}

/// Follow-ups of non-negative pools.
#[utoipa::path(get, path = "/api/v1/follow-ups", tag = "lab", params(OfState),
    responses((status = 200, body = Vec<wire::FollowUp>), (status = 403, body = ProblemBody)))]
async fn list_follow_ups(State(app): State<AppState>, By(caller): By, Query(of): Query<OfState>) -> Result<Json<Vec<wire::FollowUp>>> {
    ops::follow_ups(&app, &caller, of.open).await.map(Json)
}

/// One follow-up with its members, masked.
#[utoipa::path(get, path = "/api/v1/follow-ups/{tube}", tag = "lab",
    responses((status = 200, body = wire::FollowUp), (status = 404, body = ProblemBody)))]
async fn read_follow_up(State(app): State<AppState>, By(caller): By, Path(tube): Path<String>) -> Result<Json<wire::FollowUp>> {
    ops::follow_up(&app, &caller, &tube).await.map(Json)
}

/// A member could not be reached, or was found after all.
#[utoipa::path(post, path = "/api/v1/follow-ups/{tube}/members/{person}/outcome", tag = "lab", request_body = wire::MemberOutcome,
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn put_member_outcome(
    State(app): State<AppState>,
    By(caller): By,
    Path((tube, person)): Path<(String, i64)>,
    JsonBody(request): JsonBody<wire::MemberOutcome>,
) -> Result<StatusCode> {
    ops::put_member_outcome(&app, &caller, &tube, person, request).await.map(|()| StatusCode::NO_CONTENT)
}

/// Tubes whose clock ran out or nearly.
#[utoipa::path(get, path = "/api/v1/clock-alerts", tag = "lab", params(OfLab),
    responses((status = 200, body = Vec<wire::ClockAlert>), (status = 403, body = ProblemBody)))]
async fn list_alerts(State(app): State<AppState>, By(caller): By, Query(of): Query<OfLab>) -> Result<Json<Vec<wire::ClockAlert>>> {
    ops::alerts(&app, &caller, of.lab).await.map(Json)
}

/// What does not look right about laboratories.
#[utoipa::path(get, path = "/api/v1/lab-flags", tag = "lab", params(OfLab),
    responses((status = 200, body = Vec<wire::LabFlag>), (status = 403, body = ProblemBody)))]
async fn list_flags(State(app): State<AppState>, By(caller): By, Query(of): Query<OfLab>) -> Result<Json<Vec<wire::LabFlag>>> {
    ops::flags(&app, &caller, of.lab).await.map(Json)
}

/// Somebody looked into a flag.
#[utoipa::path(post, path = "/api/v1/labs/{lab}/flags/{id}/clear", tag = "lab", request_body = wire::ClearFlag,
    responses((status = 204), (status = 409, body = ProblemBody)))]
async fn clear_flag(
    State(app): State<AppState>,
    By(caller): By,
    Path((lab, id)): Path<(Uuid, Uuid)>,
    JsonBody(request): JsonBody<wire::ClearFlag>,
) -> Result<StatusCode> {
    ops::clear_flag(&app, &caller, lab, id, request).await.map(|()| StatusCode::NO_CONTENT)
}
