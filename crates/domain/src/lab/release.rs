//! Release: a second person, never the one who entered; negatives may go in bulk, anything else
//! goes singly and opens a follow-up.

use super::{result::Value, tube};
use crate::kernel::id::{Account, Id};

/// A result that waits for release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// What it says.
    pub value: Value,
    /// Who entered it.
    pub entered_by: Id<Account>,
    /// Where the tube stands.
    pub stage: tube::Stage,
    /// Whether the controls of its run failed.
    pub controls_failed: bool,
}

/// How it may be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// In bulk or singly; nothing follows but the reports.
    Negative,
    /// Singly, by name; a follow-up opens if the tube is a pool, a case if it is single.
    NonNegative,
}

/// Why it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The releaser entered it.
    #[error("who entered a result cannot release it")]
    SamePerson,
    /// The tube does not stand at "resulted".
    #[error(transparent)]
    Tube(#[from] tube::Refusal),
    /// The run's controls failed.
    #[error("a control of this run failed; repeat the run")]
    ControlsFailed,
    /// A non-negative result in a bulk release.
    #[error("only negatives are released in bulk")]
    NotInBulk,
}

/// Decides a release.
pub fn decide(entered: Entered, releaser: Id<Account>, in_bulk: bool) -> Result<Release, Refusal> {
    tube::step(entered.stage, tube::Event::Release(entered.value))?;
    if entered.entered_by == releaser {
        return Err(Refusal::SamePerson);
    }
    if entered.controls_failed {
        return Err(Refusal::ControlsFailed);
    }
    match entered.value {
        Value::Negative => Ok(Release::Negative),
        _ if in_bulk => Err(Refusal::NotInBulk),
        _ => Ok(Release::NonNegative),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_second_person_releases() {
        let (anna, ben) = (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2)));
        let mut table = String::from("stage value | releaser bulk controls -> verdict\n");
        for stage in tube::Stage::ALL {
            for value in Value::ALL {
                for (who, releaser) in [("same", anna), ("other", ben)] {
                    for (in_bulk, controls_failed) in [(false, false), (true, false), (false, true)] {
                        let verdict = decide(Entered { value, entered_by: anna, stage, controls_failed }, releaser, in_bulk);
                        let verdict = verdict.map_or_else(|refusal| format!("no: {refusal}"), |release| format!("{release:?}"));
                        writeln!(
                            table,
                            "{:10} {:12} | {who:5} {in_bulk:5} {controls_failed:5} -> {verdict}",
                            stage.as_str(),
                            value.as_str()
                        )
                        .unwrap();
                        assert!(who != "same" || verdict.starts_with("no"), "the enterer never releases");
                    }
                }
            }
        }
        insta::assert_snapshot!("release", table);
    }
}
