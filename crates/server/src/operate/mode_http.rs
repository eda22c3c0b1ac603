//! Routes of the operating mode: what is in force, and the order of headquarters.

use allclear_domain::kernel::access::Action;
use allclear_store::{StoreError, plan::OrderRow};
use allclear_wire::{
    operating::{OperatingMode, OperatingOrder, OperatingState, OrderMode},
    problem::Problem,
};
use axum::{Json, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    app::{App, AppState},
    clock::rfc3339,
    edge::{
        extract::JsonBody,
        guard::{By, Caller},
        limits::TEXT_CHARS_MAX,
        mode,
        problem::{Code, Result},
    },
};

/// Routes that look.
pub fn read_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(operating_mode))
}

/// Routes that order.
pub fn order_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(order_mode))
}

/// The operating mode in force on this node, and what was ordered.
#[utoipa::path(get, path = "/api/v1/operating-mode", responses((status = 200, body = OperatingState), (status = 403, body = Problem)))]
async fn operating_mode(State(app): State<AppState>) -> Json<OperatingState> {
    Json(state(&app))
}

/// Orders at least a mode on every node, with a reason; `full` takes the order back.
#[utoipa::path(put, path = "/api/v1/operating-mode", request_body = OrderMode,
    responses((status = 200, body = OperatingState), (status = 403, body = Problem), (status = 422, body = Problem)))]
async fn order_mode(State(app): State<AppState>, By(caller): By, JsonBody(order): JsonBody<OrderMode>) -> Result<Json<OperatingState>> {
    order_for_all(&app, &caller, order).await?;
    Ok(Json(state(&app)))
}

fn state(app: &App) -> OperatingState {
    let order = app.plan().order.as_ref().and_then(|row| {
        let (reason, ordered_by, at) = (row.reason.clone(), row.ordered_by.clone(), rfc3339(row.at));
        Some(OperatingOrder { mode: mode::parse(&row.mode)?, reason, ordered_by, at })
    });
    OperatingState { now: mode::shown(app), pressure_percent: mode::pressure(app).into(), order }
}

/// The mode is one for the whole city, so only who orders rounds in all of it may order it.
async fn order_for_all(app: &App, caller: &Caller, order: OrderMode) -> Result<()> {
    if !caller.holds_all(Action::ManageRounds, &app.plan()) {
        return Err(Code::Forbidden.problem());
    }
    let reason = order.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::ReasonRequired.field("/reason"));
    }
    let now = app.now();
    let row = OrderRow { mode: mode::word(order.mode).into(), reason, ordered_by: caller.display_name.clone(), at: now };
    let (log, account, device) = (app.ids.at(now), caller.account, caller.device.map(|(device, _)| device));
    let ordered = app.store.run("order_mode", move |tx| -> Result<(), StoreError> {
        tx.put_operating_order((order.mode > OperatingMode::Full).then_some(&row))?;
        tx.log_access(log, now, account, device, "order_mode", &format!("mode:{}", row.mode), &row.reason)
    });
    ordered.await?;
    Ok(app.reload_plan().await?)
}
