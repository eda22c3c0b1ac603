//! One row: valid, or bad with every reason at once, so that a sheet is mended in one go.

use allclear_domain::{
    kernel::area::{AreaCode, home},
    people::{
        date::Date,
        document::{Document, DocumentKind, Sex},
        groups::{self, AgeGroups, Group, Groups},
        name::Name,
        phone::Phone,
    },
};

use super::{
    columns::Field,
    places::{NoPlace, Places},
    split::Line,
};

/// A person as a row gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Name.
    pub name: Name,
    /// Document.
    pub document: Document,
    /// Guardian's document, for a person without one.
    pub guardian: Option<Document>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Sex: the column's, else what the document tells.
    pub sex: Option<Sex>,
    /// Birth date: the document's, else the column's.
    pub born: Option<Date>,
    /// Village.
    pub living_area: AreaCode,
    /// Grid in it.
    pub grid: Option<AreaCode>,
    /// Where the person is registered, if that is in the tree.
    pub residence_area: Option<AreaCode>,
    /// Address inside the village.
    pub address: Option<String>,
    /// Rows with the same value are one household.
    pub household: Option<String>,
    /// Employer or school.
    pub workplace: Option<String>,
    /// Groups.
    pub groups: Groups,
}

impl Newcomer {
    /// Where the person lives as exactly as the row says.
    #[must_use]
    pub fn home(&self) -> AreaCode {
        home(self.living_area, self.grid)
    }
}

/// One reason of a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The column's field.
    pub field: Field,
    /// Stable code.
    pub code: &'static str,
}

/// What is needed to judge rows.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The area tree.
    pub places: &'a Places,
    /// The village for the whole file, if its rows do not say.
    pub area: Option<AreaCode>,
    /// The day of the import.
    pub today: Date,
    /// Ages of the groups by age.
    pub ages: AgeGroups,
}

/// Every reason code with its text in zh and en.
pub const REASONS: &[(&str, &str, &str)] = &[
    ("address_length", "地址过长", "the address is too long"),
    ("area_ambiguous", "区划名称重复，请在前面写上镇（街道）", "several villages have this name: write the town before it"),
    ("area_missing", "缺少现住地区划", "the living area is missing"),
    ("area_not_a_village", "区划须到村（社区）一级", "the area must be a village or community"),
    ("area_outside_scope", "该村（社区）不在您的管理范围内", "this village is outside the area of your account"),
    ("area_unknown", "区划代码或名称不存在", "no such area code or name"),
    ("birth_date_differs", "出生日期与证件号码不符", "the birth date differs from the document number"),
    ("birth_date_impossible", "出生日期不存在或不合理", "the birth date does not exist or is not possible"),
    ("cell_length", "单元格内容过长（超过 1000 字）", "the cell is longer than 1,000 characters"),
    ("document_area", "证件号码中的地区码不存在", "the place code in the document number is unknown"),
    ("document_birth_date", "证件号码中的出生日期不合理", "the birth date in the document number is not possible"),
    ("document_characters", "证件号码含有不允许的字符", "the document number has characters that its kind does not have"),
    ("document_check_digit", "证件号码校验位错误", "the check digit of the document number does not fit"),
    ("document_kind_unknown", "证件类型不存在", "no such kind of document"),
    ("document_length", "证件号码长度错误", "the document number has the wrong length"),
    ("document_missing", "缺少证件号码", "the document number is missing"),
    ("document_unexpected", "暂无证件者不应填写证件号码", "a person without a document has no document number"),
    ("double_in_file", "同一文件中前面已有此证件", "the same document stands earlier in the file"),
    ("group_unknown", "人群类别不存在", "no such group"),
    ("guardian_bad", "监护人证件号码有误", "the guardian's document number is not valid"),
    ("guardian_missing", "暂无证件者须填写监护人证件号码", "a person without a document needs the guardian's document number"),
    ("known_with_other_details", "已登记，但内容不同", "known already, with other details"),
    ("known_with_other_name", "此证件已登记为另一姓名", "this document is registered under another name"),
    ("name_characters", "姓名含有数字或符号", "the name has digits or signs in it"),
    ("name_length", "姓名过长", "the name is too long"),
    ("name_missing", "缺少姓名", "the name is missing"),
    ("phone_characters", "电话号码含有数字以外的字符", "the phone number has characters other than digits"),
    (
        "phone_shape",
        "电话号码不是手机号、带区号的固定电话或带+的境外号码",
        "neither a mobile, nor a landline with area code, nor a foreign number with +",
    ),
    ("quote_open", "此行有未闭合的引号", "a quotation mark on this line is not closed"),
    ("sex_differs", "性别与证件号码不符", "the sex differs from the document number"),
    ("sex_unknown", "性别须为男或女", "the sex must be male or female"),
];

