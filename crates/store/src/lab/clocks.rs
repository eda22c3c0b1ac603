//! Clocks of tubes, and flags of laboratories.

use std::collections::HashMap;

use allclear_domain::kernel::{
    id::{Account, Id, Lab, Round, Run, Site},
    time::Instant,
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, Tx, Ty, Val};

/// A tube's clock as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRow {
    /// The tube.
    pub tube: String,
    /// `to_lab` or `turnaround`.
    pub clock: String,
    /// Round.
    pub round: Id<Round>,
    /// Site.
    pub site: Id<Site>,
    /// Laboratory, from reception on.
    pub lab: Option<Id<Lab>>,
    /// When it began.
    pub started_at: Instant,
    /// When it turns amber.
    pub warn_at: Instant,
    /// When it runs out.
    pub due_at: Instant,
    /// `none`, `warn`, `breach`.
    pub level: String,
    /// When it was raised to this level.
    pub raised_at: Option<Instant>,
    /// When the level changes next.
    pub next_at: Option<Instant>,
}

/// A raised clock with what a screen shows beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// The clock.
    pub clock: ClockRow,
    /// The tube's stage.
    pub stage: String,
    /// Its box.
    pub box_code: Option<String>,
    /// Persons in it.
    pub persons: i32,
    /// Name of the site.
    pub site_name: Option<String>,
    /// Name of the laboratory.
    pub lab_name: Option<String>,
}

/// Whose raised clocks.
#[derive(Debug, Clone, Default)]
pub struct AlertsOf {
    /// Tubes that this laboratory holds.
    pub lab: Option<Id<Lab>>,
    /// Tubes in these boxes.
    pub boxes: Vec<String>,
    /// Tubes of these sites.
    pub sites: Vec<Uuid>,
    /// Of the sites' tubes only those on their way to a laboratory.
    pub on_the_way: bool,
}

/// A box that somebody carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBoxRow {
    /// The box.
    pub code: String,
    /// Tubes in it.
    pub tubes: i32,
    /// Persons in them.
    pub persons: i32,
    /// Site that packed it.
    pub site: Option<Id<Site>>,
    /// When it was taken over.
    pub state_at: Instant,
    /// First swab of the oldest tube.
    pub opened_at: Option<Instant>,
    /// Where it is to go, as the giver said.
    pub destination: Option<String>,
}

/// A flag as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagRow {
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Run, if it is about one.
    pub run: Option<Id<Run>>,
    /// Flag's word.
    pub flag: String,
    /// The numbers behind it.
    pub detail: String,
    /// When it was raised.
    pub raised_at: Instant,
    /// Who cleared it.
    pub cleared_by: Option<Id<Account>>,
    /// What was found.
    pub cleared_note: Option<String>,
}

fn clock(row: &Row) -> Result<ClockRow> {
    Ok(ClockRow {
        tube: row.get("tube")?,
        clock: row.get("clock")?,
        round: row.get("round")?,
        site: row.get("site")?,
        lab: row.get("lab")?,
        started_at: row.get("started_at")?,
        warn_at: row.get("warn_at")?,
        due_at: row.get("due_at")?,
        level: row.get("level")?,
        raised_at: row.get("raised_at")?,
        next_at: row.get("next_at")?,
    })
}

static CLOCKS: Bulk = Bulk {
    table: "tube_clock",
    columns: &[
        ("bucket", Ty::I64),
        ("tube", Ty::Text),
        ("clock", Ty::Text),
        ("round", Ty::Blob),
        ("site", Ty::Blob),
        ("lab", Ty::Blob),
        ("started_at", Ty::I64),
        ("warn_at", Ty::I64),
        ("due_at", Ty::I64),
        ("level", Ty::Text),
        ("raised_at", Ty::I64),
        ("next_at", Ty::I64),
    ],
    // A clock that runs on keeps its level; only another clock replaces it.
    on_conflict: "ON CONFLICT (bucket, tube) DO UPDATE SET clock = excluded.clock, lab = excluded.lab, started_at = excluded.started_at,
        warn_at = excluded.warn_at, due_at = excluded.due_at, level = excluded.level, raised_at = excluded.raised_at,
        next_at = excluded.next_at WHERE tube_clock.clock <> excluded.clock",
};

