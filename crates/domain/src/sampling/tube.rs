//! A tube as the fold of its facts.

use std::collections::BTreeMap;

use super::{ExceptionKind, FactKey, Station};
use crate::kernel::id::{Collection, Id};

/// Size class of a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TubeKind {
    /// One person.
    Single,
    /// Up to five.
    Pool5,
    /// Up to ten.
    Pool10,
    /// Up to twenty.
    Pool20,
    /// The members of one household.
    Household,
}

impl TubeKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Single, Self::Pool5, Self::Pool10, Self::Pool20, Self::Household];

    /// How many swabs fit: the size of the product, not policy.
    #[must_use]
    pub const fn capacity(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Pool5 => 5,
            Self::Pool10 => 10,
            Self::Pool20 | Self::Household => 20,
        }
    }

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Pool5 => "pool5",
            Self::Pool10 => "pool10",
            Self::Pool20 => "pool20",
            Self::Household => "household",
        }
    }

    /// Reads what [`TubeKind::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where a tube is. The order is the order of the work; a later stage never goes back but by a
/// named act (reopening a plate, say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// At a station, taking swabs.
    Open,
    /// Closed and counted.
    Sealed,
    /// In a box.
    Boxed,
    /// The box was handed over.
    InTransit,
    /// A laboratory has it.
    Received,
    /// On a plate.
    OnRun,
    /// Has a result that nobody released.
    Resulted,
    /// Its result is out.
    Released,
    /// Refused with a reason; its members are asked again.
    Rejected,
    /// Never used.
    Void,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Sealed,
        Self::Boxed,
        Self::InTransit,
        Self::Received,
        Self::OnRun,
        Self::Resulted,
        Self::Released,
        Self::Rejected,
        Self::Void,
    ];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
            Self::Boxed => "boxed",
            Self::InTransit => "in_transit",
            Self::Received => "received",
            Self::OnRun => "on_run",
            Self::Resulted => "resulted",
            Self::Released => "released",
            Self::Rejected => "rejected",
            Self::Void => "void",
        }
    }

    /// Reads what [`Stage::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }
}

/// What happened to a tube in the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TubeFact {
    /// A swab went in (or came in by a move).
    Collected {
        /// The collection.
        id: Id<Collection>,
        /// Where.
        station: Station,
        /// The kind of tube that the registrar had in hand.
        kind: TubeKind,
        /// A refusal that does not depend on the tube: unknown person, closed round, clock, scope.
        flaw: Option<ExceptionKind>,
    },
    /// A collection was taken back.
    Voided {
        /// The collection.
        id: Id<Collection>,
    },
    /// A collection went to another tube.
    MovedOut {
        /// The collection.
        id: Id<Collection>,
    },
    /// The tube was closed and counted.
    Sealed {
        /// Swabs counted by the registrar.
        counted: i32,
        /// Whether a difference was signed by name.
        signed: bool,
    },
    /// Into a box.
    Packed,
    /// Out of a box.
    Unpacked,
}

/// What a supervisor decided about one collection; it overrides the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It counts.
    Keep,
    /// It does not count.
    Void,
}

/// What the fold says of one fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Applied.
    Accepted,
    /// Applied, and now the tube is full.
    AcceptedFull,
    /// Kept, not applied.
    Exception(ExceptionKind),
}

impl Verdict {
    /// A word for tables and custody rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AcceptedFull => "accepted, full",
            Self::Exception(kind) => kind.as_str(),
        }
    }
}

/// State of one collection in a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Counts.
    Valid,
    /// Taken back.
    Voided,
    /// In another tube now.
    Moved,
    /// Waits for a person.
    Exception(ExceptionKind),
}

/// A tube folded up to `last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tube {
    /// Kind, set by the first collection.
    pub kind: TubeKind,
    /// Station that holds it, set by the first collection.
    pub station: Option<Station>,
    /// Stage as far as the field knows: open, sealed or boxed.
    pub stage: Stage,
    /// Whether a supervisor said the kind: swabs do not set it any more.
    pub corrected: bool,
    /// Collections that count.
    pub valid: usize,
    /// Swabs that are physically inside: valid ones and those of unknown persons.
    pub inside: usize,
    /// Key of the last fact folded in.
    pub last: Option<FactKey>,
}

/// Everything the fold gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The tube.
    pub tube: Tube,
    /// Each collection's state.
    pub members: BTreeMap<Id<Collection>, Membership>,
    /// Verdict of each fact, in canonical order.
    pub verdicts: Vec<(FactKey, Verdict)>,
}

impl Tube {
    /// A tube that nothing happened to yet.
    #[must_use]
    pub const fn new(kind: TubeKind) -> Self {
        Self { kind, station: None, stage: Stage::Open, corrected: false, valid: 0, inside: 0, last: None }
    }

    /// Whether a fact with `key` comes after everything folded so far, so that a swab can be
    /// appended without loading the others. A fact with an older key is a replay or came late.
    #[must_use]
    pub fn is_next(&self, key: FactKey) -> bool {
        self.last.is_none_or(|last| key > last)
    }

    /// Appends one swab that [`Tube::is_next`]. The same rule as [`fold`], without its maps.
    pub fn collect(&mut self, key: FactKey, station: Station, kind: TubeKind, flaw: Option<ExceptionKind>) -> Verdict {
        debug_assert!(self.is_next(key), "an older fact needs a fold");
        if self.last.is_none() && !self.corrected {
            self.kind = kind;
        }
        self.last = Some(key);
        let held = *self.station.get_or_insert(station);
        let refusal = if self.stage != Stage::Open {
            Some(ExceptionKind::TubeSealed)
        } else if held != station {
            Some(ExceptionKind::TubeHeldElsewhere)
        } else if self.inside >= self.kind.capacity() {
            Some(ExceptionKind::TubeOverFull)
        } else {
            flaw
        };
        match refusal {
            None => {
                self.valid += 1;
                self.inside += 1;
                if self.inside == self.kind.capacity() { Verdict::AcceptedFull } else { Verdict::Accepted }
            }
            Some(kind) => {
                self.inside += usize::from(occupies(kind));
                Verdict::Exception(kind)
            }
        }
    }
}

