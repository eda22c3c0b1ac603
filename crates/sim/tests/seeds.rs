//! A few seeds at every change; `make sim` runs many.

#[tokio::test]
async fn small_seeds_hold() {
    for seed in 1..=8 {
        assert_eq!(allclear_sim::play(seed, 80).await, 80);
    }
}
