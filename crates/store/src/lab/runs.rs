//! Runs, wells, imports of exports.

use allclear_domain::{
    kernel::id::{Account, Id, Lab, Run},
    kernel::time::Instant,
    lab::run::RunState,
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, StoreError, Tx, Ty, Val};

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Id.
    pub id: Id<Run>,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// The plate's name.
    pub name: String,
    /// Instrument.
    pub instrument: Uuid,
    /// Kit.
    pub kit: Uuid,
    /// Lot.
    pub lot: String,
    /// State.
    pub state: RunState,
    /// A control failed.
    pub control_failed: bool,
    /// Who made it.
    pub created_by: Id<Account>,
    /// When.
    pub created_at: Instant,
    /// Version for updates.
    pub version: i64,
}

/// A well as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WellRow {
    /// Position along the rows.
    pub well: i32,
    /// Tube.
    pub tube: Option<String>,
    /// Control's word.
    pub control: Option<String>,
    /// How a control came out.
    pub value: Option<String>,
}

/// An import as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabImportRow {
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Run.
    pub run: Option<Id<Run>>,
    /// Instrument.
    pub instrument: Uuid,
    /// File name.
    pub file_name: String,
    /// Names the content.
    pub digest: String,
    /// What was read, JSON.
    pub reading: String,
    /// `read`, `confirmed`, `discarded`.
    pub state: String,
    /// Who read it in.
    pub created_by: Id<Account>,
    /// When.
    pub created_at: Instant,
    /// When it was confirmed.
    pub confirmed_at: Option<Instant>,
    /// What that did, JSON.
    pub outcome: Option<String>,
}

