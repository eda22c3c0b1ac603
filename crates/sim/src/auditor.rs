//! Compares the rows with the day as it happened: every acknowledged fact once, nothing else, an
//! unbroken way of custody, counts that equal a recount, and nothing left in the middle.

use std::collections::{BTreeMap, BTreeSet};

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, PersonNo},
    time::Instant,
};
use allclear_server::{live::recount, sampling::boxes::exception_id, work};
use allclear_store::{
    Engine, Tx,
    lab::{clocks::AlertsOf, follow_ups::ReportRow, results::LabTubeRow},
    live::CollectionsOf,
    sampling::{BoxRow, CollectionRow, CustodyRow, ExceptionRow, TubeRow},
};
use uuid::Uuid;

use crate::{
    failure::{Checked, ensure, fail},
    lab::LabTube,
    model::{Member, Stage, Told, Tube, World},
    op::Call,
    town::Town,
};

/// Looks at the feed before the followers are said not to come to an end.
const FOLLOWS: usize = 200;

/// What the rows say of the labels in use.
struct Seen {
    tubes: BTreeMap<String, SeenTube>,
    boxes: BTreeMap<String, (Option<BoxRow>, Vec<CustodyRow>)>,
    handovers: BTreeMap<Uuid, String>,
    /// Open exceptions that a supervisor of the city is shown.
    open: Vec<ExceptionRow>,
    /// Exceptions that wait for facts before anybody is asked.
    pending: Vec<ExceptionRow>,
    /// Open exceptions in all.
    open_in_all: i64,
    holds: BTreeSet<String>,
    /// Facts that are known to be there, and are not.
    lost: Vec<String>,
    /// Every swab that counts, wherever it is.
    counted: BTreeSet<(String, Uuid)>,
    persons: i64,
    jobs: i64,
    alerts: BTreeSet<String>,
}

struct SeenTube {
    row: Option<TubeRow>,
    swabs: Vec<CollectionRow>,
    custody: Vec<CustodyRow>,
    lab: Option<LabTubeRow>,
    reports: Vec<(PersonNo, Vec<ReportRow>)>,
}

/// Checks everything that can be checked between two operations.
pub(crate) async fn audit(town: &mut Town<'_>) -> Checked {
    let app = &town.city().app;
    let mut followed = false;
    for _ in 0..FOLLOWS {
        if work::drain(app).await.is_ok() {
            followed = true;
            break;
        }
    }
    ensure(followed, "followers come to an end", String::new)?;
    let world = World::of(&town.facts, town.forgets_undo);
    let seen = see(town, &world).await;
    ensure(seen.lost.is_empty(), "what was taken is there", || format!("{:?}", seen.lost))?;
    for (code, tube) in &world.tubes {
        swabs(town, code, tube, &seen.tubes[code])?;
        place(town, &world, code, tube, &seen.tubes[code])?;
    }
    nothing_else(town, &world, &seen)?;
    boxes(town, &world, &seen)?;
    waiting(town, &world, &seen)?;
    laboratory(town, &world, &seen)?;
    register(town, &seen)?;
    counts(town).await
}

