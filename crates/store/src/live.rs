//! Snapshots of the live counts, the rows that a recount reads, and rows behind figures.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Collection, Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::tube::Stage,
};
use uuid::Uuid;

use crate::{Result, Tx, Val, rounds::word};

/// A collection that counts, as a recount reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedRow {
    /// Who; 0 while unknown.
    pub person: PersonNo,
    /// Area recorded with it.
    pub area: AreaCode,
    /// Site.
    pub site: Id<Site>,
    /// When it was taken.
    pub taken_at: Instant,
}

/// Tubes of one site at one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TubesOf {
    /// Site.
    pub site: Id<Site>,
    /// Stage.
    pub stage: Stage,
    /// Tubes.
    pub tubes: i64,
    /// Of these with collections that count.
    pub filled: i64,
    /// Such collections.
    pub members: i64,
}

/// Open exceptions of one kind at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionsOf {
    /// Round, if they belong to one.
    pub round: Option<Id<Round>>,
    /// Kind's word.
    pub kind: String,
    /// Site, if they happened at one.
    pub site: Option<Id<Site>>,
    /// How many are open.
    pub open: i64,
}

/// A collection in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// Tube.
    pub tube: String,
    /// Id.
    pub id: Id<Collection>,
    /// Who, once known.
    pub person: Option<PersonNo>,
    /// Site.
    pub site: Id<Site>,
    /// Station.
    pub station: i32,
    /// When it was taken.
    pub taken_at: Instant,
}

/// Which collections to list.
#[derive(Debug, Clone, Copy)]
pub struct CollectionsOf<'a> {
    /// Round.
    pub round: Id<Round>,
    /// Only those recorded under these areas; all if none is given.
    pub areas: Option<&'a [i64]>,
    /// Taken from then on.
    pub from: Instant,
    /// Taken before then.
    pub until: Instant,
}

/// A tube whose released result is not negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonNegativeRow {
    /// Tube.
    pub tube: String,
    /// Its result's word.
    pub value: String,
    /// Persons in it.
    pub persons: i32,
    /// Site.
    pub site: Id<Site>,
    /// When it was released.
    pub released_at: Instant,
}

