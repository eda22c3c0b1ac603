//! What the other phone showed in a hand-over: read strictly, because a person will be held to it.
//! Format and vectors are shared with `web/packages/engine/src/handover.ts`.

use allclear_domain::kernel::code::BoxCode;
use allclear_seal::{Statement, read_statement};
use allclear_wire::sync::HandOverSide;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The members in alphabetical order, as canonical JSON has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The device's clock, RFC 3339 UTC.
    pub at: String,
    /// Box codes, sorted.
    pub boxes: Vec<String>,
    /// Where to, as the giver said.
    pub destination: Option<String>,
    /// The device that signed.
    pub device: Uuid,
    /// The hand-over.
    pub handover: Uuid,
    /// Whose half it is.
    pub side: HandOverSide,
    /// Version of the format.
    pub v: u8,
}

/// Reads a statement; nothing if it is not exactly what a phone would have made. The signature is
/// still to be verified with the device's key.
#[must_use]
pub fn read(text: &str) -> Option<(Shown, Statement<'_>)> {
    let statement = read_statement(text).ok()?;
    let shown: Shown = serde_json::from_slice(&statement.json).ok()?;
    let canonical = serde_json::to_vec(&shown).ok()?;
    let sorted = shown.boxes.is_sorted() && !shown.boxes.is_empty();
    let own = shown.boxes.iter().all(|code| BoxCode::parse(code).is_ok_and(|read| read.as_str() == code));
    (shown.v == 1 && canonical == statement.json && sorted && own).then_some((shown, statement))
}

#[cfg(test)]
mod tests {
    use allclear_seal::base64url;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        good: Vec<Good>,
        bad: Vec<Bad>,
    }
    #[derive(Deserialize)]
    struct Good {
        text: String,
        public_key: String,
        canonical: String,
        statement: Shown,
    }
    #[derive(Deserialize)]
    struct Bad {
        why: String,
        text: String,
        public_key: String,
    }

    fn believed(text: &str, public_key: &str) -> Option<Shown> {
        let (shown, statement) = read(text)?;
        statement.verify(&base64url(public_key)?).ok()?;
        Some(shown)
    }

    #[test]
    fn statements_read_as_the_shared_vectors_say() {
        let vectors: Vectors = serde_json::from_str(include_str!("../../../../contract/vectors/handover.json")).unwrap();
        for good in vectors.good {
            assert_eq!(serde_json::to_string(&good.statement).unwrap(), good.canonical);
            assert_eq!(believed(&good.text, &good.public_key), Some(good.statement));
        }
        assert!(vectors.bad.len() > 10);
        for bad in vectors.bad {
            assert_eq!(believed(&bad.text, &bad.public_key), None, "{}", bad.why);
        }
    }
}
