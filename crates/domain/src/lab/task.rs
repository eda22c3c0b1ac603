//! What is to be done for a person after a result: come again, be re-checked, be taken over as a case.

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// 重新采样: the tube could not be tested.
    Resample,
    /// 复核: the pool was not negative.
    Recheck,
    /// 阳性处置: the own single tube was positive.
    Case,
}

impl Kind {
    /// Every kind, in display order: what burns first.
    pub const ALL: [Self; 3] = [Self::Case, Self::Recheck, Self::Resample];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resample => "resample",
            Self::Recheck => "recheck",
            Self::Case => "case",
        }
    }

    /// Reads what [`Kind::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What came of a visit or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heard {
    /// Comes, or is being fetched.
    Coming,
    /// Nobody answered; to be tried again.
    NotReached,
    /// Does not want to; to be spoken to again.
    Refused,
    /// Cannot be reached: somebody signs for it, with what was tried.
    Unreachable,
    /// A hospital or disease control took the person over.
    HandedOver,
}

/// Why an outcome does not fit a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A positive person is looked for until found.
    #[error("a case stays open until a hospital has taken the person over")]
    CaseStays,
    /// Nobody to hand over.
    #[error("only a case is handed over")]
    NotACase,
}

impl Heard {
    /// Every outcome, in display order.
    pub const ALL: [Self; 5] = [Self::Coming, Self::NotReached, Self::Refused, Self::Unreachable, Self::HandedOver];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::NotReached => "not_reached",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::HandedOver => "handed_over",
        }
    }

    /// Reads what [`Heard::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|heard| heard.as_str() == word)
    }

    /// Whether a sentence must stand beside it: what was tried, or who took over.
    #[must_use]
    pub const fn needs_note(self) -> bool {
        matches!(self, Self::Refused | Self::Unreachable | Self::HandedOver)
    }

    /// Whether the task is done with it, or why it does not fit. Only another swab or this closes a task.
    pub const fn closes(self, kind: Kind) -> Result<bool, Refusal> {
        match (self, kind) {
            (Self::Coming | Self::NotReached | Self::Refused, _) => Ok(false),
            (Self::Unreachable, Kind::Case) => Err(Refusal::CaseStays),
            (Self::Unreachable, Kind::Resample | Kind::Recheck) | (Self::HandedOver, Kind::Case) => Ok(true),
            (Self::HandedOver, Kind::Resample | Kind::Recheck) => Err(Refusal::NotACase),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_outcome_meets_every_task() {
        let mut table = String::new();
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
            for heard in Heard::ALL {
                assert_eq!(Heard::parse(heard.as_str()), Some(heard));
                let next = match heard.closes(kind) {
                    Ok(true) => "closed".to_string(),
                    Ok(false) => "stays".to_string(),
                    Err(refusal) => format!("no: {refusal}"),
                };
                writeln!(table, "{:9} {:12} -> {next}", kind.as_str(), heard.as_str()).unwrap();
            }
        }
        insta::assert_snapshot!("task", table);
    }
}
