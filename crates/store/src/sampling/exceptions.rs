//! Exceptions as the desk reads them.

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Collection, Id, PersonNo, Round, Site},
    time::Instant,
};
use uuid::Uuid;

use super::rows::{ExceptionRow, exception};
use crate::{Result, Tx, Val};

/// Which exceptions.
#[derive(Debug, Clone, Default)]
pub struct ExceptionFilter {
    /// Kind's word; empty: any.
    pub kind: String,
    /// Round; none: any.
    pub round: Option<Id<Round>>,
    /// Site; none: any.
    pub site: Option<Id<Site>>,
    /// Begin of the tube's or box's code; empty: any.
    pub code: String,
    /// Resolved ones instead of open ones.
    pub resolved: bool,
}

/// A person's swab in a round, from the person's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSwab {
    /// The collection.
    pub collection: Id<Collection>,
    /// Tube it is in.
    pub tube: String,
    /// Site.
    pub site: Id<Site>,
    /// When it was taken.
    pub taken_at: Instant,
    /// Whether it counts.
    pub valid: bool,
}

impl Tx<'_> {
    /// Exceptions inside an area, oldest first, after (time, id).
    pub fn list_exceptions(
        &self,
        root: AreaCode,
        filter: &ExceptionFilter,
        after: (Instant, Uuid),
        limit: i64,
    ) -> Result<Vec<ExceptionRow>> {
        let (low, high) = root.village_range();
        // A site may stand in an area above the villages: a town's code, or the county's. 100000 is the
        // whole country.
        let (town_low, town_high) = (low / 1000, (high - 1) / 1000);
        let state = if filter.resolved { "resolved" } else { "open" };
        let after_code = format!("{}~", filter.code);
        self.query(
            "SELECT bucket, id, kind, subject, round, person, site, area, opened_at, detail, state, resolved_at,
                    resolved_by, resolution, note
             FROM exception WHERE state = $1 AND (opened_at > $2 OR (opened_at = $2 AND id > $3))
             AND (CAST($6 AS BIGINT) = 100000 OR (area >= $4 AND area < $5) OR area = $6 OR (area >= $7 AND area <= $8 AND CAST($6 AS BIGINT) <= 999999))
             AND ($9 = '' OR kind = $9) AND ($10 = 0 OR round = $11) AND ($13 = 0 OR site = $14)
             AND ($15 = '' OR (subject >= $15 AND subject < $16)) ORDER BY opened_at, id LIMIT $12",
            &[
                state.into(),
                after.0.into(),
                after.1.into(),
                low.into(),
                high.into(),
                root.into(),
                town_low.into(),
                town_high.into(),
                (&filter.kind).into(),
                i64::from(filter.round.is_some()).into(),
                filter.round.into(),
                limit.into(),
                i64::from(filter.site.is_some()).into(),
                filter.site.into(),
                (&filter.code).into(),
                // Codes are ASCII: everything that begins so lies before this.
                (&after_code).into(),
            ],
        )?
        .iter()
        .map(exception)
        .collect()
    }

    /// Open exceptions by kind inside an area.
    pub fn count_exceptions(&self, root: AreaCode) -> Result<Vec<(String, i64)>> {
        let (low, high) = root.village_range();
        let (town_low, town_high) = (low / 1000, (high - 1) / 1000);
        self.query(
            "SELECT kind, COUNT(*) FROM exception WHERE state = 'open'
             AND (CAST($3 AS BIGINT) = 100000 OR (area >= $1 AND area < $2) OR area = $3 OR (area >= $4 AND area <= $5 AND CAST($3 AS BIGINT) <= 999999)) GROUP BY kind ORDER BY kind",
            &[low.into(), high.into(), root.into(), town_low.into(), town_high.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// One exception by its id alone.
    pub fn exception_by_id(&self, id: Uuid) -> Result<Option<ExceptionRow>> {
        let buckets: Vec<i64> = (0..i64::from(self.buckets.max(1))).collect();
        self.query_opt(
            "SELECT bucket, id, kind, subject, round, person, site, area, opened_at, detail, state,
                               resolved_at, resolved_by, resolution, note
                        FROM exception WHERE bucket = ANY($1) AND id = $2",
            &[Val::I64s(&buckets), id.into()],
        )?
        .as_ref()
        .map(exception)
        .transpose()
    }

    /// Who resolved an exception, as shown.
    pub fn resolver_of(&self, subject: &str, id: Uuid) -> Result<Option<String>> {
        self.query_opt(
            "SELECT a.display_name FROM exception e JOIN account a ON a.id = e.resolved_by WHERE e.bucket = $1 AND e.id = $2",
            &[self.bucket(subject.as_bytes()).into(), id.into()],
        )?
        .map(|row| row.at(0))
        .transpose()
    }

    /// A person's swabs in a round, oldest first.
    pub fn person_swabs(&self, person: PersonNo, round: Id<Round>) -> Result<Vec<PersonSwab>> {
        self.query(
            "SELECT collection, tube, site, taken_at, state FROM person_collection
             WHERE bucket = $1 AND person = $2 AND round = $3 ORDER BY taken_at, collection LIMIT 50",
            &[self.person_bucket(person.0).into(), person.into(), round.into()],
        )?
        .iter()
        .map(|row| {
            let state: String = row.at(4)?;
            Ok(PersonSwab { collection: row.at(0)?, tube: row.at(1)?, site: row.at(2)?, taken_at: row.at(3)?, valid: state == "valid" })
        })
        .collect()
    }
}
