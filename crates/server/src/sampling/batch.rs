//! Group commit: field facts of many requests go into one commit, and each caller is answered after
//! it. There is no timer: take what is waiting, commit, answer.
//!
//! Nobody is let in to a wait that is longer than callers have patience ([`Batcher::is_late`]), and whoever has left before
//! their commit is not worked for: they send the same again. So a storm of impatient callers takes nothing from those who
//! are answered in time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant as Began},
};

use allclear_domain::kernel::time::Instant;
use allclear_store::{Store, meter::Meter};
use allclear_wire::sync::{Outcome, OutcomeState};
use tokio::sync::{mpsc, oneshot};

use super::{
    apply::{self, Done},
    command::Incoming,
};
use crate::{
    app::Standing,
    clock::Ids,
    edge::{
        limits::{FIELD_GROUP_COMMANDS_MAX, FIELD_GROUP_MAX, FIELD_QUEUE_MAX, FIELD_WAIT_MAX},
        problem::{Code, Problem, Result},
    },
    operate::metrics::{Metric, Metrics},
    plan::Plans,
};

struct Item {
    commands: Vec<Incoming>,
    now: Instant,
    answer: oneshot::Sender<Result<Vec<Outcome>>>,
}

/// How much waits, and how long a commit takes.
#[derive(Debug, Default)]
struct Load {
    /// Commands that wait.
    commands: AtomicUsize,
    /// Smoothed time of a commit, microseconds.
    commit_us: AtomicU64,
}

impl Load {
    /// Notes a commit; the last few count most.
    fn committed(&self, took: Duration) {
        let (took, before) = (u64::try_from(took.as_micros()).unwrap_or(u64::MAX), self.commit_us.load(Relaxed));
        self.commit_us.store(if before == 0 { took } else { before - before / 4 + took / 4 }, Relaxed);
    }

    /// How long what comes now would wait, as far as the last commits tell: those ahead of it, and its own.
    fn wait(&self) -> Duration {
        let ahead = self.commands.load(Relaxed) / FIELD_GROUP_COMMANDS_MAX;
        Duration::from_micros(self.commit_us.load(Relaxed).saturating_mul(ahead as u64 + 1))
    }

    /// Whether that is too long. What fits into the next commit is let in however slow the disk is.
    fn is_late(&self) -> bool {
        self.commands.load(Relaxed) >= FIELD_GROUP_COMMANDS_MAX && self.wait() > FIELD_WAIT_MAX
    }
}

/// What the writer needs.
struct Writer {
    load: Arc<Load>,
    store: Store,
    ids: Ids,
    standing: Arc<dyn Standing>,
    plans: Arc<Plans>,
    metrics: Arc<Metrics>,
}

/// The way into the group commit. Cheap to clone.
#[derive(Clone)]
pub struct Batcher {
    queue: mpsc::Sender<Item>,
    load: Arc<Load>,
    metrics: Arc<Metrics>,
}

impl Batcher {
    /// Starts the writer of a store.
    #[must_use]
    pub fn start(store: Store, ids: Ids, standing: Arc<dyn Standing>, plans: Arc<Plans>, metrics: Arc<Metrics>) -> Self {
        let (queue, receiver) = mpsc::channel(FIELD_QUEUE_MAX);
        let load = Arc::<Load>::default();
        let writer = Writer { load: Arc::clone(&load), store, ids, standing, plans, metrics: Arc::clone(&metrics) };
        tokio::spawn(writer.write(receiver));
        Self { queue, load, metrics }
    }

    /// Applies commands in one commit with whatever else is waiting; answers after the commit.
    pub async fn apply(&self, commands: Vec<Incoming>, now: Instant) -> Result<Vec<Outcome>> {
        let (answer, wait) = oneshot::channel();
        let slow_down = |_: mpsc::error::TrySendError<Item>| {
            self.metrics.add(Metric::FactsShed, 1);
            Code::SlowDown.problem().retry_after(1)
        };
        let count = commands.len();
        // Counted before the writer can take it.
        self.load.commands.fetch_add(count, Relaxed);
        self.queue.try_send(Item { commands, now, answer }).map_err(|full| {
            self.load.commands.fetch_sub(count, Relaxed);
            slow_down(full)
        })?;
        self.note_waiting();
        let began = Began::now();
        let answered = wait.await;
        // The commit is shared: its time is this request's wait, its statements are nobody's alone.
        if let Some(meter) = Meter::current() {
            meter.add_time(began.elapsed());
        }
        answered.map_err(|_| Code::StoreAway.problem().retry_after(2))?
    }

    /// Whether what comes now would wait for its commit longer than callers have patience.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.load.is_late()
    }

    /// How long what comes now would wait, as far as the last commits tell; nothing while nothing waits.
    #[must_use]
    pub fn wait(&self) -> Duration {
        if self.load.commands.load(Relaxed) < FIELD_GROUP_COMMANDS_MAX { Duration::ZERO } else { self.load.wait() }
    }

    /// Waits until everything that was given before is committed: before the process ends.
    pub async fn flush(&self, now: Instant) -> Result<()> {
        let (answer, wait) = oneshot::channel();
        let away = || Code::StoreAway.problem().retry_after(2);
        self.queue.send(Item { commands: Vec::new(), now, answer }).await.map_err(|_| away())?;
        wait.await.map_err(|_| away())?.map(drop)
    }

    fn note_waiting(&self) {
        self.metrics.set(Metric::FieldWaiting, (FIELD_QUEUE_MAX - self.queue.capacity()) as i64);
    }
}

