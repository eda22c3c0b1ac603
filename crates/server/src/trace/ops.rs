//! Reads the facts and puts them in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        code::{BoxCode, CardCode, TubeCode},
        id::{Id, PersonNo, Site},
        time::Instant,
    },
    people::mask,
};
use allclear_store::{
    StoreError, Tx,
    accounts::DeviceRow,
    sampling::{CollectionRow, CustodyRow},
};
use allclear_wire::trace::{Trace, TraceStep, TracedPerson};
use uuid::Uuid;

use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    plan::Plan,
};

/// Tubes whose facts one trace reads.
const TUBES_MAX: usize = 200;
/// Reports of one person.
const REPORTS_MAX: i64 = 200;

/// Facts before they are put in order.
#[derive(Default)]
struct Found {
    trace: Trace,
    area: Option<AreaCode>,
    collections: Vec<CollectionRow>,
    custody: Vec<CustodyRow>,
    /// Steps that need no names: reports.
    told: Vec<(Instant, TraceStep)>,
    accounts: HashMap<Uuid, String>,
    devices: HashMap<i64, DeviceRow>,
    persons: HashMap<i64, String>,
    /// Names of the sites where tubes and boxes were filled, by code.
    sites: HashMap<String, String>,
    /// Names of the laboratories that have the tubes, by code; of a box, of those that received it.
    labs: HashMap<String, String>,
}

/// The trace of one thing.
pub async fn trace(app: &App, caller: &Caller, kind: &str, code: &str) -> Result<Trace> {
    let plan = app.plan();
    let malformed = || Code::CodeMalformed.field("/code");
    let (kind, code) = match kind {
        "tube" => ("tube", TubeCode::parse(code).map_err(|_| malformed())?.as_str().to_owned()),
        "box" => ("box", BoxCode::parse(code).map_err(|_| malformed())?.as_str().to_owned()),
        "person" => ("person", code.trim().to_owned()),
        "any" => ("any", code.trim().to_owned()),
        _ => return Err(Code::NotFound.problem()),
    };
    let read_plan = std::sync::Arc::clone(&plan);
    let found = app
        .store
        .read("trace", move |tx| {
            let found = match kind {
                "tube" => tube(tx, &read_plan, &code)?,
                "box" => the_box(tx, &read_plan, &code)?,
                "any" => anything(tx, &read_plan, &code)?,
                _ => person(tx, &read_plan, &code)?,
            };
            let mut found = found.ok_or_else(|| Code::NotFound.problem())?;
            carried(tx, &mut found)?;
            names(tx, &mut found)?;
            Ok::<_, Problem>(found)
        })
        .await?;
    match found.area {
        Some(area) => caller.require_in(Action::Trace, area)?,
        None if plan.areas.iter().all(|area| caller.may_in(Action::Trace, area.code)) => {}
        None => return Err(Code::Forbidden.problem()),
    }
    Ok(in_order(&plan, found))
}

fn site_name(plan: &Plan, site: Id<Site>) -> String {
    plan.sites.get(&site).map(|site| site.name.clone()).unwrap_or_default()
}

/// Whatever has this code: a tube (of any maker), else a box, else a person.
fn anything(tx: &Tx<'_>, plan: &Plan, code: &str) -> Result<Option<Found>> {
    if let Ok(tube_code) = TubeCode::parse(code)
        && let Some(found) = tube(tx, plan, tube_code.as_str())?
    {
        return Ok(Some(found));
    }
    if let Ok(box_code) = BoxCode::parse(code)
        && let Some(found) = the_box(tx, plan, box_code.as_str())?
    {
        return Ok(Some(found));
    }
    person(tx, plan, code)
}

fn tube(tx: &Tx<'_>, plan: &Plan, code: &str) -> Result<Option<Found>> {
    let (collections, custody) = (tx.collections_of(code)?, tx.custody_of(code)?);
    let row = tx.tube(code)?;
    if row.is_none() && custody.is_empty() {
        return Ok(None);
    }
    let lab = tx.lab_tubes(&[code])?.remove(code);
    let mut trace = Trace { kind: "tube".into(), code: code.into(), ..Trace::default() };
    let (mut area, mut sites) = (None, HashMap::new());
    if let Some(row) = row {
        sites.insert(code.to_owned(), site_name(plan, row.site));
        area = plan.sites.get(&row.site).map(|site| site.area);
        trace.state = row.stage.as_str().into();
        trace.round = plan.rounds.get(&row.round).map(|round| round.name.clone()).unwrap_or_default();
        trace.place = site_name(plan, row.site);
        trace.members = i64::from(row.valid);
        trace.box_code = row.box_code;
    }
    trace.result = lab.filter(|lab| lab.released_at.is_some()).and_then(|lab| lab.value).map(|value| value.as_str().into());
    Ok(Some(Found { trace, area, collections, custody, sites, ..Found::default() }))
}

