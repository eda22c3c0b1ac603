//! Sites: where they stand, whom they serve, how busy they are.

use std::collections::HashMap;

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, Round, Site},
    time::Instant,
};

use crate::{Result, Row, Tx};

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
    /// Where its queue goes while it is closed.
    pub transfer_to: Option<Id<Site>>,
    /// Why it was closed.
    pub closed_reason: Option<String>,
    /// Version for updates.
    pub version: i64,
}

/// What a site did in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteWork {
    /// The site.
    pub site: Id<Site>,
    /// Tubes.
    pub tubes: i64,
    /// Of these, open.
    pub open_tubes: i64,
    /// Swabs that count.
    pub swabs: i64,
    /// When the last fact was noted on a device.
    pub last_at: Option<Instant>,
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
        transfer_to: row.get("transfer_to")?,
        closed_reason: row.get("closed_reason")?,
        version: row.get("version")?,
    })
}

impl Tx<'_> {
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
        self.insert_served(row)
    }

    fn insert_served(&self, row: &SiteRow) -> Result<()> {
        for area in &row.serves {
            self.execute_exact("site_area", 1, "INSERT INTO site_area (site, area) VALUES ($1, $2)", &[row.id.into(), (*area).into()])?;
        }
        self.plan_changed()
    }

    /// Changes a site; asserts the version that was read.
    pub fn update_site(&self, row: &SiteRow) -> Result<()> {
        self.execute_exact(
            "site",
            1,
            "UPDATE site SET name = $1, area = $2, stations = $3, longitude = $4, latitude = $5, hours = $6, open = $7, transfer_to = $8,
                 closed_reason = $9, version = version + 1 WHERE id = $10 AND version = $11",
            &[
                (&row.name).into(),
                row.area.into(),
                row.stations.into(),
                row.longitude.into(),
                row.latitude.into(),
                (&row.hours).into(),
                row.open.into(),
                row.transfer_to.into(),
                row.closed_reason.as_ref().into(),
                row.id.into(),
                row.version.into(),
            ],
        )?;
        self.execute("DELETE FROM site_area WHERE site = $1", &[row.id.into()])?;
        self.insert_served(row)
    }

    /// Every site with the areas it serves: hundreds of rows, cached by the caller.
    pub fn sites(&self) -> Result<Vec<SiteRow>> {
        let mut sites = self
            .query(
                "SELECT id, name, area, stations, longitude, latitude, hours, open, version,
                                           transfer_to, closed_reason
                                    FROM site ORDER BY name, id",
                &[],
            )?
            .iter()
            .map(site)
            .collect::<Result<Vec<_>>>()?;
        let mut serves: HashMap<Id<Site>, Vec<AreaCode>> = HashMap::new();
        for row in self.query("SELECT site, area FROM site_area ORDER BY site, area", &[])? {
            serves.entry(row.at(0)?).or_default().push(row.at(1)?);
        }
        for site in &mut sites {
            site.serves = serves.remove(&site.id).unwrap_or_default();
        }
        Ok(sites)
    }

    /// What each site did in a round.
    pub fn site_work(&self, round: Id<Round>) -> Result<Vec<SiteWork>> {
        self.query(
            "SELECT site, COUNT(*), CAST(SUM(CASE WHEN stage = 'open' THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(valid) AS BIGINT),
                    MAX(last_at)
             FROM tube WHERE round = $1 GROUP BY site",
            &[round.into()],
        )?
        .iter()
        .map(|row| Ok(SiteWork { site: row.at(0)?, tubes: row.at(1)?, open_tubes: row.at(2)?, swabs: row.at(3)?, last_at: row.at(4)? }))
        .collect()
    }
}
