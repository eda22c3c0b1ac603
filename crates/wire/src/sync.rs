//! What field devices send. The device stores a command before the first send; the server answers
//! `recorded` or `exception`, never "rejected": what happened in the world is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A batch of commands, at most 200, oldest first. Sending one twice changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncRequest {
    /// The device's clock when it sent this, RFC 3339 UTC; the server measures the offset.
    pub sent_at: String,
    /// The commands.
    pub commands: Vec<Command>,
}

/// Answers in the order of the commands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncResponse {
    /// The server's clock.
    pub received_at: String,
    /// One outcome a command.
    pub outcomes: Vec<Outcome>,
}

/// What became of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// The command's id.
    pub id: Uuid,
    /// `recorded` or `exception`.
    pub state: OutcomeState,
    /// Which exception, if it is one.
    pub exception: Option<ExceptionKind>,
    /// Something to tell the registrar although it was recorded.
    pub warning: Option<Warning>,
    /// Who has the tube, if the exception is `tube_held_elsewhere`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
}

/// The table that holds a tube: the one that put the first swab into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// Name of its site.
    pub site_name: String,
    /// Station (table) number at the site.
    pub station: i32,
}

/// Whether a command was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    /// Applied (now or earlier).
    Recorded,
    /// Kept, not applied; a person decides.
    Exception,
}

/// Why a fact waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// The person already has a valid collection in this round.
    SecondCollection,
    /// The tube is open at another station or was sealed before this collection arrived.
    TubeHeldElsewhere,
    /// The tube was sealed, boxed or further when this collection arrived.
    TubeSealed,
    /// The tube has as many collections as its kind allows.
    TubeOverFull,
    /// No person has this code or document.
    UnknownPerson,
    /// The round was not open at the time of the collection.
    RoundClosed,
    /// The device's clock was too far off to trust its time.
    ClockTooFarOff,
    /// The same id came with other content.
    ContentDiffers,
    /// A seal or box count that does not agree and was not signed.
    CountDiffers,
    /// The code is malformed or of another kind.
    MalformedCode,
    /// The tube, box or collection that the command names is not known yet.
    UnknownTarget,
    /// The command does not fit the state of the tube or box.
    WrongState,
    /// The device's account does not hold the role or area at this site.
    OutOfScope,
    /// The halves of a hand-over, or what the phones showed each other, do not agree.
    HandOverDisputed,
}

/// Recorded, but worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Already sampled in this round, as far as this server has seen: an exception will follow.
    AlreadySampled,
    /// Recorded, and the tube is now full.
    TubeFull,
    /// Not on the expected list of this round.
    NotExpected,
    /// The round is closing: this swab counts, no further one should be taken.
    RoundClosing,
}

/// One instruction made on a device. `id` is a UUIDv7 made there; `device_seq` counts up by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Command {
    /// Made on the device; the fact (collection, hand-over) keeps this id.
    pub id: Uuid,
    /// The device's own count, from 1.
    pub device_seq: i64,
    /// The device's clock when it happened, RFC 3339 UTC.
    pub at: String,
    /// Whether the device was offline when it happened.
    pub offline: bool,
    /// What happened.
    #[serde(flatten)]
    pub op: Op,
}

/// The operations of the field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// A swab went into a tube.
    RecordCollection(RecordCollection),
    /// A collection is taken back (undo, wrong person). It stays on record as voided.
    VoidCollection(VoidCollection),
    /// A collection moves to another open tube.
    MoveCollection(MoveCollection),
    /// The tube is closed and counted.
    SealTube(SealTube),
    /// A tube goes into a box.
    PackTube(PackTube),
    /// A tube comes out of an open box.
    UnpackTube(PackTube),
    /// The box is closed and counted.
    SealBox(SealBox),
    /// One half of a hand-over of boxes: each side sends its own.
    HandOver(HandOver),
}

/// Size class of a tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

/// How the person was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdMode {
    /// Phone or printed code.
    Code,
    /// ID card number, scanned or read.
    Card,
    /// Number typed.
    Typed,
    /// Family member of a scanned code.
    Proxy,
    /// Name taken down by hand.
    Manual,
}

/// A swab went into a tube.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordCollection {
    /// The round.
    pub round: Uuid,
    /// The site.
    pub site: Uuid,
    /// Station (table) number at the site, from 1.
    pub station: i32,
    /// The tube's code as scanned.
    pub tube: String,
    /// The tube's kind, set by its first collection.
    pub tube_kind: TubeKind,
    /// Who.
    pub person: PersonRef,
    /// How the person was recognised.
    pub id_mode: IdMode,
}

