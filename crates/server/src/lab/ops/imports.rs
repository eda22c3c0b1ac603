//! Export files of analysers: read, shown, and only then imported.

use std::collections::HashSet;

use allclear_domain::{
    kernel::{
        access::Action,
        id::{Id, Run},
    },
    lab::result::Kit,
};
use allclear_store::{
    StoreError, Tx,
    lab::{InstrumentRow, LabRow, runs::LabImportRow},
};
use allclear_wire::lab as wire;
use uuid::Uuid;

use super::{
    Act,
    controls::{self, Said},
    lab_for,
    results::{Entry, Incoming, enter, refusal},
};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::{instrument, sheet, suggest, view},
};

/// Results of one file: a day of a large laboratory in one export is read in parts.
const ROWS_MAX: usize = 5000;

/// What a request to read a file names.
#[derive(Debug, Clone)]
pub struct FileOf {
    /// The instrument.
    pub instrument: Uuid,
    /// The run, if the file is of one.
    pub run: Option<Uuid>,
    /// The kit, if there is no run.
    pub kit: Option<Uuid>,
    /// Name of the file.
    pub file_name: String,
}

fn read_sheet(bytes: &[u8]) -> Result<sheet::Sheet> {
    sheet::read(bytes).map_err(|error| match error {
        sheet::SheetError::TooLarge => Code::BodyTooLarge.problem().detail(error.to_string()),
        _ => Code::FileUnreadable.problem().detail(error.to_string()),
    })
}

/// Columns of a file, with a suggestion how to map them. Nothing is kept.
pub async fn columns_of(app: &App, caller: &Caller, lab: Uuid, bytes: Vec<u8>) -> Result<wire::ExportColumns> {
    lab_for(app, caller, lab, Action::EnterResults).await?;
    blocking(move || {
        let sheet = read_sheet(&bytes)?;
        let suggested = suggest::suggest(&sheet);
        let longest = || sheet.rows.iter().take(200).map(|(_, cells)| cells.clone()).max_by_key(Vec::len).unwrap_or_default();
        let (columns, suggestion) = match suggested {
            Some((columns, mapping)) => (columns, Some(mapping)),
            None => (longest(), None),
        };
        let below = sheet.rows.iter().position(|(_, cells)| *cells == columns).map_or(0, |at| at + 1);
        let sample = sheet.rows.iter().skip(below).take(5).map(|(_, cells)| cells.clone()).collect();
        Ok(wire::ExportColumns { columns, suggestion, sample })
    })
    .await
}

/// Parsing megabytes must not hold up the threads that answer phones.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Code::Internal.problem())?
}

/// Reads a file and keeps what was read; imports nothing.
pub async fn read_import(app: &App, caller: &Caller, lab: Uuid, file: FileOf, bytes: Vec<u8>) -> Result<wire::ImportPreview> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let (instrument, kit, run) = found(app, &lab, &file).await?;
    let mapping: wire::InstrumentMapping = instrument
        .mapping
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| Code::BodyInvalid.field("/mapping").detail("map the columns of this instrument first"))?;
    let reading = blocking(move || {
        let sheet = read_sheet(&bytes)?;
        instrument::interpret(&sheet, &mapping, &kit).map_err(|error| Code::FileUnreadable.field("/mapping").detail(error.to_string()))
    })
    .await?;
    if reading.rows.len() > ROWS_MAX {
        return Err(Code::BodyTooLarge.problem().detail("more than 5,000 results in one file"));
    }
    let act = Act::new(app, caller);
    let mut preview = view::import(act.change, &file.file_name, &reading);
    let digest = reading.digest();
    let row = LabImportRow {
        id: act.change,
        lab: lab.id,
        run,
        instrument: file.instrument,
        file_name: file.file_name.chars().take(200).collect(),
        digest,
        reading: view::reading_text(&reading),
        state: "read".into(),
        created_by: act.account,
        created_at: act.now,
        confirmed_at: None,
        outcome: None,
    };
    let rows: Vec<Incoming> = reading.rows.iter().map(incoming).collect();
    let (refused, lacking, before) = app
        .store
        .run("read_import", move |tx| {
            tx.insert_lab_import(&row)?;
            let before = tx.imported_before(lab.id, &row.digest)?;
            let (refused, lacking) = against_records(tx, &lab, Entry { run, source: "file", imported_at: before }, &rows)?;
            Ok::<_, StoreError>((refused, lacking, before))
        })
        .await?;
    preview.refused = refused;
    preview.lacking = lacking;
    preview.imported_before_at = before.map(rfc3339);
    Ok(preview)
}

