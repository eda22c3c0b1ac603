//! Small seeds at every change, on the engine that `ALLCLEAR_TEST_STORE` names; `make sim` plays thousands.

use std::sync::atomic::{AtomicU64, Ordering};

use allclear_sim::{
    Player, Way, runtime,
    setting::Setting,
    workload::{Plan, steps},
};

const SEEDS: u64 = 200;
/// Operations of a seed; a store in another process is slower, and the test is to take about a minute on either.
const OPERATIONS: usize = 60;
const OPERATIONS_ELSEWHERE: usize = 30;

#[test]
fn two_hundred_small_seeds_hold() {
    let set = runtime().block_on(Setting::make(600));
    let elsewhere = std::env::var_os("ALLCLEAR_TEST_STORE").is_some();
    let operations = if elsewhere { OPERATIONS_ELSEWHERE } else { OPERATIONS };
    let plan = Plan { operations, days: 1, people: set.people.len(), faults: Plan::faults_of("all").unwrap() };
    let next = AtomicU64::new(1);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let player = Player::new(&set);
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > SEEDS {
                        return;
                    }
                    if let Err(failure) = player.play(&steps(seed, &plan), Way { seed, ..Way::default() }) {
                        failed.lock().unwrap().push(format!("OPERATIONS={operations} SEED={seed}: {failure}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
