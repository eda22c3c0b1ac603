//! Expected less sampled, and what came of asking.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        access::Action,
        area::{AreaCode, Level},
        id::{Id, PersonNo, Round},
    },
    people::{groups::Groups, mask},
    sampling::{exemption::Reason, missing::Outcome, queue::People},
};
use allclear_seal::Keys;
use allclear_store::{
    Tx, exemptions::ExemptionRow, people::PersonPlace, register::PersonRow, rounds::RoundRow, sampling::missing::MissingCall,
};
use allclear_wire::missing::{MissingArea, MissingCallResult, MissingContact, MissingOutcome, MissingPerson};
use roaring::RoaringTreemap;

use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::TEXT_CHARS_MAX,
        problem::{Code, Result},
    },
    expected::{self, list::roots},
    plan::Plan,
    sampling::rounds::{
        exemptions::{change_ids, give, take_back},
        view::area_name,
    },
};

/// Persons looked at in one step while a page fills.
const STEP: usize = 500;

/// Which persons of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Everybody who is missing.
    All,
    /// Nobody has settled it yet.
    ToCall,
    /// Somebody was heard, and they are still missing.
    Called,
}

impl Show {
    /// Reads a word; an unknown one shows everybody.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "to_call" => Self::ToCall,
            "called" => Self::Called,
            _ => Self::All,
        }
    }

    fn takes(self, outcome: Option<Outcome>) -> bool {
        match self {
            Self::All => true,
            Self::ToCall => outcome.is_none_or(Outcome::stays_open),
            Self::Called => outcome.is_some_and(|outcome| !outcome.stays_open()),
        }
    }
}

/// Expected persons without a swab, village by village. Of a grid only its own people: the list is kept by village.
pub fn missing(tx: &Tx<'_>, round: Id<Round>, areas: &[AreaCode]) -> allclear_store::Result<Vec<(AreaCode, RoaringTreemap)>> {
    let mut villages = Vec::new();
    let mut lists = Vec::new();
    for area in areas {
        let grid = match area.level() {
            Level::Grid => Some(tx.numbers_in_grid(*area)?.into_iter().map(|no| no as u64).collect::<RoaringTreemap>()),
            Level::Country | Level::County | Level::Town | Level::Village => None,
        };
        for (village, _, bytes) in tx.expected_in(round, *area)? {
            let mut left = expected::read(&bytes).unwrap_or_default();
            if let Some(grid) = &grid {
                left &= grid;
            }
            lists.push((village, left));
        }
    }
    lists.sort_by_key(|(village, _)| *village);
    for (village, mut left) in lists {
        if let (Some(low), Some(high)) = (left.min(), left.max()) {
            let sampled = tx.sampled_between(round, PersonNo(low as i64), PersonNo(high as i64))?;
            left -= sampled.into_iter().map(|no| no as u64).collect::<RoaringTreemap>();
        }
        villages.push((village, left));
    }
    Ok(villages)
}

/// Which page of which list.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Which persons.
    pub show: Show,
    /// Village and number after which to go on.
    pub after: (i64, i64),
    /// Rows at most.
    pub limit: usize,
}

/// A page of a missing list.
pub struct Listed {
    /// Persons, masked.
    pub rows: Vec<MissingPerson>,
    /// How many are missing in all.
    pub total: i64,
    /// Village and number after which to go on.
    pub next: Option<(AreaCode, i64)>,
}

/// Lists who is missing, in the order of villages and numbers.
pub fn list(tx: &Tx<'_>, plan: &Plan, round: Id<Round>, areas: &[AreaCode], which: Page) -> Result<Listed> {
    let Page { show, after, limit } = which;
    let villages = missing(tx, round, areas)?;
    let total = villages.iter().map(|(_, left)| left.len() as i64).sum();
    let numbers: Vec<(AreaCode, i64)> = villages
        .iter()
        .filter(|(village, _)| village.number() >= after.0)
        .flat_map(|(village, left)| left.iter().map(|no| (*village, no as i64)))
        .filter(|(village, no)| (village.number(), *no) > after)
        .collect();
    let mut rows = Vec::new();
    for step in numbers.chunks(STEP) {
        let of_step: Vec<i64> = step.iter().map(|(_, no)| *no).collect();
        let calls = tx.missing_calls(&of_step, round)?;
        for person in tx.persons(&of_step)? {
            let call = calls.get(&person.no.0);
            if !show.takes(call.map(|call| call.0)) {
                continue;
            }
            if rows.len() == limit {
                let last: Option<&MissingPerson> = rows.last();
                let next = last.and_then(|row| numbers.iter().find(|(_, no)| *no == row.no).copied());
                return Ok(Listed { rows, total, next });
            }
            rows.push(person_line(tx.keys(), plan, &person, call)?);
        }
    }
    Ok(Listed { rows, total, next: None })
}

