//! The person's side of swabs: history by person, and the exception when one person gave two swabs
//! in a round. Effects and cursor are one commit, so running a change again changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use allclear_domain::{
    kernel::{
        change::{Change, Fact},
        id::{Collection, Id, PersonNo, Round},
        time::Instant,
    },
    sampling::ExceptionKind,
};
use allclear_store::{
    Result as Stored, StoreError, Tx,
    feed::{NewChange, PERSONS_FOLLOWER},
    sampling::{ExceptionRow, PersonCollectionRow},
};

use crate::{
    app::App,
    edge::problem::{Problem, Result},
    plan::Plan,
    work,
};

/// Changes read at once.
const CHANGES_MAX: i64 = 200;
/// Exceptions opened in one commit because their facts did not come.
const WAITING_MAX: i64 = 500;
/// Facts of one commit: on SQLite whoever records in the field waits for it.
const FACTS_MAX: usize = 4000;

type Key = (PersonNo, Id<Round>, Id<Collection>);

/// Follows up to the newest change, and opens what has waited long enough; answers how many changes were followed.
pub async fn catch_up(app: &App) -> Result<usize> {
    let mut followed = open_waiting(app).await?;
    loop {
        // Looking costs no write where there is nothing to follow.
        let waiting =
            app.store.read("look_persons", |tx| Ok::<_, StoreError>(tx.newest_change()? > tx.follower(PERSONS_FOLLOWER)?)).await?;
        if !waiting {
            return Ok(followed);
        }
        let (plan, ids, now) = (app.plan(), app.ids.clone(), app.now());
        let done = app.store.run("follow_persons", move |tx| {
            let from = tx.follower_for_update(PERSONS_FOLLOWER)?;
            let changes = work::of_at_most(FACTS_MAX, tx.changes_after(from, CHANGES_MAX)?);
            let Some(last) = changes.last().map(|change| change.seq) else { return Ok(0) };
            let facts = follow(tx, &plan, &changes, now)?;
            tx.append_change(&NewChange {
                id: ids.at(now),
                bucket: 0,
                at: now,
                op: "follow_persons",
                author: PERSONS_FOLLOWER,
                facts: &facts,
            })?;
            tx.advance_follower(PERSONS_FOLLOWER, last)?;
            Ok(changes.len())
        });
        let done: usize = done.await.map_err(|e: StoreError| Problem::from(e))?;
        followed += done;
        if done == 0 {
            return Ok(followed);
        }
    }
}

/// Opens exceptions whose facts did not come in time; answers how many.
async fn open_waiting(app: &App) -> Result<usize> {
    let (plan, ids, now) = (app.plan(), app.ids.clone(), app.now());
    let due = now.plus_seconds(-plan.profile.hand_over_wait_s);
    let waiting = app.store.read("look_waiting", move |tx| tx.waiting_exceptions(due, 1)).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let done = app.store.run("open_waiting_exceptions", move |tx| {
        let mut facts = Vec::new();
        for row in tx.waiting_exceptions(due, WAITING_MAX)? {
            if tx.open_waiting(&row, now)? {
                facts.push(Fact::Exception { kind: row.kind, round: row.round, site: row.site, delta: 1 });
            }
        }
        let op = "open_waiting_exceptions";
        tx.append_change(&NewChange { id: ids.at(now), bucket: 0, at: now, op, author: PERSONS_FOLLOWER, facts: &facts })?;
        Ok(facts.len())
    });
    done.await.map_err(|e: StoreError| Problem::from(e))
}

fn follow(tx: &Tx<'_>, plan: &Plan, changes: &[Arc<Change>], now: Instant) -> Stored<Vec<Fact>> {
    let rows: Vec<PersonCollectionRow> = gather(changes).into_values().collect();
    tx.put_person_collections(&rows)?;
    let persons: BTreeSet<i64> = rows.iter().map(|row| row.person.0).collect();
    if persons.is_empty() {
        return Ok(Vec::new());
    }
    // One swab of a person is the rule, and then there was never a second to settle.
    let several = tx.sampled_more_than_once(&persons)?;
    if several.is_empty() {
        return Ok(Vec::new());
    }
    let touched: BTreeSet<(PersonNo, Id<Round>)> = rows.iter().map(|row| (row.person, row.round)).collect();
    let all = tx.person_collections(&several)?;
    let several = all
        .chunk_by(|a, b| (a.person, a.round) == (b.person, b.round))
        .filter(|swabs| swabs.len() > 1 && swabs.first().is_some_and(|swab| touched.contains(&(swab.person, swab.round))));
    let judged: Vec<Judged<'_>> = several.map(|swabs| Judged::of(tx, plan, swabs)).collect::<Stored<_>>()?;
    // What is settled for one person may wait with another from now on: their records were merged, or taken apart.
    let mut facts = Vec::new();
    judged.iter().try_for_each(|judged| judged.settle(tx, now, &mut facts))?;
    judged.iter().try_for_each(|judged| judged.open(tx, plan, now, &mut facts))?;
    Ok(facts)
}

