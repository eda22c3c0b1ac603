//! Every metric of the server: one list of names, set to zero at the start, so that an alert on a rate
//! works from the first minute and `grep` finds each. Labels have few fixed values: no identity, no
//! code, no area ever is one.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

macro_rules! metrics {
    ($($name:ident = $kind:ident $text:literal $labels:literal $help:literal;)*) => {
        /// One number that the server keeps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric { $(#[doc = $help] $name),* }

        impl Metric {
            /// Every metric, those of one name together.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Type, name, labels, meaning.
            #[must_use]
            pub const fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
                match self { $(Self::$name => (stringify!($kind), $text, $labels, $help)),* }
            }
        }
    };
}

metrics! {
    FactsRecorded = counter "allclear_facts_total" "outcome=\"recorded\"" "Field facts that were answered, by outcome.";
    FactsException = counter "allclear_facts_total" "outcome=\"exception\"" "Field facts that were answered, by outcome.";
    FactsShed = counter "allclear_facts_shed_total" "" "Requests with field facts that were told to slow down.";
    ShedFacts = counter "allclear_shed_total" "kind=\"facts\"" "Requests turned away before they were read, by what they were for.";
    ShedOwn = counter "allclear_shed_total" "kind=\"own\"" "Requests turned away before they were read, by what they were for.";
    ShedLists = counter "allclear_shed_total" "kind=\"lists\"" "Requests turned away before they were read, by what they were for.";
    ShedDecoration = counter "allclear_shed_total" "kind=\"decoration\"" "Requests turned away before they were read, by what they were for.";
    ShedExports = counter "allclear_shed_total" "kind=\"exports\"" "Requests turned away before they were read, by what they were for.";
    OperatingMode = gauge "allclear_operating_mode" "" "0 full, 1 reduced, 2 sampling first.";
    Pressure = gauge "allclear_pressure_percent" "" "How hard this node is pressed; 100 is the most that it takes.";
    UnderWay = gauge "allclear_requests_under_way" "" "Requests under way.";
    FactsLeft = counter "allclear_facts_left_total" "" "Requests with field facts whose caller left before their commit; they send them again.";
    FieldWaiting = gauge "allclear_field_waiting" "" "Requests with field facts that wait for a commit.";
    CommitFailures = counter "allclear_group_commit_failures_total" "" "Group commits that failed.";
    NewestChange = gauge "allclear_change_newest" "" "Number of the newest change.";
    Unnumbered = gauge "allclear_change_unnumbered" "" "Committed changes without a number.";
    BehindPersons = gauge "allclear_follower_behind" "follower=\"persons\"" "Changes that a follower has not seen.";
    BehindLaboratory = gauge "allclear_follower_behind" "follower=\"laboratory\"" "Changes that a follower has not seen.";
    BehindLive = gauge "allclear_follower_behind" "follower=\"live\"" "Changes that a follower has not seen.";
    BehindOther = gauge "allclear_follower_behind" "follower=\"other\"" "Changes that a follower has not seen.";
    JobsReady = gauge "allclear_jobs" "state=\"ready\"" "Jobs that wait or run.";
    JobsRunning = gauge "allclear_jobs" "state=\"running\"" "Jobs that wait or run.";
    JobWait = gauge "allclear_job_wait_seconds" "" "Since when the oldest job waits.";
    Sessions = gauge "allclear_sessions" "" "Sessions in force.";
    Devices = gauge "allclear_devices" "" "Enrolled devices.";
    ExceptionsOpen = gauge "allclear_exceptions_open" "" "Exceptions that wait for a decision.";
    Viewers = gauge "allclear_live_viewers" "" "Screens that follow the live counts.";
    Connections = gauge "allclear_connections" "" "Connections of clients.";
    ConnectionsRefused = counter "allclear_connections_refused_total" "" "Connections that were closed at once, because there were too many.";
    PoolSize = gauge "allclear_store_connections" "state=\"most\"" "Connections to the store: at most, busy, waited for.";
    PoolBusy = gauge "allclear_store_connections" "state=\"busy\"" "Connections to the store: at most, busy, waited for.";
    PoolWaiting = gauge "allclear_store_connections" "state=\"waiting\"" "Connections to the store: at most, busy, waited for.";
    StoreUp = gauge "allclear_store_up" "" "1 while the store answers.";
    CertificateDays = gauge "allclear_certificate_days" "" "Days until the server's certificate ends; 0 without one.";
    SpansDropped = counter "allclear_spans_dropped_total" "" "Spans that did not reach the collector.";
    Draining = gauge "allclear_draining" "" "1 while the server stops.";
    Reloads = counter "allclear_reloads_total" "" "Times that the configuration was read again.";
}

