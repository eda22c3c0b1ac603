//! Scanned codes. Parsed once into a type; the raw scan is kept beside the fact, never compared.
//!
//! Our own labels: tube `T` + 9 digits + Luhn digit, box `B` + 8 digits + Luhn digit, person card
//! `P` and household `H` + 16 Crockford base-32 characters (80 random bits) + one check character.
//! A tube may also carry a foreign barcode of 6 to 32 characters `A-Z 0-9 -`.

use std::fmt;

/// Why a scan is not the code that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// Characters outside `A-Z 0-9 -`, or too short or long.
    #[error("a {expected} code has 6 to 32 characters A-Z, 0-9 or -")]
    Shape {
        /// Which kind of code was expected.
        expected: &'static str,
    },
    /// The check character does not fit: misread or mistyped.
    #[error("the check character of this {expected} code does not fit")]
    Check {
        /// Which kind of code was expected.
        expected: &'static str,
    },
    /// A code of another kind: a person's card where a tube was expected, say.
    #[error("this is a {found} code, not a {expected} code")]
    OtherKind {
        /// Which kind of code was expected.
        expected: &'static str,
        /// What the code is.
        found: &'static str,
    },
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn normalise(raw: &str) -> Result<String, ()> {
    let text: String = raw.trim().to_ascii_uppercase();
    let shaped = (6..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
    if shaped { Ok(text) } else { Err(()) }
}

/// Luhn check digit of decimal `digits` (ISO/IEC 7812-1).
fn luhn(digits: &[u8]) -> u8 {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| {
            let value = u32::from(d - b'0') * if i % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    b'0' + ((10 - sum % 10) % 10) as u8
}

/// Check character of a base-32 payload: weighted sum modulo 31, which finds every single
/// substitution (but 0 for Z) and every swap of neighbours.
fn check32(payload: &[u8]) -> u8 {
    let sum: usize = payload.iter().enumerate().map(|(i, c)| (i + 1) * CROCKFORD.iter().position(|x| x == c).unwrap_or(0)).sum();
    CROCKFORD[sum % 31]
}

fn is_label(text: &str, prefix: u8, digits: usize) -> Option<bool> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == digits + 2 && bytes[0] == prefix && bytes[1..].iter().all(u8::is_ascii_digit);
    shaped.then(|| luhn(&bytes[1..=digits]) == bytes[digits + 1])
}

fn is_secret(text: &str, prefix: u8) -> Option<bool> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 18 && bytes[0] == prefix && bytes[1..].iter().all(|b| CROCKFORD.contains(b));
    shaped.then(|| check32(&bytes[1..17]) == bytes[17])
}

fn kind_of(text: &str) -> &'static str {
    if is_secret(text, b'P') == Some(true) {
        "card"
    } else if is_secret(text, b'H') == Some(true) {
        "household"
    } else if is_label(text, b'B', 8) == Some(true) {
        "box"
    } else {
        "tube"
    }
}

