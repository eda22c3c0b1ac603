//! The recount: every figure of the screens again from the records, by plain counting. It is held
//! against the fold (every village, every site with its tubes, follow-ups and exceptions, every five minutes) and against the rendered frames (what a
//! screen is sent). With both it shares one thing, the reading of the frozen expected list, and the
//! list's own count of persons, which the fold does not read, stands against that.

pub mod cli;
mod frame;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        id::{Id, Round, Site},
    },
    live::{FIVE_MINUTES_S, Fold, RoundCounts},
};
use allclear_store::{
    StoreError, Tx,
    live::{CountedRow, TubesOf},
};
use allclear_wire::live::{Recount, RecountLine};
use uuid::Uuid;

use super::{Expected, expected, jobs};
use crate::{
    app::App,
    edge::problem::{Code, Result},
};

/// How often a busy node tries to catch the screen and the records at the same change.
const TRIES: usize = 20;
const LINES_MAX: usize = 1000;

/// (round, level, subject, figure) → count.
type Figures = BTreeMap<(Option<Uuid>, &'static str, String, String), i64>;

/// Compares what this node shows with the records, both after the same change.
pub async fn compare(app: &App) -> Result<Recount> {
    for _ in 0..TRIES {
        crate::work::number(app).await?;
        jobs::catch_up(app).await?;
        let (seq, numbered, records) =
            app.store.read("recount", |tx| Ok::<_, StoreError>((tx.newest_change()?, tx.all_numbered()?, records(tx)?))).await?;
        let screen = {
            let fold = app.live.fold();
            (fold.seq == seq && numbered).then(|| screen(&fold))
        };
        if let (Some(mut screen), Some((frames, counted))) = (screen, frame::figures(app, seq, &records)?) {
            let mut records = records;
            screen.extend(frames);
            records.extend(counted);
            return Ok(report(seq, &screen, &records));
        }
        // Facts came in between: the next try reads less, so it will meet them.
        tokio::task::yield_now().await;
    }
    Err(Code::SlowDown.problem().retry_after(5))
}

fn report(change: i64, screen: &Figures, records: &Figures) -> Recount {
    let keys: BTreeSet<_> = screen.keys().chain(records.keys()).collect();
    let mut out = Recount { change, compared: keys.len() as i64, ..Recount::default() };
    for key in keys {
        let (shown, counted) = (screen.get(key).copied().unwrap_or(0), records.get(key).copied().unwrap_or(0));
        let differs = shown != counted;
        out.different += i64::from(differs);
        let always = matches!(key.1, "city" | "town" | "stage" | "lab" | "exceptions") || (key.1, key.2.as_str()) == (frame::LEVEL, "");
        if (differs || always) && out.lines.len() < LINES_MAX {
            let (round, level, subject, figure) = key.clone();
            out.lines.push(RecountLine { round, level: level.into(), subject, figure, screen: shown, records: counted });
        }
    }
    out
}

fn put(figures: &mut Figures, round: Option<Id<Round>>, level: &'static str, subject: impl ToString, figure: &str, n: i64) {
    if n != 0 {
        *figures.entry((round.map(Id::uuid), level, subject.to_string(), figure.to_owned())).or_default() += n;
    }
}

/// A figure of a site, and the same of the whole round under `level` and `subject`: a mistake between two sites leaves
/// the round's sum as it was.
fn put_site(
    figures: &mut Figures,
    round: Id<Round>,
    site: impl Into<Option<Id<Site>>>,
    (level, subject, figure): (&'static str, &str, &str),
    n: i64,
) {
    put(figures, Some(round), level, subject, figure, n);
    let site = site.into().map_or_else(|| "none".into(), |site| site.uuid().to_string());
    let whole = [level, subject, figure].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    put(figures, Some(round), "site", site, &whole, n);
}

/// A figure of a village, and of everything above it.
fn put_village(figures: &mut Figures, round: Id<Round>, village: AreaCode, figure: &str, n: i64) {
    put(figures, Some(round), "village", village, figure, n);
    if let Some(town) = village.at(Level::Town) {
        put(figures, Some(round), "town", town, figure, n);
    }
    put(figures, Some(round), "city", "", figure, n);
}

fn put_tubes(figures: &mut Figures, round: Id<Round>, of: &TubesOf) {
    put_site(figures, round, of.site, ("stage", of.stage.as_str(), "tubes"), of.tubes);
    put_site(figures, round, of.site, ("stage", of.stage.as_str(), "members"), of.members);
    put_site(figures, round, of.site, ("city", "", "tubes"), of.filled);
}

fn screen(fold: &Fold) -> Figures {
    let mut figures = Figures::new();
    for (round, counts) in &fold.rounds {
        screen_round(&mut figures, *round, counts);
    }
    for (kind, n) in &fold.loose {
        put(&mut figures, None, "exceptions", kind, "open", *n);
    }
    figures
}

fn screen_round(figures: &mut Figures, round: Id<Round>, counts: &RoundCounts) {
    for (village, c) in counts.persons.villages() {
        put_village(figures, round, *village, "expected", c.expected);
        put_village(figures, round, *village, "expected_sampled", c.expected_sampled);
        put_village(figures, round, *village, "unexpected_sampled", c.unexpected_sampled);
        put_village(figures, round, *village, "collections", c.collections);
    }
    for (site, c) in &counts.sites {
        put(figures, Some(round), "site", site.uuid(), "collections", c.collections);
    }
    for (step, n) in counts.curve(|_| true) {
        put(figures, Some(round), "curve", step, "collections", n);
    }
    // Summed before they are named: a round has a hundred thousand tubes.
    let mut tubes: BTreeMap<_, [i64; 3]> = BTreeMap::new();
    for tube in counts.tubes.values() {
        let sums = tubes.entry((tube.site, tube.stage)).or_default();
        for (sum, n) in sums.iter_mut().zip([1, i64::from(tube.members > 0), i64::from(tube.members)]) {
            *sum += n;
        }
    }
    for ((site, stage), [tubes, filled, members]) in tubes {
        put_tubes(figures, round, &TubesOf { site, stage, tubes, filled, members });
    }
    for (site, released) in &counts.released {
        put_site(figures, round, *site, ("lab", "", "person_reports"), released.reports);
        put_site(figures, round, *site, ("lab", "", "non_negative"), released.non_negative);
    }
    for (site, open) in &counts.follow_ups {
        put_site(figures, round, *site, ("lab", "", "follow_ups"), *open);
    }
    for ((kind, site), open) in &counts.exceptions {
        put_site(figures, round, *site, ("exceptions", kind, "open"), *open);
    }
}

fn records(tx: &Tx<'_>) -> Result<Figures, StoreError> {
    let mut figures = Figures::new();
    let merged = tx.all_survivors()?;
    for round in tx.rounds()? {
        let id = round.id;
        for (village, persons) in tx.expected_counts(id)? {
            put_village(&mut figures, id, village, "expected", persons);
        }
        count_persons(&mut figures, id, &expected(tx, id)?, &tx.counted_collections(id)?, &merged);
        for of in tx.recount_tubes(id)? {
            put_tubes(&mut figures, id, &of);
        }
        for (site, persons, non_negative) in tx.recount_released(id)? {
            put_site(&mut figures, id, site, ("lab", "", "person_reports"), persons);
            put_site(&mut figures, id, site, ("lab", "", "non_negative"), non_negative);
        }
        for (site, open) in tx.recount_follow_ups(id)? {
            put_site(&mut figures, id, site, ("lab", "", "follow_ups"), open);
        }
    }
    for of in tx.recount_exceptions()? {
        match of.round {
            Some(round) => put_site(&mut figures, round, of.site, ("exceptions", &of.kind, "open"), of.open),
            None => put(&mut figures, None, "exceptions", of.kind, "open", of.open),
        }
    }
    Ok(figures)
}

/// Swabs stand under the record under which they were taken; they count for the record that stands for it now.
fn count_persons(figures: &mut Figures, round: Id<Round>, expected: &Expected, rows: &[CountedRow], merged: &HashMap<i64, i64>) {
    let mut home: BTreeMap<u64, AreaCode> = BTreeMap::new();
    for (village, persons) in expected {
        home.extend(persons.iter().map(|no| (no, *village)));
    }
    // A person counts once: where they are expected, else in the first of the areas recorded.
    let mut places: BTreeMap<u64, AreaCode> = BTreeMap::new();
    for row in rows {
        put_village(figures, round, row.area, "collections", 1);
        put(figures, Some(round), "site", row.site.uuid(), "collections", 1);
        put(figures, Some(round), "curve", row.taken_at.0.div_euclid(FIVE_MINUTES_S * 1_000_000), "collections", 1);
        let person = merged.get(&row.person.0).copied().unwrap_or(row.person.0);
        if let Some(no) = u64::try_from(person).ok().filter(|no| *no > 0) {
            let place = places.entry(no).or_insert(row.area);
            *place = (*place).min(row.area);
        }
    }
    for (no, area) in places {
        match home.get(&no) {
            Some(village) => put_village(figures, round, *village, "expected_sampled", 1),
            None => put_village(figures, round, area, "unexpected_sampled", 1),
        }
    }
}