async fn see(town: &Town<'_>, world: &World) -> Seen {
    let tubes: BTreeSet<String> = world.tubes.keys().chain(town.lab.tubes.keys()).cloned().collect();
    let boxes: BTreeSet<String> = world.boxes.keys().chain(&town.lab.boxes).cloned().collect();
    let handovers: Vec<Uuid> = world.handovers.keys().copied().collect();
    let (round, lab) = (Id::new(town.set.round), Id::new(town.set.lab));
    let at_site = AlertsOf { sites: vec![town.set.site], ..AlertsOf::default() };
    // On PostgreSQL another server may be at an import: only silence says that it was cut off.
    let alone = town.city().calm().engine() == Engine::Sqlite;
    let elsewhere = if alone { BTreeSet::new() } else { town.imported.cut.clone() };
    let facts: Vec<(Uuid, Told)> = town.facts.iter().map(|fact| (fact.id, fact.told.clone())).collect();
    town.look(move |tx| {
        let tubes = tubes.into_iter().map(|code| Ok((code.clone(), see_tube(tx, &code)?))).collect::<allclear_store::Result<_>>()?;
        let boxes = boxes.into_iter().map(|code| Ok((code.clone(), (tx.box_for_look(&code)?, tx.custody_of(&code)?))));
        let boxes = boxes.collect::<allclear_store::Result<_>>()?;
        let mut states = BTreeMap::new();
        for id in handovers {
            states.extend(tx.handover(id)?.map(|row| (id, row.state)));
        }
        let all = CollectionsOf { round, areas: None, from: Instant(i64::MIN), until: Instant(i64::MAX) };
        let city = AreaCode::parse("330784").unwrap_or_else(|_| unreachable!("six digits"));
        let left = |state: &str, id: Uuid| matches!(state, "running" | "undoing") && !elsewhere.contains(&id);
        let imports = tx.imports(500)?.iter().filter(|row| left(&row.state, row.id.uuid())).count() as i64;
        Ok(Seen {
            tubes,
            boxes,
            handovers: states,
            open: tx.open_exceptions(city, (Instant(0), Uuid::nil()), 10_000)?,
            pending: tx.waiting_exceptions(Instant(i64::MAX), 10_000)?,
            open_in_all: tx.recount_exceptions()?.iter().map(|of| of.open).sum(),
            holds: tx.holds(lab, 500)?.into_iter().map(|hold| hold.tube).collect(),
            lost: lost(tx, &facts)?,
            counted: tx.list_collections(&all, ("", Uuid::nil()), 100_000)?.into_iter().map(|row| (row.tube, row.id.uuid())).collect(),
            persons: tx.count_persons()?,
            jobs: tx.open_jobs()? + tx.running_releases()?.len() as i64 + imports,
            alerts: tx.clock_alerts(&at_site, 10_000)?.into_iter().map(|alert| alert.clock.tube).collect(),
        })
    })
    .await
}

/// Facts of which no row tells.
fn lost(tx: &Tx<'_>, facts: &[(Uuid, Told)]) -> allclear_store::Result<Vec<String>> {
    let mut rows: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
    let mut lost = Vec::new();
    for (id, told) in facts {
        let subject = told.subject();
        if !rows.contains_key(subject) {
            let mut ids: BTreeSet<Uuid> = tx.custody_of(subject)?.into_iter().map(|row| row.id).collect();
            ids.extend(tx.collections_of(subject)?.into_iter().map(|row| row.id.uuid()));
            rows.insert(subject, ids);
        }
        if !rows[subject].contains(id) && tx.exception(subject, *id)?.is_none() {
            lost.push(format!("{told:?}"));
        }
    }
    Ok(lost)
}

fn see_tube(tx: &Tx<'_>, code: &str) -> allclear_store::Result<SeenTube> {
    let swabs = tx.collections_of(code)?;
    let lab = tx.lab_tubes(&[code])?.remove(code);
    let mut reports = Vec::new();
    if lab.as_ref().is_some_and(|row| row.released_at.is_some()) {
        let valid = swabs.iter().filter(|swab| swab.state == "valid").filter_map(|swab| swab.person);
        reports = valid.map(|no| Ok((no, tx.reports_of(no, 50)?))).collect::<allclear_store::Result<_>>()?;
    }
    Ok(SeenTube { row: tx.tube(code)?, swabs, custody: tx.custody_of(code)?, lab, reports })
}

