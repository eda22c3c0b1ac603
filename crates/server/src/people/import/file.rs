//! Files as people have them: CSV in UTF-8, UTF-16 or GB18030 with comma, semicolon or tab; XLSX.

use std::borrow::Cow;

use calamine::Data;

use super::{
    columns::{self, Field},
    split::{Line, ROW_BYTES_MAX, Split},
    workbook::{BadBook, Book, Bounds},
};

/// Largest file taken in; a register of a million persons is about 120 MB as CSV.
pub const FILE_BYTES_MAX: usize = 256 << 20;
/// Most rows of one file.
pub const ROWS_MAX: usize = 2_000_000;
/// Most columns of one file; a line with more is not a register.
pub const COLUMNS_MAX: usize = 100;
/// Lines above the header that may be a title or a date.
const TITLE_LINES_MAX: usize = 10;
/// A register of two million persons has about 30 million cells and a gibibyte of sheet.
const BOOK: Bounds = Bounds { rows: ROWS_MAX + TITLE_LINES_MAX, columns: COLUMNS_MAX, cells: 40_000_000, inflated: 1 << 30, text: 1 << 30 };

/// How the file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-, semicolon- or tab-separated.
    Csv {
        /// `UTF-8`, `UTF-8 with BOM`, `UTF-16` or `GB18030`.
        encoding: &'static str,
        /// The separator.
        delimiter: u8,
    },
    /// A workbook; its first sheet with rows.
    Xlsx,
}

impl Format {
    /// Words for the screen.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Csv { encoding, delimiter: b'\t' } => format!("CSV, {encoding}, tab"),
            Self::Csv { encoding, delimiter } => format!("CSV, {encoding}, {}", char::from(delimiter)),
            Self::Xlsx => "XLSX".to_owned(),
        }
    }
}

/// Why a file is not a table at all. One clear error, whatever the size of the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// No bytes, or no line.
    #[error("the file is empty")]
    Empty,
    /// Too big.
    #[error("the file is larger than {} MiB", FILE_BYTES_MAX >> 20)]
    TooLarge,
    /// Neither text nor workbook.
    #[error("the file is neither a CSV text nor an XLSX workbook")]
    NotATable,
    /// The old binary Excel format, or a workbook with a password.
    #[error("the file is an old or protected Excel workbook; save it as XLSX without a password")]
    OldExcel,
    /// A workbook that cannot be opened.
    #[error("the workbook is damaged")]
    Damaged,
    /// A workbook that unpacks to too much.
    #[error("the workbook is too large once it is unpacked")]
    Unpacks,
    /// A header without rows.
    #[error("the file has a header but no rows")]
    NoRows,
    /// Too many rows.
    #[error("the file has more than {ROWS_MAX} rows")]
    TooManyRows,
    /// Too many columns.
    #[error("the file has more than {COLUMNS_MAX} columns")]
    TooManyColumns,
}

impl BadFile {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::TooLarge | Self::Unpacks => "file_too_large",
            Self::NotATable => "file_not_a_table",
            Self::OldExcel => "file_old_excel",
            Self::Damaged => "file_damaged",
            Self::NoRows => "file_no_rows",
            Self::TooManyRows => "file_too_many_rows",
            Self::TooManyColumns => "file_too_many_columns",
        }
    }
}

enum Body {
    /// The whole text; rows begin behind the header's line.
    Text { text: String, delimiter: u8, header: u64 },
    /// The rows below the header.
    Rows(Vec<Line>),
}

impl From<BadBook> for BadFile {
    fn from(bad: BadBook) -> Self {
        match bad {
            BadBook::Damaged | BadBook::Protected => Self::Damaged,
            BadBook::TooLarge => Self::Unpacks,
            BadBook::TooManyRows => Self::TooManyRows,
            BadBook::TooManyColumns => Self::TooManyColumns,
        }
    }
}

/// Whether a line is the header of a register: a name and something else.
fn names_a_person(line: &Line) -> bool {
    let mapping = columns::guess(&line.cells);
    mapping.contains(&Some(Field::Name)) && mapping.iter().flatten().count() > 1
}

/// Which of the first rows is the header, below whatever title stands above it; else the first.
fn header_of<'l>(rows: impl Iterator<Item = &'l Line> + Clone) -> usize {
    rows.take(TITLE_LINES_MAX).position(names_a_person).unwrap_or(0)
}

/// A table in memory.
pub struct Table {
    /// How it was written.
    pub format: Format,
    /// The header cells.
    pub header: Vec<String>,
    body: Body,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Rows are personal data: never in a log.
        f.debug_struct("Table").field("format", &self.format).field("columns", &self.header.len()).finish()
    }
}