/// Who was sampled, as far as the device knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum PersonRef {
    /// Recognised from the device's roster.
    No {
        /// Person number.
        no: i64,
    },
    /// A scanned code that the roster does not hold.
    Code {
        /// Card code as scanned.
        code: String,
    },
    /// A document number that the roster does not hold.
    Document {
        /// Kind of document.
        kind: crate::people::DocumentKind,
        /// Number as scanned or typed.
        number: String,
        /// Name, if it was asked.
        name: Option<String>,
    },
    /// Taken down by hand: a person without a number. Each command with another `provisional`
    /// id is another person until somebody merges them.
    Manual {
        /// Id made on the device for this person.
        provisional: Uuid,
        /// Name.
        name: String,
        /// Phone, if given.
        phone: Option<String>,
        /// Year of birth, if given.
        birth_year: Option<i32>,
    },
}

/// A collection is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VoidCollection {
    /// Which.
    pub collection: Uuid,
    /// The tube it is in (the store keeps collections by tube).
    pub tube: String,
    /// Why.
    pub reason: String,
}

/// A collection moves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MoveCollection {
    /// Which.
    pub collection: Uuid,
    /// The tube it was put down in.
    pub from_tube: String,
    /// The tube it really is in.
    pub to_tube: String,
    /// Kind of the second tube, if this is its first collection.
    pub to_kind: TubeKind,
}

/// The tube is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SealTube {
    /// The tube's code.
    pub tube: String,
    /// How many swabs the registrar counted.
    pub counted: i32,
    /// Name signed under a difference between count and record.
    pub difference_signed_by: Option<String>,
}

/// A tube goes into, or out of, a box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackTube {
    /// The box.
    #[serde(rename = "box")]
    pub box_code: String,
    /// The tube.
    pub tube: String,
    /// The site, so that a box belongs to one.
    pub site: Uuid,
}

/// The box is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SealBox {
    /// The box.
    #[serde(rename = "box")]
    pub box_code: String,
    /// How many tubes were counted.
    pub counted: i32,
    /// Name signed under a difference.
    pub difference_signed_by: Option<String>,
}

/// One side's half of a hand-over. Both halves carry the same `handover` id, made by the giver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HandOver {
    /// Id of the hand-over, made by the giver's device.
    pub handover: Uuid,
    /// Which half this is.
    pub side: HandOverSide,
    /// Boxes that change hands.
    pub boxes: Vec<String>,
    /// The other side's signed statement, as it stood in its QR code.
    pub counterpart: Option<String>,
    /// Where to, on the giver's side: a laboratory or a courier's name.
    pub destination: Option<String>,
}

/// Which half of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandOverSide {
    /// Gives the boxes away.
    Giver,
    /// Takes them over.
    Taker,
}

/// What a field device loads at the start of a shift: enough to recognise people offline.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Shift {
    /// The site.
    pub site: crate::rounds::Site,
    /// Rounds that are open here.
    pub rounds: Vec<crate::rounds::Round>,
    /// Kinds of tube that these rounds say here; of each round the first is the usual one.
    pub kinds: Vec<SiteKind>,
    /// Where people are sent while the site is closed.
    pub go_to: Option<GoTo>,
    /// Why the site is closed.
    pub closed_reason: Option<String>,
    /// As of.
    pub as_of: String,
}

/// A kind of tube that a round says for an area which a site serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SiteKind {
    /// Round.
    pub round: Uuid,
    /// Area.
    pub area: String,
    /// Whose: persons in any of these groups; none: everybody.
    pub groups: Vec<String>,
    /// The kind.
    pub tube_kind: TubeKind,
}

/// The site that takes the people of a closed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GoTo {
    /// Site.
    pub site: Uuid,
    /// Name.
    pub name: String,
    /// Opening hours.
    pub hours: String,
}

/// One person of the roster, in the fewest fields that recognise someone at a table.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RosterEntry {
    /// Person number.
    pub no: i64,
    /// Name, to say it aloud.
    pub name: String,
    /// Card codes in use.
    pub codes: Vec<String>,
    /// Keyed digests of document numbers: HMAC-SHA-256 with the roster's key, first 12 bytes, base64url.
    pub documents: Vec<String>,
    /// Household number: a scanned member or family code opens the others.
    pub household: Option<i64>,
    /// Family code, if one was given out.
    pub household_code: Option<String>,
    /// Whether sampled in the open round, as of the roster.
    pub sampled: bool,
    /// Kind of tube for this person, by round, where it is not the site's usual one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tube_kinds: BTreeMap<Uuid, TubeKind>,
}

/// The roster of the areas that a site serves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Roster {
    /// As of.
    pub as_of: String,
    /// Key of the document digests (base64url), new for each device and shift.
    pub digest_key: String,
    /// The people; at most 20,000.
    pub entries: Vec<RosterEntry>,
    /// When the device must have erased it.
    pub erase_at: String,
}
