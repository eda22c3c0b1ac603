//! Identity documents of every kind that a register meets.

use super::{date::Date, resident_id, text::compact};

/// Kind of identity document. Append-only: the number is what the store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// 居民身份证: GB 11643.
    ResidentId,
    /// 港澳居民来往内地通行证, or the residence permit with 18 digits.
    HkMacaoPermit,
    /// 台湾居民来往大陆通行证, or the residence permit with 18 digits.
    TaiwanPermit,
    /// 护照.
    Passport,
    /// 外国人永久居留身份证.
    ForeignPermanentResident,
    /// None yet: an infant, known by the guardian's document and a sequence number.
    NoneYet,
}

impl DocumentKind {
    /// Every kind, in display order.
    pub const ALL: [Self; 6] =
        [Self::ResidentId, Self::HkMacaoPermit, Self::TaiwanPermit, Self::Passport, Self::ForeignPermanentResident, Self::NoneYet];

    /// The word used in SQL, JSON and CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResidentId => "resident_id",
            Self::HkMacaoPermit => "hk_macao_permit",
            Self::TaiwanPermit => "taiwan_permit",
            Self::Passport => "passport",
            Self::ForeignPermanentResident => "foreign_permanent_resident",
            Self::NoneYet => "none",
        }
    }

    /// Name in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::ResidentId => "居民身份证",
            Self::HkMacaoPermit => "港澳居民来往内地通行证",
            Self::TaiwanPermit => "台湾居民来往大陆通行证",
            Self::Passport => "护照",
            Self::ForeignPermanentResident => "外国人永久居留身份证",
            Self::NoneYet => "暂无证件",
        }
    }

    /// Reads what people write in a column: our word, the Chinese name, or a common short form.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let text = super::text::half_width(raw).trim().to_lowercase();
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.as_str() == text || kind.zh() == text) {
            return Some(kind);
        }
        match text.as_str() {
            "身份证" | "居民身份证号" | "二代身份证" | "id" | "id card" | "resident id" => Some(Self::ResidentId),
            "港澳通行证" | "回乡证" | "港澳居民居住证" | "港澳证件" | "hk/macao permit" => Some(Self::HkMacaoPermit),
            "台胞证" | "台湾通行证" | "台湾居民居住证" | "taiwan permit" => Some(Self::TaiwanPermit),
            "外国护照" | "中国护照" | "passport" => Some(Self::Passport),
            "永居证" | "外国人永居证" | "五星卡" | "foreign pr card" => Some(Self::ForeignPermanentResident),
            "无" | "无证件" | "新生儿" | "暂无" | "none" | "none yet" => Some(Self::NoneYet),
            _ => None,
        }
    }

    /// The number that the store keeps.
    #[must_use]
    pub const fn number(self) -> i16 {
        match self {
            Self::ResidentId => 1,
            Self::HkMacaoPermit => 2,
            Self::TaiwanPermit => 3,
            Self::Passport => 4,
            Self::ForeignPermanentResident => 5,
            Self::NoneYet => 0,
        }
    }

    /// Reads what [`DocumentKind::number`] gave.
    #[must_use]
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Sex as a resident ID tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
}

impl Sex {
    /// The word used in SQL, JSON and CSV.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// Reads `男`, `女`, `male`, `F` and the like.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        match super::text::half_width(raw).trim().to_lowercase().as_str() {
            "男" | "男性" | "male" | "m" => Some(Self::Male),
            "女" | "女性" | "female" | "f" => Some(Self::Female),
            _ => None,
        }
    }
}

/// Why a number is not one of its kind. The code is stable: bad-row sheets and clients carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadDocument {
    /// No number where the kind has one.
    #[error("the document number is missing")]
    Missing,
    /// A number where the kind has none.
    #[error("a person without a document has no document number")]
    Unexpected,
    /// Wrong number of characters.
    #[error("the document number has the wrong length")]
    Length,
    /// Letters or signs where they cannot be.
    #[error("the document number has characters that its kind does not have")]
    Characters,
    /// The check digit does not fit: misread or mistyped.
    #[error("the check digit of the document number does not fit")]
    CheckDigit,
    /// The birth date in the number does not exist, lies ahead, or is too long ago.
    #[error("the birth date in the document number is not possible")]
    BirthDate,
    /// The place in the number is not in China's list of divisions.
    #[error("the place code in the document number is unknown")]
    Area,
}

