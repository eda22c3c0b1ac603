//! A tube as the fold of its facts.

use std::collections::BTreeMap;

use super::{ExceptionKind, FactKey, Station};
use crate::kernel::id::{Collection, Id};

/// Size class of a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
        Self { kind, station: None, stage: Stage::Open, valid: 0, inside: 0, last: None }
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
        if self.last.is_none() {
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
const fn occupies(kind: ExceptionKind) -> bool {
    matches!(kind, ExceptionKind::UnknownPerson | ExceptionKind::RoundClosed | ExceptionKind::ClockTooFarOff)
}

/// Folds a tube's facts, given in any order and with repetitions, under the supervisors' decisions.
#[must_use]
pub fn fold(kind: TubeKind, facts: &[(FactKey, TubeFact)], decisions: &BTreeMap<Id<Collection>, Decision>) -> Folded {
    let mut ordered: Vec<_> = facts.to_vec();
    ordered.sort_by_key(|(key, _)| *key);
    ordered.dedup_by_key(|(key, _)| *key);
    let mut folded = Folded { tube: Tube::new(kind), members: BTreeMap::new(), verdicts: Vec::with_capacity(ordered.len()) };
    for (key, fact) in ordered {
        let verdict = step(&mut folded, key, fact);
        folded.tube.last = Some(key);
        folded.verdicts.push((key, verdict));
    }
    for (id, decision) in decisions {
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
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::kernel::time::Instant;

    fn key(at: i64) -> FactKey {
        FactKey { at: Instant(at), device_no: 1, device_seq: at }
    }
    fn id(n: u128) -> Id<Collection> {
        Id::new(Uuid::from_u128(n))
    }
    fn station(number: i32) -> Station {
        Station { site: Id::new(Uuid::from_u128(1)), number }
    }
    fn swab(n: u128) -> TubeFact {
        TubeFact::Collected { id: id(n), station: station(1), kind: TubeKind::Pool10, flaw: None }
    }

    fn arb_fact() -> impl Strategy<Value = TubeFact> {
        prop_oneof![
            8 => (0u128..14, 1..3i32, prop::bool::weighted(0.1)).prop_map(|(n, s, unknown)| TubeFact::Collected {
                id: id(n), station: station(if s == 2 { 2 } else { 1 }), kind: TubeKind::Pool5,
                flaw: unknown.then_some(ExceptionKind::UnknownPerson),
            }),
            2 => (0u128..14).prop_map(|n| TubeFact::Voided { id: id(n) }),
            1 => (0u128..14).prop_map(|n| TubeFact::MovedOut { id: id(n) }),
            1 => (0..6i32, any::<bool>()).prop_map(|(counted, signed)| TubeFact::Sealed { counted, signed }),
            1 => Just(TubeFact::Packed),
            1 => Just(TubeFact::Unpacked),
        ]
    }

    /// Facts with distinct keys and each collection id once, as devices make them.
    fn arb_facts() -> impl Strategy<Value = Vec<(FactKey, TubeFact)>> {
        prop::collection::vec((arb_fact(), 0i64..4), 0..30).prop_map(|facts| {
            let mut seen = std::collections::BTreeSet::new();
            facts
                .into_iter()
                .enumerate()
                .filter(|(_, (fact, _))| match fact {
                    TubeFact::Collected { id, .. } => seen.insert(*id),
                    _ => true,
                })
                .map(|(i, (fact, device))| (FactKey { at: Instant(i as i64 / 3), device_no: device, device_seq: i as i64 }, fact))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn any_order_and_repetition_give_the_same_tube(facts in arb_facts(), shuffle in any::<u64>()) {
            let straight = fold(TubeKind::Pool5, &facts, &BTreeMap::new());
            let mut mixed = facts.clone();
            mixed.extend_from_slice(&facts);
            let len = mixed.len().max(1);
            for i in 0..mixed.len() {
                mixed.swap(i, (shuffle as usize).wrapping_mul(i + 7) % len);
            }
            prop_assert_eq!(straight, fold(TubeKind::Pool5, &mixed, &BTreeMap::new()));
        }

        #[test]
        fn a_tube_never_counts_more_than_it_holds(facts in arb_facts()) {
            let folded = fold(TubeKind::Pool5, &facts, &BTreeMap::new());
            let valid = folded.members.values().filter(|m| **m == Membership::Valid).count();
            prop_assert_eq!(valid, folded.tube.valid);
            prop_assert!(folded.tube.inside <= folded.tube.kind.capacity());
            prop_assert!(folded.tube.valid <= folded.tube.inside);
        }

        #[test]
        fn appending_equals_folding(facts in arb_facts()) {
            let mut swabs: Vec<_> = facts.into_iter().filter(|(_, f)| matches!(f, TubeFact::Collected { .. })).collect();
            swabs.sort_by_key(|(key, _)| *key);
            let mut appended = Tube::new(TubeKind::Pool5);
            for (key, fact) in &swabs {
                if let TubeFact::Collected { station, kind, flaw, .. } = *fact {
                    appended.collect(*key, station, kind, flaw);
                }
            }
            prop_assert_eq!(appended, fold(TubeKind::Pool5, &swabs, &BTreeMap::new()).tube);
        }
    }

    #[test]
    fn the_eleventh_swab_waits_for_a_person() {
        let facts: Vec<_> = (1..=11).map(|n| (key(n), swab(n as u128))).collect();
        let folded = fold(TubeKind::Pool10, &facts, &BTreeMap::new());
        assert_eq!(folded.verdicts[9].1, Verdict::AcceptedFull);
        assert_eq!(folded.verdicts[10].1, Verdict::Exception(ExceptionKind::TubeOverFull));
        assert_eq!((folded.tube.valid, folded.tube.inside), (10, 10));
    }

    #[test]
    fn a_swab_taken_before_the_seal_belongs_to_the_tube_however_late_it_arrives() {
        let facts = [(key(3), TubeFact::Sealed { counted: 2, signed: false }), (key(1), swab(1)), (key(4), swab(9)), (key(2), swab(2))];
        let folded = fold(TubeKind::Pool10, &facts, &BTreeMap::new());
        assert_eq!(folded.members[&id(2)], Membership::Valid);
        assert_eq!(folded.members[&id(9)], Membership::Exception(ExceptionKind::TubeSealed));
        assert_eq!(folded.tube.stage, Stage::Sealed);
    }

    #[test]
    fn undo_makes_room_and_a_decision_overrules() {
        let mut facts: Vec<_> = (1..=10).map(|n| (key(n), swab(n as u128))).collect();
        facts.push((key(11), TubeFact::Voided { id: id(3) }));
        facts.push((key(12), swab(12)));
        facts.push((key(13), swab(13)));
        let keep = BTreeMap::from([(id(13), Decision::Keep)]);
        let folded = fold(TubeKind::Pool10, &facts, &keep);
        assert_eq!(folded.members[&id(3)], Membership::Voided);
        assert_eq!(folded.members[&id(12)], Membership::Valid);
        assert_eq!(folded.members[&id(13)], Membership::Valid);
        assert_eq!(folded.tube.valid, 11, "a supervisor who counted eleven swabs is believed");
    }
}
