//! From records to what a page shows: masked, with areas by name.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{area::AreaCode, id::PersonNo, time::Instant},
    people::{date::Date, document::Document, document::DocumentKind, groups::Groups, mask},
};
use allclear_seal::{CellError, Keys};
use allclear_store::{
    Result, Tx,
    imports::ImportRow,
    records::{CardRow, EventRow, StayRow},
    register::{DocumentRow, PersonRow},
};
use allclear_wire::people as wire;

use super::import::{places::short_name, row};
use crate::{clock::rfc3339, plan::Plan};

/// `石柱镇塘里村`: town and village as people say it.
#[must_use]
pub fn area_name(plan: &Plan, code: AreaCode) -> String {
    let name = |code: Option<AreaCode>| code.and_then(|code| plan.area(code)).map_or("", |area| area.name.as_str());
    format!("{}{}", name(code.parent()), short_name(name(Some(code))))
}

/// Opens a document's number.
pub fn document_number(keys: &Keys, row: &DocumentRow) -> Result<String, CellError> {
    keys.open_cell("document", "number", &row.person.0.to_string(), &row.number)
}

/// Opens a person's cell.
pub fn cell(keys: &Keys, person: PersonNo, column: &'static str, sealed: Option<&Vec<u8>>) -> Result<Option<String>, CellError> {
    sealed.map(|sealed| keys.open_cell("person", column, &person.0.to_string(), sealed)).transpose()
}

/// The order in which documents are shown: the resident ID first, "none yet" after whatever came later.
fn rank(kind: &str) -> u8 {
    match DocumentKind::parse(kind) {
        Some(DocumentKind::ResidentId) => 0,
        Some(DocumentKind::NoneYet) | None => 2,
        Some(_) => 1,
    }
}

/// Masked lines of some records, with their first document.
pub fn lines(tx: &Tx<'_>, plan: &Plan, persons: &[PersonRow]) -> Result<Vec<wire::PersonLine>> {
    let numbers: Vec<i64> = persons.iter().map(|person| person.no.0).collect();
    let mut documents: HashMap<i64, DocumentRow> = HashMap::new();
    let mut rows = tx.document_rows(&numbers)?;
    rows.sort_by_key(|row| std::cmp::Reverse(rank(&row.kind)));
    for document in rows {
        documents.insert(document.person.0, document);
    }
    persons
        .iter()
        .map(|person| {
            let document = documents.get(&person.no.0);
            let number = document.map(|document| document_number(tx.keys(), document)).transpose()?;
            Ok(wire::PersonLine {
                no: person.no.0,
                name: mask::name(&person.name),
                sex: person.sex.clone(),
                birth_year: person.birth_year,
                document_kind: document.map(|document| document.kind.clone()),
                document: number.map(|number| mask::document(&number)),
                phone: cell(tx.keys(), person.no, "phone", person.phone.as_ref())?.map(|phone| mask::phone(&phone)),
                area: person.living_area.to_string(),
                area_name: area_name(plan, person.living_area),
                groups: Groups(person.groups).iter().map(|group| group.as_str().to_owned()).collect(),
                state: person.state.clone(),
                merged_into: person.merged_into,
            })
        })
        .collect()
}

/// A document, masked.
pub fn document_line(keys: &Keys, row: &DocumentRow) -> Result<wire::DocumentLine> {
    Ok(wire::DocumentLine { kind: row.kind.clone(), number: mask::document(&document_number(keys, row)?) })
}

/// The birth date: told by a document, or kept sealed.
pub fn birth_date(keys: &Keys, person: &PersonRow, documents: &[(String, String)]) -> Result<Option<String>> {
    if let Some(kept) = cell(keys, person.no, "birth_date", person.birth_date.as_ref())? {
        return Ok(Some(kept));
    }
    Ok(documents.iter().find_map(|(kind, number)| {
        let kind = DocumentKind::parse(kind).filter(|kind| *kind != DocumentKind::NoneYet)?;
        Document::kept(kind, number.clone()).birth().map(|born: Date| born.to_string())
    }))
}

/// A stay; `with_reason` for whoever may change persons.
pub fn stay(keys: &Keys, row: &StayRow, with_reason: bool, now: Instant) -> Result<wire::StayLine> {
    let reason = keys.open_cell("person_stay", "reason", &row.id.to_string(), &row.reason)?;
    let ended = row.ended_at.or(row.until_at);
    Ok(wire::StayLine {
        group: row.group.clone(),
        reason: Some(reason).filter(|reason| with_reason && !reason.is_empty()),
        from_at: rfc3339(row.from_at),
        until_at: ended.map(rfc3339),
        in_force: row.from_at <= now && ended.is_none_or(|end| now < end),
    })
}

/// A card, with the middle of its code hidden.
#[must_use]
pub fn card(row: &CardRow) -> wire::CardLine {
    let code =
        format!("{}…{}", row.code.get(..5).unwrap_or_default(), row.code.get(row.code.len().saturating_sub(4)..).unwrap_or_default());
    wire::CardLine { code, issued_at: rfc3339(row.issued_at), revoked_at: row.revoked_at.map(rfc3339) }
}

/// A step of the history.
#[must_use]
pub fn event(row: &EventRow) -> wire::HistoryLine {
    wire::HistoryLine { at: rfc3339(row.at), op: row.op.clone(), author: row.author.clone(), other: row.other }
}

/// A reason in both languages.
#[must_use]
pub fn reason(field: &str, code: &str) -> wire::RowReason {
    let (zh, en) = row::texts(code);
    wire::RowReason { field: field.to_owned(), code: code.to_owned(), text_zh: zh.to_owned(), text_en: en.to_owned() }
}

/// An import with its counts.
#[must_use]
pub fn import(row: &ImportRow, parked_open: i64) -> wire::ImportState {
    wire::ImportState {
        id: row.id.uuid(),
        file_name: row.file_name.clone(),
        state: row.state.clone(),
        rows: row.rows_total,
        rows_done: row.counts.rows_done,
        added: row.counts.added,
        unchanged: row.counts.unchanged,
        bad: row.counts.bad,
        parked: row.counts.parked,
        parked_open,
        kept_on_undo: row.kept_on_undo,
        problem: row.problem.clone(),
        created_by: row.created_by.clone(),
        created_at: rfc3339(row.created_at),
        finished_at: row.finished_at.map(rfc3339),
    }
}
