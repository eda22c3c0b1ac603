//! A run: one plate of 96 wells on one instrument, with one kit and lot, from start to end.

use std::{collections::BTreeMap, fmt};

use super::result::Value;
use crate::kernel::{code::TubeCode, time::Instant};

/// A well of a 96-well plate: row A to H, column 1 to 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Well(u8);

impl Well {
    /// Wells of a plate.
    pub const COUNT: u8 = 96;

    /// Well number `index`, counted along the rows from A1 = 0 to H12 = 95.
    #[must_use]
    pub const fn from_index(index: u8) -> Option<Self> {
        if index < Self::COUNT { Some(Self(index)) } else { None }
    }

    /// Position along the rows: A1 = 0, A12 = 11, B1 = 12.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    /// Reads `A1`, `a01` or `H12`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let row = text.bytes().next()?.to_ascii_uppercase();
        let digits = text.get(1..)?;
        if !(b'A'..=b'H').contains(&row) || digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let column: u8 = digits.parse().ok()?;
        (1..=12).contains(&column).then(|| Self((row - b'A') * 12 + column - 1))
    }
}

impl fmt::Display for Well {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", (b'A' + self.0 / 12) as char, self.0 % 12 + 1)
    }
}

/// Control wells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Control {
    /// 阴性对照: must come out negative.
    Negative,
    /// 阳性对照: must come out positive.
    Positive,
}

impl Control {
    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Negative => "negative_control",
            Self::Positive => "positive_control",
        }
    }

    /// Reads what [`Control::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Negative, Self::Positive].into_iter().find(|control| control.as_str() == word)
    }

    /// Whether the control came out as it must.
    #[must_use]
    pub fn holds(self, value: Value) -> bool {
        match self {
            // A blank has no internal control in many kits, so "invalid" is a fair blank.
            Self::Negative => matches!(value, Value::Negative | Value::Invalid),
            Self::Positive => value == Value::Positive,
        }
    }
}

/// What a well holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A tube.
    Tube(TubeCode),
    /// A control.
    Control(Control),
}

/// A plate being laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plate {
    wells: BTreeMap<Well, Content>,
}

/// Why a plate cannot be changed or started so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlateRefusal {
    /// The well holds something else.
    #[error("well {0} is taken")]
    WellTaken(Well),
    /// The tube is on this plate already.
    #[error("tube {0} is on this plate already, in well {1}")]
    TubeTwice(TubeCode, Well),
    /// No free well.
    #[error("the plate is full")]
    Full,
    /// The well is empty.
    #[error("well {0} is empty")]
    Empty(Well),
    /// No tube at all.
    #[error("the plate holds no tube")]
    NoTube,
    /// A negative and a positive control are needed.
    #[error("the plate needs a negative and a positive control")]
    NoControls,
}

impl Plate {
    /// A plate from stored wells.
    #[must_use]
    pub fn of(wells: impl IntoIterator<Item = (Well, Content)>) -> Self {
        Self { wells: wells.into_iter().collect() }
    }

    /// What is on it, in order.
    pub fn wells(&self) -> impl Iterator<Item = (Well, &Content)> {
        self.wells.iter().map(|(well, content)| (*well, content))
    }

    /// How many wells hold a tube.
    #[must_use]
    pub fn tubes(&self) -> usize {
        self.wells.values().filter(|content| matches!(content, Content::Tube(_))).count()
    }

    /// Wells that are left for tubes: a well is kept for each kind of control that is not on the plate yet.
    #[must_use]
    pub fn room(&self) -> usize {
        let has = |wanted: Control| self.wells.values().any(|content| *content == Content::Control(wanted));
        let kept = [Control::Negative, Control::Positive].into_iter().filter(|control| !has(*control)).count();
        usize::from(Well::COUNT).saturating_sub(self.wells.len() + kept)
    }

    /// Puts `content` into `well`, or into the first free well down the columns (the order in which
    /// people pipette: A1, B1, … H1, A2).
    pub fn place(&mut self, content: Content, well: Option<Well>) -> Result<Well, PlateRefusal> {
        if let Content::Tube(tube) = &content
            && let Some((at, _)) = self.wells.iter().find(|(_, held)| matches!(held, Content::Tube(other) if other == tube))
        {
            return Err(PlateRefusal::TubeTwice(tube.clone(), *at));
        }
        let well = match well {
            Some(well) if self.wells.contains_key(&well) => return Err(PlateRefusal::WellTaken(well)),
            Some(well) => well,
            None => {
                (0..Well::COUNT).map(|n| Well(n % 8 * 12 + n / 8)).find(|well| !self.wells.contains_key(well)).ok_or(PlateRefusal::Full)?
            }
        };
        self.wells.insert(well, content);
        Ok(well)
    }

    /// Empties a well.
    pub fn clear(&mut self, well: Well) -> Result<Content, PlateRefusal> {
        self.wells.remove(&well).ok_or(PlateRefusal::Empty(well))
    }

    /// Whether the run may start.
    pub fn ready(&self) -> Result<(), PlateRefusal> {
        if self.tubes() == 0 {
            return Err(PlateRefusal::NoTube);
        }
        let has = |wanted: Control| self.wells.values().any(|content| *content == Content::Control(wanted));
        if has(Control::Negative) && has(Control::Positive) { Ok(()) } else { Err(PlateRefusal::NoControls) }
    }
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunState {
    /// Being laid out.
    Draft,
    /// On the instrument.
    Running {
        /// Start.
        started_at: Instant,
    },
    /// Off the instrument.
    Ended {
        /// Start.
        started_at: Instant,
        /// End.
        ended_at: Instant,
    },
    /// Given up before an end: its tubes go back to the queue.
    Aborted,
}

/// What happens to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEvent {
    /// The instrument starts.
    Start(Instant),
    /// It is done.
    End(Instant),
    /// It is given up.
    Abort,
}

