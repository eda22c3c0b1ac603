//! Bytes of an export file to a table of texts. Laboratories send CSV in UTF-8, UTF-16 or GB18030,
//! with commas, tabs or semicolons, and XLSX or XLS workbooks; nothing else gets past this door.

use calamine::Data;

use super::xls::{self, Shown};
use crate::people::import::{
    split::{Line, Split},
    workbook::{BadBook, Book, Bounds},
};

/// Largest file: a full day of a large laboratory is below two megabytes.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most rows of a sheet: 96 wells of 6 targets are 576.
pub const ROWS_MAX: usize = 50_000;
/// Most columns of a sheet.
pub const COLUMNS_MAX: usize = 200;

/// A workbook of [`BYTES_MAX`] with results inflates to a tenth of this.
const BOOK: Bounds = Bounds { rows: ROWS_MAX, columns: COLUMNS_MAX, cells: ROWS_MAX * COLUMNS_MAX, inflated: 256 << 20, text: 64 << 20 };

/// A table of trimmed texts; line numbers are those of the file, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Line number and cells of every line that is not blank.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// Why a file is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Over [`BYTES_MAX`].
    #[error("the file is larger than 10 MB")]
    TooLarge,
    /// Over [`ROWS_MAX`] or [`COLUMNS_MAX`].
    #[error("the sheet has more than 50,000 rows or 200 columns")]
    TooManyCells,
    /// Neither a workbook nor text in an encoding we read.
    #[error("the file is neither a workbook nor text in UTF-8, UTF-16 or GB18030")]
    NotATable,
    /// A quotation mark that swallows lines.
    #[error("line {0}: a quotation mark is not closed")]
    OpenQuote(u64),
    /// A workbook that does not open, or is out of bounds.
    #[error("the workbook cannot be read: {0}")]
    Workbook(String),
}

/// Reads a file by its content; the name is not trusted.
pub fn read(bytes: &[u8]) -> Result<Sheet, SheetError> {
    if bytes.is_empty() {
        return Err(SheetError::Empty);
    }
    if bytes.len() > BYTES_MAX {
        return Err(SheetError::TooLarge);
    }
    let sheet = match bytes {
        [b'P', b'K', 3, 4, ..] => xlsx(bytes)?,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => xls(bytes)?,
        _ => text(bytes)?,
    };
    if sheet.rows.is_empty() { Err(SheetError::Empty) } else { Ok(sheet) }
}

/// Instruments put settings on the first sheets and results on one named so; else the first.
fn results_of(names: &[String]) -> Option<&String> {
    let wanted = names.iter().find(|name| {
        let name = name.to_lowercase();
        name.contains("result") || name.contains("结果")
    });
    wanted.or_else(|| names.first())
}

fn failed(bad: BadBook) -> SheetError {
    match bad {
        BadBook::TooManyRows | BadBook::TooManyColumns => SheetError::TooManyCells,
        BadBook::Damaged | BadBook::Protected | BadBook::TooLarge => SheetError::Workbook(bad.to_string()),
    }
}

fn numbered(lines: Vec<Line>) -> Sheet {
    Sheet { rows: lines.into_iter().map(|line| (line.number as u32, line.cells)).collect() }
}

fn xlsx(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let mut book = Book::open(bytes.to_vec(), BOOK).map_err(failed)?;
    let name = results_of(&book.sheets()).cloned().ok_or(SheetError::Empty)?;
    Ok(numbered(book.rows(&name, cell_text).map_err(failed)?))
}

/// The old binary workbook: at most 65,536 rows of 256 columns a sheet.
fn xls(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let book = xls::Book::open(bytes).map_err(failed)?;
    let name = results_of(&book.sheets()).cloned().ok_or(SheetError::Empty)?;
    let text = |shown| match shown {
        Shown::Number(number) => cell_text(&Data::Float(number)),
        Shown::Text(text) => text.trim().to_owned(),
    };
    Ok(numbered(book.rows(&name, BOOK, text).map_err(failed)?))
}

fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        // A barcode that the workbook holds as a number must not come out as 6.9012E+11.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        other => other.to_string().trim().to_string(),
    }
}

fn text(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let text = decode(bytes)?;
    let delimiter = delimiter(&text);
    let mut rows = Vec::new();
    for line in Split::new(&text, delimiter) {
        if line.open_quote {
            return Err(SheetError::OpenQuote(line.number));
        }
        if rows.len() == ROWS_MAX || line.cells.len() > COLUMNS_MAX {
            return Err(SheetError::TooManyCells);
        }
        rows.push((u32::try_from(line.number).unwrap_or(u32::MAX), line.cells));
    }
    Ok(Sheet { rows })
}

fn decode(bytes: &[u8]) -> Result<String, SheetError> {
    let text = if let Some((encoding, skip)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[skip..]);
        if broken {
            return Err(SheetError::NotATable);
        }
        text.into_owned()
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        text.to_string()
    } else {
        encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or(SheetError::NotATable)?.into_owned()
    };
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(odd) { Err(SheetError::NotATable) } else { Ok(text) }
}

/// The delimiter that occurs most in the first lines.
fn delimiter(text: &str) -> u8 {
    let head: Vec<&str> = text.lines().take(60).collect();
    let count = |delimiter: u8| head.iter().map(|line| line.bytes().filter(|b| *b == delimiter).count()).sum::<usize>();
    [b',', b'\t', b';'].into_iter().max_by_key(|d| (count(*d), *d == b',')).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_and_delimiters_are_recognised() {
        let plain = "孔位,样本编号\nA1,T0000000428\n";
        let expect = read(plain.as_bytes()).unwrap();
        assert_eq!(expect.rows[1], (2, vec!["A1".into(), "T0000000428".into()]));
        let (gb, _, _) = encoding_rs::GB18030.encode(plain);
        assert_eq!(read(&gb).unwrap(), expect);
        assert_eq!(read(format!("\u{feff}{plain}").as_bytes()).unwrap(), expect);
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(read(&utf16).unwrap(), expect);
        assert_eq!(read(plain.replace(',', "\t").as_bytes()).unwrap(), expect);
        assert_eq!(read(plain.replace(',', ";").as_bytes()).unwrap(), expect);
    }

    #[test]
    fn noise_is_refused() {
        assert_eq!(read(b""), Err(SheetError::Empty));
        assert_eq!(read(b"\n\n  \n"), Err(SheetError::Empty));
        assert_eq!(read(&vec![b'a'; BYTES_MAX + 1]), Err(SheetError::TooLarge));
        assert!(matches!(read(b"PK\x03\x04 and then nothing"), Err(SheetError::Workbook(_))));
        let noise: Vec<u8> = (0u32..BYTES_MAX as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(read(&noise), Err(SheetError::NotATable));
        assert_eq!(read(&b"a\n".repeat(ROWS_MAX + 1)), Err(SheetError::TooManyCells));
        assert_eq!(read(&b"a,".repeat(COLUMNS_MAX)), Err(SheetError::TooManyCells));
        assert_eq!(read("孔位,样本\nA1,\"T1\nB1,T2\n".as_bytes()), Err(SheetError::OpenQuote(2)), "no row is swallowed");
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write(0, 0, "孔位").unwrap();
        sheet.write(1_048_575, 16_383, "远").unwrap();
        assert_eq!(read(&book.save_to_buffer().unwrap()), Err(SheetError::TooManyCells), "and no memory for what lies between");
    }
}
