//! The old binary workbook (.xls), read cell by cell. Libraries lay a sheet out as a full rectangle, so
//! one far cell of a small file asks for gigabytes; here a row takes memory when it has something in it,
//! and every text is counted before it is kept.

mod container;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use self::{
    container::{u16_at, u32_at},
    record::{Reader, Record, records, short_number},
};
use crate::people::import::{
    split::Line,
    workbook::{BadBook, Bounds},
};

/// Sheets of a workbook; an instrument writes a handful.
const SHEETS_MAX: usize = 256;

// Kinds of records.
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;

/// An open workbook.
pub(super) struct Book {
    stream: Vec<u8>,
    /// Texts by their length before them, not in Unicode: the format of 1995.
    old: bool,
    encoding: &'static Encoding,
    /// Name and place of each sheet of cells.
    sheets: Vec<(String, usize)>,
    strings: Vec<String>,
}

/// What a cell shows: a number as the caller writes numbers, or a text.
pub(super) enum Shown {
    Number(f64),
    Text(String),
}

impl Book {
    pub(super) fn open(file: &[u8]) -> Result<Self, BadBook> {
        let stream = container::stream(file, &["Workbook", "Book"]).ok_or(BadBook::Damaged)?;
        let mut book = Self { stream: Vec::new(), old: false, encoding: encoding_rs::GB18030, sheets: Vec::new(), strings: Vec::new() };
        for record in records(&stream) {
            let record = record.ok_or(BadBook::Damaged)?;
            if record.kind == END {
                break;
            }
            book.global(&record)?;
        }
        book.stream = stream;
        Ok(book)
    }

    /// What is said of the whole workbook.
    fn global(&mut self, record: &Record<'_>) -> Result<(), BadBook> {
        let data = record.data();
        match record.kind {
            BEGIN => {
                self.old = match u16_at(data, 0) {
                    Some(0x0600) => false,
                    Some(0x0500) => true,
                    _ => return Err(BadBook::Damaged),
                };
            }
            // Sealed with a password.
            0x002F if u16_at(data, 0) != Some(0) => return Err(BadBook::Protected),
            0x0042 => self.encoding = encoding(u16_at(data, 0)),
            0x0085 if data.get(5) == Some(&0) => {
                if self.sheets.len() >= SHEETS_MAX {
                    return Err(BadBook::TooLarge);
                }
                self.sheets.push(self.sheet(record).ok_or(BadBook::Damaged)?);
            }
            0x00FC => self.strings = strings(record).ok_or(BadBook::Damaged)?,
            _ => {}
        }
        Ok(())
    }

    fn sheet(&self, record: &Record<'_>) -> Option<(String, usize)> {
        let mut reader = record.read(6)?;
        let count = reader.byte()?.into();
        Some((self.text(&mut reader, count)?, u32_at(record.data(), 0)? as usize))
    }

    fn text(&self, reader: &mut Reader<'_, '_>, count: usize) -> Option<String> {
        if self.old { reader.encoded(count, self.encoding) } else { reader.unicode(count) }
    }

