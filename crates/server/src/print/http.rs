//! Routes of printed codes.

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use allclear_wire::{print::PrintCards, problem::Problem};
use axum::{
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::PrintError;
use super::cards::{self, Printer, Whom};
use super::labels::{Kind, LABELS_MAX, Label, label_sheet};
use crate::{
    app::AppState,
    edge::{
        extract::{JsonBody, Path, Query},
        guard::By,
        problem::{Code, Result},
    },
};

/// Routes of who may order rounds: their tubes and boxes need codes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(labels))
}

/// Routes of who may change persons: their cards.
pub fn card_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(print_cards))
}

/// Sheets of person cards as a PDF: identity only.
#[utoipa::path(post, path = "/api/v1/labels/cards", request_body = PrintCards,
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn print_cards(State(app): State<AppState>, By(caller): By, JsonBody(request): JsonBody<PrintCards>) -> Result<impl IntoResponse> {
    let printer = Printer::Caller(caller.as_ref().clone());
    let cards = cards::sheet(&app, printer, Whom::read(&request)?, &request.reason).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf"), (CACHE, "no-store")], cards.pdf))
}

/// Which labels.
#[derive(Debug, Deserialize, IntoParams)]
struct Serials {
    /// Serial number of the first label.
    #[serde(default = "one")]
    from: u32,
    /// How many labels, to 4,800.
    #[serde(default = "one")]
    count: u32,
}

const fn one() -> u32 {
    1
}

/// Sheets of tube or box labels as a PDF, by serial number: the same numbers give the same labels.
#[utoipa::path(get, path = "/api/v1/labels/{kind}", params(("kind" = String, Path, description = "`tube.pdf` or `box.pdf`"), Serials),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn labels(Path(kind): Path<String>, Query(Serials { from, count }): Query<Serials>) -> Result<impl IntoResponse> {
    let kind = match kind.as_str() {
        "tube.pdf" => Kind::Tube,
        "box.pdf" => Kind::Box,
        _ => return Err(Code::NotFound.problem()),
    };
    let labels = serial_labels(kind, from, count).ok_or_else(|| Code::BodyInvalid.field("/count"))?;
    let pdf =
        tokio::task::spawn_blocking(move || label_sheet(kind, &labels)).await.map_err(|_| Code::Internal.problem())?.map_err(|error| {
            match error {
                PrintError::TooMany { .. } => Code::BodyInvalid.field("/count").detail(error.to_string()),
                PrintError::Code { .. } | PrintError::Font | PrintError::Write(_) => Code::Internal.problem(),
            }
        })?;
    Ok(([(header::CONTENT_TYPE, "application/pdf"), (CACHE, "no-store")], pdf))
}

const CACHE: HeaderName = header::CACHE_CONTROL;

/// Labels of the serial numbers `from` to `from + count - 1`; nothing where there are no such numbers.
#[must_use]
pub fn serial_labels(kind: Kind, from: u32, count: u32) -> Option<Vec<Label>> {
    let serials_max = match kind {
        Kind::Tube => 999_999_999,
        Kind::Box => 99_999_999,
        Kind::Card => return None,
    };
    let last = from.checked_add(count.checked_sub(1)?)?;
    if from == 0 || last > serials_max || count as usize > LABELS_MAX {
        return None;
    }
    let code =
        |serial| if kind == Kind::Tube { TubeCode::from_serial(serial).to_string() } else { BoxCode::from_serial(serial).to_string() };
    Some((from..=last).map(|serial| Label::plain(&code(serial))).collect())
}