impl BadDocument {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "document_missing",
            Self::Unexpected => "document_unexpected",
            Self::Length => "document_length",
            Self::Characters => "document_characters",
            Self::CheckDigit => "document_check_digit",
            Self::BirthDate => "document_birth_date",
            Self::Area => "document_area",
        }
    }
}

/// A document in its one canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Document {
    kind: DocumentKind,
    number: String,
}

fn alphanumeric(text: &str) -> Result<(), BadDocument> {
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) { Ok(()) } else { Err(BadDocument::Characters) }
}

fn all_digits(text: &str) -> Result<(), BadDocument> {
    if text.bytes().all(|b| b.is_ascii_digit()) { Ok(()) } else { Err(BadDocument::Characters) }
}

/// H or M and 8 digits, printed with two digits of the issue behind on older cards; or the 18-digit
/// residence permit of Hong Kong (81) and Macao (82).
fn hk_macao(text: &str, today: Date) -> Result<String, BadDocument> {
    match text.len() {
        18 if text.starts_with("81") || text.starts_with("82") => resident_id::canonical(text, today),
        18 => Err(BadDocument::Area),
        9 | 11 if !text.starts_with(['H', 'M']) => Err(BadDocument::Characters),
        // The issue number changes with each renewal, the first nine characters stay for life.
        9 | 11 => all_digits(&text[1..]).map(|()| text[..9].to_owned()),
        _ => Err(BadDocument::Length),
    }
}

/// Eight digits for life, on older cards with two digits of the issue; or the 18-digit residence permit (83).
fn taiwan(text: &str, today: Date) -> Result<String, BadDocument> {
    match text.len() {
        18 if text.starts_with("83") => resident_id::canonical(text, today),
        18 => Err(BadDocument::Area),
        8 | 10 => all_digits(text).map(|()| text[..8].to_owned()),
        _ => Err(BadDocument::Length),
    }
}

fn passport(text: &str) -> Result<String, BadDocument> {
    if !(5..=17).contains(&text.len()) {
        return Err(BadDocument::Length);
    }
    alphanumeric(text)?;
    if text.bytes().any(|b| b.is_ascii_digit()) { Ok(text.to_owned()) } else { Err(BadDocument::Characters) }
}

/// Until 2023 three letters and twelve digits (shape only: refusing a holder of an old card would
/// lose a person); since then eighteen digits that begin with 9, checked like a resident ID.
fn foreign_permanent_resident(text: &str, today: Date) -> Result<String, BadDocument> {
    let bytes = text.as_bytes();
    match bytes.len() {
        15 => {
            alphanumeric(text)?;
            if !bytes[..3].iter().all(u8::is_ascii_uppercase) || !bytes[3..].iter().all(u8::is_ascii_digit) {
                return Err(BadDocument::Characters);
            }
            Ok(text.to_owned())
        }
        18 if bytes[0] != b'9' => Err(BadDocument::Area),
        18 => {
            all_digits(&text[..17])?;
            if resident_id::check_character(&bytes[..17]) != char::from(bytes[17]) {
                return Err(BadDocument::CheckDigit);
            }
            let born = Date::parse(&text[6..14]).ok_or(BadDocument::BirthDate)?;
            if born > today { Err(BadDocument::BirthDate) } else { Ok(text.to_owned()) }
        }
        _ => Err(BadDocument::Length),
    }
}

impl Document {
    /// Reads a number of a known kind in any spelling; `today` bounds the birth date.
    pub fn parse(kind: DocumentKind, raw: &str, today: Date) -> Result<Self, BadDocument> {
        let text = compact(raw);
        if kind == DocumentKind::NoneYet {
            return if text.is_empty() { Ok(Self { kind, number: text }) } else { Err(BadDocument::Unexpected) };
        }
        if text.is_empty() {
            return Err(BadDocument::Missing);
        }
        if !text.is_ascii() {
            return Err(BadDocument::Characters);
        }
        let number = match kind {
            DocumentKind::ResidentId => resident_id::canonical(&text, today)?,
            DocumentKind::HkMacaoPermit => hk_macao(&text, today)?,
            DocumentKind::TaiwanPermit => taiwan(&text, today)?,
            DocumentKind::Passport => passport(&text)?,
            DocumentKind::ForeignPermanentResident => foreign_permanent_resident(&text, today)?,
            DocumentKind::NoneYet => text,
        };
        Ok(Self { kind, number })
    }

