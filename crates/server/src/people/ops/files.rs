//! An import from upload to undo: looked at, mapped, checked, taken in with progress, taken back.

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        access::Action,
        area::{AreaCode, Level},
        id::{Id, Import, PersonNo},
    },
    people::{document::Document, groups::AgeGroups, mask},
    sampling::round::RoundState,
};
use allclear_seal::sha256;
use allclear_store::{
    StoreError,
    imports::{ImportCounts, ImportRow},
};
use allclear_wire::people::{BadRowLine, ImportCheck, ImportColumn, ImportMapping, ImportState, RegisterPreview};

use super::{
    change::{self, Before, Step},
    places, today,
};
use crate::{
    app::{App, AppState},
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    people::{
        import::{
            columns::{self, BadMapping, Field, Mapping},
            file::{self, BadFile, Format, Table},
            row::{self, Judge},
            write_back::{self, BadRow},
        },
        intake::{self, BATCH_ROWS_ALONE, BATCH_ROWS_SHARED, Order, Source},
        jobs, view,
    },
};

/// Rows that a check looks at before anything is taken in.
const CHECK_ROWS: usize = 500;
/// Bad rows that a check shows.
const CHECK_SHOWN: usize = 20;
/// Persons of one commit of an undo.
const UNDO_ROWS: i64 = 2000;
/// Longest file name kept.
const NAME_CHARS_MAX: usize = 120;

/// The problem of a file that is no table.
pub fn bad_file(bad: BadFile) -> Problem {
    match bad {
        BadFile::Empty => Code::FileEmpty,
        BadFile::TooLarge => Code::BodyTooLarge,
        BadFile::Unpacks => Code::FileTooLarge,
        BadFile::NotATable => Code::FileNotATable,
        BadFile::OldExcel => Code::FileOldExcel,
        BadFile::Damaged => Code::FileDamaged,
        BadFile::NoRows => Code::FileNoRows,
        BadFile::TooManyRows => Code::FileTooManyRows,
        BadFile::TooManyColumns => Code::FileTooManyColumns,
    }
    .problem()
}

fn bad_mapping(bad: BadMapping) -> Problem {
    match bad {
        BadMapping::NoName => Code::MappingNoName,
        BadMapping::NoArea => Code::MappingNoArea,
        BadMapping::Twice => Code::MappingTwice,
        BadMapping::Columns => Code::MappingColumns,
    }
    .field("/columns")
}

/// Every subtree in which an account may change persons.
fn scopes(caller: &Caller) -> Result<Vec<AreaCode>> {
    let mut scopes: Vec<AreaCode> = caller.areas(Action::ManagePersons).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { Err(Code::Forbidden.problem()) } else { Ok(scopes) }
}

fn words(mapping: &Mapping) -> Vec<Option<String>> {
    mapping.iter().map(|field| field.map(|field| field.as_str().to_owned())).collect()
}

fn mapping_of(json: &str) -> Option<Mapping> {
    let words: Vec<Option<String>> = serde_json::from_str(json).ok()?;
    Some(words.iter().map(|word| word.as_deref().and_then(Field::parse)).collect())
}

/// What a preview shows of a cell: enough to recognise the column.
fn masked(field: Option<Field>, cell: &str) -> String {
    match field {
        Some(Field::Name) => mask::name(cell),
        Some(Field::DocumentNumber | Field::GuardianDocument) => mask::document(cell),
        Some(Field::Phone) => mask::phone(cell),
        Some(Field::Address) => cell.chars().take(4).chain("…".chars()).collect(),
        Some(_) => cell.to_owned(),
        // An unknown column may hold anything.
        None if Document::guess_kind(cell) == allclear_domain::people::document::DocumentKind::NoneYet => String::new(),
        None => cell.chars().take(2).chain("…".chars()).collect(),
    }
}

fn columns_of(table: &Table, mapping: &Mapping) -> Vec<ImportColumn> {
    let head = table.head(3);
    let column = |(index, header): (usize, &String)| {
        let field = mapping.get(index).copied().flatten();
        let samples = head.iter().filter_map(|line| line.cells.get(index)).map(|cell| masked(field, cell)).collect();
        ImportColumn { header: header.clone(), field: field.map(|field| field.as_str().to_owned()), samples }
    };
    table.header.iter().enumerate().map(column).collect()
}

