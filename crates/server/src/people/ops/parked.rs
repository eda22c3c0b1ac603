//! Rows that met a record with the same document: a person decides.

use std::{collections::HashMap, sync::Arc};

use allclear_domain::{
    kernel::{
        access::Action,
        id::{Id, Import, PersonNo},
        time::Instant,
    },
    people::{
        groups::{AgeGroups, Groups},
        mask,
    },
};
use allclear_seal::BlindIndex;
use allclear_store::{
    Result as StoreResult, Tx,
    imports::{ImportRow, ImportRowKept},
    register::PersonRow,
};
use allclear_wire::people::{DecideRequest, Decided, Decision, ParkedField, ParkedRow};

use super::{
    change::{self, Before, Step},
    files::{cells_of, own, reasons_of},
    places, today,
};
use crate::{
    app::App,
    clock::Ids,
    edge::{
        guard::Caller,
        problem::{Code, Result},
    },
    people::{
        homes,
        import::{
            columns::{Field, Mapping},
            places::Places,
            row::{self, Judge, Newcomer},
        },
        intake::{self, Known, Ties},
        view,
    },
    plan::Plan,
};

/// Parked rows of one page, and of one decision.
pub const PARKED_PAGE: i64 = 50;
const LINES_MAX: usize = 200;
/// Pages of one request that decides everything: about a second of commits.
const PAGES_MAX: usize = 10;

/// What is needed to read parked rows again.
struct Reader {
    plan: Arc<Plan>,
    places: Places,
    today: allclear_domain::people::date::Date,
}

impl Reader {
    fn new(app: &App) -> Self {
        let plan = app.plan();
        Self { places: places(&plan), plan, today: today(app) }
    }

    fn read(&self, tx: &Tx<'_>, import: &ImportRow, row: &ImportRowKept) -> StoreResult<Option<Newcomer>> {
        Ok(self.newcomer(import, &cells_of(tx.keys(), import.id, row.line, &row.cells)?))
    }

    /// The person that a parked row gives; it was valid when it came.
    fn newcomer(&self, import: &ImportRow, cells: &[String]) -> Option<Newcomer> {
        let words: Vec<Option<String>> = serde_json::from_str(&import.mapping).ok()?;
        let mapping: Mapping = words.iter().map(|word| word.as_deref().and_then(Field::parse)).collect();
        let judge = Judge { places: &self.places, area: import.area, today: self.today, ages: AgeGroups::of(&self.plan.profile) };
        row::judge(&judge, &mapping, cells).ok()
    }
}

fn blind_of(row: &ImportRowKept) -> Option<BlindIndex> {
    row.blind.as_deref().and_then(|blind| blind.try_into().ok())
}

/// The record that answers for a parked row's document; for a merged one, the one it went into.
fn known(tx: &Tx<'_>, row: &ImportRowKept) -> StoreResult<Option<PersonRow>> {
    let Some(owner) = blind_of(row).map(|blind| tx.person_of_document(&blind)).transpose()?.flatten() else { return Ok(None) };
    Ok(tx.persons(&[tx.survivor(PersonNo(owner))?.0])?.pop())
}

/// The same, if the caller may see it: a document may belong to somebody of another town.
fn known_to(tx: &Tx<'_>, caller: &Caller, row: &ImportRowKept) -> StoreResult<Option<PersonRow>> {
    Ok(known(tx, row)?.filter(|person| caller.may_in(Action::ManagePersons, person.home())))
}

/// A field, what the row says, what the register says, how it is masked.
type Compared = (Field, Option<String>, Option<String>, fn(&str) -> String);

/// The birth date of a row whose document does not tell it.
fn born(row: &Newcomer) -> Option<String> {
    row.born.filter(|_| row.document.birth().is_none()).map(|born| born.to_string())
}

type Sides = (Option<String>, Option<String>);