/// The last word of the changes on each swab, in the order of the key.
fn gather(changes: &[Arc<Change>]) -> BTreeMap<Key, PersonCollectionRow> {
    let mut rows: BTreeMap<Key, PersonCollectionRow> = BTreeMap::new();
    for fact in changes.iter().flat_map(|change| &change.facts) {
        let Fact::Collection { id, round, tube, person, site, taken_at, delta, .. } = fact else { continue };
        if person.0 <= 0 {
            continue;
        }
        let valid = *delta > 0;
        let elsewhere = rows.get(&(*person, *round, *id)).is_some_and(|row| row.tube != *tube);
        // A swab that was moved has left its old tube: that tube's word no longer matters.
        if valid || !elsewhere {
            let row = PersonCollectionRow {
                person: *person,
                round: *round,
                id: *id,
                tube: tube.clone(),
                site: *site,
                taken_at: *taken_at,
                valid,
            };
            rows.insert((*person, *round, *id), row);
        }
    }
    rows
}

const KIND: &str = ExceptionKind::SecondCollection.as_str();

/// The swabs of one person in one round: the first stands; each later one waits for a decision.
struct Judged<'s> {
    first: Option<&'s PersonCollectionRow>,
    second: Vec<&'s PersonCollectionRow>,
    others: Vec<&'s PersonCollectionRow>,
}

impl<'s> Judged<'s> {
    fn of(tx: &Tx<'_>, plan: &Plan, swabs: &'s [PersonCollectionRow]) -> Stored<Self> {
        let first = swabs.iter().find(|swab| swab.valid);
        let asked = asked(tx, swabs)?;
        let skew_max = plan.profile.clock_skew_max_s;
        let asked_again = |swab: &PersonCollectionRow| asked.iter().any(|asked| asked.for_swab(swab, skew_max));
        let is_second = |swab: &&PersonCollectionRow| first.is_some_and(|first| swab.valid && first.id != swab.id && !asked_again(swab));
        let (second, others) = swabs.iter().partition(is_second);
        Ok(Self { first, second, others })
    }

    fn settle(&self, tx: &Tx<'_>, now: Instant, facts: &mut Vec<Fact>) -> Stored<()> {
        for swab in &self.others {
            let id = swab.id.uuid();
            let open = tx.exception(&swab.tube, id)?.is_some_and(|e| e.kind == KIND && e.state == "open");
            if open && tx.resolve_exception(&swab.tube, id, None, now, "facts", "only one swab counts now")? {
                facts.push(told(swab, -1));
            }
        }
        Ok(())
    }

    fn open(&self, tx: &Tx<'_>, plan: &Plan, now: Instant, facts: &mut Vec<Fact>) -> Stored<()> {
        let Some(first) = self.first else { return Ok(()) };
        for swab in &self.second {
            if tx.open_exception(&exception(plan, swab, first, now))? || tx.reopen_exception(&swab.tube, swab.id.uuid(), KIND)? {
                facts.push(told(swab, 1));
            }
        }
        Ok(())
    }
}

fn told(swab: &PersonCollectionRow, delta: i32) -> Fact {
    Fact::Exception { kind: KIND.into(), round: Some(swab.round), site: Some(swab.site), delta }
}

/// A person was asked to come again, because a pool they gave to was not negative.
struct Asked {
    pool: String,
    round: Id<Round>,
    since: Instant,
    /// The single tube that answered, and when.
    answered: Option<(String, Instant)>,
}

impl Asked {
    /// Whether a swab is what was asked for: in the same round, another tube, taken after the pool's
    /// release (as far as a phone's clock is trusted) and before another tube had answered.
    fn for_swab(&self, swab: &PersonCollectionRow, skew_max_s: i64) -> bool {
        let waiting = self.answered.as_ref().is_none_or(|(tube, at)| *tube == swab.tube || *at >= swab.taken_at);
        self.pool != swab.tube && self.round == swab.round && self.since <= swab.taken_at.plus_seconds(skew_max_s) && waiting
    }
}

fn asked(tx: &Tx<'_>, swabs: &[PersonCollectionRow]) -> Stored<Vec<Asked>> {
    let mut asked = Vec::new();
    for member in tx.memberships(&tx.family(swabs[0].person)?)? {
        let Some(follow_up) = tx.follow_up_by_tube(&member.tube)? else { continue };
        let answered = member.single_tube.zip(member.settled_at);
        asked.push(Asked { pool: member.tube, round: follow_up.round, since: follow_up.opened_at, answered });
    }
    Ok(asked)
}

fn exception(plan: &Plan, swab: &PersonCollectionRow, first: &PersonCollectionRow, now: Instant) -> ExceptionRow {
    let side = |swab: &PersonCollectionRow| {
        serde_json::json!({
            "collection": swab.id.uuid(), "tube": swab.tube, "site": swab.site.uuid(), "taken_at": crate::clock::rfc3339(swab.taken_at),
            "site_name": plan.sites.get(&swab.site).map(|site| site.name.clone()),
        })
    };
    let area = plan.sites.get(&swab.site).map(|site| site.area).or_else(|| plan.areas.first().map(|area| area.code));
    ExceptionRow {
        id: swab.id.uuid(),
        kind: KIND.into(),
        subject: swab.tube.clone(),
        round: Some(swab.round),
        person: Some(swab.person),
        site: Some(swab.site),
        area: area.unwrap_or_else(super::apply::root_area),
        opened_at: now,
        detail: serde_json::json!({ "first": side(first), "second": side(swab) }).to_string(),
        state: "open".into(),
        resolution: None,
        note: None,
        resolved_at: None,
    }
}