/// Reads an upload and proposes what its columns hold.
pub async fn upload(app: &App, caller: &Arc<Caller>, file_name: String, bytes: Vec<u8>) -> Result<RegisterPreview> {
    let scopes = scopes(caller)?;
    let read = tokio::task::spawn_blocking(move || file::read(bytes)).await;
    let table = Arc::new(read.map_err(|_| Code::FileDamaged.problem())?.map_err(bad_file)?);
    let now = app.now();
    let id: Id<Import> = Id::new(app.ids.at(now));
    let remembered = remembered(app, &table).await?;
    let mapping = remembered.clone().unwrap_or_else(|| columns::guess(&table.header));
    let file_name: String = file_name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    let row = ImportRow {
        id,
        file_name,
        format: table.format.describe(),
        header: "[]".into(),
        mapping: "[]".into(),
        area: None,
        state: "uploaded".into(),
        rows_total: table.row_count() as i64,
        counts: ImportCounts::default(),
        kept_on_undo: 0,
        problem: None,
        created_by: caller.name.clone(),
        created_at: now,
        finished_at: None,
        scopes,
    };
    let preview = preview_of(&row, &table, &mapping, remembered.is_some());
    if !app.uploads.keep(id, caller.account, table, now) {
        return Err(Code::SlowDown.problem().retry_after(60));
    }
    if let Err(error) = app.store.run("upload_import", move |tx| tx.insert_import(&row)).await {
        drop(app.uploads.take(id));
        return Err(error.into());
    }
    Ok(preview)
}

fn preview_of(row: &ImportRow, table: &Table, mapping: &Mapping, remembered: bool) -> RegisterPreview {
    RegisterPreview {
        id: row.id.uuid(),
        file_name: row.file_name.clone(),
        format: row.format.clone(),
        rows: row.rows_total,
        columns: columns_of(table, mapping),
        remembered,
    }
}

/// The mapping that somebody corrected for these headers, if it still fits.
async fn remembered(app: &App, table: &Table) -> Result<Option<Mapping>> {
    let key = sha256(columns::header_set(&table.header).as_bytes());
    let json = app.store.read("import_mapping", move |tx| tx.import_mapping(&key)).await?;
    Ok(json.and_then(|json| mapping_of(&json)).filter(|mapping| mapping.len() == table.header.len()))
}

/// An upload that waits, as a moment after it came: the page may be loaded again.
pub async fn preview(app: &App, caller: &Arc<Caller>, id: Id<Import>) -> Result<RegisterPreview> {
    let by = Arc::clone(caller);
    let row = app.store.read("import_preview", move |tx| own(tx, &by, id)).await?;
    let table = app.uploads.look(id, app.now()).ok_or_else(|| Code::UploadGone.problem())?;
    let remembered = remembered(app, &table).await?;
    let mapping = remembered.clone().unwrap_or_else(|| columns::guess(&table.header));
    Ok(preview_of(&row, &table, &mapping, remembered.is_some()))
}

/// An upload that waits, if it is one of the caller's.
async fn waiting(app: &App, caller: &Arc<Caller>, id: Id<Import>) -> Result<Arc<Table>> {
    let by = Arc::clone(caller);
    let table = app.uploads.look(id, app.now());
    app.store.read("find_import", move |tx| own(tx, &by, id)).await?;
    table.ok_or_else(|| Code::UploadGone.problem())
}

fn parsed(app: &App, caller: &Caller, table: &Table, request: &ImportMapping) -> Result<(Mapping, Option<AreaCode>)> {
    let mut mapping = Mapping::with_capacity(request.columns.len());
    for word in &request.columns {
        mapping.push(match word {
            None => None,
            Some(word) => Some(Field::parse(word).ok_or_else(|| Code::BodyInvalid.field("/columns"))?),
        });
    }
    let area = request.area.as_deref().filter(|area| !area.is_empty());
    let area = area.map(|area| AreaCode::parse(area).map_err(|_| Code::AreaUnknown.field("/area"))).transpose()?;
    if let Some(area) = area {
        if area.level() != Level::Village || app.plan().area(area).is_none() {
            return Err(Code::AreaUnknown.field("/area"));
        }
        caller.require_in(Action::ManagePersons, area)?;
    }
    columns::check(&mapping, table.header.len(), area.is_some()).map_err(bad_mapping)?;
    Ok((mapping, area))
}

/// Judges the first rows with a mapping; nothing is kept.
pub async fn check(app: &App, caller: &Arc<Caller>, id: Id<Import>, request: &ImportMapping) -> Result<ImportCheck> {
    let table = waiting(app, caller, id).await?;
    let (mapping, area) = parsed(app, caller, &table, request)?;
    let places = places(&app.plan());
    let judge = Judge { places: &places, area, today: today(app), ages: AgeGroups::of(&app.plan().profile) };
    let mut check = ImportCheck { looked_at: 0, valid: 0, bad: Vec::new() };
    for line in table.head(CHECK_ROWS) {
        check.looked_at += 1;
        match row::judge_line(&judge, &mapping, &line) {
            Ok(_) => check.valid += 1,
            Err(reasons) if check.bad.len() < CHECK_SHOWN => check.bad.push(BadRowLine {
                line: line.number as i64,
                reasons: reasons.iter().map(|reason| view::reason(reason.field.as_str(), reason.code)).collect(),
            }),
            Err(_) => {}
        }
    }
    Ok(check)
}

