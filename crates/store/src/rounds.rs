//! Rounds and expected lists.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round},
        time::Instant,
    },
    sampling::{
        round::{RoundState, RoundWindow},
        scope::{GroupRule, KindLine, kind_for},
        tube::TubeKind,
    },
};

use uuid::Uuid;

pub use crate::sites::SiteRow;
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
    /// Groups that persons must be in to be expected.
    pub rule: GroupRule,
    /// Persons expected.
    pub expected: i64,
    /// Areas in scope, with their own kind of tube if they have one.
    pub areas: Vec<(AreaCode, Option<TubeKind>)>,
    /// Kinds of tube for groups of persons.
    pub group_kinds: Vec<KindLine>,
    /// Version for updates.
    pub version: i64,
}

impl RoundRow {
    /// Kind of tube for somebody in these groups who lives in `area`.
    #[must_use]
    pub fn kind_for(&self, area: AreaCode, groups: i64) -> TubeKind {
        let of_areas = self.areas.iter().filter_map(|(area, kind)| Some(KindLine { area: *area, groups: 0, kind: (*kind)? }));
        kind_for(self.tube_kind, of_areas.chain(self.group_kinds.iter().copied()), area, groups)
    }

    /// Whether an area lies in the scope.
    #[must_use]
    pub fn covers(&self, area: AreaCode) -> bool {
        self.areas.iter().any(|(root, _)| area.is_within(*root))
    }
}

/// One order that changed a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundEventRow {
    /// Id.
    pub id: Uuid,
    /// `create`, `change`, or the event's word.
    pub event: String,
    /// When.
    pub at: Instant,
    /// Account.
    pub ordered_by: String,
    /// Why, if it needed a reason.
    pub reason: Option<String>,
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
        window: RoundWindow { opened_at: row.get("opened_at")?, closing_at: row.get("closing_at")?, closed_at: row.get("closed_at")? },
        profile_version: row.get("profile_version")?,
        rule: GroupRule { groups: row.get("groups")?, all: row.get("groups_all")? },
        expected: row.get("expected")?,
        areas: Vec::new(),
        group_kinds: Vec::new(),
        version: row.get("version")?,
    })
}

/// The least that the common bits must come to, as a number: all of them, or any.
const fn fewest(rule: GroupRule) -> i64 {
    if rule.all { rule.groups } else { 1 }
}