/// Reads any supported file.
pub fn read(bytes: Vec<u8>) -> Result<Table, BadFile> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(BadFile::TooLarge);
    }
    if bytes.iter().all(|b| b.is_ascii_whitespace()) {
        return Err(BadFile::Empty);
    }
    let table = match &bytes[..bytes.len().min(4)] {
        [b'P', b'K', 3, 4] => read_xlsx(bytes)?,
        [0xD0, 0xCF, 0x11, 0xE0] => return Err(BadFile::OldExcel),
        _ => read_text(bytes)?,
    };
    if table.header.len() > COLUMNS_MAX {
        return Err(BadFile::TooManyColumns);
    }
    Ok(table)
}

fn read_xlsx(bytes: Vec<u8>) -> Result<Table, BadFile> {
    let mut book = Book::open(bytes, BOOK)?;
    for sheet in book.sheets() {
        let mut rows = book.rows(&sheet, cell_text)?;
        if rows.is_empty() {
            continue;
        }
        let header = header_of(rows.iter());
        let rest = rows.split_off(header + 1);
        let header = rows.pop().map(|line| line.cells).unwrap_or_default();
        return if rest.is_empty() { Err(BadFile::NoRows) } else { Ok(Table { format: Format::Xlsx, header, body: Body::Rows(rest) }) };
    }
    Err(BadFile::Empty)
}

/// A cell as a person reads it: whole numbers without a point, days without a time.
fn cell_text(cell: &Data) -> String {
    let text = match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        Data::DateTime(value) if value.is_datetime() => {
            let (year, month, day, ..) = value.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        other => other.to_string(),
    };
    text.trim().to_owned()
}

/// Decodes what the byte order mark says, else UTF-8 if it is valid, else GB18030 if that is.
fn decode(bytes: Vec<u8>) -> Result<(String, &'static str), BadFile> {
    let utf16 = |encoding: &'static encoding_rs::Encoding, rest: &[u8]| {
        encoding.decode_without_bom_handling_and_without_replacement(rest).map(Cow::into_owned).ok_or(BadFile::NotATable)
    };
    match &bytes[..] {
        [0xEF, 0xBB, 0xBF, rest @ ..] => {
            let text = std::str::from_utf8(rest).map_err(|_| BadFile::NotATable)?;
            return Ok((text.to_owned(), "UTF-8 with BOM"));
        }
        [0xFF, 0xFE, rest @ ..] => return Ok((utf16(encoding_rs::UTF_16LE, rest)?, "UTF-16")),
        [0xFE, 0xFF, rest @ ..] => return Ok((utf16(encoding_rs::UTF_16BE, rest)?, "UTF-16")),
        _ => {}
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok((text, "UTF-8")),
        Err(error) => error.into_bytes(),
    };
    let text = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(&bytes).ok_or(BadFile::NotATable)?;
    Ok((text.into_owned(), "GB18030"))
}

fn looks_like_text(text: &str) -> bool {
    let odd = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\r' | b'\n');
    !text.as_bytes().iter().any(odd) && text.split('\n').all(|line| line.len() <= ROW_BYTES_MAX)
}

