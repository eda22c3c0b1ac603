//! What follows from the feed on the person's side and on the clocks of tubes. Every effect is keyed
//! by what it is about, so that running a change again changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use allclear_domain::{
    kernel::{
        change::{Change, Fact},
        id::{Collection, Id, PersonNo, Round},
        profile::Profile,
        time::Instant,
    },
    lab::{follow_up::Event, result::Value, tube::Stage},
    sampling::tube::TubeKind,
};
use allclear_store::{
    Tx,
    feed::NewChange,
    lab::{clocks::ClockRow, follow_ups::MemberRow, results::LabTubeRow},
};
use uuid::Uuid;

use super::{
    consequences::{self, Effects},
    ops::settle,
};
use crate::{edge::problem::Result, work};

/// Name of this follower's cursor.
pub const NAME: &str = "laboratory";
/// Changes read at once.
const CHANGES_MAX: i64 = 64;
/// Tubes of one commit: about 40,000 reports.
const FACTS_MAX: usize = 8000;

/// What some changes ask for, gathered so that each table is written once and in the order of its key.
#[derive(Default)]
struct Gathered {
    /// Tubes with their last stage in this batch: clocks go by it.
    stages: BTreeMap<String, (Stage, Id<Round>, Id<allclear_domain::kernel::id::Site>, Instant)>,
    /// Released tubes, with when and whether negative.
    released: Vec<(String, Instant, bool)>,
    /// Rejected and void tubes, with when.
    rejected: Vec<(String, Instant)>,
    /// Persons sampled again, with when.
    sampled: BTreeMap<PersonNo, (String, Instant)>,
    effects: Effects,
}

/// Applies the next changes in one commit.
pub fn follow(tx: &Tx<'_>, profile: &Profile, now: Instant, change: Uuid) -> Result<()> {
    let from = tx.follower_for_update(NAME)?;
    let changes = work::of_at_most(FACTS_MAX, tx.changes_after(from, CHANGES_MAX)?);
    let Some(last) = changes.last().map(|change| change.seq) else { return Ok(()) };
    let mut gathered = gather(&changes);
    clocks(tx, profile, &gathered)?;
    rejected(tx, profile, &mut gathered)?;
    late(tx, &mut gathered)?;
    released(tx, profile, &mut gathered)?;
    sampled_again(tx, &gathered)?;
    gathered.effects.write(tx)?;
    tx.append_change(&NewChange { id: change, bucket: 0, at: now, op: "follow_laboratory", author: NAME, facts: &gathered.effects.facts })?;
    Ok(tx.advance_follower(NAME, last)?)
}

fn gather(changes: &[Arc<Change>]) -> Gathered {
    let mut gathered = Gathered::default();
    for change in changes {
        let handed = handed_over(&change.facts);
        for fact in &change.facts {
            match fact {
                // One more swab in an open tube, nine facts of ten: its clock goes on.
                Fact::Tube { from: Some(Stage::Open), to: Stage::Open, started_at: None, .. } => {}
                Fact::Tube { code, round, site, to, at, .. } => {
                    if matches!(to, Stage::Rejected | Stage::Void) {
                        gathered.rejected.push((code.clone(), *at));
                    }
                    gathered.stages.insert(code.clone(), (*to, *round, *site, *at));
                }
                Fact::Released { tube, negative, .. } => gathered.released.push((tube.clone(), change.at, *negative)),
                Fact::Collection { id, person, tube, taken_at, delta: 1, .. } if !handed.contains(&(*id, tube)) => {
                    gathered.sampled.insert(*person, (tube.clone(), *taken_at));
                }
                _ => {}
            }
        }
    }
    gathered
}

/// Swabs that ceased to count for one record of a person and count for another, in the tube where they are: nobody was
/// sampled, and what was told of the tube stays with the record under which it was told.
fn handed_over(facts: &[Fact]) -> BTreeSet<(Id<Collection>, &String)> {
    facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Collection { id, tube, person, delta: -1, .. } if person.0 > 0 => Some((*id, tube)),
            _ => None,
        })
        .collect()
}

