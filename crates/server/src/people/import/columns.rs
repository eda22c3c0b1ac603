//! Which column holds what: guessed from headers in zh and en, corrected by a person, remembered.

use allclear_domain::people::text::half_width;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// 姓名.
    Name,
    /// 证件类型.
    DocumentKind,
    /// 证件号码.
    DocumentNumber,
    /// 手机号.
    Phone,
    /// 性别.
    Sex,
    /// 出生日期.
    BirthDate,
    /// 现住地区划: code or name.
    LivingArea,
    /// 户籍地区划: code or name.
    ResidenceArea,
    /// 现住地址.
    Address,
    /// 户号: rows with the same value are one household.
    Household,
    /// 工作单位.
    Workplace,
    /// 人群.
    Groups,
    /// 监护人证件号码.
    GuardianDocument,
}

impl Field {
    /// Every field, in the order of our own files.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::DocumentKind,
        Self::DocumentNumber,
        Self::Phone,
        Self::Sex,
        Self::BirthDate,
        Self::LivingArea,
        Self::ResidenceArea,
        Self::Address,
        Self::Household,
        Self::Workplace,
        Self::Groups,
        Self::GuardianDocument,
    ];

    /// The word used in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::DocumentKind => "document_kind",
            Self::DocumentNumber => "document_number",
            Self::Phone => "phone",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::LivingArea => "living_area",
            Self::ResidenceArea => "residence_area",
            Self::Address => "address",
            Self::Household => "household",
            Self::Workplace => "workplace",
            Self::Groups => "groups",
            Self::GuardianDocument => "guardian_document",
        }
    }

    /// The header of our own files.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Name => "姓名",
            Self::DocumentKind => "证件类型",
            Self::DocumentNumber => "证件号码",
            Self::Phone => "手机号",
            Self::Sex => "性别",
            Self::BirthDate => "出生日期",
            Self::LivingArea => "现住地区划",
            Self::ResidenceArea => "户籍地区划",
            Self::Address => "现住地址",
            Self::Household => "户号",
            Self::Workplace => "工作单位",
            Self::Groups => "人群",
            Self::GuardianDocument => "监护人证件号码",
        }
    }

    /// Reads what [`Field::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }

    /// Headers seen in the field, folded; the most telling first.
    const fn headers(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["姓名", "名字", "居民姓名", "人员姓名", "name", "fullname"],
            Self::DocumentKind => &["证件类型", "证件种类", "documentkind", "documenttype", "idtype"],
            Self::DocumentNumber => &[
                "证件号码",
                "证件号",
                "身份证号",
                "身份证号码",
                "身份证",
                "公民身份号码",
                "居民身份证号",
                "documentnumber",
                "idnumber",
                "idno",
                "idcard",
            ],
            Self::Phone => &[
                "手机号",
                "手机号码",
                "手机",
                "联系电话",
                "电话",
                "电话号码",
                "联系方式",
                "移动电话",
                "phone",
                "mobile",
                "tel",
                "phonenumber",
            ],
            Self::Sex => &["性别", "sex", "gender"],
            Self::BirthDate => &["出生日期", "生日", "出生年月", "出生年月日", "birthdate", "dateofbirth", "dob", "birthday"],
            Self::LivingArea => &[
                "现住地区划",
                "现住区划",
                "区划代码",
                "现住地区划代码",
                "村社区",
                "村(社区)",
                "社区",
                "行政村",
                "所属社区",
                "所属村",
                "居住村社",
                "livingarea",
                "area",
                "areacode",
                "village",
                "community",
            ],
            Self::ResidenceArea => &["户籍地区划", "户籍区划", "户籍地", "户籍所在地", "residencearea", "registeredarea"],
            Self::Address => &["现住地址", "地址", "居住地址", "家庭住址", "住址", "详细地址", "address", "homeaddress"],
            Self::Household => &["户号", "家庭编号", "户编号", "家庭户号", "household", "householdno", "familyno"],
            Self::Workplace => &["工作单位", "单位", "工作单位(学校)", "学校或单位", "workplace", "employer", "company", "school"],
            Self::Groups => &["人群", "人群类别", "人员类别", "特殊人群", "groups", "group", "category"],
            Self::GuardianDocument => {
                &["监护人证件号码", "监护人证件号", "监护人身份证", "监护人身份证号", "guardiandocument", "guardianid"]
            }
        }
    }
}

/// Which field each column holds; `None` is carried along and ignored.
pub type Mapping = Vec<Option<Field>>;

