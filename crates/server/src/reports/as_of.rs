//! The figures as they were at the end of a day: the fold of the feed up to then, so that a report of
//! last week says what the screen said that evening, late facts and all.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Round},
        time::Instant,
    },
    live::{Fold, RoundCounts},
};
use allclear_wire::live::LiveFrame;
use jiff::civil::Date;
use tokio::sync::Semaphore;

use super::daily::{day_of, end_of};
use crate::{
    app::App,
    edge::problem::{Code, Result},
    live::{context::Context, expected, view},
};

/// Changes read at a time.
const CHANGES_MAX: i64 = 256;
/// How far the clocks of two nodes may be apart: a later change may be a little older.
const APART_S: i64 = 60;
/// Past days folded at a time: each reads the whole feed up to its day.
static FOLDING: Semaphore = Semaphore::const_new(1);

/// The whole frame of a round at the end of `day`, or now if the day has not ended.
pub async fn frame_of_day(app: &App, round: Option<Id<Round>>, scope: &[AreaCode], day: Date) -> Result<LiveFrame> {
    let end = end_of(day).ok_or_else(|| Code::BodyInvalid.field("/date"))?;
    let now = app.now();
    if day_of(now) <= day || end >= now {
        return Ok(draw(app, &app.live.fold(), &app.live.context(), round, scope, now));
    }
    let _one = FOLDING.try_acquire().map_err(|_| Code::SlowDown.problem().retry_after(10))?;
    let fold = fold_until(app, round, end).await?;
    // What waits in laboratories and which devices are silent is known of now only.
    Ok(draw(app, &fold, &Context::default(), round, scope, end))
}

async fn fold_until(app: &App, round: Option<Id<Round>>, end: Instant) -> Result<Fold> {
    let mut fold = Fold::default();
    if let Some(round) = round {
        let list = app.store.read("report_expected", move |tx| expected(tx, round)).await?;
        fold.rounds.entry(round).or_default().persons.set_expected(list);
    }
    let mut from = 0;
    loop {
        let changes = app.store.read("report_changes", move |tx| tx.changes_after(from, CHANGES_MAX)).await?;
        let Some(last) = changes.last() else { return Ok(fold) };
        from = last.seq;
        let passed = last.at > end.plus_seconds(APART_S);
        for change in changes.iter().filter(|change| change.at <= end) {
            fold.apply(change);
        }
        if passed {
            return Ok(fold);
        }
        // A long feed shares the thread with those who record.
        tokio::task::yield_now().await;
    }
}

fn draw(app: &App, fold: &Fold, context: &Context, round: Option<Id<Round>>, scope: &[AreaCode], now: Instant) -> LiveFrame {
    let empty = RoundCounts::default();
    let counts = round.and_then(|round| fold.rounds.get(&round)).unwrap_or(&empty);
    let plan = app.plan();
    let sight = view::Sight { plan: &plan, context, seen: &app.seen, scope, now };
    let loose = if sight.whole() { fold.loose.values().sum() } else { 0 };
    LiveFrame { change: fold.seq, ..view::frame(&sight, round, counts, loose) }
}