fn the_box(tx: &Tx<'_>, plan: &Plan, code: &str) -> Result<Option<Found>> {
    let custody = tx.custody_of(code)?;
    let Some(row) = tx.box_for_look(code)? else { return Ok(None) };
    let trace = Trace {
        kind: "box".into(),
        code: code.into(),
        state: row.state,
        place: row.site.map(|site| site_name(plan, site)).unwrap_or_default(),
        members: i64::from(row.tubes),
        ..Trace::default()
    };
    let area = row.site.and_then(|site| plan.sites.get(&site)).map(|site| site.area);
    let sites = HashMap::from([(code.to_owned(), trace.place.clone())]);
    Ok(Some(Found { trace, area, custody, sites, ..Found::default() }))
}

fn person(tx: &Tx<'_>, plan: &Plan, code: &str) -> Result<Option<Found>> {
    let no = match (code.parse::<i64>(), CardCode::parse(code)) {
        (Ok(no), _) => Some(no),
        (_, Ok(card)) => tx.persons_of_cards(&[card.as_str()])?.into_values().next(),
        _ => return Err(Code::CodeMalformed.field("/code")),
    };
    let Some(no) = no else { return Ok(None) };
    let Some(row) = tx.persons(&[no])?.into_iter().next() else { return Ok(None) };
    // Swabs keep the record under which they were taken: those of merged records are told with the one that stays.
    let records: BTreeSet<i64> = tx.family(row.no)?.into_iter().collect();
    let swabs = tx.person_collections(&records)?;
    let (mut collections, mut custody, mut sites) = (Vec::new(), Vec::new(), HashMap::new());
    let tubes: BTreeMap<&str, Id<Site>> = swabs.iter().map(|swab| (swab.tube.as_str(), swab.site)).collect();
    let own: BTreeSet<String> = swabs.iter().map(|swab| swab.id.uuid().to_string()).collect();
    for (tube, site) in tubes.into_iter().take(TUBES_MAX) {
        let of_records = |c: &CollectionRow| c.person.is_some_and(|no| records.contains(&no.0));
        let mine: Vec<CollectionRow> = tx.collections_of(tube)?.into_iter().filter(of_records).collect();
        // One that was here while a record was merged has gone back with it.
        if mine.is_empty() {
            continue;
        }
        sites.insert(tube.to_owned(), site_name(plan, site));
        collections.extend(mine);
        // Of the tube only what happened to it as a whole, and what happened to these swabs.
        let of_swab = |row: &CustodyRow| {
            !matches!(row.event.as_str(), "voided" | "moved_out") || row.target.as_ref().is_some_and(|target| own.contains(target))
        };
        custody.extend(tx.custody_of(tube)?.into_iter().filter(of_swab));
    }
    let mut told = Vec::new();
    for record in &records {
        told.extend(tx.reports_of(PersonNo(*record), REPORTS_MAX)?);
    }
    let told = told.into_iter().map(|report| {
        let at = rfc3339(report.reported_at);
        let step = TraceStep {
            recorded_at: at.clone(),
            at,
            event: "reported".into(),
            state: report.value,
            tube: Some(report.tube),
            ..TraceStep::default()
        };
        (report.reported_at, step)
    });
    let trace = Trace {
        kind: "person".into(),
        code: no.to_string(),
        person: Some(TracedPerson { no, name: mask::name(&row.name) }),
        state: row.state.clone(),
        place: plan.area(row.living_area).map(|area| area.name.clone()).unwrap_or_default(),
        members: swabs.iter().filter(|swab| swab.valid).count() as i64,
        ..Trace::default()
    };
    Ok(Some(Found { trace, area: Some(row.living_area), collections, custody, told: told.collect(), sites, ..Found::default() }))
}

/// What happens to a box with all that is in it.
const OF_BOX: [&str; 4] = ["sealed", "given", "taken", "box_received"];

/// The way of a tube goes on with its box: who sealed it, carried it and took it in, for as long as the tube was inside.
fn carried(tx: &Tx<'_>, found: &mut Found) -> Result<(), StoreError> {
    let stay = |packed: &CustodyRow| {
        let out =
            found.custody.iter().filter(|row| row.event == "unpacked" && row.subject == packed.subject && row.target == packed.target);
        let until = out.map(|row| row.key).filter(|key| *key > packed.key).min();
        Some((packed.target.clone()?, packed.key, until, found.sites.get(&packed.subject).cloned()))
    };
    let stays: Vec<_> = found.custody.iter().filter(|row| row.event == "packed").filter_map(stay).collect();
    let boxes: BTreeSet<&str> = stays.iter().map(|(code, ..)| code.as_str()).collect();
    let boxes: Vec<&str> = boxes.into_iter().collect();
    let inside = |row: &CustodyRow| {
        let mut own = stays.iter().filter(|(code, ..)| *code == row.subject);
        OF_BOX.contains(&row.event.as_str()) && own.any(|(_, from, until, _)| *from < row.key && until.is_none_or(|until| row.key < until))
    };
    found.custody.extend(tx.custody_of_all(&boxes)?.into_iter().filter(inside));
    found.sites.extend(stays.into_iter().filter_map(|(code, _, _, site)| Some((code, site?))));
    Ok(())
}

