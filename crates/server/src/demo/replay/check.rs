//! What must come out: the published figures on the screen, the drill of the positive pool, and a
//! recount without a difference.

use std::{collections::BTreeMap, time::Duration};

use allclear_domain::kernel::time::Instant;
use serde_json::{Value, json};

use super::{
    client::{As, ReplayError, Result},
    play::Play,
    script::{POSITIVE, ROUNDS, china_text},
    tables::{Filled, POOL},
};

/// How long the screen may take to show what was recorded: looks, and the time between two.
const LOOKS: (usize, Duration) = (600, Duration::from_millis(100));

/// Figures of the screen, summed over rounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    /// 采集人次: collections that count.
    pub collections: i64,
    /// 采样人数: distinct persons of each round, added up.
    pub persons: i64,
    /// 人份: person-reports released.
    pub reports: i64,
}

/// What a replay that came out well has shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// On 6 January at 15:00.
    pub first: Shown,
    /// On 10 January at 09:00.
    pub last: Shown,
    /// Swabs of the members of the positive pool, which nothing published has.
    pub rechecks: i64,
    /// Figures that the recount compared.
    pub compared: i64,
    /// Of these, different.
    pub different: i64,
    /// Exceptions open at the end.
    pub exceptions: i64,
}

fn wrong(what: String) -> ReplayError {
    ReplayError::Other(what)
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or(-1)
}

