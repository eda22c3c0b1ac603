//! Where rows come from: a table that somebody uploaded, or a synthetic city.

use std::sync::Arc;

use allclear_domain::{
    kernel::area::{AreaCode, Level},
    people::{date::Date, groups::AgeGroups, name::Name},
};

use crate::{
    demo::city::{City, Household},
    people::import::{
        columns::Mapping,
        file::Table,
        places::Places,
        row::{self, Newcomer, Reason},
    },
};

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
    /// A synthetic city.
    City(Arc<City>),
}

/// Rows on their way to the judge.
pub(super) enum Raw {
    /// Lines of a file.
    Rows(Vec<(u64, Vec<String>)>),
    /// Households of a city.
    Households(Vec<Household>),
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
            Self::City(_) => Judge { mapping: Vec::new(), area: None, places, today, ages },
        }
    }

    /// Calls `each` with batches of about `size` rows until it answers false.
    pub(super) fn batches(&self, size: usize, mut each: impl FnMut(Raw) -> bool) {
        match self {
            Self::Table { table, .. } => table.batches(size, |rows| each(Raw::Rows(rows))),
            Self::City(city) => {
                let mut batch = Vec::new();
                let mut persons = 0;
                for household in city.households() {
                    persons += household.persons.len();
                    batch.push(household);
                    if persons >= size {
                        persons = 0;
                        if !each(Raw::Households(std::mem::take(&mut batch))) {
                            return;
                        }
                    }
                }
                if !batch.is_empty() {
                    each(Raw::Households(batch));
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
                    .map(|(line, cells)| {
                        let verdict = row::judge(&judge, &self.mapping, &cells);
                        (line, cells, verdict)
                    })
                    .collect()
            }
            Raw::Households(households) => households.into_iter().flat_map(newcomers).collect(),
        }
    }
}

/// The members of a city's household as rows; a city makes no bad ones.
fn newcomers(household: Household) -> Vec<Verdict> {
    let documents: Vec<_> = household.persons.iter().map(|person| (person.no, person.document.clone())).collect();
    let Household { no, grid, address, persons } = household;
    let Some(living_area) = grid.at(Level::Village) else { return Vec::new() };
    persons
        .into_iter()
        .filter_map(|person| {
            let guardian =
                person.guardian.and_then(|guardian| documents.iter().find(|(no, _)| *no == guardian)).map(|(_, doc)| doc.clone());
            let newcomer = Newcomer {
                name: Name::parse(&person.name).ok()?,
                document: person.document,
                guardian,
                phone: person.phone,
                sex: Some(person.sex),
                born: Some(person.born),
                living_area,
                grid: Some(grid),
                residence_area: None,
                address: Some(address.clone()),
                household: Some(no.to_string()),
                workplace: person.workplace,
                groups: person.groups,
            };
            Some((u64::try_from(person.no.0).unwrap_or(0), Vec::new(), Ok(newcomer)))
        })
        .collect()
}
