//! The laboratory's part of a tube's life:
//! `received → on_run → resulted → released`, and `rejected` out of any of them but the last.

use super::result::Value;
pub use crate::sampling::tube::Stage;

/// What a laboratory does with a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Scanned in.
    Receive,
    /// Placed on a plate.
    PlaceOnRun,
    /// Taken off a plate that has not started.
    TakeOffRun,
    /// A result is put down (typed, scanned or from a file).
    EnterResult(Value),
    /// The result is not trusted: the tube goes back to the queue for another run.
    Repeat,
    /// Released by the second person.
    Release(Value),
    /// Cannot be tested.
    Reject,
    /// Withdrawn before a laboratory had it.
    Withdraw,
}

/// Why an event does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The tube has not arrived.
    #[error("the tube has not been received")]
    NotReceived,
    /// The tube is still open, as far as we know.
    #[error("the tube has not been sealed")]
    NotSealed,
    /// The tube is on a run already.
    #[error("the tube is on a run already")]
    OnARun,
    /// No result was entered.
    #[error("the tube has no result")]
    NoResult,
    /// A released result stays; a correction is a new test.
    #[error("the result has been released")]
    Released,
    /// The tube was rejected or voided.
    #[error("the tube was withdrawn")]
    Withdrawn,
    /// The laboratory has it.
    #[error("a laboratory has the tube: it rejects it there")]
    AtTheLab,
    /// The event happened before.
    #[error("this has been done before")]
    Already,
    /// An invalid result is repeated or the tube rejected; it is never released.
    #[error("an invalid result cannot be released; repeat the run or reject the tube")]
    Invalid,
}

/// The next stage, or why not.
pub const fn step(stage: Stage, event: Event) -> Result<Stage, Refusal> {
    use Event as E;
    use Stage as S;
    match (stage, event) {
        (S::Rejected, E::Reject) | (S::Void, E::Withdraw) => Err(Refusal::Already),
        (S::Rejected | S::Void, _) => Err(Refusal::Withdrawn),
        (S::Open | S::Sealed | S::Boxed | S::InTransit, E::Withdraw) => Ok(S::Void),
        (S::Sealed | S::Boxed | S::InTransit, E::Receive) => Ok(S::Received),
        (S::Open, E::Receive) => Err(Refusal::NotSealed),
        (S::Open | S::Sealed | S::Boxed | S::InTransit, _) => Err(Refusal::NotReceived),
        (S::Released, E::Release(_)) => Err(Refusal::Already),
        (S::Released, _) => Err(Refusal::Released),
        (S::Received | S::OnRun | S::Resulted, E::Withdraw) => Err(Refusal::AtTheLab),
        (S::Received | S::OnRun | S::Resulted, E::Receive) => Err(Refusal::Already),
        (S::Received | S::OnRun | S::Resulted, E::Reject) => Ok(S::Rejected),
        (S::Received, E::PlaceOnRun) => Ok(S::OnRun),
        (S::OnRun | S::Resulted, E::PlaceOnRun) => Err(Refusal::OnARun),
        (S::OnRun, E::TakeOffRun) => Ok(S::Received),
        (S::Received, E::TakeOffRun | E::Repeat | E::Release(_)) => Err(Refusal::NoResult),
        // A result without a run is put down (a rapid test, a paper list) and flagged, not refused.
        (S::Received | S::OnRun | S::Resulted, E::EnterResult(_)) => Ok(S::Resulted),
        (S::OnRun, E::Repeat) => Ok(S::Received),
        (S::OnRun, E::Release(_)) => Err(Refusal::NoResult),
        (S::Resulted, E::TakeOffRun) => Err(Refusal::OnARun),
        (S::Resulted, E::Repeat) => Ok(S::Received),
        (S::Resulted, E::Release(Value::Invalid)) => Err(Refusal::Invalid),
        (S::Resulted, E::Release(_)) => Ok(S::Released),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_stage_meets_every_event() {
        let mut table = String::new();
        for stage in Stage::ALL {
            for event in [
                Event::Receive,
                Event::PlaceOnRun,
                Event::TakeOffRun,
                Event::EnterResult(Value::Negative),
                Event::Repeat,
                Event::Release(Value::Negative),
                Event::Release(Value::Positive),
                Event::Release(Value::Invalid),
                Event::Reject,
                Event::Withdraw,
            ] {
                let next = match step(stage, event) {
                    Ok(next) => next.as_str().to_string(),
                    Err(refusal) => format!("no: {refusal}"),
                };
                writeln!(table, "{:10} {:22} -> {next}", stage.as_str(), format!("{event:?}")).unwrap();
            }
        }
        insta::assert_snapshot!("tube", table);
    }
}
