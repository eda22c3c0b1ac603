//! Whom a round asks for, and with which tubes: by areas and by groups.

use super::tube::TubeKind;
use crate::kernel::area::AreaCode;

/// Which groups a person must be in to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupRule {
    /// Bits of the groups; none: everybody.
    pub groups: i64,
    /// Whether a person must be in all of them; otherwise one is enough.
    pub all: bool,
}

impl GroupRule {
    /// Whether somebody in these groups is meant. Ages exclude each other, so "infants and children"
    /// means whoever is one of them, unless the order says that all must hold.
    #[must_use]
    pub const fn takes(self, person: i64) -> bool {
        self.groups == 0 || (if self.all { person & self.groups == self.groups } else { person & self.groups != 0 })
    }
}

/// One line of a scope that names a kind of tube.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindLine {
    /// Where (the whole subtree).
    pub area: AreaCode,
    /// Whose: bits of groups, any of them; none: everybody's.
    pub groups: i64,
    /// The kind.
    pub kind: TubeKind,
}

/// Kind of tube for somebody in these groups who lives in `area`. A line about a group goes before
/// one about everybody, since it was written for fewer; of two the narrower area.
#[must_use]
pub fn kind_for(usual: TubeKind, lines: impl IntoIterator<Item = KindLine>, area: AreaCode, groups: i64) -> TubeKind {
    lines
        .into_iter()
        .filter(|line| area.is_within(line.area) && (line.groups == 0 || line.groups & groups != 0))
        .max_by_key(|line| (line.groups != 0, line.area))
        .map_or(usual, |line| line.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::groups::Group;

    #[test]
    fn any_group_is_enough_unless_said() {
        let (infant, child, worker) = (Group::Infant.bit(), Group::Child.bit(), Group::KeyOccupation.bit());
        let any = GroupRule { groups: infant | child, all: false };
        let all = GroupRule { groups: child | worker, all: true };
        for (rule, person, expect) in [
            (GroupRule::default(), 0, true),
            (any, infant, true),
            (any, child | worker, true),
            (any, worker, false),
            (any, 0, false),
            (all, child, false),
            (all, child | worker, true),
        ] {
            assert_eq!(rule.takes(person), expect, "{rule:?} {person}");
        }
    }

    #[test]
    fn the_narrowest_line_says_the_kind() {
        let area = |code: &str| AreaCode::parse(code).unwrap();
        let worker = Group::KeyOccupation.bit();
        let line = |code: &str, groups, kind| KindLine { area: area(code), groups, kind };
        let lines =
            [line("330784105", 0, TubeKind::Pool5), line("330784105200", 0, TubeKind::Household), line("330784", worker, TubeKind::Single)];
        for (code, groups, expect) in [
            ("330784001001", 0, TubeKind::Pool10),
            ("330784105100", 0, TubeKind::Pool5),
            ("330784105200", 0, TubeKind::Household),
            ("330784105200", worker, TubeKind::Single),
            ("330784105", Group::Child.bit(), TubeKind::Pool5),
        ] {
            assert_eq!(kind_for(TubeKind::Pool10, lines, area(code), groups), expect, "{code} {groups}");
        }
    }
}
