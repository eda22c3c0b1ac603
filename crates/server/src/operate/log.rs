//! The log: text for people or JSON for machines, with a filter that changes while the server runs.

use std::sync::OnceLock;

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::filter_fn, layer::SubscriberExt, reload, util::SubscriberInitExt};

use crate::config::log::{Format, Log};

/// Set once by [`start`]; a process has one log.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Begins the log of this process, on standard error.
pub fn start(log: &Log) -> Result<(), String> {
    let (filter, handle) = reload::Layer::new(filter(&log.filter)?);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(may_be_said)).with(lines).try_init().map_err(|e| e.to_string())?;
    FILTER.set(handle).map_err(|_| "the log was begun twice".to_owned())
}

/// Whatever the filter asks for, a library says at most `info`. Below that it prints what passes through it:
/// the PostgreSQL driver each statement's parameters, which are names and sealed cells.
fn may_be_said(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || event.target() == "request" || event.target().starts_with("allclear")
}

/// Changes what is logged from now on.
pub fn set_filter(text: &str) -> Result<(), String> {
    let filter = filter(text)?;
    FILTER.get().ok_or("the log has not begun")?.reload(filter).map_err(|e| e.to_string())
}

/// Reads a filter; a misspelt one is refused, not ignored.
pub fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text).map_err(|e| format!("the log filter {text:?}: {e}"))
}
