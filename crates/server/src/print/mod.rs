//! Paper: label sheets that scanners read back, and reports. PDF with an embedded font, so that it looks the same
//! everywhere and needs nothing of the machine it is printed on.
//!
//! `sheet` knows millimetres, text and rectangles; [`labels`] and [`document`] lay out on it. To extend: a further
//! label is a layout in [`labels`]; a further report builds a [`document::Document`] and draws nothing itself.

pub mod cards;
pub mod cli;
pub mod document;
pub mod http;
pub mod labels;
#[cfg(test)]
mod readback;
mod sheet;

/// Why no PDF came out.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The embedded font is unreadable: a broken build.
    #[error("read the embedded font")]
    Font,
    /// A label's code has characters that a barcode cannot carry.
    #[error("encode {code} as {symbology}")]
    Code {
        /// The code as it came.
        code: String,
        /// `Code 128` or `QR`.
        symbology: &'static str,
    },
    /// More labels than one file may have.
    #[error("{asked} labels, at most {most} in one file")]
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// How many may be.
        most: usize,
    },
    /// The PDF writer refused.
    #[error("write the PDF: {0}")]
    Write(String),
}
