//! Names: one spelling to show, one key to compare.

use super::text::half_width;

/// Longest name in characters; the longest names of registers (transliterations) stay below it.
pub const NAME_CHARS_MAX: usize = 60;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadName {
    /// Nothing there.
    #[error("the name is missing")]
    Missing,
    /// Longer than any name.
    #[error("the name is longer than {NAME_CHARS_MAX} characters")]
    Length,
    /// Digits or signs: probably a shifted column.
    #[error("the name has digits or signs in it")]
    Characters,
}

impl BadName {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "name_missing",
            Self::Length => "name_length",
            Self::Characters => "name_characters",
        }
    }
}

/// A person's name in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

fn is_middle_dot(c: char) -> bool {
    matches!(c, '·' | '•' | '‧' | '∙' | '・' | '･' | '⋅' | '．' | '。' | '●' | '▪')
}

/// Whether `c` is a Han character, the rare ones of names included.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇')
}

const COMPOUND: [&str; 28] = [
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "端木", "南宫", "轩辕", "长孙", "宇文",
    "鲜于", "闻人", "东郭", "呼延", "钟离", "申屠", "太史", "公羊", "澹台", "濮阳", "淳于",
];

impl Name {
    /// Reads a name: Han names lose inner blanks, every middle dot becomes `·`, others keep one blank.
    pub fn parse(raw: &str) -> Result<Self, BadName> {
        // The full-width stop that some keyboards give for the dot must be seen before folding.
        let dotted: String = raw.chars().map(|c| if is_middle_dot(c) { '·' } else { c }).collect();
        let folded = half_width(&dotted);
        let han = folded.chars().any(is_han);
        let parts: Vec<&str> = folded.split(' ').filter(|part| !part.is_empty()).collect();
        let text = parts.join(if han { "" } else { " " });
        let text = text.trim_matches('·').to_owned();
        if text.is_empty() {
            return Err(BadName::Missing);
        }
        if text.chars().count() > NAME_CHARS_MAX {
            return Err(BadName::Length);
        }
        let fits = |c: char| c.is_alphabetic() || is_han(c) || matches!(c, '·' | ' ' | '\'' | '’' | '-' | '.' | ',');
        if !text.chars().all(fits) || !text.chars().any(char::is_alphabetic) {
            return Err(BadName::Characters);
        }
        Ok(Self(text))
    }

    /// The spelling to show.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The spelling to compare: capitals, without blanks, dots and hyphens.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.0)
    }

    /// The surname of a Han name (two characters for the compound ones), or the first word.
    #[must_use]
    pub fn surname(&self) -> &str {
        surname(&self.0)
    }
}

/// [`Name::key`] of a text that may be part of a name: what a search box holds.
#[must_use]
pub fn key(text: &str) -> String {
    half_width(text)
        .chars()
        .filter(|c| !is_middle_dot(*c) && !matches!(c, ' ' | '-' | '\'' | '’' | '.' | ','))
        .flat_map(char::to_uppercase)
        .collect()
}

/// [`Name::surname`] of a name already in its spelling.
#[must_use]
pub fn surname(name: &str) -> &str {
    let mut chars = name.char_indices();
    match chars.next() {
        Some((_, c)) if is_han(c) => {
            if name.contains('·') {
                return name.split('·').next().unwrap_or(name);
            }
            if name.chars().count() > 2 && COMPOUND.iter().any(|two| name.starts_with(two)) {
                return name.char_indices().nth(2).map_or(name, |(end, _)| &name[..end]);
            }
            chars.next().map_or(name, |(end, _)| &name[..end])
        }
        _ => name.split([' ', '·', ',']).next().unwrap_or(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_write_them() {
        for (written, shown, key, surname) in [
            (" 张三 ", "张三", "张三", "张"),
            ("张　　三", "张三", "张三", "张"),
            ("欧阳修", "欧阳修", "欧阳修", "欧阳"),
            ("欧阳", "欧阳", "欧阳", "欧"),
            ("买买提．艾力", "买买提·艾力", "买买提艾力", "买买提"),
            ("买买提•艾力", "买买提·艾力", "买买提艾力", "买买提"),
            ("Ｊｏｈｎ  Smith", "John Smith", "JOHNSMITH", "John"),
            ("O'Brien-Lee, Mary", "O'Brien-Lee, Mary", "OBRIENLEEMARY", "O'Brien-Lee"),
            ("𠮷田", "𠮷田", "𠮷田", "𠮷"),
        ] {
            let name = Name::parse(written).unwrap();
            assert_eq!((name.as_str(), name.key().as_str(), name.surname()), (shown, key, surname), "{written}");
        }
    }

    #[test]
    fn texts_that_are_no_names() {
        for (written, code) in [
            ("", "name_missing"),
            (" 　·", "name_missing"),
            ("13800138000", "name_characters"),
            ("张三1", "name_characters"),
            ("=cmd()", "name_characters"),
            ("--", "name_characters"),
        ] {
            assert_eq!(Name::parse(written).unwrap_err().code(), code, "{written}");
        }
        assert_eq!(Name::parse(&"张".repeat(NAME_CHARS_MAX + 1)), Err(BadName::Length));
        assert!(Name::parse(&"张".repeat(NAME_CHARS_MAX)).is_ok());
    }
}
