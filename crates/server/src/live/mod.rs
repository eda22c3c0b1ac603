//! Live counts: each node folds the change feed in memory and pushes frames to the screens.

pub mod context;
pub mod http;
pub mod jobs;
pub mod ops;
pub mod recount;
pub mod rows;
pub mod snapshot;
pub mod view;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    live::{Fold, RoundCounts},
    sampling::queue::People,
};
use allclear_store::{Store, StoreError, Tx};
use roaring::RoaringTreemap;
use tokio::sync::watch;
use uuid::Uuid;

use self::{context::Context, view::Rendered};
use crate::{
    app::{Standing, Waiting},
    plan::Plan,
    queues::{self, Queue},
};

/// Who is expected, by village.
pub type Expected = BTreeMap<AreaCode, RoaringTreemap>;
/// What a rendered frame is of: the round, and the subtrees that the caller may see.
type FrameKey = (Option<Id<Round>>, Vec<AreaCode>);

type Queues = Arc<BTreeMap<Id<Site>, Queue>>;

/// Queues with what they were made of: change, plan, half minute.
struct LastQueues {
    seq: i64,
    plan: Arc<Plan>,
    half_minute: i64,
    queues: Queues,
}

/// The live counts of this node.
pub struct Live {
    fold: RwLock<Fold>,
    context: RwLock<Arc<Context>>,
    frames: Mutex<HashMap<FrameKey, Rendered>>,
    queues: Mutex<HashMap<Id<Round>, LastQueues>>,
    tick: watch::Sender<i64>,
    /// Change up to which this node has stored snapshots.
    stored: Mutex<i64>,
    /// One task folds at a time.
    folding: tokio::sync::Mutex<()>,
}

impl Live {
    /// Reads the last snapshot; what came after it is folded by the first pass over the feed. A snapshot that cannot
    /// be believed is forgotten, and the first pass begins at the start of the feed: slower, and as right.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let (fold, damage) = store.read("load_live", load).await?;
        if let Some(why) = damage {
            tracing::warn!(why, "repaired: the snapshot of the live counts is forgotten, they are counted from the first change");
            if let Err(error) = store.run("forget_live_snapshots", |tx| tx.delete_live_snapshots()).await {
                tracing::warn!(%error, "the damaged snapshot stays for now");
            }
        }
        let seq = fold.seq;
        Ok(Self {
            fold: RwLock::new(fold),
            context: RwLock::default(),
            frames: Mutex::default(),
            queues: Mutex::default(),
            tick: watch::channel(seq).0,
            stored: Mutex::new(seq),
            folding: tokio::sync::Mutex::new(()),
        })
    }

    /// The fold, to look at.
    pub fn fold(&self) -> RwLockReadGuard<'_, Fold> {
        self.fold.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fold_mut(&self) -> RwLockWriteGuard<'_, Fold> {
        self.fold.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the frames show besides counts.
    #[must_use]
    pub fn context(&self) -> Arc<Context> {
        Arc::clone(&self.context.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ticks when the counts have changed.
    #[must_use]
    pub fn ticks(&self) -> watch::Receiver<i64> {
        self.tick.subscribe()
    }
}

impl Standing for Live {
    fn standing(&self, round: Id<Round>, person: PersonNo) -> (bool, bool) {
        let fold = self.fold();
        let Some(counts) = fold.rounds.get(&round) else { return (false, true) };
        let persons = &counts.persons;
        (persons.is_sampled(person), !persons.has_list() || persons.is_expected(person))
    }
}

impl Waiting for Live {
    fn villages(&self, round: Id<Round>) -> Vec<(AreaCode, People)> {
        let fold = self.fold();
        fold.rounds.get(&round).map(queues::villages).unwrap_or_default()
    }

    fn queues(&self, plan: &Arc<Plan>, round: Id<Round>, now: Instant) -> Queues {
        let Some(row) = plan.rounds.get(&round) else { return Arc::default() };
        let (fold, half_minute) = (self.fold(), now.0.div_euclid(30_000_000));
        let mut last = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|round, _| plan.rounds.contains_key(round));
        let known = last.get(&round).filter(|l| l.seq == fold.seq && l.half_minute == half_minute && Arc::ptr_eq(&l.plan, plan));
        if let Some(known) = known {
            return Arc::clone(&known.queues);
        }
        let empty = RoundCounts::default();
        let queues = Arc::new(queues::of(plan, row, fold.rounds.get(&round).unwrap_or(&empty), now));
        last.insert(round, LastQueues { seq: fold.seq, plan: Arc::clone(plan), half_minute, queues: Arc::clone(&queues) });
        queues
    }
}

/// The expected list of a round.
pub(crate) fn expected(tx: &Tx<'_>, round: Id<Round>) -> Result<Expected, StoreError> {
    tx.expected(round)?
        .into_iter()
        .map(|(area, _, bytes)| {
            let bitmap = RoaringTreemap::deserialize_from(bytes.as_slice()).map_err(|_| broken("round_expected.bitmap"))?;
            Ok((area, bitmap))
        })
        .collect()
}

pub(crate) fn broken(column: &str) -> StoreError {
    StoreError::Column { column: column.to_owned(), found: "something else", expected: "what was stored" }
}

/// The newest snapshot with the expected lists in force, or an empty one and what is wrong with that on disk.
pub(crate) fn load(tx: &Tx<'_>) -> Result<(Fold, Option<&'static str>), StoreError> {
    let (mut fold, damage) = match believed(tx.live_snapshots()?, tx.newest_change()?) {
        Ok(fold) => (fold, None),
        Err(why) => (Fold::default(), Some(why)),
    };
    for round in tx.rounds()? {
        let expected = expected(tx, round.id)?;
        if !expected.is_empty() {
            fold.rounds.entry(round.id).or_default().persons.set_expected(expected);
        }
    }
    Ok((fold, damage))
}

/// The counts of a snapshot, if every row of it is there, whole, and of this feed.
fn believed(rows: Vec<(Uuid, i64, Vec<u8>)>, newest: i64) -> Result<Fold, &'static str> {
    let (mut fold, mut wanted) = (Fold::default(), BTreeMap::new());
    for (round, seq, body) in rows {
        let json = snapshot::unsummed(round, seq, &body).ok_or("a row does not agree with its sum")?;
        if round.is_nil() {
            let loose = snapshot::read_loose(json).ok_or("a row cannot be read")?;
            (fold.seq, fold.loose, wanted) = (seq, loose.exceptions, loose.rounds);
        } else {
            fold.rounds.insert(Id::new(round), snapshot::read_round(seq, json).ok_or("a row cannot be read")?);
        }
    }
    if fold.seq > newest {
        return Err("it is of changes that the store does not have");
    }
    let there: BTreeMap<Uuid, i64> = fold.rounds.iter().map(|(round, counts)| (round.uuid(), counts.seq)).collect();
    if there == wanted { Ok(fold) } else { Err("a row is missing or of another change") }
}