/// Household and guardian of a row and of the register, as numbers that say nothing to a stranger.
fn kin(tx: &Tx<'_>, ties: Ties, met: &Known, known: Option<&PersonRow>) -> StoreResult<(Sides, Sides)> {
    let size = |home: i64| Ok::<_, allclear_store::StoreError>(format!("{home} ({})", tx.household_members(home)?.len()));
    let home = ties.household.map(|label| met.home(&label).map_or_else(|| Ok("+".to_owned()), size)).transpose()?;
    let guardian = ties.guardian.map(|blind| met.owner(&blind).map_or_else(|| "?".to_owned(), |no| no.to_string()));
    let known_home = known.and_then(|p| p.household).map(size).transpose()?;
    Ok(((home, known_home), (guardian, known.and_then(|p| p.guardian).map(|no| no.to_string()))))
}

fn compared(tx: &Tx<'_>, plan: &Plan, row: &Newcomer, known: Option<&PersonRow>) -> StoreResult<Vec<ParkedField>> {
    let keys = tx.keys();
    let phone = known.map(|p| view::cell(keys, p.no, "phone", p.phone.as_ref())).transpose()?.flatten();
    let address = known.map(|p| view::cell(keys, p.no, "address", p.address.as_ref())).transpose()?.flatten();
    let area = |code| view::area_name(plan, code);
    let birth_date = known.map(|p| view::cell(keys, p.no, "birth_date", p.birth_date.as_ref())).transpose()?.flatten();
    let ties = Ties::of(keys, row);
    let (household, guardian) = kin(tx, ties, &Known::of(tx, &[None], &[ties])?, known)?;
    let groups = |groups: Groups| groups.iter().map(|group| group.zh()).collect::<Vec<_>>().join("、");
    let fields: [Compared; 11] = [
        (Field::Name, Some(row.name.as_str().to_owned()), known.map(|p| p.name.clone()), mask::name),
        (Field::Phone, row.phone.as_ref().map(|phone| phone.as_str().to_owned()), phone, mask::phone),
        (
            Field::LivingArea,
            Some(view::area_name(plan, row.living_area)),
            known.map(|p| view::area_name(plan, p.living_area)),
            str::to_owned,
        ),
        (Field::Address, row.address.clone(), address, |text| text.chars().take(6).chain("…".chars()).collect()),
        (Field::Workplace, row.workplace.clone(), known.and_then(|p| p.workplace.clone()), str::to_owned),
        (Field::Sex, row.sex.map(|sex| sex.as_str().to_owned()), known.and_then(|p| p.sex.clone()), str::to_owned),
        (Field::Groups, Some(groups(row.groups)), known.map(|p| groups(Groups(p.groups))), str::to_owned),
        (Field::ResidenceArea, row.residence_area.map(&area), known.and_then(|p| p.residence_area).map(&area), str::to_owned),
        (Field::BirthDate, born(row), birth_date, |text| text.chars().take(4).chain("-…".chars()).collect()),
        (Field::Household, household.0, household.1, str::to_owned),
        (Field::GuardianDocument, guardian.0, guardian.1, str::to_owned),
    ];
    let field = |(field, row, known, mask): Compared| {
        let row = row.filter(|text| !text.is_empty())?;
        let differs = known.as_deref() != Some(row.as_str());
        Some(ParkedField { field: field.as_str().to_owned(), row: mask(&row), known: known.map(|text| mask(&text)), differs })
    };
    Ok(fields.into_iter().filter_map(field).collect())
}

