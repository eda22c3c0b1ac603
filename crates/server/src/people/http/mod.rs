//! Routes of the register.

mod imports;
mod resident;

use allclear_domain::kernel::id::PersonNo;
use allclear_wire::{
    people::{
        AreasTaken, CodeShown, HouseholdRequest, MergeRequest, PeopleFound, PeopleSearch, PersonClear, PersonCorrection, PersonForm,
        PersonRecord, StayRequest, WithReason,
    },
    problem::Problem,
};
use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::ops::{areas, change, find, household, merge};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, RawBody},
        guard::By,
        limits::AREA_LIST_BYTES_MAX,
        problem::{Code, Result},
    },
};

pub use imports::routes as import_routes;
pub use resident::routes as resident_routes;

/// Routes of the administrator of areas.
pub fn area_admin_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(import_areas)).layer(DefaultBodyLimit::max(AREA_LIST_BYTES_MAX))
}

/// Routes that show persons, masked.
pub fn read_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(search_people)).routes(routes!(show_person))
}

/// The route that shows one identity in clear.
pub fn reveal_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(reveal_person))
}

/// Routes that change persons.
pub fn manage_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_person))
        .routes(routes!(correct_person))
        .routes(routes!(merge_persons))
        .routes(routes!(unmerge_persons))
        .routes(routes!(add_stay))
        .routes(routes!(end_stay))
        .routes(routes!(issue_card))
        .routes(routes!(revoke_cards))
        .routes(routes!(family_code))
        .routes(routes!(move_household))
}

/// Takes an area list in: `code,name,parent,level,population` as CSV in any encoding, or XLSX.
#[utoipa::path(post, path = "/api/v1/areas", request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = AreasTaken), (status = 403, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
async fn import_areas(State(app): State<AppState>, By(caller): By, RawBody(body): RawBody) -> Result<Json<AreasTaken>> {
    Ok(Json(areas::take(&app, &caller, body.into()).await?))
}

/// Finds people by name, pinyin initials, document, phone or code.
#[utoipa::path(post, path = "/api/v1/people/search", request_body = PeopleSearch,
    responses((status = 200, body = PeopleFound), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn search_people(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(request): JsonBody<PeopleSearch>,
) -> Result<Json<PeopleFound>> {
    Ok(Json(find::search(&app, &caller, request).await?))
}

/// One record, masked.
#[utoipa::path(get, path = "/api/v1/people/{no}",
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn show_person(State(app): State<AppState>, By(caller): By, Path(no): Path<i64>) -> Result<Json<PersonRecord>> {
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

/// One identity in clear; the look is logged with its reason.
#[utoipa::path(post, path = "/api/v1/people/{no}/reveal", request_body = WithReason,
    responses((status = 200, body = PersonClear), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn reveal_person(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<WithReason>,
) -> Result<Json<PersonClear>> {
    Ok(Json(find::reveal(&app, &caller, PersonNo(no), &request.reason).await?))
}

/// Makes a person by hand.
#[utoipa::path(post, path = "/api/v1/people", request_body = PersonForm,
    responses((status = 201, body = PersonRecord), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn create_person(
    State(app): State<AppState>,
    By(caller): By,
    JsonBody(form): JsonBody<PersonForm>,
) -> Result<(StatusCode, Json<PersonRecord>)> {
    let no = change::create(&app, &caller, form).await?;
    Ok((StatusCode::CREATED, Json(find::person(&app, &caller, no).await?)))
}

/// Corrects a record over the version that was read.
#[utoipa::path(patch, path = "/api/v1/people/{no}", request_body = PersonCorrection,
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn correct_person(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(form): JsonBody<PersonCorrection>,
) -> Result<Json<PersonRecord>> {
    change::correct(&app, &caller, PersonNo(no), form).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

/// Merges another record into this one; both histories stay.
#[utoipa::path(post, path = "/api/v1/people/{no}/merge", request_body = MergeRequest,
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn merge_persons(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<MergeRequest>,
) -> Result<Json<PersonRecord>> {
    merge::merge(&app, &caller, PersonNo(no), request, false).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

/// Takes a merge back.
#[utoipa::path(post, path = "/api/v1/people/{no}/unmerge", request_body = MergeRequest,
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn unmerge_persons(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<MergeRequest>,
) -> Result<Json<PersonRecord>> {
    merge::merge(&app, &caller, PersonNo(no), request, true).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

/// Puts a person into a group, with reason and period.
#[utoipa::path(post, path = "/api/v1/people/{no}/stays", request_body = StayRequest,
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn add_stay(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<StayRequest>,
) -> Result<Json<PersonRecord>> {
    change::add_stay(&app, &caller, PersonNo(no), request).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

/// Takes a person out of a group.
#[utoipa::path(delete, path = "/api/v1/people/{no}/stays/{group}",
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn end_stay(State(app): State<AppState>, By(caller): By, Path((no, group)): Path<(i64, String)>) -> Result<Json<PersonRecord>> {
    change::end_stay(&app, &caller, PersonNo(no), &group).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}

fn shown(code: String) -> Result<Json<CodeShown>> {
    let qr = qrcode::QrCode::new(code.as_bytes()).map_err(|_| Code::Internal.problem())?;
    let qr_svg = qr.render::<qrcode::render::svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(Json(CodeShown { code, qr_svg }))
}

/// Issues a card; one in use is revoked.
#[utoipa::path(post, path = "/api/v1/people/{no}/card", request_body = WithReason,
    responses((status = 200, body = CodeShown), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn issue_card(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<WithReason>,
) -> Result<Json<CodeShown>> {
    shown(change::issue_card(&app, &caller, PersonNo(no), &request.reason).await?)
}

/// Revokes a person's cards.
#[utoipa::path(post, path = "/api/v1/people/{no}/card/revoke", request_body = WithReason,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn revoke_cards(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<WithReason>,
) -> Result<StatusCode> {
    change::revoke_cards(&app, &caller, PersonNo(no), &request.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The family code of a person's household.
#[utoipa::path(post, path = "/api/v1/people/{no}/family-code",
    responses((status = 200, body = CodeShown), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn family_code(State(app): State<AppState>, By(caller): By, Path(no): Path<i64>) -> Result<Json<CodeShown>> {
    shown(household::code(&app, &caller, PersonNo(no)).await?)
}

/// Moves a person into the household of another, or out of every household.
#[utoipa::path(post, path = "/api/v1/people/{no}/household", request_body = HouseholdRequest,
    responses((status = 200, body = PersonRecord), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn move_household(
    State(app): State<AppState>,
    By(caller): By,
    Path(no): Path<i64>,
    JsonBody(request): JsonBody<HouseholdRequest>,
) -> Result<Json<PersonRecord>> {
    household::move_person(&app, &caller, PersonNo(no), request).await?;
    Ok(Json(find::person(&app, &caller, PersonNo(no)).await?))
}
