//! The change feed: appended inside a commit, numbered after it, read after N.
//!
//! Database sequences are drawn before commit, so "after N" by a sequence would miss rows. SQLite
//! has one writer and numbers in the commit; on PostgreSQL one integrator numbers committed rows.

use allclear_domain::kernel::{
    area::AreaCode,
    change::{Change, Fact},
    id::{Id, PersonNo},
    time::Instant,
};
use allclear_domain::sampling::tube::Stage;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Result, StoreError, Tx};

/// Name of the follower that writes the person's side of swabs.
pub const PERSONS_FOLLOWER: &str = "persons";

/// A change about to be appended.
#[derive(Debug, Clone)]
pub struct NewChange<'a> {
    /// Id, made by the op's caller.
    pub id: Uuid,
    /// Distribution key's bucket.
    pub bucket: i64,
    /// When.
    pub at: Instant,
    /// Operation.
    pub op: &'static str,
    /// Account or service.
    pub author: &'a str,
    /// What changed; an empty list appends nothing.
    pub facts: &'a [Fact],
}

/// Stored form of [`Fact`]: short keys, since there is one a swab.
#[derive(Serialize, Deserialize)]
#[serde(tag = "f")]
enum Stored {
    #[serde(rename = "c")]
    Collection { i: Uuid, r: Uuid, t: String, p: i64, a: i64, s: Uuid, k: i64, d: i64, n: i32 },
    #[serde(rename = "t")]
    Tube { c: String, r: Uuid, s: Uuid, o: Option<String>, n: String, m: i32, k: i64, b: Option<i64> },
    #[serde(rename = "x")]
    Exception { k: String, r: Option<Uuid>, s: Option<Uuid>, n: i32 },
    #[serde(rename = "r")]
    Round { r: Uuid },
    #[serde(rename = "e")]
    Released { t: String, r: Uuid, s: Option<Uuid>, g: bool, m: i32 },
    #[serde(rename = "u")]
    FollowUp { t: String, r: Uuid, s: Option<Uuid>, n: i32 },
    /// A clock that was raised: written until nobody was found who reads it. Passed over.
    #[serde(rename = "k")]
    Clock {},
}

impl From<&Fact> for Stored {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Collection { id, round, tube, person, area, site, taken_at, device_no, delta } => Self::Collection {
                i: id.uuid(),
                r: round.uuid(),
                t: tube.clone(),
                p: person.0,
                a: area.number(),
                s: site.uuid(),
                k: taken_at.0,
                d: *device_no,
                n: *delta,
            },
            Fact::Tube { code, round, site, from, to, members, at, started_at } => Self::Tube {
                c: code.clone(),
                r: round.uuid(),
                s: site.uuid(),
                o: from.map(|stage| stage.as_str().to_owned()),
                n: to.as_str().to_owned(),
                m: *members,
                k: at.0,
                b: started_at.map(|at| at.0),
            },
            Fact::Exception { kind, round, site, delta } => {
                Self::Exception { k: kind.clone(), r: round.map(Id::uuid), s: site.map(Id::uuid), n: *delta }
            }
            Fact::Round { round } => Self::Round { r: round.uuid() },
            Fact::Released { tube, round, site, negative, reports } => {
                Self::Released { t: tube.clone(), r: round.uuid(), s: site.map(Id::uuid), g: *negative, m: *reports }
            }
            Fact::FollowUp { tube, round, site, delta } => {
                Self::FollowUp { t: tube.clone(), r: round.uuid(), s: site.map(Id::uuid), n: *delta }
            }
        }
    }
}

fn stage(word: &str) -> Option<Stage> {
    Stage::parse(word)
}

impl Stored {
    fn into_fact(self) -> Option<Fact> {
        Some(match self {
            Self::Collection { i, r, t, p, a, s, k, d, n } => Fact::Collection {
                id: Id::new(i),
                round: Id::new(r),
                tube: t,
                person: PersonNo(p),
                area: AreaCode::from_number(a).ok()?,
                site: Id::new(s),
                taken_at: Instant(k),
                device_no: d,
                delta: n,
            },
            Self::Tube { c, r, s, o, n, m, k, b } => Fact::Tube {
                code: c,
                round: Id::new(r),
                site: Id::new(s),
                from: match o {
                    Some(word) => Some(stage(&word)?),
                    None => None,
                },
                to: stage(&n)?,
                members: m,
                at: Instant(k),
                started_at: b.map(Instant),
            },
            Self::Exception { k, r, s, n } => Fact::Exception { kind: k, round: r.map(Id::new), site: s.map(Id::new), delta: n },
            Self::Round { r } => Fact::Round { round: Id::new(r) },
            Self::Released { t, r, s, g, m } => {
                Fact::Released { tube: t, round: Id::new(r), site: s.map(Id::new), negative: g, reports: m }
            }
            Self::Clock {} => return None,
            Self::FollowUp { t, r, s, n } => Fact::FollowUp { tube: t, round: Id::new(r), site: s.map(Id::new), delta: n },
        })
    }
}

pub(crate) fn decode(text: &str) -> Result<Vec<Fact>> {
    let broken = || StoreError::Column { column: "change.facts".into(), found: "something else", expected: "facts" };
    let stored: Vec<Stored> = serde_json::from_str(text).map_err(|_| broken())?;
    let told = stored.into_iter().filter(|fact| !matches!(fact, Stored::Clock {}));
    told.map(|fact| fact.into_fact().ok_or_else(broken)).collect()
}

