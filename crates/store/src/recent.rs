//! The newest changes of the feed as this process knows them, decoded. Every follower reads every change: the first
//! look finds it here, so a change is turned into text once and read back only by who comes late.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use allclear_domain::kernel::change::Change;

/// Facts kept: each registration tells two, so this is three seconds of 17,000 a second.
const FACTS_MAX: usize = 100_000;

/// The newest changes, without gaps.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    changes: VecDeque<Arc<Change>>,
    facts: usize,
}

impl Recent {
    /// Takes in committed changes, in the order of their numbers. What is known already is passed over; after a gap
    /// only what follows it is kept.
    pub(crate) fn extend(&self, changes: impl IntoIterator<Item = Arc<Change>>) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            ring.push(change);
        }
    }

    /// Changes after `seq`, at most `limit`; nothing if the next one is not here.
    pub(crate) fn after(&self, seq: i64, limit: i64) -> Option<Vec<Arc<Change>>> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = ring.changes.front()?.seq;
        // Numbers have no gaps, so a number says where its change stands.
        let at = usize::try_from(seq + 1 - first).ok().filter(|at| *at < ring.changes.len())?;
        Some(ring.changes.range(at..).take(usize::try_from(limit).unwrap_or_default()).cloned().collect())
    }
}

impl Ring {
    fn push(&mut self, change: Arc<Change>) {
        match self.changes.back().map(|last| last.seq + 1) {
            Some(next) if change.seq < next => return,
            Some(next) if change.seq > next => *self = Self::default(),
            _ => {}
        }
        self.facts += change.facts.len();
        self.changes.push_back(change);
        while self.facts > FACTS_MAX
            && let Some(oldest) = self.changes.pop_front()
        {
            self.facts -= oldest.facts.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use allclear_domain::kernel::{
        change::Fact,
        id::{Id, Round},
        time::Instant,
    };

    use super::*;

    fn change(seq: i64, facts: usize) -> Arc<Change> {
        let fact = Fact::Round { round: Id::<Round>::new(uuid::Uuid::nil()) };
        Arc::new(Change { seq, at: Instant(0), op: "test".into(), facts: vec![fact; facts] })
    }

    fn seqs(recent: &Recent, seq: i64, limit: i64) -> Option<Vec<i64>> {
        Some(recent.after(seq, limit)?.iter().map(|change| change.seq).collect())
    }

    #[test]
    fn it_answers_only_with_the_next_changes() {
        let recent = Recent::default();
        assert_eq!(seqs(&recent, 0, 10), None);
        recent.extend((5..9).map(|seq| change(seq, 1)));
        assert_eq!(seqs(&recent, 3, 10), None, "4 is not here");
        assert_eq!(seqs(&recent, 4, 10), Some(vec![5, 6, 7, 8]));
        assert_eq!(seqs(&recent, 6, 1), Some(vec![7]));
        assert_eq!(seqs(&recent, 8, 10), None, "what comes next may be in the store");
    }

    #[test]
    fn what_is_known_is_passed_over_and_a_gap_begins_anew() {
        let recent = Recent::default();
        recent.extend([change(1, 1), change(2, 1)]);
        recent.extend([change(1, 1), change(2, 1), change(3, 1)]);
        assert_eq!(seqs(&recent, 0, 10), Some(vec![1, 2, 3]));
        recent.extend([change(7, 1)]);
        assert_eq!(seqs(&recent, 0, 10), None);
        assert_eq!(seqs(&recent, 6, 10), Some(vec![7]));
    }

    #[test]
    fn it_keeps_so_many_facts_at_most() {
        let recent = Recent::default();
        recent.extend((1..=3).map(|seq| change(seq, FACTS_MAX / 2)));
        assert_eq!(seqs(&recent, 0, 10), None);
        assert_eq!(seqs(&recent, 1, 10), Some(vec![2, 3]));
        recent.extend([change(4, FACTS_MAX * 2)]);
        assert_eq!(seqs(&recent, 3, 10), None, "one that is too large is not kept");
    }
}
