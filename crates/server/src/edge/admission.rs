//! Who is let in when there is too much: what a request is for decides, field facts first.
//!
//! Two bounds are looked at before anything is read or asked of the store: how many requests of this kind are under way,
//! and how many of all kinds. The second is lower for what can wait, so that what can wait is turned away first. Besides
//! these a reduced mode ([`super::mode`]) turns whole kinds away, however few requests there are.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    limits,
    mode::Mode,
    problem::{Code, Problem},
};
use crate::{
    app::{App, AppState},
    operate::metrics::Metric,
};

/// What a request is for. The order is that of admission: the last are turned away first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Records what happened: swabs, custody, results, decisions, orders.
    Facts,
    /// Somebody's own status or result, and what a shift needs to begin.
    Own,
    /// Lists, searches, frames: what a desk works with.
    Lists,
    /// History, rows behind a figure, what-if: what a desk can do without for an hour.
    Decoration,
    /// Exports, reports, prints, imports, recounts.
    Exports,
}

impl Kind {
    /// Every kind, most important first.
    pub const ALL: [Self; 5] = [Self::Facts, Self::Own, Self::Lists, Self::Decoration, Self::Exports];

    /// What a route is for. Who adds one that is neither a plain list nor a plain fact says so here.
    #[must_use]
    pub fn of(method: &Method, route: &str) -> Self {
        let at = |parts: &[&str]| parts.iter().any(|part| route.starts_with(part));
        let export = route.ends_with("/export") || route.contains("/imports");
        if export || at(&["/api/v1/reports", "/api/v1/labels", "/api/v1/live/recount", "/api/v1/access-log"]) {
            // A laboratory's instrument file is how its results come in.
            return if at(&["/api/v1/labs/"]) { Self::Facts } else { Self::Exports };
        }
        if at(&["/api/v1/trace", "/api/v1/live/rows", "/api/v1/planner"]) {
            return Self::Decoration;
        }
        if at(&[
            "/api/v1/session",
            "/api/v1/resident",
            "/api/v1/field",
            "/api/v1/carried",
            "/api/v1/devices/enrol",
            "/api/v1/operating-mode",
        ]) {
            return Self::Own;
        }
        if method.is_safe() || at(&["/api/v1/people/search", "/api/v1/rounds/preview"]) { Self::Lists } else { Self::Facts }
    }

    /// Requests of this kind under way at once, and of all kinds while this one is let in.
    #[must_use]
    pub const fn bounds(self) -> (usize, usize) {
        match self {
            Self::Facts => limits::FACTS_AT_ONCE,
            Self::Own => limits::OWN_AT_ONCE,
            Self::Lists => limits::LISTS_AT_ONCE,
            Self::Decoration => limits::DECORATION_AT_ONCE,
            Self::Exports => limits::EXPORTS_AT_ONCE,
        }
    }

    /// After how many seconds to come again: the less it matters, the later.
    const fn retry_after_s(self) -> u32 {
        match self {
            Self::Facts => 1,
            Self::Own => 2,
            Self::Lists => 5,
            Self::Decoration | Self::Exports => 15,
        }
    }

    const fn shed(self) -> Metric {
        match self {
            Self::Facts => Metric::ShedFacts,
            Self::Own => Metric::ShedOwn,
            Self::Lists => Metric::ShedLists,
            Self::Decoration => Metric::ShedDecoration,
            Self::Exports => Metric::ShedExports,
        }
    }
}

/// Requests under way, by kind, and how late the processors are.
#[derive(Debug)]
pub struct Admission {
    under_way: [AtomicUsize; 5],
    /// Of the times below.
    began: Instant,
    /// When the next look at the delay of a ready task is due, microseconds; 0 while nobody looks.
    due_us: AtomicU64,
    /// Delay of the last look.
    lag_us: AtomicU64,
}

/// Between two looks at the delay of a ready task.
const LAG_EVERY: Duration = Duration::from_millis(10);

impl Default for Admission {
    fn default() -> Self {
        Self { under_way: Default::default(), began: Instant::now(), due_us: AtomicU64::new(0), lag_us: AtomicU64::new(0) }
    }
}

/// Leave to go on; given back when it is dropped.
#[derive(Debug)]
pub struct Ticket<'a>(&'a AtomicUsize);

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Admission {
    /// Requests under way, of all kinds.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// How long a task that is ready waits until it runs: at the last look, or at the one that is overdue, which is how a
    /// crowd that comes at once is seen before its first request is done.
    #[must_use]
    pub fn lag(&self) -> Duration {
        let due = self.due_us.load(Relaxed);
        let overdue = if due == 0 { 0 } else { self.now_us().saturating_sub(due) };
        Duration::from_micros(self.lag_us.load(Relaxed).max(overdue))
    }

    /// Whether facts that come now would be answered late for want of a processor, many being under way already.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.under_way[Kind::Facts as usize].load(Relaxed) > limits::FACTS_WHILE_LATE && self.lag() > limits::LAG_MAX
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// One look: a task that asks to run at a time, and when it does.
    async fn look(&self) {
        let due = self.now_us() + LAG_EVERY.as_micros() as u64;
        self.due_us.store(due, Relaxed);
        tokio::time::sleep(LAG_EVERY).await;
        self.lag_us.store(self.now_us().saturating_sub(due), Relaxed);
    }

    /// Lets a request in, unless too many are under way.
    #[must_use]
    pub fn enter(&self, kind: Kind) -> Option<Ticket<'_>> {
        let own = &self.under_way[kind as usize];
        let (of_kind, of_all) = kind.bounds();
        // Counted first and looked at then: two at the bound cannot both find room.
        let ticket = Ticket(own);
        let before = own.fetch_add(1, Relaxed);
        let all = self.under_way();
        (before < of_kind && all <= of_all).then_some(ticket)
    }
}