fn run(row: &Row) -> Result<RunRow> {
    let state: String = row.get("state")?;
    let started: Option<Instant> = row.get("started_at")?;
    let ended: Option<Instant> = row.get("ended_at")?;
    let state = match (state.as_str(), started, ended) {
        ("draft", ..) => RunState::Draft,
        ("running", Some(started_at), _) => RunState::Running { started_at },
        ("ended", Some(started_at), Some(ended_at)) => RunState::Ended { started_at, ended_at },
        ("aborted", ..) => RunState::Aborted,
        _ => return Err(StoreError::Column { column: "lab_run.state".into(), found: "another word", expected: "a run's state" }),
    };
    Ok(RunRow {
        id: row.get("id")?,
        lab: row.get("lab")?,
        name: row.get("name")?,
        instrument: row.get("instrument")?,
        kit: row.get("kit")?,
        lot: row.get("lot")?,
        state,
        control_failed: row.get("control_failed")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

fn well(row: &Row) -> Result<WellRow> {
    Ok(WellRow { well: row.get("well")?, tube: row.get("tube")?, control: row.get("control")?, value: row.get("value")? })
}

fn import(row: &Row) -> Result<LabImportRow> {
    Ok(LabImportRow {
        id: row.get("id")?,
        lab: row.get("lab")?,
        run: row.get("run")?,
        instrument: row.get("instrument")?,
        file_name: row.get("file_name")?,
        digest: row.get("digest")?,
        reading: row.get("reading")?,
        state: row.get("state")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        confirmed_at: row.get("confirmed_at")?,
        outcome: row.get("outcome")?,
    })
}

static WELLS: Bulk = Bulk {
    table: "lab_run_well",
    columns: &[("run", Ty::Blob), ("well", Ty::I64), ("tube", Ty::Text), ("control", Ty::Text), ("value", Ty::Text)],
    on_conflict: "ON CONFLICT (run, well) DO NOTHING",
};

impl Tx<'_> {
    /// Adds a run; answers false if the id is known.
    pub fn insert_run(&self, row: &RunRow) -> Result<bool> {
        let new = self.execute(
            "INSERT INTO lab_run (id, lab, name, instrument, kit, lot, state, control_failed, created_by, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, 'draft', 0, $7, $8, 1) ON CONFLICT (id) DO NOTHING",
            &[
                row.id.into(),
                row.lab.into(),
                (&row.name).into(),
                row.instrument.into(),
                row.kit.into(),
                (&row.lot).into(),
                row.created_by.into(),
                row.created_at.into(),
            ],
        )?;
        Ok(new == 1)
    }

    /// One run, locked.
    pub fn run_for_update(&self, id: Id<Run>) -> Result<Option<RunRow>> {
        self.query_opt(
            "SELECT id, lab, name, instrument, kit, lot, state, control_failed, created_by, created_at,
                               started_at, ended_at, version
                        FROM lab_run WHERE id = $1 FOR UPDATE",
            &[id.into()],
        )?
        .as_ref()
        .map(run)
        .transpose()
    }

    /// One run.
    pub fn run_by_id(&self, id: Id<Run>) -> Result<Option<RunRow>> {
        self.query_opt(
            "SELECT id, lab, name, instrument, kit, lot, state, control_failed, created_by, created_at,
                               started_at, ended_at, version
                        FROM lab_run WHERE id = $1",
            &[id.into()],
        )?
        .as_ref()
        .map(run)
        .transpose()
    }

    /// The last runs of a laboratory with their tubes and results: (run, tubes, resulted).
    pub fn lab_runs(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<(RunRow, i32, i32)>> {
        let sql = "SELECT r.id, r.lab, r.name, r.instrument, r.kit, r.lot, r.state, r.control_failed, r.created_by,
                          r.created_at, r.started_at, r.ended_at, r.version,
                (SELECT COUNT(*) FROM lab_run_well w WHERE w.run = r.id AND w.tube IS NOT NULL) AS tubes,
                (SELECT COUNT(*) FROM lab_run_well w WHERE w.run = r.id AND w.tube IS NOT NULL AND w.value IS NOT NULL) AS resulted
             FROM lab_run r WHERE r.lab = $1 ORDER BY r.created_at DESC LIMIT $2";
        self.query(sql, &[lab.into(), limit.into()])?.iter().map(|row| Ok((run(row)?, row.get("tubes")?, row.get("resulted")?))).collect()
    }

    /// Names of some runs.
    pub fn run_names(&self, ids: &[&[u8]]) -> Result<Vec<(Id<Run>, String, bool)>> {
        self.query("SELECT id, name, control_failed FROM lab_run WHERE id = ANY_BLOB($1)", &[Val::Blobs(ids)])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
            .collect()
    }

    /// Writes a run's state; asserts the version that was read.
    pub fn update_run(&self, row: &RunRow) -> Result<()> {
        let (started, ended) = match row.state {
            RunState::Draft | RunState::Aborted => (None, None),
            RunState::Running { started_at } => (Some(started_at), None),
            RunState::Ended { started_at, ended_at } => (Some(started_at), Some(ended_at)),
        };
        self.execute_exact(
            "lab_run",
            1,
            "UPDATE lab_run SET state = $1, control_failed = $2, started_at = $3, ended_at = $4, version = version + 1
             WHERE id = $5 AND version = $6",
            &[row.state.as_str().into(), row.control_failed.into(), started.into(), ended.into(), row.id.into(), row.version.into()],
        )
    }

    /// Wells of a run.
    pub fn wells(&self, id: Id<Run>) -> Result<Vec<WellRow>> {
        self.query("SELECT run, well, tube, control, value FROM lab_run_well WHERE run = $1 ORDER BY well", &[id.into()])?
            .iter()
            .map(well)
            .collect()
    }

    /// Fills wells; all must be free.
    pub fn insert_wells(&self, id: Id<Run>, wells: &[WellRow]) -> Result<()> {
        let rows: Vec<Vec<Val<'_>>> = wells
            .iter()
            .map(|w| vec![id.into(), w.well.into(), w.tube.as_ref().into(), w.control.as_ref().into(), w.value.as_ref().into()])
            .collect();
        let (changed, expected) = (self.bulk(&WELLS, &rows)?, wells.len() as u64);
        if changed == expected { Ok(()) } else { Err(StoreError::Rows { table: "lab_run_well", expected, changed }) }
    }

    /// Empties a well.
    pub fn delete_well(&self, id: Id<Run>, well: i32) -> Result<()> {
        self.execute_exact("lab_run_well", 1, "DELETE FROM lab_run_well WHERE run = $1 AND well = $2", &[id.into(), well.into()])
    }

    /// Notes how a well came out.
    pub fn set_well_value(&self, id: Id<Run>, well: i32, value: &str) -> Result<()> {
        let sql = "UPDATE lab_run_well SET value = $1 WHERE run = $2 AND well = $3";
        self.execute_exact("lab_run_well", 1, sql, &[value.into(), id.into(), well.into()])
    }

    /// Adds an import that was read.
    pub fn insert_lab_import(&self, row: &LabImportRow) -> Result<()> {
        self.execute_exact(
            "lab_import",
            1,
            "INSERT INTO lab_import (id, lab, run, instrument, file_name, digest, reading, state, created_by, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'read', $8, $9)",
            &[
                row.id.into(),
                row.lab.into(),
                row.run.into(),
                row.instrument.into(),
                (&row.file_name).into(),
                (&row.digest).into(),
                (&row.reading).into(),
                row.created_by.into(),
                row.created_at.into(),
            ],
        )
    }

    /// One import, locked.
    pub fn lab_import_for_update(&self, lab: Id<Lab>, id: Uuid) -> Result<Option<LabImportRow>> {
        let sql = "SELECT id, lab, run, instrument, file_name, digest, reading, state, created_by, created_at,
                          confirmed_at, outcome
                   FROM lab_import WHERE lab = $1 AND id = $2 FOR UPDATE";
        self.query_opt(sql, &[lab.into(), id.into()])?.as_ref().map(import).transpose()
    }

    /// When the same content was confirmed before.
    pub fn imported_before(&self, lab: Id<Lab>, digest: &str) -> Result<Option<Instant>> {
        let sql = "SELECT MIN(confirmed_at) FROM lab_import WHERE lab = $1 AND digest = $2 AND state = 'confirmed'";
        self.query_opt(sql, &[lab.into(), digest.into()])?.map_or(Ok(None), |row| row.at(0))
    }

    /// Ends an import: `confirmed` with its outcome, or `discarded`.
    pub fn finish_lab_import(&self, id: Uuid, state: &str, at: Instant, outcome: &str) -> Result<()> {
        self.execute_exact(
            "lab_import",
            1,
            "UPDATE lab_import SET state = $1, confirmed_at = $2, outcome = $3 WHERE id = $4 AND state = 'read'",
            &[state.into(), at.into(), outcome.into(), id.into()],
        )
    }
}