/// Names of the histograms and of what is kept by route, for the list in the documentation.
pub const BY_ROUTE: [(&str, &str); 2] = [
    ("allclear_requests_total", "Requests by method, route and class of the answer."),
    ("allclear_request_seconds", "Time until an answer begins, by method and route."),
];
const COMMIT_SECONDS: (&str, &str) = ("allclear_group_commit_seconds", "Time of a group commit.");
const COMMIT_REQUESTS: (&str, &str) = ("allclear_group_commit_requests", "Requests that one group commit took in.");
/// The histograms of the group commit.
pub const HISTOGRAMS: [(&str, &str); 2] = [COMMIT_SECONDS, COMMIT_REQUESTS];

/// Bounds in seconds: a look-up is under 5 ms, a floor of the product is 1 s, a phone gives up at 30 s.
const SECONDS: &[f64] = &[0.001, 0.005, 0.02, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Bounds in requests of one commit.
const REQUESTS: &[f64] = &[1.0, 4.0, 16.0, 64.0, 256.0, 512.0];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Routes kept at most: the table has about a hundred, anything beyond is a mistake and goes to `other`.
const ROUTES_MAX: usize = 400;

#[derive(Debug)]
struct Histogram {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    micros: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), micros: AtomicU64::new(0) }
    }

    fn observe(&self, value: f64) {
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        self.counts[at].fetch_add(1, Relaxed);
        self.micros.fetch_add((value * 1e6) as u64, Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut sum = 0;
        for (bound, count) in self.bounds.iter().map(f64::to_string).chain(["+Inf".into()]).zip(&self.counts) {
            sum += count.load(Relaxed);
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {sum}");
        }
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{braces} {}", self.micros.load(Relaxed) as f64 / 1e6);
        let _ = writeln!(out, "{name}_count{braces} {sum}");
    }
}

#[derive(Debug)]
struct OfRoute {
    classes: [AtomicU64; 5],
    seconds: Histogram,
}

type Routes = BTreeMap<(String, String), Arc<OfRoute>>;

/// The numbers of one process.
#[derive(Debug)]
pub struct Metrics {
    values: Vec<AtomicI64>,
    commit_seconds: Histogram,
    commit_requests: Histogram,
    routes: RwLock<Routes>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            values: Metric::ALL.iter().map(|_| AtomicI64::new(0)).collect(),
            commit_seconds: Histogram::new(SECONDS),
            commit_requests: Histogram::new(REQUESTS),
            routes: RwLock::default(),
        }
    }
}

impl Metrics {
    /// Adds to a metric; a gauge may go down.
    pub fn add(&self, metric: Metric, n: i64) {
        self.values[metric as usize].fetch_add(n, Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, n: i64) {
        self.values[metric as usize].store(n, Relaxed);
    }

    /// What a metric is now.
    #[must_use]
    pub fn get(&self, metric: Metric) -> i64 {
        self.values[metric as usize].load(Relaxed)
    }

    /// Notes a group commit.
    pub fn commit(&self, requests: usize, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_requests.observe(requests as f64);
    }

    /// Sets every route to zero.
    pub fn know_route(&self, method: &str, route: &str) {
        drop(self.of_route(method, route));
    }

    /// Notes an answer.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let of = self.of_route(method, route);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        of.classes[class].fetch_add(1, Relaxed);
        of.seconds.observe(took.as_secs_f64());
    }

