//! Workbooks, cell by cell. Everything that a small file could blow up is bounded before memory is
//! taken for it: what it inflates to, how far out its cells lie, how much text they hold.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx, XlsxError};

use super::split::Line;

/// Files inside of a workbook; a large one has a few dozen.
const PARTS_MAX: usize = 5_000;

/// What a workbook may hold.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Rows with something in them.
    pub rows: usize,
    /// Columns up to the last cell with something in it.
    pub columns: usize,
    /// Cells up to the last of each row.
    pub cells: usize,
    /// Bytes of all parts, inflated.
    pub inflated: u64,
    /// Bytes of the texts of one sheet.
    pub text: usize,
}

/// Why a workbook is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBook {
    /// It does not open.
    #[error("the workbook is damaged")]
    Damaged,
    /// It is sealed with a password.
    #[error("the workbook is protected by a password: save it without one")]
    Protected,
    /// It inflates to too much, or holds too many cells.
    #[error("the workbook is too large once it is unpacked")]
    TooLarge,
    /// Too many rows.
    #[error("a sheet has too many rows")]
    TooManyRows,
    /// A cell lies too far out.
    #[error("a sheet has too many columns")]
    TooManyColumns,
}

/// An open workbook.
pub struct Book {
    book: Xlsx<Cursor<Vec<u8>>>,
    bounds: Bounds,
}

/// Inflates every part once without keeping it: the sizes that an archive declares may be lies.
fn within(bytes: &[u8], limit: u64) -> Result<(), BadBook> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| BadBook::Damaged)?;
    if archive.len() > PARTS_MAX {
        return Err(BadBook::TooLarge);
    }
    let mut left = limit;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| BadBook::Damaged)?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|_| BadBook::Damaged)?;
        left = left.checked_sub(read).ok_or(BadBook::TooLarge)?;
    }
    Ok(())
}

impl Book {
    /// Opens a workbook whose parts stay within bounds.
    pub fn open(bytes: Vec<u8>, bounds: Bounds) -> Result<Self, BadBook> {
        within(&bytes, bounds.inflated)?;
        Ok(Self { book: Xlsx::new(Cursor::new(bytes)).map_err(|_| BadBook::Damaged)?, bounds })
    }

    /// Names of the sheets.
    #[must_use]
    pub fn sheets(&self) -> Vec<String> {
        self.book.sheet_names()
    }

    /// The rows of a sheet that have something in them, with the numbers that a person sees.
    pub fn rows(&mut self, sheet: &str, text: impl Fn(&Data) -> String) -> Result<Vec<Line>, BadBook> {
        let bounds = self.bounds;
        let mut reader = match self.book.worksheet_cells_reader(sheet) {
            Ok(reader) => reader,
            // A sheet of charts has no cells.
            Err(XlsxError::NotAWorksheet(_)) => return Ok(Vec::new()),
            Err(_) => return Err(BadBook::Damaged),
        };
        let mut lines: Vec<Line> = Vec::new();
        let (mut cells, mut bytes) = (0, 0);
        while let Some(cell) = reader.next_cell().map_err(|_| BadBook::Damaged)? {
            let (row, column) = (u64::from(cell.get_position().0) + 1, cell.get_position().1 as usize);
            let text = text(&Data::from(cell.get_value().clone()));
            if text.is_empty() {
                continue;
            }
            if column >= bounds.columns {
                return Err(BadBook::TooManyColumns);
            }
            if lines.last().is_none_or(|line| line.number != row) {
                if lines.len() >= bounds.rows {
                    return Err(BadBook::TooManyRows);
                }
                lines.push(Line { number: row, ..Line::default() });
            }
            let Some(line) = lines.last_mut() else { return Err(BadBook::Damaged) };
            let wider = (column + 1).saturating_sub(line.cells.len());
            (cells, bytes) = (cells + wider, bytes + text.len());
            if cells > bounds.cells || bytes > bounds.text {
                return Err(BadBook::TooLarge);
            }
            line.cells.resize(line.cells.len() + wider, String::new());
            line.cells[column] = text;
        }
        Ok(lines)
    }
}