macro_rules! code_type {
    ($name:ident, $word:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The normalised text, as stored and printed.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

code_type!(TubeCode, "tube", "A tube's barcode (采样管).");
code_type!(BoxCode, "box", "A transport box's barcode (转运箱).");
code_type!(CardCode, "card", "A person's code on a phone or printed card (个人码): identity only, no status.");
code_type!(HouseholdCode, "household", "A family's code (家庭码): opens the list of members.");

impl TubeCode {
    /// Reads a tube's barcode: ours (checked) or a foreign one (shape only).
    pub fn parse(raw: &str) -> Result<Self, NotACode> {
        let expected = "tube";
        let text = normalise(raw).map_err(|()| NotACode::Shape { expected })?;
        if is_label(&text, b'T', 9) == Some(false) {
            return Err(NotACode::Check { expected });
        }
        match kind_of(&text) {
            "tube" => Ok(Self(text)),
            found => Err(NotACode::OtherKind { expected, found }),
        }
    }

    /// The label with serial number `serial` (below 1,000,000,000).
    #[must_use]
    pub fn from_serial(serial: u32) -> Self {
        let digits = format!("{:09}", serial % 1_000_000_000);
        Self(format!("T{digits}{}", luhn(digits.as_bytes()) as char))
    }
}

impl BoxCode {
    /// Reads a box's barcode: only our own labels are boxes.
    pub fn parse(raw: &str) -> Result<Self, NotACode> {
        let expected = "box";
        let text = normalise(raw).map_err(|()| NotACode::Shape { expected })?;
        match is_label(&text, b'B', 8) {
            Some(true) => Ok(Self(text)),
            Some(false) => Err(NotACode::Check { expected }),
            None => Err(NotACode::OtherKind { expected, found: kind_of(&text) }),
        }
    }

    /// The label with serial number `serial` (below 100,000,000).
    #[must_use]
    pub fn from_serial(serial: u32) -> Self {
        let digits = format!("{:08}", serial % 100_000_000);
        Self(format!("B{digits}{}", luhn(digits.as_bytes()) as char))
    }
}

fn secret_code(prefix: char, random: [u8; 10]) -> String {
    let bits = random.iter().fold(0u128, |acc, b| (acc << 8) | u128::from(*b));
    let payload: Vec<u8> = (0..16).rev().map(|i| CROCKFORD[(bits >> (i * 5)) as usize & 31]).collect();
    let check = check32(&payload) as char;
    format!("{prefix}{}{check}", payload.iter().map(|b| *b as char).collect::<String>())
}

fn parse_secret(raw: &str, prefix: u8, expected: &'static str) -> Result<String, NotACode> {
    let text = normalise(raw).map_err(|()| NotACode::Shape { expected })?;
    match is_secret(&text, prefix) {
        Some(true) => Ok(text),
        Some(false) => Err(NotACode::Check { expected }),
        None => Err(NotACode::OtherKind { expected, found: kind_of(&text) }),
    }
}

impl CardCode {
    /// Reads a person's code.
    pub fn parse(raw: &str) -> Result<Self, NotACode> {
        parse_secret(raw, b'P', "card").map(Self)
    }

    /// Makes a code from 80 random bits that the caller drew.
    #[must_use]
    pub fn from_random(random: [u8; 10]) -> Self {
        Self(secret_code('P', random))
    }
}

impl HouseholdCode {
    /// Reads a family's code.
    pub fn parse(raw: &str) -> Result<Self, NotACode> {
        parse_secret(raw, b'H', "household").map(Self)
    }

    /// Makes a code from 80 random bits that the caller drew.
    #[must_use]
    pub fn from_random(random: [u8; 10]) -> Self {
        Self(secret_code('H', random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_labels_read_back() {
        let tube = TubeCode::from_serial(42);
        assert_eq!(TubeCode::parse(&format!("  {}\r\n", tube.as_str().to_lowercase())), Ok(tube));
        let bx = BoxCode::from_serial(7);
        assert_eq!(BoxCode::parse(bx.as_str()), Ok(bx));
        let card = CardCode::from_random([7; 10]);
        assert_eq!(CardCode::parse(card.as_str()), Ok(card));
    }

    #[test]
    fn kinds_do_not_pass_for_one_another() {
        let card = CardCode::from_random([1; 10]);
        assert_eq!(TubeCode::parse(card.as_str()), Err(NotACode::OtherKind { expected: "tube", found: "card" }));
        assert_eq!(BoxCode::parse(TubeCode::from_serial(1).as_str()), Err(NotACode::OtherKind { expected: "box", found: "tube" }));
        assert!(matches!(
            CardCode::parse(HouseholdCode::from_random([1; 10]).as_str()),
            Err(NotACode::OtherKind { found: "household", .. })
        ));
    }

    #[test]
    fn misreads_are_found() {
        let good = CardCode::from_random([0xA5, 3, 200, 9, 17, 33, 90, 1, 2, 3]);
        let mut swapped: Vec<u8> = good.as_str().bytes().collect();
        swapped.swap(3, 4);
        assert!(CardCode::parse(std::str::from_utf8(&swapped).unwrap()).is_err());
        assert_eq!(TubeCode::parse("T0000000420"), Err(NotACode::Check { expected: "tube" }));
        for raw in ["", "T1", "tube 1 2", "管管管管管管", "T12345678'; DROP", &"9".repeat(33)] {
            assert_eq!(TubeCode::parse(raw), Err(NotACode::Shape { expected: "tube" }), "{raw}");
        }
        assert!(TubeCode::parse("690123456789").is_ok(), "foreign barcodes are tubes too");
    }
}
