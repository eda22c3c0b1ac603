//! Files as people have them: CSV in UTF-8, UTF-16 or GB18030 with comma, semicolon or tab; XLSX.

use std::{borrow::Cow, io::Cursor};

use calamine::{Data, Reader, Xlsx};

/// Largest file taken in; a register of a million persons is about 120 MB as CSV.
pub const FILE_BYTES_MAX: usize = 256 << 20;
/// Most rows of one file.
pub const ROWS_MAX: usize = 2_000_000;
/// Most columns of one file; a line with more is not a register.
pub const COLUMNS_MAX: usize = 100;
/// Longest cell in characters.
pub const CELL_CHARS_MAX: usize = 1000;
/// Longest line of a CSV file in bytes; noise has no line ends.
const LINE_BYTES_MAX: usize = 64 << 10;

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
            Self::TooLarge => "file_too_large",
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
    Text { text: String, delimiter: u8 },
    Cells(Vec<Vec<String>>),
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
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| BadFile::Damaged)?;
    for sheet in book.sheet_names() {
        let range = book.worksheet_range(&sheet).map_err(|_| BadFile::Damaged)?;
        if range.height() > ROWS_MAX + 1 {
            return Err(BadFile::TooManyRows);
        }
        if range.width() > COLUMNS_MAX {
            return Err(BadFile::TooManyColumns);
        }
        let mut rows = range.rows().map(|row| row.iter().map(cell_text).collect::<Vec<_>>());
        let Some(header) = rows.by_ref().find(|row| row.iter().any(|cell| !cell.is_empty())) else { continue };
        let cells: Vec<Vec<String>> = rows.filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        return if cells.is_empty() { Err(BadFile::NoRows) } else { Ok(Table { format: Format::Xlsx, header, body: Body::Cells(cells) }) };
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
    text.trim().chars().take(CELL_CHARS_MAX).collect()
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
    !text.as_bytes().iter().any(odd) && text.split('\n').all(|line| line.len() <= LINE_BYTES_MAX)
}

/// A record's position is where the reader began, before the blank lines that it skips.
fn blank_lines(text: &str) -> u64 {
    text.bytes().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| *b == b'\n').count() as u64
}

fn delimiter_of(line: &str) -> u8 {
    let count = |delimiter: u8| line.bytes().filter(|b| *b == delimiter).count();
    [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

fn reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes())
}

fn read_text(bytes: Vec<u8>) -> Result<Table, BadFile> {
    let (text, encoding) = decode(bytes)?;
    if !looks_like_text(&text) {
        return Err(BadFile::NotATable);
    }
    let first = text.lines().find(|line| !line.trim().is_empty()).ok_or(BadFile::Empty)?;
    // Full-width commas in a header are a file typed by hand; nothing can be split on them safely.
    let delimiter = delimiter_of(first);
    let mut records = reader(&text, delimiter).into_records().map_while(Result::ok);
    let header: Vec<String> = records
        .by_ref()
        .find(|record| record.iter().any(|cell| !cell.trim().is_empty()))
        .map(|record| record.iter().map(|cell| cell.trim().to_owned()).collect())
        .ok_or(BadFile::Empty)?;
    if header.len() > COLUMNS_MAX {
        return Err(BadFile::TooManyColumns);
    }
    if records.next().is_none() {
        return Err(BadFile::NoRows);
    }
    // Each row has at least one line end: a cheap bound before anything is parsed.
    if text.bytes().filter(|b| *b == b'\n').count() > ROWS_MAX + 1 {
        return Err(BadFile::TooManyRows);
    }
    Ok(Table { format: Format::Csv { encoding, delimiter }, header, body: Body::Text { text, delimiter } })
}

impl Table {
    /// Calls `each` with batches of at most `size` rows; a row carries the number of its line or
    /// sheet row, the header being the first row. Stops when `each` answers false.
    pub fn batches(&self, size: usize, mut each: impl FnMut(Vec<(u64, Vec<String>)>) -> bool) {
        let mut batch = Vec::with_capacity(size);
        let mut push = |row: (u64, Vec<String>)| {
            batch.push(row);
            batch.len() < size || each(std::mem::replace(&mut batch, Vec::with_capacity(size)))
        };
        match &self.body {
            Body::Cells(cells) => {
                for (number, row) in (2..).zip(cells) {
                    if !push((number, row.clone())) {
                        return;
                    }
                }
            }
            Body::Text { text, delimiter } => {
                let mut reader = reader(text, *delimiter);
                let mut record = csv::StringRecord::new();
                let mut seen_header = false;
                // The text is valid UTF-8 and rows may be ragged, so reading cannot fail any more.
                while matches!(reader.read_record(&mut record), Ok(true)) {
                    if record.iter().all(|cell| cell.trim().is_empty()) {
                        continue;
                    }
                    if !std::mem::replace(&mut seen_header, true) {
                        continue;
                    }
                    let line = record.position().map_or(0, |at| at.line() + blank_lines(&text[at.byte() as usize..]));
                    let cells = record.iter().map(|cell| cell.trim().chars().take(CELL_CHARS_MAX).collect()).collect();
                    if !push((line, cells)) {
                        return;
                    }
                }
            }
        }
        if !batch.is_empty() {
            each(batch);
        }
    }

    /// The first `n` rows, for the preview.
    #[must_use]
    pub fn head(&self, n: usize) -> Vec<(u64, Vec<String>)> {
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
            Body::Cells(cells) => cells.len() as u64,
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
        Ok((format!("{} {}", table.format.describe(), table.header.join("/")), table.head(10)))
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
        let zip: Vec<u8> = b"PK\x03\x04".iter().chain(&noise[..1000]).copied().collect();
        for (bytes, code) in [
            (&noise[..], "file_not_a_table"),
            (&letters, "file_not_a_table"),
            (&zip, "file_damaged"),
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
}
