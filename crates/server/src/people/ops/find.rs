//! Search, one record, one identity in clear.

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        code::{CardCode, HouseholdCode},
        id::PersonNo,
    },
    people::{
        date::Date,
        document::{Document, DocumentKind},
        name,
        phone::Phone,
    },
};
use allclear_store::{Result as StoreResult, Tx, register::PersonRow};
use allclear_wire::people::{DocumentLine, PeopleFound, PeopleSearch, PersonClear, PersonRecord};

use super::{reason, record, today};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    people::{initials, view},
    plan::Plan,
};

/// Most rows of one search: a longer text finds fewer, a longer list helps nobody.
pub const FOUND_MAX: usize = 100;
/// Longest search text in characters.
const TEXT_CHARS_MAX: usize = 80;

/// How a search text was understood, and the record numbers it gave.
type Hits = (&'static str, Vec<i64>);

/// A code identifies one person or family whatever the area; the scope is checked on the records.
fn by_code(tx: &Tx<'_>, text: &str) -> StoreResult<Option<Hits>> {
    if let Ok(code) = CardCode::parse(text) {
        return Ok(Some(("code", tx.persons_of_cards(&[code.as_str()])?.into_values().collect())));
    }
    if let Ok(code) = HouseholdCode::parse(text) {
        let household = tx.household_of_code(code.as_str())?;
        return Ok(Some(("family", household.map(|no| tx.household_members(no)).transpose()?.unwrap_or_default())));
    }
    Ok(None)
}

/// Owner of a document number, and of the second and third record that carry the same by decision.
pub fn owners(tx: &Tx<'_>, kind: DocumentKind, number: &str) -> StoreResult<Vec<i64>> {
    let first = tx.keys().blind(kind.as_str(), number);
    let Some(owner) = tx.person_of_document(&first)? else { return Ok(Vec::new()) };
    let mut owners = vec![owner];
    for copy in 2..=9 {
        match tx.person_of_document(&tx.keys().blind(kind.as_str(), &format!("{number}#{copy}")))? {
            Some(other) => owners.push(other),
            None => break,
        }
    }
    Ok(owners)
}

fn by_number(tx: &Tx<'_>, text: &str, today: Date) -> StoreResult<Option<Hits>> {
    if let Ok(phone) = Phone::parse(text) {
        let found = tx.numbers_by_phone(&tx.keys().blind("phone", phone.as_str()), FOUND_MAX as i64 + 1)?;
        if !found.is_empty() {
            return Ok(Some(("phone", found)));
        }
    }
    let guess = Document::guess_kind(text);
    for kind in [guess, DocumentKind::Passport, DocumentKind::TaiwanPermit, DocumentKind::HkMacaoPermit] {
        if let Ok(document) = Document::parse(kind, text, today) {
            let found = owners(tx, kind, document.number())?;
            if !found.is_empty() {
                return Ok(Some(("document", found)));
            }
        }
    }
    if Phone::parse(text).is_ok() {
        return Ok(Some(("phone", Vec::new())));
    }
    if let Some(no) = text.parse::<i64>().ok().filter(|no| *no > 0) {
        return Ok(Some(("number", vec![no])));
    }
    Ok(text.bytes().any(|b| b.is_ascii_digit()).then_some(("document", Vec::new())))
}

fn by_name(tx: &Tx<'_>, text: &str, roots: &[AreaCode]) -> StoreResult<Hits> {
    let limit = FOUND_MAX as i64 + 1;
    let mut found = Vec::new();
    let letters = initials::is_query(text);
    for root in roots {
        if letters {
            found.extend(tx.numbers_by_initials(&text.to_ascii_lowercase(), *root, limit)?);
        }
        if !letters || found.len() <= FOUND_MAX {
            found.extend(tx.numbers_by_name(text, *root, limit)?);
        }
    }
    Ok((if letters { "initials" } else { "name" }, found))
}

fn hits(tx: &Tx<'_>, text: &str, roots: &[AreaCode], today: Date) -> StoreResult<Hits> {
    if text.is_empty() {
        let mut found = Vec::new();
        for root in roots {
            found.extend(tx.numbers_in_area(*root, 0, FOUND_MAX as i64 + 1)?);
        }
        return Ok(("area", found));
    }
    if let Some(hits) = by_code(tx, text)? {
        return Ok(hits);
    }
    if let Some(hits) = by_number(tx, text, today)? {
        return Ok(hits);
    }
    by_name(tx, text, roots)
}

/// Records behind the numbers, merged ones replaced by those they went into, each once.
fn survivors(tx: &Tx<'_>, numbers: &[i64]) -> StoreResult<Vec<PersonRow>> {
    let mut wanted = Vec::with_capacity(numbers.len());
    let merged = tx.survivors(numbers)?;
    for person in tx.persons(numbers)? {
        let no = merged.get(&person.no.0).copied().unwrap_or(person.no.0);
        if person.state != "removed" && !wanted.contains(&no) {
            wanted.push(no);
        }
    }
    tx.persons(&wanted)
}

/// The subtrees in which a search runs: those of the account, narrowed to `area`.
fn roots(caller: &Caller, area: Option<AreaCode>) -> Vec<AreaCode> {
    let mut roots: Vec<AreaCode> = caller
        .areas(Action::ReadPersons)
        .filter_map(|root| match area {
            None => Some(root),
            Some(area) if area.is_within(root) => Some(area),
            Some(area) if root.is_within(area) => Some(root),
            Some(_) => None,
        })
        .collect();
    roots.sort_unstable();
    roots.dedup();
    let all = roots.clone();
    roots.retain(|root| !all.iter().any(|other| other != root && root.is_within(*other)));
    roots
}

/// Finds people by whatever was typed or scanned.
pub async fn search(app: &App, caller: &Arc<Caller>, request: PeopleSearch) -> Result<PeopleFound> {
    let text = request.text.trim().to_owned();
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::BodyInvalid.field("/text"));
    }
    let area = request.area.filter(|area| !area.is_empty());
    let area = area.map(|area| AreaCode::parse(&area).map_err(|_| Code::AreaUnknown.field("/area"))).transpose()?;
    if text.is_empty() && area.is_none() {
        return Err(Code::BodyInvalid.field("/text"));
    }
    let (plan, caller, today) = (app.plan(), Arc::clone(caller), today(app));
    let roots = roots(&caller, area);
    app.store
        .read("search_people", move |tx| -> Result<PeopleFound> {
            let (by, numbers) = hits(tx, &text, &roots, today)?;
            let within = |person: &PersonRow| roots.iter().any(|root| person.home().is_within(*root));
            let mut found: Vec<PersonRow> = survivors(tx, &numbers)?.into_iter().filter(within).collect();
            let more = found.len() > FOUND_MAX;
            found.truncate(FOUND_MAX);
            Ok(PeopleFound { by: by.to_owned(), rows: view::lines(tx, &plan, &found)?, more })
        })
        .await
}