fn folded(header: &str) -> String {
    half_width(header).to_lowercase().chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '*' | ':' | '/' | '\u{FEFF}')).collect()
}

/// Guesses the mapping: exact headers first, then headers that begin with a known one; each field once.
#[must_use]
pub fn guess(header: &[String]) -> Mapping {
    let names: Vec<String> = header.iter().map(|cell| folded(cell)).collect();
    let mut mapping: Mapping = vec![None; names.len()];
    let exact = |field: Field, name: &str| field.headers().iter().position(|known| *known == name);
    let loose = |field: Field, name: &str| field.headers().iter().position(|known| known.chars().count() > 2 && name.starts_with(known));
    for fit in [&exact as &dyn Fn(Field, &str) -> Option<usize>, &loose] {
        for field in Field::ALL {
            if mapping.contains(&Some(field)) {
                continue;
            }
            let free = names.iter().enumerate().filter(|(column, _)| mapping[*column].is_none());
            if let Some((_, column)) = free.filter_map(|(column, name)| fit(field, name).map(|rank| (rank, column))).min() {
                mapping[column] = Some(field);
            }
        }
    }
    mapping
}

/// What identifies a layout, so that a corrected mapping is found again: the folded headers in order.
#[must_use]
pub fn header_set(header: &[String]) -> String {
    header.iter().map(|cell| folded(cell)).collect::<Vec<_>>().join("\u{1F}")
}

/// Why a mapping cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMapping {
    /// No column for the name.
    #[error("no column is mapped to the name")]
    NoName,
    /// No column that says where people live, and no area given for the whole file.
    #[error("no column says where people live and no area was chosen for the whole file")]
    NoArea,
    /// One field twice.
    #[error("one field is mapped to two columns")]
    Twice,
    /// Not as many entries as the file has columns.
    #[error("the mapping does not have one entry for each column")]
    Columns,
}

impl BadMapping {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoName => "mapping_no_name",
            Self::NoArea => "mapping_no_area",
            Self::Twice => "mapping_twice",
            Self::Columns => "mapping_columns",
        }
    }
}

/// Checks a mapping for a file of `columns` columns.
pub fn check(mapping: &[Option<Field>], columns: usize, area_given: bool) -> Result<(), BadMapping> {
    if mapping.len() != columns {
        return Err(BadMapping::Columns);
    }
    for field in Field::ALL {
        if mapping.iter().filter(|entry| **entry == Some(field)).count() > 1 {
            return Err(BadMapping::Twice);
        }
    }
    if !mapping.contains(&Some(Field::Name)) {
        return Err(BadMapping::NoName);
    }
    if !area_given && !mapping.contains(&Some(Field::LivingArea)) {
        return Err(BadMapping::NoArea);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(header: &str) -> String {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        guess(&header).into_iter().map(|field| field.map_or("-", Field::as_str)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn headers_as_offices_write_them() {
        for (header, expect) in [
            ("序号,姓名,身份证号,联系电话,村（社区）,家庭住址", "- name document_number phone living_area address"),
            ("Name,ID Number,Mobile,Village,Date of Birth,*Gender", "name document_number phone living_area birth_date sex"),
            ("姓名*,证件类型,证件号码（必填）,手机号码1,手机号码2", "name document_kind document_number phone -"),
            ("监护人身份证,身份证,姓　名", "guardian_document document_number name"),
            ("a,b,c", "- - -"),
        ] {
            assert_eq!(words(header), expect, "{header}");
        }
        let ours: Vec<String> = Field::ALL.iter().map(|field| field.zh().to_owned()).collect();
        assert_eq!(guess(&ours), Field::ALL.map(Some));
    }

    #[test]
    fn a_mapping_is_checked_before_it_runs() {
        use Field::{LivingArea, Name};
        for (mapping, columns, area, expect) in [
            (vec![Some(Name), Some(LivingArea)], 2, false, "ok"),
            (vec![Some(Name), None], 2, true, "ok"),
            (vec![Some(Name), None], 2, false, "mapping_no_area"),
            (vec![None, Some(LivingArea)], 2, false, "mapping_no_name"),
            (vec![Some(Name), Some(Name)], 2, true, "mapping_twice"),
            (vec![Some(Name)], 2, true, "mapping_columns"),
        ] {
            assert_eq!(check(&mapping, columns, area).map_or_else(BadMapping::code, |()| "ok"), expect);
        }
    }
}
