//! Who calls, and whether the route lets them: default deny, one action a route.

use std::sync::Arc;

use allclear_domain::kernel::{
    access::{Action, Role, allows},
    area::AreaCode,
    id::{Account, Device, Id},
    time::Instant,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::{
    client::HOST_PREFIX,
    problem::{Code, Problem, Result},
};
use crate::{app::AppState, operate::request::Note, plan::Plan};

/// Cookie of a browser session.
pub const SESSION_COOKIE: &str = "allclear_session";

/// An authenticated caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Account.
    pub account: Id<Account>,
    /// Account name, for records.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// Roles and where they hold.
    pub grants: Vec<(Role, AreaCode)>,
    /// The enrolled device, with its short number.
    pub device: Option<(Id<Device>, i64)>,
    /// When the session ends.
    pub expires_at: Instant,
}

impl Caller {
    /// Whether some role of the caller allows `action`, anywhere.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.grants.iter().any(|(role, _)| allows(*role, action))
    }

    /// Whether some role of the caller allows `action` in `area`.
    #[must_use]
    pub fn may_in(&self, action: Action, area: AreaCode) -> bool {
        self.grants.iter().any(|(role, root)| allows(*role, action) && area.is_within(*root))
    }

    /// Refuses unless [`Caller::may_in`].
    pub fn require_in(&self, action: Action, area: AreaCode) -> Result<()> {
        if self.may_in(action, area) { Ok(()) } else { Err(Code::Forbidden.problem()) }
    }

    /// Whether the caller may do `action` in every area there is.
    #[must_use]
    pub fn holds_all(&self, action: Action, plan: &Plan) -> bool {
        self.may(action) && plan.areas.iter().all(|area| self.may_in(action, area.code))
    }

    /// Roots of the subtrees in which the caller may do `action`.
    pub fn areas(&self, action: Action) -> impl Iterator<Item = AreaCode> + '_ {
        self.grants.iter().filter(move |(role, _)| allows(*role, action)).map(|(_, root)| *root)
    }
}

/// Extracts the caller that the guard of the route let in.
#[derive(Debug, Clone)]
pub struct By(pub Arc<Caller>);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get::<Arc<Caller>>().cloned().map(By).ok_or_else(|| Code::Unauthenticated.problem())
    }
}

/// The session or device token that a request carries, and whether it came as a cookie.
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<(&str, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()) {
        return value.strip_prefix("Bearer ").map(|token| (token, false));
    }
    cookie(headers, SESSION_COOKIE).map(|token| (token, true))
}

/// The value of a cookie. One that is bound to this host and to TLS goes before one that a neighbouring host may have set.
#[must_use]
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let values = || headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = || values().flat_map(|value| value.split("; "));
    let bound = pairs().find_map(|pair| pair.strip_prefix(HOST_PREFIX)?.strip_prefix(name)?.strip_prefix('='));
    bound.or_else(|| pairs().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')))
}

/// A page of another origin cannot set this header, so a cookie alone changes nothing.
pub fn require_own_origin(method: &Method, headers: &HeaderMap) -> Result<()> {
    if method.is_safe() || headers.contains_key("x-allclear") {
        Ok(())
    } else {
        Err(Code::Forbidden.problem().detail("header X-Allclear is missing"))
    }
}

/// Middleware of a guarded group of routes.
pub async fn guard(State((app, action)): State<(AppState, Action)>, mut request: Request, next: Next) -> Result<Response> {
    let (token, by_cookie) = token(request.headers()).ok_or_else(|| Code::Unauthenticated.problem())?;
    if by_cookie {
        require_own_origin(request.method(), request.headers())?;
    }
    let caller = app.callers.find(&app, token).await?.ok_or_else(|| Code::Unauthenticated.problem())?;
    if !caller.may(action) {
        return Err(Code::Forbidden.problem());
    }
    if let Some(note) = request.extensions().get::<Arc<Note>>() {
        note.is_of(caller.account.uuid());
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}
