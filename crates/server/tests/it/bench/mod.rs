//! The benchmarks run, on both stores, at sizes that measure nothing: what they count as good is what
//! they sent, and the followers of the server they measure come to the end.

use allclear_server::bench::{collect, growth, import, lookup, release, report::Report, storm};
use allclear_store::StoreConfig;
use allclear_testkit::TestStore;

fn address(store: &TestStore) -> Option<String> {
    match &store.config {
        StoreConfig::Sqlite(path) => Some(path.display().to_string()),
        StoreConfig::Postgres(url) => Some(url.clone()),
    }
}

/// Every figure is there, and no answer was refused.
fn holds(report: &Report, figures: &[&str]) {
    for name in figures {
        let figure = report.figure(name).unwrap_or_else(|| panic!("no figure {name}: {report:?}"));
        assert!(figure.value > 0.0, "{figure:?}");
    }
    for figure in report.figures.iter().filter(|figure| figure.note.contains("not good")) {
        assert!(figure.note.contains("not good 0,"), "{figure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collect_counts_only_what_is_recorded() {
    let store = TestStore::fresh().await;
    let args = collect::Args {
        // More than there are people: a second round is opened, and nobody is sampled twice in one.
        singles: 1200,
        batched: 1200,
        connections: 4,
        batch_connections: 2,
        store: address(&store),
        population: 500,
        json: true,
    };
    let report = collect::run(args).await.unwrap();
    let rates = ["no-op JSON endpoint", "bare group commit", "register, one request each", "register, batches of 100, rows"];
    holds(&report, &rates);
    holds(
        &report,
        &[
            "single / bare group commit",
            "batches / bare group commit of batches",
            "fsync of 4 KiB, p50",
            "followers caught up after batches",
            "on a screen after, p50",
            "on a screen after, p99",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lookup_finds_whom_it_looks_for() {
    let store = TestStore::fresh().await;
    let args = lookup::Args { requests: 40, connections: 2, population: 500, tubes: 20, store: address(&store), json: true };
    let report = lookup::run(args).await.unwrap();
    holds(&report, &["do-nothing JSON endpoint", "a resident's own page", "the way of a tube", "a person by phone", "a person by code"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn release_reaches_every_report() {
    let store = TestStore::fresh().await;
    let report = release::run(release::Args { tubes: 30, store: address(&store), json: true }).await.unwrap();
    holds(&report, &["released, in custody", "and in every person's report", "release to report / bare store"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn import_takes_every_row() {
    let store = TestStore::fresh().await;
    let report = import::run(import::Args { rows: 600, searches: 3, store: address(&store), json: false }).await.unwrap();
    holds(&report, &["import, file to register", "import / bare store", "search by name, p99", "search by document, p99"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn growth_knows_every_row_and_the_recount_agrees() {
    let store = TestStore::fresh().await;
    let report = growth::run(growth::Args { rows: 600, requests: 20, store: address(&store), json: true }).await.unwrap();
    let times = ["register a row", "a person by number, p50", "the way of a tube, p50", "missing list of a community, p50", "recount"];
    holds(&report, &times);
    assert!(report.figure("recount").unwrap().note.contains(" 0 differ"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storm_gets_through() {
    let store = TestStore::fresh().await;
    let args = storm::Args {
        seconds: 1,
        clients: 20,
        peak_clients: 4,
        batch: 5,
        offered: 5.0,
        store: address(&store),
        population: 300,
        json: true,
    };
    let report = storm::run(args).await.unwrap();
    holds(&report, &["peak without a storm", "goodput, storm", "goodput / peak, storm", "goodput, storm that obeys nothing"]);
}