    fn of_route(&self, method: &str, route: &str) -> Arc<OfRoute> {
        let key = (method.to_owned(), route.to_owned());
        if let Some(of) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(of);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let key = if routes.len() < ROUTES_MAX { key } else { ("other".into(), "other".into()) };
        let fresh = || Arc::new(OfRoute { classes: Default::default(), seconds: Histogram::new(SECONDS) });
        Arc::clone(routes.entry(key).or_insert_with(fresh))
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut before = "";
        for metric in Metric::ALL {
            let (kind, name, labels, help) = metric.row();
            if name != before {
                let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
                before = name;
            }
            let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let _ = writeln!(out, "{name}{braces} {}", self.get(*metric));
        }
        for (histogram, (name, help)) in [(&self.commit_seconds, COMMIT_SECONDS), (&self.commit_requests, COMMIT_REQUESTS)] {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} histogram");
            histogram.write(&mut out, name, "");
        }
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let [(requests, requests_help), (seconds, seconds_help)] = BY_ROUTE;
        let _ = writeln!(out, "# HELP {requests} {requests_help}\n# TYPE {requests} counter");
        for ((method, route), of) in &*routes {
            for (class, count) in CLASSES.iter().zip(&of.classes) {
                let _ = writeln!(out, "{requests}{{method=\"{method}\",route=\"{route}\",class=\"{class}\"}} {}", count.load(Relaxed));
            }
        }
        let _ = writeln!(out, "# HELP {seconds} {seconds_help}\n# TYPE {seconds} histogram");
        for ((method, route), of) in &*routes {
            of.seconds.write(&mut out, seconds, &format!("method=\"{method}\",route=\"{route}\""));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_there_before_anything_happens() {
        let metrics = Metrics::default();
        metrics.know_route("GET", "/api/v1/session");
        let text = metrics.text();
        for metric in Metric::ALL {
            let (_, name, labels, _) = metric.row();
            let line = if labels.is_empty() { format!("\n{name} 0\n") } else { format!("\n{name}{{{labels}}} 0\n") };
            assert!(text.contains(&line), "{line}");
        }
        assert!(text.contains("allclear_requests_total{method=\"GET\",route=\"/api/v1/session\",class=\"5xx\"} 0\n"));
        assert!(text.contains("allclear_group_commit_seconds_count 0\n"));
    }

    #[test]
    fn a_bucket_holds_what_is_at_its_bound_and_all_below() {
        let metrics = Metrics::default();
        for (requests, ms) in [(1, 1), (4, 5), (5, 6), (600, 40_000)] {
            metrics.commit(requests, Duration::from_millis(ms));
        }
        let text = metrics.text();
        for line in [
            "allclear_group_commit_seconds_bucket{le=\"0.001\"} 1",
            "allclear_group_commit_seconds_bucket{le=\"0.005\"} 2",
            "allclear_group_commit_seconds_bucket{le=\"30\"} 3",
            "allclear_group_commit_seconds_bucket{le=\"+Inf\"} 4",
            "allclear_group_commit_requests_bucket{le=\"4\"} 2",
            "allclear_group_commit_requests_sum 610",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
        }
    }

    #[test]
    fn routes_have_a_bound() {
        let metrics = Metrics::default();
        for i in 0..ROUTES_MAX + 50 {
            metrics.request("GET", &format!("/{i}"), 200, Duration::ZERO);
        }
        assert_eq!(metrics.routes.read().unwrap().len(), ROUTES_MAX + 1);
        assert!(metrics.text().contains("allclear_requests_total{method=\"other\",route=\"other\",class=\"2xx\"} 50\n"));
    }

    #[test]
    fn each_metric_is_in_the_documentation() {
        let page = include_str!("../../../../docs/operating/alerts.md");
        let names =
            Metric::ALL.iter().map(|metric| metric.row().1).chain(BY_ROUTE.map(|(name, _)| name)).chain(HISTOGRAMS.map(|(name, _)| name));
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/operating/alerts.md");
        }
    }
}
