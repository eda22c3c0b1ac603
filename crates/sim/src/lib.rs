//! Dev only: a seeded city plays field work through the public API, and an auditor checks the store.
//!
//! What counts as failure: a command that is neither `recorded` nor `exception`; a tube whose valid
//! swabs, stage or open exceptions differ from the auditor's own answer; more swabs in a tube than
//! it holds. What does not: an exception that the auditor expects too. Deterministic by seed: the
//! operations, their order and their delivery; not: ids of changes and sessions, which nothing here
//! looks at. Not simulated yet: crashes, restarts, the laboratory.
//!
//! To extend: an operation in [`op`], what the world does with it in [`auditor`], when it happens in
//! [`workload`]. A sequence that was found becomes a plain test.

#![expect(clippy::expect_used, reason = "a simulation stops at the first surprise")]

pub mod auditor;
pub mod op;
pub mod seed;
pub mod workload;

use allclear_testkit::{City, Phone};
use op::Made;
use rand_chacha::rand_core::Rng;
use seed::{SeedTree, below};

/// Plays one seed; panics with the seed in the message at the first failure.
pub async fn play(seed: u64, operations: usize) -> usize {
    let tree = SeedTree::new(seed);
    let city = City::with_population(600).await;
    let (round, site) = (city.round(), city.site(0));
    let mut people = city.people(site).await;
    people.extend(city.people(city.site(1)).await);
    let mut phones = Vec::new();
    for _ in 0..workload::PHONES {
        phones.push(city.phone("registrar").await);
    }
    let ops = workload::day(&mut tree.stream("workload"), operations, people.len());
    let made: Vec<Made> = ops
        .into_iter()
        .map(|op| {
            let phone = &mut phones[op.phone()];
            let command = phone.command(op.json(round, site, &people));
            Made::new(op, phone.device_no, command)
        })
        .collect();
    let made = op::resolve(made);
    deliver(&mut tree.stream("delivery"), &phones, &made, seed).await;
    auditor::audit(&city, &made, seed).await;
    made.len()
}

/// Sends everything: per phone in any order, in batches of any size, some of it twice.
async fn deliver(random: &mut impl Rng, phones: &[Phone], made: &[Made], seed: u64) {
    let mut queue: Vec<usize> = (0..made.len()).collect();
    for i in 0..made.len() {
        if below(random, 5) == 0 {
            queue.push(i);
        }
    }
    // Mostly in order with local disorder, as networks do; sometimes wholly mixed.
    let reach = if below(random, 3) == 0 { queue.len() } else { 12 };
    for i in 0..queue.len() {
        let j = (i + below(random, reach)).min(queue.len() - 1);
        queue.swap(i, j);
    }
    let mut rest = queue.as_slice();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at((1 + below(random, 40)).min(rest.len()));
        rest = later;
        for (number, phone) in phones.iter().enumerate() {
            let commands: Vec<_> = batch.iter().filter(|i| made[**i].op.phone() == number).map(|i| made[*i].command.clone()).collect();
            if commands.is_empty() {
                continue;
            }
            let answer = phone.sync(&commands).await;
            assert!(answer.status.is_success(), "seed {seed}: {}", answer.json);
            let outcomes = answer.json["outcomes"].as_array().expect("outcomes");
            assert_eq!(outcomes.len(), commands.len(), "seed {seed}: one outcome a command");
            for outcome in outcomes {
                assert!(outcome["state"] == "recorded" || outcome["state"] == "exception", "seed {seed}: {outcome}");
            }
        }
    }
}
