//! Rows of this capability, and how they are read.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Account, Collection, Id, PersonNo, Round, Site},
        time::Instant,
    },
    sampling::{
        FactKey,
        tube::{Stage, TubeKind},
    },
};
use uuid::Uuid;

use crate::{Result, Row, rounds::word};

/// A tube as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TubeRow {
    /// Barcode.
    pub code: String,
    /// Round.
    pub round: Id<Round>,
    /// Kind.
    pub kind: TubeKind,
    /// Stage.
    pub stage: Stage,
    /// Site.
    pub site: Id<Site>,
    /// Station that holds it.
    pub station: Option<i32>,
    /// Collections that count.
    pub valid: i32,
    /// Swabs physically inside.
    pub inside: i32,
    /// Box it is in.
    pub box_code: Option<String>,
    /// What the registrar counted at the seal.
    pub counted: Option<i32>,
    /// First fact.
    pub opened_at: Instant,
    /// Seal.
    pub sealed_at: Option<Instant>,
    /// When the stage was reached.
    pub stage_at: Instant,
    /// Key of the last field fact folded in.
    pub last: FactKey,
    /// Version for updates.
    pub version: i64,
}

/// A collection as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionRow {
    /// Tube it is in.
    pub tube: String,
    /// Id made on the device.
    pub id: Id<Collection>,
    /// Round.
    pub round: Id<Round>,
    /// Who, once known.
    pub person: Option<PersonNo>,
    /// What the device said of somebody unknown, sealed.
    pub claimed: Option<Vec<u8>>,
    /// Living area of the person, or the site's area while unknown.
    pub area: AreaCode,
    /// Site.
    pub site: Id<Site>,
    /// Station.
    pub station: i32,
    /// Kind of tube in the registrar's hand.
    pub kind: TubeKind,
    /// Who registered it.
    pub registrar: Id<Account>,
    /// How the person was recognised.
    pub id_mode: String,
    /// Whether the device was offline.
    pub offline: bool,
    /// Device's time, number and count.
    pub key: FactKey,
    /// Server's time.
    pub recorded_at: Instant,
    /// Server clock less device clock at the send, microseconds.
    pub clock_offset: i64,
    /// `valid`, `voided`, `moved`, `exception`.
    pub state: String,
    /// A refusal that does not depend on the tube.
    pub flaw: Option<String>,
    /// `keep` or `void`, once a supervisor decided.
    pub decision: Option<String>,
    /// Tube it came from, if it was moved.
    pub moved_from: Option<String>,
}

/// Something that happened to a tube or box besides swabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodyRow {
    /// Tube or box code.
    pub subject: String,
    /// Id of the command.
    pub id: Uuid,
    /// `sealed`, `voided`, `moved_out`, `packed`, `unpacked`, …
    pub event: String,
    /// Device's time, number and count.
    pub key: FactKey,
    /// Server's time.
    pub recorded_at: Instant,
    /// Who.
    pub actor: Id<Account>,
    /// The other thing.
    pub target: Option<String>,
    /// Count.
    pub counted: Option<i32>,
    /// Name under a difference.
    pub signed_by: Option<String>,
    /// More, JSON.
    pub detail: Option<String>,
    /// `accepted` or the exception's word.
    pub verdict: String,
}

/// A box as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRow {
    /// Barcode.
    pub code: String,
    /// Site it was filled at.
    pub site: Option<Id<Site>>,
    /// `open`, `sealed`, `handed_over`, `received`.
    pub state: String,
    /// Tubes inside.
    pub tubes: i32,
    /// Tubes counted at the seal.
    pub counted: Option<i32>,
    /// Who has it.
    pub holder: Option<Id<Account>>,
    /// Seal.
    pub sealed_at: Option<Instant>,
    /// When the state was reached.
    pub state_at: Instant,
    /// Version for updates.
    pub version: i64,
}