impl Tx<'_> {
    /// Adds a round in state draft.
    pub fn insert_round(&self, row: &RoundRow, created_by: &str, now: Instant) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "INSERT INTO round (id, name, state, tube_kind, starts_at, ends_at, profile_version, groups, groups_all, expected, created_by,
                 created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)",
            &[
                row.id.into(),
                (&row.name).into(),
                row.state.as_str().into(),
                row.tube_kind.as_str().into(),
                row.starts_at.into(),
                row.ends_at.into(),
                row.profile_version.into(),
                row.rule.groups.into(),
                row.rule.all.into(),
                row.expected.into(),
                created_by.into(),
                now.into(),
            ],
        )?;
        self.insert_scope(row)
    }

    fn insert_scope(&self, row: &RoundRow) -> Result<()> {
        for (area, kind) in &row.areas {
            self.execute_exact(
                "round_area",
                1,
                "INSERT INTO round_area (round, area, tube_kind) VALUES ($1, $2, $3)",
                &[row.id.into(), (*area).into(), kind.map(TubeKind::as_str).into()],
            )?;
        }
        for line in &row.group_kinds {
            self.execute_exact(
                "round_group_kind",
                1,
                "INSERT INTO round_group_kind (round, area, groups, tube_kind) VALUES ($1, $2, $3, $4)",
                &[row.id.into(), line.area.into(), line.groups.into(), line.kind.as_str().into()],
            )?;
        }
        self.plan_changed()
    }

    /// Every round, newest first: tens of rows.
    pub fn rounds(&self) -> Result<Vec<RoundRow>> {
        let mut rounds = self
            .query(
                "SELECT id, name, state, tube_kind, starts_at, ends_at, opened_at, closed_at, profile_version,
                               groups, expected, created_by, created_at, version, groups_all, closing_at
                        FROM round ORDER BY starts_at DESC, id LIMIT 500",
                &[],
            )?
            .iter()
            .map(round)
            .collect::<Result<Vec<_>>>()?;
        for row in self.query("SELECT round, area, tube_kind FROM round_area ORDER BY round, area", &[])? {
            let id: Id<Round> = row.at(0)?;
            let kind: Option<String> = row.at(2)?;
            if let Some(round) = rounds.iter_mut().find(|r| r.id == id) {
                round.areas.push((row.at(1)?, kind.as_deref().and_then(TubeKind::parse)));
            }
        }
        for row in self.query("SELECT round, area, groups, tube_kind FROM round_group_kind ORDER BY round, area, groups", &[])? {
            let id: Id<Round> = row.at(0)?;
            if let Some(round) = rounds.iter_mut().find(|r| r.id == id) {
                round.group_kinds.push(KindLine { area: row.at(1)?, groups: row.at(2)?, kind: word(&row, "tube_kind", TubeKind::parse)? });
            }
        }
        Ok(rounds)
    }

    /// Moves a round to another state; asserts the version that was read.
    pub fn update_round_state(&self, row: &RoundRow, state: RoundState, window: RoundWindow, expected: i64) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "UPDATE round SET state = $1, opened_at = $2, closing_at = $3, closed_at = $4, expected = $5, version = version + 1
             WHERE id = $6 AND version = $7",
            &[
                state.as_str().into(),
                window.opened_at.into(),
                window.closing_at.into(),
                window.closed_at.into(),
                expected.into(),
                row.id.into(),
                row.version.into(),
            ],
        )?;
        self.plan_changed()
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

    /// One round.
    pub fn round(&self, id: Id<Round>) -> Result<Option<RoundRow>> {
        let Some(row) = self.query_opt(
            "SELECT id, name, state, tube_kind, starts_at, ends_at, opened_at, closed_at,
                                               profile_version, groups, expected, created_by, created_at, version,
                                               groups_all, closing_at
                                        FROM round WHERE id = $1 FOR UPDATE",
            &[id.into()],
        )?
        else {
            return Ok(None);
        };
        let mut round = round(&row)?;
        for row in self.query("SELECT area, tube_kind FROM round_area WHERE round = $1 ORDER BY area", &[id.into()])? {
            let kind: Option<String> = row.at(1)?;
            round.areas.push((row.at(0)?, kind.as_deref().and_then(TubeKind::parse)));
        }
        for row in
            self.query("SELECT area, groups, tube_kind FROM round_group_kind WHERE round = $1 ORDER BY area, groups", &[id.into()])?
        {
            round.group_kinds.push(KindLine { area: row.at(0)?, groups: row.at(1)?, kind: word(&row, "tube_kind", TubeKind::parse)? });
        }
        Ok(Some(round))
    }

    /// Changes what a draft plans; asserts the version that was read.
    pub fn update_round_plan(&self, row: &RoundRow) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "UPDATE round SET name = $1, tube_kind = $2, starts_at = $3, ends_at = $4, profile_version = $5, groups = $6, groups_all = $7,
                 version = version + 1
             WHERE id = $8 AND version = $9 AND state = 'draft'",
            &[
                (&row.name).into(),
                row.tube_kind.as_str().into(),
                row.starts_at.into(),
                row.ends_at.into(),
                row.profile_version.into(),
                row.rule.groups.into(),
                row.rule.all.into(),
                row.id.into(),
                row.version.into(),
            ],
        )?;
        self.execute("DELETE FROM round_area WHERE round = $1", &[row.id.into()])?;
        self.execute("DELETE FROM round_group_kind WHERE round = $1", &[row.id.into()])?;
        self.insert_scope(row)
    }

    /// Sets how many persons a round expects; asserts the version that was read.
    pub fn update_round_expected(&self, row: &RoundRow, expected: i64) -> Result<()> {
        self.execute_exact(
            "round",
            1,
            "UPDATE round SET expected = $1, version = version + 1 WHERE id = $2 AND version = $3",
            &[expected.into(), row.id.into(), row.version.into()],
        )?;
        self.plan_changed()
    }

    /// Remembers an order.
    pub fn insert_round_event(&self, round: Id<Round>, event: &RoundEventRow) -> Result<()> {
        self.execute_exact(
            "round_event",
            1,
            "INSERT INTO round_event (round, id, event, at, ordered_by, reason) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                round.into(),
                event.id.into(),
                (&event.event).into(),
                event.at.into(),
                (&event.ordered_by).into(),
                event.reason.as_ref().into(),
            ],
        )
    }

    /// What was ordered about a round, oldest first.
    pub fn round_events(&self, round: Id<Round>) -> Result<Vec<RoundEventRow>> {
        self.query("SELECT id, event, at, ordered_by, reason FROM round_event WHERE round = $1 ORDER BY at, id LIMIT 500", &[round.into()])?
            .iter()
            .map(|row| {
                Ok(RoundEventRow {
                    id: row.get("id")?,
                    event: row.get("event")?,
                    at: row.get("at")?,
                    ordered_by: row.get("ordered_by")?,
                    reason: row.get("reason")?,
                })
            })
            .collect()
    }

    /// The villages of a round's expected list that lie in an area.
    pub fn expected_in(&self, id: Id<Round>, area: AreaCode) -> Result<Vec<(AreaCode, i64, Vec<u8>)>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT area, persons, bitmap FROM round_expected WHERE round = $1 AND area >= $2 AND area < $3 ORDER BY area",
            &[id.into(), low.into(), high.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }

    /// Persons expected in each village.
    pub fn expected_counts(&self, id: Id<Round>) -> Result<Vec<(AreaCode, i64)>> {
        self.query("SELECT area, persons FROM round_expected WHERE round = $1 ORDER BY area", &[id.into()])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?)))
            .collect()
    }

    /// Writes one village of an expected list.
    pub fn put_expected(&self, id: Id<Round>, area: AreaCode, persons: i64, bitmap: &[u8]) -> Result<()> {
        self.execute_exact(
            "round_expected",
            1,
            "INSERT INTO round_expected (round, area, persons, bitmap) VALUES ($1, $2, $3, $4)
             ON CONFLICT (round, area) DO UPDATE SET persons = excluded.persons, bitmap = excluded.bitmap",
            &[id.into(), area.into(), persons.into(), bitmap.into()],
        )
    }

    /// Sampled persons of a round with numbers from `low` to `high`, ascending.
    pub fn sampled_between(&self, round: Id<Round>, low: PersonNo, high: PersonNo) -> Result<Vec<i64>> {
        let buckets: Vec<i64> = (0..i64::from(self.buckets.max(1))).collect();
        self.query(
            "SELECT person FROM person_collection
             WHERE bucket = ANY($1) AND person >= $2 AND person <= $3 AND round = $4 AND state = 'valid'",
            &[crate::Val::I64s(&buckets), low.into(), high.into(), round.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Village, number and those groups of `mask` that a person is in, of everybody in an area whom
    /// the rule takes.
    pub fn persons_in_groups(&self, area: AreaCode, rule: GroupRule, mask: i64) -> Result<Vec<(AreaCode, i64, i64)>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT living_area, no, groups & $5 FROM person WHERE living_area >= $1 AND living_area < $2
             AND state IN ('active', 'provisional') AND ($3 = 0 OR (groups & $3) >= $4) ORDER BY living_area, no",
            &[low.into(), high.into(), rule.groups.into(), fewest(rule).into(), mask.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }

    /// The same, counted.
    pub fn count_in_groups(&self, area: AreaCode, rule: GroupRule, mask: i64) -> Result<Vec<(AreaCode, i64, i64)>> {
        let (low, high) = area.village_range();
        self.query(
            "SELECT living_area, groups & $5, COUNT(*) FROM person WHERE living_area >= $1 AND living_area < $2
             AND state IN ('active', 'provisional') AND ($3 = 0 OR (groups & $3) >= $4) GROUP BY 1, 2 ORDER BY 1, 2",
            &[low.into(), high.into(), rule.groups.into(), fewest(rule).into(), mask.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }

    /// Groups of one person who is in the register, and whether the person is.
    pub fn groups_of(&self, person: PersonNo) -> Result<Option<i64>> {
        self.query_opt(
            "SELECT groups FROM person WHERE bucket = $1 AND no = $2 AND state IN ('active', 'provisional')",
            &[self.person_bucket(person.0).into(), person.into()],
        )?
        .map(|row| row.at(0))
        .transpose()
    }
}