impl Tx<'_> {
    /// Sets clocks; each tube once.
    pub fn put_clocks(&self, clocks: &[ClockRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = clocks
            .iter()
            .map(|c| {
                vec![
                    self.bucket(c.tube.as_bytes()).into(),
                    (&c.tube).into(),
                    (&c.clock).into(),
                    c.round.into(),
                    c.site.into(),
                    c.lab.into(),
                    c.started_at.into(),
                    c.warn_at.into(),
                    c.due_at.into(),
                    (&c.level).into(),
                    c.raised_at.into(),
                    c.next_at.into(),
                ]
            })
            .collect();
        self.bulk(&CLOCKS, &rows)
    }

    /// Raises a clock that is due to a level; false if another node did so meanwhile.
    pub fn raise_clock(&self, tube: &str, level: &str, at: Instant, next_at: Option<Instant>) -> Result<bool> {
        let raised = self.execute(
            "UPDATE tube_clock SET level = $1, raised_at = $2, next_at = $3 WHERE bucket = $4 AND tube = $5 AND next_at <= $2",
            &[level.into(), at.into(), next_at.into(), self.bucket(tube.as_bytes()).into(), tube.into()],
        )?;
        Ok(raised == 1)
    }

    /// Stops the clocks of some tubes.
    pub fn delete_clocks(&self, codes: &[&str]) -> Result<u64> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.execute("DELETE FROM tube_clock WHERE bucket = ANY($1) AND tube IN TEXTS($2)", &[Val::I64s(&buckets), Val::Texts(codes)])
    }

    /// Clocks whose level changes now.
    pub fn due_clocks(&self, now: Instant, limit: i64) -> Result<Vec<ClockRow>> {
        self.query(
            "SELECT bucket, tube, clock, round, site, lab, started_at, warn_at, due_at, level, raised_at,
                           next_at
                    FROM tube_clock WHERE next_at <= $1 ORDER BY next_at LIMIT $2",
            &[now.into(), limit.into()],
        )?
        .iter()
        .map(clock)
        .collect()
    }

    /// Raised clocks, those that run out first at the top.
    pub fn clock_alerts(&self, of: &AlertsOf, limit: i64) -> Result<Vec<AlertRow>> {
        let sites: Vec<&[u8]> = of.sites.iter().map(|site| site.as_bytes().as_slice()).collect();
        let boxes: Vec<&str> = of.boxes.iter().map(String::as_str).collect();
        self.query(
            "SELECT c.bucket, c.tube, c.clock, c.round, c.site, c.lab, c.started_at, c.warn_at, c.due_at, c.level,
                    c.raised_at, c.next_at, t.stage, t.box, t.valid, s.name AS site_name, l.name AS lab_name
             FROM tube_clock c JOIN tube t ON t.bucket = c.bucket AND t.code = c.tube
             LEFT JOIN site s ON s.id = c.site LEFT JOIN lab l ON l.id = c.lab
             WHERE c.raised_at IS NOT NULL AND (c.lab = $1 OR t.box = ANY($2)
                 OR (c.site = ANY_BLOB($3) AND ($4 = 0 OR (c.lab IS NULL AND t.stage = 'in_transit'))))
             ORDER BY c.due_at, c.tube LIMIT $5",
            &[
                of.lab.map_or(Val::Uuid([0; 16]), Val::from),
                Val::Texts(&boxes),
                Val::Blobs(&sites),
                i64::from(of.on_the_way).into(),
                limit.into(),
            ],
        )?
        .iter()
        .map(|row| {
            Ok(AlertRow {
                clock: clock(row)?,
                stage: row.get("stage")?,
                box_code: row.get("box")?,
                persons: row.get("valid")?,
                site_name: row.get("site_name")?,
                lab_name: row.get("lab_name")?,
            })
        })
        .collect()
    }

    /// Boxes that somebody took over and has not delivered, oldest tube first.
    pub fn boxes_held_by(&self, holder: Id<Account>) -> Result<Vec<HeldBoxRow>> {
        let boxes = self.query(
            "SELECT b.code, b.site, b.state_at,
                    (SELECT MAX(c.detail) FROM custody c WHERE c.bucket = b.bucket AND c.subject = b.code AND c.event = 'given')
             FROM box b WHERE b.holder = $1 AND b.state = 'handed_over' ORDER BY b.state_at, b.code LIMIT 200",
            &[holder.into()],
        )?;
        let codes: Vec<String> = boxes.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        // Tubes lie in buckets of their own, so what is in a box is asked for apart.
        let inside = self.query(
            "SELECT box, COUNT(code), CAST(COALESCE(SUM(valid), 0) AS BIGINT), MIN(opened_at) FROM tube
             WHERE box = ANY($1) AND stage <> 'void' GROUP BY box",
            &[Val::Texts(&codes)],
        )?;
        let inside: HashMap<String, (i32, i32, Option<Instant>)> =
            inside.iter().map(|row| Ok((row.at(0)?, (row.at(1)?, row.at(2)?, row.at(3)?)))).collect::<Result<_>>()?;
        let mut held = boxes
            .iter()
            .map(|row| {
                let code: String = row.at(0)?;
                let (tubes, persons, opened_at) = inside.get(&code).copied().unwrap_or_default();
                Ok(HeldBoxRow { code, tubes, persons, site: row.at(1)?, state_at: row.at(2)?, opened_at, destination: row.at(3)? })
            })
            .collect::<Result<Vec<_>>>()?;
        held.sort_by(|a, b| (a.opened_at.is_none(), a.opened_at, &a.code).cmp(&(b.opened_at.is_none(), b.opened_at, &b.code)));
        Ok(held)
    }

    /// First swab of some tubes: when their clocks began, and their sites.
    pub fn tube_starts(&self, codes: &[&str]) -> Result<Vec<(String, Instant)>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query(
            "SELECT code, opened_at FROM tube WHERE bucket = ANY($1) AND code IN TEXTS($2)",
            &[Val::I64s(&buckets), Val::Texts(codes)],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// Raises a flag; answers whether it is new. A run is flagged once for each thing; a laboratory
    /// not again while the flag is open, nor within half a day of being cleared. A positive that is taken back is new each
    /// time somebody has looked at the one before.
    pub fn raise_flag(&self, row: &FlagRow) -> Result<bool> {
        let open = self.query_opt(
            "SELECT 1 FROM lab_flag WHERE lab = $1 AND flag = $2 AND (run = $3 OR (run IS NULL AND $4 = 1))
             AND (cleared_at IS NULL OR (flag <> 'positive_withdrawn' AND ($4 = 0 OR cleared_at > $5)))",
            &[
                row.lab.into(),
                (&row.flag).into(),
                row.run.map_or(Val::Uuid([0; 16]), Val::from),
                i64::from(row.run.is_none()).into(),
                row.raised_at.plus_seconds(-12 * 3600).into(),
            ],
        )?;
        if open.is_some() {
            return Ok(false);
        }
        self.execute_exact(
            "lab_flag",
            1,
            "INSERT INTO lab_flag (id, lab, run, flag, detail, raised_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[row.id.into(), row.lab.into(), row.run.into(), (&row.flag).into(), (&row.detail).into(), row.raised_at.into()],
        )?;
        Ok(true)
    }

    /// Flags of some laboratories, open ones first.
    pub fn flags(&self, labs: &[Id<Lab>], limit: i64) -> Result<Vec<FlagRow>> {
        let labs: Vec<Uuid> = labs.iter().map(|lab| lab.uuid()).collect();
        let keys: Vec<&[u8]> = labs.iter().map(|lab| lab.as_bytes().as_slice()).collect();
        self.query(
            "SELECT id, lab, run, flag, detail, raised_at, cleared_at, cleared_by, cleared_note
             FROM lab_flag WHERE lab = ANY_BLOB($1)
             ORDER BY CASE WHEN cleared_at IS NULL THEN 0 ELSE 1 END, raised_at DESC LIMIT $2",
            &[Val::Blobs(&keys), limit.into()],
        )?
        .iter()
        .map(|row| {
            Ok(FlagRow {
                id: row.get("id")?,
                lab: row.get("lab")?,
                run: row.get("run")?,
                flag: row.get("flag")?,
                detail: row.get("detail")?,
                raised_at: row.get("raised_at")?,
                cleared_by: row.get("cleared_by")?,
                cleared_note: row.get("cleared_note")?,
            })
        })
        .collect()
    }

    /// Clears a flag; answers false if it was not open.
    pub fn clear_flag(&self, lab: Id<Lab>, id: Uuid, by: Id<Account>, at: Instant, note: &str) -> Result<bool> {
        let sql =
            "UPDATE lab_flag SET cleared_at = $1, cleared_by = $2, cleared_note = $3 WHERE lab = $4 AND id = $5 AND cleared_at IS NULL";
        Ok(self.execute(sql, &[at.into(), by.into(), note.into(), lab.into(), id.into()])? == 1)
    }

    /// Results entered since `from`, and of these without a run.
    pub fn entered_since(&self, lab: Id<Lab>, from: Instant) -> Result<(i64, i64)> {
        let row = self.query_opt(
            "SELECT COUNT(*), COALESCE(SUM(CASE WHEN run IS NULL THEN 1 ELSE 0 END), 0) FROM lab_tube WHERE lab = $1 AND entered_at > $2",
            &[lab.into(), from.into()],
        )?;
        row.map_or(Ok((0, 0)), |row| Ok((row.at(0)?, row.at(1)?)))
    }
}
