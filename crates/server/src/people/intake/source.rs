//! Where rows come from: a table that somebody uploaded, or a synthetic city.

use std::sync::Arc;

use allclear_domain::{
    kernel::area::AreaCode,
    people::{date::Date, groups::AgeGroups},
};

use crate::people::import::{
    columns::Mapping,
    file::Table,
    places::Places,
    row::{self, Newcomer, Reason},
    split::Line,
};

/// People that need no judging, household by household: a census that somebody made.
pub trait Census: Send + Sync {
    /// Calls `each` with the members of one household after the other until it answers false.
    fn households(&self, each: &mut dyn FnMut(Vec<Newcomer>) -> bool);
}

/// A source of rows.
pub enum Source {
    /// A file with its mapping, and the village for the whole file if its rows do not say.
    Table {
        /// The rows.
        table: Arc<Table>,
        /// What the columns hold.
        mapping: Mapping,
        /// Village for the whole file.
        area: Option<AreaCode>,
    },
    /// People without lines of a file.
    Census(Arc<dyn Census>),
}

/// Rows on their way to the judge.
pub(super) enum Raw {
    /// Lines of a file.
    Rows(Vec<Line>),
    /// People of a census.
    People(Vec<Newcomer>),
}

/// One judged row: line, cells as they came, and the person or the reasons.
pub(super) type Verdict = (u64, Vec<String>, Result<Newcomer, Vec<Reason>>);

/// Judges raw rows; cheap to clone.
#[derive(Clone)]
pub(super) struct Judge {
    mapping: Mapping,
    area: Option<AreaCode>,
    places: Arc<Places>,
    today: Date,
    ages: AgeGroups,
}

impl Source {
    pub(super) fn judge(&self, places: Arc<Places>, today: Date, ages: AgeGroups) -> Judge {
        match self {
            Self::Table { mapping, area, .. } => Judge { mapping: mapping.clone(), area: *area, places, today, ages },
            Self::Census(_) => Judge { mapping: Vec::new(), area: None, places, today, ages },
        }
    }

    /// Calls `each` with batches of about `size` rows until it answers false.
    pub(super) fn batches(&self, size: usize, mut each: impl FnMut(Raw) -> bool) {
        match self {
            Self::Table { table, .. } => table.batches(size, |rows| each(Raw::Rows(rows))),
            Self::Census(census) => {
                let mut batch: Vec<Newcomer> = Vec::new();
                let mut more = true;
                census.households(&mut |household| {
                    batch.extend(household);
                    more = batch.len() < size || each(Raw::People(std::mem::take(&mut batch)));
                    more
                });
                if more && !batch.is_empty() {
                    each(Raw::People(batch));
                }
            }
        }
    }
}

impl Judge {
    pub(super) fn all(&self, raw: Raw) -> Vec<Verdict> {
        match raw {
            Raw::Rows(rows) => {
                let judge = row::Judge { places: &self.places, area: self.area, today: self.today, ages: self.ages };
                rows.into_iter()
                    .map(|line| {
                        let verdict = row::judge_line(&judge, &self.mapping, &line);
                        (line.number, line.cells, verdict)
                    })
                    .collect()
            }
            Raw::People(people) => people.into_iter().map(|person| (0, Vec::new(), Ok(person))).collect(),
        }
    }
}
