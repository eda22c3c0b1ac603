//! Taking a person off the expected lists, and back on.

use allclear_domain::{
    kernel::{access::Action, area::AreaCode, id::PersonNo, time::Instant},
    people::mask,
    sampling::exemption::{Reason, covers},
};
use allclear_store::{Tx, exemptions::ExemptionRow, rounds::RoundRow};
use allclear_wire::{
    Page,
    rounds::{Exemption, NewExemption},
};
use uuid::Uuid;

use super::ops::{instant, tell};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::{PAGE_ROWS_MAX, TEXT_CHARS_MAX},
        problem::{Code, Result},
    },
    expected::running::{self, count_exempt, means, move_person},
};

/// Gives an exemption; lists of rounds that run now are changed at once.
pub async fn add_exemption(app: &App, caller: &Caller, new: NewExemption) -> Result<Uuid> {
    let now = app.now();
    let reason = Reason::parse(&new.reason).ok_or_else(|| Code::BodyInvalid.field("/reason"))?;
    let note = new.note.trim().to_owned();
    if note.chars().count() > TEXT_CHARS_MAX || (reason == Reason::Other && note.is_empty()) {
        return Err(Code::ReasonRequired.field("/note"));
    }
    let from_at = new.from_at.as_deref().map_or(Ok(now), |at| instant(at, "/from_at"))?;
    let until_at = new.until_at.as_deref().map(|at| instant(at, "/until_at")).transpose()?;
    if until_at.is_some_and(|until| until <= from_at) {
        return Err(Code::BodyInvalid.field("/until_at"));
    }
    let person = PersonNo(new.person);
    let place = app.store.read("add_exemption", move |tx| tx.person_places(&[person.0])).await?.get(&person.0).copied();
    let place = place.ok_or_else(|| Code::NotFound.field("/person"))?;
    caller.require_in(Action::ManageRounds, place.home())?;
    let row = ExemptionRow {
        id: app.ids.at(now),
        person: place.no,
        area: place.area,
        reason,
        note,
        from_at,
        until_at,
        created_by: caller.display_name.clone(),
        created_at: now,
        removed_at: None,
    };
    let (id, author, changes) = (row.id, caller.name.clone(), change_ids(app, now));
    app.store.run("add_exemption", move |tx| give(tx, &row, &author, now, &changes)).await?;
    app.reload_plan().await?;
    Ok(id)
}

/// Writes an exemption and takes the person off the lists that run now.
pub(in crate::sampling) fn give(
    tx: &Tx<'_>,
    row: &ExemptionRow,
    author: &str,
    now: Instant,
    changes: &[Uuid],
) -> allclear_store::Result<()> {
    tx.insert_exemption(row)?;
    for (round, change) in touched(tx, row)?.iter().zip(changes) {
        let moved = move_person(tx, round.id, row.person, row.area, false)?;
        count_exempt(tx, round, row.area)?;
        if moved {
            tell(tx, *change, round.id, now, "add_exemption", author)?;
        }
    }
    Ok(())
}

/// Takes an exemption back; answers false if it had been. Whoever is expected again is put on the
/// lists that run now.
pub(in crate::sampling) fn take_back(
    tx: &Tx<'_>,
    row: &ExemptionRow,
    author: &str,
    now: Instant,
    changes: &[Uuid],
) -> allclear_store::Result<bool> {
    if !tx.remove_exemption(row, author, now)? {
        return Ok(false);
    }
    for (round, change) in touched(tx, row)?.iter().zip(changes) {
        let moved = means(tx, round, row.person)? && move_person(tx, round.id, row.person, row.area, true)?;
        count_exempt(tx, round, row.area)?;
        if moved {
            tell(tx, *change, round.id, now, "remove_exemption", author)?;
        }
    }
    Ok(true)
}

/// Takes an exemption back.
pub async fn remove_exemption(app: &App, caller: &Caller, id: Uuid) -> Result<()> {
    let now = app.now();
    let row = app.store.read("remove_exemption", move |tx| tx.exemption(id)).await?.ok_or_else(|| Code::NotFound.problem())?;
    caller.require_in(Action::ManageRounds, row.area)?;
    let (author, changes) = (caller.name.clone(), change_ids(app, now));
    app.store
        .run("remove_exemption", move |tx| -> Result<()> {
            if take_back(tx, &row, &author, now, &changes)? { Ok(()) } else { Err(Code::StateConflict.problem()) }
        })
        .await?;
    Ok(app.reload_plan().await?)
}

/// One change id for each round that may run at once.
pub(in crate::sampling) fn change_ids(app: &App, now: Instant) -> Vec<Uuid> {
    (0..app.plan().rounds.len()).map(|_| app.ids.at(now)).collect()
}

/// Rounds that take swabs and that the exemption touches.
fn touched(tx: &Tx<'_>, e: &ExemptionRow) -> allclear_store::Result<Vec<RoundRow>> {
    let touches = |round: &RoundRow| covers(e.from_at, e.until_at, round.starts_at, round.ends_at) && round.covers(e.area);
    Ok(running::running(tx)?.into_iter().filter(touches).collect())
}

/// Exemptions of an area, masked.
pub async fn list_exemptions(app: &App, area: AreaCode, after: Uuid) -> Result<Page<Exemption>> {
    let plan = app.plan();
    let (rows, names) = app
        .store
        .read("list_exemptions", move |tx| -> allclear_store::Result<_> {
            let rows = tx.exemptions_in(area, after, PAGE_ROWS_MAX)?;
            let persons = tx.persons(&rows.iter().map(|row| row.person.0).collect::<Vec<_>>())?;
            Ok((rows, persons.into_iter().map(|p| (p.no.0, p.name)).collect::<std::collections::HashMap<_, _>>()))
        })
        .await?;
    let next = (rows.len() as i64 == PAGE_ROWS_MAX).then(|| rows.last().map(|row| row.id.to_string())).flatten();
    let rows = rows
        .into_iter()
        .map(|row| Exemption {
            id: row.id,
            person: row.person.0,
            name: names.get(&row.person.0).map(|name| mask::name(name)).unwrap_or_default(),
            area: row.area.to_string(),
            area_name: super::view::area_name(&plan, row.area),
            reason: row.reason.as_str().into(),
            note: row.note,
            from_at: rfc3339(row.from_at),
            until_at: row.until_at.map(rfc3339),
            created_by: row.created_by,
        })
        .collect();
    Ok(Page { rows, total: None, next })
}
