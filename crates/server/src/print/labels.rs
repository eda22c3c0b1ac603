//! Sheets of labels for tubes, boxes and persons, on the common A4 label stock.
//!
//! A scanner must read what a hand can type: each symbol stands over its own text. Bars are at least 0.25 mm, which
//! an office printer at 300 dpi and a phone camera at a hand's breadth both manage, with the quiet zone that the
//! symbology asks for.

use barcoders::sym::code128::Code128;
use qrcode::{Color, EcLevel, QrCode};

use super::PrintError;
use super::sheet::{Align, PAGE_MM, Sheets, shrunk, wrap};

/// Labels in one file: a hundred sheets of tubes. More is more files.
pub const LABELS_MAX: usize = 4_800;

/// Which label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sampling tube: Code 128, 48 on a sheet (45.7 x 21.2 mm).
    Tube,
    /// Transport box: Code 128 and QR, 8 on a sheet (99.1 x 67.7 mm).
    Box,
    /// Person or family card: QR, name and text, 10 on a sheet (85 x 54 mm).
    Card,
}

/// One label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// What the scanner reads.
    pub code: String,
    /// What is said in large letters: `10 人管`, a box's site, a masked name.
    pub heading: String,
    /// What is said in small letters below.
    pub note: String,
}

impl Label {
    /// A label that says its code only.
    #[must_use]
    pub fn plain(code: &str) -> Self {
        Self { code: code.to_owned(), ..Self::default() }
    }
}

/// How labels lie on the sheet, in millimetres.
struct Stock {
    columns: usize,
    rows: usize,
    size: (f32, f32),
    pitch: (f32, f32),
    corner: (f32, f32),
}

impl Stock {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Tube => Self { columns: 4, rows: 12, size: (45.7, 21.2), pitch: (48.3, 21.2), corner: (9.7, 21.3) },
            Kind::Box => Self { columns: 2, rows: 4, size: (99.1, 67.7), pitch: (101.6, 67.7), corner: (4.65, 13.1) },
            Kind::Card => Self { columns: 2, rows: 5, size: (85.0, 54.0), pitch: (95.0, 54.0), corner: (15.0, 13.5) },
        }
    }
}

impl Stock {
    /// The top left corner of the label with this number on its sheet.
    fn corner_of(&self, place: usize) -> (f32, f32) {
        let (column, row) = (place % self.columns, place / self.columns);
        (self.corner.0 + column as f32 * self.pitch.0, self.corner.1 + row as f32 * self.pitch.1)
    }
}

/// Where the labels of a sheet are, `[left, top, width, height]` in shares of the page.
#[cfg(test)]
pub(super) fn places(kind: Kind) -> Vec<[f32; 4]> {
    let stock = Stock::of(kind);
    let place = |n| {
        let (x, y) = stock.corner_of(n);
        [x / PAGE_MM.0, y / PAGE_MM.1, stock.size.0 / PAGE_MM.0, stock.size.1 / PAGE_MM.1]
    };
    (0..stock.columns * stock.rows).map(place).collect()
}

/// Draws sheets of labels as a PDF. No label is one empty sheet.
pub fn label_sheet(kind: Kind, labels: &[Label]) -> Result<Vec<u8>, PrintError> {
    if labels.len() > LABELS_MAX {
        return Err(PrintError::TooMany { asked: labels.len(), most: LABELS_MAX });
    }
    let stock = Stock::of(kind);
    let mut sheets = Sheets::new("Allclear labels");
    for (index, label) in labels.iter().enumerate() {
        let place = index % (stock.columns * stock.rows);
        if index > 0 && place == 0 {
            sheets.next_page();
        }
        let corner = stock.corner_of(place);
        debug_assert!(corner.0 + stock.size.0 <= PAGE_MM.0 && corner.1 + stock.size.1 <= PAGE_MM.1);
        match kind {
            Kind::Tube => tube(&mut sheets, corner, stock.size, label)?,
            Kind::Box => transport_box(&mut sheets, corner, stock.size, label)?,
            Kind::Card => card(&mut sheets, corner, stock.size, label)?,
        }
    }
    sheets.finish()
}

fn tube(sheets: &mut Sheets, (x, y): (f32, f32), (width, height): (f32, f32), label: &Label) -> Result<(), PrintError> {
    let middle = x + width / 2.0;
    code128(sheets, (x, y + 2.0), (width, 11.0), &label.code)?;
    let below = if label.heading.is_empty() { height - 3.6 } else { height - 5.0 };
    let code = spaced(&label.code);
    sheets.text((middle, y + below), shrunk(&code, 8.5, width - 4.0), 0, Align::Centre, &code);
    sheets.text((middle, y + height - 1.9), shrunk(&label.heading, 6.0, width - 4.0), 60, Align::Centre, &label.heading);
    Ok(())
}

