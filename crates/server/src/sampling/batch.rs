//! Group commit: field facts of many requests go into one commit, and each caller is answered after
//! it. There is no timer: take what is waiting, commit, answer. A full queue sheds at once.

use std::sync::Arc;

use allclear_domain::kernel::time::Instant;
use allclear_store::Store;
use allclear_wire::sync::Outcome;
use tokio::sync::{mpsc, oneshot};

use super::{apply, command::Incoming};
use crate::{
    app::Standing,
    clock::Ids,
    edge::{
        limits::{FIELD_GROUP_MAX, FIELD_QUEUE_MAX},
        problem::{Code, Problem, Result},
    },
    plan::Plan,
};

struct Item {
    commands: Vec<Incoming>,
    plan: Arc<Plan>,
    now: Instant,
    answer: oneshot::Sender<Result<Vec<Outcome>>>,
}

/// The way into the group commit. Cheap to clone.
#[derive(Clone)]
pub struct Batcher(mpsc::Sender<Item>);

impl Batcher {
    /// Starts the writer of a store.
    #[must_use]
    pub fn start(store: Store, ids: Ids, standing: Arc<dyn Standing>) -> Self {
        let (sender, receiver) = mpsc::channel(FIELD_QUEUE_MAX);
        tokio::spawn(write(store, ids, standing, receiver));
        Self(sender)
    }

    /// Applies commands in one commit with whatever else is waiting; answers after the commit.
    pub async fn apply(&self, commands: Vec<Incoming>, plan: Arc<Plan>, now: Instant) -> Result<Vec<Outcome>> {
        let (answer, wait) = oneshot::channel();
        let slow_down = |_| Code::SlowDown.problem().retry_after(1);
        self.0.try_send(Item { commands, plan, now, answer }).map_err(slow_down)?;
        wait.await.map_err(|_| Code::StoreAway.problem().retry_after(2))?
    }
}

async fn write(store: Store, ids: Ids, standing: Arc<dyn Standing>, mut receiver: mpsc::Receiver<Item>) {
    let mut waiting = Vec::with_capacity(FIELD_GROUP_MAX);
    while receiver.recv_many(&mut waiting, FIELD_GROUP_MAX).await > 0 {
        let items = std::mem::take(&mut waiting);
        let (groups, answers): (Vec<_>, Vec<_>) = items.into_iter().map(|item| ((item.plan, item.now, item.commands), item.answer)).unzip();
        let (ids, standing) = (ids.clone(), Arc::clone(&standing));
        let groups = Arc::new(groups);
        let work = Arc::clone(&groups);
        let outcome = store.run("record_field_facts", move |tx| apply::commit(tx, &ids, &*standing, &work)).await;
        answer_all(outcome, answers);
    }
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
