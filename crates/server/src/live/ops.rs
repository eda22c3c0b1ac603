//! Which round and which areas a caller looks at, and frames that many callers share.

use std::{sync::PoisonError, time::Duration};

use allclear_domain::{
    kernel::{
        access::Action,
        area::AreaCode,
        id::{Id, Round},
    },
    live::RoundCounts,
    sampling::round::RoundState,
};
use axum::body::Bytes;

use super::view::{self, Rendered};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        mode::{self, Mode},
        problem::{Code, Result},
    },
    plan::Plan,
};

/// A frame is drawn at most this often in a reduced mode.
const FRAME_EVERY_REDUCED: Duration = Duration::from_secs(2);
/// A frame is drawn at most this often, however many screens look.
pub const FRAME_EVERY: Duration = Duration::from_millis(500);

/// The subtrees whose counts a caller may see, without those inside another one; sorted.
#[must_use]
pub fn scope(caller: &Caller) -> Vec<AreaCode> {
    let mut roots: Vec<AreaCode> = caller.areas(Action::ReadLive).collect();
    roots.sort_unstable();
    roots.dedup();
    let all = roots.clone();
    roots.retain(|area| !all.iter().any(|root| root != area && area.is_within(*root)));
    roots
}

/// The round asked for, or the one that people want to see: open, else the newest.
pub fn round(plan: &Plan, asked: Option<uuid::Uuid>) -> Result<Option<Id<Round>>> {
    if let Some(asked) = asked {
        let id = Id::new(asked);
        return if plan.rounds.contains_key(&id) { Ok(Some(id)) } else { Err(Code::NotFound.problem()) };
    }
    let rank = |state: RoundState| match state {
        RoundState::Open => 3,
        RoundState::Closing => 2,
        RoundState::Closed => 1,
        RoundState::Draft => 0,
    };
    Ok(plan.rounds.values().max_by_key(|round| (rank(round.state), round.starts_at, round.id)).map(|round| round.id))
}

/// The frame of a round as one shared text. `exact` draws anew whenever a change came or the clock moved since.
pub fn frame(app: &App, round: Option<Id<Round>>, scope: &[AreaCode], exact: bool) -> Result<Rendered> {
    let key = (round, scope.to_vec());
    let (seq, mode) = (app.live.fold().seq, app.mode().0);
    let every = if mode == Mode::Full { FRAME_EVERY } else { FRAME_EVERY_REDUCED };
    {
        let frames = app.live.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(frame) = frames.get(&key) {
            let young = frame.drawn.elapsed() < every;
            // By the clock that ages are counted with, which may go faster than the machine's.
            let as_young = || i128::from(app.now().0 - frame.as_of.0) < every.as_micros().cast_signed();
            if young && (!exact || (frame.seq == seq && as_young())) && frame.whole == (mode == Mode::Full) {
                return Ok(frame.clone());
            }
        }
    }
    let rendered = draw(app, round, scope, mode == Mode::Full)?;
    app.live.frames.lock().unwrap_or_else(PoisonError::into_inner).insert(key, rendered.clone());
    Ok(rendered)
}

/// Draws the frame of a round, whatever was drawn before; not `whole` is without its curve.
pub(super) fn draw(app: &App, round: Option<Id<Round>>, scope: &[AreaCode], whole: bool) -> Result<Rendered> {
    let (fold, now) = (app.live.fold(), app.now());
    let empty = RoundCounts::default();
    let counts = round.and_then(|round| fold.rounds.get(&round)).unwrap_or(&empty);
    let plan = app.plan();
    let sight = view::Sight { plan: &plan, context: &app.live.context(), seen: &app.seen, scope, now };
    let loose = if sight.whole() { fold.loose.values().sum() } else { 0 };
    let mut frame = view::frame(&sight, round, counts, loose);
    frame.change = fold.seq;
    frame.operating = mode::shown(app);
    if !whole {
        frame.curve.clear();
    }
    view::for_screen(&mut frame);
    let json = serde_json::to_vec(&frame).map_err(|e| Code::Internal.problem().detail(e.to_string()))?;
    Ok(Rendered { seq: fold.seq, whole, as_of: now, drawn: tokio::time::Instant::now(), json: Bytes::from(json) })
}