    /// Takes back what was kept in the store, without asking the calendar again.
    #[must_use]
    pub fn kept(kind: DocumentKind, number: String) -> Self {
        Self { kind, number }
    }

    /// The kind a bare number most likely has: a file without a kind column, a typed search.
    #[must_use]
    pub fn guess_kind(raw: &str) -> DocumentKind {
        let text = compact(raw);
        let bytes = text.as_bytes();
        let digits_from = |n: usize| bytes.len() > n && bytes[n..].iter().all(u8::is_ascii_digit);
        match bytes.len() {
            0 => DocumentKind::NoneYet,
            18 if text.starts_with("81") || text.starts_with("82") => DocumentKind::HkMacaoPermit,
            18 if text.starts_with("83") => DocumentKind::TaiwanPermit,
            18 if text.starts_with('9') && !text.starts_with("99") => DocumentKind::ForeignPermanentResident,
            9 | 11 if text.starts_with(['H', 'M']) && digits_from(1) => DocumentKind::HkMacaoPermit,
            8 | 10 if digits_from(0) => DocumentKind::TaiwanPermit,
            15 if !digits_from(0) && digits_from(3) => DocumentKind::ForeignPermanentResident,
            15..=19 => DocumentKind::ResidentId,
            5..=14 if !digits_from(0) => DocumentKind::Passport,
            _ => DocumentKind::ResidentId,
        }
    }

    /// The resident ID with this place, birth date and sequence, for synthetic cities.
    #[must_use]
    pub fn synthetic(born: Date, place: u32, sequence: u16) -> Self {
        let seventeen = format!("99{:04}{}{:03}", place % 10_000, born.digits(), sequence % 1000);
        let check = resident_id::check_character(seventeen.as_bytes());
        Self { kind: DocumentKind::ResidentId, number: format!("{seventeen}{check}") }
    }

    /// Kind of document.
    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// Canonical number; empty for "none yet".
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    fn tells_birth(&self) -> bool {
        self.number.len() == 18 && self.number.is_ascii()
    }

    /// Birth date, if the number carries it.
    #[must_use]
    pub fn birth(&self) -> Option<Date> {
        if self.tells_birth() { Date::parse(&self.number[6..14]) } else { None }
    }

    /// Sex, if the number carries it.
    #[must_use]
    pub fn sex(&self) -> Option<Sex> {
        let digit = self.number.as_bytes().get(16).filter(|_| self.tells_birth())?;
        Some(if digit % 2 == 1 { Sex::Male } else { Sex::Female })
    }

