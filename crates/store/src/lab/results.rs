//! Tubes as a laboratory holds them, results, release.

use std::collections::HashMap;

use allclear_domain::{
    kernel::id::{Account, Id, Lab, Round, Run, Site},
    kernel::time::Instant,
    lab::result::Value,
    sampling::tube::{Stage, TubeKind},
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, StoreError, Tx, Ty, Val, rounds::word, sampling::TubeRow};

/// A tube as a laboratory holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabTubeRow {
    /// The tube.
    pub tube: String,
    /// Who received it.
    pub lab: Id<Lab>,
    /// Round.
    pub round: Id<Round>,
    /// Site.
    pub site: Id<Site>,
    /// Kind.
    pub kind: TubeKind,
    /// Persons in it when it was received; once it is released, when it was.
    pub persons: i32,
    /// Stage, the same as the tube's.
    pub stage: Stage,
    /// When it was received.
    pub received_at: Instant,
    /// By whom.
    pub received_by: Id<Account>,
    /// The run.
    pub run: Option<Id<Run>>,
    /// The well, counted along the rows.
    pub well: Option<i32>,
    /// The result.
    pub value: Option<Value>,
    /// Cycle numbers, JSON.
    pub cts: Option<String>,
    /// Written result and cycle numbers disagree.
    pub ct_disagrees: bool,
    /// `typed`, `scanned`, `file`.
    pub source: Option<String>,
    /// Who entered it.
    pub entered_by: Option<Id<Account>>,
    /// When.
    pub entered_at: Option<Instant>,
    /// Who released it.
    pub released_by: Option<Id<Account>>,
    /// When.
    pub released_at: Option<Instant>,
    /// Why it was rejected.
    pub reject_reason: Option<String>,
    /// When a result of it was last taken back.
    pub repeated_at: Option<Instant>,
    /// Results taken back, JSON.
    pub distrusted: Option<String>,
    /// Version for updates.
    pub version: i64,
}

impl LabTubeRow {
    /// A tube as it comes into a laboratory: nothing is known of it but what the field says.
    #[must_use]
    pub fn received(tube: &TubeRow, lab: Id<Lab>, at: Instant, by: Id<Account>) -> Self {
        Self {
            tube: tube.code.clone(),
            lab,
            round: tube.round,
            site: tube.site,
            kind: tube.kind,
            persons: tube.valid,
            stage: Stage::Received,
            received_at: at,
            received_by: by,
            run: None,
            well: None,
            value: None,
            cts: None,
            ct_disagrees: false,
            source: None,
            entered_by: None,
            entered_at: None,
            released_by: None,
            released_at: None,
            reject_reason: None,
            repeated_at: None,
            distrusted: None,
            version: 1,
        }
    }

    /// The same off its plate, without what was entered for it.
    #[must_use]
    pub fn without_result(self) -> Self {
        let (run, well, value, cts, source) = (None, None, None, None, None);
        Self { run, well, value, cts, ct_disagrees: false, source, entered_by: None, entered_at: None, ..self }
    }
}

/// What a stage change of a tube tells its followers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The tube.
    pub code: String,
    /// Round.
    pub round: Id<Round>,
    /// Site.
    pub site: Id<Site>,
    /// Collections that count.
    pub members: i32,
}

/// Negatives of one run and enterer that wait for release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegativeGroupRow {
    /// Run.
    pub run: Option<Id<Run>>,
    /// Enterer.
    pub entered_by: Id<Account>,
    /// Tubes.
    pub tubes: i64,
    /// Persons.
    pub persons: i64,
    /// First entry.
    pub entered_at: Instant,
}

/// A bulk release as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Runs asked for, JSON.
    pub runs: String,
    /// `running` or `done`.
    pub state: String,
    /// Tubes at the start.
    pub total: i64,
    /// Tubes released.
    pub released: i64,
    /// Persons in them.
    pub persons: i64,
    /// By whom.
    pub released_by: Id<Account>,
    /// When it was asked for.
    pub started_at: Instant,
    /// When it was done.
    pub finished_at: Option<Instant>,
}

/// Which negatives a bulk release takes; neither runs nor those without one: all that waits.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseOf<'r> {
    /// These runs.
    pub runs: &'r [&'r [u8]],
    /// Results without a run.
    pub without_run: bool,
}

