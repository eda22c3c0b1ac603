//! `kill -9` at any instant.

use std::{sync::atomic::Ordering, time::Duration};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{
    node::{DEADLINE, Place},
    phones::{Crowd, Found, below},
    runner::End,
};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What the table says.
#[derive(Default)]
struct Table {
    seed: u64,
    kills: u64,
    during_start: u64,
    found: Found,
    differing: i64,
    starts: Vec<Duration>,
}

impl Table {
    fn print(&mut self, took: Duration) {
        self.starts.sort_unstable();
        let millis = |at: usize| self.starts.get(at).map_or(0, Duration::as_millis);
        let engine = if std::env::var_os("ALLCLEAR_TEST_STORE").is_some() { "PostgreSQL" } else { "SQLite" };
        println!(
            "| engine | kills | of these while starting | acknowledged | lost | twice | other answer | recorded unheard | figures differ | start, median / slowest |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        let Found { acknowledged, lost, duplicated, unheard, changed } = self.found;
        println!(
            "| {engine} | {} | {} | {acknowledged} | {lost} | {duplicated} | {changed} | {unheard} | {} | {} ms / {} ms |",
            self.kills,
            self.during_start,
            self.differing,
            millis(self.starts.len() / 2),
            millis(self.starts.len().saturating_sub(1)),
        );
        println!("seed {}, {:.0} s", self.seed, took.as_secs_f64());
    }
}

/// Each round: a server, phones at work, a kill at a random instant, a new server, everything compared.
pub(crate) async fn nothing_acknowledged_is_lost() -> End {
    let began = tokio::time::Instant::now();
    let (kills, seed) = (number("CRASH_KILLS").unwrap_or(20), number("CRASH_SEED").unwrap_or(20_220_106));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut table = Table { seed, ..Table::default() };
    let place = Place::fresh(1500).await;
    let mut node = place.start().await;
    let mut crowd = Crowd::enrol(&node, seed).await;
    while table.kills < kills {
        // Mostly in the middle of full work, however slow the machine; now and then before the first answer.
        let (heard, early) = (crowd.heard(), below(&mut random, 5) == 0);
        let (before, after) = (heard.load(Ordering::Relaxed), Duration::from_millis(below(&mut random, 300)));
        crowd
            .work_while(async {
                let began = tokio::time::Instant::now();
                while !early && heard.load(Ordering::Relaxed) < before + 30 && began.elapsed() < DEADLINE {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                tokio::time::sleep(after).await;
                node.kill();
            })
            .await;
        table.kills += 1;
        // Now and then the next server is killed before it has started: a start is no safer moment.
        while table.kills < kills && below(&mut random, 6) == 0 {
            let mut starting = place.spawn();
            tokio::time::sleep(Duration::from_millis(below(&mut random, 150))).await;
            starting.kill();
            table.kills += 1;
            table.during_start += 1;
        }
        node = place.start().await;
        table.starts.push(node.started_in);
        crowd.move_to(&node);
        let found = crowd.settle().await;
        table.differing += crowd.differing_figures().await;
        assert!(found.clean(), "after kill {} (seed {seed}): {found:?}\n{}", table.kills, node.log());
        table.found.add(found);
    }
    crowd.look_at_everything_again();
    let all = crowd.settle().await;
    table.print(began.elapsed());
    assert!(all.clean(), "everything again: {all:?}");
    assert_eq!(all.acknowledged, crowd.acknowledged(), "the last look is at everything");
    assert!(table.found.acknowledged > 20 * kills as usize, "phones were hardly at work: {:?}", table.found);
    assert_eq!(table.differing, 0);
    assert!(node.stop().await.success());
    let (equal, text) = place.recount();
    assert!(equal, "{text}");
    println!("{}", text.lines().last().unwrap_or_default());
    End::Passed
}
