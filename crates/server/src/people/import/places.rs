//! Finds the village that a cell means: a code, or a name as people write it.

use std::collections::HashMap;

use allclear_domain::kernel::area::{AreaCode, Level};
use allclear_domain::people::text::half_width;

/// A village's name as people say it: without the suffix of its committee.
#[must_use]
pub fn short_name(name: &str) -> &str {
    name.strip_suffix("居委会").or_else(|| name.strip_suffix("委会")).unwrap_or(name)
}

/// Why a cell means no village.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// Neither a code nor a name of the tree.
    Unknown,
    /// Several villages have this name; the town before it makes it clear.
    Ambiguous,
    /// A town or county: too coarse for a register.
    NotAVillage,
}

/// The area tree by code and by the names people write.
#[derive(Debug, Default)]
pub struct Places {
    codes: HashMap<AreaCode, ()>,
    names: HashMap<String, Vec<AreaCode>>,
    /// Names of the counties: what stands before one is a province and a city, which no list has.
    counties: Vec<String>,
}

fn key(text: &str) -> String {
    half_width(text).chars().filter(|c| !matches!(c, ' ' | '/' | '-' | '>' | ',' | '、')).collect()
}

impl Places {
    /// Indexes the tree.
    #[must_use]
    pub fn new(areas: &[(AreaCode, String)]) -> Self {
        let by_code: HashMap<AreaCode, &str> = areas.iter().map(|(code, name)| (*code, name.as_str())).collect();
        let mut names: HashMap<String, Vec<AreaCode>> = HashMap::new();
        for (code, name) in areas.iter().filter(|(code, _)| code.level() >= Level::Town) {
            let own = [name.as_str(), short_name(name)];
            let town = code.parent().and_then(|parent| by_code.get(&parent)).copied().unwrap_or_default();
            let county = code.at(Level::County).and_then(|county| by_code.get(&county)).copied().unwrap_or_default();
            for form in own {
                for prefix in [String::new(), town.to_owned(), format!("{county}{town}")] {
                    let entry = names.entry(key(&format!("{prefix}{form}"))).or_default();
                    if !entry.contains(code) {
                        entry.push(*code);
                    }
                }
            }
        }
        let counties = areas.iter().filter(|(code, _)| code.level() == Level::County).map(|(_, name)| key(name)).collect();
        Self { codes: areas.iter().map(|(code, _)| (*code, ())).collect(), names, counties }
    }

    /// A name from its county on: `浙江省金华市永康市石柱镇` as `永康市石柱镇`.
    fn after_county<'t>(&self, text: &'t str) -> Option<&'t str> {
        let above = ["省", "市", "自治区", "自治州", "地区", "盟"];
        let mut found = self.counties.iter().filter_map(|county| text.find(county.as_str()).filter(|at| *at > 0));
        found.find(|at| above.iter().any(|word| text[..*at].ends_with(word))).map(|at| &text[at..])
    }

    /// The area of any level that a cell means.
    pub fn any(&self, cell: &str) -> Result<AreaCode, NoPlace> {
        let text = key(cell);
        if let Ok(code) = AreaCode::parse(&text) {
            return if self.codes.contains_key(&code) { Ok(code) } else { Err(NoPlace::Unknown) };
        }
        let named = |text: &str| self.names.get(text).map(Vec::as_slice);
        match named(&text).or_else(|| self.after_county(&text).and_then(named)) {
            Some([code]) => Ok(*code),
            Some(_) => Err(NoPlace::Ambiguous),
            None => Err(NoPlace::Unknown),
        }
    }

    /// The village that a cell means, and the grid inside it if the cell names one.
    pub fn village(&self, cell: &str) -> Result<(AreaCode, Option<AreaCode>), NoPlace> {
        let code = self.any(cell)?;
        match (code.level(), code.at(Level::Village)) {
            (Level::Grid, Some(village)) => Ok((village, Some(code))),
            (_, Some(village)) => Ok((village, None)),
            _ => Err(NoPlace::NotAVillage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn villages_by_code_and_by_name() {
        let area = |code: &str, name: &str| (AreaCode::parse(code).unwrap(), name.to_owned());
        let places = Places::new(&[
            area("330784", "永康市"),
            area("330784105", "石柱镇"),
            area("330784106", "前仓镇"),
            area("330784105200", "塘里村委会"),
            area("330784105201", "下里溪村委会"),
            area("330784106200", "塘里村委会"),
            area("330784106001", "东苑社区居委会"),
            area("330784106001001", "东苑社区第1网格"),
        ]);
        let found = |cell: &str| match places.village(cell) {
            Ok((village, grid)) => format!("{village}{}", grid.map_or(String::new(), |grid| format!(" {grid}"))),
            Err(no) => format!("{no:?}"),
        };
        for (cell, expect) in [
            ("330784105200", "330784105200"),
            ("330784106001001", "330784106001 330784106001001"),
            ("下里溪村", "330784105201"),
            ("下里溪村委会", "330784105201"),
            ("石柱镇塘里村", "330784105200"),
            ("石柱镇 / 塘里村", "330784105200"),
            ("永康市前仓镇塘里村", "330784106200"),
            ("浙江省金华市永康市前仓镇塘里村", "330784106200"),
            ("浙江省 永康市石柱镇塘里村", "330784105200"),
            ("大永康市石柱镇塘里村", "Unknown"),
            ("东苑社区", "330784106001"),
            ("塘里村", "Ambiguous"),
            ("石柱镇", "NotAVillage"),
            ("330784", "NotAVillage"),
            ("330784999999", "Unknown"),
            ("火星", "Unknown"),
            ("", "Unknown"),
        ] {
            assert_eq!(found(cell), expect, "{cell}");
        }
    }
}
