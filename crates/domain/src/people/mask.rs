//! Masking: what every list shows until somebody reveals one identity with a reason.

use super::name;

/// `张*`, `欧阳*`, `J***`: surname and one star for each further character, at most two.
#[must_use]
pub fn name(full: &str) -> String {
    let surname = name::surname(full);
    if full.chars().next().is_some_and(name::is_han) {
        if full.contains('·') {
            return full.chars().take(1).chain("**".chars()).collect();
        }
        let rest = full.chars().count().saturating_sub(surname.chars().count()).clamp(1, 2);
        return format!("{surname}{}", "*".repeat(rest));
    }
    full.chars().take(1).chain("***".chars()).collect()
}

fn middle(text: &str, head: usize, tail: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= head + tail {
        return "*".repeat(chars.len());
    }
    let stars = chars.len() - head - tail;
    chars[..head].iter().copied().chain(std::iter::repeat_n('*', stars)).chain(chars[chars.len() - tail..].iter().copied()).collect()
}

/// `3307**********1234` for long numbers, `E1*****78` for short ones, empty for none.
#[must_use]
pub fn document(number: &str) -> String {
    match number.chars().count() {
        15.. => middle(number, 4, 4),
        _ => middle(number, 2, 2),
    }
}

/// `138****5678`; of a landline the area code stays.
#[must_use]
pub fn phone(number: &str) -> String {
    match number.as_bytes() {
        [b'0', ..] => middle(number, 4, 4),
        _ => middle(number, 3, 4),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_list_shows() {
        for (full, shown) in
            [("张三", "张*"), ("张三丰", "张**"), ("欧阳修", "欧阳*"), ("买买提·艾力", "买**"), ("John Smith", "J***"), ("张", "张*")]
        {
            assert_eq!(super::name(full), shown);
        }
        for (full, shown) in
            [("330784194912310022", "3307**********0022"), ("E12345678", "E1*****78"), ("H1234", "H1*34"), ("A123", "****"), ("", "")]
        {
            assert_eq!(super::document(full), shown);
        }
        for (full, shown) in [("13800138000", "138****8000"), ("057987101234", "0579****1234"), ("+85291234567", "+85*****4567")] {
            assert_eq!(super::phone(full), shown);
        }
    }
}
