//! Areas and people. Identities are masked everywhere but in a logged reveal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Kind of identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 居民身份证, GB 11643
    ResidentId,
    /// 港澳居民来往内地通行证 / 居住证
    HkMacaoPermit,
    /// 台湾居民来往大陆通行证
    TaiwanPermit,
    /// 护照
    Passport,
    /// 外国人永久居留身份证
    ForeignPermanentResident,
}

/// A node of the division tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Area {
    /// Official division code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code one level up.
    pub parent: Option<String>,
    /// `county`, `town`, `village`, `grid`.
    pub level: String,
    /// Planning population.
    pub population: i64,
}

/// What the area list says: `code,name,parent,level,population`, one line an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AreasTaken {
    /// Areas that are new.
    pub added: i64,
    /// Areas that were there and now carry the name and population of the file.
    pub changed: i64,
}

/// What somebody typed or scanned into the search box. In a body, because an address is logged and
/// an identity never is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PeopleSearch {
    /// A name or its beginning, pinyin initials, a document number, a phone, a card or family code.
    pub text: String,
    /// Only in this area.
    pub area: Option<String>,
}

/// A person in a list: masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonLine {
    /// Number.
    pub no: i64,
    /// `张*`
    pub name: String,
    /// `male`, `female`
    pub sex: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Kind of the first document.
    pub document_kind: Option<String>,
    /// `3307**********1234`
    pub document: Option<String>,
    /// `138****5678`
    pub phone: Option<String>,
    /// Village code.
    pub area: String,
    /// Village and town, as people say it.
    pub area_name: String,
    /// Groups.
    pub groups: Vec<String>,
    /// `active`, `provisional`, `merged`, `removed`
    pub state: String,
    /// The record it was merged into.
    pub merged_into: Option<i64>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeopleFound {
    /// `name`, `initials`, `document`, `phone`, `code`, `family`, `number`, `area`: how the text was understood.
    pub by: String,
    /// At most 100.
    pub rows: Vec<PersonLine>,
    /// Whether there are more; a longer text finds fewer.
    pub more: bool,
}

/// A document, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentLine {
    /// Kind.
    pub kind: String,
    /// Masked number; of an infant the guardian's.
    pub number: String,
}

/// A stay in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StayLine {
    /// Group.
    pub group: String,
    /// Reason; only whoever may change persons reads it.
    pub reason: Option<String>,
    /// From.
    pub from_at: String,
    /// Until, if it ends.
    pub until_at: Option<String>,
    /// Whether it is in force now.
    pub in_force: bool,
}

/// A card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardLine {
    /// The first and last characters of the code: enough to tell cards apart, too little to use one.
    pub code: String,
    /// When issued.
    pub issued_at: String,
    /// When revoked.
    pub revoked_at: Option<String>,
}

/// A step of a record's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryLine {
    /// When.
    pub at: String,
    /// Operation.
    pub op: String,
    /// Account or service.
    pub author: String,
    /// The other record of a merge.
    pub other: Option<i64>,
}

/// One person's record, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonRecord {
    /// The line of the lists.
    #[serde(flatten)]
    pub line: PersonLine,
    /// Counts changes; goes back with a correction.
    pub version: i64,
    /// Grid.
    pub grid: Option<String>,
    /// Where registered.
    pub residence_area: Option<String>,
    /// Whether an address is known.
    pub has_address: bool,
    /// Employer or school.
    pub workplace: Option<String>,
    /// Every document, those of merged records included.
    pub documents: Vec<DocumentLine>,
    /// Stays in groups, newest first.
    pub stays: Vec<StayLine>,
    /// Cards, newest first.
    pub cards: Vec<CardLine>,
    /// The rest of the household.
    pub household: Vec<PersonLine>,
    /// The guardian.
    pub guardian: Option<i64>,
    /// Records merged into this one.
    pub merged: Vec<PersonLine>,
    /// Records that may be the same person: same name and same phone or birth year.
    pub alike: Vec<PersonLine>,
    /// History of the record, newest first.
    pub history: Vec<HistoryLine>,
    /// How many times the person was sampled.
    pub collections: i64,
}

/// A person as typed on the desk.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PersonForm {
    /// Name.
    pub name: String,
    /// `resident_id`, …, `none`; guessed from the number if absent.
    pub document_kind: Option<String>,
    /// Number; absent for `none`.
    pub document_number: Option<String>,
    /// Guardian's document number, for `none`.
    pub guardian_document: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// `male`, `female`
    pub sex: Option<String>,
    /// `2011-03-09`
    pub birth_date: Option<String>,
    /// Village code or name.
    pub living_area: String,
    /// Where registered.
    pub residence_area: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Employer or school.
    pub workplace: Option<String>,
    /// A person of the same household.
    pub household_of: Option<i64>,
}

/// A correction: only what is given changes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PersonCorrection {
    /// The version that was read.
    pub version: i64,
    /// Why.
    pub reason: String,
    /// Name.
    pub name: Option<String>,
    /// Phone; empty takes it away.
    pub phone: Option<String>,
    /// Village code or name.
    pub living_area: Option<String>,
    /// Address; empty takes it away.
    pub address: Option<String>,
    /// Employer or school; empty takes it away.
    pub workplace: Option<String>,
    /// A document to add: kind.
    pub document_kind: Option<String>,
    /// A document to add: number.
    pub document_number: Option<String>,
}