/// Records of the same name that share phone or birth year: perhaps the same person.
fn alike(tx: &Tx<'_>, caller: &Caller, person: &PersonRow) -> StoreResult<Vec<PersonRow>> {
    let Some(root) = caller.areas(Action::ReadPersons).find(|root| person.home().is_within(*root)) else { return Ok(Vec::new()) };
    let key = name::key(&person.name);
    let found = tx.persons(&tx.numbers_by_name(&person.name, root, 200)?)?;
    let same = |other: &PersonRow| {
        other.no != person.no
            && matches!(other.state.as_str(), "active" | "provisional")
            && name::key(&other.name) == key
            && (other.phone_blind.is_some() && other.phone_blind == person.phone_blind
                || other.birth_year.is_some() && other.birth_year == person.birth_year)
    };
    Ok(found.into_iter().filter(same).take(10).collect())
}

fn record_view(
    tx: &Tx<'_>,
    plan: &Plan,
    caller: &Caller,
    person: &PersonRow,
    now: allclear_domain::kernel::time::Instant,
) -> Result<PersonRecord> {
    let merged = tx.persons(&tx.merged_into(person.no)?)?;
    let numbers = tx.family(person.no)?;
    let documents = tx.document_rows(&numbers)?;
    let household: Vec<PersonRow> = match person.household {
        Some(household) => tx.persons(&tx.household_members(household)?)?,
        None => Vec::new(),
    };
    let household: Vec<PersonRow> = household.into_iter().filter(|other| other.no != person.no && other.state != "removed").collect();
    let line = view::lines(tx, plan, std::slice::from_ref(person))?.pop().ok_or_else(|| Code::NotFound.problem())?;
    let may_change = caller.may_in(Action::ManagePersons, person.home());
    Ok(PersonRecord {
        line,
        version: person.version,
        grid: person.grid.and_then(|grid| plan.area(grid)).map(|area| area.name.clone()),
        residence_area: person.residence_area.map(|area| view::area_name(plan, area)),
        has_address: person.address.is_some(),
        workplace: person.workplace.clone(),
        documents: documents.iter().map(|row| view::document_line(tx.keys(), row)).collect::<StoreResult<_>>()?,
        stays: tx.stays_of(person.no)?.iter().map(|row| view::stay(tx.keys(), row, may_change, now)).collect::<StoreResult<_>>()?,
        cards: tx.card_rows(person.no)?.iter().map(view::card).collect(),
        household: view::lines(tx, plan, &household)?,
        guardian: person.guardian,
        merged: view::lines(tx, plan, &merged)?,
        alike: view::lines(tx, plan, &alike(tx, caller, person)?)?,
        history: tx.person_events(person.no, 100)?.iter().map(view::event).collect(),
        collections: tx.count_collections_of(&numbers)?,
    })
}

