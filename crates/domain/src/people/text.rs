//! The one place that folds the spellings of keyboards: full-width forms and odd spaces.

/// Full-width ASCII becomes ASCII, every kind of space becomes one blank, control characters go.
#[must_use]
pub fn half_width(raw: &str) -> String {
    raw.chars()
        .filter_map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0),
            '\u{3000}' | '\u{00A0}' | '\t' | '\r' | '\n' => Some(' '),
            '\u{2000}'..='\u{200A}' | '\u{202F}' => Some(' '),
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{FEFF}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// [`half_width`] without blanks, hyphens and dots, in capitals: for numbers that people group by eye.
#[must_use]
pub fn compact(raw: &str) -> String {
    half_width(raw)
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '‐' | '‑' | '–' | '—' | '−' | '·'))
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyboards_are_folded() {
        assert_eq!(half_width("Ａｂ１２　张\u{200B}三\u{7}"), "Ab12 张三");
        assert_eq!(compact(" ３３０７－８４ x. "), "330784X");
    }
}
