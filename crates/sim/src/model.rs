//! The day as it happened: every fact once, in the order of the devices' own times, over all tubes and
//! boxes together. The product folds one tube at a time, as facts arrive; this knows the answer by
//! another way.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

/// Swabs that a simulated tube holds.
pub const CAPACITY: usize = 5;

/// A field command that the store is known to hold.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Id of the command.
    pub id: Uuid,
    /// Its place in the canonical order.
    pub key: (i64, i64, i64),
    /// What happened.
    pub told: Told,
    /// Whether the device's clock was too far off when it first came in.
    pub clock_off: bool,
}

/// What a command says.
#[derive(Debug, Clone)]
pub enum Told {
    /// A swab: station, tube, person.
    Swab(i32, String, Option<i64>),
    /// Undo of a swab in a tube.
    Undo(String, Uuid),
    /// Move of a swab from a tube to another.
    Move(String, Uuid, String),
    /// Seal of a tube: count, signed.
    Seal(String, i32, bool),
    /// Into a box.
    Pack(String, String),
    /// Out of a box.
    Unpack(String, String),
    /// Seal of a box: count, signed.
    SealBox(String, i32, bool),
    /// Given, in a hand-over.
    Give(String, Uuid),
    /// Taken, in a hand-over.
    Take(String, Uuid),
    /// A label that cannot be.
    Forged(String),
}

impl Told {
    /// The tube or box whose rows hold it.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Swab(_, subject, _)
            | Self::Undo(subject, _)
            | Self::Move(subject, ..)
            | Self::Seal(subject, ..)
            | Self::Pack(subject, _)
            | Self::Unpack(subject, _)
            | Self::SealBox(subject, ..)
            | Self::Give(subject, _)
            | Self::Take(subject, _)
            | Self::Forged(subject) => subject,
        }
    }
}

/// A swab in a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// Counts.
    Valid,
    /// Waits for a person; inside the tube or not.
    Waits(bool),
    /// Taken back.
    Voided,
    /// In another tube.
    Moved,
}

/// Where the field knows a tube to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// Takes swabs.
    #[default]
    Open,
    /// Closed.
    Sealed,
    /// In a box.
    Boxed,
}

/// A tube.
#[derive(Debug, Clone, Default)]
pub struct Tube {
    station: Option<i32>,
    /// Where it is.
    pub stage: Stage,
    /// Its box.
    pub the_box: Option<String>,
    /// Its swabs. A tube without one is no tube yet.
    pub members: BTreeMap<Uuid, Member>,
}

impl Tube {
    /// Swabs that count.
    #[must_use]
    pub fn valid(&self) -> usize {
        self.members.values().filter(|member| **member == Member::Valid).count()
    }

    fn inside(&self) -> usize {
        self.members.values().filter(|member| matches!(member, Member::Valid | Member::Waits(true))).count()
    }
}

/// A box.
#[derive(Debug, Clone, Default)]
pub struct Box {
    /// Tubes that were put in and not taken out.
    pub inside: BTreeSet<String>,
    /// Whether it was sealed.
    pub sealed: bool,
    /// Whether anybody gave or took it.
    pub left: bool,
    /// Hand-overs it was given in, and taken in.
    pub given: BTreeSet<Uuid>,
    /// Hand-overs it was taken in.
    pub taken: BTreeSet<Uuid>,
}

#[derive(Debug, Clone, Copy)]
struct Swab {
    station: i32,
    known: bool,
    clock_off: bool,
}

/// What there is.
#[derive(Debug, Default)]
pub struct World {
    /// Tubes by label.
    pub tubes: BTreeMap<String, Tube>,
    /// Boxes by label.
    pub boxes: BTreeMap<String, Box>,
    /// What waits for a person: (tube or box, command).
    pub waits: BTreeSet<(String, Uuid)>,
    /// Hand-overs: what the store should call them.
    pub handovers: BTreeMap<Uuid, &'static str>,
    swabs: BTreeMap<Uuid, Swab>,
    /// Whether the auditor is broken on purpose.
    forgets_undo: bool,
}

