//! Rows behind the figures. Persons are masked here, not on the page.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, PersonNo, Round, Site},
        time::Instant,
    },
    live::{FIVE_MINUTES_S, RoundCounts},
    people::mask,
    sampling::tube::Stage,
};
use allclear_store::live::CollectionsOf;
use allclear_wire::live::DrillDown;
use uuid::Uuid;

use super::view::{self, STAGES, Sight};
use crate::{
    app::App,
    clock::rfc3339,
    edge::problem::{Code, Result},
};

/// Rows of one page.
const PAGE: usize = 100;
/// Rows of lists that are short by nature.
const SHORT_MAX: i64 = 2000;

/// What was asked for.
#[derive(Debug)]
pub struct Wanted {
    /// Round.
    pub round: Id<Round>,
    /// Name of the figure.
    pub figure: String,
    /// Subtrees to look in.
    pub scope: Vec<AreaCode>,
    /// For `site`.
    pub site: Option<Uuid>,
    /// For `lab`.
    pub lab: Option<Uuid>,
    /// For `stage`.
    pub stage: Option<String>,
    /// For `interval`: when its five minutes begin.
    pub from: Option<Instant>,
    /// Where the last page ended.
    pub after: Option<String>,
}

fn table(figure: &str, columns: &[&str]) -> DrillDown {
    DrillDown { figure: figure.into(), columns: columns.iter().map(|c| (*c).to_owned()).collect(), ..DrillDown::default() }
}

/// The rows.
pub async fn rows(app: &App, wanted: Wanted) -> Result<DrillDown> {
    match wanted.figure.as_str() {
        "missing" | "persons" | "unexpected" => persons(app, &wanted).await,
        "collections" | "interval" => collections(app, &wanted).await,
        "tubes" | "stage" | "site" | "person_reports" => Ok(tubes(app, &wanted)),
        "non_negative" => non_negative(app, &wanted).await,
        "lab" => lab(app, &wanted).await,
        "labs" => Ok(labs(app, &wanted)),
        "follow_ups" => follow_ups(app, &wanted).await,
        "exceptions" => exceptions(app, &wanted).await,
        "sites" | "sites_stuck" => Ok(sites(app, &wanted)),
        "devices_silent" => Ok(devices(app, &wanted)),
        _ => Err(Code::NotFound.field("/figure")),
    }
}

