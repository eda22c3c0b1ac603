//! Group commit: field facts of many requests go into one commit, and each caller is answered after
//! it. There is no timer: take what is waiting, commit, answer. A full queue sheds at once.

use std::{sync::Arc, time::Instant as Began};

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
        limits::{FIELD_GROUP_MAX, FIELD_QUEUE_MAX},
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

/// What the writer needs.
struct Writer {
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
    metrics: Arc<Metrics>,
}

impl Batcher {
    /// Starts the writer of a store.
    #[must_use]
    pub fn start(store: Store, ids: Ids, standing: Arc<dyn Standing>, plans: Arc<Plans>, metrics: Arc<Metrics>) -> Self {
        let (queue, receiver) = mpsc::channel(FIELD_QUEUE_MAX);
        tokio::spawn(Writer { store, ids, standing, plans, metrics: Arc::clone(&metrics) }.write(receiver));
        Self { queue, metrics }
    }

    /// Applies commands in one commit with whatever else is waiting; answers after the commit.
    pub async fn apply(&self, commands: Vec<Incoming>, now: Instant) -> Result<Vec<Outcome>> {
        let (answer, wait) = oneshot::channel();
        let slow_down = |_| {
            self.metrics.add(Metric::FactsShed, 1);
            Code::SlowDown.problem().retry_after(1)
        };
        self.queue.try_send(Item { commands, now, answer }).map_err(slow_down)?;
        self.note_waiting();
        let began = Began::now();
        let answered = wait.await;
        // The commit is shared: its time is this request's wait, its statements are nobody's alone.
        if let Some(meter) = Meter::current() {
            meter.add_time(began.elapsed());
        }
        answered.map_err(|_| Code::StoreAway.problem().retry_after(2))?
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
        let mut waiting = Vec::with_capacity(FIELD_GROUP_MAX);
        while receiver.recv_many(&mut waiting, FIELD_GROUP_MAX).await > 0 {
            let items = std::mem::take(&mut waiting);
            let (groups, answers): (Vec<_>, Vec<_>) = items.into_iter().map(|item| ((item.now, item.commands), item.answer)).unzip();
            self.metrics.set(Metric::FieldWaiting, receiver.len() as i64);
            let began = Began::now();
            let outcome = self.commit(Arc::new(groups)).await;
            self.metrics.commit(answers.len(), began.elapsed());
            note_outcome(&self.metrics, &outcome);
            answer_all(outcome, answers);
        }
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
