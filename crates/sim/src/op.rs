//! The operations, as an enum: all that a day holds, and nothing that the server answers. A list of
//! steps plays the same day wherever it is pasted.

pub use allclear_store::faults::Fault;

/// One operation with its own number, by which later ones speak of it: a shorter list keeps the numbers.
pub type Step = (u32, Op);

/// One thing that somebody does, or that happens to them.
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
    /// A swab goes under a label that nobody printed: its check digit is wrong.
    Forge {
        /// Phone that does it.
        phone: usize,
        /// Place in the list of people.
        person: usize,
    },
    /// A scan is taken back.
    Undo {
        /// Phone that does it.
        phone: usize,
        /// Number of the scan.
        of: u32,
    },
    /// A scan goes to another tube.
    Move {
        /// Phone that does it.
        phone: usize,
        /// Number of the scan.
        of: u32,
        /// Serial of the other tube.
        to: u32,
    },
    /// A tube is closed and counted.
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
    /// A box is closed and counted.
    SealBox {
        /// Phone that does it.
        phone: usize,
        /// Serial of the box.
        the_box: u32,
        /// What is counted.
        counted: i32,
        /// Whether a difference is signed.
        signed: bool,
    },
    /// The giver's half of a hand-over.
    Give {
        /// Phone that does it.
        phone: usize,
        /// Serial of the box.
        the_box: u32,
        /// Number of the hand-over.
        handover: u32,
    },
    /// The taker's half.
    Take {
        /// Phone that does it.
        phone: usize,
        /// Serial of the box.
        the_box: u32,
        /// Number of the hand-over.
        handover: u32,
    },
    /// Two tubes are taken for each other from now on.
    SwapTubes {
        /// One.
        a: u32,
        /// The other.
        b: u32,
    },
    /// A box never arrives.
    LoseBox {
        /// Serial of the box.
        the_box: u32,
    },
    /// A phone sends the oldest commands it keeps, if it is online.
    Send {
        /// The phone.
        phone: usize,
        /// How many.
        take: usize,
    },
    /// A phone sends commands again that were answered.
    Duplicate {
        /// The phone.
        phone: usize,
        /// How many.
        take: usize,
    },
    /// What a phone keeps is turned round.
    Reorder {
        /// The phone.
        phone: usize,
    },
    /// A request stays on the way; the phone gives up on it and keeps its commands.
    Delay {
        /// The phone.
        phone: usize,
        /// How many commands it carries.
        take: usize,
    },
    /// Every request that stayed on the way arrives, the last first.
    Arrive,
    /// A phone has no network.
    Offline {
        /// The phone.
        phone: usize,
    },
    /// It has again.
    Online {
        /// The phone.
        phone: usize,
    },
    /// A phone's clock is wrong from now on.
    Skew {
        /// The phone.
        phone: usize,
        /// By how much.
        seconds: i64,
    },
    /// Nothing happens for a while.
    Wait {
        /// How long.
        minutes: i64,
    },
    /// The store fails for a while.
    Cut {
        /// How.
        fault: Fault,
        /// For how many calls.
        calls: u32,
    },
    /// The server dies.
    Crash {
        /// After how many more transactions.
        after: u32,
        /// Whether the one in which it dies was committed.
        committed: bool,
    },
    /// The server is stopped and started.
    Restart,
    /// Followers follow, clocks are looked at.
    Follow,
    /// The laboratory receives a box, or loose tubes.
    Receive {
        /// Serial of the box, if there is one.
        the_box: Option<u32>,
        /// Serials of the tubes that are scanned.
        tubes: Vec<u32>,
        /// One of them that leaks.
        damaged: Option<u32>,
    },
    /// Somebody decides about a tube on hold.
    ResolveHold {
        /// Serial of the tube.
        tube: u32,
        /// Thrown away, or received after all.
        discard: bool,
    },
    /// Tubes go onto a plate, and the plate is started.
    Plate {
        /// Number of the run.
        run: u32,
        /// Serials of the tubes.
        tubes: Vec<u32>,
    },
    /// Results are entered.
    Enter {
        /// Number of the run, if there is one.
        run: Option<u32>,
        /// Serials of the tubes.
        tubes: Vec<u32>,
        /// What they are.
        value: Call,
        /// By the account that may also release.
        by_both: bool,
    },
    /// One result is released.
    Release {
        /// Serial of the tube.
        tube: u32,
        /// What the releaser reads.
        value: Call,
        /// By the account that may also enter.
        by_both: bool,
    },
    /// The negatives of a run are released.
    ReleaseRun {
        /// Number of the run.
        run: u32,
    },
    /// A tube cannot be tested.
    Reject {
        /// Serial of the tube.
        tube: u32,
    },
    /// A tube goes back to the queue.
    Repeat {
        /// Serial of the tube.
        tube: u32,
    },
    /// A register file is taken in.
    Import {
        /// Number of its first person.
        first: u32,
        /// How many persons it names.
        rows: u32,
        /// How many lines of it are nonsense.
        bad: u32,
    },
}

/// What a laboratory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Negative.
    Negative,
    /// Positive.
    Positive,
    /// Invalid.
    Invalid,
}

impl Call {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Positive => "positive",
            Self::Invalid => "invalid",
        }
    }
}

impl Op {
    /// The name, for counting and for `--faults`.
    #[must_use]
    pub fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_lowercase()
    }

    /// Which fault it is, if it is one that `--faults` names.
    #[must_use]
    pub const fn fault(&self) -> Option<&'static str> {
        Some(match self {
            Self::Forge { .. } => "forge",
            Self::SwapTubes { .. } => "swap",
            Self::LoseBox { .. } => "lose",
            Self::Duplicate { .. } => "duplicate",
            Self::Reorder { .. } => "reorder",
            Self::Delay { .. } | Self::Arrive => "delay",
            Self::Offline { .. } | Self::Online { .. } => "offline",
            Self::Skew { .. } => "skew",
            Self::Cut { .. } => "cut",
            Self::Crash { .. } => "crash",
            Self::Restart => "restart",
            _ => return None,
        })
    }
}

/// What `--faults` may name.
pub const FAULTS: [&str; 11] = ["forge", "swap", "lose", "duplicate", "reorder", "delay", "offline", "skew", "cut", "crash", "restart"];

/// A sequence as the text of a plain test.
#[must_use]
pub fn as_test(name: &str, rule: &str, steps: &[Step]) -> String {
    let lines: String = steps.iter().map(|step| format!("        {step:?},\n").replace(": [", ": vec![")).collect();
    format!(
        "//! Found by the simulation: {rule}.\n\nuse allclear_sim::{{\n    op::{{Call::*, Fault::*, Op::*, Step}},\n    replay,\n}};\n\n\
         #[test]\nfn {name}() {{\n    let steps: Vec<Step> = vec![\n{lines}    ];\n    replay(&steps);\n}}\n"
    )
}
