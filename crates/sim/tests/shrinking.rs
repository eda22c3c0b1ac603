//! The simulation itself: a defect is found, made short, and the same seed plays the same day.

use allclear_sim::{
    Player, Way,
    op::{Op, Step, as_test},
    runtime,
    setting::Setting,
    shrink::shrink,
    workload::{Plan, steps},
};

#[test]
fn a_broken_auditor_is_found_and_its_sequence_made_as_short_as_it_can_be() {
    let set = runtime().block_on(Setting::make(600));
    let plan = Plan { operations: 60, days: 1, people: set.people.len(), faults: Plan::faults_of("all").unwrap() };
    let player = Player::new(&set);
    let broken = |seed| Way { seed, forgets_undo: true };
    let (seed, found, all) = (1..50)
        .find_map(|seed| {
            let steps = steps(seed, &plan);
            player.play(&steps, broken(seed)).err().map(|failure| (seed, failure, steps))
        })
        .expect("an auditor that forgets undos contradicts one of fifty days");
    let fails = |steps: &[Step]| player.play(steps, broken(seed)).is_err_and(|again| again.rule == found.rule);
    let short = shrink(&all, fails);
    assert!(short.len() <= 3, "{short:#?}");
    assert!(short.iter().any(|step| matches!(step.1, Op::Undo { .. })), "{short:#?}");
    assert!(player.play(&short, Way { seed, ..Way::default() }).is_ok(), "an auditor that is whole agrees with it");
    for left_out in 0..short.len() {
        let mut fewer = short.clone();
        fewer.remove(left_out);
        assert!(!fails(&fewer), "one step could be left out of {short:#?}");
    }
    let text = as_test("found", found.rule, &short);
    assert!(text.contains("Undo { phone: ") && text.contains("replay(&steps)"), "{text}");
}

#[test]
fn the_same_seed_plays_the_same_day() {
    let set = runtime().block_on(Setting::make(600));
    let plan = Plan { operations: 60, days: 2, people: set.people.len(), faults: Plan::faults_of("all").unwrap() };
    let player = Player::new(&set);
    for seed in [3, 7] {
        let steps = steps(seed, &plan);
        let played = |way| player.play(&steps, way).map(|sum| format!("{sum:?}"));
        let way = Way { seed, ..Way::default() };
        assert_eq!(played(way), played(way));
    }
}