impl Tx<'_> {
    /// Appends a change to this commit.
    pub fn append_change(&self, change: &NewChange<'_>) -> Result<()> {
        if change.facts.is_empty() {
            return Ok(());
        }
        self.changed.set(true);
        let stored: Vec<Stored> = change.facts.iter().map(Stored::from).collect();
        let facts = serde_json::to_string(&stored).map_err(|e| StoreError::Engine(e.to_string()))?;
        let seq = if self.numbers_in_commit() {
            let row = self.query("SELECT COALESCE(MAX(seq), 0) + 1 FROM change", &[])?;
            row.first().map(|row| row.at::<i64>(0)).transpose()?
        } else {
            None
        };
        if let Some(seq) = seq {
            let change = Change { seq, at: change.at, op: change.op.to_owned(), facts: change.facts.to_vec() };
            self.appended.borrow_mut().push(change);
        }
        let insert = if self.numbers_in_commit() {
            "INSERT INTO change (bucket, id, seq, at, op, author, facts) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        } else {
            "INSERT INTO change (bucket, id, seq, at, op, author, facts, appended_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))"
        };
        self.execute_exact(
            "change",
            1,
            insert,
            &[
                change.bucket.into(),
                change.id.into(),
                seq.into(),
                change.at.into(),
                change.op.into(),
                change.author.into(),
                (&facts).into(),
            ],
        )
    }

    /// Gives numbers to committed changes that have none; answers how many. Only one node at a time
    /// may call this (it takes a transaction-long advisory lock); a no-op on SQLite.
    ///
    /// By the database's clock at the time of the append: whoever waited for another commit stands after it, whatever
    /// their nodes' clocks say.
    pub fn number_changes(&self, limit: i64) -> Result<u64> {
        if self.numbers_in_commit() {
            return Ok(0);
        }
        // Such locks are the whole database's: stores in other schemas of it do not wait for this one.
        let got = self.query("SELECT pg_try_advisory_xact_lock(1001, hashtext(current_schema()))", &[])?;
        if !got.first().map_or(Ok(false), |row| row.at(0))? {
            return Ok(0);
        }
        self.execute(
            "WITH fresh AS (SELECT bucket, id, ROW_NUMBER() OVER (ORDER BY appended_at, at, id) AS n FROM change
                            WHERE seq IS NULL ORDER BY appended_at, at, id LIMIT $1),
                  top AS (SELECT COALESCE(MAX(seq), 0) AS seq FROM change)
             UPDATE change SET seq = top.seq + fresh.n FROM fresh, top
             WHERE change.bucket = fresh.bucket AND change.id = fresh.id",
            &[limit.into()],
        )
    }

    /// Number of the newest numbered change.
    pub fn newest_change(&self) -> Result<i64> {
        let row = self.query("SELECT COALESCE(MAX(seq), 0) FROM change", &[])?;
        row.first().map_or(Ok(0), |row| row.at(0))
    }

    /// Changes after `seq`, oldest first, at most `limit`. One that this process knows may be newer than the snapshot
    /// that a reader looks at; it is committed.
    pub fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Arc<Change>>> {
        if let Some(known) = self.recent.after(seq, limit) {
            return Ok(known);
        }
        let read: Vec<Arc<Change>> = self
            .query("SELECT seq, at, op, facts FROM change WHERE seq > $1 ORDER BY seq LIMIT $2", &[seq.into(), limit.into()])?
            .iter()
            .map(|row| Ok(Arc::new(Change { seq: row.at(0)?, at: row.at(1)?, op: row.at(2)?, facts: decode(&row.at::<String>(3)?)? })))
            .collect::<Result<_>>()?;
        // What this transaction appended itself may still be rolled back: nobody else may hear of it.
        if self.appended.borrow().is_empty() {
            self.recent.extend(read.iter().cloned());
        }
        Ok(read)
    }

    /// How far a follower has come.
    pub fn follower(&self, name: &str) -> Result<i64> {
        self.query_opt("SELECT seq FROM follower WHERE name = $1", &[name.into()])?.map_or(Ok(0), |row| row.at(0))
    }

    /// How far a follower has come, locked until the end of the transaction: one node at a time follows.
    pub fn follower_for_update(&self, name: &str) -> Result<i64> {
        self.execute("INSERT INTO follower (name, seq) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING", &[name.into()])?;
        self.query_opt("SELECT seq FROM follower WHERE name = $1 FOR UPDATE", &[name.into()])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Notes how far a follower has come, in the commit of its effects.
    pub fn advance_follower(&self, name: &str, seq: i64) -> Result<()> {
        self.execute_exact(
            "follower",
            1,
            "INSERT INTO follower (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
            &[name.into(), seq.into()],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_an_earlier_program_wrote_are_read() {
        let id = Uuid::from_u128(7);
        let text = format!(
            r#"[{{"f":"k","t":"T1","r":"{id}","s":"{id}","c":"to_lab","l":"warn"}},{{"f":"u","t":"T1","r":"{id}","n":1}},{{"f":"e","t":"T1","r":"{id}","g":true,"m":3}}]"#
        );
        let (tube, round, site) = ("T1".to_owned(), Id::new(id), None);
        let expect = [
            Fact::FollowUp { tube: tube.clone(), round, site, delta: 1 },
            Fact::Released { tube, round, site, negative: true, reports: 3 },
        ];
        assert_eq!(decode(&text).unwrap(), expect);
        assert!(decode(r#"[{"f":"nobody"}]"#).is_err());
    }
}
