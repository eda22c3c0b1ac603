//! Files taken in: their state, their bad and parked rows, remembered column mappings.

use std::collections::BTreeSet;

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, Import, PersonNo},
    time::Instant,
};

use crate::{Bulk, Result, Row, Tx, Ty, Val};

/// Counts of an import while it runs and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    /// Rows looked at.
    pub rows_done: i64,
    /// Persons added.
    pub added: i64,
    /// Rows that say what the register says already.
    pub unchanged: i64,
    /// Rows that came back with reasons.
    pub bad: i64,
    /// Rows that wait for a decision.
    pub parked: i64,
}

/// An import as stored.
#[derive(Debug, Clone)]
pub struct ImportRow {
    /// Id.
    pub id: Id<Import>,
    /// Name of the file.
    pub file_name: String,
    /// Format words.
    pub format: String,
    /// Header cells, JSON.
    pub header: String,
    /// Field words or null a column, JSON.
    pub mapping: String,
    /// Village for the whole file.
    pub area: Option<AreaCode>,
    /// `uploaded`, `running`, `done`, `failed`, `undoing`, `undone`.
    pub state: String,
    /// Rows of the file, about.
    pub rows_total: i64,
    /// Counts.
    pub counts: ImportCounts,
    /// Persons that an undo could not take back.
    pub kept_on_undo: i64,
    /// Problem code of a failed import.
    pub problem: Option<String>,
    /// Who uploaded it.
    pub created_by: String,
    /// When.
    pub created_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Area subtrees of the account that uploaded it; never empty.
    pub scopes: Vec<AreaCode>,
}