/// A person's phone, opened.
pub(super) fn phone(keys: &Keys, person: &PersonRow) -> Result<Option<String>> {
    let open = |sealed: &Vec<u8>| keys.open_cell("person", "phone", &person.no.0.to_string(), sealed);
    person.phone.as_ref().map(open).transpose().map_err(|e| allclear_store::StoreError::from(e).into())
}

fn person_line(
    keys: &Keys,
    plan: &Plan,
    person: &PersonRow,
    call: Option<&(Outcome, String, allclear_domain::kernel::time::Instant)>,
) -> Result<MissingPerson> {
    Ok(MissingPerson {
        no: person.no.0,
        name: mask::name(&person.name),
        birth_year: person.birth_year,
        area: person.living_area.to_string(),
        area_name: area_name(plan, person.living_area),
        household: person.household,
        phone: phone(keys, person)?.map(|phone| mask::phone(&phone)),
        groups: Groups(person.groups).iter().map(|group| group.as_str().to_owned()).collect(),
        outcome: call.map(|call| outcome(call.0)),
        outcome_at: call.map(|call| rfc3339(call.2)),
        note: call.map(|call| call.1.clone()).filter(|note| !note.is_empty()),
    })
}

/// Who is missing in the areas right below each of `areas` (or in it, if it is a village), from the
/// live counts: of a whole county the lists would be read for seconds.
#[must_use]
pub fn by_area(plan: &Plan, villages: &[(AreaCode, People)], areas: &[AreaCode]) -> Vec<MissingArea> {
    let mut rows: BTreeMap<AreaCode, MissingArea> = BTreeMap::new();
    for (village, people) in villages {
        let Some(root) = areas.iter().find(|root| village.is_within(**root)) else { continue };
        let level = if matches!(root.level(), Level::Country | Level::County) { Level::Town } else { Level::Village };
        let code = village.at(level).unwrap_or(*village);
        let name = || plan.area(code).map(|area| area.name.clone()).unwrap_or_default();
        let row = rows.entry(code).or_insert_with(|| MissingArea { area: code.to_string(), name: name(), expected: 0, missing: 0 });
        row.expected += people.expected;
        row.missing += people.remaining;
    }
    rows.into_values().filter(|row| row.expected > 0).collect()
}

/// The same of grids, whose people the counts by village do not tell apart.
pub fn by_grid(tx: &Tx<'_>, plan: &Plan, round: Id<Round>, grids: &[AreaCode]) -> allclear_store::Result<Vec<MissingArea>> {
    let mut rows = Vec::new();
    for grid in grids {
        let people: RoaringTreemap = tx.numbers_in_grid(*grid)?.into_iter().map(|no| no as u64).collect();
        let mut expected = 0;
        for (_, _, bytes) in tx.expected_in(round, *grid)? {
            expected += (expected::read(&bytes).unwrap_or_default() & &people).len() as i64;
        }
        let left = missing(tx, round, &[*grid])?;
        let name = plan.area(*grid).map(|area| area.name.clone()).unwrap_or_default();
        let missing = left.iter().map(|(_, left)| left.len() as i64).sum();
        rows.push(MissingArea { area: grid.to_string(), name, expected, missing });
    }
    Ok(rows)
}

const fn outcome(outcome: Outcome) -> MissingOutcome {
    match outcome {
        Outcome::Coming => MissingOutcome::Coming,
        Outcome::SampledElsewhere => MissingOutcome::SampledElsewhere,
        Outcome::Exempt => MissingOutcome::Exempt,
        Outcome::MovedAway => MissingOutcome::MovedAway,
        Outcome::NotReached => MissingOutcome::NotReached,
        Outcome::Refused => MissingOutcome::Refused,
    }
}

const fn from_outcome(word: MissingOutcome) -> Outcome {
    match word {
        MissingOutcome::Coming => Outcome::Coming,
        MissingOutcome::SampledElsewhere => Outcome::SampledElsewhere,
        MissingOutcome::Exempt => Outcome::Exempt,
        MissingOutcome::MovedAway => Outcome::MovedAway,
        MissingOutcome::NotReached => Outcome::NotReached,
        MissingOutcome::Refused => Outcome::Refused,
    }
}

