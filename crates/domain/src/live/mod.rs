//! Live counts: a fold of the change feed that equals a recount of the records.
//!
//! Nothing here is a stored total. What the records say by rows, the fold keeps as sets and maps, so
//! that facts may come in any order and take each other back.

pub mod persons;
pub mod round;

use std::collections::BTreeMap;

use crate::kernel::{
    change::{Change, Fact},
    id::{Id, Round},
};

pub use persons::{Counts, Persons};
pub use round::{FIVE_MINUTES_S, Released, RoundCounts, SiteCounts, StageCounts, TubeNow};

/// Everything that the screens count, folded up to one change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    /// Number of the last change folded in.
    pub seq: i64,
    /// By round.
    pub rounds: BTreeMap<Id<Round>, RoundCounts>,
    /// Open exceptions that belong to no round, by kind.
    pub loose: BTreeMap<String, i64>,
}

impl Fold {
    /// Folds one change in; answers the rounds whose plan is to be loaded again. A change that a
    /// round's snapshot has in it already is passed over.
    pub fn apply(&mut self, change: &Change) -> Vec<Id<Round>> {
        let mut reload = Vec::new();
        let fresh = change.seq > self.seq;
        for fact in &change.facts {
            match round_of(fact) {
                Some(round) => {
                    let counts = self.rounds.entry(round).or_default();
                    if change.seq > counts.seq {
                        counts.apply(fact);
                    }
                    if matches!(fact, Fact::Round { .. }) && !reload.contains(&round) {
                        reload.push(round);
                    }
                }
                None => {
                    if let (Fact::Exception { kind, delta, .. }, true) = (fact, fresh) {
                        add(&mut self.loose, kind, *delta);
                    }
                }
            }
        }
        for round in change.facts.iter().filter_map(round_of) {
            if let Some(counts) = self.rounds.get_mut(&round) {
                counts.seq = counts.seq.max(change.seq);
            }
        }
        self.seq = self.seq.max(change.seq);
        reload
    }
}

fn round_of(fact: &Fact) -> Option<Id<Round>> {
    match fact {
        Fact::Collection { round, .. }
        | Fact::Tube { round, .. }
        | Fact::Round { round }
        | Fact::Released { round, .. }
        | Fact::FollowUp { round, .. } => Some(*round),
        Fact::Exception { round: Some(round), .. } => Some(*round),
        _ => None,
    }
}

/// Adds to a counter and forgets it at zero, so that equal counts are equal maps.
pub(crate) fn add<K: Ord + Clone>(map: &mut BTreeMap<K, i64>, key: &K, delta: i32) {
    let count = map.entry(key.clone()).or_default();
    *count += i64::from(delta);
    if *count == 0 {
        map.remove(key);
    }
}