/// Each swab is there once, in the state that the day gave it.
fn swabs(town: &Town<'_>, code: &str, tube: &Tube, seen: &SeenTube) -> Checked {
    let rejected = town.lab.tubes.get(code).is_some_and(|tube| tube.stage == "rejected");
    let expected: BTreeMap<Uuid, &str> = tube
        .members
        .iter()
        .map(|(id, member)| {
            let word = match member {
                Member::Valid if rejected => "rejected",
                Member::Valid => "valid",
                Member::Waits(_) => "exception",
                Member::Voided => "voided",
                Member::Moved => "moved",
            };
            (*id, word)
        })
        .collect();
    let found: BTreeMap<Uuid, &str> = seen.swabs.iter().map(|row| (row.id.uuid(), row.state.as_str())).collect();
    ensure(found.len() == seen.swabs.len(), "a swab is there once", || code.to_owned())?;
    ensure(found == expected, "swabs are as they happened", || format!("{code}: found {found:?}, expected {expected:?}"))?;
    let Some(row) = &seen.row else { return fail("a tube with swabs is there", code) };
    let valid = if rejected { 0 } else { tube.valid() };
    ensure(row.valid as usize == valid, "a tube counts its swabs", || format!("{code}: {} instead of {valid}", row.valid))
}

/// A tube stands where its facts say, and its way there has no hole.
fn place(town: &Town<'_>, world: &World, code: &str, tube: &Tube, seen: &SeenTube) -> Checked {
    let Some(row) = &seen.row else { return fail("a tube with swabs is there", code) };
    let its_box_arrived = tube.the_box.as_ref().is_some_and(|code| town.lab.boxes.contains(code));
    let stage = match (town.lab.tubes.get(code), tube.stage) {
        (Some(there), _) => there.stage,
        (None, Stage::Open) => "open",
        (None, Stage::Sealed) => "sealed",
        (None, Stage::Boxed) if world.left(tube) || its_box_arrived => "in_transit",
        (None, Stage::Boxed) => "boxed",
    };
    ensure(row.stage.as_str() == stage, "a tube stands where it must", || format!("{code}: {} instead of {stage}", row.stage.as_str()))?;
    if town.lab.tubes.contains_key(code) {
        return Ok(());
    }
    ensure(seen.lab.is_none(), "only what was received is at the laboratory", || code.to_owned())?;
    Ok(())
}

/// Nothing counts that nobody did.
fn nothing_else(_: &Town<'_>, world: &World, seen: &Seen) -> Checked {
    let known = |code: &str, id: &Uuid| world.tubes.get(code).is_some_and(|tube| tube.members.contains_key(id));
    match seen.counted.iter().find(|(code, id)| !known(code, id)) {
        Some((code, id)) => fail("nothing counts that nobody did", format!("swab {id} in {code}")),
        None => Ok(()),
    }
}

fn boxes(town: &Town<'_>, world: &World, seen: &Seen) -> Checked {
    for (code, expected) in &world.boxes {
        let Some((Some(row), custody)) = seen.boxes.get(code) else { return fail("a box is there", code) };
        let state = match (town.lab.boxes.contains(code), expected.left, expected.sealed) {
            (true, ..) => "received",
            (_, true, _) => "handed_over",
            (_, _, true) => "sealed",
            _ => "open",
        };
        ensure(row.state == state, "a box stands where it must", || format!("{code}: {} instead of {state}", row.state))?;
        ensure(row.tubes as usize == expected.inside.len(), "a box counts its tubes", || {
            format!("{code}: {} instead of {:?}", row.tubes, expected.inside)
        })?;
        if town.lab.boxes.contains(code) {
            let arrivals: Vec<&CustodyRow> = custody.iter().filter(|event| event.event == "box_received").collect();
            ensure(!arrivals.is_empty(), "a box's arrival is on record", || code.clone())?;
            let joined = expected.given.iter().any(|handover| world.handovers.get(handover) == Some(&"joined"));
            let said = arrivals.iter().any(|event| event.detail.as_ref().is_some_and(|detail| detail.contains("\"handover\"")));
            ensure(joined || said, "custody has no hole", || format!("{code} arrived without a hand-over, and nothing says so"))?;
        }
    }
    for (handover, state) in &world.handovers {
        let found = seen.handovers.get(handover).map(String::as_str);
        // Whoever receives a box that was given takes it: the laboratory may have answered for the other half.
        let here = |code: &String| town.lab.boxes.contains(code) && world.boxes[code].given.contains(handover);
        let answered = *state == "half" && found == Some("joined") && world.boxes.keys().any(here);
        ensure(found == Some(state) || answered, "a hand-over stands as its halves say", || {
            format!("{handover}: {found:?} instead of {state}")
        })?;
    }
    Ok(())
}