fn transport_box(sheets: &mut Sheets, (x, y): (f32, f32), (width, _): (f32, f32), label: &Label) -> Result<(), PrintError> {
    let qr_side = 32.0;
    qr(sheets, (x + width - qr_side - 5.0, y + 5.0), qr_side, &label.code)?;
    sheets.text((x + 6.0, y + 12.0), 11.0, 60, Align::Left, "转运箱 Box");
    let (code, room) = (spaced(&label.code), width - qr_side - 14.0);
    sheets.text((x + 6.0, y + 22.0), shrunk(&code, 17.0, room), 0, Align::Left, &code);
    lines(sheets, (x + 6.0, y + 30.0), 10.0, room, 2, &label.heading);
    code128(sheets, (x + 4.0, y + 41.0), (width - 8.0, 17.0), &label.code)?;
    sheets.text((x + width / 2.0, y + 63.0), 8.0, 60, Align::Centre, &label.note);
    Ok(())
}

fn card(sheets: &mut Sheets, (x, y): (f32, f32), (width, height): (f32, f32), label: &Label) -> Result<(), PrintError> {
    frame(sheets, (x, y), (width, height));
    let qr_side = 38.0;
    qr(sheets, (x + 4.0, y + 4.0), qr_side, &label.code)?;
    let (left, room) = (x + qr_side + 7.0, width - qr_side - 10.0);
    lines(sheets, (left, y + 14.0), 18.0, room, 2, &label.heading);
    lines(sheets, (left, y + 31.0), 8.0, room, 4, &label.note);
    sheets.text((x + width / 2.0, y + height - 4.0), 9.0, 0, Align::Centre, &spaced(&label.code));
    Ok(())
}

fn lines(sheets: &mut Sheets, (x, y): (f32, f32), size: f32, width: f32, most: usize, text: &str) {
    for (index, line) in wrap(text, size, width).iter().take(most).enumerate() {
        sheets.text((x, y + index as f32 * size * 0.46), size, 0, Align::Left, line);
    }
}

fn frame(sheets: &mut Sheets, (x, y): (f32, f32), (w, h): (f32, f32)) {
    let line = 0.1;
    sheets.fill(vec![[x, y, w, line], [x, y + h - line, w, line], [x, y, line, h], [x + w - line, y, line, h]], 170);
}

/// In groups of four, so that it can be read aloud: `T0000 0000 11`.
fn spaced(code: &str) -> String {
    let (head, tail) = code.split_at(code.len().min(1));
    let groups: Vec<String> = tail.chars().collect::<Vec<_>>().chunks(4).map(|four| four.iter().collect()).collect();
    format!("{head}{}", groups.join(" "))
}

/// Character set C packs digits two to a symbol: our codes are a letter and an even or odd run of digits.
fn code128_text(code: &str) -> String {
    const SET_B: char = '\u{0181}';
    const SET_C: char = '\u{0106}';
    let digits = code.bytes().rev().take_while(u8::is_ascii_digit).count() / 2 * 2;
    let (head, tail) = code.split_at(code.len() - digits);
    match (head.is_empty(), digits >= 4) {
        (true, true) => format!("{SET_C}{tail}"),
        (false, true) => format!("{SET_B}{head}{SET_C}{tail}"),
        (_, false) => format!("{SET_B}{code}"),
    }
}

fn code128(sheets: &mut Sheets, (x, y): (f32, f32), (width, height): (f32, f32), code: &str) -> Result<(), PrintError> {
    let refused = || PrintError::Code { code: code.to_owned(), symbology: "Code 128" };
    if !code.is_ascii() {
        return Err(refused());
    }
    let bars = Code128::new(code128_text(code)).map_err(|_| refused())?.encode();
    // 10 modules of quiet zone on each side; wide bars gain nothing beyond 0.5 mm.
    let module = (width / (bars.len() as f32 + 20.0)).min(0.5);
    let left = x + (width - module * bars.len() as f32) / 2.0;
    sheets.fill(runs(&bars, |bar| *bar == 1).map(|(at, n)| [left + at as f32 * module, y, n as f32 * module, height]).collect(), 0);
    Ok(())
}

fn qr(sheets: &mut Sheets, (x, y): (f32, f32), side: f32, code: &str) -> Result<(), PrintError> {
    let symbol =
        QrCode::with_error_correction_level(code, EcLevel::M).map_err(|_| PrintError::Code { code: code.to_owned(), symbology: "QR" })?;
    let modules = symbol.width();
    let module = side / (modules as f32 + 8.0); // 4 modules of quiet zone on each side
    let colours = symbol.to_colors();
    let rects = colours.chunks(modules).enumerate().flat_map(|(row, line)| {
        let top = y + (row as f32 + 4.0) * module;
        runs(line, |c| *c == Color::Dark).map(move |(at, n)| [x + (at as f32 + 4.0) * module, top, n as f32 * module, module])
    });
    sheets.fill(rects.collect(), 0);
    Ok(())
}

/// Stretches of `dark` items: where each begins and how long it is.
fn runs<T>(line: &[T], dark: impl Fn(&T) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in line.iter().enumerate().filter(|(_, item)| dark(item)) {
        match found.last_mut() {
            Some((began, n)) if *began + *n == at => *n += 1,
            _ => found.push((at, 1)),
        }
    }
    found.into_iter()
}
