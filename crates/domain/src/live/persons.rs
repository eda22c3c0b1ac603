//! Who was sampled, as bitmaps of person numbers a village. A person counts once however many swabs
//! they gave, where they are expected; somebody who is not on the list counts apart.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;

use crate::kernel::{area::AreaCode, id::PersonNo};

/// Persons by village.
pub type PersonSets = BTreeMap<AreaCode, RoaringTreemap>;
/// How often a person counts in a village, where that is neither none nor one.
pub type OddCounts = BTreeMap<(AreaCode, u64), i32>;

/// Counts of a village or of any sum of villages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// 应检: persons on the expected list.
    pub expected: i64,
    /// Of these, sampled.
    pub expected_sampled: i64,
    /// Sampled persons who are not on the list.
    pub unexpected_sampled: i64,
    /// 采集人次: collections that count.
    pub collections: i64,
}

impl Counts {
    /// The sum with another village.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            expected_sampled: self.expected_sampled + other.expected_sampled,
            unexpected_sampled: self.unexpected_sampled + other.unexpected_sampled,
            collections: self.collections + other.collections,
        }
    }
}

/// Persons of one round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Persons {
    /// Persons with a collection that counts, by the area it was recorded for.
    sampled: PersonSets,
    /// Collections of one person in one area where they are neither none nor one.
    odd: OddCounts,
    all: RoaringTreemap,
    /// Persons with collections in more than one area.
    spread: RoaringTreemap,
    expected: PersonSets,
    expected_all: RoaringTreemap,
    villages: BTreeMap<AreaCode, Counts>,
}

impl Eq for Persons {}

impl Persons {
    /// Replaces the expected list and counts anew.
    pub fn set_expected(&mut self, expected: PersonSets) {
        self.expected = expected;
        self.expected_all = self.expected.values().fold(RoaringTreemap::new(), |mut all, village| {
            all |= village;
            all
        });
        self.count_again();
    }

    fn count_again(&mut self) {
        for counts in self.villages.values_mut() {
            *counts = Counts { collections: counts.collections, ..Counts::default() };
        }
        for (village, persons) in &self.expected {
            let counts = self.villages.entry(*village).or_default();
            counts.expected = persons.len() as i64;
            counts.expected_sampled = persons.intersection_len(&self.all) as i64;
        }
        for person in &self.all - &self.expected_all {
            if let Some(area) = self.first_area(person) {
                self.villages.entry(area).or_default().unexpected_sampled += 1;
            }
        }
        self.forget_empty();
    }

    fn forget_empty(&mut self) {
        self.villages.retain(|_, counts| *counts != Counts::default());
    }

    /// A collection of `person`, recorded for `area`, began (1) or ceased (-1) to count. Person 0 is
    /// somebody not yet known: the swab counts, the person does not.
    pub fn count(&mut self, person: PersonNo, area: AreaCode, delta: i32) {
        self.villages.entry(area).or_default().collections += i64::from(delta);
        if let Some(person) = u64::try_from(person.0).ok().filter(|no| *no > 0) {
            let before = self.place(person, area);
            self.change(person, area, delta);
            let after = self.place(person, area);
            if before != after {
                self.shift(before, -1);
                self.shift(after, 1);
            }
        }
        if self.villages.get(&area) == Some(&Counts::default()) {
            self.villages.remove(&area);
        }
    }

    fn shift(&mut self, place: Option<(AreaCode, bool)>, delta: i64) {
        let Some((area, expected)) = place else { return };
        let counts = self.villages.entry(area).or_default();
        if expected {
            counts.expected_sampled += delta;
        } else {
            counts.unexpected_sampled += delta;
        }
        if *counts == Counts::default() {
            self.villages.remove(&area);
        }
    }

    /// Where a sampled person counts, and whether they were expected there.
    fn place(&self, person: u64, hint: AreaCode) -> Option<(AreaCode, bool)> {
        if !self.all.contains(person) {
            return None;
        }
        if self.expected_all.contains(person) {
            let at_hint = self.expected.get(&hint).is_some_and(|village| village.contains(person));
            let found = || self.expected.iter().find(|(_, village)| village.contains(person)).map(|(area, _)| *area);
            return if at_hint { Some((hint, true)) } else { found().map(|area| (area, true)) };
        }
        let only_here = !self.spread.contains(person) && self.sampled.get(&hint).is_some_and(|village| village.contains(person));
        let area = if only_here { Some(hint) } else { self.first_area(person) };
        area.map(|area| (area, false))
    }

    fn first_area(&self, person: u64) -> Option<AreaCode> {
        self.sampled.iter().find(|(_, village)| village.contains(person)).map(|(area, _)| *area)
    }