/// One record, masked.
pub async fn person(app: &App, caller: &Arc<Caller>, no: PersonNo) -> Result<PersonRecord> {
    let (plan, caller, now) = (app.plan(), Arc::clone(caller), app.now());
    app.store
        .read("show_person", move |tx| -> Result<PersonRecord> {
            let person = record(tx, &caller, Action::ReadPersons, no)?;
            record_view(tx, &plan, &caller, &person, now)
        })
        .await
}

/// One identity in clear; the look is in the access log before the answer leaves.
pub async fn reveal(app: &App, caller: &Arc<Caller>, no: PersonNo, why: &str) -> Result<PersonClear> {
    let why = reason(why)?;
    let now = app.now();
    let (caller, id) = (Arc::clone(caller), app.ids.at(now));
    app.store
        .run("reveal_person", move |tx| -> Result<PersonClear, Problem> {
            let person = record(tx, &caller, Action::RevealPerson, no)?;
            let device = caller.device.map(|(device, _)| device);
            tx.log_access(id, now, caller.account, device, "reveal_person", &format!("person:{}", no.0), &why)?;
            let keys = tx.keys();
            let documents: Vec<(String, String)> = tx
                .document_rows(&[no.0])?
                .iter()
                .map(|row| Ok((row.kind.clone(), view::document_number(keys, row)?)))
                .collect::<StoreResult<_>>()?;
            Ok(PersonClear {
                no: no.0,
                name: person.name.clone(),
                birth_date: view::birth_date(keys, &person, &documents)?,
                documents: documents.into_iter().map(|(kind, number)| DocumentLine { kind, number }).collect(),
                phone: view::cell(keys, no, "phone", person.phone.as_ref()).map_err(allclear_store::StoreError::from)?,
                address: view::cell(keys, no, "address", person.address.as_ref()).map_err(allclear_store::StoreError::from)?,
            })
        })
        .await
}
