//! The operations, as an enum; what a phone sends for each.

use allclear_domain::kernel::code::{BoxCode, TubeCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// One thing that somebody does in the field. `of` names an earlier scan by its place in the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// A swab goes into a tube.
    Scan {
        /// Phone that does it.
        phone: usize,
        /// Table.
        station: i32,
        /// Serial of the tube.
        tube: u32,
        /// Place in the list of people.
        person: usize,
    },
    /// A swab of somebody nobody knows.
    ScanUnknown {
        /// Phone that does it.
        phone: usize,
        /// Table.
        station: i32,
        /// Serial of the tube.
        tube: u32,
    },
    /// A scan is taken back.
    Undo {
        /// Phone that does it.
        phone: usize,
        /// Place of the scan in the day.
        of: usize,
    },
    /// A scan goes to another tube.
    Move {
        /// Phone that does it.
        phone: usize,
        /// Place of the scan in the day.
        of: usize,
        /// Serial of the other tube.
        to: u32,
    },
    /// A tube is closed; the count is off by `error`.
    Seal {
        /// Phone that does it.
        phone: usize,
        /// Serial of the tube.
        tube: u32,
        /// What the registrar counts.
        counted: i32,
        /// Whether a difference is signed.
        signed: bool,
    },
    /// A tube goes into a box.
    Pack {
        /// Phone that does it.
        phone: usize,
        /// Serial of the tube.
        tube: u32,
        /// Serial of the box.
        the_box: u32,
    },
    /// A tube comes out of a box.
    Unpack {
        /// Phone that does it.
        phone: usize,
        /// Serial of the tube.
        tube: u32,
        /// Serial of the box.
        the_box: u32,
    },
}

impl Op {
    /// Which phone does it.
    #[must_use]
    pub const fn phone(&self) -> usize {
        match self {
            Self::Scan { phone, .. }
            | Self::ScanUnknown { phone, .. }
            | Self::Undo { phone, .. }
            | Self::Move { phone, .. }
            | Self::Seal { phone, .. }
            | Self::Pack { phone, .. }
            | Self::Unpack { phone, .. } => *phone,
        }
    }

    /// The command's body; references to other scans are filled in by [`resolve`].
    #[must_use]
    pub fn json(&self, round: Uuid, site: Uuid, people: &[i64]) -> Value {
        let scan = |station: i32, tube: u32, no: i64| {
            json!({ "op": "record_collection", "round": round, "site": site, "station": station, "tube": code(tube), "tube_kind": "pool5",
                    "person": { "by": "no", "no": no }, "id_mode": "code" })
        };
        match self {
            Self::Scan { station, tube, person, .. } => scan(*station, *tube, people[*person]),
            Self::ScanUnknown { station, tube, .. } => scan(*station, *tube, 1),
            Self::Undo { .. } => json!({ "op": "void_collection", "reason": "undo" }),
            Self::Move { to, .. } => json!({ "op": "move_collection", "to_tube": code(*to), "to_kind": "pool5" }),
            Self::Seal { tube, counted, signed, .. } => {
                json!({ "op": "seal_tube", "tube": code(*tube), "counted": counted, "difference_signed_by": signed.then_some("应立夏") })
            }
            Self::Pack { tube, the_box, .. } => json!({ "op": "pack_tube", "box": box_code(*the_box), "tube": code(*tube), "site": site }),
            Self::Unpack { tube, the_box, .. } => {
                json!({ "op": "unpack_tube", "box": box_code(*the_box), "tube": code(*tube), "site": site })
            }
        }
    }
}

/// Label of a simulated tube.
#[must_use]
pub fn code(tube: u32) -> String {
    TubeCode::from_serial(tube).as_str().to_owned()
}

fn box_code(the_box: u32) -> String {
    BoxCode::from_serial(the_box).as_str().to_owned()
}

/// An operation with the command that a phone made of it.
#[derive(Debug, Clone)]
pub struct Made {
    /// What was done.
    pub op: Op,
    /// Id of the command.
    pub id: Uuid,
    /// Its place in the canonical order.
    pub key: (i64, i64, i64),
    /// What is sent.
    pub command: Value,
}

impl Made {
    /// Reads id and key back from the command.
    #[must_use]
    pub fn new(op: Op, device_no: i64, command: Value) -> Self {
        let id = command["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let at = command["at"].as_str().and_then(allclear_server::clock::parse_rfc3339).unwrap_or_default().0;
        let seq = command["device_seq"].as_i64().unwrap_or_default();
        Self { op, id, key: (at, device_no, seq), command }
    }
}

/// Fills in the ids and tubes of the scans that undos and moves speak of.
#[must_use]
pub fn resolve(mut made: Vec<Made>) -> Vec<Made> {
    for i in 0..made.len() {
        let (of, from) = match made[i].op {
            Op::Undo { of, .. } => (of, "tube"),
            Op::Move { of, .. } => (of, "from_tube"),
            _ => continue,
        };
        let (collection, tube) = (made[of].command["id"].clone(), made[of].command["tube"].clone());
        made[i].command["collection"] = collection;
        made[i].command[from] = tube;
    }
    made
}
