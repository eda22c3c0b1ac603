//! The crash suite: the real binary is killed, starved of disk, cut off from its database, and must not lose
//! anything that it acknowledged. `docs/reliability.md` says what is promised.
//!
//! One binary with a runner of its own, because libtest knows no "skipped": a test that cannot run here says so and
//! why, and is not counted as passed. `CRASH_KILLS=100` plays the full number of kills, `CRASH_SEED` another day.
//!
//!     cargo test -p allclear-server --test crash [part of a name]
//!     scripts/with-postgres cargo test -p allclear-server --test crash

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]

mod barrier;
mod disk;
mod kills;
mod node;
mod nodes;
mod phones;
mod postgres;
mod power;
mod resume;
mod runner;
mod snapshot;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let postgres = std::env::var_os("ALLCLEAR_TEST_STORE").is_some();
    let mut suite = runner::Suite::from_args();
    suite.run("kills::nothing_acknowledged_is_lost", kills::nothing_acknowledged_is_lost).await;
    suite.run("resume::an_import", resume::an_import).await;
    suite.run("resume::a_release", resume::a_release).await;
    suite.run("snapshot::a_damaged_snapshot_is_made_anew", snapshot::a_damaged_snapshot_is_made_anew).await;
    if postgres {
        suite.run("nodes::one_is_killed_another_joins", nodes::one_is_killed_another_joins).await;
        suite.run("nodes::an_upgrade_under_load", nodes::an_upgrade_under_load).await;
        suite.run("postgres::away_for_a_while", postgres::away_for_a_while).await;
        suite.run("postgres::cut_at_any_byte", postgres::cut_at_any_byte).await;
        suite.run("postgres::a_silent_network", postgres::a_silent_network).await;
        suite.run("postgres::the_database_is_killed", postgres::the_database_is_killed).await;
    } else {
        suite.run("power::copies_under_load", power::copies_under_load).await;
        suite.run("power::a_torn_log", power::a_torn_log).await;
        suite.run("barrier::a_disk_that_drops_what_was_not_synced", barrier::a_disk_that_drops_what_was_not_synced).await;
        suite.run("disk::full", disk::full).await;
        suite.run("disk::read_only_while_it_runs", disk::read_only_while_it_runs).await;
        suite.run("disk::read_only_at_the_start", disk::read_only_at_the_start).await;
        suite.run("disk::a_second_server_is_refused", disk::a_second_server_is_refused).await;
    }
    suite.end()
}