/// Longest cell that is read, in characters; what a column holds is far shorter.
const CELL_CHARS_MAX: usize = 1000;
/// Longest address in characters.
const ADDRESS_CHARS_MAX: usize = 200;

/// zh and en text of a reason.
#[must_use]
pub fn texts(code: &str) -> (&'static str, &'static str) {
    REASONS.iter().find(|(known, _, _)| *known == code).map_or(("未知原因", "unknown reason"), |(_, zh, en)| (zh, en))
}

struct Cells<'r> {
    columns: [Option<&'r str>; 13],
    reasons: Vec<Reason>,
}

impl<'r> Cells<'r> {
    fn new(mapping: &[Option<Field>], row: &'r [String]) -> Self {
        let mut columns = [None; 13];
        let mut reasons = Vec::new();
        for (field, cell) in mapping.iter().zip(row) {
            let Some(field) = field else { continue };
            if cell.len() > CELL_CHARS_MAX && cell.chars().count() > CELL_CHARS_MAX {
                reasons.push(Reason { field: *field, code: "cell_length" });
            } else {
                columns[*field as usize] = Some(cell.trim()).filter(|cell| !cell.is_empty());
            }
        }
        Self { columns, reasons }
    }

    fn get(&self, field: Field) -> Option<&'r str> {
        self.columns[field as usize]
    }

    fn bad(&mut self, field: Field, code: &'static str) {
        // One reason a field: a cell that is too long is not missing as well.
        if self.reasons.iter().any(|reason| reason.field == field && reason.code == "cell_length") {
            return;
        }
        self.reasons.push(Reason { field, code });
    }

    fn name(&mut self) -> Option<Name> {
        Name::parse(self.get(Field::Name).unwrap_or_default()).map_err(|bad| self.bad(Field::Name, bad.code())).ok()
    }

    fn document(&mut self, today: Date) -> Option<Document> {
        let number = self.get(Field::DocumentNumber).unwrap_or_default();
        let kind = match self.get(Field::DocumentKind) {
            Some(cell) => match DocumentKind::parse(cell) {
                Some(kind) => kind,
                None => {
                    self.bad(Field::DocumentKind, "document_kind_unknown");
                    return None;
                }
            },
            // Without number and guardian it is a forgotten cell, not a newborn.
            None if number.is_empty() && self.get(Field::GuardianDocument).is_none() => {
                self.bad(Field::DocumentNumber, "document_missing");
                return None;
            }
            None => Document::guess_kind(number),
        };
        Document::parse(kind, number, today).map_err(|bad| self.bad(Field::DocumentNumber, bad.code())).ok()
    }

    fn guardian(&mut self, kind: DocumentKind, today: Date) -> Option<Document> {
        let Some(cell) = self.get(Field::GuardianDocument) else {
            if kind == DocumentKind::NoneYet {
                self.bad(Field::GuardianDocument, "guardian_missing");
            }
            return None;
        };
        let guardian = Document::parse(Document::guess_kind(cell), cell, today).ok().filter(|doc| doc.kind() != DocumentKind::NoneYet);
        if guardian.is_none() {
            self.bad(Field::GuardianDocument, "guardian_bad");
        }
        guardian
    }

    fn phone(&mut self) -> Option<Phone> {
        let cell = self.get(Field::Phone)?;
        Phone::parse(cell).map_err(|bad| self.bad(Field::Phone, bad.code())).ok()
    }

    fn sex(&mut self, told: Option<Sex>) -> Option<Sex> {
        let Some(cell) = self.get(Field::Sex) else { return told };
        match (Sex::parse(cell), told) {
            (None, _) => self.bad(Field::Sex, "sex_unknown"),
            (Some(sex), Some(told)) if sex != told => self.bad(Field::Sex, "sex_differs"),
            (sex, _) => return sex,
        }
        None
    }

    fn born(&mut self, told: Option<Date>, today: Date) -> Option<Date> {
        let Some(cell) = self.get(Field::BirthDate) else { return told };
        match (Date::parse(cell), told) {
            (None, _) => self.bad(Field::BirthDate, "birth_date_impossible"),
            (Some(day), _) if day > today || day.age_on(today) > 125 => self.bad(Field::BirthDate, "birth_date_impossible"),
            (Some(day), Some(told)) if day != told => self.bad(Field::BirthDate, "birth_date_differs"),
            (day, _) => return day,
        }
        None
    }

    fn living(&mut self, judge: &Judge<'_>) -> Option<(AreaCode, Option<AreaCode>)> {
        let found = match (self.get(Field::LivingArea), judge.area) {
            (Some(cell), _) => judge.places.village(cell),
            (None, Some(area)) => return Some((area, None)),
            (None, None) => {
                self.bad(Field::LivingArea, "area_missing");
                return None;
            }
        };
        let code = match found {
            Ok(area) => return Some(area),
            Err(NoPlace::Unknown) => "area_unknown",
            Err(NoPlace::Ambiguous) => "area_ambiguous",
            Err(NoPlace::NotAVillage) => "area_not_a_village",
        };
        self.bad(Field::LivingArea, code);
        None
    }

    fn groups(&mut self) -> Groups {
        let mut groups = Groups::default();
        let words = self.get(Field::Groups).unwrap_or_default().split([',', '，', '、', ';', '；', '|']);
        for word in words.map(str::trim).filter(|word| !word.is_empty()) {
            match Group::parse(word) {
                Some(group) => groups = groups.with(group),
                None => self.bad(Field::Groups, "group_unknown"),
            }
        }
        groups
    }

    fn address(&mut self) -> Option<String> {
        let cell = self.get(Field::Address)?;
        if cell.chars().count() > ADDRESS_CHARS_MAX {
            self.bad(Field::Address, "address_length");
        }
        Some(cell.to_owned())
    }
}

