//! The expected list: who of the register a round expects, and who is left out and why.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        time::Instant,
    },
    people::groups::Group,
    sampling::exemption::Reason,
};
use allclear_store::{Result, Tx, rounds::RoundRow};

use super::super::expected;

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
    let mask = exempting(round.groups);
    let mut exempt: BTreeMap<(AreaCode, Reason), i64> = BTreeMap::new();
    let mut numbers: Vec<(AreaCode, i64)> = Vec::new();
    for root in roots(&round.areas.iter().map(|(area, _)| *area).collect::<Vec<_>>()) {
        let given = given(tx, root, round.starts_at, round.ends_at)?;
        for (village, no, bits) in tx.persons_in_groups(root, round.groups, mask)? {
            match given.get(&no).copied().or_else(|| reason(bits)) {
                Some(reason) => *exempt.entry((village, reason)).or_default() += 1,
                None => numbers.push((village, no)),
            }
        }
    }
    numbers.sort_unstable();
    Ok(Expected {
        persons: numbers.len() as i64,
        villages: expected::bitmaps(&numbers),
        exempt: exempt.into_iter().map(|((area, reason), persons)| (area, reason, persons)).collect(),
    })
}

fn given(tx: &Tx<'_>, root: AreaCode, starts: Instant, ends: Instant) -> Result<BTreeMap<i64, Reason>> {
    Ok(tx.exemptions_during(root, starts, ends)?.into_iter().map(|e| (e.person.0, e.reason)).collect())
}

/// Persons expected and left out, without their names: town, expected, exempt; and by reason.
pub type Counts = (BTreeMap<AreaCode, (i64, i64)>, BTreeMap<Reason, i64>);

/// What [`build`] would give, counted in the store.
pub fn count(tx: &Tx<'_>, round: &RoundRow) -> Result<Counts> {
    let mask = exempting(round.groups);
    let (mut towns, mut reasons) = (BTreeMap::<AreaCode, (i64, i64)>::new(), BTreeMap::<Reason, i64>::new());
    let town = |village: AreaCode| village.at(Level::Town).unwrap_or(village);
    for root in roots(&round.areas.iter().map(|(area, _)| *area).collect::<Vec<_>>()) {
        for (village, bits, persons) in tx.count_in_groups(root, round.groups, mask)? {
            let counts = towns.entry(town(village)).or_default();
            match reason(bits) {
                Some(reason) => {
                    counts.1 += persons;
                    *reasons.entry(reason).or_default() += persons;
                }
                None => counts.0 += persons,
            }
        }
        for exemption in tx.exemptions_during(root, round.starts_at, round.ends_at)? {
            let Some(groups) = tx.groups_of(exemption.person)? else { continue };
            if groups & round.groups == round.groups && groups & mask == 0 {
                let counts = towns.entry(town(exemption.area)).or_default();
                *counts = (counts.0 - 1, counts.1 + 1);
                *reasons.entry(exemption.reason).or_default() += 1;
            }
        }
    }
    Ok((towns, reasons))
}
