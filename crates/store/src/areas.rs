//! The division tree.

use allclear_domain::kernel::area::AreaCode;

use crate::{Result, Row, Tx};

/// An area as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaRow {
    /// Code.
    pub code: AreaCode,
    /// Name.
    pub name: String,
    /// Planning population.
    pub population: i64,
    /// Block of person numbers.
    pub ordinal: i64,
}

fn area(row: &Row) -> Result<AreaRow> {
    Ok(AreaRow { code: row.get("code")?, name: row.get("name")?, population: row.get("population")?, ordinal: row.get("ordinal")? })
}

/// Person numbers that one area has room for.
pub const PERSONS_PER_AREA: i64 = 1_000_000;

impl Tx<'_> {
    /// Adds or renames areas; existing ones keep their number block.
    pub fn upsert_areas(&self, areas: &[(AreaCode, &str, i64)]) -> Result<()> {
        let first: i64 = self.query_opt("SELECT COALESCE(MAX(ordinal), 0) FROM area", &[])?.map_or(Ok(0), |row| row.at(0))?;
        for (ordinal, (code, name, population)) in (first + 1..).zip(areas) {
            self.execute_exact(
                "area",
                1,
                "INSERT INTO area (code, name, parent, level, population, ordinal, next_serial) VALUES ($1, $2, $3, $4, $5, $6, 1)
                 ON CONFLICT (code) DO UPDATE SET name = excluded.name, population = excluded.population",
                &[(*code).into(), (*name).into(), code.parent().into(), code.level().as_str().into(), (*population).into(), ordinal.into()],
            )?;
        }
        self.plan_changed()
    }

    /// Every area: a few hundred to a few thousand rows, cached by the caller.
    pub fn areas(&self) -> Result<Vec<AreaRow>> {
        self.query("SELECT code, name, population, ordinal FROM area ORDER BY code", &[])?.iter().map(area).collect()
    }

    /// Takes `count` person numbers of an area; answers the first.
    pub fn take_person_numbers(&self, code: AreaCode, count: i64) -> Result<i64> {
        let row = self.query_opt(
            "UPDATE area SET next_serial = next_serial + $1 WHERE code = $2 AND next_serial + $1 <= $3
             RETURNING ordinal * $3 + next_serial - $1",
            &[count.into(), code.into(), PERSONS_PER_AREA.into()],
        )?;
        let none = || crate::StoreError::Rows { table: "area", expected: 1, changed: 0 };
        row.ok_or_else(none)?.at(0)
    }
}
