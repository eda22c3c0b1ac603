//! Changes of the lists of rounds that run: whoever is exempted leaves them, and a merge leaves one place of two.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round},
    },
    sampling::{exemption::covers, round::RoundState},
};
use allclear_store::{Result, Tx, register::PersonRow, rounds::RoundRow};
use serde::{Deserialize, Serialize};

use super::{list, read, write};

/// Rounds that take swabs.
pub fn running(tx: &Tx<'_>) -> Result<Vec<RoundRow>> {
    Ok(tx.rounds()?.into_iter().filter(takes_swabs).collect())
}

const fn takes_swabs(round: &RoundRow) -> bool {
    matches!(round.state, RoundState::Open | RoundState::Closing)
}

/// Puts a person on a round's list or takes them off it; answers whether the list changed.
pub fn move_person(tx: &Tx<'_>, round: Id<Round>, person: PersonNo, area: AreaCode, on: bool) -> Result<bool> {
    // Under the round's lock: two workers may tap at once.
    let Some(row) = tx.round(round)? else { return Ok(false) };
    let stored = tx.expected_in(round, area)?;
    let mut bitmap = stored.first().and_then(|(_, _, bytes)| read(bytes)).unwrap_or_default();
    let no = person.0 as u64;
    let changed = if on { bitmap.insert(no) } else { bitmap.remove(no) };
    if changed {
        tx.put_expected(round, area, bitmap.len() as i64, &write(&bitmap))?;
        tx.update_round_expected(&row, row.expected + if on { 1 } else { -1 })?;
    }
    Ok(changed)
}

/// Counts a village's exempt anew: with several reasons a person counts under one of them, and which
/// one changes when that is taken back, so adding and subtracting would drift.
pub fn count_exempt(tx: &Tx<'_>, round: &RoundRow, area: AreaCode) -> Result<()> {
    tx.replace_exempt_in(round.id, area, &list::build_in(tx, round, &[area])?.exempt)
}

/// Whether a round means somebody who lives in its scope: in the register, of its groups, with no exemption in its time.
pub fn means(tx: &Tx<'_>, round: &RoundRow, person: PersonNo) -> Result<bool> {
    let Some(groups) = tx.groups_of(person)? else { return Ok(false) };
    let exempt =
        || -> Result<bool> { Ok(tx.exemptions_of(person)?.iter().any(|e| covers(e.from_at, e.until_at, round.starts_at, round.ends_at))) };
    Ok(round.rule.takes(groups) && groups & list::exempting(round.rule.groups) == 0 && !exempt()?)
}

/// What a merge changed in one round's list, kept with it so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    round: uuid::Uuid,
    /// Village that expected the record that went.
    village: i64,
    /// Village that expects the one that stays since then, if it was on no list.
    placed: Option<i64>,
}

impl Moved {
    /// The round.
    #[must_use]
    pub fn round(&self) -> Id<Round> {
        Id::new(self.round)
    }
}

/// Takes a record that went off the lists that run. The one that stays is expected if it was, or in its place, unless its
/// own record says that the round does not mean it. Call it once the record points at the one that stays.
pub fn merge(tx: &Tx<'_>, goes: &PersonRow, stays: &PersonRow) -> Result<Vec<Moved>> {
    let mut all = Vec::new();
    for round in running(tx)? {
        let (gone, kept) = villages(tx, round.id, goes.no, stays.no)?;
        if let Some(village) = gone
            && move_person(tx, round.id, goes.no, village, false)?
        {
            let instead = kept.is_none() && round.covers(stays.living_area) && means(tx, &round, stays.no)?;
            let instead = instead && move_person(tx, round.id, stays.no, stays.living_area, true)?;
            let placed = instead.then(|| stays.living_area.number());
            all.push(Moved { round: round.id.uuid(), village: village.number(), placed });
        }
        if round.covers(goes.living_area) {
            count_exempt(tx, &round, goes.living_area)?;
        }
    }
    Ok(all)
}

/// Takes back what [`merge`] did in the rounds that still run. Call it once the record stands for itself again.
pub fn unmerge(tx: &Tx<'_>, goes: &PersonRow, stays: PersonNo, moved: &[Moved]) -> Result<()> {
    for round in running(tx)? {
        for lists in moved.iter().filter(|moved| moved.round() == round.id) {
            if let Ok(village) = AreaCode::from_number(lists.village) {
                move_person(tx, round.id, goes.no, village, true)?;
            }
            if let Some(placed) = lists.placed.and_then(|area| AreaCode::from_number(area).ok()) {
                move_person(tx, round.id, stays, placed, false)?;
            }
        }
        if round.covers(goes.living_area) {
            count_exempt(tx, &round, goes.living_area)?;
        }
    }
    Ok(())
}

/// Villages whose list has each of two persons: they may have moved since it was frozen.
fn villages(tx: &Tx<'_>, round: Id<Round>, one: PersonNo, other: PersonNo) -> Result<(Option<AreaCode>, Option<AreaCode>)> {
    let mut found = (None, None);
    for (area, _, bytes) in tx.expected(round)? {
        let bitmap = read(&bytes).unwrap_or_default();
        found.0 = found.0.or_else(|| bitmap.contains(one.0 as u64).then_some(area));
        found.1 = found.1.or_else(|| bitmap.contains(other.0 as u64).then_some(area));
    }
    Ok(found)
}