fn lab_tube(row: &Row) -> Result<LabTubeRow> {
    let value: Option<String> = row.get("value")?;
    Ok(LabTubeRow {
        tube: row.get("tube")?,
        lab: row.get("lab")?,
        round: row.get("round")?,
        site: row.get("site")?,
        kind: word(row, "kind", TubeKind::parse)?,
        persons: row.get("persons")?,
        stage: word(row, "stage", Stage::parse)?,
        received_at: row.get("received_at")?,
        received_by: row.get("received_by")?,
        run: row.get("run")?,
        well: row.get("well")?,
        value: value.as_deref().and_then(Value::parse),
        cts: row.get("cts")?,
        ct_disagrees: row.get("ct_disagrees")?,
        source: row.get("source")?,
        entered_by: row.get("entered_by")?,
        entered_at: row.get("entered_at")?,
        released_by: row.get("released_by")?,
        released_at: row.get("released_at")?,
        reject_reason: row.get("reject_reason")?,
        repeated_at: row.get("repeated_at")?,
        distrusted: row.get("distrusted")?,
        version: row.get("version")?,
    })
}

fn release(row: &Row) -> Result<ReleaseRow> {
    Ok(ReleaseRow {
        id: row.get("id")?,
        lab: row.get("lab")?,
        runs: row.get("runs")?,
        state: row.get("state")?,
        total: row.get("total")?,
        released: row.get("released")?,
        persons: row.get("persons")?,
        released_by: row.get("released_by")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
    })
}

static LAB_TUBES: Bulk = Bulk {
    table: "lab_tube",
    columns: &[
        ("bucket", Ty::I64),
        ("tube", Ty::Text),
        ("lab", Ty::Blob),
        ("round", Ty::Blob),
        ("site", Ty::Blob),
        ("kind", Ty::Text),
        ("persons", Ty::I64),
        ("stage", Ty::Text),
        ("received_at", Ty::I64),
        ("received_by", Ty::Blob),
        ("run", Ty::Blob),
        ("well", Ty::I64),
        ("value", Ty::Text),
        ("cts", Ty::Text),
        ("ct_disagrees", Ty::I64),
        ("source", Ty::Text),
        ("entered_by", Ty::Blob),
        ("entered_at", Ty::I64),
        ("released_by", Ty::Blob),
        ("released_at", Ty::I64),
        ("reject_reason", Ty::Text),
        ("repeated_at", Ty::I64),
        ("distrusted", Ty::Text),
        ("version", Ty::I64),
    ],
    on_conflict: "ON CONFLICT (bucket, tube) DO UPDATE SET persons = excluded.persons, stage = excluded.stage, run = excluded.run,
        well = excluded.well, value = excluded.value, cts = excluded.cts, ct_disagrees = excluded.ct_disagrees,
        source = excluded.source, entered_by = excluded.entered_by, entered_at = excluded.entered_at,
        released_by = excluded.released_by, released_at = excluded.released_at, reject_reason = excluded.reject_reason,
        repeated_at = excluded.repeated_at, distrusted = excluded.distrusted,
        version = excluded.version WHERE lab_tube.version = excluded.version - 1",
};

