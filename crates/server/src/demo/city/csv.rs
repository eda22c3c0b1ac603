//! The city as the file that a register would send: the columns of our own import.

use std::io::Write;

use super::{City, Resident};
use crate::people::import::columns::Field;

fn record(household: i64, area: &str, address: &str, person: &Resident, guardian: &str) -> [String; 13] {
    let groups: Vec<&str> = person.groups.iter().map(|group| group.zh()).collect();
    Field::ALL.map(|field| match field {
        Field::Name => person.name.clone(),
        Field::DocumentKind => person.document.kind().zh().to_owned(),
        Field::DocumentNumber => person.document.number().to_owned(),
        Field::Phone => person.phone.as_ref().map_or_else(String::new, |phone| phone.as_str().to_owned()),
        Field::Sex => if person.sex.as_str() == "male" { "男" } else { "女" }.to_owned(),
        Field::BirthDate => person.born.to_string(),
        Field::LivingArea => area.to_owned(),
        Field::ResidenceArea => String::new(),
        Field::Address => address.to_owned(),
        Field::Household => household.to_string(),
        Field::Workplace => person.workplace.clone().unwrap_or_default(),
        Field::Groups => groups.join("、"),
        Field::GuardianDocument => guardian.to_owned(),
    })
}

/// Writes the whole city; answers how many persons.
pub fn write(city: &City, out: impl Write) -> Result<u64, csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(Field::ALL.map(Field::zh))?;
    let mut persons = 0;
    for household in city.households() {
        let area = household.grid.to_string();
        for person in &household.persons {
            let guardian = person.guardian.and_then(|no| household.persons.iter().find(|other| other.no == no));
            let guardian = guardian.map_or("", |guardian| guardian.document.number());
            writer.write_record(record(household.no, &area, &household.address, person, guardian))?;
            persons += 1;
        }
    }
    writer.flush()?;
    Ok(persons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        demo::city::read_places,
        people::import::{columns, file},
    };

    #[test]
    fn the_file_reads_back_with_every_column_known() {
        let areas = read_places(include_bytes!("../../../../../data/330784-areas.csv")).unwrap();
        let city = City::plan(areas, 3_000, 3, allclear_domain::people::date::Date::new(2022, 1, 5).unwrap()).unwrap();
        let mut bytes = Vec::new();
        assert_eq!(write(&city, &mut bytes).unwrap(), 3_000);
        let table = file::read(bytes).unwrap();
        assert_eq!(columns::guess(&table.header), Field::ALL.map(Some));
        assert_eq!(table.row_count(), 3_000);
    }

    /// `allclear city --population 2000 --seed 42 --day 2022-01-05`, byte for byte; `make golden` rewrites it.
    #[test]
    fn one_seed_gives_the_golden_file() {
        let areas = read_places(include_bytes!("../../../../../data/330784-areas.csv")).unwrap();
        let city = City::plan(areas, 2_000, 42, allclear_domain::people::date::Date::new(2022, 1, 5).unwrap()).unwrap();
        let mut bytes = Vec::new();
        write(&city, &mut bytes).unwrap();
        let digest: String = allclear_seal::sha256(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let text = String::from_utf8(bytes).unwrap();
        let head: String = text.lines().take(6).map(|line| format!("{line}\n")).collect();
        insta::assert_snapshot!("city_csv", format!("{head}\n{} lines, SHA-256 {digest}", text.lines().count()));
    }
}
