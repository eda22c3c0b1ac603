//! The database goes away, is killed, falls silent, or loses a connection at any byte. Only on PostgreSQL.

use std::{process::Command, time::Duration};

use allclear_testkit::{ChaosProxy, Weather};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use tokio::time::{Instant, sleep};

use crate::{
    node::{DEADLINE, Node, Place},
    phones::{Crowd, below},
    runner::End,
};

const AWAY: &str = "503 store_away";

/// A server that reaches its database through a proxy, and phones.
struct Scene {
    proxy: ChaosProxy,
    node: Node,
    crowd: Crowd,
    _place: Place,
}

impl Scene {
    async fn open(seed: u64) -> Self {
        let place = Place::fresh(600).await;
        let (before, rest) = place.address.split_once('@').expect("postgres://user@host/database");
        let (host, rest) = rest.split_once('/').expect("postgres://user@host/database");
        let proxy = ChaosProxy::start(host).await.unwrap();
        let node = place.start_at(&format!("{before}@{}/{rest}", proxy.address)).await;
        let crowd = Crowd::enrol(&node, seed).await;
        Self { proxy, node, crowd, _place: place }
    }

    /// Nothing but the one clear answer was heard, everything acknowledged is there once, screens and records agree.
    async fn ends_well(mut self, what: &str) -> End {
        let began = Instant::now();
        while !self.crowd.reaches_the_store().await {
            assert!(began.elapsed() < DEADLINE, "{what}: it does not recover:\n{}", self.node.log());
            sleep(Duration::from_millis(20)).await;
        }
        println!("{what}: answers {:?}, well again {} ms after", self.crowd.refusals_seen(), began.elapsed().as_millis());
        let found = self.crowd.settle().await;
        println!("{what}: {found:?}");
        assert!(found.clean(), "{what}: {found:?}\n{}", self.node.log());
        assert!(found.acknowledged > 20, "{what}: phones were hardly at work: {found:?}");
        assert_eq!(self.crowd.refusals_seen(), [AWAY], "{what}");
        assert_eq!(self.crowd.without_retry_after(), 0, "{what}: each says when to come again");
        assert_eq!(self.crowd.differing_figures().await, 0, "{what}");
        End::Passed
    }
}

/// Away for a while (`CRASH_AWAY_S`, 60 for the full minute), under load.
pub(crate) async fn away_for_a_while() -> End {
    let mut scene = Scene::open(11).await;
    let seconds = std::env::var("CRASH_AWAY_S").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let proxy = &scene.proxy;
    scene
        .crowd
        .work_while(async {
            sleep(Duration::from_millis(500)).await;
            proxy.weather(Weather::Away);
            sleep(Duration::from_secs(seconds)).await;
            proxy.weather(Weather::Fair);
            sleep(Duration::from_secs(3)).await;
        })
        .await;
    scene.ends_well(&format!("away for {seconds} s")).await
}

/// Connections are cut at a random byte on the way to the database: in `BEGIN`, in a row, in `COMMIT`.
pub(crate) async fn cut_at_any_byte() -> End {
    let mut scene = Scene::open(12).await;
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let proxy = &scene.proxy;
    scene
        .crowd
        .work_while(async {
            for _ in 0..40 {
                let before = proxy.cuts();
                proxy.cut_after(below(&mut random, 40_000));
                let began = Instant::now();
                while proxy.cuts() == before {
                    assert!(began.elapsed() < DEADLINE, "nothing goes to the database");
                    sleep(Duration::from_millis(2)).await;
                }
            }
        })
        .await;
    println!("{} cuts", scene.proxy.cuts());
    scene.ends_well("cut 40 times at a random byte").await
}

/// Packets vanish and nothing is closed: every phone hears so within the bound of a statement, not never.
pub(crate) async fn a_silent_network() -> End {
    let mut scene = Scene::open(13).await;
    let (proxy, refusals) = (&scene.proxy, scene.crowd.refusals());
    let waited = scene
        .crowd
        .work_while(async {
            sleep(Duration::from_millis(500)).await;
            proxy.weather(Weather::Silent);
            let began = Instant::now();
            while !refusals.lock().unwrap().contains_key(AWAY) {
                assert!(began.elapsed() < DEADLINE, "nobody hears anything");
                sleep(Duration::from_millis(20)).await;
            }
            let waited = began.elapsed();
            proxy.weather(Weather::Fair);
            sleep(Duration::from_secs(1)).await;
            waited
        })
        .await;
    assert!(waited < Duration::from_secs(45), "{waited:?}");
    scene.ends_well(&format!("silent, heard after {:.0} s", waited.as_secs_f64())).await
}

/// The database itself is killed under load and comes back from its own log.
pub(crate) async fn the_database_is_killed() -> End {
    let Ok(control) = std::env::var("ALLCLEAR_TEST_STORE_CTL") else {
        return End::Skipped("ALLCLEAR_TEST_STORE_CTL does not say how to stop the database".into());
    };
    let run = |what: &str| {
        let out = Command::new(&control).arg(what).output().unwrap();
        assert!(out.status.success(), "{what}: {}", String::from_utf8_lossy(&out.stderr));
    };
    let mut scene = Scene::open(14).await;
    for seed in 0..3 {
        let moment = below(&mut ChaCha8Rng::seed_from_u64(seed), 500);
        scene
            .crowd
            .work_while(async {
                sleep(Duration::from_millis(300 + moment)).await;
                tokio::task::block_in_place(|| run("stop"));
                sleep(Duration::from_secs(1)).await;
                tokio::task::block_in_place(|| run("start"));
                sleep(Duration::from_secs(1)).await;
            })
            .await;
    }
    scene.ends_well("killed three times").await
}