/// What waits for a person is what the day left open: no more, no less, and all of it is shown.
fn waiting(town: &Town<'_>, world: &World, seen: &Seen) -> Checked {
    // What is asked about one box of a hand-over has an id of its own.
    let of_boxes = seen.boxes.iter().flat_map(|(code, (_, custody))| custody.iter().map(move |event| (code, event)));
    let own: BTreeMap<(String, Uuid), Uuid> = of_boxes.map(|(code, event)| ((code.clone(), exception_id(event)), event.id)).collect();
    let about = |row: &ExceptionRow| {
        let key = (row.subject.clone(), row.id);
        own.get(&key).map_or(key.clone(), |id| (key.0.clone(), *id))
    };
    let asked = seen.open.iter().filter(|row| row.kind != "second_collection");
    let about_facts: BTreeSet<(String, Uuid)> = asked.chain(&seen.pending).map(about).collect();
    let extra: Vec<_> = about_facts.difference(&world.waits).collect();
    let missing: Vec<_> = world.waits.difference(&about_facts).collect();
    ensure(missing.is_empty(), "what waits has an open exception", || format!("{missing:?} have none"))?;
    ensure(extra.is_empty(), "an open exception waits for something", || format!("{extra:?} wait for nothing"))?;
    ensure(seen.open_in_all == seen.open.len() as i64, "every exception is shown to somebody", || {
        format!("{} open, {} in the city's list", seen.open_in_all, seen.open.len())
    })?;
    let due = town.city().app.now().plus_seconds(-town.city().app.plan().profile.hand_over_wait_s);
    let late: Vec<_> = seen.pending.iter().filter(|row| row.opened_at <= due).map(|row| &row.subject).collect();
    ensure(late.is_empty(), "what facts did not settle in time is asked about", || format!("{late:?} still wait"))?;
    second_swabs(town, world, seen)
}

/// Of the swabs of one person the first stands, each later one waits, unless the person was asked to
/// come again.
fn second_swabs(town: &Town<'_>, world: &World, seen: &Seen) -> Checked {
    let open: BTreeSet<(String, Uuid)> =
        seen.open.iter().filter(|row| row.kind == "second_collection").map(|row| (row.subject.clone(), row.id)).collect();
    let mut persons: BTreeMap<i64, Vec<(i64, Uuid, String)>> = BTreeMap::new();
    let mut excused: BTreeSet<i64> = BTreeSet::new();
    for (code, tube) in &world.tubes {
        let there = town.lab.tubes.get(code);
        for swab in seen.tubes[code].swabs.iter().filter(|swab| tube.members.get(&swab.id.uuid()) == Some(&Member::Valid)) {
            let Some(person) = swab.person else { continue };
            if there.is_some_and(|tube| tube.stage == "released" && tube.value != Some(Call::Negative)) {
                excused.insert(person.0);
            }
            if there.is_none_or(|tube| tube.stage != "rejected") {
                persons.entry(person.0).or_default().push((swab.key.at.0, swab.id.uuid(), code.clone()));
            }
        }
    }
    let mut expected = BTreeSet::new();
    for (_, mut swabs) in persons.into_iter().filter(|(person, _)| !excused.contains(person)) {
        swabs.sort();
        expected.extend(swabs.into_iter().skip(1).map(|(_, id, code)| (code, id)));
    }
    let missing: Vec<_> = expected.difference(&open).collect();
    ensure(missing.is_empty(), "a second swab of a person waits", || format!("{missing:?}"))?;
    if excused.is_empty() {
        let extra: Vec<_> = open.difference(&expected).collect();
        ensure(extra.is_empty(), "only a second swab waits as one", || format!("{extra:?}"))?;
    }
    Ok(())
}

