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
        id::{Id, PersonNo, Round},
    },
    live::Fold,
};
use allclear_store::{Store, StoreError, Tx};
use roaring::RoaringTreemap;
use tokio::sync::watch;

use self::{context::Context, view::Rendered};
use crate::app::Standing;

/// Who is expected, by village.
pub type Expected = BTreeMap<AreaCode, RoaringTreemap>;
/// What a rendered frame is of: the round, and the subtrees that the caller may see.
type FrameKey = (Option<Id<Round>>, Vec<AreaCode>);

/// The live counts of this node.
pub struct Live {
    fold: RwLock<Fold>,
    context: RwLock<Arc<Context>>,
    frames: Mutex<HashMap<FrameKey, Rendered>>,
    tick: watch::Sender<i64>,
    /// Change up to which this node has stored snapshots.
    stored: Mutex<i64>,
    /// One task folds at a time.
    folding: tokio::sync::Mutex<()>,
}

impl Live {
    /// Reads the last snapshot; what came after it is folded by the first pass over the feed.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let fold = store.read("load_live", load).await?;
        let seq = fold.seq;
        Ok(Self {
            fold: RwLock::new(fold),
            context: RwLock::default(),
            frames: Mutex::default(),
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

/// The newest snapshot with the expected lists in force.
pub(crate) fn load(tx: &Tx<'_>) -> Result<Fold, StoreError> {
    let mut fold = Fold::default();
    for (round, seq, body) in tx.live_snapshots()? {
        if round.is_nil() {
            fold.seq = seq;
            fold.loose = snapshot::read_loose(&body).ok_or_else(|| broken("live_snapshot.body"))?;
        } else {
            let counts = snapshot::read_round(seq, &body).ok_or_else(|| broken("live_snapshot.body"))?;
            fold.rounds.insert(Id::new(round), counts);
        }
    }
    for round in tx.rounds()? {
        let expected = expected(tx, round.id)?;
        if !expected.is_empty() {
            fold.rounds.entry(round.id).or_default().persons.set_expected(expected);
        }
    }
    Ok(fold)
}