impl Tx<'_> {
    /// Stores what one round's counts are after change `seq`; an older snapshot never replaces a newer one.
    pub fn put_live_snapshot(&self, round: Uuid, seq: i64, body: &[u8]) -> Result<()> {
        self.execute(
            "INSERT INTO live_snapshot (round, seq, body) VALUES ($1, $2, $3)
             ON CONFLICT (round) DO UPDATE SET seq = excluded.seq, body = excluded.body WHERE live_snapshot.seq < excluded.seq",
            &[round.into(), seq.into(), body.into()],
        )
        .map(drop)
    }

    /// Every snapshot: round, change, body.
    pub fn live_snapshots(&self) -> Result<Vec<(Uuid, i64, Vec<u8>)>> {
        self.query("SELECT round, seq, body FROM live_snapshot ORDER BY round", &[])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
            .collect()
    }

    /// Forgets every snapshot: the next one is made from the feed.
    pub fn delete_live_snapshots(&self) -> Result<u64> {
        self.execute("DELETE FROM live_snapshot", &[])
    }

    /// Whether every committed change has its number.
    pub fn all_numbered(&self) -> Result<bool> {
        self.query_opt("SELECT COUNT(*) FROM (SELECT 1 FROM change WHERE seq IS NULL LIMIT 1) waiting", &[])?
            .map_or(Ok(true), |row| Ok(row.at::<i64>(0)? == 0))
    }

    /// Collections of a round that count: what a recount reads.
    pub fn counted_collections(&self, round: Id<Round>) -> Result<Vec<CountedRow>> {
        self.query(
            "SELECT COALESCE(person, 0), area, site, taken_at FROM collection WHERE round = $1 AND state = 'valid'",
            &[round.into()],
        )?
        .iter()
        .map(|row| Ok(CountedRow { person: PersonNo(row.at(0)?), area: row.at(1)?, site: row.at(2)?, taken_at: row.at(3)? }))
        .collect()
    }

    /// Tubes of a round by site and stage.
    pub fn recount_tubes(&self, round: Id<Round>) -> Result<Vec<TubesOf>> {
        self.query(
            "SELECT site, stage, COUNT(*) AS tubes, COALESCE(SUM(CASE WHEN valid > 0 THEN 1 ELSE 0 END), 0) AS filled,
                    CAST(COALESCE(SUM(valid), 0) AS BIGINT) AS members
             FROM tube WHERE round = $1 GROUP BY site, stage ORDER BY site, stage",
            &[round.into()],
        )?
        .iter()
        .map(|row| {
            let stage = word(row, "stage", Stage::parse)?;
            Ok(TubesOf {
                site: row.get("site")?,
                stage,
                tubes: row.get("tubes")?,
                filled: row.get("filled")?,
                members: row.get("members")?,
            })
        })
        .collect()
    }

    /// Released tubes of a round by site: person-reports, and tubes that are not negative.
    pub fn recount_released(&self, round: Id<Round>) -> Result<Vec<(Id<Site>, i64, i64)>> {
        self.query(
            "SELECT site, CAST(COALESCE(SUM(persons), 0) AS BIGINT) AS persons,
                    COALESCE(SUM(CASE WHEN value = 'negative' THEN 0 ELSE 1 END), 0) AS non_negative
             FROM lab_tube WHERE round = $1 AND released_at IS NOT NULL GROUP BY site ORDER BY site",
            &[round.into()],
        )?
        .iter()
        .map(|row| Ok((row.get("site")?, row.get("persons")?, row.get("non_negative")?)))
        .collect()
    }

    /// Open follow-ups of a round by site.
    pub fn recount_follow_ups(&self, round: Id<Round>) -> Result<Vec<(Id<Site>, i64)>> {
        let sql = "SELECT site, COUNT(*) FROM follow_up WHERE round = $1 AND closed_at IS NULL GROUP BY site ORDER BY site";
        self.query(sql, &[round.into()])?.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
    }

    /// Open exceptions by round, kind and site, where they have a round and a site.
    pub fn recount_exceptions(&self) -> Result<Vec<ExceptionsOf>> {
        self.query(
            "SELECT round, kind, site, COUNT(*) FROM exception WHERE state = 'open'
             GROUP BY round, kind, site ORDER BY round, kind, site",
            &[],
        )?
        .iter()
        .map(|row| Ok(ExceptionsOf { round: row.at(0)?, kind: row.at(1)?, site: row.at(2)?, open: row.at(3)? }))
        .collect()
    }

    /// Tubes of a round whose released result is not negative, oldest first.
    pub fn list_non_negative(&self, round: Id<Round>, limit: i64) -> Result<Vec<NonNegativeRow>> {
        self.query(
            "SELECT tube, value, persons, site, released_at FROM lab_tube
             WHERE round = $1 AND released_at IS NOT NULL AND value <> 'negative' ORDER BY released_at, tube LIMIT $2",
            &[round.into(), limit.into()],
        )?
        .iter()
        .map(|row| {
            Ok(NonNegativeRow { tube: row.at(0)?, value: row.at(1)?, persons: row.at(2)?, site: row.at(3)?, released_at: row.at(4)? })
        })
        .collect()
    }

    /// Collections of a round that count, in the order of their tubes, after (tube, id).
    pub fn list_collections(&self, of: &CollectionsOf<'_>, after: (&str, Uuid), limit: i64) -> Result<Vec<ListedRow>> {
        let areas = of.areas.unwrap_or_default();
        self.query(
            "SELECT tube, id, person, site, station, taken_at FROM collection
             WHERE round = $1 AND state = 'valid' AND (tube > $2 OR (tube = $2 AND id > $3))
               AND taken_at >= $4 AND taken_at < $5 AND ($6 = 0 OR area = ANY($7)) ORDER BY tube, id LIMIT $8",
            &[
                of.round.into(),
                after.0.into(),
                after.1.into(),
                of.from.into(),
                of.until.into(),
                i64::from(of.areas.is_some()).into(),
                Val::I64s(areas),
                limit.into(),
            ],
        )?
        .iter()
        .map(|row| {
            Ok(ListedRow {
                tube: row.at(0)?,
                id: row.at(1)?,
                person: row.at(2)?,
                site: row.at(3)?,
                station: row.at(4)?,
                taken_at: row.at(5)?,
            })
        })
        .collect()
    }
}
