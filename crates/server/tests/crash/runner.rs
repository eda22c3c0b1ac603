//! Runs the tests one after the other and prints the closing line that `scripts/count-tests` reads.

use std::{future::Future, process::ExitCode};

/// How a test ended that did not fail.
pub(crate) enum End {
    /// It looked and found what it should.
    Passed,
    /// It could not look: the reason, for the reader of the log.
    Skipped(String),
}

/// The tests that were asked for and what became of them.
pub(crate) struct Suite {
    wanted: Option<String>,
    passed: usize,
    failed: Vec<&'static str>,
    skipped: usize,
}

impl Suite {
    /// Takes what `cargo test … NAME` hands over; options of libtest mean nothing here.
    pub(crate) fn from_args() -> Self {
        let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
        Self { wanted, passed: 0, failed: Vec::new(), skipped: 0 }
    }

    /// Runs a test if it was asked for.
    pub(crate) async fn run<F>(&mut self, name: &'static str, test: impl FnOnce() -> F)
    where
        F: Future<Output = End> + Send + 'static,
    {
        if self.wanted.as_deref().is_some_and(|wanted| !name.contains(wanted)) {
            return;
        }
        let began = tokio::time::Instant::now();
        // A task of its own: a panic ends this test and not the suite.
        let ended = tokio::spawn(test()).await;
        let seconds = began.elapsed().as_secs_f64();
        match ended {
            Ok(End::Passed) => {
                self.passed += 1;
                println!("test {name} ... ok ({seconds:.1} s)");
            }
            Ok(End::Skipped(why)) => {
                self.skipped += 1;
                println!("test {name} ... SKIPPED: {why}");
            }
            Err(_) => {
                self.failed.push(name);
                println!("test {name} ... FAILED ({seconds:.1} s)");
            }
        }
    }

    /// Says how it went.
    pub(crate) fn end(self) -> ExitCode {
        for name in &self.failed {
            println!("failed: {name}");
        }
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped);
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