impl Play<'_> {
    /// Looks at the screen until it shows what was published, or says what it shows instead.
    pub(super) async fn count(&mut self, at: Instant, rounds: usize) -> Result<()> {
        let headquarters = self.wire.session("headquarters", at).await?;
        let persons = ROUNDS[..rounds].iter().map(|round| self.persons_of(round)).sum::<usize>() as i64;
        let (all, rechecks) = (rounds == ROUNDS.len(), self.singles as i64);
        let wanted = Shown { collections: persons + rechecks, persons, reports: if all { persons + rechecks } else { 0 } };
        let mut shown = Shown::default();
        for _ in 0..LOOKS.0 {
            shown = self.shown(&headquarters, rounds).await?;
            if shown.collections == wanted.collections && shown.persons == persons && (!all || shown.reports == wanted.reports) {
                break;
            }
            tokio::time::sleep(LOOKS.1).await;
        }
        let published = if self.shrink == 1 { "published".into() } else { format!("published / {}", self.shrink) };
        let when = china_text(at);
        println!(
            "{when}  {} persons sampled ({published}: {persons}), {} swabs, {} reports",
            shown.persons, shown.collections, shown.reports
        );
        if rechecks > 0 {
            println!("{when}  of the swabs and reports {rechecks} are re-checks of the positive pool, which is not in what was published");
        }
        if shown.collections != wanted.collections || shown.persons != persons || (all && shown.reports != wanted.reports) {
            return Err(wrong(format!("{when}: the screen shows {shown:?}, not {wanted:?}")));
        }
        if all {
            self.outcome.last = shown
        } else {
            self.outcome.first = shown
        }
        self.outcome.rechecks = rechecks;
        Ok(())
    }

    async fn shown(&mut self, by: &As, rounds: usize) -> Result<Shown> {
        let mut sum = Shown::default();
        for round in &self.rounds[..rounds] {
            let frame = self.wire.get(&format!("/api/v1/live/frame?round={round}"), by).await?;
            let total = &frame["total"];
            sum.collections += number(total, "collections");
            sum.persons += number(total, "expected_sampled") + number(total, "unexpected_sampled");
            sum.reports += number(&frame, "person_reports");
        }
        Ok(sum)
    }

    /// The pool was released: its ten members are under re-check, and the screen says so.
    pub(super) async fn pool_is_open(&mut self, at: Instant, pool: &Filled) -> Result<()> {
        let wanted = BTreeMap::from([("under_recheck".to_owned(), POOL)]);
        let open = |follow_up: &Value| follow_up["closed_at"].is_null() && number(follow_up, "members_open") == POOL as i64;
        self.follow_up(at, pool, &wanted, open, 1).await
    }

    /// Each member is accounted for by a tube of their own: nine negative, one positive.
    async fn pool_is_closed(&mut self, at: Instant, pool: &Filled) -> Result<()> {
        let wanted = BTreeMap::from([("negative".to_owned(), POOL - 1), ("positive".to_owned(), 1)]);
        self.hand_over(at).await?;
        let closed = |follow_up: &Value| follow_up["closed_at"].is_string() && number(follow_up, "members_open") == 0;
        self.follow_up(at, pool, &wanted, closed, 0).await?;
        println!("The pool of {} is closed: {} negative, 1 positive by a tube of their own.", POSITIVE.0, POOL - 1);
        Ok(())
    }

    /// The positive single tube is a case of its own, closed when a hospital has taken the person over.
    async fn hand_over(&mut self, at: Instant) -> Result<()> {
        let headquarters = self.wire.session("headquarters", at).await?;
        let cases = self.wire.get("/api/v1/tasks?kind=case", &headquarters).await?;
        for case in cases["rows"].as_array().into_iter().flatten() {
            let path = format!("/api/v1/tasks/{}/outcome", case["id"].as_str().unwrap_or_default());
            self.wire.post(&path, &headquarters, &json!({ "outcome": "handed_over", "note": "市第一人民医院" })).await?;
        }
        Ok(())
    }

    async fn follow_up(
        &mut self,
        at: Instant,
        pool: &Filled,
        wanted: &BTreeMap<String, usize>,
        stands: impl Fn(&Value) -> bool,
        open: i64,
    ) -> Result<()> {
        let headquarters = self.wire.session("headquarters", at).await?;
        let round = self.rounds[POSITIVE.2];
        let mut last = (Value::Null, Value::Null);
        for _ in 0..LOOKS.0 {
            // There is none until the follower has come to the release.
            let list = self.wire.get(&format!("/api/v1/follow-ups?open={}", open > 0), &headquarters).await?;
            if list.as_array().into_iter().flatten().any(|row| row["tube"] == pool.code.as_str()) {
                last.0 = self.wire.get(&format!("/api/v1/follow-ups/{}", pool.code), &headquarters).await?;
                last.1 = self.wire.get(&format!("/api/v1/live/frame?round={round}"), &headquarters).await?;
                let members = last.0["members"].as_array().map(Vec::as_slice).unwrap_or_default();
                let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
                for member in members {
                    *outcomes.entry(member["outcome"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
                }
                let in_town = members.iter().all(|m| m["area"].as_str().is_some_and(|area| area.starts_with(POSITIVE.1)));
                if outcomes == *wanted && in_town && stands(&last.0) && number(&last.1, "follow_ups_open") == open {
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOKS.1).await;
        }
        Err(wrong(format!("{}: the pool {} does not stand as it should: {}", china_text(at), pool.code, last.0)))
    }

    /// The end: followers at rest, the pool closed, no exception that the script did not expect, and
    /// screen and records the same.
    pub(super) async fn conclude(&mut self) -> Result<Outcome> {
        let now = self.pace.now();
        let headquarters = self.wire.session("headquarters", now).await?;
        self.pace.settle(&mut self.wire, &headquarters).await?;
        let positive = usize::from(self.plan.positive);
        if let Some(pool) = self.pool.clone() {
            self.pool_is_closed(now, &pool).await?;
        } else if positive > 0 {
            return Err(wrong(format!("no full pool was filled in {}", POSITIVE.0)));
        }
        let recount = self.wire.get("/api/v1/live/recount", &headquarters).await?;
        let lines = || recount["lines"].as_array().into_iter().flatten();
        let figure = |name: &str| {
            lines().filter(|line| line["level"] == "lab" && line["figure"] == name).map(|line| number(line, "records")).sum::<i64>()
        };
        let open = lines().filter(|line| line["level"] == "exceptions").map(|line| number(line, "records")).sum::<i64>();
        (self.outcome.compared, self.outcome.different) = (number(&recount, "compared"), number(&recount, "different"));
        self.outcome.exceptions = open;
        println!("Non-negative tubes: {}, open follow-ups: {}, open exceptions: {open}.", figure("non_negative"), figure("follow_ups"));
        println!("Recount: {} figures compared, {} differ.", self.outcome.compared, self.outcome.different);
        // The pool and the one single tube.
        let non_negative = 2 * positive as i64;
        if self.outcome.different != 0 || figure("non_negative") != non_negative || figure("follow_ups") != 0 || open > 0 {
            return Err(wrong("the figures do not come out".into()));
        }
        Ok(self.outcome)
    }
}
