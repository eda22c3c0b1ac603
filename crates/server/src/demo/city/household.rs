//! Makes the households of one village, one after the other.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{area::AreaCode, id::PersonNo},
    people::{
        date::Date,
        document::{Document, DocumentKind, Sex},
        groups::{self, AgeGroups, Group, Groups},
        phone::Phone,
    },
};
use rand_chacha::ChaCha8Rng;

use super::{Household, PERSONS_PER_GRID, Resident, Village, below, chance, grid_code, grid_count, names, weighted};
use crate::people::import::places::short_name;

/// Shares of households of 1 to 6 persons in a thousand (census 2020: 2.62 persons on average).
const SIZES: [u64; 6] = [254, 297, 210, 132, 67, 40];

/// Ages at which the demo puts people into the groups by age.
pub(super) const AGE_GROUPS: AgeGroups = AgeGroups { infant_below_months: 36, child_below_years: 14 };

pub(super) struct Maker<'a> {
    village: &'a Village,
    index: u32,
    today: Date,
    rng: ChaCha8Rng,
    made: u64,
    houses: u64,
    sequences: HashMap<(Date, Sex), u16>,
}

struct Member {
    surname: &'static str,
    sex: Sex,
    age: u64,
}

impl<'a> Maker<'a> {
    pub(super) fn new(village: &'a Village, index: u32, today: Date, rng: ChaCha8Rng) -> Self {
        Self { village, index, today, rng, made: 0, houses: 0, sequences: HashMap::new() }
    }

    fn sex(&mut self) -> Sex {
        if chance(&mut self.rng, 512) { Sex::Male } else { Sex::Female }
    }

    /// An adult's age: workers are many in a hardware town, the old are fewer.
    fn adult(&mut self) -> u64 {
        match weighted(&mut self.rng, [420u64, 380, 160, 40].into_iter()) {
            0 => 18 + below(&mut self.rng, 22),
            1 => 40 + below(&mut self.rng, 20),
            2 => 60 + below(&mut self.rng, 16),
            _ => 76 + below(&mut self.rng, 20),
        }
    }

    /// Who lives together: alone, a couple, parents with children, grandparents with them.
    fn members(&mut self, size: u64) -> Vec<Member> {
        let surname = names::surname(&mut self.rng);
        if size == 1 {
            return vec![Member { surname, sex: self.sex(), age: self.adult() }];
        }
        let age = if size == 2 { self.adult().max(20) } else { 24 + below(&mut self.rng, 26) };
        let spouse = Member {
            surname: names::surname(&mut self.rng),
            sex: Sex::Female,
            age: (age + 2).saturating_sub(below(&mut self.rng, 6)).max(20),
        };
        let mother_age = spouse.age;
        let mut members = vec![Member { surname, sex: Sex::Male, age }, spouse];
        let children = if size == 2 { 0 } else { (size - 2).min(1 + u64::from(chance(&mut self.rng, 450))) };
        for _ in 0..children {
            let oldest = mother_age.saturating_sub(20).min(24);
            let sex = self.sex();
            members.push(Member { surname, sex, age: below(&mut self.rng, oldest + 1) });
        }
        while (members.len() as u64) < size {
            let sex = if members.len().is_multiple_of(2) { Sex::Male } else { Sex::Female };
            let surname = if sex == Sex::Male { surname } else { names::surname(&mut self.rng) };
            members.push(Member { surname, sex, age: (age + 22 + below(&mut self.rng, 10)).min(98) });
        }
        members
    }

    /// A birth date that makes `age` today, and the next free number of that day.
    fn document(&mut self, age: u64, sex: Sex) -> (Date, Document) {
        let back = age * 365 + age / 4 + below(&mut self.rng, 365);
        let mut days = self.today.days() - back as i32;
        loop {
            let born = Date::from_days(days).unwrap_or(self.today);
            let count = self.sequences.entry((born, sex)).or_default();
            if *count < 500 {
                let sequence = *count * 2 + u16::from(sex == Sex::Male);
                *count += 1;
                return (born, Document::synthetic(born, self.index, sequence));
            }
            days -= 1;
        }
    }

    fn workplace(&mut self, age: u16) -> Option<String> {
        let town = &self.village.town;
        match age {
            0..3 => None,
            3..6 => Some(format!("{town}中心幼儿园")),
            6..12 => Some(format!("{town}小学")),
            12..15 => Some(format!("{town}初级中学")),
            15..18 => Some("永康市第一中学".to_owned()).filter(|_| chance(&mut self.rng, 700)),
            18..60 if chance(&mut self.rng, 760) => Some(names::firm(&mut self.rng, town)),
            _ => None,
        }
    }

    fn resident(&mut self, member: &Member, no: PersonNo, guardian: PersonNo) -> Resident {
        let (born, document) = self.document(member.age, member.sex);
        let age = born.age_on(self.today);
        let months = born.months_on(self.today);
        let mut groups = groups::by_age(Groups::default(), Some(born), self.today, AGE_GROUPS);
        let has_phone = match age {
            0..12 => false,
            12..18 => chance(&mut self.rng, 800),
            18..65 => chance(&mut self.rng, 992),
            65..75 => chance(&mut self.rng, 800),
            _ => chance(&mut self.rng, 480),
        };
        if age >= 65 && !has_phone {
            groups = groups.with(Group::ElderWithoutPhone);
        }
        if (18..60).contains(&age) && chance(&mut self.rng, 35) {
            groups = groups.with(Group::KeyOccupation);
        }
        let unregistered = months < 3 && no != guardian && chance(&mut self.rng, 600);
        Resident {
            no,
            name: names::full(&mut self.rng, member.surname, member.sex),
            document: if unregistered { Document::kept(DocumentKind::NoneYet, String::new()) } else { document },
            sex: member.sex,
            born,
            phone: has_phone.then(|| Phone::synthetic(no.0 as u32)),
            groups,
            workplace: self.workplace(age),
            guardian: unregistered.then_some(guardian),
        }
    }

    fn address(&self) -> String {
        let name = short_name(&self.village.place.name);
        if name.ends_with("社区") || self.village.place.name.ends_with("居委会") {
            let flat = self.houses;
            return format!("{name}{}幢{}单元{}0{}室", flat / 48 + 1, flat / 24 % 2 + 1, flat / 4 % 6 + 1, flat % 4 + 1);
        }
        format!("{name}村{}号", self.houses + 1).replace("村村", "村")
    }

    fn grid(&self) -> AreaCode {
        let number = (self.made / PERSONS_PER_GRID + 1).min(grid_count(self.village.quota));
        grid_code(self.village.place.code, number).unwrap_or(self.village.place.code)
    }
}

impl Iterator for Maker<'_> {
    type Item = Household;

    fn next(&mut self) -> Option<Household> {
        let left = self.village.quota - self.made;
        if left == 0 {
            return None;
        }
        let size = (weighted(&mut self.rng, SIZES.into_iter()) as u64 + 1).min(left);
        let first = self.village.first_no + self.made as i64;
        let members = self.members(size);
        let persons = members.iter().zip(first..).map(|(member, no)| self.resident(member, PersonNo(no), PersonNo(first))).collect();
        let household = Household { no: first, grid: self.grid(), address: self.address(), persons };
        self.made += size;
        self.houses += 1;
        Some(household)
    }
}
