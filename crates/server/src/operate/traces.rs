//! Traces for OpenTelemetry: one span a request, sent to a collector as OTLP over HTTP in JSON. Written
//! here because the SDK would bring a second HTTP client, gRPC and protobuf for one POST; the form is
//! the specification's. A span carries what the log line carries, and nothing more.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use super::metrics::{Metric, Metrics};
use crate::edge::limits::{SPANS_OF_ONE_POST_MAX, SPANS_WAITING_MAX};

/// How long spans wait for company.
const EVERY: Duration = Duration::from_secs(2);
/// How long a collector may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A finished request.
#[derive(Debug)]
pub struct Span {
    /// Trace, and the span that asked, if the caller has one.
    pub parent: Option<Parent>,
    /// Method and route.
    pub name: String,
    /// When it began.
    pub began_at: Instant,
    /// How long until its answer began.
    pub took: Duration,
    /// Whether the answer says that we failed.
    pub failed: bool,
    /// Names and values.
    pub attributes: Vec<(&'static str, Value)>,
}

/// Who asked, from the `traceparent` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    trace: String,
    span: String,
}

/// Reads `traceparent`. Only its form of version 0 is taken; `Err` is a caller that wants no span.
pub(super) fn parent(headers: &HeaderMap) -> Result<Option<Parent>, ()> {
    let text = headers.get("traceparent").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let hex = |part: &str, n: usize| {
        part.len() == n && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) && part.bytes().any(|b| b != b'0')
    };
    match text.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, span, flags] if hex(trace, 32) && hex(span, 16) && flags.len() == 2 => match u8::from_str_radix(flags, 16) {
            Ok(flags) if flags & 1 == 0 => Err(()),
            _ => Ok(Some(Parent { trace: trace.to_owned(), span: span.to_owned() })),
        },
        _ => Ok(None),
    }
}

/// Where spans go, once the server has started with a collector.
#[derive(Default)]
pub struct Traces(OnceLock<mpsc::Sender<Span>>);

impl Traces {
    /// Begins to send to a collector: `http://host:port`, to which `/v1/traces` is added.
    pub fn start(&self, endpoint: &str, keys: Arc<Keys>, metrics: Arc<Metrics>) {
        let (sender, receiver) = mpsc::channel(SPANS_WAITING_MAX);
        if self.0.set(sender).is_ok() {
            let host = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
            tokio::spawn(send_all(receiver, host, keys, metrics));
        }
    }

    /// Whether anybody wants spans.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.0.get().is_some()
    }

    /// Gives a span away; with a full queue it is dropped and counted.
    pub fn span(&self, span: Span, metrics: &Metrics) {
        if self.0.get().is_some_and(|queue| queue.try_send(span).is_err()) {
            metrics.add(Metric::SpansDropped, 1);
        }
    }
}

async fn send_all(mut receiver: mpsc::Receiver<Span>, host: String, keys: Arc<Keys>, metrics: Arc<Metrics>) {
    let mut waiting = Vec::new();
    while receiver.recv_many(&mut waiting, SPANS_OF_ONE_POST_MAX).await > 0 {
        let spans = std::mem::take(&mut waiting);
        let body = body(&spans, &keys).to_string();
        match tokio::time::timeout(ANSWER_MAX, post(&host, &body)).await {
            Ok(Ok(true)) => {}
            _ => metrics.add(Metric::SpansDropped, spans.len() as i64),
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn post(host: &str, body: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(host).await?;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    Ok(status.starts_with(b"HTTP/1.1 2"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn body(spans: &[Span], keys: &Keys) -> Value {
    let spans: Vec<Value> = spans.iter().map(|span| one(span, keys)).collect();
    let attributes = [attribute("service.name", &json!("allclear")), attribute("service.version", &json!(env!("CARGO_PKG_VERSION")))];
    json!({ "resourceSpans": [{
        "resource": { "attributes": attributes },
        "scopeSpans": [{ "scope": { "name": "allclear" }, "spans": spans }],
    }] })
}

fn one(span: &Span, keys: &Keys) -> Value {
    let nanos = |micros: i64| micros.saturating_mul(1000).to_string();
    let took = i64::try_from(span.took.as_micros()).unwrap_or(i64::MAX);
    let attributes: Vec<Value> = span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    json!({
        "traceId": span.parent.as_ref().map_or_else(|| hex(&keys.random::<16>()), |parent| parent.trace.clone()),
        "spanId": hex(&keys.random::<8>()),
        "parentSpanId": span.parent.as_ref().map_or("", |parent| &parent.span),
        "name": span.name,
        "kind": 2,
        "startTimeUnixNano": nanos(span.began_at.0),
        "endTimeUnixNano": nanos(span.began_at.0.saturating_add(took)),
        "attributes": attributes,
        "status": { "code": if span.failed { 2 } else { 0 } },
    })
}

/// Integers are texts in OTLP's JSON.
fn attribute(name: &str, value: &Value) -> Value {
    let value = match value {
        Value::Number(n) if n.is_f64() => json!({ "doubleValue": n }),
        Value::Number(n) => json!({ "intValue": n.to_string() }),
        other => json!({ "stringValue": other.as_str().unwrap_or_default() }),
    };
    json!({ "key": name, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_taken_only_in_its_form() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = |text: &str| parent(&HeaderMap::from_iter([("traceparent".parse().unwrap(), text.parse().unwrap())]));
        assert_eq!(read(&format!("00-{trace}-{span}-01")), Ok(Some(Parent { trace: trace.into(), span: span.into() })));
        assert_eq!(read(&format!("00-{trace}-{span}-00")), Err(()));
        for wrong in ["", "00", "01-x-y-01", &format!("00-{}-{span}-01", "0".repeat(32)), &format!("00-{trace}-{}-01", "G".repeat(16))] {
            assert_eq!(read(wrong), Ok(None), "{wrong}");
        }
    }
}