async fn found(app: &App, lab: &LabRow, file: &FileOf) -> Result<(InstrumentRow, Kit, Option<Id<Run>>)> {
    let (lab, file) = (lab.id, file.clone());
    app.store
        .read("find_instrument", move |tx| {
            let instrument = tx.instruments(lab)?.into_iter().find(|row| row.id == file.instrument);
            let instrument = instrument.ok_or_else(|| Code::NotFound.field("/instrument"))?;
            let run = match file.run {
                None => None,
                Some(id) => Some(tx.run_by_id(Id::new(id))?.filter(|run| run.lab == lab).ok_or_else(|| Code::NotFound.field("/run"))?),
            };
            let wanted = run.as_ref().map(|run| run.kit).or(file.kit);
            let kits = tx.kits()?;
            let kit = wanted.and_then(|id| kits.iter().find(|kit| kit.id == id)).ok_or_else(|| Code::NotFound.field("/kit"))?;
            Ok((instrument, view::domain_kit(kit), run.map(|run| run.id)))
        })
        .await
}

fn incoming(row: &instrument::ReadRow) -> Incoming {
    Incoming { tube: row.tube.as_str().into(), value: row.value, cts: row.cts.clone(), ct_disagrees: row.ct_disagrees, well: row.well }
}

/// Tubes of a file that cannot be resulted here now, and tubes of the run that the file lacks.
fn against_records(
    tx: &Tx<'_>,
    lab: &LabRow,
    entry: Entry<'_>,
    rows: &[Incoming],
) -> Result<(Vec<wire::RefusedRow>, Vec<String>), StoreError> {
    let keys: Vec<&str> = rows.iter().map(|row| row.tube.as_str()).collect();
    let held = tx.lab_tubes(&keys)?;
    let refused = rows
        .iter()
        .filter_map(|row| {
            let reason = refusal(held.get(&row.tube), lab, entry, row)?;
            Some(wire::RefusedRow { tube: row.tube.clone(), reason: reason.into() })
        })
        .collect();
    let there: HashSet<&str> = keys.into_iter().collect();
    let lacking = match entry.run {
        None => Vec::new(),
        Some(run) => tx.wells(run)?.into_iter().filter_map(|well| well.tube).filter(|code| !there.contains(code.as_str())).collect(),
    };
    Ok((refused, lacking))
}

/// Imports what was read. Bad rows must have been seen; a second confirmation changes nothing.
pub async fn confirm_import(app: &App, caller: &Caller, lab: Uuid, id: Uuid, request: wire::ConfirmImport) -> Result<wire::Entered> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?;
    let act = Act::new(app, caller);
    app.store
        .run("confirm_import", move |tx| {
            let import = tx.lab_import_for_update(lab.id, id)?.ok_or_else(|| Code::NotFound.problem())?;
            if let ("confirmed", Some(outcome)) = (import.state.as_str(), &import.outcome) {
                return serde_json::from_str(outcome).map_err(|_| Code::Internal.problem());
            }
            if import.state != "read" {
                return Err(Code::StateConflict.problem());
            }
            let reading = view::reading_of(&import.reading).ok_or_else(|| Code::Internal.problem())?;
            if reading.bad > 0 && !request.without_bad_rows {
                return Err(Code::StateConflict.field("/without_bad_rows").detail(format!("{} bad rows", reading.bad)));
            }
            let rows: Vec<Incoming> = reading.rows.iter().map(incoming).collect();
            let said: Vec<Said> = reading.controls.iter().map(|c| Said { well: c.well, control: c.control, value: c.value }).collect();
            let control_failed = match import.run {
                Some(run) => controls::put(tx, &act, &lab, run, &said, false)?,
                None => false,
            };
            let imported_at = tx.imported_before(lab.id, &import.digest)?;
            let entered = enter(tx, &act, &lab, Entry { run: import.run, source: "file", imported_at }, &rows)?;
            let entered = wire::Entered { control_failed, ..entered };
            let outcome = serde_json::to_string(&entered).map_err(|_| Code::Internal.problem())?;
            tx.finish_lab_import(id, "confirmed", act.now, &outcome)?;
            Ok::<_, Problem>(entered)
        })
        .await
}

/// Throws away what was read.
pub async fn discard_import(app: &App, caller: &Caller, lab: Uuid, id: Uuid) -> Result<()> {
    let lab = lab_for(app, caller, lab, Action::EnterResults).await?.id;
    let now = app.now();
    app.store
        .run("discard_import", move |tx| {
            let import = tx.lab_import_for_update(lab, id)?.ok_or_else(|| Code::NotFound.problem())?;
            if import.state != "read" {
                return Err(Code::StateConflict.problem());
            }
            Ok::<_, Problem>(tx.finish_lab_import(id, "discarded", now, "{}")?)
        })
        .await
}
