//! Fills an empty store with the demo city: areas, accounts, sites, people, one open round.

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        change::Fact,
        id::{Id, Round},
        time::Instant,
    },
    people::{date::Date, groups::AgeGroups},
    sampling::{
        round::{RoundState, RoundWindow},
        scope::GroupRule,
        tube::TubeKind,
    },
};
use allclear_store::{
    StoreError,
    accounts::{AccountRow, GrantRow},
    feed::NewChange,
    lab::{InstrumentRow, KitRow, LabRow},
    rounds::{RoundRow, SiteRow},
};

use super::{
    ACCOUNTS, AREAS_CSV, PASSWORD,
    city::{City, Place, read_places},
};
use crate::{
    accounts::password,
    app::App,
    edge::problem::{Code, Result},
    people::{
        import::places::Places,
        intake::{self, BATCH_ROWS_ALONE, Order, Source},
    },
};

/// Seeds an empty store; a store that has accounts stays as it is.
pub async fn seed(app: &App, population: u64, city_seed: u64) -> Result<()> {
    let now = app.now();
    if app.store.read("seed_demo", |tx| tx.count_accounts()).await? > 0 {
        return Ok(());
    }
    let broken = |what: String| Code::Internal.problem().detail(what);
    let places = read_places(AREAS_CSV.as_bytes()).map_err(|e| broken(e.to_string()))?;
    let today = Date::in_china(now).ok_or_else(|| broken("the clock".into()))?;
    let city = City::plan(places.clone(), population, city_seed, today).map_err(|e| broken(e.to_string()))?;
    let root = places.first().map(|place| place.code).ok_or_else(|| broken("no area".into()))?;
    seed_plan(app, &places, city.areas(), now).await?;
    seed_people(app, city, root, now, today).await?;
    seed_round(app, root, now).await?;
    seed_lab(app, root, now).await?;
    // Accounts come last: a seed that was interrupted begins anew.
    seed_accounts(app, root, now).await?;
    app.reload_plan().await?;
    Ok(())
}

async fn seed_accounts(app: &App, root: AreaCode, now: Instant) -> Result<()> {
    let hash = password::hash(PASSWORD.into(), app.keys.random()).await?;
    let rows: Vec<(AccountRow, GrantRow)> = ACCOUNTS
        .iter()
        .map(|a| {
            let row = AccountRow {
                id: Id::new(app.ids.at(now)),
                name: a.name.into(),
                display_name: a.display_name.into(),
                password_hash: hash.clone(),
                active: true,
                created_at: now,
            };
            (row, GrantRow { role: a.role, area: root })
        })
        .collect();
    let seeded = app.store.run("seed_accounts", move |tx| rows.iter().try_for_each(|(row, grant)| tx.insert_account(row, &[*grant])));
    seeded.await.map_err(|e: StoreError| e.into())
}

/// The inflatable laboratory of the reference case: 100,000 tubes a day.
async fn seed_lab(app: &App, root: AreaCode, now: Instant) -> Result<()> {
    let (lab, kit) = (Id::new(app.ids.at(now)), app.ids.at(now));
    let instruments = [app.ids.at(now), app.ids.at(now)];
    let seeded = app.store.run("seed_lab", move |tx| {
        if !tx.labs()?.is_empty() {
            return Ok(());
        }
        tx.insert_lab(
            &LabRow { id: lab, name: "永康气膜方舱实验室".into(), area: root, rated_per_day: 100_000, factor_percent: 120 },
            now,
        )?;
        let name = "新型冠状病毒核酸检测试剂盒（双靶标，演示）".into();
        tx.insert_kit(&KitRow { id: kit, name, run_s_min: 75 * 60, cutoff: 3800, internal_control: "IC".into() }, now)?;
        for (id, name) in instruments.into_iter().zip(["荧光定量 PCR 1 号", "荧光定量 PCR 2 号"]) {
            tx.insert_instrument(&InstrumentRow { id, lab, name: name.into(), mapping: None }, now)?;
        }
        Ok(())
    });
    seeded.await.map_err(|e: StoreError| e.into())
}

