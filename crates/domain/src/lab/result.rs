//! What a laboratory says about a tube, and what the cycle numbers say.

/// A result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// 阴性
    Negative,
    /// 阳性
    Positive,
    /// 可疑 (grey zone, single target)
    Inconclusive,
    /// 无效 (no internal control)
    Invalid,
}

impl Value {
    /// Every value, in display order.
    pub const ALL: [Self; 4] = [Self::Negative, Self::Positive, Self::Inconclusive, Self::Invalid];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Positive => "positive",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
        }
    }

    /// Reads what [`Value::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == word)
    }

    /// Reads the words that instruments and people write.
    #[must_use]
    pub fn from_written(text: &str) -> Option<Self> {
        match text.trim().to_lowercase().as_str() {
            "negative" | "neg" | "neg." | "-" | "(-)" | "n" | "not detected" | "undetected" | "阴性" | "阴" | "阴性(-)" | "阴性（-）"
            | "未检出" => Some(Self::Negative),
            "positive" | "pos" | "pos." | "+" | "(+)" | "p" | "detected" | "阳性" | "阳" | "阳性(+)" | "阳性（+）" | "检出" => {
                Some(Self::Positive)
            }
            "inconclusive" | "indeterminate" | "equivocal" | "grey" | "gray" | "suspect" | "±" | "可疑" | "灰区" | "单靶" | "复检" => {
                Some(Self::Inconclusive)
            }
            "invalid" | "fail" | "failed" | "error" | "无效" | "失败" => Some(Self::Invalid),
            _ => None,
        }
    }
}

/// A cycle number in hundredths: 37.25 is 3725. Integers compare and store exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ct(pub i32);

/// A written cycle number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// No amplification.
    Undetermined,
    /// A number.
    Number(Ct),
}

impl Ct {
    /// Reads a cycle number as instruments write it; `None` if it is neither a number nor one of the
    /// words for "no amplification". Cycle numbers lie between 0 and 60.
    #[must_use]
    pub fn read(text: &str) -> Option<Written> {
        let text = text.trim();
        match text.to_lowercase().as_str() {
            "" | "undetermined" | "undet" | "undet." | "noct" | "no ct" | "n/a" | "na" | "nan" | "-" | "--" | "---" | "未检出" | "无" =>
            {
                return Some(Written::Undetermined);
            }
            _ => {}
        }
        let number: f64 = text.parse().ok()?;
        (0.0..=60.0).contains(&number).then_some(())?;
        // Bounded above, so the cast is exact to a hundredth.
        let hundredths = (number * 100.0).round() as i32;
        Some(if hundredths == 0 { Written::Undetermined } else { Written::Number(Self(hundredths)) })
    }
}

impl std::fmt::Display for Ct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// One target of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetCt {
    /// Name of the target: "ORF1ab", "N", "IC".
    pub target: String,
    /// Its cycle number, if it rose at all.
    pub ct: Option<Ct>,
}

/// What a reagent kit's leaflet says. A kit is configuration, never a constant in code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// Name and maker.
    pub name: String,
    /// Shortest time a run can take, seconds.
    pub run_s_min: i64,
    /// A target counts as risen at or below this.
    pub cutoff: Ct,
    /// Name of the internal control.
    pub internal_control: String,
}

impl Kit {
    fn is_control(&self, target: &str) -> bool {
        target.eq_ignore_ascii_case(&self.internal_control)
    }

    /// What the cycle numbers alone say; `None` if they say nothing (no target but the control).
    ///
    /// Two targets up: positive. One: inconclusive. None: negative if the internal control rose,
    /// invalid if it did not. A positive needs no control: a strong sample starves it.
    #[must_use]
    pub fn call(&self, cts: &[TargetCt]) -> Option<Value> {
        let targets = cts.iter().filter(|t| !self.is_control(&t.target)).count();
        if targets == 0 {
            return None;
        }
        let risen = |t: &&TargetCt| t.ct.is_some_and(|ct| ct <= self.cutoff);
        let up = cts.iter().filter(|t| !self.is_control(&t.target)).filter(risen).count();
        let control = cts.iter().find(|t| self.is_control(&t.target));
        Some(match up {
            0 if control.is_some_and(|t| t.ct.is_none()) => Value::Invalid,
            0 => Value::Negative,
            1 if targets > 1 => Value::Inconclusive,
            _ => Value::Positive,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kit() -> Kit {
        Kit { name: "test kit".into(), run_s_min: 4500, cutoff: Ct(3800), internal_control: "IC".into() }
    }

    fn cts(row: &str) -> Vec<TargetCt> {
        row.split_whitespace()
            .map(|cell| {
                let (target, ct) = cell.split_once('=').unwrap();
                let ct = match Ct::read(ct).unwrap() {
                    Written::Undetermined => None,
                    Written::Number(ct) => Some(ct),
                };
                TargetCt { target: target.into(), ct }
            })
            .collect()
    }

    #[test]
    fn cycle_numbers_speak() {
        for (row, expect) in [
            ("ORF1ab=Undetermined N=NoCt IC=24.31", Some(Value::Negative)),
            ("ORF1ab=22.10 N=21.05 IC=25", Some(Value::Positive)),
            ("ORF1ab=22.10 N=21.05 IC=--", Some(Value::Positive)),
            ("ORF1ab=37.99 N=-- IC=25", Some(Value::Inconclusive)),
            ("ORF1ab=38.01 N=-- IC=25", Some(Value::Negative)),
            ("ORF1ab=-- N=-- IC=--", Some(Value::Invalid)),
            ("ORF1ab=-- N=--", Some(Value::Negative)),
            ("N=30", Some(Value::Positive)),
            ("IC=25", None),
        ] {
            assert_eq!(kit().call(&cts(row)), expect, "{row}");
        }
    }

    #[test]
    fn cycle_numbers_are_read_or_refused() {
        assert_eq!(Ct::read(" 37.254 "), Some(Written::Number(Ct(3725))));
        assert_eq!(Ct::read("0"), Some(Written::Undetermined));
        for odd in ["61", "-3", "37,2", "inf", "Ct"] {
            assert_eq!(Ct::read(odd), None, "{odd}");
        }
        assert_eq!(Ct(3705).to_string(), "37.05");
    }

    #[test]
    fn written_results_are_read() {
        for (text, value) in
            [(" 阴性 ", Value::Negative), ("POS", Value::Positive), ("灰区", Value::Inconclusive), ("无效", Value::Invalid)]
        {
            assert_eq!(Value::from_written(text), Some(value));
        }
        assert_eq!(Value::from_written("fine"), None);
    }
}
