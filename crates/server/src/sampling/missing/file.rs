//! A missing list as a file, names and phones in clear: for a worker who goes from door to door.

use allclear_store::Tx;

use super::ops::phone;
use crate::{
    edge::{
        limits::EXPORT_ROWS_MAX,
        problem::{Code, Result},
    },
    plan::Plan,
    sampling::{rounds::view::area_name, table::plain},
};

/// Columns.
pub const HEADER: [&str; 6] = ["村社区", "人员编号", "姓名", "出生年", "户号", "电话"];

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
