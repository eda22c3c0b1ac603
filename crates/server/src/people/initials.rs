//! Pinyin initials of names: `张三丰` is found by `zsf`.

use allclear_domain::people::name::{is_han, surname};
use pinyin::ToPinyin;

/// Surnames whose reading differs from the character's usual one.
const SURNAMES: [(char, char); 22] = [
    ('单', 's'),
    ('解', 'x'),
    ('仇', 'q'),
    ('曾', 'z'),
    ('区', 'o'),
    ('查', 'z'),
    ('朴', 'p'),
    ('翟', 'z'),
    ('乐', 'y'),
    ('缪', 'm'),
    ('种', 'c'),
    ('盖', 'g'),
    ('尉', 'y'),
    ('万', 'w'),
    ('覃', 'q'),
    ('员', 'y'),
    ('折', 's'),
    ('冼', 'x'),
    ('召', 's'),
    ('宓', 'm'),
    ('卜', 'b'),
    ('秘', 'b'),
];

fn letter(c: char) -> Option<char> {
    if c.is_ascii_alphabetic() {
        return Some(c.to_ascii_lowercase());
    }
    c.to_pinyin().and_then(|reading| reading.first_letter().chars().next())
}

/// The initials of a name: one letter a Han character, one a word of a Latin name.
#[must_use]
pub fn of(name: &str) -> String {
    if !name.chars().any(is_han) {
        return name.split(|c: char| !c.is_alphabetic()).filter_map(|word| word.chars().next().and_then(letter)).collect();
    }
    let single = surname(name).chars().count() == 1;
    let mut out = String::with_capacity(name.len());
    for (index, c) in name.chars().enumerate() {
        // 尉 is read differently alone (wei) and in 尉迟 (yu); only the compound is in the list's sense.
        let special = SURNAMES.iter().find(|(known, _)| *known == c && index == 0 && (single != (c == '尉')));
        if let Some(found) = special.map(|(_, reading)| *reading).or_else(|| letter(c)) {
            out.push(found);
        }
    }
    out
}

/// Whether a search text can be initials: a few ASCII letters and nothing else.
#[must_use]
pub fn is_query(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_by_their_initials() {
        for (name, initials) in [
            ("张三丰", "zsf"),
            ("单雄信", "sxx"),
            ("解晓东", "xxd"),
            ("曾国藩", "zgf"),
            ("尉迟恭", "ycg"),
            ("欧阳修", "oyx"),
            ("买买提·艾力", "mmtal"),
            ("John Smith", "js"),
            ("Ó Briain", "b"),
            ("𠮷田", "t"),
        ] {
            assert_eq!(super::of(name), initials, "{name}");
        }
        assert!(super::is_query("zsf") && !super::is_query("张") && !super::is_query("P01234") && !super::is_query(""));
    }
}