fn laboratory(town: &Town<'_>, world: &World, seen: &Seen) -> Checked {
    ensure(seen.holds == town.lab.holds, "holds are as they happened", || format!("{:?} instead of {:?}", seen.holds, town.lab.holds))?;
    for (code, expected) in &town.lab.tubes {
        at_laboratory(code, expected, &seen.tubes[code])?;
        let told = &seen.tubes[code].reports;
        if expected.stage == "released" && world.tubes.contains_key(code) {
            let word = if expected.value == Some(Call::Negative) { "negative" } else { "under_recheck" };
            for (person, reports) in told {
                let of_tube: Vec<&str> = reports.iter().filter(|row| row.tube == *code).map(|row| row.value.as_str()).collect();
                ensure(of_tube.len() == 1, "each person is told once of a released tube", || format!("{person:?} of {code}: {of_tube:?}"))?;
                ensure(of_tube[0] == word, "each person is told what was released", || format!("{person:?} of {code}: {of_tube:?}"))?;
            }
        }
    }
    Ok(())
}

/// What was done with a tube at the laboratory is on record once.
fn at_laboratory(code: &str, expected: &LabTube, seen: &SeenTube) -> Checked {
    let Some(row) = &seen.lab else { return fail("a received tube is at the laboratory", code) };
    let found = (row.stage.as_str(), row.value.map(|value| value.as_str()));
    let wanted = (expected.stage, expected.value.map(Call::word));
    ensure(found == wanted, "the laboratory's record is as it happened", || format!("{code}: {found:?} instead of {wanted:?}"))?;
    let times = |event: &str| seen.custody.iter().filter(|row| row.event == event).count();
    let once =
        [("received", 1), ("released", usize::from(expected.stage == "released")), ("rejected", usize::from(expected.stage == "rejected"))];
    for (event, wanted) in once {
        ensure(times(event) == wanted, "each act of the laboratory is on record once", || {
            format!("{code}: {event} {} times", times(event))
        })?;
    }
    ensure(times("sealed") > 0, "custody has no hole", || format!("{code} is at the laboratory and was never sealed"))
}

fn register(town: &Town<'_>, seen: &Seen) -> Checked {
    ensure(seen.jobs == 0, "no job is left", || format!("{} jobs", seen.jobs))?;
    let least = town.set.registered + town.imported.sure.len() as i64;
    let most = least + town.imported.perhaps.difference(&town.imported.sure).count() as i64;
    ensure((least..=most).contains(&seen.persons), "each person of a file is registered once", || {
        format!("{} persons, expected {least} to {most}", seen.persons)
    })
}

/// The screen equals the records on every level, and nothing is more than complete.
async fn counts(town: &Town<'_>) -> Checked {
    let recount = match recount::compare(&town.city().app).await {
        Ok(recount) => recount,
        Err(problem) => return fail("a recount ends", format!("{problem:?}")),
    };
    let differ: Vec<_> = recount.lines.iter().filter(|line| line.screen != line.records).collect();
    ensure(recount.different == 0, "counts equal a recount", || format!("{differ:?}"))?;
    let figure = |level: &str, subject: &str, name: &str| {
        recount
            .lines
            .iter()
            .filter(|line| line.level == level && line.subject == subject && line.figure == name)
            .map(|line| line.screen)
            .sum::<i64>()
    };
    for line in recount.lines.iter().filter(|line| line.figure == "expected_sampled") {
        let expected = figure(&line.level, &line.subject, "expected");
        ensure(line.screen <= expected, "completion is at most 100 %", || format!("{line:?} of {expected}"))?;
    }
    Ok(())
}

/// A tube that has not arrived in time has somebody's attention.
pub(crate) async fn late_tubes(town: &Town<'_>) -> Checked {
    let world = World::of(&town.facts, town.forgets_undo);
    let seen = see(town, &world).await;
    let late = world.tubes.keys().filter(|code| !town.lab.tubes.contains_key(*code)).find(|code| !seen.alerts.contains(*code));
    ensure(late.is_none(), "a tube that does not arrive raises an alert", || format!("{late:?}"))
}
