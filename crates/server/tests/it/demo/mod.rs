//! The reference case, one hundredth of it: 5 to 10 January 2022 through the public API, then a
//! recount by a node that starts from the same store.

use std::sync::Arc;

use allclear_server::{
    boot,
    clock::SystemClock,
    demo::replay::{self, Own, Plan, check::Shown, script},
    live, work,
};
use allclear_testkit::TestStore;

const MASTER: [u8; 32] = [7; 32];
const SHRINK: usize = 100;

/// Plays in a runtime of its own, so that the replay's server is gone and its store free afterwards.
async fn play(store: &TestStore, positive: bool) -> replay::Outcome {
    let own = Own {
        store: store.config.clone(),
        master: MASTER,
        listen: ([127, 0, 0, 1], 0).into(),
        population: script::WHOLE_CITY.div_ceil(SHRINK as u64),
        speed: 0.0,
        stay: false,
    };
    let played = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let outcome = runtime.block_on(replay::on_own_server(own, &Plan { shrink: Some(SHRINK), positive }));
        runtime.shutdown_timeout(std::time::Duration::from_secs(10));
        outcome
    });
    played.await.unwrap().unwrap_or_else(|error| panic!("{error}"))
}

/// What `allclear recount` says of the store.
async fn recount(store: &TestStore) -> (i64, i64) {
    let app = boot::application(&store.config, &MASTER, Arc::new(SystemClock), false).await.unwrap();
    work::drain(&app).await.unwrap();
    let recount = live::recount::compare(&app).await.unwrap();
    (recount.compared, recount.different)
}

#[tokio::test]
async fn the_reference_case_comes_out_as_published() {
    let store = TestStore::fresh().await;
    let outcome = play(&store, false).await;
    let all: i64 = script::ROUNDS.iter().map(|round| (round.persons / SHRINK) as i64).sum();
    assert_eq!(outcome.first, Shown { collections: 435, persons: 435, ..outcome.first });
    assert_eq!(outcome.last, Shown { collections: all, persons: all, reports: all });
    assert_eq!((outcome.different, outcome.exceptions, outcome.rechecks), (0, 0, 0));
    assert!(outcome.compared > 500, "{outcome:?}");
    let (compared, different) = recount(&store).await;
    assert_eq!(different, 0);
    assert!(compared >= outcome.compared, "{compared} of {outcome:?}");
}

#[tokio::test]
async fn a_positive_pool_is_followed_to_its_end() {
    let store = TestStore::fresh().await;
    let outcome = play(&store, true).await;
    let all: i64 = script::ROUNDS.iter().map(|round| (round.persons / SHRINK) as i64).sum();
    assert_eq!(outcome.last, Shown { collections: all + 10, persons: all, reports: all + 10 });
    assert_eq!((outcome.different, outcome.exceptions, outcome.rechecks), (0, 0, 10));
    assert_eq!(recount(&store).await.1, 0);
}
