//! Every target on its corpus and some mutations from a fixed seed; and that a finding would be found.

use allclear_fuzz::{TARGETS, Target, play};

#[test]
fn every_target_holds_on_its_corpus_and_near_it() {
    let mut findings = Vec::new();
    for target in &TARGETS {
        if let Err(finding) = play::all(target, 1, |played| played < target.smoke) {
            let input = String::from_utf8_lossy(&finding.input).chars().take(400).collect::<String>();
            findings.push(format!("{}: {}\n  {input:?}", target.name, finding.said));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_parser_that_fails_near_its_corpus_is_found() {
    let fragile = |data: &[u8]| assert!(!data.windows(4).any(|at| at == b"ACH1") || data.len() < 100, "too long for this one");
    let target = Target { name: "handover", run: fragile, words: &["ACH1."], smoke: 0 };
    let finding = play::all(&target, 1, |played| played < 1000).unwrap_err();
    assert_eq!(finding.said, "too long for this one");
}