/// Whether a swab that waits for this reason is nevertheless inside the tube and takes a place.
#[must_use]
pub const fn occupies(kind: ExceptionKind) -> bool {
    matches!(kind, ExceptionKind::UnknownPerson | ExceptionKind::RoundClosed | ExceptionKind::ClockTooFarOff)
}

/// What supervisors decided about a tube.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// About single collections.
    pub swabs: BTreeMap<Id<Collection>, Decision>,
    /// The kind that the tube really is, if the phones had it wrong. It holds from the first swab on.
    pub kind: Option<TubeKind>,
}

/// Folds a tube's facts, given in any order and with repetitions, under the supervisors' decisions.
#[must_use]
pub fn fold(kind: TubeKind, facts: &[(FactKey, TubeFact)], decisions: &Decisions) -> Folded {
    let mut ordered: Vec<_> = facts.to_vec();
    ordered.sort_by_key(|(key, _)| *key);
    ordered.dedup_by_key(|(key, _)| *key);
    let tube = Tube { corrected: decisions.kind.is_some(), ..Tube::new(decisions.kind.unwrap_or(kind)) };
    let mut folded = Folded { tube, members: BTreeMap::new(), verdicts: Vec::with_capacity(ordered.len()) };
    for (key, fact) in ordered {
        let verdict = step(&mut folded, key, fact);
        folded.tube.last = Some(key);
        folded.verdicts.push((key, verdict));
    }
    for (id, decision) in &decisions.swabs {
        if let Some(member) = folded.members.get_mut(id) {
            overrule(&mut folded.tube, member, *decision);
        }
    }
    folded
}

fn step(folded: &mut Folded, key: FactKey, fact: TubeFact) -> Verdict {
    let Folded { tube, members, .. } = folded;
    match fact {
        TubeFact::Collected { id, station, kind, flaw } => {
            let verdict = tube.collect(key, station, kind, flaw);
            let member = match verdict {
                Verdict::Exception(kind) => Membership::Exception(kind),
                Verdict::Accepted | Verdict::AcceptedFull => Membership::Valid,
            };
            members.insert(id, member);
            verdict
        }
        TubeFact::Voided { id } => leave(tube, members, id, Membership::Voided),
        TubeFact::MovedOut { id } => leave(tube, members, id, Membership::Moved),
        TubeFact::Sealed { counted, signed } => seal(tube, counted, signed),
        TubeFact::Packed => advance(tube, Stage::Sealed, Stage::Boxed),
        TubeFact::Unpacked => advance(tube, Stage::Boxed, Stage::Sealed),
    }
}

fn leave(tube: &mut Tube, members: &mut BTreeMap<Id<Collection>, Membership>, id: Id<Collection>, next: Membership) -> Verdict {
    let Some(member) = members.get_mut(&id) else {
        return Verdict::Exception(ExceptionKind::UnknownTarget);
    };
    if tube.stage != Stage::Open {
        return Verdict::Exception(ExceptionKind::WrongState);
    }
    match *member {
        Membership::Valid => {
            tube.valid -= 1;
            tube.inside -= 1;
        }
        Membership::Exception(kind) => tube.inside -= usize::from(occupies(kind)),
        // Taking back twice is one undo; anything else speaks of a swab that is not here any more.
        Membership::Voided if next == Membership::Voided => return Verdict::Accepted,
        Membership::Voided | Membership::Moved => return Verdict::Exception(ExceptionKind::UnknownTarget),
    }
    *member = next;
    Verdict::Accepted
}

fn seal(tube: &mut Tube, counted: i32, signed: bool) -> Verdict {
    if tube.stage != Stage::Open {
        return Verdict::Exception(ExceptionKind::WrongState);
    }
    // The tube is closed in the world whatever the count says; the difference waits for a person.
    tube.stage = Stage::Sealed;
    if usize::try_from(counted) == Ok(tube.inside) || signed { Verdict::Accepted } else { Verdict::Exception(ExceptionKind::CountDiffers) }
}

fn advance(tube: &mut Tube, from: Stage, to: Stage) -> Verdict {
    if tube.stage == from {
        tube.stage = to;
        Verdict::Accepted
    } else {
        Verdict::Exception(ExceptionKind::WrongState)
    }
}

fn overrule(tube: &mut Tube, member: &mut Membership, decision: Decision) {
    match (decision, *member) {
        // No decision puts a swab into a tube that has no place for it: the tube's kind is corrected
        // first, if it really is a larger one.
        (Decision::Keep, Membership::Exception(kind)) if !occupies(kind) && tube.inside >= tube.kind.capacity() => {
            *member = Membership::Exception(ExceptionKind::TubeOverFull);
        }
        (Decision::Keep, Membership::Exception(kind)) => {
            tube.valid += 1;
            tube.inside += usize::from(!occupies(kind));
            *member = Membership::Valid;
        }
        (Decision::Void, Membership::Valid) => {
            tube.valid -= 1;
            *member = Membership::Voided;
        }
        (Decision::Void, Membership::Exception(_)) => *member = Membership::Voided,
        _ => {}
    }
}

#[cfg(test)]
mod tests;