/// A row that did not go in.
#[derive(Debug, Clone)]
pub struct ImportRowKept {
    /// Line or sheet row.
    pub line: i64,
    /// `bad` or `parked`.
    pub kind: String,
    /// Sealed JSON of the cells.
    pub cells: Vec<u8>,
    /// Reasons: JSON list of [field, code].
    pub reasons: String,
    /// Blind index of the document, of a parked row.
    pub blind: Option<Vec<u8>>,
    /// `keep`, `update`, `both`.
    pub decision: Option<String>,
    /// The record that was changed or made by the decision.
    pub person: Option<i64>,
    /// Sealed JSON of that record before.
    pub before: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, file_name, format, header, mapping, area, state, rows_total, rows_done, added, unchanged, bad, parked,
    kept_on_undo, problem, created_by, created_at, finished_at, scope, scopes";

/// Imports of before several subtrees have the one only.
fn scopes(row: &Row) -> Result<Vec<AreaCode>> {
    let Some(codes) = row.at::<Option<String>>(19)? else { return Ok(vec![row.at(18)?]) };
    let bad = || crate::StoreError::Column { column: "import.scopes".into(), found: "another text", expected: "area codes" };
    codes.split(' ').map(|code| AreaCode::parse(code).map_err(|_| bad())).collect()
}

fn import(row: &Row) -> Result<ImportRow> {
    Ok(ImportRow {
        id: row.at(0)?,
        file_name: row.at(1)?,
        format: row.at(2)?,
        header: row.at(3)?,
        mapping: row.at(4)?,
        area: row.at(5)?,
        state: row.at(6)?,
        rows_total: row.at(7)?,
        counts: ImportCounts { rows_done: row.at(8)?, added: row.at(9)?, unchanged: row.at(10)?, bad: row.at(11)?, parked: row.at(12)? },
        kept_on_undo: row.at(13)?,
        problem: row.at(14)?,
        created_by: row.at(15)?,
        created_at: row.at(16)?,
        finished_at: row.at(17)?,
        scopes: scopes(row)?,
    })
}

fn kept(row: &Row) -> Result<ImportRowKept> {
    Ok(ImportRowKept {
        line: row.at(0)?,
        kind: row.at(1)?,
        cells: row.at(2)?,
        reasons: row.at(3)?,
        blind: row.at(4)?,
        decision: row.at(5)?,
        person: row.at(6)?,
        before: row.at(7)?,
    })
}

impl Tx<'_> {
    /// Adds an uploaded file.
    pub fn insert_import(&self, row: &ImportRow) -> Result<()> {
        let scopes = row.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        self.execute_exact(
            "import",
            1,
            "INSERT INTO import (id, file_name, format, header, mapping, area, state, rows_total, rows_done, added, unchanged, bad, parked,
                 kept_on_undo, problem, created_by, created_at, finished_at, scope, scopes)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, 0, 0, 0, NULL, $9, $10, NULL, $11, $12)",
            &[
                row.id.into(),
                (&row.file_name).into(),
                (&row.format).into(),
                (&row.header).into(),
                (&row.mapping).into(),
                row.area.into(),
                (&row.state).into(),
                row.rows_total.into(),
                (&row.created_by).into(),
                row.created_at.into(),
                row.scopes.first().copied().into(),
                (&scopes).into(),
            ],
        )
    }

    /// One import.
    pub fn import(&self, id: Id<Import>) -> Result<Option<ImportRow>> {
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!("SELECT {COLUMNS} FROM import WHERE id = $1"));
        self.query_opt(SQL.as_str(), &[id.into()])?.as_ref().map(import).transpose()
    }

    /// Imports, newest first.
    pub fn imports(&self, limit: i64) -> Result<Vec<ImportRow>> {
        static SQL: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| format!("SELECT {COLUMNS} FROM import ORDER BY created_at DESC, id DESC LIMIT $1"));
        self.query(SQL.as_str(), &[limit.into()])?.iter().map(import).collect()
    }

    /// Moves an import from one state to another; false if it was in none of `from`.
    pub fn move_import(&self, id: Id<Import>, from: &[&str], to: &str, problem: Option<&str>, ended_at: Option<Instant>) -> Result<bool> {
        let sql = "UPDATE import SET state = $2, problem = $3, finished_at = $4 WHERE id = $1 AND state = ANY($5)";
        Ok(self.execute(sql, &[id.into(), to.into(), problem.into(), ended_at.into(), Val::Texts(from)])? == 1)
    }

    /// Sets header and mapping with which an import runs.
    pub fn set_import_mapping(&self, id: Id<Import>, header: &str, mapping: &str, area: Option<AreaCode>) -> Result<()> {
        let sql = "UPDATE import SET header = $2, mapping = $3, area = $4 WHERE id = $1";
        self.execute_exact("import", 1, sql, &[id.into(), header.into(), mapping.into(), area.into()])
    }

    /// How many parked rows of an import wait for a decision.
    pub fn count_parked_open(&self, id: Id<Import>) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM import_row WHERE bucket = $1 AND import = $2 AND kind = 'parked' AND decision IS NULL";
        self.query_opt(sql, &[self.bucket(id.uuid().as_bytes()).into(), id.into()])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Moves counts as an undo goes on.
    pub fn count_undo(&self, id: Id<Import>, gone: i64, kept: i64) -> Result<()> {
        let sql = "UPDATE import SET added = added - $2, kept_on_undo = kept_on_undo + $3 WHERE id = $1";
        self.execute_exact("import", 1, sql, &[id.into(), gone.into(), kept.into()])
    }

    /// Adds to the counts of an import that runs; one that was given up meanwhile takes no further rows.
    pub fn count_import(&self, id: Id<Import>, add: ImportCounts) -> Result<()> {
        self.execute_exact(
            "import",
            1,
            "UPDATE import SET rows_done = rows_done + $2, added = added + $3, unchanged = unchanged + $4, bad = bad + $5,
                 parked = parked + $6 WHERE id = $1 AND state = 'running'",
            &[id.into(), add.rows_done.into(), add.added.into(), add.unchanged.into(), add.bad.into(), add.parked.into()],
        )
    }

    /// Counts a person who was added after the import had ended, by a decision about a row that waited.
    pub fn count_added_later(&self, id: Id<Import>) -> Result<()> {
        self.execute_exact("import", 1, "UPDATE import SET added = added + 1 WHERE id = $1", &[id.into()])
    }

    /// Says that somebody is at an import that runs.
    pub fn import_alive(&self, id: Id<Import>, now: Instant) -> Result<()> {
        let sql = "UPDATE import SET alive_at = $2 WHERE id = $1 AND state IN ('running', 'undoing')";
        self.execute(sql, &[id.into(), now.into()]).map(drop)
    }

    /// Imports that run and of which nobody has said since `silent_since` that they are at it become failed; answers
    /// (import, rows done, rows in all).
    pub fn fail_silent_imports(
        &self,
        state: &str,
        problem: &str,
        silent_since: Instant,
        now: Instant,
    ) -> Result<Vec<(Id<Import>, i64, i64)>> {
        self.query(
            "UPDATE import SET state = 'failed', problem = $1, finished_at = $2
             WHERE state = $3 AND COALESCE(alive_at, created_at) < $4 RETURNING id, rows_done, rows_total",
            &[problem.into(), now.into(), state.into(), silent_since.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }

    /// Files that were uploaded before `before` and never taken in become failed with this code.
    pub fn fail_old_uploads(&self, problem: &str, before: Instant, now: Instant) -> Result<u64> {
        self.execute(
            "UPDATE import SET state = 'failed', problem = $1, finished_at = $3 WHERE state = 'uploaded' AND created_at <= $2",
            &[problem.into(), before.into(), now.into()],
        )
    }

    /// Keeps rows that did not go in.
    pub fn keep_import_rows(&self, id: Id<Import>, rows: &[ImportRowKept]) -> Result<u64> {
        static KEPT: Bulk = Bulk {
            table: "import_row",
            columns: &[
                ("bucket", Ty::I64),
                ("import", Ty::Blob),
                ("line", Ty::I64),
                ("kind", Ty::Text),
                ("cells", Ty::Blob),
                ("reasons", Ty::Text),
                ("blind", Ty::Blob),
            ],
            on_conflict: "ON CONFLICT (bucket, import, line) DO NOTHING",
        };
        let bucket = self.bucket(id.uuid().as_bytes());
        let cells: Vec<Vec<Val<'_>>> = rows
            .iter()
            .map(|row| {
                vec![
                    bucket.into(),
                    id.into(),
                    row.line.into(),
                    (&row.kind).into(),
                    (&row.cells).into(),
                    (&row.reasons).into(),
                    row.blind.as_ref().map_or(Val::Null, Val::from),
                ]
            })
            .collect();
        self.bulk(&KEPT, &cells)
    }

    /// Kept rows of one kind after `line`; `open` leaves out the decided ones.
    pub fn import_rows(&self, id: Id<Import>, kind: &str, open: bool, after: i64, limit: i64) -> Result<Vec<ImportRowKept>> {
        self.query(
            "SELECT line, kind, cells, reasons, blind, decision, person, before FROM import_row
             WHERE bucket = $1 AND import = $2 AND kind = $3 AND line > $4 AND ($5 = 0 OR decision IS NULL) ORDER BY line LIMIT $6",
            &[self.bucket(id.uuid().as_bytes()).into(), id.into(), kind.into(), after.into(), i64::from(open).into(), limit.into()],
        )?
        .iter()
        .map(kept)
        .collect()
    }

    /// Kept rows by line.
    pub fn import_rows_at(&self, id: Id<Import>, lines: &[i64]) -> Result<Vec<ImportRowKept>> {
        self.query(
            "SELECT line, kind, cells, reasons, blind, decision, person, before FROM import_row
             WHERE bucket = $1 AND import = $2 AND line = ANY($3) ORDER BY line",
            &[self.bucket(id.uuid().as_bytes()).into(), id.into(), Val::I64s(lines)],
        )?
        .iter()
        .map(kept)
        .collect()
    }

    /// Rows of an import that changed a record by a decision.
    pub fn decided_import_rows(&self, id: Id<Import>, decision: &str) -> Result<Vec<ImportRowKept>> {
        self.query(
            "SELECT line, kind, cells, reasons, blind, decision, person, before FROM import_row
             WHERE bucket = $1 AND import = $2 AND decision = $3 ORDER BY line DESC",
            &[self.bucket(id.uuid().as_bytes()).into(), id.into(), decision.into()],
        )?
        .iter()
        .map(kept)
        .collect()
    }

    /// Notes the decision on a parked row; false if it was decided already.
    pub fn decide_import_row(&self, id: Id<Import>, row: &ImportRowKept, by: &str) -> Result<bool> {
        let changed = self.execute(
            "UPDATE import_row SET decision = $4, decided_by = $5, person = $6, before = $7
             WHERE bucket = $1 AND import = $2 AND line = $3 AND decision IS NULL",
            &[
                self.bucket(id.uuid().as_bytes()).into(),
                id.into(),
                row.line.into(),
                row.decision.as_ref().map_or(Val::Null, Val::from),
                by.into(),
                row.person.into(),
                row.before.as_ref().map_or(Val::Null, Val::from),
            ],
        )?;
        Ok(changed == 1)
    }

    /// A remembered mapping for a layout.
    pub fn import_mapping(&self, header_set: &[u8; 32]) -> Result<Option<String>> {
        let sql = "SELECT mapping FROM import_mapping WHERE header_set = $1";
        self.query_opt(sql, &[header_set.into()])?.map(|row| row.at(0)).transpose()
    }

    /// Remembers a mapping for a layout.
    pub fn remember_import_mapping(&self, header_set: &[u8; 32], mapping: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "import_mapping",
            1,
            "INSERT INTO import_mapping (header_set, mapping, changed_at) VALUES ($1, $2, $3)
             ON CONFLICT (header_set) DO UPDATE SET mapping = excluded.mapping, changed_at = excluded.changed_at",
            &[header_set.into(), mapping.into(), now.into()],
        )
    }

    /// Takes back persons that an import brought and that nothing refers to: at most `limit` after
    /// `after`. Answers the last number looked at (0 when there are no more), how many went and how
    /// many stay because they were sampled, changed, merged, have a card, or a ward who stays.
    pub fn take_back(&self, id: Id<Import>, after: PersonNo, limit: i64) -> Result<(i64, u64, u64)> {
        let rows = self.query(
            "SELECT no FROM person WHERE source = $1 AND no > $2 AND state <> 'removed' ORDER BY no LIMIT $3",
            &[id.into(), after.into(), limit.into()],
        )?;
        let numbers: Vec<i64> = rows.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
        let Some(last) = numbers.last().copied() else { return Ok((0, 0, 0)) };
        let (free, homes) = self.free_to_go(id, &numbers)?;
        let keys: Vec<[u8; 8]> = free.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        self.execute("DELETE FROM document WHERE person = ANY($1)", &[Val::I64s(&free)])?;
        let gone =
            self.execute("DELETE FROM person WHERE bucket = ANY($1) AND no IN I64S($2)", &[Val::I64s(&buckets), Val::I64s(&free)])?;
        // A home keeps its family code as long as somebody belongs to it: sampled, or of another import.
        self.remove_empty_households(&homes)?;
        Ok((last, gone, numbers.len() as u64 - gone))
    }

    /// Of some persons of an import those who were not sampled or changed and have no card, task, or ward who stays; and
    /// their homes. One table a statement: their keys lie in different buckets.
    fn free_to_go(&self, id: Id<Import>, numbers: &[i64]) -> Result<(Vec<i64>, Vec<i64>)> {
        let unchanged = self.query("SELECT no, household FROM person WHERE no = ANY($1) AND version = 1", &[Val::I64s(numbers)])?;
        let wards = self.query(
            "SELECT no, guardian, CASE WHEN source IS DISTINCT FROM $2 OR version > 1 THEN 1 ELSE 0 END FROM person WHERE guardian = ANY($1)",
            &[Val::I64s(numbers), id.into()],
        )?;
        let wards: Vec<(i64, i64, i64)> = wards.iter().map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?))).collect::<Result<_>>()?;
        let mut asked: Vec<i64> = numbers.iter().copied().chain(wards.iter().map(|(ward, ..)| *ward)).collect();
        asked.sort_unstable();
        asked.dedup();
        let keys: Vec<[u8; 8]> = asked.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        let sampled = "SELECT DISTINCT person FROM person_collection WHERE bucket = ANY($1) AND person IN I64S($2)";
        let busy = [
            self.query(sampled, &[Val::I64s(&buckets), Val::I64s(&asked)])?,
            self.query("SELECT DISTINCT person FROM card WHERE person = ANY($1)", &[Val::I64s(&asked)])?,
            self.query("SELECT DISTINCT person FROM task WHERE person = ANY($1)", &[Val::I64s(&asked)])?,
        ];
        let mut stays: BTreeSet<i64> = busy.iter().flatten().map(|row| row.at(0)).collect::<Result<_>>()?;
        let kept: Vec<i64> =
            wards.iter().filter(|(ward, _, of_others)| *of_others != 0 || stays.contains(ward)).map(|(_, g, _)| *g).collect();
        stays.extend(kept);
        let (mut free, mut homes) = (Vec::new(), BTreeSet::new());
        for row in unchanged {
            let no: i64 = row.at(0)?;
            if !stays.contains(&no) {
                free.push(no);
                homes.extend(row.at::<Option<i64>>(1)?);
            }
        }
        Ok((free, homes.into_iter().collect()))
    }

    /// Lets a SQLite file grow by at most `pages` pages from here on (`None`: without limit): a
    /// quota, and how a test fills the disk. Nothing on PostgreSQL, which has its own quotas.
    pub fn limit_growth(&self, pages: Option<i64>) -> Result<()> {
        let crate::tx::Conn::Sqlite(conn) = self.conn else { return Ok(()) };
        let used: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let limit = pages.map_or(0xFFFF_FFFE, |pages| used + pages);
        conn.query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))?;
        Ok(())
    }
}
