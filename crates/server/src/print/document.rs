//! A report that flows over pages: title, headings, paragraphs, facts and tables.
//!
//! A table's header is repeated on each page and a row is never split. The foot of each page says what it is, when it
//! is from and which page of how many.

use super::PrintError;
use super::sheet::{Align, PAGE_MM, Sheets, shrunk, wrap};

const MARGIN_MM: f32 = 18.0;
const BOTTOM_MM: f32 = PAGE_MM.1 - 20.0;
const WIDTH_MM: f32 = PAGE_MM.0 - 2.0 * MARGIN_MM;
const CELL_PAD_MM: f32 = 1.4;
const TEXT_PT: f32 = 10.0;
const TABLE_PT: f32 = 8.5;

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    title: String,
    share: f32,
    align: Align,
}

impl Column {
    /// Words, to the left. `share` is the width relative to the other columns.
    #[must_use]
    pub fn text(title: &str, share: f32) -> Self {
        Self { title: title.to_owned(), share, align: Align::Left }
    }

    /// Numbers, to the right.
    #[must_use]
    pub fn number(title: &str, share: f32) -> Self {
        Self { title: title.to_owned(), share, align: Align::Right }
    }
}

/// A report being written, from top to bottom.
pub struct Document {
    sheets: Sheets,
    foot: String,
    y: f32,
}

impl Document {
    /// Begins with a title and a line below it; `foot` stands at the end of each page.
    #[must_use]
    pub fn new(title: &str, subtitle: &str, foot: &str) -> Self {
        let mut document = Self { sheets: Sheets::new(title), foot: foot.to_owned(), y: MARGIN_MM };
        document.flow(title, 20.0, 0);
        document.flow(subtitle, TEXT_PT, 90);
        document.space(4.0);
        document
    }

    /// A heading; it keeps room for what follows.
    pub fn heading(&mut self, text: &str) {
        self.space(4.0);
        self.need(24.0);
        self.flow(text, 13.0, 0);
        self.space(1.5);
    }

    /// A paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.flow(text, TEXT_PT, 20);
        self.space(2.0);
    }

    /// Figures that are read at one glance: the number large, what it counts below.
    pub fn facts(&mut self, facts: &[(&str, &str)]) {
        for row in facts.chunks(4) {
            self.need(17.0);
            let width = WIDTH_MM / 4.0;
            for (index, (value, label)) in row.iter().enumerate() {
                let x = MARGIN_MM + index as f32 * width;
                self.sheets.text((x, self.y + 7.5), shrunk(value, 18.0, width - 3.0), 0, Align::Left, value);
                self.sheets.text((x, self.y + 12.5), shrunk(label, 8.5, width - 3.0), 90, Align::Left, label);
            }
            self.y += 17.0;
        }
    }

    /// A table. Cells beyond the columns are left out, missing ones are empty.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        let shares: f32 = columns.iter().map(|c| c.share).sum();
        let widths: Vec<f32> = columns.iter().map(|c| WIDTH_MM * c.share / shares).collect();
        let head: Vec<String> = columns.iter().map(|c| c.title.clone()).collect();
        self.need(height(&head, &widths) + 12.0);
        self.row(columns, &widths, &head, true);
        for cells in rows {
            if self.y + height(cells, &widths) > BOTTOM_MM {
                self.next_page();
                self.row(columns, &widths, &head, true);
            }
            self.row(columns, &widths, cells, false);
        }
        self.space(3.0);
    }

    fn row(&mut self, columns: &[Column], widths: &[f32], cells: &[String], head: bool) {
        let height = height(cells, widths);
        if head {
            self.sheets.fill(vec![[MARGIN_MM, self.y, WIDTH_MM, height]], 232);
        }
        let mut x = MARGIN_MM;
        for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
            let at = match column.align {
                Align::Left => x + CELL_PAD_MM,
                Align::Centre => x + width / 2.0,
                Align::Right => x + width - CELL_PAD_MM,
            };
            for (index, line) in wrap(cell, TABLE_PT, width - 2.0 * CELL_PAD_MM).iter().enumerate() {
                let base = self.y + CELL_PAD_MM + line_mm(TABLE_PT) * (index as f32 + 0.78);
                self.sheets.text((at, base), TABLE_PT, 0, column.align, line);
            }
            x += width;
        }
        self.y += height;
        self.sheets.fill(vec![[MARGIN_MM, self.y, WIDTH_MM, 0.1]], 190);
    }

    fn flow(&mut self, text: &str, size: f32, grey: u8) {
        for line in wrap(text, size, WIDTH_MM) {
            self.need(line_mm(size));
            self.sheets.text((MARGIN_MM, self.y + line_mm(size) * 0.78), size, grey, Align::Left, &line);
            self.y += line_mm(size);
        }
    }

    fn space(&mut self, mm: f32) {
        self.y += mm;
    }

    fn need(&mut self, mm: f32) {
        if self.y + mm > BOTTOM_MM {
            self.next_page();
        }
    }

    fn next_page(&mut self) {
        self.sheets.next_page();
        self.y = MARGIN_MM;
    }

    /// The PDF.
    pub fn finish(mut self) -> Result<Vec<u8>, PrintError> {
        let pages = self.sheets.pages();
        for page in 0..pages {
            let y = PAGE_MM.1 - 10.0;
            self.sheets.text_on(page, (MARGIN_MM, y), 8.0, 110, Align::Left, &self.foot);
            let number = format!("{} / {pages}", page + 1);
            self.sheets.text_on(page, (PAGE_MM.0 - MARGIN_MM, y), 8.0, 110, Align::Right, &number);
        }
        self.sheets.finish()
    }
}

/// Height of a line of text, leading included.
fn line_mm(size: f32) -> f32 {
    size * 0.50
}

fn height(cells: &[String], widths: &[f32]) -> f32 {
    let lines = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, TABLE_PT, width - 2.0 * CELL_PAD_MM).len()).max();
    lines.unwrap_or(1) as f32 * line_mm(TABLE_PT) + 2.0 * CELL_PAD_MM
}
