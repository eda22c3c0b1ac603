//! What the edge does to every route, written into the OpenAPI document in one place: how one signs in,
//! and which problems any route of its kind may answer. A route itself names only what is its own.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use utoipa::openapi::{
    Components, Content, OpenApi, Ref, RefOr, Response, ResponseBuilder,
    path::{Operation, PathItem},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use super::{
    guard::SESSION_COOKIE,
    problem::Code,
    routes::{Access, Route},
};

/// Content type of every problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Names of the two ways to say who calls.
const SESSION: &str = "session";
const DEVICE: &str = "device";

/// Completes the document that the routes described.
pub fn complete(openapi: &mut OpenApi, rows: &[Route]) {
    let mut used = BTreeSet::new();
    for row in rows {
        let item = openapi.paths.paths.get_mut(&row.path);
        if let Some(operation) = item.and_then(|item| operation(item, &row.method)) {
            used.extend(answers(operation, row));
        }
    }
    let components = openapi.components.get_or_insert_with(Components::default);
    components.responses.extend(used.into_iter().map(|status| (problem_name(&status), problems_of(&status))));
    components.security_schemes.extend(schemes());
}

fn operation<'i>(item: &'i mut PathItem, method: &str) -> Option<&'i mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => None,
    }
}

/// Writes an operation's callers and answers; tells which statuses of problems it has.
fn answers(operation: &mut Operation, row: &Route) -> BTreeSet<String> {
    let ways = match row.access {
        Access::Guarded(_) => vec![requirement(SESSION), requirement(DEVICE)],
        Access::Open => Vec::new(),
    };
    operation.security = Some(ways);
    let mut statuses: BTreeSet<String> = common(operation, row).iter().map(|code| code.row().0.to_string()).collect();
    statuses.extend(operation.responses.responses.keys().filter(|status| is_problem(status)).cloned());
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = phrase(status);
        }
    }
    let refs = statuses.iter().map(|status| (status.clone(), RefOr::Ref(Ref::from_response_name(problem_name(status)))));
    operation.responses.responses.extend(refs);
    statuses
}

/// What the edge and the store may answer, whatever the route does.
fn common(operation: &Operation, row: &Route) -> Vec<Code> {
    let mut codes = vec![Code::Internal, Code::StoreAway];
    if let Access::Guarded(_) = row.access {
        codes.extend([Code::Unauthenticated, Code::Forbidden]);
    }
    if operation.parameters.iter().flatten().next().is_some() {
        codes.extend([Code::AddressInvalid, Code::NotFound]);
    }
    // A tube's code in the path is read as one.
    if row.path.contains("{tube}") {
        codes.push(Code::CodeMalformed);
    }
    if row.method != "GET" {
        codes.extend([Code::StateConflict, Code::StoreFull]);
    }
    match &operation.request_body {
        Some(RefOr::T(body)) if body.content.contains_key("application/json") => {
            codes.extend([Code::BodyTooLarge, Code::ContentTypeWrong, Code::BodyInvalid]);
        }
        Some(_) => codes.push(Code::BodyTooLarge),
        None => {}
    }
    codes
}

fn is_problem(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

fn problem_name(status: &str) -> String {
    format!("Problem{status}")
}

fn phrase(status: &str) -> String {
    let known = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()?.canonical_reason());
    known.unwrap_or_default().to_owned()
}

/// The answer of a status, with the codes that it may carry.
fn problems_of(status: &str) -> RefOr<Response> {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.row()).filter(|row| row.0.to_string() == status).map(|row| row.1).collect();
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(format!("{}: `{}`", phrase(status), codes.join("`, `"))).content(PROBLEM_JSON, content).into()
}

fn requirement(name: &str) -> SecurityRequirement {
    SecurityRequirement::new(name, Vec::<String>::new())
}

fn schemes() -> BTreeMap<String, RefOr<SecurityScheme>> {
    let text = "Set by `POST /api/v1/session`. A request that is not GET carries the header `X-Allclear: 1` beside it.";
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(SESSION_COOKIE, text)));
    let device = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("Token of an enrolled device.")).build();
    [(SESSION.to_owned(), RefOr::T(session)), (DEVICE.to_owned(), RefOr::T(SecurityScheme::Http(device)))].into()
}