/// When each box had been closed and given, by the first that tells of either.
fn ready(facts: &[Fact]) -> BTreeMap<&str, (i64, i64, i64)> {
    let (mut closed, mut given) = (BTreeMap::new(), BTreeMap::new());
    for fact in facts {
        let (first, the_box) = match &fact.told {
            Told::SealBox(the_box, ..) => (&mut closed, the_box.as_str()),
            Told::Give(the_box, _) => (&mut given, the_box.as_str()),
            _ => continue,
        };
        let key = first.entry(the_box).or_insert(fact.key);
        *key = fact.key.min(*key);
    }
    for (the_box, key) in given {
        let ready = closed.entry(the_box).or_insert(key);
        *ready = key.max(*ready);
    }
    closed
}

impl World {
    /// Plays what is known; `facts` are in the order in which they came in.
    #[must_use]
    pub fn of(facts: &[Fact], forgets_undo: bool) -> Self {
        let ready = ready(facts);
        let mut ordered: Vec<&Fact> = facts.iter().collect();
        // The taker's clock is another one: nobody takes what was not yet closed and given.
        ordered.sort_by_key(|fact| match &fact.told {
            Told::Take(the_box, _) => match ready.get(the_box.as_str()) {
                Some(ready) if fact.key < *ready => (*ready, 1),
                _ => (fact.key, 0),
            },
            _ => (fact.key, 0),
        });
        let mut world = Self { forgets_undo, ..Self::default() };
        let mut on_tubes = Vec::new();
        for fact in ordered {
            let (tube, the_box) = (world.step(fact), world.box_step(fact));
            let accepted = tube && the_box;
            if let Told::Undo(tube, _) | Told::Move(tube, ..) | Told::Seal(tube, ..) | Told::Pack(tube, _) | Told::Unpack(tube, _) =
                &fact.told
            {
                on_tubes.push((tube.clone(), fact.id));
            }
            if !accepted {
                world.waits.insert((fact.told.subject().to_owned(), fact.id));
            }
        }
        // Whatever was done with a tube that nobody saw a swab of waits.
        world.tubes.retain(|_, tube| !tube.members.is_empty());
        world.waits.extend(on_tubes.into_iter().filter(|(tube, _)| !world.tubes.contains_key(tube)));
        for (code, tube) in &world.tubes {
            let waiting = tube.members.iter().filter(|(_, member)| matches!(member, Member::Waits(_)));
            world.waits.extend(waiting.map(|(id, _)| (code.clone(), *id)));
        }
        world.join(facts);
        world
    }

    fn put(&mut self, code: &str, id: Uuid, swab: Swab) {
        let tube = self.tubes.entry(code.to_owned()).or_default();
        let held = *tube.station.get_or_insert(swab.station);
        let member = if tube.stage != Stage::Open || held != swab.station || tube.inside() >= CAPACITY {
            Member::Waits(false)
        } else if swab.clock_off || !swab.known {
            Member::Waits(true)
        } else {
            Member::Valid
        };
        tube.members.insert(id, member);
    }

    /// A swab leaves its tube; answers whether it could.
    fn leave(&mut self, code: &str, id: Uuid, next: Member) -> bool {
        let Some(tube) = self.tubes.get_mut(code) else { return false };
        let open = tube.stage == Stage::Open;
        let Some(member) = tube.members.get_mut(&id).filter(|_| open) else { return false };
        match *member {
            Member::Valid | Member::Waits(_) => {
                *member = next;
                true
            }
            Member::Voided => next == Member::Voided,
            Member::Moved => false,
        }
    }

    fn stage(&mut self, code: &str, from: Stage, to: Stage, the_box: Option<&str>) -> bool {
        // Kept apart while no swab is known: a tube comes into being with its first swab.
        let tube = self.tubes.entry(code.to_owned()).or_default();
        if tube.stage != from {
            return false;
        }
        tube.stage = to;
        tube.the_box = the_box.map(str::to_owned);
        true
    }

