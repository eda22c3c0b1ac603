//! The table of routes, grouped by who calls them. A route without a line here does not exist; a
//! guarded line names exactly one action, and a test calls each as nobody and as every role.

use allclear_domain::kernel::access::Action;
use axum::{Router, http::HeaderValue, middleware::from_fn_with_state, routing::get};
use tower_http::{compression::CompressionLayer, set_header::SetResponseHeaderLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::{admission, assets, guard, limits, openapi, problem::Code};
use crate::{
    accounts,
    app::AppState,
    demo, lab, live,
    operate::{mode_http, pulse, request},
    people, print, reports, sampling, sync, trace,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the handler says why.
    Open,
    /// Accounts whose role allows the action.
    Guarded(Action),
}

/// One line of the route table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// HTTP method, upper case.
    pub method: String,
    /// Path with `{parameters}`.
    pub path: String,
    /// Who may call it.
    pub access: Access,
}

/// Collects groups of routes with their access.
pub struct Table {
    app: AppState,
    router: OpenApiRouter<AppState>,
    rows: Vec<Route>,
}

impl Table {
    fn note(&mut self, group: &OpenApiRouter<AppState>, access: Access) {
        for (path, item) in &group.get_openapi().paths.paths {
            let methods = [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("PATCH", &item.patch), ("DELETE", &item.delete)];
            for (method, _) in methods.iter().filter(|(_, operation)| operation.is_some()) {
                self.rows.push(Route { method: (*method).into(), path: path.clone(), access });
            }
        }
    }

    /// Routes that anybody may call.
    #[must_use]
    pub fn open(mut self, group: OpenApiRouter<AppState>) -> Self {
        self.note(&group, Access::Open);
        self.router = self.router.merge(group);
        self
    }

    /// Routes for accounts that may do `action`.
    #[must_use]
    pub fn guarded(mut self, action: Action, group: OpenApiRouter<AppState>) -> Self {
        self.note(&group, Access::Guarded(action));
        let layer = from_fn_with_state((self.app.clone(), action), guard::guard);
        self.router = self.router.merge(group.layer(layer));
        self
    }
}

/// The table itself.
fn table(app: &AppState) -> Table {
    let table = Table { app: app.clone(), router: OpenApiRouter::new(), rows: Vec::new() };
    table
        .open(accounts::http::open_routes())
        .open(demo::http::open_routes())
        .guarded(Action::UseOwnAccount, accounts::http::own_routes())
        .guarded(Action::ManageAccounts, accounts::http::manage_routes())
        .guarded(Action::Audit, accounts::http::audit_routes())
        .guarded(Action::ClearLabFlags, lab::http::flag_routes())
        .guarded(Action::EnterResults, lab::http::entry_routes())
        .guarded(Action::ManageRounds, lab::http::manage_routes())
        .guarded(Action::ReadClocks, lab::http::clock_routes())
        .guarded(Action::ReadLab, lab::http::read_routes())
        .guarded(Action::ReleaseResults, lab::http::release_routes())
        .guarded(Action::WorkMissingList, lab::http::member_routes())
        .guarded(Action::WorkMissingList, lab::task_routes::routes())
        .guarded(Action::RevealPerson, lab::task_routes::reveal_routes())
        .guarded(Action::ResolveExceptions, lab::task_routes::void_routes())
        .guarded(Action::ReadClocks, lab::task_routes::way_routes())
        .guarded(Action::CarryBoxes, lab::task_routes::courier_routes())
        .guarded(Action::ReadLab, lab::task_routes::held_routes())
        .guarded(Action::EnterResults, lab::task_routes::repeat_routes())
        .guarded(Action::ReadPlan, sampling::http::plan_routes())
        .guarded(Action::ReadPlan, sampling::rounds::http::read_routes())
        .guarded(Action::ManageRounds, sampling::planner::http::routes())
        .guarded(Action::ManageRounds, sampling::rounds::http::manage_routes())
        .guarded(Action::ManageRounds, sampling::sites::http::manage_routes())
        .guarded(Action::ReadLive, sampling::sites::http::read_routes())
        .guarded(Action::ResolveExceptions, sampling::exceptions::http::routes())
        .guarded(Action::RevealPerson, sampling::missing::http::reveal_routes())
        .guarded(Action::WorkMissingList, sampling::missing::http::routes())
        .guarded(Action::ManageRounds, print::http::routes())
        .guarded(Action::ManagePersons, print::http::card_routes())
        .guarded(Action::ReadLive, live::http::routes())
        .guarded(Action::ReadLive, mode_http::read_routes())
        .guarded(Action::ManageRounds, mode_http::order_routes())
        .guarded(Action::ReadLive, reports::http::routes())
        .guarded(Action::RecordFieldFacts, sync::http::routes())
        .guarded(Action::Trace, trace::http::routes())
        .guarded(Action::ReadRoster, sync::http::roster_routes())
        .open(people::http::resident_routes())
        .guarded(Action::ManageAccounts, people::http::area_admin_routes())
        .guarded(Action::ReadPersons, people::http::read_routes())
        .guarded(Action::RevealPerson, people::http::reveal_routes())
        .guarded(Action::ManagePersons, people::http::manage_routes())
        .guarded(Action::ManagePersons, people::http::import_routes())
}

/// The router, its OpenAPI document and its route table.
pub fn build(app: &AppState) -> (Router, OpenApi, Vec<Route>) {
    let Table { router, rows, .. } = table(app);
    let (router, mut document) = router.split_for_parts();
    document.info = utoipa::openapi::InfoBuilder::new()
        .title("Allclear")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A city's outbreak response in one program."))
        .build();
    openapi::complete(&mut document, &rows);
    let header = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(axum::http::HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    for row in &rows {
        app.metrics.know_route(&row.method, &row.path);
    }
    let router = router
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(pulse::ready))
        .fallback(assets::asset)
        .method_not_allowed_fallback(|| async { Code::MethodUnknown.problem() })
        .layer(axum::extract::DefaultBodyLimit::max(limits::BODY_BYTES_MAX))
        .layer(CompressionLayer::new().gzip(true))
        .layer(header("content-security-policy", assets::POLICY))
        .layer(header("x-content-type-options", "nosniff"))
        .layer(header("referrer-policy", "no-referrer"))
        // Browsers take it over TLS only; from then on they come back by TLS alone.
        .layer(header("strict-transport-security", "max-age=31536000; includeSubDomains"))
        .layer(header("cross-origin-opener-policy", "same-origin"))
        .layer(header("cross-origin-resource-policy", "same-origin"))
        // Built assets say themselves how long they keep; nothing else is kept by anybody.
        .layer(header("cache-control", "no-store"))
        .layer(from_fn_with_state(app.clone(), admission::admit))
        .layer(from_fn_with_state(app.clone(), request::note))
        .with_state(app.clone());
    (router, document, rows)
}