/// Starts taking the file in; the answer comes at once, progress is in the import's state.
pub async fn start(app: &AppState, caller: &Arc<Caller>, id: Id<Import>, request: &ImportMapping) -> Result<()> {
    let table = waiting(app, caller, id).await?;
    let (mapping, area) = parsed(app, caller, &table, request)?;
    let (now, scopes) = (app.now(), scopes(caller)?);
    let key = sha256(columns::header_set(&table.header).as_bytes());
    let header = serde_json::to_string(&table.header).unwrap_or_default();
    let json = serde_json::to_string(&words(&mapping)).unwrap_or_default();
    app.store
        .run("start_import", move |tx| -> Result<()> {
            if !tx.move_import(id, &["uploaded"], "running", None, None)? {
                return Err(Code::StateConflict.problem());
            }
            tx.import_alive(id, now)?;
            tx.remember_import_mapping(&key, &json, now)?;
            Ok(tx.set_import_mapping(id, &header, &json, area)?)
        })
        .await?;
    drop(app.uploads.take(id));
    let sampling = app.plan().rounds.values().any(|round| round.state == RoundState::Open);
    let order = Order {
        source: Source::Table { table, mapping, area },
        import: Some(id),
        scopes,
        places: Arc::new(places(&app.plan())),
        ages: AgeGroups::of(&app.plan().profile),
        batch_rows: if sampling { BATCH_ROWS_SHARED } else { BATCH_ROWS_ALONE },
        cards: false,
        today: today(app),
        now,
    };
    tokio::spawn(run(Arc::clone(app), id, order));
    Ok(())
}

async fn run(app: AppState, id: Id<Import>, order: Order) {
    let work = async {
        let turn = Arc::clone(&app.uploads.turn).acquire_owned().await;
        let outcome = intake::run(&app.store, &app.keys, order, |_| ()).await;
        drop(turn);
        outcome
    };
    let outcome = jobs::alive(&app, id, work).await;
    let problem = outcome.err().map(|error| {
        tracing::warn!(import = %id, error = %error, "import stopped");
        Problem::from(error).code().row().1
    });
    end(&app, id, "running", if problem.is_some() { "failed" } else { "done" }, problem).await;
}

/// Notes how an import ended. On a full disk even that may fail for a while: it is tried again.
async fn end(app: &App, id: Id<Import>, from: &'static str, state: &'static str, problem: Option<&'static str>) {
    for _ in 0..60 {
        let now = app.now();
        let noted = app.store.run("end_import", move |tx| tx.move_import(id, &[from], state, problem, Some(now))).await;
        if noted.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }
}

fn owns(caller: &Caller, row: &ImportRow) -> bool {
    row.scopes.iter().all(|scope| caller.may_in(Action::ManagePersons, *scope))
}

/// One import, if it lies in the caller's scope.
pub fn own(tx: &allclear_store::Tx<'_>, caller: &Caller, id: Id<Import>) -> Result<ImportRow> {
    tx.import(id)?.filter(|row| owns(caller, row)).ok_or_else(|| Code::NotFound.problem())
}

/// State and counts of one import.
pub async fn state(app: &App, caller: &Arc<Caller>, id: Id<Import>) -> Result<ImportState> {
    let caller = Arc::clone(caller);
    app.store
        .read("import_state", move |tx| -> Result<ImportState> { Ok(view::import(&own(tx, &caller, id)?, tx.count_parked_open(id)?)) })
        .await
}

/// The newest imports.
pub async fn list(app: &App, caller: &Arc<Caller>) -> Result<Vec<ImportState>> {
    let caller = Arc::clone(caller);
    app.store
        .read("list_imports", move |tx| -> Result<Vec<ImportState>> {
            let rows = tx.imports(100)?;
            let rows = rows.iter().filter(|row| owns(&caller, row));
            rows.map(|row| Ok(view::import(row, tx.count_parked_open(row.id)?))).collect()
        })
        .await
}

/// Opens the cells of a kept row.
pub fn cells_of(keys: &allclear_seal::Keys, id: Id<Import>, line: i64, sealed: &[u8]) -> Result<Vec<String>, StoreError> {
    let json = keys.open_cell("import_row", "cells", &format!("{id}/{line}"), sealed)?;
    Ok(serde_json::from_str(&json).unwrap_or_default())
}

/// Reasons of a kept row.
#[must_use]
pub fn reasons_of(json: &str) -> Vec<(String, String)> {
    serde_json::from_str(json).unwrap_or_default()
}

