//! What a simulation says when it stops.

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The rule, in words that stay the same while a sequence is made shorter.
    pub rule: &'static str,
    /// Where, and what was found.
    pub what: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// What a check answers.
pub type Checked<T = ()> = Result<T, Failure>;

/// A failure of `rule`.
pub fn fail<T>(rule: &'static str, what: impl Into<String>) -> Checked<T> {
    Err(Failure { rule, what: what.into() })
}

/// Stops unless `holds`.
pub fn ensure(holds: bool, rule: &'static str, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { fail(rule, what()) }
}
