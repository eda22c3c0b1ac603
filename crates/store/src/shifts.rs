//! Who is at which station from when to when.

use allclear_domain::kernel::{
    id::{Account, Id, Site},
    time::Instant,
};
use uuid::Uuid;

use crate::{Result, Row, Tx};

/// A shift as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftRow {
    /// Id.
    pub id: Uuid,
    /// Where.
    pub site: Id<Site>,
    /// Table, from 1.
    pub station: i32,
    /// Who.
    pub account: Id<Account>,
    /// The account's name as shown.
    pub display_name: String,
    /// Begin.
    pub from_at: Instant,
    /// End.
    pub until_at: Instant,
}

fn shift(row: &Row) -> Result<ShiftRow> {
    Ok(ShiftRow {
        id: row.get("id")?,
        site: row.get("site")?,
        station: row.get("station")?,
        account: row.get("account")?,
        display_name: row.get("display_name")?,
        from_at: row.get("from_at")?,
        until_at: row.get("until_at")?,
    })
}

impl Tx<'_> {
    /// Adds a shift.
    pub fn insert_shift(&self, s: &ShiftRow, created_by: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "shift",
            1,
            "INSERT INTO shift (id, site, station, account, from_at, until_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                s.id.into(),
                s.site.into(),
                s.station.into(),
                s.account.into(),
                s.from_at.into(),
                s.until_at.into(),
                created_by.into(),
                now.into(),
            ],
        )
    }

    /// Shifts at the same station, or of the same account anywhere, that overlap the time given.
    pub fn shifts_overlapping(&self, s: &ShiftRow) -> Result<Vec<ShiftRow>> {
        self.query(
            "SELECT s.id, s.site, s.station, s.account, s.from_at, s.until_at, s.created_by, s.created_at, a.display_name FROM shift s JOIN account a ON a.id = s.account
             WHERE s.from_at < $1 AND s.until_at > $2 AND ((s.site = $3 AND s.station = $4) OR s.account = $5) ORDER BY s.from_at LIMIT 10",
            &[s.until_at.into(), s.from_at.into(), s.site.into(), s.station.into(), s.account.into()],
        )?
        .iter()
        .map(shift)
        .collect()
    }

    /// Shifts of a site that end after `from`.
    pub fn shifts_of(&self, site: Id<Site>, from: Instant) -> Result<Vec<ShiftRow>> {
        self.query(
            "SELECT s.id, s.site, s.station, s.account, s.from_at, s.until_at, s.created_by, s.created_at, a.display_name FROM shift s JOIN account a ON a.id = s.account
             WHERE s.site = $1 AND s.until_at > $2 ORDER BY s.from_at, s.station LIMIT 500",
            &[site.into(), from.into()],
        )?
        .iter()
        .map(shift)
        .collect()
    }

    /// One shift's site.
    pub fn shift_site(&self, id: Uuid) -> Result<Option<Id<Site>>> {
        self.query_opt("SELECT site FROM shift WHERE id = $1", &[id.into()])?.map(|row| row.at(0)).transpose()
    }

    /// Takes a shift off the plan; answers false if it is not there.
    pub fn delete_shift(&self, id: Uuid) -> Result<bool> {
        Ok(self.execute("DELETE FROM shift WHERE id = $1", &[id.into()])? == 1)
    }
}
