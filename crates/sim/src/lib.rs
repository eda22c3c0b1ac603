//! Dev only: a seeded city plays days of work through the public API, with everything that goes wrong,
//! and an auditor compares the rows with its own answer.
//!
//! **What counts as failure.** A command or request that is acknowledged and not there exactly once; one
//! that was not acknowledged and is there in part, or more than once; a swab, tube, box or hand-over
//! that stands elsewhere than the day says, or in a state outside the tables; a tube at the laboratory
//! whose way there has a hole that nothing explains; an exception that waits for nothing, a fact that
//! waits without one, an exception that no list shows; a desk that refuses or answers other than it must;
//! a recount that differs on any level, completion above 100 %, a job that is left, a follower that does
//! not end; a tube that never arrives and raises no alert; a panic.
//!
//! **What does not.** An exception that the day expects too; a 503 while the store is made to fail; an
//! import that a crash cut off, as long as it says so; two valid answers to a request that was asked
//! again after its answer was lost; how long anything takes.
//!
//! **What is deterministic.** Everything that decides an outcome: the steps, their order, each batch,
//! the clock, ids, the call at which the store fails. **What is not**: how many looks an import or a
//! bulk release takes; how often an import says meanwhile that it goes on, so that a crash planned for
//! the middle of one may meet another of its commits; the order of rows in PostgreSQL's pages.
//! Requests are made one after another; races between requests are the integration tests' business.
//!
//! **A crash** drops the application between two transactions, the last of which nobody heard of, and
//! opens it on the same rows: on SQLite on a copy of the files as they lay, so that closing mends
//! nothing. Torn pages, full disks and killed processes are `tests/crash` of the server.
//! An import that a crash cut off on PostgreSQL, where another server may be at it, may run until it has
//! been silent for long enough.
//!
//! To extend: an operation in [`op`], what makes it in [`workload`], what the day knows of it in
//! [`model`], what must be true of it in `auditor.rs`.

#![expect(clippy::expect_used, reason = "a simulation stops at the first surprise")]

mod auditor;
pub mod failure;
mod import;
pub mod lab;
pub mod model;
pub mod op;
pub mod seed;
pub mod setting;
pub mod shrink;
mod told;
pub mod town;
pub mod workload;

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::OnceLock};

use allclear_testkit::Ground;
use failure::{Checked, Failure};
use futures_util::FutureExt;
use op::Step;
use setting::Setting;
use town::Town;

/// What was played.
#[derive(Debug, Default, Clone)]
pub struct Summary {
    /// Operations by name.
    pub ops: BTreeMap<String, u64>,
    /// Requests to the server.
    pub requests: u64,
    /// Requests whose answer had to be looked up.
    pub unanswered: u64,
    /// Calls to the store that were made to fail.
    pub faults: u64,
    /// Crashes.
    pub crashes: u64,
    /// Restarts.
    pub restarts: u64,
    /// Audits.
    pub audits: u64,
    /// Exceptions that wait in the evening.
    pub waiting: u64,
    /// Bulk releases.
    pub jobs: u64,
}

impl Summary {
    /// Adds another seed's.
    pub fn add(&mut self, other: &Self) {
        for (name, n) in &other.ops {
            *self.ops.entry(name.clone()).or_default() += n;
        }
        self.requests += other.requests;
        self.unanswered += other.unanswered;
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.restarts += other.restarts;
        self.audits += other.audits;
        self.waiting += other.waiting;
        self.jobs += other.jobs;
    }

    /// How many operations.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.ops.values().sum()
    }
}

/// How a list of steps is played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Way {
    /// Seed of ids.
    pub seed: u64,
    /// The auditor forgets undos: a test of the simulation itself.
    pub forgets_undo: bool,
}

/// A thread that plays one list of steps after another.
pub struct Player<'s> {
    set: &'s Setting,
    ground: Ground,
}

/// A runtime of one thread: what is left of a seed ends with it.
#[must_use]
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

impl<'s> Player<'s> {
    /// A player with a ground of its own.
    #[must_use]
    pub fn new(set: &'s Setting) -> Self {
        Self { set, ground: runtime().block_on(Ground::new(&set.frozen)) }
    }

    /// Plays steps from morning to evening.
    pub fn play(&self, steps: &[Step], way: Way) -> Checked<Summary> {
        let runtime = runtime();
        let played = runtime.block_on(AssertUnwindSafe(self.day(steps, way)).catch_unwind());
        runtime.shutdown_background();
        played.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(Failure { rule: "nothing panics", what: text.unwrap_or_default() })
        })
    }

    async fn day(&self, steps: &[Step], way: Way) -> Checked<Summary> {
        let mut town = Town::new(&self.ground, self.set, way.seed).await;
        town.forgets_undo = way.forgets_undo;
        let mut checked = Ok(());
        for (n, op) in steps {
            checked = town.step(*n, op).await;
            if checked.is_err() {
                break;
            }
        }
        if checked.is_ok() {
            checked = town.evening().await;
        }
        let summary = town.end();
        checked.map(|()| summary)
    }
}

/// Plays a sequence that was found: what a plain test calls.
///
/// # Panics
/// If it does not hold.
pub fn replay(steps: &[Step]) {
    static SET: OnceLock<Setting> = OnceLock::new();
    let set = SET.get_or_init(|| runtime().block_on(Setting::make(600)));
    if let Err(failure) = Player::new(set).play(steps, Way::default()) {
        panic!("{failure}");
    }
}