/// Why somebody looks or acts; written into the access log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WithReason {
    /// At least two characters.
    pub reason: String,
}

/// One identity in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonClear {
    /// Number.
    pub no: i64,
    /// Name.
    pub name: String,
    /// Documents.
    pub documents: Vec<DocumentLine>,
    /// Phone.
    pub phone: Option<String>,
    /// Birth date.
    pub birth_date: Option<String>,
    /// Address.
    pub address: Option<String>,
}

/// The other record of a merge.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MergeRequest {
    /// The record that goes into this one.
    pub goes: i64,
    /// Why.
    pub reason: String,
}

/// Moves a person between households.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HouseholdRequest {
    /// A person whose household is joined; absent: the person leaves and lives in none.
    pub with: Option<i64>,
    /// Why.
    pub reason: String,
}

/// Puts a person into a group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StayRequest {
    /// Group.
    pub group: String,
    /// Why.
    pub reason: String,
    /// Until; exemptions must end.
    pub until_at: Option<String>,
}

/// A code to print or show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CodeShown {
    /// The code.
    pub code: String,
    /// The same as a QR code.
    pub qr_svg: String,
}

/// A column of an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportColumn {
    /// Header.
    pub header: String,
    /// What it holds; absent: ignored.
    pub field: Option<String>,
    /// The first cells, masked.
    pub samples: Vec<String>,
}

/// An uploaded file, ready to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisterPreview {
    /// Id.
    pub id: uuid::Uuid,
    /// File name.
    pub file_name: String,
    /// `CSV, GB18030, ,`
    pub format: String,
    /// Rows, about.
    pub rows: i64,
    /// Columns.
    pub columns: Vec<ImportColumn>,
    /// Whether the mapping was remembered from an earlier file with these headers.
    pub remembered: bool,
}

/// With which mapping a file is judged or taken in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportMapping {
    /// One entry a column: field word or null.
    pub columns: Vec<Option<String>>,
    /// Village for the whole file, if its rows do not say.
    pub area: Option<String>,
}

/// A reason of a bad row, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RowReason {
    /// Field.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// Text.
    pub text_zh: String,
    /// Text.
    pub text_en: String,
}

/// A row that would come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BadRowLine {
    /// Line of the file.
    pub line: i64,
    /// Reasons.
    pub reasons: Vec<RowReason>,
}

/// How the first rows would fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportCheck {
    /// Rows looked at.
    pub looked_at: i64,
    /// Of these, valid ones.
    pub valid: i64,
    /// The bad ones among them.
    pub bad: Vec<BadRowLine>,
}

/// An import with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportState {
    /// Id.
    pub id: uuid::Uuid,
    /// File name.
    pub file_name: String,
    /// `uploaded`, `running`, `done`, `failed`, `undoing`, `undone`
    pub state: String,
    /// Rows of the file, about.
    pub rows: i64,
    /// Rows looked at.
    pub rows_done: i64,
    /// Persons added.
    pub added: i64,
    /// Rows that say what the register says already.
    pub unchanged: i64,
    /// Rows that came back.
    pub bad: i64,
    /// Rows that waited for a decision.
    pub parked: i64,
    /// Of these, still waiting.
    pub parked_open: i64,
    /// Persons that an undo had to keep because they were sampled or changed since.
    pub kept_on_undo: i64,
    /// Problem code of a failed import.
    pub problem: Option<String>,
    /// Who.
    pub created_by: String,
    /// When.
    pub created_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
}

/// A row that waits for a decision, beside what the register says; masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParkedRow {
    /// Line of the file.
    pub line: i64,
    /// Why it waits.
    pub reason: RowReason,
    /// What the row says.
    pub row: Vec<ParkedField>,
    /// The record that has the document.
    pub known: Option<PersonLine>,
}

/// One field of a parked row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ParkedField {
    /// Field.
    pub field: String,
    /// What the row says, masked.
    pub row: String,
    /// What the register says, masked.
    pub known: Option<String>,
    /// Whether they differ.
    pub differs: bool,
}

/// What to do with parked rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The register stays as it is.
    Keep,
    /// The row's fields replace the register's.
    Update,
    /// Two people carry this number until it is cleared up.
    Both,
}

/// Decides parked rows: those named, or with `all` every row that waits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DecideRequest {
    /// Lines; at most 200. Empty with `all`.
    #[serde(default)]
    pub lines: Vec<i64>,
    /// Every row of the import that waits, at most 2,000 in one request.
    #[serde(default)]
    pub all: bool,
    /// With `all`: `next` of the answer before.
    #[serde(default)]
    pub after: i64,
    /// What to do.
    pub decision: Decision,
}

/// What a decision did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decided {
    /// Rows decided now.
    pub decided: i64,
    /// Rows that could not be decided so: the record is outside the area of the account, or gone.
    pub skipped: i64,
    /// Rows that still wait.
    pub parked_open: i64,
    /// With `all`: where to go on; absent when every row was looked at.
    pub next: Option<i64>,
}