impl Tx<'_> {
    /// Some tubes as laboratories hold them, locked.
    pub fn lab_tubes_for_update(&self, codes: &[&str]) -> Result<HashMap<String, LabTubeRow>> {
        let rows = self.lock_by_bucket(
            "SELECT bucket, tube, lab, round, site, kind, persons, stage, received_at, received_by, run, well, value,
                    cts, ct_disagrees, source, entered_by, entered_at, released_by, released_at, reject_reason,
                    version, repeated_at, distrusted
             FROM lab_tube WHERE bucket = $1 AND tube IN TEXTS($2) ORDER BY tube FOR UPDATE",
            codes,
        )?;
        rows.iter().map(|row| lab_tube(row).map(|tube| (tube.tube.clone(), tube))).collect()
    }

    /// Some tubes as laboratories hold them, to look at.
    pub fn lab_tubes(&self, codes: &[&str]) -> Result<HashMap<String, LabTubeRow>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query(
            "SELECT bucket, tube, lab, round, site, kind, persons, stage, received_at, received_by, run, well,
                           value, cts, ct_disagrees, source, entered_by, entered_at, released_by, released_at,
                           reject_reason, version, repeated_at, distrusted
                    FROM lab_tube WHERE bucket = ANY($1) AND tube IN TEXTS($2)",
            &[Val::I64s(&buckets), Val::Texts(codes)],
        )?
        .iter()
        .map(|row| lab_tube(row).map(|tube| (tube.tube.clone(), tube)))
        .collect()
    }

    /// Writes tubes whose `version` was raised by one (new ones: 1).
    pub fn upsert_lab_tubes(&self, tubes: &[&LabTubeRow]) -> Result<()> {
        let rows: Vec<Vec<Val<'_>>> = tubes
            .iter()
            .map(|t| {
                vec![
                    self.bucket(t.tube.as_bytes()).into(),
                    (&t.tube).into(),
                    t.lab.into(),
                    t.round.into(),
                    t.site.into(),
                    t.kind.as_str().into(),
                    t.persons.into(),
                    t.stage.as_str().into(),
                    t.received_at.into(),
                    t.received_by.into(),
                    t.run.into(),
                    t.well.into(),
                    t.value.map(Value::as_str).into(),
                    t.cts.as_ref().into(),
                    t.ct_disagrees.into(),
                    t.source.as_ref().into(),
                    t.entered_by.into(),
                    t.entered_at.into(),
                    t.released_by.into(),
                    t.released_at.into(),
                    t.reject_reason.as_ref().into(),
                    t.repeated_at.into(),
                    t.distrusted.as_ref().into(),
                    t.version.into(),
                ]
            })
            .collect();
        let (changed, expected) = (self.bulk(&LAB_TUBES, &rows)?, tubes.len() as u64);
        if changed == expected { Ok(()) } else { Err(StoreError::Rows { table: "lab_tube", expected, changed }) }
    }

    /// Moves tubes to a stage; only those that stand at one of `from`. Answers which moved.
    pub fn move_tubes(&self, codes: &[&str], from: &[&str], to: Stage, at: Instant) -> Result<Vec<Moved>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query(
            "UPDATE tube SET stage = $1, stage_at = $2, version = version + 1
             WHERE bucket = ANY($3) AND code IN TEXTS($4) AND stage = ANY($5) RETURNING code, round, site, valid",
            &[to.as_str().into(), at.into(), Val::I64s(&buckets), Val::Texts(codes), Val::Texts(from)],
        )?
        .iter()
        .map(|row| Ok(Moved { code: row.at(0)?, round: row.at(1)?, site: row.at(2)?, members: row.at(3)? }))
        .collect()
    }

    /// Tubes that waited longest at `received`.
    pub fn waiting_tubes(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<String>> {
        self.query(
            "SELECT tube FROM lab_tube WHERE lab = $1 AND stage = 'received' ORDER BY received_at, tube LIMIT $2",
            &[lab.into(), limit.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Negatives that wait for release, by run and enterer.
    pub fn negative_groups(&self, lab: Id<Lab>) -> Result<Vec<NegativeGroupRow>> {
        self.query(
            "SELECT run, entered_by, COUNT(*), CAST(SUM(persons) AS BIGINT), MIN(entered_at) FROM lab_tube
             WHERE lab = $1 AND stage = 'resulted' AND value = 'negative' GROUP BY run, entered_by ORDER BY 5 LIMIT 2000",
            &[lab.into()],
        )?
        .iter()
        .map(|row| {
            Ok(NegativeGroupRow { run: row.at(0)?, entered_by: row.at(1)?, tubes: row.at(2)?, persons: row.at(3)?, entered_at: row.at(4)? })
        })
        .collect()
    }

    /// Everything else that waits for release, oldest first.
    pub fn waiting_non_negatives(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<LabTubeRow>> {
        self.query(
            "SELECT bucket, tube, lab, round, site, kind, persons, stage, received_at, received_by, run, well, value,
                    cts, ct_disagrees, source, entered_by, entered_at, released_by, released_at, reject_reason,
                    version, repeated_at, distrusted
             FROM lab_tube WHERE lab = $1 AND stage = 'resulted' AND value <> 'negative' ORDER BY received_at, tube LIMIT $2",
            &[lab.into(), limit.into()],
        )?
        .iter()
        .map(lab_tube)
        .collect()
    }

    /// Tubes that a laboratory holds and has not released, at one stage, oldest first.
    pub fn held_tubes(&self, lab: Id<Lab>, stage: Stage, limit: i64) -> Result<Vec<LabTubeRow>> {
        self.query(
            "SELECT bucket, tube, lab, round, site, kind, persons, stage, received_at, received_by, run, well, value,
                    cts, ct_disagrees, source, entered_by, entered_at, released_by, released_at, reject_reason,
                    version, repeated_at, distrusted
             FROM lab_tube WHERE lab = $1 AND stage = $2 AND stage IN ('received', 'on_run', 'resulted')
             ORDER BY received_at, tube LIMIT $3",
            &[lab.into(), stage.as_str().into(), limit.into()],
        )?
        .iter()
        .map(lab_tube)
        .collect()
    }

    /// How many negatives a person may release: all but the own ones and those of failed plates.
    pub fn count_releasable(&self, lab: Id<Lab>, releaser: Id<Account>, of: ReleaseOf<'_>) -> Result<i64> {
        let all = i64::from(of.runs.is_empty() && !of.without_run);
        self.query_opt(
            "SELECT COUNT(*) FROM lab_tube WHERE lab = $1 AND stage = 'resulted' AND value = 'negative' AND entered_by <> $2
             AND ($3 = 1 OR run = ANY_BLOB($4) OR ($5 = 1 AND run IS NULL))
             AND NOT EXISTS (SELECT 1 FROM lab_run WHERE lab_run.id = lab_tube.run AND lab_run.control_failed = 1)",
            &[lab.into(), releaser.into(), all.into(), Val::Blobs(of.runs), i64::from(of.without_run).into()],
        )?
        .map_or(Ok(0), |row| row.at(0))
    }

    /// The next chunk of them, oldest first.
    pub fn releasable(&self, lab: Id<Lab>, releaser: Id<Account>, of: ReleaseOf<'_>, limit: i64) -> Result<Vec<String>> {
        let all = i64::from(of.runs.is_empty() && !of.without_run);
        self.query(
            "SELECT tube FROM lab_tube WHERE lab = $1 AND stage = 'resulted' AND value = 'negative' AND entered_by <> $2
             AND ($3 = 1 OR run = ANY_BLOB($4) OR ($5 = 1 AND run IS NULL))
             AND NOT EXISTS (SELECT 1 FROM lab_run WHERE lab_run.id = lab_tube.run AND lab_run.control_failed = 1)
             ORDER BY received_at LIMIT $6",
            &[lab.into(), releaser.into(), all.into(), Val::Blobs(of.runs), i64::from(of.without_run).into(), limit.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Releases results that somebody else entered; the statement itself refuses one's own and
    /// anything that does not stand at "resulted" with this value. Answers (tube, site, persons): those
    /// who are in it now, since swabs may have been taken back after it was received.
    pub fn release_results(
        &self,
        codes: &[&str],
        value: Value,
        releaser: Id<Account>,
        at: Instant,
    ) -> Result<Vec<(String, Id<Site>, i32)>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query(
            "UPDATE lab_tube SET stage = 'released', released_by = $1, released_at = $2, version = version + 1,
                 persons = COALESCE((SELECT t.valid FROM tube t WHERE t.bucket = lab_tube.bucket AND t.code = lab_tube.tube), persons)
             WHERE bucket = ANY($3) AND tube IN TEXTS($4) AND stage = 'resulted' AND value = $5 AND entered_by <> $6
             RETURNING tube, site, persons",
            &[releaser.into(), at.into(), Val::I64s(&buckets), Val::Texts(codes), value.as_str().into(), releaser.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }

    /// Begins a bulk release; answers false if it was begun before.
    pub fn insert_release(&self, row: &ReleaseRow) -> Result<bool> {
        let new = self.execute(
            "INSERT INTO lab_release (id, lab, runs, state, total, released, persons, released_by, started_at)
             VALUES ($1, $2, $3, 'running', $4, 0, 0, $5, $6) ON CONFLICT (id) DO NOTHING",
            &[row.id.into(), row.lab.into(), (&row.runs).into(), row.total.into(), row.released_by.into(), row.started_at.into()],
        )?;
        Ok(new == 1)
    }

    /// Adds a chunk to a bulk release's progress.
    pub fn progress_release(&self, id: Uuid, released: i64, persons: i64) -> Result<()> {
        self.execute_exact(
            "lab_release",
            1,
            "UPDATE lab_release SET released = released + $1, persons = persons + $2 WHERE id = $3",
            &[released.into(), persons.into(), id.into()],
        )
    }

    /// Ends a bulk release.
    pub fn finish_release(&self, id: Uuid, at: Instant) -> Result<()> {
        let sql = "UPDATE lab_release SET state = 'done', finished_at = $1 WHERE id = $2";
        self.execute_exact("lab_release", 1, sql, &[at.into(), id.into()])
    }

    /// The last bulk releases of a laboratory.
    pub fn releases(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<ReleaseRow>> {
        self.query(
            "SELECT id, lab, runs, state, total, released, persons, released_by, started_at, finished_at
                    FROM lab_release WHERE lab = $1 ORDER BY started_at DESC LIMIT $2",
            &[lab.into(), limit.into()],
        )?
        .iter()
        .map(release)
        .collect()
    }

    /// One bulk release.
    pub fn release_by_id(&self, id: Uuid) -> Result<Option<ReleaseRow>> {
        self.query_opt(
            "SELECT id, lab, runs, state, total, released, persons, released_by, started_at, finished_at
                        FROM lab_release WHERE id = $1",
            &[id.into()],
        )?
        .as_ref()
        .map(release)
        .transpose()
    }

    /// Bulk releases that were under way when the program stopped.
    pub fn running_releases(&self) -> Result<Vec<ReleaseRow>> {
        self.query(
            "SELECT id, lab, runs, state, total, released, persons, released_by, started_at, finished_at
                    FROM lab_release WHERE state = 'running' ORDER BY started_at",
            &[],
        )?
        .iter()
        .map(release)
        .collect()
    }
}