/// Parked rows that wait, beside what the register says.
pub async fn list(app: &App, caller: &Arc<Caller>, id: Id<Import>, after: i64) -> Result<(Vec<ParkedRow>, Option<i64>)> {
    let (reader, caller) = (Reader::new(app), Arc::clone(caller));
    app.store
        .read("list_parked", move |tx| -> Result<(Vec<ParkedRow>, Option<i64>)> {
            let import = own(tx, &caller, id)?;
            let rows = tx.import_rows(id, "parked", true, after, PARKED_PAGE)?;
            let next = (rows.len() as i64 == PARKED_PAGE).then(|| rows.last().map(|row| row.line)).flatten();
            let mut out = Vec::with_capacity(rows.len());
            for row in rows {
                let Some(newcomer) = reader.read(tx, &import, &row)? else { continue };
                let known = known_to(tx, &caller, &row)?;
                let (field, code) = reasons_of(&row.reasons).into_iter().next().unwrap_or_default();
                let fields = compared(tx, &reader.plan, &newcomer, known.as_ref())?;
                let known = known.map(|known| view::lines(tx, &reader.plan, &[known])).transpose()?.and_then(|mut lines| lines.pop());
                out.push(ParkedRow { line: row.line, reason: view::reason(&field, &code), row: fields, known });
            }
            Ok((out, next))
        })
        .await
}

/// One decision on its way into the store.
struct Act<'a> {
    ids: &'a Ids,
    now: Instant,
    caller: &'a Caller,
    import: Id<Import>,
}

impl Act<'_> {
    /// Whether a row can be decided so; asked before anything is written.
    fn may(&self, tx: &Tx<'_>, row: &ImportRowKept, decision: Decision) -> StoreResult<bool> {
        Ok(decision != Decision::Update || known_to(tx, self.caller, row)?.is_some())
    }

    fn decide(&self, tx: &Tx<'_>, row: &mut ImportRowKept, newcomer: &Newcomer, decision: Decision) -> Result<()> {
        let word = match decision {
            Decision::Keep => "keep",
            Decision::Update => {
                self.update(tx, row, newcomer)?;
                "update"
            }
            Decision::Both => {
                self.both(tx, row, newcomer)?;
                "both"
            }
        };
        row.decision = Some(word.to_owned());
        if tx.decide_import_row(self.import, row, &self.caller.name)? { Ok(()) } else { Err(Code::StateConflict.problem()) }
    }

    fn update(&self, tx: &Tx<'_>, row: &mut ImportRowKept, newcomer: &Newcomer) -> Result<()> {
        let Some(mut person) = known(tx, row)? else { return Err(Code::StateConflict.problem()) };
        self.caller.require_in(Action::ManagePersons, person.home())?;
        let before = Before::of(tx.keys(), &person)?;
        change::apply(tx.keys(), &mut person, newcomer);
        let ties = Ties::of(tx.keys(), newcomer);
        let known = Known::of(tx, &[blind_of(row)], &[ties])?;
        if let Some(label) = ties.household {
            person.household = Some(match known.home(&label) {
                Some(home) => home,
                None => homes::found(tx, &person, Some(label))?,
            });
        }
        known.label_adopted(tx)?;
        person.guardian = ties.guardian.and_then(|blind| known.owner(&blind)).or(person.guardian);
        let step = Step { id: self.ids.at(self.now), now: self.now, op: "update_by_import", author: &self.caller.name, other: None };
        change::write(tx, &person, &before, &step)?;
        row.person = Some(person.no.0);
        row.before = Some(before.sealed(tx.keys(), person.no));
        Ok(())
    }

    /// A second person under a number that somebody has: kept under the number with a copy mark, so
    /// that a search for the number shows both.
    fn both(&self, tx: &Tx<'_>, row: &mut ImportRowKept, newcomer: &Newcomer) -> Result<()> {
        let (kind, number) = (newcomer.document.kind().as_str(), newcomer.document.number());
        let copies = (2..=9).map(|copy| tx.keys().blind(kind, &format!("{number}#{copy}")));
        let mut free = None;
        for blind in copies {
            if tx.person_of_document(&blind)?.is_none() {
                free = Some(blind);
                break;
            }
        }
        let blind = free.ok_or_else(|| Code::StateConflict.problem())?;
        let no = tx.take_person_numbers(newcomer.living_area, 1)?;
        let ties = Ties::of(tx.keys(), newcomer);
        let known = Known::of(tx, &[None], &[ties])?;
        let household = ties.household.map(|label| (label, known.home(&label)));
        if let Some((label, None)) = household {
            tx.insert_households(&[homes::fresh(tx.keys(), no, newcomer.living_area, Some(label))])?;
        }
        let household = household.map(|(_, home)| home.unwrap_or(no));
        let guardian = ties.guardian.and_then(|blind| known.owner(&blind));
        let person = intake::registered(tx.keys(), newcomer, blind, (no, household, guardian));
        tx.register_persons(&[person], Some(self.import.uuid()), self.now)?;
        tx.count_added_later(self.import)?;
        row.person = Some(no);
        Ok(())
    }
}

