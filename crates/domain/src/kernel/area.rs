//! The division tree. Codes are hierarchical, so "lies in the subtree" is a prefix test:
//! county 6 digits (GB/T 2260), town 9 (GB/T 10114), village or community 12, grid 15 (ours).

use std::fmt;

/// Level of an area in the division tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 全国: [`AreaCode::COUNTRY`] alone.
    Country,
    /// 县: six digits.
    County,
    /// 镇街: nine digits.
    Town,
    /// 村社区: twelve digits.
    Village,
    /// 网格: fifteen digits.
    Grid,
}

impl Level {
    /// The word used in SQL, JSON and CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::County => "county",
            Self::Town => "town",
            Self::Village => "village",
            Self::Grid => "grid",
        }
    }
}

/// An official division code, checked for shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode(u64);

/// Why a text is no area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an area code has 6, 9, 12 or 15 digits")]
pub struct NotAnAreaCode;

impl AreaCode {
    /// 全国 (GB/T 2260: 100000): every area lies in it. The first administrator holds it, since a new
    /// store has no areas yet. It is a place to hold a role in, and stands in no area list.
    pub const COUNTRY: Self = Self(100_000);

    /// Reads a code of 6, 9, 12 or 15 digits that does not begin with zero.
    pub fn parse(text: &str) -> Result<Self, NotAnAreaCode> {
        let digits = text.len();
        if !matches!(digits, 6 | 9 | 12 | 15) || !text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('0') {
            return Err(NotAnAreaCode);
        }
        text.parse().map(Self).map_err(|_| NotAnAreaCode)
    }

    /// The level that the length of the code says.
    #[must_use]
    pub const fn level(self) -> Level {
        match self.0 {
            100_000 => Level::Country,
            ..=999_999 => Level::County,
            1_000_000..=999_999_999 => Level::Town,
            1_000_000_000..=999_999_999_999 => Level::Village,
            _ => Level::Grid,
        }
    }

    /// Whether this area is `root` or lies below it.
    #[must_use]
    pub const fn is_within(self, root: Self) -> bool {
        if root.0 == Self::COUNTRY.0 {
            return true;
        }
        let mut code = self.0;
        while code > root.0 {
            code /= 1000;
        }
        code == root.0
    }

    /// The area one level up, or `None` for a county.
    #[must_use]
    pub const fn parent(self) -> Option<Self> {
        if self.0 <= 999_999 { None } else { Some(Self(self.0 / 1000)) }
    }

    /// This area at `level`, if it is at that level or below it.
    #[must_use]
    pub fn at(self, level: Level) -> Option<Self> {
        let mut code = self;
        while code.level() > level {
            code = code.parent()?;
        }
        (code.level() == level).then_some(code)
    }

    /// The code as a number, for the store's BIGINT columns.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0 as i64
    }

    /// Reads back what [`AreaCode::number`] gave.
    pub fn from_number(number: i64) -> Result<Self, NotAnAreaCode> {
        Self::parse(&number.to_string())
    }

    /// The number of a grid, 0 for anything larger: what a list of a grid's people is narrowed by.
    #[must_use]
    pub const fn grid_number(self) -> i64 {
        if self.0 > 999_999_999_999 { self.0 as i64 } else { 0 }
    }

    /// First and one-past-last number of the 15-digit range below this code, at each level, is not
    /// contiguous as numbers; this gives the range of village codes (12 digits) inside the area.
    #[must_use]
    pub const fn village_range(self) -> (i64, i64) {
        if self.0 == Self::COUNTRY.0 {
            return (100_000_000_000, 1_000_000_000_000);
        }
        let mut low = self.0;
        let mut high = self.0 + 1;
        while low <= 99_999_999_999 {
            low *= 1000;
            high *= 1000;
        }
        if low > 999_999_999_999 { (low as i64 / 1000, low as i64 / 1000 + 1) } else { (low as i64, high as i64) }
    }
}

/// Where somebody lives as exactly as it is known: the grid, if it is one of the village.
#[must_use]
pub fn home(village: AreaCode, grid: Option<AreaCode>) -> AreaCode {
    grid.filter(|grid| grid.is_within(village)).unwrap_or(village)
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_know_their_level_and_ancestors() {
        for (text, level) in
            [("330784", Level::County), ("330784105", Level::Town), ("330784105200", Level::Village), ("330784105200001", Level::Grid)]
        {
            let code = AreaCode::parse(text).unwrap();
            assert_eq!(code.level(), level);
            assert_eq!(code.to_string(), text);
            assert!(code.is_within(AreaCode::parse("330784").unwrap()));
        }
        let town = AreaCode::parse("330784105").unwrap();
        assert!(!AreaCode::parse("330784106200").unwrap().is_within(town));
        assert!(!AreaCode::parse("330784").unwrap().is_within(town));
        assert_eq!(AreaCode::parse("330784105200").unwrap().at(Level::Town), Some(town));
        assert_eq!(town.village_range(), (330_784_105_000, 330_784_106_000));
        let (village, grid) = (AreaCode::parse("330784105200").unwrap(), AreaCode::parse("330784105200001").unwrap());
        assert_eq!((grid.village_range(), grid.grid_number()), ((330_784_105_200, 330_784_105_201), 330_784_105_200_001));
        assert_eq!(village.grid_number(), 0);
        assert_eq!((home(village, Some(grid)), home(village, None), home(town, Some(grid))), (grid, village, grid));
        assert_eq!(home(AreaCode::parse("330784105201").unwrap(), Some(grid)).to_string(), "330784105201", "a grid of another village");
    }

    #[test]
    fn the_country_holds_every_area_and_no_area_holds_it() {
        let code = |text| AreaCode::parse(text).unwrap();
        assert_eq!(code("100000"), AreaCode::COUNTRY);
        assert_eq!((AreaCode::COUNTRY.level(), AreaCode::COUNTRY.parent()), (Level::Country, None));
        for text in ["100000", "110101", "330784", "330784105", "330784105200", "330784105200001", "999999999999999"] {
            assert!(code(text).is_within(AreaCode::COUNTRY), "{text}");
        }
        assert!(!AreaCode::COUNTRY.is_within(code("330784")));
        let (low, high) = AreaCode::COUNTRY.village_range();
        assert!((low..high).contains(&code("330784105200").number()) && (low..high).contains(&code("999999999999").number()));
        assert_eq!(code("330784105200").at(Level::Country), None, "a county has no parent in the tree");
    }

    #[test]
    fn odd_texts_are_refused() {
        for text in ["", "33078", "3307841", "33078a", "030784", "330784105200001000"] {
            assert_eq!(AreaCode::parse(text), Err(NotAnAreaCode), "{text}");
        }
    }
}