fn format_of(text: &str) -> Format {
    if text.starts_with("XLSX") {
        return Format::Xlsx;
    }
    let delimiter = if text.ends_with("tab") { b'\t' } else { text.bytes().last().unwrap_or(b',') };
    Format::Csv { encoding: "UTF-8 with BOM", delimiter }
}

/// The bad rows as a sheet in the layout that came, with its file extension; the export is logged.
pub async fn bad_rows(app: &App, caller: &Arc<Caller>, id: Id<Import>) -> Result<(Vec<u8>, &'static str)> {
    let (now, caller) = (app.now(), Arc::clone(caller));
    let log = app.ids.at(now);
    let (row, bad) = app
        .store
        .run("export_bad_rows", move |tx| -> Result<(ImportRow, Vec<BadRow>)> {
            let row = own(tx, &caller, id)?;
            let device = caller.device.map(|(device, _)| device);
            tx.log_access(log, now, caller.account, device, "export_bad_rows", &format!("import:{id}"), "bad rows to be mended")?;
            let kept = tx.import_rows(id, "bad", false, 0, file::ROWS_MAX as i64)?;
            let bad = kept.iter().map(|kept| {
                let cells = cells_of(tx.keys(), id, kept.line, &kept.cells)?;
                Ok(BadRow { line: kept.line as u64, cells, reasons: reasons_of(&kept.reasons) })
            });
            Ok((row, bad.collect::<Result<_, StoreError>>()?))
        })
        .await?;
    let header: Vec<String> = serde_json::from_str(&row.header).unwrap_or_default();
    let format = format_of(&row.format);
    let written = tokio::task::spawn_blocking(move || write_back::sheet(format, &header, &bad)).await;
    written.ok().and_then(Result::ok).ok_or_else(|| Code::Internal.problem())
}

/// Starts taking a whole import back.
pub async fn undo(app: &AppState, caller: &Arc<Caller>, id: Id<Import>) -> Result<()> {
    let (by, now) = (Arc::clone(caller), app.now());
    app.store
        .run("undo_import", move |tx| -> Result<()> {
            own(tx, &by, id)?;
            if !tx.move_import(id, &["done", "failed"], "undoing", None, None)? {
                return Err(Code::StateConflict.problem());
            }
            Ok(tx.import_alive(id, now)?)
        })
        .await?;
    tokio::spawn(take_back(Arc::clone(app), Arc::clone(caller), id));
    Ok(())
}

async fn take_back(app: AppState, caller: Arc<Caller>, id: Id<Import>) {
    let outcome = jobs::alive(&app, id, take_back_all(&app, &caller, id)).await;
    let problem = outcome.err().map(|error| {
        tracing::warn!(import = %id, error = %error, "undo stopped");
        Problem::from(error).code().row().1
    });
    end(&app, id, "undoing", if problem.is_some() { "failed" } else { "undone" }, problem).await;
}

async fn take_back_all(app: &AppState, caller: &Arc<Caller>, id: Id<Import>) -> Result<(), StoreError> {
    restore_updated(app, caller, id).await?;
    let mut after = 0;
    loop {
        let done = app.store.run("undo_import", move |tx| {
            let (last, gone, kept) = tx.take_back(id, PersonNo(after), UNDO_ROWS)?;
            tx.count_undo(id, gone as i64, kept as i64)?;
            Ok::<_, StoreError>(last)
        });
        after = done.await?;
        if after == 0 {
            return Ok(());
        }
    }
}

/// Gives records that a decision changed their earlier content back, unless somebody changed them since.
async fn restore_updated(app: &AppState, caller: &Arc<Caller>, id: Id<Import>) -> Result<(), StoreError> {
    let (now, author) = (app.now(), caller.name.clone());
    let ids = app.ids.clone();
    app.store
        .run("undo_import", move |tx| {
            for row in tx.decided_import_rows(id, "update")? {
                let (Some(no), Some(sealed)) = (row.person, &row.before) else { continue };
                let Some(mut person) = tx.persons(&[no])?.pop() else { continue };
                let Some(before) = Before::opened(tx.keys(), person.no, sealed) else { continue };
                let current = Before::of(tx.keys(), &person)?;
                let newest = tx.person_events(person.no, 1)?;
                if newest.first().is_some_and(|event| event.op != "update_by_import") {
                    tx.count_undo(id, 0, 1)?;
                    continue;
                }
                before.restore(tx.keys(), &mut person);
                let left = current.household().filter(|home| Some(*home) != person.household);
                change::write(tx, &person, &current, &Step { id: ids.at(now), now, op: "undo_import", author: &author, other: None })?;
                tx.remove_empty_households(left.as_slice())?;
            }
            Ok(())
        })
        .await
}
