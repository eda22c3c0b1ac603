//! Tables as files: everything is text, and no cell is ever a formula.

use crate::edge::problem::{Code, Problem, Result};

/// A cell that a spreadsheet never takes for a formula.
#[must_use]
pub fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn broken(error: &dyn std::fmt::Display) -> Problem {
    Code::Internal.problem().detail(error.to_string())
}

/// A file in the format that was asked for: its content type and bytes.
pub fn file<const N: usize>(
    format: &str,
    header: &[&str; N],
    widths: &[(u16, f64)],
    rows: &[[String; N]],
) -> Result<(&'static str, Vec<u8>)> {
    match format {
        "csv" => Ok(("text/csv; charset=utf-8", csv(header, rows)?)),
        "xlsx" => Ok(("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx(header, widths, rows)?)),
        _ => Err(Code::BodyInvalid.field("/format")),
    }
}

/// CSV in UTF-8 with a mark, so that Excel reads it.
fn csv<const N: usize>(header: &[&str; N], rows: &[[String; N]]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(header).map_err(|e| broken(&e))?;
    for row in rows {
        writer.write_record(row).map_err(|e| broken(&e))?;
    }
    writer.into_inner().map_err(|e| broken(&e))
}

/// A workbook with everything as text.
fn xlsx<const N: usize>(header: &[&str; N], widths: &[(u16, f64)], rows: &[[String; N]]) -> Result<Vec<u8>> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let bold = rust_xlsxwriter::Format::new().set_bold();
    let mut write = || -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
        for (column, text) in (0..).zip(header) {
            sheet.write_string_with_format(0, column, *text, &bold)?;
        }
        for (line, row) in (1..).zip(rows) {
            for (column, text) in (0..).zip(row) {
                sheet.write_string(line, column, text)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        widths.iter().try_for_each(|(column, width)| sheet.set_column_width(*column, *width).map(drop))
    };
    write().map_err(|e| broken(&e))?;
    book.save_to_buffer().map_err(|e| broken(&e))
}
