//! What residents see of themselves. Opened with a card code and the end of a document number;
//! names stay masked, because a phone is shown around.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opens the resident page. The session is an HttpOnly cookie `allclear_resident`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResidentSessionRequest {
    /// Card code: typed from the card or scanned.
    pub code: String,
    /// The last four characters of the document number.
    pub document_tail: String,
}

/// How far a test has come. Nobody is shown positive here: a non-negative pool is `under_recheck`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestStage {
    /// Swab taken, tube at the site.
    AtSite,
    /// On the way to a laboratory.
    InTransit,
    /// At the laboratory.
    Received,
    /// Being tested.
    OnRun,
    /// Tested, a second person checks.
    AwaitingRelease,
    /// Released.
    Released,
    /// 待复核: the pool has to be looked at again, person by person.
    UnderRecheck,
    /// The tube could not be tested: please come again.
    Resample,
}

/// One test of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResidentTest {
    /// Name of the round.
    pub round_name: String,
    /// Where it was taken.
    pub site_name: String,
    /// When it was taken.
    pub collected_at: String,
    /// How far it has come.
    pub stage: TestStage,
    /// When the result is expected, while it is not there.
    pub expected_at: Option<String>,
    /// `negative` once released; a single positive is told by a doctor, not by this page.
    pub result: Option<String>,
    /// When the result was released.
    pub released_at: Option<String>,
    /// Laboratory that tested it.
    pub lab_name: Option<String>,
}

/// A round that a resident is asked to come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResidentRound {
    /// Name.
    pub name: String,
    /// Until when.
    pub ends_at: String,
    /// Whether this person is expected and has not come yet.
    pub due: bool,
    /// Sites that serve the person's home, open ones first; at most 5.
    pub sites: Vec<ResidentSite>,
}

/// A site to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResidentSite {
    /// Name.
    pub name: String,
    /// Hours as people write them.
    pub hours: String,
    /// Whether it takes people now.
    pub open: bool,
    /// Estimated wait in minutes, if it can be told; of the other site, if this one sends people there.
    pub wait_minutes: Option<i64>,
    /// Site to go to instead, while this one is closed.
    pub go_to: Option<String>,
}

/// What a person must know of their tests. A positive is told by a doctor: `case` only asks to wait for the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResidentNotice {
    /// `resample`, `under_recheck`, `recheck_closed` or `case`.
    pub kind: String,
    /// When.
    pub at: String,
}

/// A member of the household: their code can be shown for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FamilyMember {
    /// Masked name.
    pub name: String,
    /// Card code.
    pub code: String,
    /// The latest test.
    pub latest: Option<ResidentTest>,
}

/// The whole resident page in one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResidentPage {
    /// As of.
    pub as_of: String,
    /// Masked name.
    pub name: String,
    /// Masked document number.
    pub document: Option<String>,
    /// Card code: what the QR code holds.
    pub code: String,
    /// The round in which the person is expected now.
    pub round: Option<ResidentRound>,
    /// Tests, newest first; at most 30.
    pub tests: Vec<ResidentTest>,
    /// What the person must know, newest first.
    pub notices: Vec<ResidentNotice>,
    /// The rest of the household.
    pub family: Vec<FamilyMember>,
}
