//! What a phone needs to recognise people without network: the site's served areas, nobody else.

use std::collections::{BTreeSet, HashMap};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Device, Id},
        time::Instant,
    },
    people::groups::Groups,
    sampling::{round::RoundState, tube::TubeKind},
};
use allclear_seal::{roster_digest, to_base64url};
use allclear_store::{
    StoreError, Tx,
    people::RosterRow,
    rounds::{RoundRow, SiteRow},
};
use allclear_wire::sync::{GoTo, Roster, RosterEntry, Shift, SiteKind};

use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::{ROSTER_MAX, SESSION_S},
        problem::Result,
    },
    plan::Plan,
    queues,
    sampling::view,
};

/// The site, its open rounds, and with which tubes.
#[must_use]
pub fn shift(plan: &Plan, site: &SiteRow, now: Instant) -> Shift {
    let serves = |area| site.serves.iter().any(|served| served.is_within(area) || area.is_within(*served));
    let open = plan.rounds.values().filter(|round| matches!(round.state, RoundState::Open | RoundState::Closing));
    let mut rounds: Vec<_> = open.filter(|round| round.areas.iter().any(|(area, _)| serves(*area))).collect();
    rounds.sort_by_key(|round| (round.starts_at, round.id));
    let taker = if site.open { None } else { queues::taker(plan, site) };
    Shift {
        site: view::site(site),
        kinds: rounds.iter().flat_map(|round| kinds(round, site)).collect(),
        rounds: rounds.into_iter().map(view::round).collect(),
        go_to: taker.map(|site| GoTo { site: site.id.uuid(), name: site.name.clone(), hours: site.hours.clone() }),
        closed_reason: site.closed_reason.clone().filter(|_| !site.open),
        as_of: rfc3339(now),
    }
}

/// The kind that most people of a site have in a round: that of the first area it serves.
fn usual(round: &RoundRow, site: &SiteRow) -> TubeKind {
    round.kind_for(site.serves.iter().find(|area| site.area.is_within(**area)).or(site.serves.first()).copied().unwrap_or(site.area), 0)
}

/// What a round says of the areas that a site serves: the usual kind, then each other line.
fn kinds(round: &RoundRow, site: &SiteRow) -> Vec<SiteKind> {
    let line = |area: AreaCode, groups: i64, kind| SiteKind {
        round: round.id.uuid(),
        area: area.to_string(),
        groups: Groups(groups).iter().map(|group| group.as_str().to_owned()).collect(),
        tube_kind: view::tube_kind(kind),
    };
    let usual = usual(round, site);
    let mut kinds = vec![line(site.area, 0, usual)];
    let below = round.areas.iter().map(|(area, _)| *area).filter(|area| site.serves.iter().any(|served| area.is_within(*served)));
    let areas: BTreeSet<AreaCode> = site.serves.iter().copied().chain(below).collect();
    for area in &areas {
        let kind = round.kind_for(*area, 0);
        if kind != usual {
            kinds.push(line(*area, 0, kind));
        }
    }
    let here = |area: AreaCode| areas.iter().any(|served| served.is_within(area) || area.is_within(*served));
    kinds.extend(round.group_kinds.iter().filter(|l| here(l.area)).map(|l| line(l.area, l.groups, l.kind)));
    kinds
}

/// Loads the roster and logs that this device has it.
pub async fn load(app: &App, caller: &Caller, device: Id<Device>, site: SiteRow, now: Instant) -> Result<Roster> {
    let digest_key = app.keys.roster_key(device.uuid().as_bytes(), &(now.0 / 86_400_000_000).to_be_bytes());
    let plan = app.plan();
    let (account, log_id) = (caller.account, app.ids.at(now));
    let subject = format!("site:{}", site.id);
    app.store.run("load_roster", move |tx| tx.log_access(log_id, now, account, Some(device), "load_roster", &subject, "shift")).await?;
    let entries = app.store.read("load_roster", move |tx| entries(tx, &plan, &site, &digest_key)).await?;
    Ok(Roster { as_of: rfc3339(now), digest_key: to_base64url(&digest_key), entries, erase_at: rfc3339(now.plus_seconds(SESSION_S)) })
}

/// Areas whose people come to a site: those it serves, and those of closed sites that send theirs here.
fn served(plan: &Plan, site: &SiteRow) -> Vec<AreaCode> {
    let sent = plan.sites.values().filter(|other| !other.open && queues::taker(plan, other).is_some_and(|taker| taker.id == site.id));
    let areas: Vec<AreaCode> = sent.flat_map(|other| other.serves.iter()).chain(&site.serves).copied().collect();
    crate::expected::list::roots(&areas)
}

fn entries(tx: &Tx<'_>, plan: &Plan, site: &SiteRow, digest_key: &[u8; 32]) -> Result<Vec<RosterEntry>, StoreError> {
    let open: Vec<&RoundRow> = plan.rounds.values().filter(|round| round.state == RoundState::Open).collect();
    let mut people = Vec::new();
    for area in served(plan, site) {
        people.extend(tx.roster(area, ROSTER_MAX - people.len() as i64)?);
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
    let sampled = tx.sampled_among(&numbers, &open.iter().map(|round| round.id).collect::<Vec<_>>())?;
    let own_kinds = |p: &RosterRow| {
        let of_round = open.iter().map(|round| (round.id.uuid(), round.kind_for(p.area, p.groups), usual(round, site)));
        of_round.filter(|(_, kind, usual)| kind != usual).map(|(round, kind, _)| (round, view::tube_kind(kind))).collect()
    };
    Ok(people
        .into_iter()
        .map(|p| RosterEntry {
            tube_kinds: own_kinds(&p),
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