/// The round, if it has a list; and the areas asked for: one in which the caller may do `action`, or
/// all of them.
pub fn place(plan: &Plan, caller: &Caller, round: uuid::Uuid, area: Option<&str>, action: Action) -> Result<(RoundRow, Vec<AreaCode>)> {
    let round = plan.rounds.get(&Id::new(round)).cloned().ok_or_else(|| Code::NotFound.problem())?;
    let areas = match area.filter(|code| !code.is_empty()) {
        Some(code) => vec![crate::sampling::rounds::ops::area(plan, caller, action, code, "/area")?],
        None => roots(&caller.areas(action).collect::<Vec<_>>()),
    };
    if areas.is_empty() { Err(Code::Forbidden.problem()) } else { Ok((round, areas)) }
}

/// A person who is on the list of a round, or was until a call said otherwise, and lives where the
/// caller may do `action`.
async fn expected_person(app: &App, caller: &Caller, round: Id<Round>, person: i64, action: Action) -> Result<PersonPlace> {
    let place = app
        .store
        .read("expected_person", move |tx| -> Result<_> {
            let place = tx.person_places(&[person])?.get(&person).copied().ok_or_else(|| Code::NotFound.problem())?;
            let listed = tx.expected_in(round, place.area)?.first().and_then(|(_, _, bytes)| expected::read(bytes));
            let known = listed.is_some_and(|listed| listed.contains(person as u64)) || !tx.missing_call_ids(place.no, round)?.is_empty();
            if known { Ok(place) } else { Err(Code::NotFound.problem()) }
        })
        .await?;
    caller.require_in(action, place.home())?;
    Ok(place)
}

/// Name and phone of one person on the list, in clear; logged before they are given.
pub async fn call_missing(app: &App, caller: &Caller, round: &RoundRow, person: i64) -> Result<MissingContact> {
    let place = expected_person(app, caller, round.id, person, Action::RevealPerson).await?;
    let now = app.now();
    let (log, caller, name) = (app.ids.at(now), caller.clone(), round.name.clone());
    app.store
        .run("call_missing", move |tx| -> Result<MissingContact> {
            let device = caller.device.map(|(device, _)| device);
            tx.log_access(log, now, caller.account, device, "call_missing", &format!("person:{}", place.no.0), &name)?;
            let person = tx.persons(&[place.no.0])?.into_iter().next().ok_or_else(|| Code::NotFound.problem())?;
            Ok(MissingContact { phone: phone(tx.keys(), &person)?, name: person.name })
        })
        .await
}

/// Stores what came of a call. Whoever is not to be expected gets an exemption until the round's end,
/// which leaves with the next word that says otherwise.
pub async fn note_missing(app: &App, caller: &Caller, round: &RoundRow, person: i64, result: MissingCallResult) -> Result<()> {
    let heard = from_outcome(result.outcome);
    let note = result.note.trim().to_owned();
    if note.chars().count() > TEXT_CHARS_MAX || (heard.needs_note() && note.is_empty()) {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let reason = |word: &String| Reason::parse(word).ok_or_else(|| Code::BodyInvalid.field("/reason"));
    let given = result.reason.as_ref().map(reason).transpose()?;
    let place = expected_person(app, caller, round.id, person, Action::WorkMissingList).await?;
    let now = app.now();
    let id = app.ids.at(now);
    let exemption = heard.exempts(given).map(|reason| ExemptionRow {
        id,
        person: place.no,
        area: place.area,
        reason,
        note: if note.is_empty() { heard.zh().to_owned() } else { format!("{}：{note}", heard.zh()) },
        from_at: round.starts_at.min(now),
        until_at: Some(round.ends_at),
        created_by: caller.display_name.clone(),
        created_at: now,
        removed_at: None,
    });
    let call = MissingCall { id, person: place.no, area: place.area, round: round.id, outcome: heard, note, by: caller.account, at: now };
    let (due_at, author, back, there) = (round.ends_at, caller.name.clone(), change_ids(app, now), change_ids(app, now));
    app.store
        .run("note_missing", move |tx| -> allclear_store::Result<()> {
            let said = tx.missing_call_ids(call.person, call.round)?;
            for earlier in tx.exemptions_of(call.person)?.iter().filter(|e| said.contains(&e.id)) {
                take_back(tx, earlier, &author, now, &back)?;
            }
            tx.insert_missing_call(&call, due_at)?;
            exemption.as_ref().map_or(Ok(()), |exemption| give(tx, exemption, &author, now, &there))
        })
        .await?;
    Ok(app.reload_plan().await?)
}