/// Judges one line of a file. Where a quotation mark is open nobody knows which cell is which.
pub fn judge_line(judge: &Judge<'_>, mapping: &[Option<Field>], line: &Line) -> Result<Newcomer, Vec<Reason>> {
    if line.open_quote {
        let first = mapping.iter().flatten().next().copied().unwrap_or(Field::Name);
        return Err(vec![Reason { field: first, code: "quote_open" }]);
    }
    self::judge(judge, mapping, &line.cells)
}

/// Judges one row.
pub fn judge(judge: &Judge<'_>, mapping: &[Option<Field>], row: &[String]) -> Result<Newcomer, Vec<Reason>> {
    let mut cells = Cells::new(mapping, row);
    let name = cells.name();
    let document = cells.document(judge.today);
    let kind = document.as_ref().map_or(DocumentKind::ResidentId, Document::kind);
    let guardian = cells.guardian(kind, judge.today);
    let phone = cells.phone();
    let sex = cells.sex(document.as_ref().and_then(Document::sex));
    let born = cells.born(document.as_ref().and_then(Document::birth), judge.today);
    let living = cells.living(judge);
    let groups = cells.groups();
    let address = cells.address();
    // Where somebody is registered is often outside the tree: unknown is a value, not an error.
    let residence_area = cells.get(Field::ResidenceArea).and_then(|cell| judge.places.any(cell).ok());
    match (name, document, living) {
        (Some(name), Some(document), Some((living_area, grid))) if cells.reasons.is_empty() => Ok(Newcomer {
            name,
            document,
            guardian,
            phone,
            sex,
            born,
            living_area,
            grid,
            residence_area,
            address,
            household: cells.get(Field::Household).map(str::to_owned),
            workplace: cells.get(Field::Workplace).map(str::to_owned),
            groups: groups::by_age(groups, born, judge.today, judge.ages),
        }),
        _ => Err(cells.reasons),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// name | kind | number | phone | sex | birth | area | groups | guardian -> outcome
    const TABLE: &str = "
        张三   |        | 11010519491231002X | 13800138000 |    |            | 塘里村 |          |                    | ok female 1949-12-31 -
        张三   |        | 110105491231002    |             | 女 | 1949-12-31 | 330784105200 | 重点岗位 |              | ok female 1949-12-31 key_occupation
        李小妹 | 无     |                    |             | 女 | 2021-12-30 | 塘里村 |          | 11010519491231002X | ok female 2021-12-30 infant
        李小妹 |        |                    |             | 女 | 2021-12-30 | 塘里村 |          | 11010519491231002X | ok female 2021-12-30 infant
        Mary   | 护照   | E12345678          | +85291234567 | F | 1990/1/2  | 塘里村 |          |                    | ok female 1990-01-02 -
        张三   |        | 11010519491231002X |             | 男 | 1949-12-30 | 塘里村 |          |                    | sex_differs birth_date_differs
        张三   |        | 110105194912310021 | 138         |    |            | 火星   | 神仙     |                    | document_check_digit phone_shape area_unknown group_unknown
        123    |        |                    |             |    |            |        |          |                    | name_characters document_missing area_missing
        李小妹 | 无     |                    |             |    | 2022-01-06 | 石柱镇 |          |                    | guardian_missing birth_date_impossible area_not_a_village
        张三   | 军官证 | 1                  |             | x  |            | 塘里村 |          | 1                  | document_kind_unknown guardian_bad sex_unknown
    ";

    #[test]
    fn rows_as_offices_send_them() {
        use Field::{BirthDate, DocumentKind as Kind, DocumentNumber, Groups, GuardianDocument, LivingArea, Name, Phone, Sex};
        let mapping = [Name, Kind, DocumentNumber, Phone, Sex, BirthDate, LivingArea, Groups, GuardianDocument].map(Some);
        let area = |code: &str, name: &str| (AreaCode::parse(code).unwrap(), name.to_owned());
        let places = Places::new(&[area("330784105", "石柱镇"), area("330784105200", "塘里村委会")]);
        let ages = AgeGroups { infant_below_months: 36, child_below_years: 14 };
        let rules = Judge { places: &places, area: None, today: Date::new(2022, 1, 5).unwrap(), ages };
        for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
            let expect = cells.pop().unwrap();
            let found = match judge(&rules, &mapping, &cells) {
                Ok(person) => {
                    let groups: Vec<&str> = person.groups.iter().map(Group::as_str).collect();
                    let groups = if groups.is_empty() { "-".to_owned() } else { groups.join(" ") };
                    format!("ok {} {} {groups}", person.sex.unwrap().as_str(), person.born.unwrap())
                }
                Err(reasons) => reasons.iter().map(|reason| reason.code).collect::<Vec<_>>().join(" "),
            };
            assert_eq!(found, expect, "{line}");
        }
    }

    #[test]
    fn a_cell_that_is_too_long_is_an_error_and_never_cut() {
        let places = Places::new(&[(AreaCode::parse("330784105200").unwrap(), "塘里村委会".to_owned())]);
        let ages = AgeGroups { infant_below_months: 36, child_below_years: 14 };
        let rules = Judge { places: &places, area: None, today: Date::new(2022, 1, 5).unwrap(), ages };
        let mapping = [Some(Field::Name), Some(Field::DocumentNumber), Some(Field::LivingArea), Some(Field::Workplace), None];
        let row = |cells: [&str; 5], open_quote| Line { number: 2, cells: cells.map(str::to_owned).to_vec(), open_quote };
        let long = "长".repeat(1001);
        let codes = |line: &Line| match judge_line(&rules, &mapping, line) {
            Ok(_) => "ok".to_owned(),
            Err(reasons) => {
                reasons.iter().map(|reason| format!("{} {}", reason.field.as_str(), reason.code)).collect::<Vec<_>>().join(", ")
            }
        };
        assert_eq!(codes(&row(["张三", "E12345678", "塘里村", &long, ""], false)), "workplace cell_length");
        assert_eq!(codes(&row([&long, "E12345678", "塘里村", "", ""], false)), "name cell_length");
        assert_eq!(codes(&row(["张三", "E12345678", "塘里村", "", &long], false)), "ok", "a column that nobody reads");
        assert_eq!(codes(&row(["张三", "E12345678", "塘里村", "", ""], true)), "name quote_open");
    }

    #[test]
    fn every_reason_has_its_texts_in_order() {
        assert!(REASONS.windows(2).all(|pair| pair[0].0 < pair[1].0), "alphabetical, no code twice");
        for line in TABLE.lines().filter_map(|line| line.rsplit('|').next()) {
            for code in line.split_whitespace().filter(|word| word.contains('_')) {
                let known = Group::parse(code).is_some() || REASONS.iter().any(|(known, _, _)| *known == code);
                assert!(known, "{code}");
            }
        }
    }
}
