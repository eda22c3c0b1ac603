//! Rows that met a record with the same document: a person decides.

use std::{collections::HashMap, sync::Arc};

use allclear_domain::{
    kernel::{
        id::{Id, Import},
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
use allclear_wire::people::{DecideRequest, Decision, ParkedField, ParkedRow};

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
        import::{
            columns::{Field, Mapping},
            places::Places,
            row::{self, Judge, Newcomer},
        },
        intake, view,
    },
    plan::Plan,
};

/// Parked rows of one page, and of one decision.
pub const PARKED_PAGE: i64 = 50;
const LINES_MAX: usize = 200;

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

fn known(tx: &Tx<'_>, row: &ImportRowKept) -> StoreResult<Option<PersonRow>> {
    let Some(owner) = blind_of(row).map(|blind| tx.person_of_document(&blind)).transpose()?.flatten() else { return Ok(None) };
    Ok(tx.persons(&[owner])?.pop())
}

/// A field, what the row says, what the register says, how it is masked.
type Compared = (Field, Option<String>, Option<String>, fn(&str) -> String);

fn compared(tx: &Tx<'_>, plan: &Plan, row: &Newcomer, known: Option<&PersonRow>) -> StoreResult<Vec<ParkedField>> {
    let keys = tx.keys();
    let phone = known.map(|p| view::cell(keys, p.no, "phone", p.phone.as_ref())).transpose()?.flatten();
    let address = known.map(|p| view::cell(keys, p.no, "address", p.address.as_ref())).transpose()?.flatten();
    let groups = |groups: Groups| groups.iter().map(|group| group.zh()).collect::<Vec<_>>().join("、");
    let fields: [Compared; 7] = [
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
                let cells = cells_of(tx.keys(), id, row.line, &row.cells)?;
                let Some(newcomer) = reader.newcomer(&import, &cells) else { continue };
                let known = known(tx, &row)?;
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
    author: &'a str,
    import: Id<Import>,
}

impl Act<'_> {
    fn update(&self, tx: &Tx<'_>, row: &mut ImportRowKept, newcomer: &Newcomer) -> Result<()> {
        let Some(mut person) = known(tx, row)? else { return Err(Code::StateConflict.problem()) };
        let before = Before::of(tx.keys(), &person)?;
        change::apply(tx.keys(), &mut person, newcomer);
        let step = Step { id: self.ids.at(self.now), now: self.now, op: "update_by_import", author: self.author, other: None };
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
        let person = intake::registered(tx.keys(), newcomer, blind, (no, None, None));
        tx.register_persons(&[person], Some(self.import.uuid()), self.now)?;
        row.person = Some(no);
        Ok(())
    }
}

/// Decides parked rows; all or none of the lines.
pub async fn decide(app: &App, caller: &Arc<Caller>, id: Id<Import>, request: DecideRequest) -> Result<i64> {
    if request.lines.is_empty() || request.lines.len() > LINES_MAX {
        return Err(Code::BodyInvalid.field("/lines"));
    }
    let (reader, caller, now, ids) = (Reader::new(app), Arc::clone(caller), app.now(), app.ids.clone());
    app.store
        .run("decide_parked", move |tx| -> Result<i64> {
            let import = own(tx, &caller, id)?;
            let act = Act { ids: &ids, now, author: &caller.name, import: id };
            let rows: HashMap<i64, ImportRowKept> = tx.import_rows_at(id, &request.lines)?.into_iter().map(|row| (row.line, row)).collect();
            for line in &request.lines {
                let mut row = rows.get(line).filter(|row| row.kind == "parked").cloned().ok_or_else(|| Code::NotFound.field("/lines"))?;
                let cells = cells_of(tx.keys(), id, row.line, &row.cells)?;
                let newcomer = reader.newcomer(&import, &cells).ok_or_else(|| Code::StateConflict.problem())?;
                row.decision = Some(
                    match request.decision {
                        Decision::Keep => "keep",
                        Decision::Update => {
                            act.update(tx, &mut row, &newcomer)?;
                            "update"
                        }
                        Decision::Both => {
                            act.both(tx, &mut row, &newcomer)?;
                            "both"
                        }
                    }
                    .to_owned(),
                );
                if !tx.decide_import_row(id, &row, &caller.name)? {
                    return Err(Code::StateConflict.problem());
                }
            }
            Ok::<_, crate::edge::problem::Problem>(tx.count_parked_open(id)?)
        })
        .await
}
