//! The expected list: who of the register a round expects, and who is left out and why.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::area::AreaCode,
    people::groups::Group,
    sampling::{exemption::Reason, tube::TubeKind},
};
use allclear_store::{Result, Tx, register::PersonRow, rounds::RoundRow};

use super::bitmaps;

/// Bits of the groups that take a person off a list, less those that the round asks for.
#[must_use]
pub fn exempting(groups: i64) -> i64 {
    Group::ALL.iter().filter(|group| group.exempts()).fold(0, |mask, group| mask | group.bit()) & !groups
}

/// Why a person in these groups is left out.
#[must_use]
pub fn reason(bits: i64) -> Option<Reason> {
    Group::ALL.iter().filter(|group| bits & group.bit() != 0).find_map(|group| Reason::of_group(*group))
}

/// The areas of a scope without those that lie in another of them.
#[must_use]
pub fn roots(scope: &[AreaCode]) -> Vec<AreaCode> {
    let mut roots: Vec<AreaCode> = scope.iter().copied().filter(|area| !scope.iter().any(|o| o != area && area.is_within(*o))).collect();
    roots.sort_unstable();
    roots.dedup();
    roots
}

/// An expected list before it is stored.
#[derive(Debug, Default)]
pub struct Expected {
    /// Village, persons, bitmap.
    pub villages: Vec<(AreaCode, i64, Vec<u8>)>,
    /// Village, reason, persons left out.
    pub exempt: Vec<(AreaCode, Reason, i64)>,
    /// Persons expected.
    pub persons: i64,
}

/// Builds the list of a round from the register and the exemptions in force.
pub fn build(tx: &Tx<'_>, round: &RoundRow) -> Result<Expected> {
    let areas: Vec<AreaCode> = round.areas.iter().map(|(area, _)| *area).collect();
    build_in(tx, round, &roots(&areas))
}

/// The part of [`build`] that lies in some areas of the scope.
pub fn build_in(tx: &Tx<'_>, round: &RoundRow, roots: &[AreaCode]) -> Result<Expected> {
    let mask = exempting(round.rule.groups);
    let mut exempt: BTreeMap<(AreaCode, Reason), i64> = BTreeMap::new();
    let mut numbers: Vec<(AreaCode, i64)> = Vec::new();
    for root in roots {
        let given = given(tx, round, *root)?;
        for (village, no, bits) in tx.persons_in_groups(*root, round.rule, mask)? {
            match given.get(&no).copied().or_else(|| reason(bits)) {
                Some(reason) => *exempt.entry((village, reason)).or_default() += 1,
                None => numbers.push((village, no)),
            }
        }
    }
    numbers.sort_unstable();
    Ok(Expected {
        persons: numbers.len() as i64,
        villages: bitmaps(&numbers),
        exempt: exempt.into_iter().map(|((area, reason), persons)| (area, reason, persons)).collect(),
    })
}

/// Persons with an exemption for the time of a round; whoever has several counts once, for the one given first.
fn given(tx: &Tx<'_>, round: &RoundRow, root: AreaCode) -> Result<BTreeMap<i64, Reason>> {
    let mut given = BTreeMap::new();
    for exemption in tx.exemptions_during(root, round.starts_at, round.ends_at)? {
        given.entry(exemption.person.0).or_insert(exemption.reason);
    }
    Ok(given)
}

/// Persons of one village.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Village {
    /// Expected.
    pub expected: i64,
    /// Left out.
    pub exempt: i64,
    /// Expected, by the kind of tube that the scope says for them.
    pub kinds: BTreeMap<TubeKind, i64>,
}

/// Persons expected and left out, without their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// By village.
    pub villages: BTreeMap<AreaCode, Village>,
    /// Left out, by reason.
    pub reasons: BTreeMap<Reason, i64>,
}

/// What [`build`] would give, counted in the store, and with which tubes.
pub fn count(tx: &Tx<'_>, round: &RoundRow) -> Result<Counts> {
    let mask = exempting(round.rule.groups);
    let with_kind = round.group_kinds.iter().fold(0, |bits, line| bits | line.groups);
    let mut counts = Counts::default();
    for root in roots(&round.areas.iter().map(|(area, _)| *area).collect::<Vec<_>>()) {
        for (village, bits, persons) in tx.count_in_groups(root, round.rule, mask | with_kind)? {
            let of = counts.villages.entry(village).or_default();
            match reason(bits & mask) {
                Some(reason) => {
                    of.exempt += persons;
                    *counts.reasons.entry(reason).or_default() += persons;
                }
                None => {
                    of.expected += persons;
                    *of.kinds.entry(round.kind_for(village, bits)).or_default() += persons;
                }
            }
        }
        let given = given(tx, round, root)?;
        for step in given.keys().copied().collect::<Vec<_>>().chunks(500) {
            for person in tx.persons(step)?.iter().filter(|p| IN_REGISTER.contains(&p.state.as_str()) && round.rule.takes(p.groups)) {
                leave_out(&mut counts, round, person, given[&person.no.0], mask);
            }
        }
    }
    Ok(counts)
}

/// States of a person who may be expected.
const IN_REGISTER: [&str; 2] = ["active", "provisional"];

/// Moves one person from those expected, or from those whom a group leaves out, to those with a reason of their own.
fn leave_out(counts: &mut Counts, round: &RoundRow, person: &PersonRow, why: Reason, mask: i64) {
    let village = counts.villages.entry(person.living_area).or_default();
    match reason(person.groups & mask) {
        Some(of_group) => *counts.reasons.entry(of_group).or_default() -= 1,
        None => {
            village.expected -= 1;
            village.exempt += 1;
            *village.kinds.entry(round.kind_for(person.living_area, person.groups)).or_default() -= 1;
        }
    }
    *counts.reasons.entry(why).or_default() += 1;
}
