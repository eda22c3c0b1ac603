//! Rounds, sites, expected lists.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Round, Site},
        time::Instant,
    },
    sampling::{
        round::{RoundState, RoundWindow},
        tube::TubeKind,
    },
};

use crate::{Result, Row, StoreError, Tx};

/// A round as stored.
#[derive(Debug, Clone)]
pub struct RoundRow {
    /// Id.
    pub id: Id<Round>,
    /// Name.
    pub name: String,
    /// State.
    pub state: RoundState,
    /// Default kind of tube.
    pub tube_kind: TubeKind,
    /// Planned start.
    pub starts_at: Instant,
    /// Planned end.
    pub ends_at: Instant,
    /// When it took swabs.
    pub window: RoundWindow,
    /// Profile version in force.
    pub profile_version: i32,
    /// Group bits that persons must have to be expected (0: everybody).
    pub groups: i64,
    /// Persons expected.
    pub expected: i64,
    /// Areas in scope, with their own kind of tube if they have one.
    pub areas: Vec<(AreaCode, Option<TubeKind>)>,
    /// Version for updates.
    pub version: i64,
}

/// A site as stored.
#[derive(Debug, Clone)]
pub struct SiteRow {
    /// Id.
    pub id: Id<Site>,
    /// Name.
    pub name: String,
    /// Area it stands in.
    pub area: AreaCode,
    /// Areas it serves.
    pub serves: Vec<AreaCode>,
    /// Tables.
    pub stations: i32,
    /// WGS 84 degrees.
    pub longitude: Option<f64>,
    /// WGS 84 degrees.
    pub latitude: Option<f64>,
    /// Opening hours.
    pub hours: String,
    /// Whether it takes people now.
    pub open: bool,
    /// Version for updates.
    pub version: i64,
}

pub(crate) fn word<T>(row: &Row, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| StoreError::Column { column: column.to_owned(), found: "an unknown word", expected: "a known word" })
}

fn round(row: &Row) -> Result<RoundRow> {
    Ok(RoundRow {
        id: row.get("id")?,
        name: row.get("name")?,
        state: word(row, "state", RoundState::parse)?,
        tube_kind: word(row, "tube_kind", TubeKind::parse)?,
        starts_at: row.get("starts_at")?,
        ends_at: row.get("ends_at")?,
        window: RoundWindow { opened_at: row.get("opened_at")?, closed_at: row.get("closed_at")? },
        profile_version: row.get("profile_version")?,
        groups: row.get("groups")?,
        expected: row.get("expected")?,
        areas: Vec::new(),
        version: row.get("version")?,
    })
}

fn site(row: &Row) -> Result<SiteRow> {
    Ok(SiteRow {
        id: row.get("id")?,
        name: row.get("name")?,
        area: row.get("area")?,
        serves: Vec::new(),
        stations: row.get("stations")?,
        longitude: row.get("longitude")?,
        latitude: row.get("latitude")?,
        hours: row.get("hours")?,
        open: row.get("open")?,
        version: row.get("version")?,
    })
}

impl Tx<'_> {
    /// Adds a round in state draft.
    pub fn insert_round(&self, row: &RoundRow, created_by: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "INSERT INTO round (id, name, state, tube_kind, starts_at, ends_at, profile_version, groups, expected, created_by, created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)",
            &[
                row.id.into(),
                (&row.name).into(),
                row.state.as_str().into(),
                row.tube_kind.as_str().into(),
                row.starts_at.into(),
                row.ends_at.into(),
                row.profile_version.into(),
                row.groups.into(),
                row.expected.into(),
                created_by.into(),
                now.into(),
            ],
        )?;
        for (area, kind) in &row.areas {
            self.execute_exact(
                "round_area",
                1,
                "INSERT INTO round_area (round, area, tube_kind) VALUES ($1, $2, $3)",
                &[row.id.into(), (*area).into(), kind.map(TubeKind::as_str).into()],
            )?;
        }
        Ok(())
    }

    /// Every round, newest first: tens of rows.
    pub fn rounds(&self) -> Result<Vec<RoundRow>> {
        let mut rounds =
            self.query("SELECT * FROM round ORDER BY starts_at DESC, id LIMIT 500", &[])?.iter().map(round).collect::<Result<Vec<_>>>()?;
        for row in self.query("SELECT round, area, tube_kind FROM round_area ORDER BY round, area", &[])? {
            let id: Id<Round> = row.at(0)?;
            let kind: Option<String> = row.at(2)?;
            if let Some(round) = rounds.iter_mut().find(|r| r.id == id) {
                round.areas.push((row.at(1)?, kind.as_deref().and_then(TubeKind::parse)));
            }
        }
        Ok(rounds)
    }

    /// Moves a round to another state; asserts the version that was read.
    pub fn update_round_state(&self, row: &RoundRow, state: RoundState, window: RoundWindow, expected: i64) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "UPDATE round SET state = $1, opened_at = $2, closed_at = $3, expected = $4, version = version + 1 WHERE id = $5 AND version = $6",
            &[state.as_str().into(), window.opened_at.into(), window.closed_at.into(), expected.into(), row.id.into(), row.version.into()],
        )
    }

    /// Replaces a round's expected list: one serialized bitmap of person numbers a village.
    pub fn replace_expected(&self, id: Id<Round>, villages: &[(AreaCode, i64, Vec<u8>)]) -> Result<()> {
        self.execute("DELETE FROM round_expected WHERE round = $1", &[id.into()])?;
        for (area, persons, bitmap) in villages {
            self.execute_exact(
                "round_expected",
                1,
                "INSERT INTO round_expected (round, area, persons, bitmap) VALUES ($1, $2, $3, $4)",
                &[id.into(), (*area).into(), (*persons).into(), bitmap.into()],
            )?;
        }
        Ok(())
    }

    /// A round's expected list.
    pub fn expected(&self, id: Id<Round>) -> Result<Vec<(AreaCode, i64, Vec<u8>)>> {
        self.query("SELECT area, persons, bitmap FROM round_expected WHERE round = $1 ORDER BY area", &[id.into()])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
            .collect()
    }

    /// Adds a site.
    pub fn insert_site(&self, row: &SiteRow) -> Result<()> {
        self.execute_exact(
            "site",
            1,
            "INSERT INTO site (id, name, area, stations, longitude, latitude, hours, open, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
            &[
                row.id.into(),
                (&row.name).into(),
                row.area.into(),
                row.stations.into(),
                row.longitude.into(),
                row.latitude.into(),
                (&row.hours).into(),
                row.open.into(),
            ],
        )?;
        for area in &row.serves {
            self.execute_exact("site_area", 1, "INSERT INTO site_area (site, area) VALUES ($1, $2)", &[row.id.into(), (*area).into()])?;
        }
        Ok(())
    }

    /// Every site with the areas it serves: hundreds of rows, cached by the caller.
    pub fn sites(&self) -> Result<Vec<SiteRow>> {
        let mut sites = self.query("SELECT * FROM site ORDER BY name, id", &[])?.iter().map(site).collect::<Result<Vec<_>>>()?;
        let mut serves: std::collections::HashMap<Id<Site>, Vec<AreaCode>> = std::collections::HashMap::new();
        for row in self.query("SELECT site, area FROM site_area ORDER BY site, area", &[])? {
            serves.entry(row.at(0)?).or_default().push(row.at(1)?);
        }
        for site in &mut sites {
            site.serves = serves.remove(&site.id).unwrap_or_default();
        }
        Ok(sites)
    }
}