    fn change(&mut self, person: u64, area: AreaCode, delta: i32) {
        let village = self.sampled.entry(area).or_default();
        let had = self.odd.get(&(area, person)).copied().unwrap_or_else(|| i32::from(village.contains(person)));
        let has = had + delta;
        if has == 0 || has == 1 {
            self.odd.remove(&(area, person));
        } else {
            self.odd.insert((area, person), has);
        }
        if has >= 1 {
            if village.insert(person) && !self.all.insert(person) {
                self.spread.insert(person);
            }
        } else if village.remove(person) {
            let areas = if self.spread.contains(person) { self.sampled.values().filter(|v| v.contains(person)).count() } else { 0 };
            if areas < 2 {
                self.spread.remove(person);
            }
            if areas == 0 {
                self.all.remove(person);
            }
        }
        if self.sampled.get(&area).is_some_and(RoaringTreemap::is_empty) {
            self.sampled.remove(&area);
        }
    }

    /// Whether a person has a collection that counts.
    #[must_use]
    pub fn is_sampled(&self, person: PersonNo) -> bool {
        u64::try_from(person.0).is_ok_and(|no| self.all.contains(no))
    }

    /// Whether a person is on the expected list.
    #[must_use]
    pub fn is_expected(&self, person: PersonNo) -> bool {
        u64::try_from(person.0).is_ok_and(|no| self.expected_all.contains(no))
    }

    /// Whether the round has an expected list at all.
    #[must_use]
    pub fn has_list(&self) -> bool {
        !self.expected_all.is_empty()
    }

    /// Counts by village.
    #[must_use]
    pub const fn villages(&self) -> &BTreeMap<AreaCode, Counts> {
        &self.villages
    }

    /// The sum over the villages inside `area`.
    #[must_use]
    pub fn inside(&self, area: AreaCode) -> Counts {
        self.villages.iter().filter(|(village, _)| village.is_within(area)).fold(Counts::default(), |sum, (_, counts)| sum.plus(*counts))
    }

    /// Expected persons inside `area` without a collection: number after `after`, at most `limit`,
    /// each with the village that expects them; and how many there are in all.
    #[must_use]
    pub fn missing(&self, area: AreaCode, after: u64, limit: usize) -> (Vec<(AreaCode, PersonNo)>, u64) {
        let mut rows = Vec::new();
        let mut total = 0;
        for (village, expected) in self.expected.iter().filter(|(village, _)| village.is_within(area)) {
            let missing = expected - &self.all;
            total += missing.len();
            rows.extend(missing.iter().filter(|no| *no > after).take(limit).map(|no| (*village, PersonNo(no as i64))));
        }
        rows.sort_unstable_by_key(|(_, no)| *no);
        rows.truncate(limit);
        (rows, total)
    }

    /// Sampled persons inside `area`, by the area recorded with their swab, like [`Persons::missing`].
    #[must_use]
    pub fn sampled(&self, area: AreaCode, after: u64, limit: usize) -> (Vec<(AreaCode, PersonNo)>, u64) {
        let mut rows = Vec::new();
        let mut total = 0;
        for (village, sampled) in self.sampled.iter().filter(|(village, _)| village.is_within(area)) {
            total += sampled.len();
            rows.extend(sampled.iter().filter(|no| *no > after).take(limit).map(|no| (*village, PersonNo(no as i64))));
        }
        rows.sort_unstable_by_key(|(_, no)| *no);
        rows.dedup_by_key(|(_, no)| *no);
        rows.truncate(limit);
        (rows, total)
    }

    /// Persons inside `area` with a collection who are on no expected list, like [`Persons::missing`].
    #[must_use]
    pub fn unexpected(&self, area: AreaCode, after: u64, limit: usize) -> (Vec<(AreaCode, PersonNo)>, u64) {
        let mut rows = Vec::new();
        let mut total = 0;
        for (village, sampled) in self.sampled.iter().filter(|(village, _)| village.is_within(area)) {
            let unlisted = sampled - &self.expected_all;
            // A person with swabs recorded under two areas counts in the first, as in the counts.
            let here = unlisted.iter().filter(|no| !self.spread.contains(*no) || self.first_area(*no) == Some(*village));
            for no in here {
                total += 1;
                if no > after && rows.len() < limit {
                    rows.push((*village, PersonNo(no as i64)));
                }
            }
        }
        rows.sort_unstable_by_key(|(_, no)| *no);
        (rows, total)
    }

    /// What a snapshot keeps: persons by area, and the counts that are neither none nor one.
    #[must_use]
    pub const fn parts(&self) -> (&PersonSets, &OddCounts) {
        (&self.sampled, &self.odd)
    }

    /// Reads back what a snapshot kept; the expected list is set apart.
    #[must_use]
    pub fn from_parts(sampled: PersonSets, odd: OddCounts, collections: &BTreeMap<AreaCode, i64>) -> Self {
        let mut persons = Self { odd, ..Self::default() };
        for village in sampled.values() {
            persons.spread |= &persons.all & village;
            persons.all |= village;
        }
        persons.sampled = sampled;
        persons.villages = collections.iter().map(|(area, n)| (*area, Counts { collections: *n, ..Counts::default() })).collect();
        persons.count_again();
        persons
    }
}