/// Starts, changes and stops clocks by the last stage of each tube.
fn clocks(tx: &Tx<'_>, profile: &Profile, gathered: &Gathered) -> Result<()> {
    let (mut stopped, mut running, mut here) = (Vec::new(), Vec::new(), Vec::new());
    for (code, (stage, ..)) in &gathered.stages {
        match stage {
            Stage::Released | Stage::Rejected | Stage::Void => stopped.push(code.as_str()),
            Stage::Received | Stage::OnRun | Stage::Resulted => here.push(code.as_str()),
            Stage::Open | Stage::Sealed | Stage::Boxed | Stage::InTransit => running.push(code.as_str()),
        }
    }
    tx.delete_clocks(&stopped)?;
    let mut rows = Vec::new();
    for (code, started_at) in tx.tube_starts(&running)? {
        if let Some((_, round, site, _)) = gathered.stages.get(&code) {
            rows.push(clock(code, "to_lab", (*round, *site), None, started_at, (profile.tube_to_lab_warn_s, profile.tube_to_lab_max_s)));
        }
    }
    let held: HashMap<String, LabTubeRow> = tx.lab_tubes(&here)?;
    let mut kept: Vec<LabTubeRow> = held.into_values().collect();
    kept.sort_by(|a, b| a.tube.cmp(&b.tube));
    let starts: HashMap<String, Instant> = tx.tube_starts(&here)?.into_iter().collect();
    for tube in kept {
        let limits = (profile.lab_turnaround_warn_s, profile.lab_turnaround_max_s);
        let of = (tube.round, tube.site);
        let turnaround = clock(tube.tube.clone(), "turnaround", of, Some(tube.lab), tube.received_at, limits);
        // Until it is tested a tube keeps at 4 °C only so long; whichever runs out first is watched.
        let untested = tube.stage != Stage::Resulted;
        let cold = starts.get(&tube.tube).filter(|_| untested).map(|first| {
            let limits = (profile.cold_warn_s, profile.cold_max_s);
            clock(tube.tube.clone(), "cold", of, Some(tube.lab), *first, limits)
        });
        rows.push(cold.filter(|cold| cold.due_at < turnaround.due_at).unwrap_or(turnaround));
    }
    tx.put_clocks(&rows)?;
    Ok(())
}

fn clock(
    tube: String,
    clock: &str,
    (round, site): (Id<Round>, Id<allclear_domain::kernel::id::Site>),
    lab: Option<Id<allclear_domain::kernel::id::Lab>>,
    started_at: Instant,
    (warn_s, max_s): (i64, i64),
) -> ClockRow {
    let warn_at = started_at.plus_seconds(warn_s);
    ClockRow {
        tube,
        clock: clock.into(),
        round,
        site,
        lab,
        started_at,
        warn_at,
        due_at: started_at.plus_seconds(max_s),
        level: "none".into(),
        raised_at: None,
        next_at: Some(warn_at),
    }
}

/// A rejected or void tube: each member is told and gets a task to be sampled again.
fn rejected(tx: &Tx<'_>, profile: &Profile, gathered: &mut Gathered) -> Result<()> {
    for (code, at) in std::mem::take(&mut gathered.rejected) {
        for member in tx.members_of(&[&code], &["rejected"])? {
            gathered.effects.resample(&member, at, profile);
        }
    }
    Ok(())
}

/// A swab that arrived after its tube was released is told the same as the others in it.
fn late(tx: &Tx<'_>, gathered: &mut Gathered) -> Result<()> {
    let tubes: BTreeSet<&str> = gathered.sampled.values().map(|(tube, _)| tube.as_str()).collect();
    let codes: Vec<&str> = tubes.into_iter().collect();
    if codes.is_empty() {
        return Ok(());
    }
    for (code, row) in tx.lab_tubes(&codes)? {
        let known = gathered.released.iter().any(|(released, ..)| *released == code);
        if let (Some(at), Some(value), false) = (row.released_at, row.value, known) {
            gathered.released.push((code, at, value == Value::Negative));
        }
    }
    Ok(())
}

