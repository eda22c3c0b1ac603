//! Citizen identification number (公民身份号码), GB 11643: six digits of place, eight of birth, three
//! of sequence (odd: male), one check character by ISO 7064 MOD 11-2.

use super::{date::Date, document::BadDocument};

/// Provinces of GB/T 2260, plus 99, which no authority assigns: exercises and demo cities use it, so
/// that an invented person can never carry a living person's number.
const PROVINCES: [u8; 36] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82,
    83, 99,
];

/// Oldest age that a register may hold; above it the birth date is a typing error.
const AGE_MAX: u16 = 125;

/// Check character of the first seventeen digits.
pub(super) fn check_character(digits: &[u8]) -> char {
    let rest = digits.iter().fold(0u32, |acc, b| (acc + u32::from(b - b'0')) * 2 % 11);
    match (12 - rest) % 11 {
        10 => 'X',
        value => char::from(b'0' + value as u8),
    }
}

fn birth_of(digits: &str, today: Date) -> Result<Date, BadDocument> {
    let born = Date::parse(digits).ok_or(BadDocument::BirthDate)?;
    if born > today || born.age_on(today) > AGE_MAX { Err(BadDocument::BirthDate) } else { Ok(born) }
}

fn known_province(digits: &str) -> Result<(), BadDocument> {
    let province: u8 = digits[..2].parse().map_err(|_| BadDocument::Area)?;
    if PROVINCES.contains(&province) { Ok(()) } else { Err(BadDocument::Area) }
}

/// The canonical 18 characters of a compacted 15- or 18-character number.
pub(super) fn canonical(text: &str, today: Date) -> Result<String, BadDocument> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || !matches!(bytes.len(), 15 | 18) {
        return Err(BadDocument::Length);
    }
    let body = if bytes.len() == 18 { 17 } else { 15 };
    if !bytes[..body].iter().all(u8::is_ascii_digit) {
        return Err(BadDocument::Characters);
    }
    // Fifteen digits were issued until 1999 and mean the twentieth century.
    let seventeen = if body == 15 { format!("{}19{}", &text[..6], &text[6..]) } else { text[..17].to_owned() };
    known_province(&seventeen)?;
    let check = check_character(seventeen.as_bytes());
    if let Some(given) = bytes.get(17) {
        if !given.is_ascii_digit() && *given != b'X' {
            return Err(BadDocument::Characters);
        }
        if char::from(*given) != check {
            return Err(BadDocument::CheckDigit);
        }
    }
    birth_of(&seventeen[6..14], today)?;
    Ok(format!("{seventeen}{check}"))
}