/// Decides parked rows: those named, all or none of them; or every row that waits, each for itself.
pub async fn decide(app: &App, caller: &Arc<Caller>, id: Id<Import>, request: DecideRequest) -> Result<Decided> {
    if request.all != request.lines.is_empty() || request.lines.len() > LINES_MAX {
        return Err(Code::BodyInvalid.field("/lines"));
    }
    if request.all { decide_all(app, caller, id, &request).await } else { decide_lines(app, caller, id, request).await }
}

async fn decide_lines(app: &App, caller: &Arc<Caller>, id: Id<Import>, request: DecideRequest) -> Result<Decided> {
    let (reader, caller, now, ids) = (Reader::new(app), Arc::clone(caller), app.now(), app.ids.clone());
    app.store
        .run("decide_parked", move |tx| -> Result<Decided> {
            let import = own(tx, &caller, id)?;
            let act = Act { ids: &ids, now, caller: &caller, import: id };
            let rows: HashMap<i64, ImportRowKept> = tx.import_rows_at(id, &request.lines)?.into_iter().map(|row| (row.line, row)).collect();
            for line in &request.lines {
                let mut row = rows.get(line).filter(|row| row.kind == "parked").cloned().ok_or_else(|| Code::NotFound.field("/lines"))?;
                let newcomer = reader.read(tx, &import, &row)?.ok_or_else(|| Code::StateConflict.problem())?;
                act.decide(tx, &mut row, &newcomer, request.decision)?;
            }
            Ok(Decided { decided: request.lines.len() as i64, skipped: 0, parked_open: tx.count_parked_open(id)?, next: None })
        })
        .await
}

/// One commit a page, so that a swab never waits for thousands of decisions.
async fn decide_all(app: &App, caller: &Arc<Caller>, id: Id<Import>, request: &DecideRequest) -> Result<Decided> {
    let reader = Arc::new(Reader::new(app));
    let mut out = Decided { decided: 0, skipped: 0, parked_open: 0, next: Some(request.after) };
    for _ in 0..PAGES_MAX {
        let Some(after) = out.next else { break };
        let (reader, caller, now, ids, decision) = (Arc::clone(&reader), Arc::clone(caller), app.now(), app.ids.clone(), request.decision);
        let page = app.store.run("decide_parked", move |tx| -> Result<Decided> {
            let import = own(tx, &caller, id)?;
            let act = Act { ids: &ids, now, caller: &caller, import: id };
            let rows = tx.import_rows(id, "parked", true, after, LINES_MAX as i64)?;
            let next = (rows.len() == LINES_MAX).then(|| rows.last().map(|row| row.line)).flatten();
            let mut page = Decided { decided: 0, skipped: 0, parked_open: 0, next };
            for mut row in rows {
                let Some(newcomer) = reader.read(tx, &import, &row)?.filter(|_| act.may(tx, &row, decision).unwrap_or(false)) else {
                    page.skipped += 1;
                    continue;
                };
                act.decide(tx, &mut row, &newcomer, decision)?;
                page.decided += 1;
            }
            page.parked_open = tx.count_parked_open(id)?;
            Ok(page)
        });
        let page = page.await?;
        out = Decided { decided: out.decided + page.decided, skipped: out.skipped + page.skipped, ..page };
    }
    Ok(out)
}
