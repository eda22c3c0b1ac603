//! Problem details (RFC 9457) with a stable code and text in zh and en.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The one error body of every route, `application/problem+json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `https://allclear.invalid/problems/<code>`: a name, not a page to fetch.
    #[serde(rename = "type")]
    pub kind: String,
    /// English summary, the same for every occurrence of the code.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// Stable code, listed in `contract/problems.json`.
    pub code: String,
    /// Chinese text for the person in front of the screen.
    pub text_zh: String,
    /// English text for the person in front of the screen.
    pub text_en: String,
    /// What is particular to this occurrence; never an identity.
    pub detail: Option<String>,
    /// The field of the request it is about, as a JSON pointer.
    pub field: Option<String>,
    /// After how many seconds to try again, if that may help.
    pub retry_after_s: Option<u32>,
}