    fn step(&mut self, fact: &Fact) -> bool {
        match &fact.told {
            Told::Swab(station, tube, person) => {
                let swab = Swab { station: *station, known: person.is_some(), clock_off: fact.clock_off };
                self.swabs.insert(fact.id, swab);
                self.put(tube, fact.id, swab);
                true
            }
            Told::Undo(..) if self.forgets_undo => true,
            Told::Undo(tube, of) => self.leave(tube, *of, Member::Voided),
            Told::Move(from, of, to) => {
                let swab = self.swabs.get(of).copied();
                let (Some(swab), true) = (swab, from != to) else { return false };
                let left = self.leave(from, *of, Member::Moved);
                if left {
                    self.put(to, *of, swab);
                }
                left
            }
            Told::Seal(code, counted, signed) => {
                let inside = self.tubes.get(code).map_or(0, Tube::inside);
                self.stage(code, Stage::Open, Stage::Sealed, None) && (*signed || usize::try_from(*counted) == Ok(inside))
            }
            Told::Pack(code, the_box) => self.stage(code, Stage::Sealed, Stage::Boxed, Some(the_box)),
            Told::Unpack(code, _) => self.stage(code, Stage::Boxed, Stage::Sealed, None),
            Told::SealBox(..) | Told::Give(..) | Told::Take(..) => true,
            Told::Forged(_) => false,
        }
    }

    /// The box's side; answers whether the command may stand. What a box refuses of a pack waits under
    /// the box's name, the rest under the subject's.
    fn box_step(&mut self, fact: &Fact) -> bool {
        match &fact.told {
            Told::Pack(tube, the_box) | Told::Unpack(tube, the_box) => {
                let row = self.boxes.entry(the_box.clone()).or_default();
                if row.sealed || row.left {
                    self.waits.insert((the_box.clone(), fact.id));
                } else if matches!(fact.told, Told::Pack(..)) {
                    row.inside.insert(tube.clone());
                } else {
                    row.inside.remove(tube);
                }
                true
            }
            Told::SealBox(the_box, counted, signed) => {
                let row = self.boxes.entry(the_box.clone()).or_default();
                let open = !row.sealed && !row.left;
                row.sealed |= open;
                open && (*signed || usize::try_from(*counted) == Ok(row.inside.len()))
            }
            Told::Give(the_box, handover) | Told::Take(the_box, handover) => {
                let row = self.boxes.entry(the_box.clone()).or_default();
                // An unsealed box that leaves is asked about, once.
                let asked = !row.sealed && !row.left;
                row.left = true;
                let side = if matches!(fact.told, Told::Give(..)) { &mut row.given } else { &mut row.taken };
                side.insert(*handover);
                !asked
            }
            _ => true,
        }
    }

    /// Joins the halves of hand-overs. Of two that name different boxes the one that came in later waits.
    fn join(&mut self, facts: &[Fact]) {
        let mut halves: BTreeMap<Uuid, Vec<(&str, Uuid, bool)>> = BTreeMap::new();
        for fact in facts {
            if let Told::Give(the_box, handover) | Told::Take(the_box, handover) = &fact.told {
                halves.entry(*handover).or_default().push((the_box, fact.id, matches!(fact.told, Told::Give(..))));
            }
        }
        for (handover, halves) in halves {
            let agree = halves.iter().all(|(the_box, ..)| *the_box == halves[0].0);
            let both = halves.iter().any(|half| half.2) && halves.iter().any(|half| !half.2);
            let state = match (agree, both) {
                (false, _) => "disputed",
                (true, true) => "joined",
                (true, false) => "half",
            };
            self.handovers.insert(handover, state);
            let odd = halves.iter().filter(|(the_box, ..)| *the_box != halves[0].0);
            self.waits.extend(odd.map(|(the_box, id, _)| ((*the_box).to_owned(), *id)));
        }
    }

    /// Whether the tube's box has left the site.
    #[must_use]
    pub fn left(&self, tube: &Tube) -> bool {
        tube.the_box.as_ref().and_then(|code| self.boxes.get(code)).is_some_and(|row| row.left)
    }
}
