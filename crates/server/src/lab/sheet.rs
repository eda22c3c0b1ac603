//! Bytes of an export file to a table of texts. Laboratories send CSV in UTF-8, UTF-16 or GB18030,
//! with commas, tabs or semicolons, and XLSX or XLS workbooks; nothing else gets past this door.

use std::io::Cursor;

use calamine::{Data, Reader};

/// Largest file: a full day of a large laboratory is below two megabytes.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most rows of a sheet: 96 wells of 6 targets are 576.
pub const ROWS_MAX: usize = 50_000;
/// Most columns of a sheet.
pub const COLUMNS_MAX: usize = 200;

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
    /// A workbook that does not open.
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
    let sheet =
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) { workbook(bytes)? } else { text(bytes)? };
    if sheet.rows.is_empty() { Err(SheetError::Empty) } else { Ok(sheet) }
}

fn workbook(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let failed = |error: &dyn std::fmt::Display| SheetError::Workbook(error.to_string());
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|e| failed(&e))?;
    // Instruments put settings on the first sheets and results on one named so; else the longest.
    let names = book.sheet_names();
    let wanted = names.iter().find(|name| {
        let name = name.to_lowercase();
        name.contains("result") || name.contains("结果")
    });
    let name = wanted.or_else(|| names.first()).cloned().ok_or(SheetError::Empty)?;
    let range = book.worksheet_range(&name).map_err(|e| failed(&e))?;
    if range.height() > ROWS_MAX || range.width() > COLUMNS_MAX {
        return Err(SheetError::TooManyCells);
    }
    let first = range.start().map_or(0, |(row, _)| row);
    let rows = range.rows().zip(first + 1..).map(|(cells, line)| (line, cells.iter().map(cell_text).collect())).collect();
    Ok(Sheet { rows: without_blanks(rows) })
}

fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        // A barcode that the workbook holds as a number must not come out as 6.9012E+11.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        other => other.to_string().trim().to_string(),
    }
}

fn without_blanks(rows: Vec<(u32, Vec<String>)>) -> Vec<(u32, Vec<String>)> {
    rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty())).collect()
}

fn text(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let text = decode(bytes)?;
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| SheetError::NotATable)?;
        if rows.len() == ROWS_MAX || record.len() > COLUMNS_MAX {
            return Err(SheetError::TooManyCells);
        }
        let line = record.position().map_or(0, |p| u32::try_from(p.line()).unwrap_or(u32::MAX));
        rows.push((line, record.iter().map(|cell| cell.trim().to_string()).collect()));
    }
    Ok(Sheet { rows: without_blanks(rows) })
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
    }
}