/// The separator under which one of the first lines is a header; else the most frequent of the
/// first line. Counting further down would let the contents of cells decide.
fn delimiter_of(text: &str) -> u8 {
    const KNOWN: [u8; 4] = [b',', b'\t', b';', b'|'];
    let lines = || text.lines().filter(|line| !line.trim().is_empty()).take(TITLE_LINES_MAX);
    let named = |delimiter: &u8| lines().any(|line| Split::new(line, *delimiter).next().is_some_and(|line| names_a_person(&line)));
    if let Some(delimiter) = KNOWN.into_iter().find(named) {
        return delimiter;
    }
    let count = |delimiter: u8| lines().next().map_or(0, |line| line.bytes().filter(|b| *b == delimiter).count());
    KNOWN.into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Decodes a text and looks whether it is one; answers it with the name of its encoding.
pub fn text_of(bytes: Vec<u8>) -> Result<(String, &'static str), BadFile> {
    let (text, encoding) = decode(bytes)?;
    if looks_like_text(&text) { Ok((text, encoding)) } else { Err(BadFile::NotATable) }
}

fn read_text(bytes: Vec<u8>) -> Result<Table, BadFile> {
    let (text, encoding) = text_of(bytes)?;
    // Full-width commas in a header are a file typed by hand; nothing can be split on them safely.
    let delimiter = delimiter_of(&text);
    let head: Vec<Line> = Split::new(&text, delimiter).take(TITLE_LINES_MAX + 1).collect();
    let at = header_of(head.iter());
    let header = head.get(at).ok_or(BadFile::Empty)?.clone();
    if header.cells.len() > COLUMNS_MAX {
        return Err(BadFile::TooManyColumns);
    }
    if head.len() == at + 1 {
        return Err(BadFile::NoRows);
    }
    // Each row has at least one line end: a cheap bound before anything is parsed.
    if text.bytes().filter(|b| *b == b'\n').count() > ROWS_MAX + TITLE_LINES_MAX {
        return Err(BadFile::TooManyRows);
    }
    let body = Body::Text { text, delimiter, header: header.number };
    Ok(Table { format: Format::Csv { encoding, delimiter }, header: header.cells, body })
}

impl Table {
    /// Calls `each` with batches of at most `size` rows; a row carries the number of its line or
    /// sheet row. Stops when `each` answers false.
    pub fn batches(&self, size: usize, mut each: impl FnMut(Vec<Line>) -> bool) {
        let mut batch = Vec::with_capacity(size);
        let mut push = |row: Line| {
            batch.push(row);
            batch.len() < size || each(std::mem::replace(&mut batch, Vec::with_capacity(size)))
        };
        let more = match &self.body {
            Body::Rows(rows) => rows.iter().cloned().all(&mut push),
            Body::Text { text, delimiter, header } => Split::new(text, *delimiter).skip_while(|line| line.number <= *header).all(&mut push),
        };
        if more && !batch.is_empty() {
            each(batch);
        }
    }

    /// The first `n` rows, for the preview.
    #[must_use]
    pub fn head(&self, n: usize) -> Vec<Line> {
        let mut rows = Vec::new();
        self.batches(n.max(1), |batch| {
            rows = batch;
            false
        });
        rows
    }

    /// About how many rows there are; exact where no cell spans lines.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        match &self.body {
            Body::Rows(rows) => rows.len() as u64,
            Body::Text { text, .. } => (text.lines().filter(|line| !line.trim().is_empty()).count() as u64).saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "姓名,证件号码\n张三,11010519491231002X\n\n\"李,四\",1\n";

    type Rows = Vec<(u64, Vec<String>)>;

    fn rows(bytes: &[u8]) -> Result<(String, Rows), BadFile> {
        let table = read(bytes.to_vec())?;
        let rows = table.head(10).into_iter().map(|line| (line.number, line.cells)).collect();
        Ok((format!("{} {}", table.format.describe(), table.header.join("/")), rows))
    }

    #[test]
    fn encodings_of_chinese_offices() {
        let (gb, _, _) = encoding_rs::GB18030.encode(CSV);
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(CSV.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let bom = [b"\xEF\xBB\xBF", CSV.as_bytes()].concat();
        for (bytes, encoding) in [
            (CSV.as_bytes(), "CSV, UTF-8, ,"),
            (&bom, "CSV, UTF-8 with BOM, ,"),
            (&gb, "CSV, GB18030, ,"),
            (&utf16, "CSV, UTF-16, ,"),
            (CSV.replace('\n', "\r\n").as_bytes(), "CSV, UTF-8, ,"),
        ] {
            let (head, rows) = rows(bytes).unwrap();
            assert_eq!(head, format!("{encoding} 姓名/证件号码"));
            assert_eq!(rows, [(2, vec!["张三".into(), "11010519491231002X".into()]), (4, vec!["李,四".into(), "1".into()])]);
        }
        assert_eq!(rows("姓名;电话\n张三;1".as_bytes()).unwrap().0, "CSV, UTF-8, ; 姓名/电话");
        assert_eq!(rows("姓名\t电话\n张三\t1".as_bytes()).unwrap().0, "CSV, UTF-8, tab 姓名/电话");
    }

    #[test]
    fn a_workbook_reads_like_the_text() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (column, cell) in ["姓名", "电话", "出生"].into_iter().enumerate() {
            sheet.write(0, column as u16, cell).unwrap();
        }
        sheet.write(1, 0, "张三").unwrap();
        sheet.write(1, 1, 13_800_138_000_f64).unwrap();
        let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        sheet.write_with_format(1, 2, rust_xlsxwriter::ExcelDateTime::from_ymd(1990, 5, 6).unwrap(), &day).unwrap();
        let (head, rows) = rows(&book.save_to_buffer().unwrap()).unwrap();
        assert_eq!(head, "XLSX 姓名/电话/出生");
        assert_eq!(rows, [(2, vec!["张三".into(), "13800138000".into(), "1990-05-06".into()])]);
    }

    #[test]
    fn what_is_no_table_gives_one_error() {
        // Noise from a small generator: any byte, ten megabytes.
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let noise: Vec<u8> = (0..10 << 20)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            })
            .collect();
        let letters: Vec<u8> = noise.iter().map(|b| b'a' + b % 26).collect();
        let zip: Vec<u8> = b"PK\x03\x04".iter().chain(&noise).copied().collect();
        let old: Vec<u8> = b"\xD0\xCF\x11\xE0".iter().chain(&noise).copied().collect();
        for (bytes, code) in [
            (&noise[..], "file_not_a_table"),
            (&letters, "file_not_a_table"),
            (&zip, "file_damaged"),
            (&zipped("noise.bin", &noise), "file_damaged"),
            (&old, "file_old_excel"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "file_old_excel"),
            (b"", "file_empty"),
            (b" \r\n\t\n", "file_empty"),
            ("姓名,电话\n".as_bytes(), "file_no_rows"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "file_not_a_table"),
            (b"%PDF-1.7\n\x00\xff", "file_not_a_table"),
        ] {
            assert_eq!(read(bytes.to_vec()).unwrap_err().code(), code);
        }
        assert_eq!(read(format!("a{}\n1", ",a".repeat(COLUMNS_MAX)).into_bytes()).unwrap_err(), BadFile::TooManyColumns);
        assert!(read(format!("a{}\n1", ",a".repeat(COLUMNS_MAX - 1)).into_bytes()).is_ok());
    }

    /// A real archive with one part.
    fn zipped(name: &str, content: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn a_small_workbook_cannot_ask_for_the_memory_of_a_large_one() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "姓名").unwrap();
        sheet.write(1_048_575, 16_383, "远").unwrap();
        let far = book.save_to_buffer().unwrap();
        assert!(far.len() < 10_000);
        assert_eq!(read(far).unwrap_err(), BadFile::TooManyColumns);
        let bomb = zipped("xl/worksheets/sheet1.xml", &vec![b' '; 8 << 20]);
        assert!(bomb.len() < 100_000);
        let bounds = Bounds { inflated: 4 << 20, ..BOOK };
        assert_eq!(Book::open(bomb, bounds).err(), Some(BadBook::TooLarge), "8 MiB behind a few kilobytes");
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for row in 0..100 {
            sheet.write(row, 99, "x").unwrap();
        }
        let wide = book.save_to_buffer().unwrap();
        let open = |bounds: Bounds| Book::open(wide.clone(), bounds).unwrap().rows("Sheet1", cell_text).map(|rows| rows.len());
        assert_eq!(open(BOOK), Ok(100));
        assert_eq!(open(Bounds { cells: 9_999, ..BOOK }), Err(BadBook::TooLarge));
        assert_eq!(open(Bounds { text: 99, ..BOOK }), Err(BadBook::TooLarge));
        assert_eq!(open(Bounds { rows: 99, ..BOOK }), Err(BadBook::TooManyRows));
    }

    #[test]
    fn rows_of_a_workbook_have_the_numbers_that_a_person_sees() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (row, column, text) in
            [(1, 2, "塘里村人员登记表"), (3, 2, "姓名"), (3, 3, "电话"), (4, 2, "张三"), (4, 3, "1"), (8, 2, "李四"), (8, 4, "备注")]
        {
            sheet.write(row, column, text).unwrap();
        }
        let (head, rows) = rows(&book.save_to_buffer().unwrap()).unwrap();
        assert_eq!(head, "XLSX //姓名/电话");
        let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        assert_eq!(rows, [(5, cells(&["", "", "张三", "1"])), (9, cells(&["", "", "李四", "", "备注"]))]);
        let (head, rows) = super::tests::rows("塘里村人员登记表\n\n姓名,电话\n张三,1\n".as_bytes()).unwrap();
        assert_eq!((head.as_str(), rows[0].0), ("CSV, UTF-8, , 姓名/电话", 4), "a title above the header of a text");
    }

    #[test]
    fn no_cell_is_cut() {
        let long = "长".repeat(5_000);
        let table = read(format!("姓名,电话\n{long},1\n\"张三,2\n李四,3\n").into_bytes()).unwrap();
        let rows = table.head(10);
        assert_eq!(rows[0].cells[0].chars().count(), 5_000);
        assert_eq!((rows[1].open_quote, rows[1].number, rows[2].cells[0].as_str()), (true, 3, "李四"), "the rows below are there");
    }
}
