//! Telephone numbers: mainland mobile and landline, foreign with `+`, and the block that cannot be dialled.

use super::text::compact;

/// What kind of line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Line {
    /// Mainland mobile: eleven digits, 13 to 19.
    Mobile,
    /// Mainland landline with its area code.
    Landline,
    /// With a country code other than 86.
    Foreign,
    /// Eleven digits beginning with 10: no carrier assigns them, so demo cities use them.
    Synthetic,
}

/// Why a text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadPhone {
    /// Letters or signs.
    #[error("the phone number has characters other than digits")]
    Characters,
    /// Neither a mobile nor a landline with area code nor a foreign number.
    #[error("the phone number is neither mobile, nor landline with area code, nor foreign with +")]
    Shape,
}

impl BadPhone {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Characters => "phone_characters",
            Self::Shape => "phone_shape",
        }
    }
}

/// A telephone number in its one spelling: digits only, `+` before foreign ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(String);

/// Area codes: 010, 02x (three digits) or 03xx to 09xx (four), then 7 or 8 digits that begin with 2 to 9.
fn is_landline(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    let area = match bytes {
        [b'0', b'1', b'0', ..] | [b'0', b'2', _, ..] => 3,
        [b'0', b'3'..=b'9', ..] => 4,
        _ => return false,
    };
    matches!(bytes.len().saturating_sub(area), 7 | 8) && (b'2'..=b'9').contains(&bytes[area])
}

impl Phone {
    /// Reads a number in any spelling.
    pub fn parse(raw: &str) -> Result<Self, BadPhone> {
        let text: String = compact(raw).chars().filter(|c| !matches!(c, '(' | ')')).collect();
        let text = text.strip_prefix("+86").or_else(|| text.strip_prefix("0086")).unwrap_or(&text);
        if let Some(foreign) = text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
            if !foreign.bytes().all(|b| b.is_ascii_digit()) {
                return Err(BadPhone::Characters);
            }
            return if (7..=15).contains(&foreign.len()) { Ok(Self(format!("+{foreign}"))) } else { Err(BadPhone::Shape) };
        }
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadPhone::Characters);
        }
        let mobile = text.len() == 11 && matches!(text.as_bytes(), [b'1', b'0' | b'3'..=b'9', ..]);
        if mobile || is_landline(text) { Ok(Self(text.to_owned())) } else { Err(BadPhone::Shape) }
    }

    /// The number of a demo city's person.
    #[must_use]
    pub fn synthetic(serial: u32) -> Self {
        Self(format!("10{:09}", serial % 1_000_000_000))
    }

    /// Canonical digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Kind of line.
    #[must_use]
    pub fn line(&self) -> Line {
        match self.0.as_bytes() {
            [b'+', ..] => Line::Foreign,
            [b'0', ..] => Line::Landline,
            [b'1', b'0', ..] => Line::Synthetic,
            _ => Line::Mobile,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (written, expect) in [
            ("13800138000", "13800138000 Mobile"),
            ("+86 138-0013-8000", "13800138000 Mobile"),
            ("0086 13800138000", "13800138000 Mobile"),
            ("１３８００１３８０００", "13800138000 Mobile"),
            ("0579-87101234", "057987101234 Landline"),
            ("(0579) 8710 1234", "057987101234 Landline"),
            ("010-62345678", "01062345678 Landline"),
            ("+852 9123 4567", "+85291234567 Foreign"),
            ("10000000042", "10000000042 Synthetic"),
            ("12800138000", "phone_shape"),
            ("1380013800", "phone_shape"),
            ("87101234", "phone_shape"),
            ("0579-1234567", "phone_shape"),
            ("", "phone_shape"),
            ("电话未知", "phone_characters"),
            ("+852 ABC", "phone_characters"),
        ] {
            let found = match Phone::parse(written) {
                Ok(phone) => format!("{} {:?}", phone.as_str(), phone.line()),
                Err(bad) => bad.code().to_owned(),
            };
            assert_eq!(found, expect, "{written}");
        }
    }

    #[test]
    fn a_synthetic_number_cannot_be_dialled_and_reads_back() {
        let phone = Phone::synthetic(964_203);
        assert_eq!(Phone::parse(phone.as_str()), Ok(phone.clone()));
        assert_eq!(phone.line(), Line::Synthetic);
    }
}