/// Released tubes: negatives reach each member; anything else opens what must follow.
fn released(tx: &Tx<'_>, profile: &Profile, gathered: &mut Gathered) -> Result<()> {
    let all = std::mem::take(&mut gathered.released);
    let codes: Vec<&str> = all.iter().map(|(code, ..)| code.as_str()).collect();
    let at: HashMap<&str, Instant> = all.iter().map(|(code, at, _)| (code.as_str(), *at)).collect();
    let non_negative: BTreeSet<&str> = all.iter().filter(|(.., negative)| !negative).map(|(code, ..)| code.as_str()).collect();
    let mut others: BTreeMap<String, Vec<MemberRow>> = BTreeMap::new();
    let mut by_tube: HashMap<String, Vec<MemberRow>> = HashMap::new();
    for member in tx.members_of(&codes, &["valid"])? {
        if non_negative.contains(member.tube.as_str()) {
            others.entry(member.tube.clone()).or_default().push(member);
        } else {
            let reported_at = at.get(member.tube.as_str()).copied().unwrap_or(member.taken_at);
            gathered.effects.report(&member, "negative", reported_at);
            by_tube.entry(member.tube.clone()).or_default().push(member);
        }
    }
    // A tube with one member may settle a pool: only these are looked up.
    let single: Vec<&str> = by_tube.iter().filter(|(_, members)| members.len() == 1).map(|(code, _)| code.as_str()).collect();
    settle_singles(tx, gathered, &single, &by_tube, &at)?;
    for code in non_negative {
        let members = others.remove(code).unwrap_or_default();
        let Some(tube) = tx.lab_tubes(&[code])?.remove(code) else { continue };
        let at = at.get(code).copied().unwrap_or_default();
        // Most were opened in the commit of their release; what it wrote is written again as it stands.
        consequences::open(tx, profile, &mut gathered.effects, &tube, &members, at)?;
        if consequences::is_case(&tube) {
            for member in &members {
                settle_person(tx, gathered, member, Value::Positive, at)?;
            }
        }
    }
    Ok(())
}

fn settle_singles(
    tx: &Tx<'_>,
    gathered: &mut Gathered,
    codes: &[&str],
    by_tube: &HashMap<String, Vec<MemberRow>>,
    at: &HashMap<&str, Instant>,
) -> Result<()> {
    if codes.is_empty() {
        return Ok(());
    }
    let persons: Vec<i64> = codes.iter().filter_map(|code| by_tube.get(*code)).flatten().map(|m| m.person.0).collect();
    let kin = tx.kin(&persons)?;
    let members: BTreeSet<i64> = tx.memberships(&kin.values().flatten().copied().collect::<Vec<_>>())?.iter().map(|m| m.person.0).collect();
    if members.is_empty() {
        return Ok(());
    }
    let watched = |person: PersonNo| kin.get(&person.0).is_some_and(|records| records.iter().any(|no| members.contains(no)));
    let rows = tx.lab_tubes(codes)?;
    for (code, row) in rows.iter().filter(|(_, row)| row.kind == TubeKind::Single) {
        for member in by_tube.get(code).into_iter().flatten().filter(|m| watched(m.person)) {
            let value = row.value.unwrap_or(Value::Negative);
            settle_person(tx, gathered, member, value, at.get(code.as_str()).copied().unwrap_or_default())?;
        }
    }
    Ok(())
}

/// A single result speaks for its person in every pool that the person gave to before, under whichever record.
fn settle_person(tx: &Tx<'_>, gathered: &mut Gathered, single: &MemberRow, value: Value, at: Instant) -> Result<()> {
    let records = tx.kin(&[single.person.0])?.remove(&single.person.0).unwrap_or_default();
    for membership in tx.memberships(&records)? {
        if membership.tube == single.tube || membership.taken_at >= single.taken_at {
            continue;
        }
        let Some(pool) = tx.follow_up_for_update(&membership.tube)? else { continue };
        // A refusal means that the member is settled already, or that a grey single settles nobody.
        let Ok(facts) = settle(tx, &pool, &membership, Event::Single(value), Some(&single.tube), (at, None, None)) else { continue };
        gathered.effects.facts.extend(facts);
        let word = if value == Value::Positive { "positive" } else { "negative" };
        let (tube, person) = (membership.tube.clone(), membership.person);
        let of_pool = MemberRow { tube, person, taken_at: membership.taken_at, round: pool.round, ..single.clone() };
        gathered.effects.report(&of_pool, word, at);
        gathered.effects.notice("recheck_closed", person, &membership.tube, at);
        tx.close_tasks(person, "recheck", word, at)?;
    }
    Ok(())
}

/// A person who was told to come again has come: the task is done. What the tube says comes later.
fn sampled_again(tx: &Tx<'_>, gathered: &Gathered) -> Result<()> {
    let persons: Vec<i64> = gathered.sampled.keys().map(|person| person.0).collect();
    if persons.is_empty() {
        return Ok(());
    }
    // Under whichever record the person was told.
    let mut by_record: BTreeMap<i64, &(String, Instant)> = BTreeMap::new();
    for (person, records) in tx.kin(&persons)? {
        by_record.extend(records.iter().filter_map(|no| Some((*no, gathered.sampled.get(&PersonNo(person))?))));
    }
    for person in tx.persons_with_task(&by_record.keys().copied().collect::<Vec<_>>(), "resample")? {
        if let Some((tube, at)) = by_record.get(&person) {
            tx.close_tasks_opened_before(PersonNo(person), "resample", tube, *at)?;
        }
    }
    Ok(())
}
