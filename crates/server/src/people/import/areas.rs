//! The area list: an official file of codes and names, taken as offices send it.

use std::collections::HashMap;

use allclear_domain::{
    kernel::area::{AreaCode, Level},
    people::text::half_width,
};

use super::{
    file::{self, BadFile},
    split::Line,
};

/// Areas of one list; a province has about 30,000 villages and four times as many grids.
pub const AREAS_MAX: usize = 200_000;
/// Lines of a bad list that are named at once.
const NAMED_MAX: usize = 10;

/// One node of the area tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Division code.
    pub code: AreaCode,
    /// Name.
    pub name: String,
    /// Persons, for planning.
    pub population: u64,
}

/// Why a list is not taken. Nothing of it goes in: half a tree is worse than none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// It is no table.
    #[error("{0}")]
    File(#[from] BadFile),
    /// A column is missing in the header.
    #[error("column_missing: {0}")]
    Column(&'static str),
    /// More areas than a province has.
    #[error("too_many: more than {AREAS_MAX} areas")]
    TooMany,
    /// Lines that cannot be read: number and reason code, the first few.
    #[error("{}", .0.iter().map(|(line, code)| format!("line {line}: {code}")).collect::<Vec<_>>().join("; "))]
    Lines(Vec<(u64, &'static str)>),
}

/// The columns, by any of their headers.
const HEADERS: [&[&str]; 5] = [
    &["code", "areacode", "代码", "区划代码", "行政区划代码"],
    &["name", "areaname", "名称", "区划名称"],
    &["parent", "parentcode", "上级", "上级代码"],
    &["level", "级别", "层级"],
    &["population", "人口", "人口数"],
];

fn level(word: &str) -> Option<Level> {
    Some(match word {
        "county" | "县" | "市" | "区" | "县市区" => Level::County,
        "town" | "镇" | "街道" | "乡" | "镇街" | "乡镇" => Level::Town,
        "village" | "村" | "社区" | "村社区" => Level::Village,
        "grid" | "网格" => Level::Grid,
        _ => return None,
    })
}

fn columns(header: &[String]) -> [Option<usize>; 5] {
    let folded: Vec<String> = header
        .iter()
        .map(|cell| half_width(cell).to_lowercase().chars().filter(|c| !matches!(c, ' ' | '_' | '(' | ')')).collect())
        .collect();
    HEADERS.map(|names| folded.iter().position(|cell| names.contains(&cell.as_str())))
}

/// Reads one line; `Err` is the reason code.
fn place(columns: [Option<usize>; 5], line: &Line) -> Result<Place, &'static str> {
    let cell = |column: usize| columns[column].and_then(|at| line.cells.get(at)).map_or("", String::as_str);
    if line.open_quote {
        return Err("quote_open");
    }
    let code = AreaCode::parse(cell(0)).map_err(|_| "code_malformed")?;
    if cell(1).is_empty() || cell(1).chars().count() > 100 {
        return Err("name_missing");
    }
    if columns[2].is_some() && cell(2) != code.parent().map_or_else(String::new, |parent| parent.to_string()) {
        return Err("parent_differs");
    }
    if columns[3].is_some() && level(cell(3)) != Some(code.level()) {
        return Err("level_differs");
    }
    let population = if cell(4).is_empty() { 0 } else { cell(4).parse().map_err(|_| "population_no_number")? };
    // Planning adds populations up; no area on earth has more.
    if population > 10_000_000_000 {
        return Err("population_no_number");
    }
    Ok(Place { code, name: cell(1).to_owned(), population })
}

/// Reads an area list: `code,name,parent,level,population` in any order, the last three if they are
/// there, as CSV in any encoding of the register's files, or XLSX.
pub fn read(bytes: Vec<u8>) -> Result<Vec<Place>, BadList> {
    let table = file::read(bytes)?;
    let columns = columns(&table.header);
    for (column, name) in [(0, "code"), (1, "name")] {
        if columns[column].is_none() {
            return Err(BadList::Column(name));
        }
    }
    let (mut places, mut lines, mut bad) = (Vec::new(), HashMap::new(), Vec::new());
    table.batches(1_000, |batch| {
        for line in batch {
            let read = place(columns, &line).and_then(|place| match lines.insert(place.code, line.number) {
                None => Ok(place),
                Some(_) => Err("code_twice"),
            });
            match read {
                Ok(place) => places.push(place),
                Err(code) => bad.push((line.number, code)),
            }
        }
        bad.len() < NAMED_MAX && places.len() <= AREAS_MAX
    });
    if !bad.is_empty() {
        bad.truncate(NAMED_MAX);
        return Err(BadList::Lines(bad));
    }
    if places.len() > AREAS_MAX { Err(BadList::TooMany) } else { Ok(places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match read(text.as_bytes().to_vec()) {
            Ok(places) => places.iter().map(|p| format!("{} {} {}", p.code, p.name, p.population)).collect::<Vec<_>>().join(", "),
            Err(bad) => bad.to_string(),
        }
    }

    #[test]
    fn lists_as_offices_send_them() {
        let header = "code,name,parent,level,population\n";
        for (lines, expect) in [
            ("330784,永康市,,county,9\n330784105,石柱镇,330784,town,3\n", "330784 永康市 9, 330784105 石柱镇 3"),
            ("330784,\"永康市,主城\",,county,9\n", "330784 永康市,主城 9"),
            ("330784,永康市,,county,\n", "330784 永康市 0"),
            ("330784,永康市,,town,9\n33078,x,,county,1\n", "line 2: level_differs; line 3: code_malformed"),
            ("330784105,石柱镇,330785,town,3\n", "line 2: parent_differs"),
            ("330784,永康市,,county,9\n330784,永康,,county,8\n", "line 3: code_twice"),
            ("330784,,,county,9\n", "line 2: name_missing"),
            ("330784,永康市,,county,many\n", "line 2: population_no_number"),
            ("330784,\"永康市,,county,9\n330784105,石柱镇,330784,town,3\n", "line 2: quote_open"),
        ] {
            assert_eq!(told(&format!("{header}{lines}")), expect, "{lines}");
        }
        assert_eq!(told("区划代码,名称\n330784,永康市\n"), "330784 永康市 0");
        assert_eq!(told("名称,级别\n永康市,县\n"), "column_missing: code");
        assert_eq!(told("a\u{0}b\n"), "the file is neither a CSV text nor an XLSX workbook");
        let (gb, _, _) = encoding_rs::GB18030.encode("code,name\n330784,永康市\n");
        assert_eq!(read(gb.into_owned()).unwrap()[0].name, "永康市");
    }
}
