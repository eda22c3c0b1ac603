//! Facts that wait for a person, with both sides.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::sync::{ExceptionKind, TubeKind};

/// A supervisor's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It counts.
    Keep,
    /// It does not count.
    Void,
    /// It is this person's swab.
    LinkPerson,
    /// Nothing changes.
    Dismiss,
    /// The tube is of a larger kind than the phone said; the swab counts.
    CorrectKind,
}

/// One line of the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExceptionLine {
    /// Id.
    pub id: Uuid,
    /// Kind.
    pub kind: ExceptionKind,
    /// Tube, box or other code it is about.
    pub subject: String,
    /// Round.
    pub round: Option<Uuid>,
    /// Its name.
    pub round_name: Option<String>,
    /// Site.
    pub site: Option<Uuid>,
    /// Its name.
    pub site_name: Option<String>,
    /// Area.
    pub area: String,
    /// Its name.
    pub area_name: String,
    /// When it was opened.
    pub opened_at: String,
    /// `open` or `resolved`.
    pub state: String,
    /// What was decided.
    pub resolution: Option<String>,
}

/// Open exceptions of one kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExceptionCount {
    /// Kind.
    pub kind: ExceptionKind,
    /// Open.
    pub open: i64,
}

/// What the device sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SentSide {
    /// The command's word.
    pub command: String,
    /// When, by the device's clock.
    pub at: Option<String>,
    /// When it came in.
    pub recorded_at: String,
    /// Seconds by which the device's clock was behind the server's.
    pub clock_offset_s: Option<i64>,
    /// Short number of the device.
    pub device_no: Option<i64>,
    /// What people call the device.
    pub device_label: Option<String>,
    /// Who registered it.
    pub registrar: Option<String>,
    /// Site.
    pub site_name: Option<String>,
    /// Station.
    pub station: Option<i32>,
    /// Tube.
    pub tube: String,
    /// Kind of tube in the registrar's hand.
    pub tube_kind: Option<TubeKind>,
    /// How the person was recognised.
    pub id_mode: Option<String>,
    /// Whether the device was offline.
    pub offline: Option<bool>,
    /// Person number.
    pub person: Option<i64>,
    /// Name, masked.
    pub person_name: Option<String>,
    /// What the device said of somebody unknown, masked.
    pub claimed: Option<String>,
    /// State of the swab: `valid`, `voided`, `moved`, `exception`.
    pub state: Option<String>,
}

/// The tube as it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetTube {
    /// Stage.
    pub stage: String,
    /// Kind.
    pub kind: TubeKind,
    /// Site that holds it.
    pub site_name: String,
    /// Station that holds it.
    pub station: Option<i32>,
    /// Swabs that count.
    pub valid: i32,
    /// Swabs inside.
    pub inside: i32,
    /// When it was sealed.
    pub sealed_at: Option<String>,
    /// Swabs counted at the seal.
    pub counted: Option<i32>,
}

/// The round as it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetRound {
    /// Name.
    pub name: String,
    /// State.
    pub state: String,
    /// Opened.
    pub opened_at: Option<String>,
    /// Closed.
    pub closed_at: Option<String>,
}

/// A swab of the same person in the same round.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetSwab {
    /// Tube.
    pub tube: String,
    /// Site.
    pub site_name: String,
    /// When it was taken.
    pub taken_at: String,
    /// Whether it counts.
    pub valid: bool,
    /// Whether it is the one that this exception is about.
    pub this: bool,
}

/// The box as it is: what was scanned in beside what was counted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetBox {
    /// Code.
    #[serde(rename = "box")]
    pub code: String,
    /// `open`, `sealed`, `handed_over`, `received`.
    pub state: String,
    /// Site it was filled at.
    pub site_name: Option<String>,
    /// Tubes on record.
    pub recorded: i32,
    /// Tubes counted at the seal.
    pub counted: Option<i32>,
    /// Name under a difference.
    pub signed_by: Option<String>,
    /// When it was sealed.
    pub sealed_at: Option<String>,
    /// Who has it.
    pub holder: Option<String>,
}

/// One half of a hand-over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetHalf {
    /// Who sent it.
    pub who: String,
    /// Short number of the device.
    pub device_no: i64,
    /// When, by the device's clock.
    pub at: String,
    /// Short number of the device whose signed statement it carries.
    pub shown_by: Option<i64>,
}

/// The hand-over as it is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetHandover {
    /// Id, made by the giver's device.
    pub handover: Uuid,
    /// `half`, `joined`, `disputed`.
    pub state: String,
    /// Boxes that the first half named.
    pub boxes: Vec<String>,
    /// Where to.
    pub destination: Option<String>,
    /// The giver's half.
    pub giver: Option<MetHalf>,
    /// The taker's half.
    pub taker: Option<MetHalf>,
}

/// What it met.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MetSide {
    /// The tube.
    pub tube: Option<MetTube>,
    /// The box.
    #[serde(rename = "box")]
    pub of_box: Option<MetBox>,
    /// The hand-over.
    pub handover: Option<MetHandover>,
    /// The round.
    pub round: Option<MetRound>,
    /// Swabs of the same person.
    pub swabs: Vec<MetSwab>,
}

/// An exception with both sides.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExceptionDetail {
    /// The line.
    #[serde(flatten)]
    pub line: ExceptionLine,
    /// What the device sent.
    pub sent: SentSide,
    /// What it met.
    pub met: MetSide,
    /// What is suggested.
    pub suggested: Resolution,
    /// What may be decided.
    pub allowed: Vec<Resolution>,
    /// Who resolved it.
    pub resolved_by: Option<String>,
    /// When.
    pub resolved_at: Option<String>,
    /// In words.
    pub note: Option<String>,
}

/// Decides an exception.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResolveException {
    /// What.
    pub decision: Resolution,
    /// Whose swab it is, for `link_person`: somebody of the register.
    pub person: Option<i64>,
    /// For `link_person`: somebody new, registered from what the device said.
    pub register: Option<RegisterClaim>,
    /// What kind the tube is, for `correct_kind`.
    pub tube_kind: Option<TubeKind>,
    /// Why; needed to void or dismiss.
    #[serde(default)]
    pub note: String,
}

/// Registers the person whom a device met: what the device did not say is filled in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct RegisterClaim {
    /// Name, if the device has none or it is misspelt.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Village of the home; that of the site if absent.
    pub area: Option<String>,
}

/// Why somebody looks at what a device said of a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RevealClaim {
    /// In words; logged.
    pub reason: String,
}

/// What a device said of somebody unknown, in clear.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Claim {
    /// Person number.
    pub no: Option<i64>,
    /// Card code.
    pub code: Option<String>,
    /// Kind of document.
    pub document_kind: Option<crate::people::DocumentKind>,
    /// Document number.
    pub document: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i32>,
}

/// Decides many exceptions of one kind, each as it is suggested for it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResolveMany {
    /// Which; at most 200, all of one kind.
    pub ids: Vec<Uuid>,
    /// Why.
    pub note: String,
}

/// What became of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ResolvedMany {
    /// Resolved.
    pub resolved: i64,
    /// Left for a look at each: what is suggested needs a person to be named, or may not be done.
    pub left: Vec<Uuid>,
}

/// Asks for the list as a file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExceptionExport {
    /// `csv` or `xlsx`.
    pub format: String,
    /// Why; logged.
    pub reason: String,
}
