//! `cargo xtask sim`: SEEDS=20 seeds from SEED (or just that one), OPERATIONS=120 each.

use std::time::Instant;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::main]
async fn main() {
    let operations = number("OPERATIONS").unwrap_or(120) as usize;
    let first = number("SEED").unwrap_or(1);
    let count = number("SEEDS").unwrap_or(if number("SEED").is_some() { 1 } else { 20 });
    let start = Instant::now();
    for seed in first..first + count {
        println!("seed {seed}");
        allclear_sim::play(seed, operations).await;
    }
    println!("{count} seeds, {operations} operations each, in {:.1?}: every swab kept, every tube as the auditor says", start.elapsed());
}
