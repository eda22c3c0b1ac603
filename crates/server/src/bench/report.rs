//! What a benchmark says: the machine and the command, then one line a figure with its floor, for
//! people or as JSON.

use std::{path::Path, time::Duration};

use allclear_store::Engine;
use serde::Serialize;

use super::{BenchError, load::Measured};

/// What a figure must reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Floor {
    /// Nothing is promised.
    None,
    /// At least so much.
    Least(f64),
    /// At most so much.
    Most(f64),
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// The floor or the ceiling that the design promises.
    pub limit: Option<f64>,
    /// Whether it holds; nothing if nothing is promised.
    pub ok: Option<bool>,
    /// Latencies, refusals, processor time: what belongs to the figure.
    pub note: String,
}

/// All figures of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Which benchmark.
    pub bench: &'static str,
    /// The command line.
    pub command: String,
    /// Commit of the program, if whoever runs it says so in `ALLCLEAR_COMMIT`.
    pub commit: String,
    /// Processors and memory.
    pub machine: String,
    /// Engine of the store.
    pub engine: String,
    /// Figures, in the order they were measured.
    pub figures: Vec<Figure>,
    #[serde(skip)]
    json: bool,
}

impl Report {
    /// A report without figures; says at once, on standard error, what runs where.
    #[must_use]
    pub fn begin(bench: &'static str, json: bool) -> Self {
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        let commit = std::env::var("ALLCLEAR_COMMIT").unwrap_or_else(|_| "not said".into());
        Self { bench, command, commit, machine: machine(), engine: String::new(), figures: Vec::new(), json }
    }

    /// Notes the engine.
    pub fn engine(&mut self, engine: Engine) {
        self.engine = format!("{engine:?}");
    }

    /// Says on standard error what goes on.
    pub fn progress(&self, what: &str) {
        eprintln!("{}: {what}", self.bench);
    }

    /// Adds a figure.
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str, floor: Floor, note: impl Into<String>) {
        let (limit, ok) = match floor {
            Floor::None => (None, None),
            Floor::Least(limit) => (Some(limit), Some(value >= limit)),
            Floor::Most(limit) => (Some(limit), Some(value <= limit)),
        };
        self.figures.push(Figure { name: name.into(), value, unit, limit, ok, note: note.into() });
    }

    /// Adds a rate with its latencies.
    pub fn rate(&mut self, name: impl Into<String>, measured: &Measured, floor: Floor) {
        let (p50, p99) = (measured.quantile(0.5), measured.quantile(0.99));
        let per = measured.cpu.as_secs_f64() * 1e6 / (measured.good.max(1)) as f64;
        let note = format!("p50 {p50:.2?}, p99 {p99:.2?}, not good {}, {per:.1} us of CPU each, client included", measured.other);
        self.add(name, measured.rate(), "/s", floor, note);
    }

    /// Adds how long writing 4 KiB to a folder takes until it is on the medium.
    pub fn fsync(&mut self, folder: &Path, times: usize) -> Result<(), BenchError> {
        let (p50, p99) = super::fsync_latency(folder, times)?;
        let place = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
        let note = format!("p99 {p99:.2?}; folder {}, which is not that of a PostgreSQL server", place.display());
        self.add("fsync of 4 KiB, p50", micros(p50), "us", Floor::None, note);
        Ok(())
    }

    /// The figure with this name.
    #[must_use]
    pub fn figure(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// Prints it.
    pub fn print(&self) -> Result<(), BenchError> {
        if self.json {
            println!("{}", serde_json::to_string(self).map_err(|e| BenchError::Setup(e.to_string()))?);
            return Ok(());
        }
        println!("bench {} on {}; commit {}; {}", self.bench, self.engine, self.commit, self.machine);
        println!("$ {}", self.command);
        for figure in &self.figures {
            let verdict = match (figure.limit, figure.ok) {
                (Some(limit), Some(ok)) => format!("{} {}", plain(limit), if ok { "ok" } else { "SHORT" }),
                _ => String::new(),
            };
            println!("{:<46} {:>12} {:<5} {verdict:<14} {}", figure.name, plain(figure.value), figure.unit, figure.note);
        }
        Ok(())
    }
}

/// Microseconds.
#[must_use]
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn plain(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn machine() -> String {
    let of = |path: &str, name: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
        line.map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!("{} x {}, memory {}, load at the start {load}", cores, of("/proc/cpuinfo", "model name"), of("/proc/meminfo", "MemTotal"))
}