impl Writer {
    async fn write(self, mut receiver: mpsc::Receiver<Item>) {
        while let Some(first) = receiver.recv().await {
            let items = self.take(first, &mut receiver);
            if items.is_empty() {
                continue;
            }
            let (groups, answers): (Vec<_>, Vec<_>) = items.into_iter().map(|item| ((item.now, item.commands), item.answer)).unzip();
            self.metrics.set(Metric::FieldWaiting, receiver.len() as i64);
            let began = Began::now();
            let outcome = self.commit(Arc::new(groups)).await;
            let took = began.elapsed();
            self.metrics.commit(answers.len(), took);
            // A store that is away answers late or at once, and says nothing of how long a commit takes.
            if outcome.is_ok() {
                self.load.committed(took);
            }
            note_outcome(&self.metrics, &outcome);
            answer_all(outcome, answers);
        }
    }

    /// What is waiting, up to one commit's worth, without those who have left.
    fn take(&self, first: Item, receiver: &mut mpsc::Receiver<Item>) -> Vec<Item> {
        let (mut items, mut commands) = (Vec::new(), 0);
        let mut next = Some(first);
        while let Some(item) = next {
            self.load.commands.fetch_sub(item.commands.len(), Relaxed);
            if item.answer.is_closed() {
                self.metrics.add(Metric::FactsLeft, 1);
            } else {
                commands += item.commands.len();
                items.push(item);
            }
            next = if items.len() < FIELD_GROUP_MAX && commands < FIELD_GROUP_COMMANDS_MAX { receiver.try_recv().ok() } else { None };
        }
        items
    }

    /// One commit. A plan that another node has changed meanwhile is loaded, and the commit begins again.
    async fn commit(&self, groups: Arc<Vec<apply::Group>>) -> Result<Vec<Vec<Outcome>>> {
        loop {
            let (plan, ids, standing, work) = (self.plans.current(), self.ids.clone(), Arc::clone(&self.standing), Arc::clone(&groups));
            let done = self.store.run("record_field_facts", move |tx| apply::commit(tx, &ids, &*standing, &plan, &work)).await?;
            match done {
                Done::Written(outcomes) => return Ok(outcomes),
                Done::PlanIsOld(version) => self.plans.load_at_least(&self.store, version).await?,
            }
        }
    }
}

fn note_outcome(metrics: &Metrics, outcome: &Result<Vec<Vec<Outcome>>>) {
    let Ok(outcomes) = outcome else { return metrics.add(Metric::CommitFailures, 1) };
    let all = outcomes.iter().flatten().count() as i64;
    let exceptions = outcomes.iter().flatten().filter(|outcome| outcome.state == OutcomeState::Exception).count() as i64;
    metrics.add(Metric::FactsRecorded, all - exceptions);
    metrics.add(Metric::FactsException, exceptions);
}

fn answer_all(outcome: Result<Vec<Vec<Outcome>>>, answers: Vec<oneshot::Sender<Result<Vec<Outcome>>>>) {
    match outcome {
        Ok(outcomes) => {
            for (answer, outcomes) in answers.into_iter().zip(outcomes) {
                // A client that left has its facts recorded; it will hear so at the next try.
                let _ = answer.send(Ok(outcomes));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.again()));
            }
        }
    }
}

impl Problem {
    /// The same answer for another caller of the same commit.
    fn again(&self) -> Self {
        let problem = self.code().problem();
        if matches!(self.code(), Code::StoreAway | Code::SlowDown) { problem.retry_after(2) } else { problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(commands: usize, commit_ms: u64) -> Load {
        Load { commands: commands.into(), commit_us: (commit_ms * 1000).into() }
    }

    #[test]
    fn what_fits_into_the_next_commit_is_let_in_and_what_would_wait_too_long_is_not() {
        let group = FIELD_GROUP_COMMANDS_MAX;
        for (commands, commit_ms, late) in [
            (0, 60_000, false),
            (group - 1, 60_000, false),
            (group, 250, false),
            (group, 251, true),
            (4 * group, 100, false),
            (5 * group, 100, true),
            (9 * group, 0, false),
        ] {
            assert_eq!(load(commands, commit_ms).is_late(), late, "{commands} commands wait, a commit takes {commit_ms} ms");
        }
    }

    #[test]
    fn the_time_of_a_commit_follows_the_last_few() {
        let load = load(0, 0);
        load.committed(Duration::from_millis(100));
        assert_eq!(load.wait(), Duration::from_millis(100));
        for _ in 0..20 {
            load.committed(Duration::from_millis(20));
        }
        assert!(load.wait() < Duration::from_millis(21), "{:?}", load.wait());
    }
}
