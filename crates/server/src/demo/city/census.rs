//! The city as a census that the register takes in: no file between the two.

use allclear_domain::{kernel::area::Level, people::name::Name};

use super::{City, Household};
use crate::people::{import::row::Newcomer, intake::Census};

impl Census for City {
    fn households(&self, each: &mut dyn FnMut(Vec<Newcomer>) -> bool) {
        for household in Self::households(self) {
            if !each(newcomers(household)) {
                return;
            }
        }
    }
}

/// The members of a household as the register's rows.
fn newcomers(household: Household) -> Vec<Newcomer> {
    let documents: Vec<_> = household.persons.iter().map(|person| (person.no, person.document.clone())).collect();
    let Household { no, grid, address, persons } = household;
    let Some(living_area) = grid.at(Level::Village) else { return Vec::new() };
    let newcomer = |person: super::Resident| {
        let guardian = person.guardian.and_then(|guardian| documents.iter().find(|(no, _)| *no == guardian)).map(|(_, doc)| doc.clone());
        Some(Newcomer {
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
        })
    };
    persons.into_iter().filter_map(newcomer).collect()
}