/// Why a run does not move so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RunRefusal {
    /// Not started yet.
    #[error("the run has not started")]
    NotStarted,
    /// Started already.
    #[error("the run has started")]
    Started,
    /// Over already.
    #[error("the run is over")]
    Over,
    /// The end lies before the start.
    #[error("a run cannot end before it starts")]
    EndsBeforeStart,
}

impl RunState {
    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running { .. } => "running",
            Self::Ended { .. } => "ended",
            Self::Aborted => "aborted",
        }
    }

    /// The next state, or why not.
    pub fn step(self, event: RunEvent) -> Result<Self, RunRefusal> {
        match (self, event) {
            (Self::Draft, RunEvent::Start(at)) => Ok(Self::Running { started_at: at }),
            (Self::Draft, RunEvent::End(_)) => Err(RunRefusal::NotStarted),
            (Self::Draft | Self::Running { .. }, RunEvent::Abort) => Ok(Self::Aborted),
            (Self::Running { .. }, RunEvent::Start(_)) => Err(RunRefusal::Started),
            (Self::Running { started_at }, RunEvent::End(at)) if at < started_at => Err(RunRefusal::EndsBeforeStart),
            (Self::Running { started_at }, RunEvent::End(at)) => Ok(Self::Ended { started_at, ended_at: at }),
            (Self::Ended { .. } | Self::Aborted, _) => Err(RunRefusal::Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn tube(n: u32) -> Content {
        Content::Tube(TubeCode::from_serial(n))
    }

    #[test]
    fn wells_read_back() {
        for index in 0..Well::COUNT {
            let well = Well::from_index(index).unwrap();
            assert_eq!(Well::parse(&well.to_string()), Some(well));
        }
        assert_eq!(Well::parse("a01"), Well::parse("A1"));
        assert_eq!(Well::parse("H12").map(Well::index), Some(95));
        for odd in ["", "A", "A0", "A13", "I1", "1A", "A001", "A 1", "阴1", "A+1"] {
            assert_eq!(Well::parse(odd), None, "{odd}");
        }
        assert_eq!(Well::from_index(96), None);
    }

    #[test]
    fn plates_fill_down_the_columns_and_refuse_doubles() {
        let mut plate = Plate::default();
        assert_eq!(plate.ready(), Err(PlateRefusal::NoTube));
        assert_eq!(plate.place(tube(1), None).unwrap().to_string(), "A1");
        assert_eq!(plate.place(tube(2), None).unwrap().to_string(), "B1");
        assert!(matches!(plate.place(tube(1), None), Err(PlateRefusal::TubeTwice(..))));
        assert!(matches!(plate.place(tube(3), Well::parse("B1")), Err(PlateRefusal::WellTaken(_))));
        assert_eq!(plate.ready(), Err(PlateRefusal::NoControls));
        plate.place(Content::Control(Control::Negative), Well::parse("H11")).unwrap();
        plate.place(Content::Control(Control::Positive), Well::parse("H12")).unwrap();
        assert_eq!(plate.ready(), Ok(()));
        assert_eq!(plate.tubes(), 2);
        for n in 10..102 {
            plate.place(tube(n), None).unwrap();
        }
        assert_eq!(plate.place(tube(500), None), Err(PlateRefusal::Full));
        assert_eq!(plate.clear(Well::parse("A1").unwrap()), Ok(tube(1)));
        assert_eq!(plate.place(tube(500), None).unwrap().to_string(), "A1");
    }

    #[test]
    fn room_is_kept_for_the_controls_that_are_missing_and_for_no_more() {
        let mut plate = Plate::default();
        assert_eq!(plate.room(), 94);
        for (n, control) in [Control::Negative, Control::Negative, Control::Positive, Control::Positive].into_iter().enumerate() {
            plate.place(Content::Control(control), None).unwrap();
            assert_eq!(plate.room(), [94, 93, 93, 92][n], "after {}", n + 1);
        }
        for n in 0..92 {
            plate.place(tube(n), None).unwrap();
        }
        assert_eq!(plate.room(), 0);
    }

    #[test]
    fn every_run_state_meets_every_event() {
        let (t1, t2) = (Instant(1_000_000), Instant(2_000_000));
        let mut table = String::new();
        for state in
            [RunState::Draft, RunState::Running { started_at: t2 }, RunState::Ended { started_at: t1, ended_at: t2 }, RunState::Aborted]
        {
            for event in [RunEvent::Start(t2), RunEvent::End(t1), RunEvent::End(t2), RunEvent::Abort] {
                let next = match state.step(event) {
                    Ok(next) => next.as_str().to_string(),
                    Err(refusal) => format!("no: {refusal}"),
                };
                writeln!(table, "{:8} {:24} -> {next}", state.as_str(), format!("{event:?}")).unwrap();
            }
        }
        insta::assert_snapshot!("run", table);
    }

    #[test]
    fn controls_hold_or_fail() {
        assert!(Control::Negative.holds(Value::Negative) && Control::Negative.holds(Value::Invalid));
        assert!(!Control::Negative.holds(Value::Positive) && !Control::Negative.holds(Value::Inconclusive));
        assert!(Control::Positive.holds(Value::Positive) && !Control::Positive.holds(Value::Negative));
    }
}