/// Looks at the counts of the round with the plan beside them.
fn look<T>(app: &App, wanted: &Wanted, see: impl FnOnce(&Sight<'_>, &RoundCounts) -> T) -> T {
    let fold = app.live.fold();
    let (plan, context, empty) = (app.plan(), app.live.context(), RoundCounts::default());
    let sight = Sight { plan: &plan, context: &context, seen: &app.seen, scope: &wanted.scope, now: app.now() };
    see(&sight, fold.rounds.get(&wanted.round).unwrap_or(&empty))
}

fn site_name(sight: &Sight<'_>, site: Id<Site>) -> String {
    sight.plan.sites.get(&site).map_or_else(|| site.to_string(), |site| site.name.clone())
}

fn area_name(app: &App, area: AreaCode) -> String {
    app.plan().area(area).map_or_else(|| area.to_string(), |area| area.name.clone())
}

async fn persons(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let after: u64 = wanted.after.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (mut found, total) = look(app, wanted, |sight, counts| {
        let mut all = (Vec::new(), 0);
        for area in sight.scope {
            let (rows, total) = match wanted.figure.as_str() {
                "missing" => counts.persons.missing(*area, after, PAGE),
                "unexpected" => counts.persons.unexpected(*area, after, PAGE),
                _ => counts.persons.sampled(*area, after, PAGE),
            };
            all.0.extend(rows);
            all.1 += total;
        }
        all
    });
    found.sort_unstable_by_key(|(_, no)| *no);
    found.truncate(PAGE);
    let names = names(app, found.iter().map(|(_, no)| *no).collect()).await?;
    let mut out = table(&wanted.figure, &["person", "name", "area"]);
    out.total = total as i64;
    out.next = (found.len() == PAGE).then(|| found.last().map(|(_, no)| no.0.to_string())).flatten();
    out.rows = found
        .into_iter()
        .map(|(area, no)| vec![no.0.to_string(), names.get(&no.0).cloned().unwrap_or_default(), area_name(app, area)])
        .collect();
    Ok(out)
}

/// Masked names by number.
async fn names(app: &App, numbers: Vec<PersonNo>) -> Result<HashMap<i64, String>> {
    let numbers: Vec<i64> = numbers.into_iter().map(|no| no.0).collect();
    let rows = app.store.read("names_of_rows", move |tx| tx.persons(&numbers)).await?;
    Ok(rows.into_iter().map(|row| (row.no.0, mask::name(&row.name))).collect())
}

async fn collections(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let after = wanted.after.as_deref().and_then(|text| text.split_once(' ')).map(|(tube, id)| (tube.to_owned(), id.parse::<Uuid>()));
    let (tube, id) = match after {
        Some((tube, Ok(id))) => (tube, id),
        _ => (String::new(), Uuid::nil()),
    };
    let round = wanted.round;
    let (from, until) = match (wanted.figure.as_str(), wanted.from) {
        ("interval", Some(from)) => (from, from.plus_seconds(FIVE_MINUTES_S)),
        ("interval", None) => return Err(Code::BodyInvalid.field("/from")),
        _ => (Instant(i64::MIN), Instant(i64::MAX)),
    };
    let villages = villages(app, wanted);
    let rows = app
        .store
        .read("list_collections", move |tx| {
            let look = CollectionsOf { round, areas: villages.as_deref(), from, until };
            tx.list_collections(&look, (&tube, id), PAGE as i64)
        })
        .await?;
    let names = names(app, rows.iter().filter_map(|row| row.person).collect()).await?;
    let mut out = table(&wanted.figure, &["tube", "person", "name", "site", "station", "at"]);
    out.next = (rows.len() == PAGE).then(|| rows.last().map(|row| format!("{} {}", row.tube, row.id.uuid()))).flatten();
    look(app, wanted, |sight, counts| {
        let inside = counts.persons.villages().iter().filter(|(area, _)| sight.sees(**area));
        out.total = match wanted.from {
            Some(from) => {
                counts.curve(|site| sight.sees_site(site)).get(&from.0.div_euclid(FIVE_MINUTES_S * 1_000_000)).copied().unwrap_or(0)
            }
            None => inside.map(|(_, counts)| counts.collections).sum(),
        };
        for row in rows {
            let name = row.person.and_then(|no| names.get(&no.0).cloned()).unwrap_or_default();
            let no = row.person.map(|no| no.0.to_string()).unwrap_or_default();
            out.rows.push(vec![row.tube, no, name, site_name(sight, row.site), row.station.to_string(), rfc3339(row.taken_at)]);
        }
    });
    Ok(out)
}

/// The villages to look in; none for the whole store, where asking for each would only cost.
fn villages(app: &App, wanted: &Wanted) -> Option<Vec<i64>> {
    look(app, wanted, |sight, counts| {
        let of_plan = sight.plan.areas.iter().map(|area| area.code);
        let all = of_plan.chain(counts.persons.villages().keys().copied());
        (!sight.whole()).then(|| all.filter(|area| sight.sees(*area)).map(AreaCode::number).collect())
    })
}

async fn non_negative(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let round = wanted.round;
    let found = app.store.read("list_non_negative", move |tx| tx.list_non_negative(round, SHORT_MAX)).await?;
    Ok(look(app, wanted, |sight, counts| {
        let mut out = table("non_negative", &["tube", "result", "members", "site", "at"]);
        for row in found.into_iter().filter(|row| sight.sees_site(row.site)) {
            out.rows.push(vec![row.tube, row.value, row.persons.to_string(), site_name(sight, row.site), rfc3339(row.released_at)]);
        }
        out.total = counts.released(|site| sight.sees_site(site)).non_negative;
        out
    }))
}

fn tubes(app: &App, wanted: &Wanted) -> DrillDown {
    let stages: Option<&[Stage]> = match (wanted.figure.as_str(), &wanted.stage) {
        ("person_reports", _) => Some(&[Stage::Released]),
        ("stage", Some(word)) => Some(STAGES.iter().find(|(name, _)| name == word).map_or(&[], |(_, of)| of)),
        _ => None,
    };
    let from: usize = wanted.after.as_deref().and_then(|text| text.parse().ok()).unwrap_or(0);
    look(app, wanted, |sight, counts| {
        let mut found: Vec<_> = counts
            .tubes
            .iter()
            .filter(|(_, tube)| stages.is_none_or(|of| of.contains(&tube.stage)))
            .filter(|(_, tube)| wanted.figure != "tubes" || tube.members > 0)
            .filter(|(_, tube)| wanted.site.is_none_or(|site| tube.site.uuid() == site) && sight.sees_site(tube.site))
            .collect();
        found.sort_unstable_by(|a, b| (a.1.started_at, a.0).cmp(&(b.1.started_at, b.0)));
        let mut out = table(&wanted.figure, &["tube", "state", "members", "site", "at", "age_minutes"]);
        out.total = found.len() as i64;
        out.next = (found.len() > from + PAGE).then(|| (from + PAGE).to_string());
        for (code, tube) in found.into_iter().skip(from).take(PAGE) {
            out.rows.push(vec![
                code.clone(),
                tube.stage.as_str().into(),
                tube.members.to_string(),
                site_name(sight, tube.site),
                rfc3339(tube.at),
                (sight.now.seconds_since(tube.started_at) / 60).to_string(),
            ]);
        }
        out
    })
}

async fn lab(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let seen = look(app, wanted, |sight, _| {
        let mut labs = sight.context.labs.iter().map(|(lab, _)| lab).filter(|lab| sight.sees(lab.area));
        labs.any(|lab| Some(lab.id.uuid()) == wanted.lab)
    });
    let Some(lab) = wanted.lab.filter(|_| seen) else { return Err(Code::NotFound.field("/lab")) };
    let codes = app.store.read("waiting_tubes", move |tx| tx.waiting_tubes(Id::new(lab), SHORT_MAX)).await?;
    Ok(look(app, wanted, |sight, counts| {
        let mut out = table("lab", &["tube", "state", "members", "site", "at"]);
        out.total = codes.len() as i64;
        for code in codes.iter().take(SHORT_MAX as usize) {
            let Some(tube) = counts.tubes.get(code) else { continue };
            let words = [tube.stage.as_str().to_owned(), tube.members.to_string(), site_name(sight, tube.site), rfc3339(tube.at)];
            out.rows.push(std::iter::once(code.clone()).chain(words).collect());
        }
        out
    }))
}

fn labs(app: &App, wanted: &Wanted) -> DrillDown {
    look(app, wanted, |sight, _| {
        let mut out = table("labs", &["lab", "received", "on_run", "resulted", "released", "backlog_hours"]);
        out.rows = view::labs(sight)
            .into_iter()
            .map(|load| {
                let hours = load.backlog_hours.map(|hours| hours.to_string()).unwrap_or_default();
                let counts = [load.received, load.on_run, load.resulted, load.released].map(|tubes| tubes.to_string());
                std::iter::once(load.name).chain(counts).chain([hours]).collect()
            })
            .collect();
        out.total = out.rows.len() as i64;
        out
    })
}

async fn follow_ups(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let round = wanted.round;
    let read = app.store.read("follow_ups", |tx| {
        let labs: Vec<_> = tx.labs()?.into_iter().map(|lab| lab.id).collect();
        tx.follow_ups(&labs, false, SHORT_MAX)
    });
    let found = read.await?;
    let names: HashMap<_, _> = app.live.context().labs.iter().map(|(lab, _)| (lab.id, lab.name.clone())).collect();
    Ok(look(app, wanted, |sight, counts| {
        let mut out = table("follow_ups", &["tube", "result", "members", "missing", "site", "lab", "opened_at"]);
        for row in found.into_iter().filter(|row| row.round == round && sight.sees_site(row.site)) {
            out.rows.push(vec![
                row.tube,
                row.value,
                row.members.to_string(),
                row.members_open.to_string(),
                site_name(sight, row.site),
                names.get(&row.lab).cloned().unwrap_or_default(),
                rfc3339(row.opened_at),
            ]);
        }
        out.total = counts.follow_ups(|site| sight.sees_site(site));
        out
    }))
}

async fn exceptions(app: &App, wanted: &Wanted) -> Result<DrillDown> {
    let (scope, round) = (wanted.scope.clone(), wanted.round);
    let found = app
        .store
        .read("open_exceptions", move |tx| {
            let mut found = Vec::new();
            for area in scope {
                found.extend(tx.open_exceptions(area, (Instant(i64::MIN), Uuid::nil()), SHORT_MAX)?);
            }
            Ok::<_, allclear_store::StoreError>(found)
        })
        .await?;
    Ok(look(app, wanted, |sight, _| {
        let mut out = table("exceptions", &["exception", "tube", "site", "at", "age_minutes"]);
        for row in found.into_iter().filter(|row| row.round.is_none_or(|of| of == round)) {
            out.rows.push(vec![
                row.kind,
                row.subject,
                row.site.map(|site| site_name(sight, site)).unwrap_or_default(),
                rfc3339(row.opened_at),
                (sight.now.seconds_since(row.opened_at) / 60).to_string(),
            ]);
        }
        out.total = out.rows.len() as i64;
        out
    }))
}

fn sites(app: &App, wanted: &Wanted) -> DrillDown {
    look(app, wanted, |sight, counts| {
        let mut out = table(&wanted.figure, &["site", "area", "state", "collections", "stations", "rate", "at"]);
        let loads = view::sites(sight, sight.plan.rounds.get(&wanted.round), counts);
        for load in loads.into_iter().filter(|load| wanted.figure == "sites" || load.stuck.is_some()) {
            let area = AreaCode::parse(&load.area).ok().and_then(|area| sight.plan.area(area)).map(|area| area.name.clone());
            out.rows.push(vec![
                load.name,
                area.unwrap_or_default(),
                load.stuck.unwrap_or_default(),
                load.collections.to_string(),
                load.stations.to_string(),
                load.per_station_hour.to_string(),
                load.last_at.unwrap_or_default(),
            ]);
        }
        out.total = out.rows.len() as i64;
        out
    })
}

fn devices(app: &App, wanted: &Wanted) -> DrillDown {
    look(app, wanted, |sight, counts| {
        let mut out = table("devices_silent", &["device_no", "label", "seen_at"]);
        let silent = view::silent(sight, counts);
        out.rows = silent.into_iter().map(|d| vec![d.device_no.to_string(), d.label, d.seen_at.unwrap_or_default()]).collect();
        out.total = out.rows.len() as i64;
        out
    })
}
