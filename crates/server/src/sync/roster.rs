//! What a phone needs to recognise people without network: the site's served areas, nobody else.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        id::{Device, Id},
        time::Instant,
    },
    sampling::round::RoundState,
};
use allclear_seal::{roster_digest, to_base64url};
use allclear_store::{StoreError, Tx, rounds::SiteRow};
use allclear_wire::sync::{Roster, RosterEntry, Shift};

use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::{ROSTER_MAX, SESSION_S},
        problem::Result,
    },
    plan::Plan,
    sampling::view,
};

/// The site and its open rounds.
#[must_use]
pub fn shift(plan: &Plan, site: &SiteRow, now: Instant) -> Shift {
    let serves = |area| site.serves.iter().any(|served| served.is_within(area) || area.is_within(*served));
    let open = plan.rounds.values().filter(|round| matches!(round.state, RoundState::Open | RoundState::Closing));
    let mut rounds: Vec<_> = open.filter(|round| round.areas.iter().any(|(area, _)| serves(*area))).collect();
    rounds.sort_by_key(|round| (round.starts_at, round.id));
    Shift { site: view::site(site), rounds: rounds.into_iter().map(view::round).collect(), as_of: rfc3339(now) }
}

/// Loads the roster and logs that this device has it.
pub async fn load(app: &App, caller: &Caller, device: Id<Device>, site: SiteRow, now: Instant) -> Result<Roster> {
    let digest_key = app.keys.roster_key(device.uuid().as_bytes(), &(now.0 / 86_400_000_000).to_be_bytes());
    let open: Vec<_> = app.plan().rounds.values().filter(|round| round.state == RoundState::Open).map(|round| round.id).collect();
    let (account, log_id) = (caller.account, app.ids.at(now));
    let subject = format!("site {}", site.id);
    app.store.run("load_roster", move |tx| tx.log_access(log_id, now, account, Some(device), "load_roster", &subject, "shift")).await?;
    let entries = app.store.read("load_roster", move |tx| entries(tx, &site, &digest_key, &open)).await?;
    Ok(Roster { as_of: rfc3339(now), digest_key: to_base64url(&digest_key), entries, erase_at: rfc3339(now.plus_seconds(SESSION_S)) })
}

fn entries(
    tx: &Tx<'_>,
    site: &SiteRow,
    digest_key: &[u8; 32],
    open: &[Id<allclear_domain::kernel::id::Round>],
) -> Result<Vec<RosterEntry>, StoreError> {
    let mut people = Vec::new();
    for area in &site.serves {
        people.extend(tx.roster(*area, ROSTER_MAX - people.len() as i64)?);
    }
    let numbers: Vec<i64> = people.iter().map(|p| p.no.0).collect();
    let mut codes: HashMap<i64, Vec<String>> = HashMap::new();
    for (no, code) in tx.cards_of(&numbers)? {
        codes.entry(no).or_default().push(code);
    }
    let mut documents: HashMap<i64, Vec<String>> = HashMap::new();
    for (no, _, _, sealed) in tx.documents_of(&numbers)? {
        let number = tx.keys().open_cell("document", "number", &no.to_string(), &sealed)?;
        documents.entry(no).or_default().push(to_base64url(&roster_digest(digest_key, &number)));
    }
    let mut households: Vec<i64> = people.iter().filter_map(|p| p.household).collect();
    households.dedup();
    let household_codes = tx.household_codes(&households)?;
    let sampled = tx.sampled_among(&numbers, open)?;
    Ok(people
        .into_iter()
        .map(|p| RosterEntry {
            no: p.no.0,
            name: p.name,
            codes: codes.remove(&p.no.0).unwrap_or_default(),
            documents: documents.remove(&p.no.0).unwrap_or_default(),
            household: p.household,
            household_code: p.household.and_then(|no| household_codes.get(&no).cloned()),
            sampled: sampled.contains(&p.no.0),
        })
        .collect())
}
