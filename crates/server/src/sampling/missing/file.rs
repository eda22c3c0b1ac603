//! A missing list as a file, names and phones in clear: for a worker who goes from door to door.

use allclear_store::Tx;

use super::ops::phone;
use crate::{
    edge::{
        limits::EXPORT_ROWS_MAX,
        problem::{Code, Problem, Result},
    },
    plan::Plan,
    sampling::rounds::view::area_name,
};

const HEADER: [&str; 6] = ["村社区", "人员编号", "姓名", "出生年", "户号", "电话"];

/// Rows of the file: one text a column.
pub fn rows(tx: &Tx<'_>, plan: &Plan, numbers: &[i64]) -> Result<Vec<[String; 6]>> {
    if numbers.len() > EXPORT_ROWS_MAX {
        return Err(Code::BodyTooLarge.field("/area").detail(format!("at most {EXPORT_ROWS_MAX} rows: choose a smaller area")));
    }
    let mut rows = Vec::with_capacity(numbers.len());
    for step in numbers.chunks(500) {
        for person in tx.persons(step)? {
            rows.push([
                area_name(plan, person.living_area),
                person.no.0.to_string(),
                plain(&person.name),
                person.birth_year.map(|year| year.to_string()).unwrap_or_default(),
                person.household.map(|no| no.to_string()).unwrap_or_default(),
                plain(&phone(tx.keys(), &person)?.unwrap_or_default()),
            ]);
        }
    }
    Ok(rows)
}

/// A cell that a spreadsheet never takes for a formula.
fn plain(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

fn broken(error: &dyn std::fmt::Display) -> Problem {
    Code::Internal.problem().detail(error.to_string())
}

/// CSV in UTF-8 with a mark, so that Excel reads it.
pub fn csv(rows: &[[String; 6]]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(HEADER).map_err(|e| broken(&e))?;
    for row in rows {
        writer.write_record(row).map_err(|e| broken(&e))?;
    }
    writer.into_inner().map_err(|e| broken(&e))
}

/// A workbook with everything as text.
pub fn xlsx(rows: &[[String; 6]]) -> Result<Vec<u8>> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let bold = rust_xlsxwriter::Format::new().set_bold();
    let mut write = || -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
        for (column, text) in (0..).zip(HEADER) {
            sheet.write_string_with_format(0, column, text, &bold)?;
        }
        for (line, row) in (1..).zip(rows) {
            for (column, text) in (0..).zip(row) {
                sheet.write_string(line, column, text)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_column_width(0, 24)?;
        sheet.set_column_width(5, 16)?;
        Ok(())
    };
    write().map_err(|e| broken(&e))?;
    book.save_to_buffer().map_err(|e| broken(&e))
}
