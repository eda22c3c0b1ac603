//! Laboratories, their kits and instruments, and what waits in them.

pub mod clocks;
pub mod follow_ups;
pub mod receptions;
pub mod results;
pub mod runs;
pub mod tasks;

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, Lab},
    time::Instant,
};
use uuid::Uuid;

use crate::{Result, Row, Tx};

/// A laboratory as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabRow {
    /// Id.
    pub id: Id<Lab>,
    /// Name.
    pub name: String,
    /// Area it stands in.
    pub area: AreaCode,
    /// Tubes in 24 hours.
    pub rated_per_day: i32,
    /// Believable percent of that.
    pub factor_percent: i32,
}

/// A reagent kit as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Shortest run, seconds.
    pub run_s_min: i64,
    /// Cut-off, hundredths of a cycle.
    pub cutoff: i32,
    /// Name of the internal control.
    pub internal_control: String,
}

/// An instrument as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentRow {
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Name.
    pub name: String,
    /// Columns of its exports, JSON.
    pub mapping: Option<String>,
}

/// What waits in a laboratory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BacklogRow {
    /// Received.
    pub received: i64,
    /// On a run.
    pub on_run: i64,
    /// Resulted.
    pub resulted: i64,
    /// Entered in the last 24 hours and released.
    pub released_24h: i64,
    /// Reception of the oldest open tube.
    pub oldest_received_at: Option<Instant>,
    /// Open holds.
    pub holds: i64,
    /// Raised clocks.
    pub alerts: i64,
    /// Flags not cleared.
    pub flags: i64,
    /// Open follow-ups.
    pub follow_ups: i64,
}

fn lab(row: &Row) -> Result<LabRow> {
    Ok(LabRow {
        id: row.get("id")?,
        name: row.get("name")?,
        area: row.get("area")?,
        rated_per_day: row.get("rated_per_day")?,
        factor_percent: row.get("factor_percent")?,
    })
}

fn instrument(row: &Row) -> Result<InstrumentRow> {
    Ok(InstrumentRow { id: row.get("id")?, lab: row.get("lab")?, name: row.get("name")?, mapping: row.get("mapping")? })
}

impl Tx<'_> {
    /// Adds a laboratory.
    pub fn insert_lab(&self, row: &LabRow, now: Instant) -> Result<()> {
        self.execute_exact(
            "lab",
            1,
            "INSERT INTO lab (id, name, area, rated_per_day, factor_percent, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[row.id.into(), (&row.name).into(), row.area.into(), row.rated_per_day.into(), row.factor_percent.into(), now.into()],
        )
    }

    /// Every laboratory: tens of rows.
    pub fn labs(&self) -> Result<Vec<LabRow>> {
        self.query("SELECT id, name, area, rated_per_day, factor_percent, created_at FROM lab ORDER BY name, id", &[])?
            .iter()
            .map(lab)
            .collect()
    }

    /// One laboratory.
    pub fn lab(&self, id: Id<Lab>) -> Result<Option<LabRow>> {
        self.query_opt("SELECT id, name, area, rated_per_day, factor_percent, created_at FROM lab WHERE id = $1", &[id.into()])?
            .as_ref()
            .map(lab)
            .transpose()
    }

    /// Adds a kit.
    pub fn insert_kit(&self, row: &KitRow, now: Instant) -> Result<()> {
        self.execute_exact(
            "lab_kit",
            1,
            "INSERT INTO lab_kit (id, name, run_s_min, cutoff, internal_control, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[row.id.into(), (&row.name).into(), row.run_s_min.into(), row.cutoff.into(), (&row.internal_control).into(), now.into()],
        )
    }

    /// Every kit: tens of rows.
    pub fn kits(&self) -> Result<Vec<KitRow>> {
        self.query("SELECT id, name, run_s_min, cutoff, internal_control, created_at FROM lab_kit ORDER BY name, id", &[])?
            .iter()
            .map(|row| {
                Ok(KitRow {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    run_s_min: row.get("run_s_min")?,
                    cutoff: row.get("cutoff")?,
                    internal_control: row.get("internal_control")?,
                })
            })
            .collect()
    }

    /// Adds an instrument.
    pub fn insert_instrument(&self, row: &InstrumentRow, now: Instant) -> Result<()> {
        self.execute_exact(
            "instrument",
            1,
            "INSERT INTO instrument (id, lab, name, mapping, created_at) VALUES ($1, $2, $3, $4, $5)",
            &[row.id.into(), row.lab.into(), (&row.name).into(), row.mapping.as_ref().into(), now.into()],
        )
    }

    /// Instruments of a laboratory.
    pub fn instruments(&self, lab: Id<Lab>) -> Result<Vec<InstrumentRow>> {
        self.query("SELECT id, lab, name, mapping, created_at FROM instrument WHERE lab = $1 ORDER BY name, id", &[lab.into()])?
            .iter()
            .map(instrument)
            .collect()
    }

    /// Keeps the columns of an instrument's exports.
    pub fn set_instrument_mapping(&self, lab: Id<Lab>, id: Uuid, mapping: &str) -> Result<()> {
        let sql = "UPDATE instrument SET mapping = $1 WHERE lab = $2 AND id = $3";
        self.execute_exact("instrument", 1, sql, &[mapping.into(), lab.into(), id.into()])
    }

    /// What waits in a laboratory.
    pub fn lab_backlog(&self, lab: Id<Lab>, day_ago: Instant) -> Result<BacklogRow> {
        let mut backlog = BacklogRow::default();
        let open = self.query(
            "SELECT stage, COUNT(*), MIN(received_at) FROM lab_tube
             WHERE lab = $1 AND stage IN ('received', 'on_run', 'resulted') GROUP BY stage",
            &[lab.into()],
        )?;
        for row in &open {
            let count: i64 = row.at(1)?;
            match row.at::<String>(0)?.as_str() {
                "received" => backlog.received = count,
                "on_run" => backlog.on_run = count,
                _ => backlog.resulted = count,
            }
            let oldest: Option<Instant> = row.at(2)?;
            backlog.oldest_received_at = [backlog.oldest_received_at, oldest].into_iter().flatten().min();
        }
        let count = |sql: &'static str, from: Option<Instant>| -> Result<i64> {
            let params: &[crate::Val<'_>] = match from {
                Some(from) => &[lab.into(), from.into()],
                None => &[lab.into()],
            };
            self.query_opt(sql, params)?.map_or(Ok(0), |row| row.at(0))
        };
        backlog.released_24h =
            count("SELECT COUNT(*) FROM lab_tube WHERE lab = $1 AND entered_at > $2 AND released_at IS NOT NULL", Some(day_ago))?;
        backlog.holds = count("SELECT COUNT(*) FROM lab_hold WHERE lab = $1 AND state = 'open'", None)?;
        backlog.alerts = count("SELECT COUNT(*) FROM tube_clock WHERE lab = $1 AND raised_at IS NOT NULL", None)?;
        backlog.flags = count("SELECT COUNT(*) FROM lab_flag WHERE lab = $1 AND cleared_at IS NULL", None)?;
        backlog.follow_ups = count("SELECT COUNT(*) FROM follow_up WHERE lab = $1 AND closed_at IS NULL", None)?;
        Ok(backlog)
    }

    /// Display names of some accounts.
    pub fn account_names(&self, ids: &[Uuid]) -> Result<std::collections::HashMap<Uuid, String>> {
        let keys: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
        self.query("SELECT id, display_name FROM account WHERE id = ANY_BLOB($1)", &[crate::Val::Blobs(&keys)])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?)))
            .collect()
    }
}
