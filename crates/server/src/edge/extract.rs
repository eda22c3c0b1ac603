//! What a request carries, read once at the edge. axum's own readers answer plain text that quotes
//! what was sent, and an identity could stand there; these answer problem details that name the
//! place and the kind of fault. `clippy.toml` bans axum's, so that no handler takes them by mistake.

use std::time::Duration;

use axum::{
    extract::{FromRequest, FromRequestParts, Request, path::ErrorKind, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{
    limits::{BODY_BYTES_PER_S_MIN, BODY_WAIT_MAX, UPLOAD_BYTES_MAX},
    problem::{Code, Problem, Result},
};

/// Longest place that a fault names; what is longer was not made by our clients.
const PLACE_CHARS_MAX: usize = 120;

/// Parameters of the path.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        #[expect(clippy::disallowed_types, reason = "this is the wrapper")]
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|path| Self(path.0)).map_err(|rejection| Code::AddressInvalid.problem().detail(parameter(&rejection)))
    }
}

/// Which parameter does not fit: its name is ours.
fn parameter(rejection: &PathRejection) -> String {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else { return "path".into() };
    match error.kind() {
        ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::InvalidUtf8InPathParam { key } | ErrorKind::DeserializeError { key, .. } => {
            format!("path: {key}")
        }
        ErrorKind::ParseErrorAtIndex { index, .. } => format!("path: parameter {}", index + 1),
        _ => "path".into(),
    }
}

/// Parameters after the question mark.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let pairs = serde_urlencoded::Deserializer::new(form_pairs(parts.uri.query().unwrap_or_default()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let place = place(error.path());
            let text = if place.is_empty() { kind(&error.inner().to_string()) } else { format!("query: {place}") };
            Code::AddressInvalid.problem().detail(text)
        })
    }
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        if !is_json(request.headers()) {
            return Err(Code::ContentTypeWrong.problem().detail("application/json"));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        let mut text = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut text).map_err(|error| {
            let pointer = place(error.path());
            let problem = if pointer.is_empty() { Code::BodyInvalid.problem() } else { Code::BodyInvalid.field(&pointer) };
            problem.detail(kind(&error.inner().to_string()))
        })?;
        text.end().map_err(|_| Code::BodyInvalid.problem().detail("syntax"))?;
        Ok(Self(value))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A body of any bytes, as large as the route allows.
#[derive(Debug, Clone)]
pub struct RawBody(pub axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let patience = patience(request.headers());
        let read = within(patience, axum::body::Bytes::from_request(request, state)).await?;
        read.map(Self).map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge.problem(),
            // The client left, or its chunks are broken.
            _ => Code::BodyInvalid.problem().detail("the body broke off"),
        })
    }
}

/// How long a body may take: a while, and what its length needs at the pace of a bad network.
fn patience(headers: &HeaderMap) -> Duration {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    BODY_WAIT_MAX + Duration::from_secs(length.unwrap_or(0).min(UPLOAD_BYTES_MAX as u64) / BODY_BYTES_PER_S_MIN)
}

async fn within<T>(patience: Duration, read: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(patience, read).await.map_err(|_| Code::BodySlow.problem())
}

/// Where a fault lies, as a JSON pointer. Keys of a map come from the caller, so a segment that is
/// no word of a form is not repeated.
fn place(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment as S;
    let word = |key: &str| {
        let ours = key.len() <= 40 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if ours { key.to_owned() } else { "*".into() }
    };
    let pointer: String = path
        .iter()
        .map(|segment| match segment {
            S::Seq { index } => format!("/{index}"),
            S::Map { key } => format!("/{}", word(key)),
            S::Enum { variant } => format!("/{}", word(variant)),
            S::Unknown => "/*".into(),
        })
        .collect();
    pointer.chars().take(PLACE_CHARS_MAX).collect()
}

/// The kind of fault in serde's text, without what it quotes. A missing field is named: the name is
/// that of the form.
fn kind(text: &str) -> String {
    const KINDS: [&str; 6] = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field", "duplicate field"];
    if let Some(name) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return format!("missing field {name}");
    }
    if let Some(kind) = KINDS.iter().find(|kind| text.starts_with(**kind)) {
        return (*kind).to_owned();
    }
    let syntax = ["EOF", "expected", "key must", "trailing", "control character", "lone", "unexpected", "recursion"];
    if syntax.iter().any(|word| text.starts_with(word)) { "syntax".into() } else { "invalid value".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_never_repeats_what_was_sent() {
        for (text, expect) in [
            ("missing field `name` at line 1 column 2", "missing field name"),
            ("invalid type: string \"330784199001011234\", expected i64 at line 1 column 30", "invalid type"),
            ("unknown variant `张三`, expected one of `a`, `b`", "unknown variant"),
            ("UUID parsing failed: invalid character: found `张` at 1", "invalid value"),
            ("EOF while parsing an object at line 1 column 3", "syntax"),
            ("expected value at line 1 column 1", "syntax"),
        ] {
            assert_eq!(kind(text), expect, "{text}");
        }
    }

    #[test]
    fn a_body_has_time_for_its_length_and_no_more_than_the_largest_upload() {
        for (length, seconds) in [("", 0), ("65535", 0), ("655360", 10), ("99999999999999999", 4096), ("many", 0)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
            assert_eq!(patience(&headers), BODY_WAIT_MAX + Duration::from_secs(seconds), "{length}");
        }
    }

    #[tokio::test]
    async fn a_body_that_stops_is_not_waited_for() {
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>(&b"{"[..])]);
        let endless = axum::body::Body::from_stream(futures_util::StreamExt::chain(begun, futures_util::stream::pending()));
        let request = Request::new(endless);
        let refused = within(Duration::from_millis(20), axum::body::Bytes::from_request(request, &())).await.unwrap_err();
        assert_eq!(refused.code(), Code::BodySlow);
    }
}