    /// Names of the sheets that hold cells.
    pub(super) fn sheets(&self) -> Vec<String> {
        self.sheets.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The rows of a sheet that have something in them, with the numbers that a person sees.
    pub(super) fn rows(&self, sheet: &str, bounds: Bounds, text: impl Fn(Shown) -> String) -> Result<Vec<Line>, BadBook> {
        let Some((_, place)) = self.sheets.iter().find(|(name, _)| name == sheet) else { return Err(BadBook::Damaged) };
        let mut cells = Cells { rows: BTreeMap::new(), bounds, cells: 0, bytes: 0 };
        // A chart inside of the sheet has cells of its own, which are not the sheet's.
        let (mut depth, mut formula) = (0, None);
        for record in records(self.stream.get(*place..).ok_or(BadBook::Damaged)?) {
            let record = record.ok_or(BadBook::Damaged)?;
            match record.kind {
                BEGIN => depth += 1,
                END if depth <= 1 => return Ok(cells.lines()),
                END => depth -= 1,
                _ if depth == 1 => {
                    for (row, column, shown) in self.cell(&record, &mut formula).ok_or(BadBook::Damaged)? {
                        cells.put(row, column, text(shown))?;
                    }
                }
                _ => {}
            }
        }
        Err(BadBook::Damaged)
    }

    /// The cells of a record. `formula` is where the text belongs that comes in the record after a formula.
    fn cell(&self, record: &Record<'_>, formula: &mut Option<(u16, u16)>) -> Option<Vec<(u16, u16, Shown)>> {
        let data = record.data();
        let at = || Some((u16_at(data, 0)?, u16_at(data, 2)?));
        let one = |shown: Shown| at().map(|(row, column)| vec![(row, column, shown)]);
        match record.kind {
            0x0203 => one(Shown::Number(double(data, 6)?)),
            0x027E => one(Shown::Number(short_number(data, 6)?)),
            0x00BD => several(data),
            0x00FD => one(Shown::Text(self.strings.get(u32_at(data, 6)? as usize).cloned()?)),
            0x0204 | 0x00D6 => {
                let mut reader = record.read(6)?;
                let count = reader.u16()?.into();
                one(Shown::Text(self.text(&mut reader, count)?))
            }
            0x0205 => one(truth_or_error(*data.get(6)?, *data.get(7)? != 0)),
            0x0006 => {
                let value = data.get(6..14)?;
                if value[6..] != [0xFF, 0xFF] {
                    return one(Shown::Number(double(value, 0)?));
                }
                match value[0] {
                    1 | 2 => one(truth_or_error(value[2], value[0] == 2)),
                    0 => {
                        *formula = at();
                        Some(Vec::new())
                    }
                    _ => Some(Vec::new()),
                }
            }
            0x0207 => {
                let mut reader = record.read(0)?;
                let count = reader.u16()?.into();
                let text = self.text(&mut reader, count)?;
                Some(formula.take().map(|(row, column)| (row, column, Shown::Text(text))).into_iter().collect())
            }
            _ => Some(Vec::new()),
        }
    }
}

/// Cells as they come, in any order.
struct Cells {
    rows: BTreeMap<u16, Vec<String>>,
    bounds: Bounds,
    cells: usize,
    bytes: usize,
}

impl Cells {
    fn put(&mut self, row: u16, column: u16, text: String) -> Result<(), BadBook> {
        let column = usize::from(column);
        if text.is_empty() {
            return Ok(());
        }
        if column >= self.bounds.columns {
            return Err(BadBook::TooManyColumns);
        }
        let known = self.rows.len();
        let cells = self.rows.entry(row).or_default();
        if cells.is_empty() && known >= self.bounds.rows {
            return Err(BadBook::TooManyRows);
        }
        let wider = (column + 1).saturating_sub(cells.len());
        (self.cells, self.bytes) = (self.cells + wider, self.bytes + text.len());
        if self.cells > self.bounds.cells || self.bytes > self.bounds.text {
            return Err(BadBook::TooLarge);
        }
        cells.resize(cells.len() + wider, String::new());
        cells[column] = text;
        Ok(())
    }

    fn lines(self) -> Vec<Line> {
        self.rows.into_iter().map(|(row, cells)| Line { number: u64::from(row) + 1, cells, ..Line::default() }).collect()
    }
}

fn double(data: &[u8], at: usize) -> Option<f64> {
    data.get(at..at + 8)?.try_into().ok().map(f64::from_le_bytes)
}

/// Numbers side by side in one record: the row, the first column, a format and a number each, the last column.
fn several(data: &[u8]) -> Option<Vec<(u16, u16, Shown)>> {
    let (row, first) = (u16_at(data, 0)?, u16_at(data, 2)?);
    let numbers = data.get(4..data.len().checked_sub(2)?)?.chunks_exact(6);
    numbers.zip(0..).map(|(cell, i)| Some((row, first.checked_add(i)?, Shown::Number(short_number(cell, 2)?)))).collect()
}

fn truth_or_error(value: u8, error: bool) -> Shown {
    let word = match (error, value) {
        (false, 0) => "false",
        (false, _) => "true",
        (true, 0x00) => "#NULL!",
        (true, 0x07) => "#DIV/0!",
        (true, 0x0F) => "#VALUE!",
        (true, 0x17) => "#REF!",
        (true, 0x1D) => "#NAME?",
        (true, 0x24) => "#NUM!",
        (true, _) => "#N/A",
    };
    Shown::Text(word.into())
}

/// The strings that cells name by number.
fn strings(record: &Record<'_>) -> Option<Vec<String>> {
    let count = u32_at(record.data(), 4)?;
    let mut reader = record.read(8)?;
    (0..count).map(|_| reader.rich()).collect()
}

fn encoding(page: Option<u16>) -> &'static Encoding {
    match page {
        Some(950) => encoding_rs::BIG5,
        Some(932) => encoding_rs::SHIFT_JIS,
        Some(1252 | 32769) => encoding_rs::WINDOWS_1252,
        _ => encoding_rs::GB18030,
    }
}