fn names(tx: &Tx<'_>, found: &mut Found) -> Result<(), StoreError> {
    let mut accounts: Vec<Uuid> = found.custody.iter().map(|row| row.actor.uuid()).collect();
    accounts.extend(found.collections.iter().map(|row| row.registrar.uuid()));
    accounts.sort_unstable();
    accounts.dedup();
    found.accounts = tx.account_names(&accounts)?;
    let devices: BTreeSet<i64> =
        found.custody.iter().map(|row| row.key.device_no).chain(found.collections.iter().map(|row| row.key.device_no)).collect();
    for no in devices.into_iter().filter(|no| *no > 0) {
        if let Some(device) = tx.device_by_no(no)? {
            found.devices.insert(no, device);
        }
    }
    let mut subjects: Vec<&str> = found.custody.iter().map(|row| row.subject.as_str()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let labs: HashMap<String, String> = tx.labs()?.into_iter().map(|lab| (lab.id.to_string(), lab.name)).collect();
    let of_tubes = tx.lab_tubes(&subjects)?.into_iter().filter_map(|(tube, row)| Some((tube, labs.get(&row.lab.to_string())?.clone())));
    let of_boxes = found.custody.iter().filter_map(|row| Some((row.subject.clone(), labs.get(row.target.as_deref()?)?.clone())));
    found.labs = of_tubes.chain(of_boxes).collect();
    let persons: Vec<i64> = found.collections.iter().filter_map(|row| row.person).map(|no| no.0).collect();
    found.persons = tx.persons(&persons)?.into_iter().map(|row| (row.no.0, mask::name(&row.name))).collect();
    Ok(())
}

/// Events that happen in a laboratory; all others happen where the tube or box was filled.
const IN_LABORATORY: [&str; 8] =
    ["box_received", "placed_on_run", "received", "rejected", "released", "repeated", "resulted", "taken_off_run"];
/// What of an event's detail is told, in this order; the place stands in its own column.
const TOLD: [&str; 6] = ["run", "well", "value", "outcome", "reason", "note"];

/// An event's detail as words that a page translates one by one, ` · ` between them.
fn note(detail: &str) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(detail) else { return detail.to_owned() };
    let words = TOLD.iter().filter_map(|key| match fields.get(*key)? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" · ")
}

fn in_order(plan: &Plan, found: Found) -> Trace {
    let Found { mut trace, collections, custody, told, accounts, devices, persons, sites, labs, .. } = found;
    let who = |id: Uuid| accounts.get(&id).cloned().unwrap_or_default();
    let device = |no: i64| devices.get(&no).map(|device| device.label.clone()).unwrap_or_default();
    let foreign = |code: &str| (code != trace.code).then(|| code.to_owned());
    let mut steps: Vec<(Instant, i64, TraceStep)> = Vec::new();
    for row in collections {
        let person = row.person.map(|no| TracedPerson { no: no.0, name: persons.get(&no.0).cloned().unwrap_or_default() });
        let step = TraceStep {
            at: rfc3339(row.key.at),
            recorded_at: rfc3339(row.recorded_at),
            event: if row.moved_from.is_some() { "moved_in" } else { "collected" }.into(),
            state: row.flaw.clone().filter(|_| row.state == "exception").unwrap_or(row.state),
            who: who(row.registrar.uuid()),
            place: format!("{} · {}", site_name(plan, row.site), row.station),
            device_no: row.key.device_no,
            device: device(row.key.device_no),
            tube: foreign(&row.tube),
            person,
            note: row.moved_from,
            ..TraceStep::default()
        };
        steps.push((row.key.at, row.key.device_seq, step));
    }
    for row in custody {
        let in_box = matches!(row.event.as_str(), "packed" | "unpacked");
        // A step of the box that a tube was in is told with the box.
        let of_box = foreign(&row.subject).filter(|code| BoxCode::parse(code).is_ok());
        let tube = match &of_box {
            Some(_) => None,
            None if row.event.starts_with("tube_") => row.target.clone(),
            None => foreign(&row.subject),
        };
        let counted = row.counted.map(|n| n.to_string());
        let places = if IN_LABORATORY.contains(&row.event.as_str()) { &labs } else { &sites };
        let step = TraceStep {
            at: rfc3339(row.key.at),
            recorded_at: rfc3339(row.recorded_at),
            event: row.event,
            state: row.verdict,
            who: who(row.actor.uuid()),
            device_no: row.key.device_no,
            device: device(row.key.device_no),
            tube,
            box_code: row.target.filter(|_| in_box).or(of_box),
            place: places.get(&row.subject).cloned().unwrap_or_default(),
            note: row.detail.map(|detail| note(&detail)).or(counted),
            ..TraceStep::default()
        };
        steps.push((row.key.at, row.key.device_seq, step));
    }
    steps.extend(told.into_iter().map(|(at, step)| (at, i64::MAX, step)));
    steps.sort_by_key(|(at, seq, _)| (*at, *seq));
    trace.steps = steps.into_iter().map(|(_, _, step)| step).collect();
    trace
}