async fn seed_plan(app: &App, places: &[Place], areas: Vec<Place>, now: Instant) -> Result<()> {
    let towns: Vec<&Place> = places.iter().filter(|place| place.code.level() == Level::Town).collect();
    let mut sites = Vec::new();
    for village in places.iter().filter(|place| place.code.level() == Level::Village) {
        let town = towns.iter().find(|town| village.code.is_within(town.code));
        let short = village.name.trim_end_matches("村民委员会").trim_end_matches("居民委员会");
        sites.push(SiteRow {
            id: Id::new(app.ids.at(now)),
            name: format!("{}{short}采样点", town.map_or("", |town| town.name.as_str())),
            area: village.code,
            serves: vec![village.code],
            stations: (village.population / 2500 + 1).try_into().unwrap_or(1),
            longitude: None,
            latitude: None,
            hours: "07:00-20:00".into(),
            open: true,
            transfer_to: None,
            closed_reason: None,
            version: 1,
        });
    }
    let mut areas: Vec<(AreaCode, String, i64)> = areas.into_iter().map(|p| (p.code, p.name, p.population as i64)).collect();
    areas.sort_unstable();
    let seeded = app.store.run("seed_plan", move |tx| {
        if !tx.areas()?.is_empty() {
            return Ok(());
        }
        tx.upsert_areas(&areas.iter().map(|(code, name, population)| (*code, name.as_str(), *population)).collect::<Vec<_>>())?;
        sites.iter().try_for_each(|site| tx.insert_site(site))
    });
    seeded.await.map_err(|e: StoreError| e.into())
}

async fn seed_people(app: &App, city: City, root: AreaCode, now: Instant, today: Date) -> Result<()> {
    if app.store.read("seed_people", |tx| tx.count_persons()).await? > 0 {
        return Ok(());
    }
    let named: Vec<_> = city.areas().into_iter().map(|place| (place.code, place.name)).collect();
    let order = Order {
        source: Source::Census(Arc::new(city)),
        import: None,
        scopes: vec![root],
        places: Arc::new(Places::new(&named)),
        ages: AgeGroups::of(&app.plan().profile),
        batch_rows: BATCH_ROWS_ALONE,
        cards: true,
        today,
        now,
    };
    intake::run(&app.store, &app.keys, order, |_| ()).await?;
    Ok(())
}

async fn seed_round(app: &App, root: AreaCode, now: Instant) -> Result<()> {
    if app.store.read("seed_round", |tx| tx.rounds()).await?.is_empty() {
        open_round(app, root, "第一轮全员核酸检测", now).await?;
    }
    Ok(())
}

/// Opens a round that expects everybody below `root`.
pub async fn open_round(app: &App, root: AreaCode, name: &str, now: Instant) -> Result<Id<Round>> {
    let round = RoundRow {
        id: Id::new(app.ids.at(now)),
        name: name.into(),
        state: RoundState::Draft,
        tube_kind: TubeKind::Pool10,
        starts_at: now,
        ends_at: now.plus_seconds(24 * 3600),
        window: RoundWindow { opened_at: None, closing_at: None, closed_at: None },
        profile_version: 1,
        rule: GroupRule::default(),
        expected: 0,
        areas: vec![(root, None)],
        group_kinds: Vec::new(),
        version: 1,
    };
    let (id, change) = (round.id, app.ids.at(now));
    let opened = app.store.run("seed_round", move |tx| {
        tx.insert_round(&round, "demo", now)?;
        let list = crate::expected::list::build(tx, &round)?;
        tx.replace_expected(round.id, &list.villages)?;
        tx.replace_exempt(round.id, &list.exempt)?;
        tx.update_round_state(&round, RoundState::Open, round.window.after(RoundState::Open, now), list.persons)?;
        let facts = [Fact::Round { round: round.id }];
        tx.append_change(&NewChange { id: change, bucket: 0, at: now, op: "seed_round", author: "demo", facts: &facts })
    });
    opened.await.map_err(|e: StoreError| crate::edge::problem::Problem::from(e))?;
    Ok(id)
}
