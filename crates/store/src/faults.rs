//! Failures on demand: what a simulation puts between the application and its rows. A store that is
//! opened with [`crate::Store::open`] has none; only `crates/testkit` makes one.

use std::sync::{Arc, Mutex, PoisonError};

use crate::StoreError;

/// The text by which PostgreSQL makes the rows of the schema `to` those of `from`, which has the same
/// tables: a simulation puts its city up anew. Tables are emptied in the reverse order of their making
/// and filled in it, so that every reference finds its row.
#[must_use]
pub fn copy_of_rows(from: &str, to: &str) -> String {
    let each = |order: &str, text: &str| {
        format!(
            "FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = '{to}' AND c.relkind = 'r' AND c.relname <> 'migration' ORDER BY c.oid {order} LOOP
                 EXECUTE format('{text}', t, t);
             END LOOP;"
        )
    };
    let empty = each("DESC", &format!("DELETE FROM {to}.%I"));
    let fill = each("ASC", &format!("INSERT INTO {to}.%I SELECT * FROM {from}.%I"));
    format!("SET synchronous_commit = off; DO $$ DECLARE t text; BEGIN {empty} {fill} END $$")
}

/// The text by which a PostgreSQL store becomes that of a later release: a column more in every table, a table and an
/// index more, and a migration with this number and floor. Each statement is a commit of its own, so that a store in use
/// is held up by one table at a time. What a node does on it that was not upgraded is looked at by the crash suite.
#[must_use]
pub fn later_release(number: i64, floor: i64) -> [String; 2] {
    let expand = "DO $$ DECLARE t text; BEGIN
         FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT IN ('migration', 'schema_floor')
         LOOP
             EXECUTE format('ALTER TABLE %I ADD COLUMN of_a_later_release BIGINT', t);
             COMMIT;
         END LOOP;
     END $$";
    let note = format!(
        "CREATE TABLE of_a_later_release (id BYTEA PRIMARY KEY);
         CREATE INDEX change_of_a_later_release ON change (op);
         INSERT INTO migration (number, name, checksum) VALUES ({number}, 'of_a_later_release', 'unknown');
         INSERT INTO schema_floor (number, floor) VALUES ({number}, {floor})"
    );
    [expand.into(), note]
}

/// How a call to the store fails. The caller hears the same of each: the store is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens.
    Refused,
    /// The transaction does its work and is rolled back at the end.
    RolledBack,
    /// The transaction is committed, and the answer is lost on its way.
    AnswerLost,
}

#[derive(Debug, Default)]
struct Plan {
    cut: Option<(Fault, u32)>,
    death: Option<(u32, bool)>,
    dead: bool,
    met: u64,
}

/// What goes wrong next. Counted in calls, never in time, so that a seed fails at the same place again.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Mutex<Plan>,
    /// Held by each transaction from its begin to its end.
    under_way: Arc<()>,
}

impl Faults {
    /// The next `calls` calls fail like this.
    pub fn cut(&self, fault: Fault, calls: u32) {
        self.plan(|plan| plan.cut = (calls > 0).then_some((fault, calls)));
    }

    /// After `commits` more transactions the store is gone for ever, as if the process had ended: the
    /// next one is still committed, or not, but nobody hears of it.
    pub fn die_after(&self, commits: u32, committed: bool) {
        self.plan(|plan| plan.death = Some((commits, committed)));
    }

    /// Gone at once: nothing that still runs on this store reaches it any more.
    pub fn die(&self) {
        self.plan(|plan| plan.dead = true);
    }

    /// Whether the store is gone.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.plan(|plan| plan.dead)
    }

    /// The store answers again, unless it is gone; what was planned is forgotten.
    pub fn mend(&self) {
        self.plan(|plan| (plan.cut, plan.death) = (None, None));
    }

    /// A cut ends; a death that was planned stays planned.
    pub fn mend_cut(&self) {
        self.plan(|plan| plan.cut = None);
    }

    /// How many calls have failed.
    #[must_use]
    pub fn met(&self) -> u64 {
        self.plan(|plan| plan.met)
    }

    /// Whether a transaction that began before the store was gone has not ended yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        Arc::strong_count(&self.under_way) > 1
    }

    /// Says that a transaction is under way until it is dropped.
    pub(crate) fn under_way(&self) -> Arc<()> {
        Arc::clone(&self.under_way)
    }

    fn plan<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What happens to the next transaction.
    pub(crate) fn of_commit(&self) -> Option<Fault> {
        self.plan(|plan| {
            let fault = plan.commit();
            plan.met += u64::from(fault.is_some());
            fault
        })
    }

    /// Whether the next read is refused.
    pub(crate) fn of_read(&self) -> bool {
        self.plan(|plan| {
            let refused = plan.dead || matches!(plan.cut, Some((Fault::Refused, _))) && plan.next_cut().is_some();
            plan.met += u64::from(refused);
            refused
        })
    }

    pub(crate) fn away() -> StoreError {
        StoreError::Away("made to fail".into())
    }
}

impl Plan {
    fn next_cut(&mut self) -> Option<Fault> {
        let (fault, calls) = self.cut?;
        self.cut = (calls > 1).then_some((fault, calls - 1));
        Some(fault)
    }

    fn commit(&mut self) -> Option<Fault> {
        if self.dead {
            return Some(Fault::Refused);
        }
        match self.death {
            Some((0, committed)) => {
                self.dead = true;
                Some(if committed { Fault::AnswerLost } else { Fault::RolledBack })
            }
            Some((more, committed)) => {
                self.death = Some((more - 1, committed));
                self.next_cut()
            }
            None => self.next_cut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_ends_by_itself_and_a_death_does_not() {
        let faults = Faults::default();
        assert_eq!(faults.of_commit(), None);
        faults.cut(Fault::Refused, 2);
        assert!(faults.of_read());
        assert_eq!(faults.of_commit(), Some(Fault::Refused));
        assert!(!faults.of_read());
        faults.die_after(1, true);
        assert_eq!([faults.of_commit(), faults.of_commit(), faults.of_commit()], [None, Some(Fault::AnswerLost), Some(Fault::Refused)]);
        faults.mend();
        assert!(faults.is_dead() && faults.of_read());
        assert_eq!(faults.met(), 5);
    }

    #[test]
    fn a_lost_answer_does_not_touch_reads() {
        let faults = Faults::default();
        faults.cut(Fault::AnswerLost, 1);
        assert!(!faults.of_read());
        assert_eq!(faults.of_commit(), Some(Fault::AnswerLost));
    }
}
