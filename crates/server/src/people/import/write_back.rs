//! Bad rows as a sheet: the layout that came in, with the reasons in one more column.

use super::{columns::Field, file::Format, row};

/// Headers of the added column; a sheet that comes back with it is read like the first.
pub const REASON_HEADER: &str = "错误原因 / reason";

/// One row to write back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Line or sheet row.
    pub line: u64,
    /// The cells as they came.
    pub cells: Vec<String>,
    /// Field word and reason code.
    pub reasons: Vec<(String, String)>,
}

fn explain(reasons: &[(String, String)]) -> String {
    let one = |(field, code): &(String, String)| {
        let (zh, en) = row::texts(code);
        format!("{}：{zh} ({en}) [{code}]", Field::parse(field).map_or("", Field::zh))
    };
    reasons.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Why a sheet could not be written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// CSV.
    #[error("writing CSV: {0}")]
    Csv(#[from] csv::Error),
    /// XLSX.
    #[error("writing XLSX: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

fn padded(cells: &[String], columns: usize) -> impl Iterator<Item = &str> {
    cells.iter().map(String::as_str).chain(std::iter::repeat("")).take(columns)
}

/// CSV as UTF-8 with BOM (spreadsheets then show Chinese), with the separator that came in.
pub fn csv(header: &[String], rows: &[BadRow], delimiter: u8) -> Result<Vec<u8>, NotWritten> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(b"\xEF\xBB\xBF".to_vec());
    let columns = header.iter().filter(|cell| *cell != REASON_HEADER).count();
    writer.write_record(padded(header, columns).chain([REASON_HEADER]))?;
    for row in rows {
        let reason = explain(&row.reasons);
        writer.write_record(padded(&row.cells, columns).chain([reason.as_str()]))?;
    }
    Ok(writer.into_inner().unwrap_or_default())
}

/// A workbook with everything as text, so that no number loses its last digits.
pub fn xlsx(header: &[String], rows: &[BadRow]) -> Result<Vec<u8>, NotWritten> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let columns = header.iter().filter(|cell| *cell != REASON_HEADER).count();
    let red = rust_xlsxwriter::Format::new().set_font_color(rust_xlsxwriter::Color::RGB(0x00B4_2318));
    let bold = rust_xlsxwriter::Format::new().set_bold();
    for (column, cell) in padded(header, columns).chain([REASON_HEADER]).enumerate() {
        sheet.write_string_with_format(0, column as u16, cell, &bold)?;
    }
    for (line, row) in (1..).zip(rows) {
        for (column, cell) in padded(&row.cells, columns).enumerate() {
            sheet.write_string(line, column as u16, cell)?;
        }
        sheet.write_string_with_format(line, columns as u16, explain(&row.reasons), &red)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_column_width(columns as u16, 60)?;
    Ok(book.save_to_buffer()?)
}

/// The sheet in the format that came in, with its file extension.
pub fn sheet(format: Format, header: &[String], rows: &[BadRow]) -> Result<(Vec<u8>, &'static str), NotWritten> {
    match format {
        Format::Csv { delimiter, .. } => Ok((csv(header, rows, delimiter)?, "csv")),
        Format::Xlsx => Ok((xlsx(header, rows)?, "xlsx")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::import::{columns, file};

    #[test]
    fn a_sheet_of_bad_rows_reads_like_the_one_that_came() {
        let header: Vec<String> = ["姓名", "证件号码", "备注"].map(str::to_owned).to_vec();
        let bad = BadRow {
            line: 7,
            cells: vec!["张三".into(), "110105194912310021".into()],
            reasons: vec![("document_number".into(), "document_check_digit".into()), ("living_area".into(), "area_missing".into())],
        };
        for format in [Format::Csv { encoding: "GB18030", delimiter: b',' }, Format::Xlsx] {
            let (bytes, _) = sheet(format, &header, std::slice::from_ref(&bad)).unwrap();
            let table = file::read(bytes).unwrap();
            assert_eq!(table.header[..3], header[..]);
            assert_eq!(columns::guess(&table.header)[..2], columns::guess(&header)[..2]);
            let cells = &table.head(1)[0].cells;
            assert_eq!(cells[..3], ["张三", "110105194912310021", ""]);
            assert!(cells[3].contains("证件号码：证件号码校验位错误") && cells[3].contains("[area_missing]"), "{}", cells[3]);
        }
    }
}