/// Measures the delay of ready tasks for as long as the program runs.
pub async fn watch_lag(app: AppState) {
    loop {
        app.admission.look().await;
    }
}

/// Whether a kind is served in a mode.
#[must_use]
pub const fn serves(mode: Mode, kind: Kind) -> bool {
    match mode {
        Mode::Full => true,
        Mode::Reduced => !matches!(kind, Kind::Decoration),
        Mode::SamplingFirst => !matches!(kind, Kind::Decoration | Kind::Exports),
    }
}

/// Middleware of every route of the product; pages, files and probes have no kind.
pub async fn admit(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let Some(route) = request.extensions().get::<MatchedPath>().filter(|path| path.as_str().starts_with("/api/")) else {
        return next.run(request).await;
    };
    let kind = Kind::of(request.method(), route.as_str());
    let batched = matches!(route.as_str(), "/api/v1/sync" | "/api/v1/commands");
    match leave(&app, kind, batched) {
        Ok(_ticket) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn leave(app: &App, kind: Kind, batched: bool) -> Result<Ticket<'_>, Problem> {
    let refused = if serves(app.mode().0, kind) { Code::SlowDown } else { Code::ReducedMode };
    let ticket = if refused == Code::SlowDown { app.admission.enter(kind) } else { None };
    // Facts that would wait too long for their commit are told so before their body is read.
    match ticket.filter(|_| !(batched && (app.field.is_late() || app.admission.is_late()))) {
        Some(ticket) => Ok(ticket),
        None => {
            app.metrics.add(kind.shed(), 1);
            Err(refused.problem().retry_after(kind.retry_after_s()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_wait_is_turned_away_first() {
        let admission = Admission::default();
        let mut turned_away = Vec::new();
        let mut facts = Vec::new();
        // Facts pile up; after each a request of every other kind knocks.
        for under_way in 0..limits::FACTS_AT_ONCE.0 {
            for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Facts) {
                if admission.enter(kind).is_none() && !turned_away.iter().any(|(known, _)| *known == kind) {
                    turned_away.push((kind, under_way));
                }
            }
            facts.push(admission.enter(Kind::Facts).expect("facts are let in until they alone are too many"));
        }
        assert!(admission.enter(Kind::Facts).is_none());
        let order: Vec<Kind> = turned_away.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(order, [Kind::Exports, Kind::Decoration, Kind::Lists, Kind::Own]);
        let at: Vec<usize> = turned_away.iter().map(|(_, at)| *at).collect();
        assert_eq!(at, [Kind::Exports, Kind::Decoration, Kind::Lists, Kind::Own].map(|kind| kind.bounds().1));
        drop(facts);
        assert_eq!(admission.under_way(), 0, "leave is given back, also that which was refused");
        assert!(Kind::ALL.into_iter().all(|kind| admission.enter(kind).is_some()));
    }

    #[tokio::test]
    async fn late_processors_turn_facts_away_while_many_are_under_way() {
        let admission = std::sync::Arc::new(Admission::default());
        let mut held: Vec<_> = (0..=limits::FACTS_WHILE_LATE).map_while(|_| admission.enter(Kind::Facts)).collect();
        assert!(!admission.is_late(), "nobody has looked");
        // This test has one processor, and holds it while a look is due.
        let looking = std::sync::Arc::clone(&admission);
        let look = tokio::spawn(async move { looking.look().await });
        tokio::task::yield_now().await;
        let began = Instant::now();
        while began.elapsed() < LAG_EVERY + limits::LAG_MAX + Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        assert!(admission.is_late(), "a look is overdue");
        held.pop();
        assert!(!admission.is_late(), "few are under way");
        held.extend(admission.enter(Kind::Facts));
        look.await.unwrap();
        assert!(admission.lag() > limits::LAG_MAX && admission.is_late(), "what the look found holds until the next one");
        admission.lag_us.store(0, Relaxed);
        admission.due_us.store(0, Relaxed);
        assert!(!admission.is_late());
    }

    #[test]
    fn each_kind_has_a_bound_of_its_own() {
        for kind in Kind::ALL {
            let admission = Admission::default();
            let held: Vec<_> = (0..kind.bounds().0).map_while(|_| admission.enter(kind)).collect();
            assert_eq!(held.len(), kind.bounds().0, "{kind:?}");
            assert!(admission.enter(kind).is_none(), "{kind:?}: one past the bound");
            let others = Kind::ALL.into_iter().filter(|other| *other < kind);
            assert!(others.map(|other| admission.enter(other)).all(|ticket| ticket.is_some()), "{kind:?} holds up what matters more");
        }
    }

    #[test]
    fn modes_take_away_decoration_then_exports_and_never_more() {
        let served = |mode| Kind::ALL.into_iter().filter(|kind| serves(mode, *kind)).count();
        assert_eq!([served(Mode::Full), served(Mode::Reduced), served(Mode::SamplingFirst)], [5, 4, 3]);
        assert!(serves(Mode::Reduced, Kind::Exports) && !serves(Mode::Reduced, Kind::Decoration));
        for kind in [Kind::Facts, Kind::Own, Kind::Lists] {
            assert!(serves(Mode::SamplingFirst, kind));
        }
    }
}