/// A hand-over, one or both halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverRow {
    /// Id made by the giver's device.
    pub id: Uuid,
    /// Boxes, sorted, JSON.
    pub boxes: String,
    /// Where to.
    pub destination: Option<String>,
    /// Giver, device, time.
    pub giver: Option<(Id<Account>, i64, Instant)>,
    /// Taker, device, time.
    pub taker: Option<(Id<Account>, i64, Instant)>,
    /// Device whose signed statement the giver's half carries.
    pub shown_to_giver: Option<i64>,
    /// Device whose signed statement the taker's half carries.
    pub shown_to_taker: Option<i64>,
    /// `half`, `joined`, `disputed`.
    pub state: String,
}

/// A fact that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Id: that of the command it is about.
    pub id: Uuid,
    /// Kind's word.
    pub kind: String,
    /// Tube, box or other code it is about.
    pub subject: String,
    /// Round.
    pub round: Option<Id<Round>>,
    /// Person, if known.
    pub person: Option<PersonNo>,
    /// Site.
    pub site: Option<Id<Site>>,
    /// Area, for scope.
    pub area: AreaCode,
    /// When it was opened.
    pub opened_at: Instant,
    /// Both sides, JSON without identities.
    pub detail: String,
    /// `open` or `resolved`.
    pub state: String,
    /// What was decided.
    pub resolution: Option<String>,
    /// Words of the person who decided.
    pub note: Option<String>,
    /// When.
    pub resolved_at: Option<Instant>,
}

pub(super) fn tube(row: &Row) -> Result<TubeRow> {
    Ok(TubeRow {
        code: row.get("code")?,
        round: row.get("round")?,
        kind: word(row, "kind", TubeKind::parse)?,
        stage: word(row, "stage", Stage::parse)?,
        site: row.get("site")?,
        station: row.get("station")?,
        valid: row.get("valid")?,
        inside: row.get("inside")?,
        box_code: row.get("box")?,
        counted: row.get("counted")?,
        opened_at: row.get("opened_at")?,
        sealed_at: row.get("sealed_at")?,
        stage_at: row.get("stage_at")?,
        last: FactKey { at: row.get("last_at")?, device_no: row.get("last_device")?, device_seq: row.get("last_seq")? },
        version: row.get("version")?,
    })
}

pub(super) fn collection(row: &Row) -> Result<CollectionRow> {
    Ok(CollectionRow {
        tube: row.get("tube")?,
        id: row.get("id")?,
        round: row.get("round")?,
        person: row.get("person")?,
        claimed: row.get("claimed")?,
        area: row.get("area")?,
        site: row.get("site")?,
        station: row.get("station")?,
        kind: word(row, "kind", TubeKind::parse)?,
        registrar: row.get("registrar")?,
        id_mode: row.get("id_mode")?,
        offline: row.get("offline")?,
        key: FactKey { at: row.get("taken_at")?, device_no: row.get("device_no")?, device_seq: row.get("device_seq")? },
        recorded_at: row.get("recorded_at")?,
        clock_offset: row.get("clock_offset")?,
        state: row.get("state")?,
        flaw: row.get("flaw")?,
        decision: row.get("decision")?,
        moved_from: row.get("moved_from")?,
    })
}

pub(super) fn custody(row: &Row) -> Result<CustodyRow> {
    Ok(CustodyRow {
        subject: row.get("subject")?,
        id: row.get("id")?,
        event: row.get("event")?,
        key: FactKey { at: row.get("at")?, device_no: row.get("device_no")?, device_seq: row.get("device_seq")? },
        recorded_at: row.get("recorded_at")?,
        actor: row.get("actor")?,
        target: row.get("target")?,
        counted: row.get("counted")?,
        signed_by: row.get("signed_by")?,
        detail: row.get("detail")?,
        verdict: row.get("verdict")?,
    })
}

pub(super) fn exception(row: &Row) -> Result<ExceptionRow> {
    Ok(ExceptionRow {
        id: row.get("id")?,
        kind: row.get("kind")?,
        subject: row.get("subject")?,
        round: row.get("round")?,
        person: row.get("person")?,
        site: row.get("site")?,
        area: row.get("area")?,
        opened_at: row.get("opened_at")?,
        detail: row.get("detail")?,
        state: row.get("state")?,
        resolution: row.get("resolution")?,
        note: row.get("note")?,
        resolved_at: row.get("resolved_at")?,
    })
}