    /// County of first registration (GB/T 2260), if the number carries it.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        (self.kind == DocumentKind::ResidentId).then(|| &self.number[..6])
    }

    /// Whether the number belongs to an invented person: place code 99, which nobody assigns.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        self.kind == DocumentKind::ResidentId && self.number.starts_with("99")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a case: kind, what was written, what it means (or why not).
    const TABLE: &str = "
        # kind            | written                  | canonical or refusal
        resident_id       | 110105194912310021X      | document_length
        resident_id       | 11010519491231002X       | 11010519491231002X  female 1949-12-31
        resident_id       | 11010519491231002x       | 11010519491231002X  female 1949-12-31
        resident_id       | １１０１０５１９４９１２３１００２Ｘ | 11010519491231002X  female 1949-12-31
        resident_id       | 110105 19491231 002X     | 11010519491231002X  female 1949-12-31
        resident_id       | 440524188001010014       | document_birth_date
        resident_id       | 110105491231002          | 11010519491231002X  female 1949-12-31
        resident_id       | 110105194912310021       | document_check_digit
        resident_id       | 110105194912310X21       | document_characters
        resident_id       | 11010519491231002Y       | document_characters
        resident_id       | 110105199902300023       | document_birth_date
        resident_id       | 110105204912310026       | document_birth_date
        resident_id       | 100105194912310028       | document_area
        resident_id       |                          | document_missing
        resident_id       | 无                        | document_characters
        hk_macao_permit   | H12345678                | H12345678
        hk_macao_permit   | h1234567801              | H12345678
        hk_macao_permit   | M 8765 4321              | M87654321
        hk_macao_permit   | K12345678                | document_characters
        hk_macao_permit   | H1234567                 | document_length
        hk_macao_permit   | 810000199408230021       | 810000199408230021  female 1994-08-23
        hk_macao_permit   | 810000199408230022       | document_check_digit
        taiwan_permit     | 12345678                 | 12345678
        taiwan_permit     | 1234567801               | 12345678
        taiwan_permit     | 1234567A                 | document_characters
        taiwan_permit     | 830000199201300022       | 830000199201300022  female 1992-01-30
        passport          | e12345678                | E12345678
        passport          | AB 12-345                | AB12345
        passport          | ABCDEFG                  | document_characters
        passport          | A1                       | document_length
        passport          | 护照12345                  | document_characters
        foreign_permanent_resident | USA110099010115 | USA110099010115
        foreign_permanent_resident | US1110099010115 | document_characters
        foreign_permanent_resident | 911124198108030024 | 911124198108030024  female 1981-08-03
        foreign_permanent_resident | 911124198108030025 | document_check_digit
        foreign_permanent_resident | 811124198108030024 | document_area
        none              |                          | -
        none              | 12345                    | document_unexpected
    ";

    fn check(kind: &str, written: &str) -> String {
        let today = Date::new(2022, 1, 5).unwrap();
        match Document::parse(DocumentKind::parse(kind).unwrap(), written, today) {
            Err(bad) => bad.code().to_owned(),
            Ok(doc) if doc.number().is_empty() => "-".to_owned(),
            Ok(doc) => match (doc.sex(), doc.birth()) {
                (Some(sex), Some(born)) => format!("{}  {} {born}", doc.number(), sex.as_str()),
                _ => doc.number().to_owned(),
            },
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        let mut wrong = Vec::new();
        for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let found = check(cells[0], cells[1]);
            if found != cells[2] {
                wrong.push(format!("{line}\n    found: {found}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn kinds_are_guessed_from_bare_numbers() {
        for (written, kind) in [
            ("11010519491231002X", DocumentKind::ResidentId),
            ("110105491231002", DocumentKind::ResidentId),
            ("999001194912310022", DocumentKind::ResidentId),
            ("H12345678", DocumentKind::HkMacaoPermit),
            ("810000199408230021", DocumentKind::HkMacaoPermit),
            ("12345678", DocumentKind::TaiwanPermit),
            ("E12345678", DocumentKind::Passport),
            ("USA110099010115", DocumentKind::ForeignPermanentResident),
            ("911124198108030024", DocumentKind::ForeignPermanentResident),
            ("", DocumentKind::NoneYet),
        ] {
            assert_eq!(Document::guess_kind(written), kind, "{written}");
        }
    }

    #[test]
    fn every_single_misread_of_a_resident_id_is_found() {
        let today = Date::new(2022, 1, 5).unwrap();
        let good = Document::synthetic(Date::new(1985, 6, 7).unwrap(), 12, 345);
        assert!(good.is_synthetic());
        assert_eq!(Document::parse(DocumentKind::ResidentId, good.number(), today), Ok(good.clone()));
        for position in 0..18 {
            for digit in b"0123456789X" {
                let mut bytes = good.number().as_bytes().to_vec();
                if bytes[position] == *digit {
                    continue;
                }
                bytes[position] = *digit;
                let text = String::from_utf8(bytes).unwrap();
                assert!(Document::parse(DocumentKind::ResidentId, &text, today).is_err(), "{text}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_reading_is_idempotent(kind in 0usize..6, raw in "\\PC{0,30}") {
            let today = Date::new(2022, 1, 5).unwrap();
            let kind = DocumentKind::ALL[kind];
            let _ = Document::guess_kind(&raw);
            if let Ok(doc) = Document::parse(kind, &raw, today) {
                proptest::prop_assert_eq!(Document::parse(kind, doc.number(), today), Ok(doc));
            }
        }
    }
}
