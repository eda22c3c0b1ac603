//! Export files of analysers. Columns are mapped once and the mapping is kept with the instrument;
//! every row comes back as a result, a control, or a bad row with a reason code. Nothing here
//! writes: what is read is shown first, and a person decides.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::code::TubeCode,
    lab::{
        result::{Ct, Kit, TargetCt, Value, Written},
        run::{Control, Well},
    },
};
use allclear_wire::lab::{ExportLayout, InstrumentMapping};

use super::sheet::Sheet;

/// A result read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// First line of the file that it stands on.
    pub line: u32,
    /// The tube.
    pub tube: TubeCode,
    /// The well, if the file says it.
    pub well: Option<Well>,
    /// The result.
    pub value: Value,
    /// Cycle numbers.
    pub cts: Vec<TargetCt>,
    /// The written result and the cycle numbers disagree.
    pub ct_disagrees: bool,
}

/// A control well read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadControl {
    /// First line of the file that it stands on.
    pub line: u32,
    /// The well, if the file says it.
    pub well: Option<Well>,
    /// Which control.
    pub control: Control,
    /// How it came out.
    pub value: Value,
}

/// Why a row cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BadReason {
    /// Signals but no tube code.
    NoTube,
    /// The tube code is malformed or its check digit does not fit.
    MalformedTube,
    /// No such well on a 96-well plate.
    UnknownWell,
    /// A cell that should be a cycle number is neither a number nor a word for "none".
    UnreadableCt,
    /// The result is a word that nobody mapped.
    UnreadableResult,
    /// Neither a result nor cycle numbers.
    NoResult,
    /// The tube stands in the file twice, with other content.
    TubeTwice,
    /// Two lines of one well say different results.
    LinesDisagree,
}

impl BadReason {
    /// The stable code shown beside the row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoTube => "no_tube",
            Self::MalformedTube => "malformed_tube",
            Self::UnknownWell => "unknown_well",
            Self::UnreadableCt => "unreadable_ct",
            Self::UnreadableResult => "unreadable_result",
            Self::NoResult => "no_result",
            Self::TubeTwice => "tube_twice",
            Self::LinesDisagree => "lines_disagree",
        }
    }
}

/// A row that cannot be imported, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Line of the file.
    pub line: u32,
    /// Its cells.
    pub cells: Vec<String>,
    /// Why.
    pub reason: BadReason,
}

/// A file, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Results.
    pub rows: Vec<ReadRow>,
    /// Controls.
    pub controls: Vec<ReadControl>,
    /// Rows that stay out.
    pub bad: Vec<BadRow>,
    /// Wells of the file that hold nothing.
    pub empty: u32,
}

impl Reading {
    /// Names the content: the same results give the same digest, whatever the file looks like.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let cts: Vec<String> =
                    row.cts.iter().map(|t| format!("{}={}", t.target, t.ct.map_or("-".into(), |ct| ct.to_string()))).collect();
                format!("{} {} {} {}", row.tube, row.well.map_or("-".into(), |w| w.to_string()), row.value.as_str(), cts.join(" "))
            })
            .collect();
        lines.sort_unstable();
        let digest = ring::digest::digest(&ring::digest::SHA256, lines.join("\n").as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The mapping does not fit the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no line of the file holds these columns: {}", missing.join(", "))]
pub struct HeaderNotFound {
    /// Columns of the mapping that the best line lacks.
    pub missing: Vec<String>,
}

fn plain(header: &str) -> String {
    // Applied Biosystems writes Cт with a Cyrillic т.
    header.trim().to_lowercase().replace('т', "t").replace('（', "(").replace('）', ")").replace([' ', '_', '-'], "")
}

/// Where the mapped columns stand.
struct Columns {
    tube: usize,
    well: Option<usize>,
    result: Option<usize>,
    task: Option<usize>,
    target: Option<usize>,
    ct: Vec<(usize, String)>,
}

fn locate(header: &[String], mapping: &InstrumentMapping) -> Result<Columns, Vec<String>> {
    let mut missing = Vec::new();
    let mut find = |name: &str| {
        let at = header.iter().position(|cell| plain(cell) == plain(name));
        if at.is_none() {
            missing.push(name.to_string());
        }
        at
    };
    let tube = find(&mapping.tube);
    let well = mapping.well.as_deref().and_then(&mut find);
    let result = mapping.result.as_deref().and_then(&mut find);
    let task = mapping.task.as_deref().and_then(&mut find);
    let target = mapping.target.as_deref().and_then(&mut find);
    let ct = mapping.ct.iter().filter_map(|ct| find(&ct.column).map(|at| (at, ct.target.clone()))).collect();
    match tube {
        Some(tube) if missing.is_empty() => Ok(Columns { tube, well, result, task, target, ct }),
        _ => Err(missing),
    }
}

/// Finds the header line by the mapped columns; instruments write settings above it.
fn header(sheet: &Sheet, mapping: &InstrumentMapping) -> Result<(usize, Columns), HeaderNotFound> {
    let mut best: Option<Vec<String>> = None;
    for (at, (_, cells)) in sheet.rows.iter().enumerate().take(200) {
        match locate(cells, mapping) {
            Ok(columns) => return Ok((at, columns)),
            Err(missing) if best.as_ref().is_none_or(|b| missing.len() < b.len()) => best = Some(missing),
            Err(_) => {}
        }
    }
    Err(HeaderNotFound { missing: best.unwrap_or_else(|| vec![mapping.tube.clone()]) })
}

fn control_of(text: &str) -> Option<Control> {
    match plain(text).trim_end_matches(|c: char| c.is_ascii_digit()) {
        "nc" | "ntc" | "negativecontrol" | "negctrl" | "negcontrol" | "neg.control" | "阴性对照" | "阴控" | "blank" | "空白对照"
        | "空白" | "negative_control" => Some(Control::Negative),
        "pc" | "positivecontrol" | "posctrl" | "poscontrol" | "pos.control" | "阳性对照" | "阳控" | "positive_control" => {
            Some(Control::Positive)
        }
        _ => None,
    }
}

/// The lines of one well (long layout) or one line (wide).
struct Group {
    line: u32,
    cells: Vec<String>,
    sample: String,
    well: String,
    task: String,
    results: Vec<String>,
    cts: Vec<(String, String)>,
}

fn cell(cells: &[String], at: usize) -> String {
    cells.get(at).cloned().unwrap_or_default()
}

fn groups(rows: &[(u32, Vec<String>)], columns: &Columns, layout: ExportLayout) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (line, cells) in rows {
        let pick = |at: Option<usize>| at.map(|at| cell(cells, at)).unwrap_or_default();
        let (sample, well) = (cell(cells, columns.tube), pick(columns.well));
        let result = pick(columns.result);
        let target = pick(columns.target);
        let cts = columns.ct.iter().map(|(at, name)| {
            let name = if layout == ExportLayout::Long { target.clone() } else { name.clone() };
            (name, cell(cells, *at))
        });
        let key = (sample.clone(), well.clone());
        let at = match (layout, known.get(&key)) {
            (ExportLayout::Long, Some(at)) => *at,
            _ => {
                known.insert(key, groups.len());
                let group = Group {
                    line: *line,
                    cells: cells.clone(),
                    sample,
                    well,
                    task: pick(columns.task),
                    results: Vec::new(),
                    cts: Vec::new(),
                };
                groups.push(group);
                groups.len() - 1
            }
        };
        groups[at].results.extend((!result.is_empty()).then_some(result));
        groups[at].cts.extend(cts);
    }
    groups
}

/// What one group says.
enum Said {
    Nothing,
    Result(ReadRow),
    Control(ReadControl),
}

fn written_result(group: &Group, mapping: &InstrumentMapping) -> Result<Option<Value>, BadReason> {
    let mut said = None;
    for text in &group.results {
        let own = mapping.words.iter().find(|word| plain(&word.word) == plain(text));
        let value = match own {
            Some(word) => super::view::value_in(word.value),
            None => Value::from_written(text).ok_or(BadReason::UnreadableResult)?,
        };
        if said.is_some_and(|before| before != value) {
            return Err(BadReason::LinesDisagree);
        }
        said = Some(value);
    }
    Ok(said)
}

fn read_group(group: &Group, mapping: &InstrumentMapping, kit: &Kit) -> Result<Said, BadReason> {
    let mut cts = Vec::with_capacity(group.cts.len());
    for (target, text) in &group.cts {
        let ct = match Ct::read(text).ok_or(BadReason::UnreadableCt)? {
            Written::Undetermined => None,
            Written::Number(ct) => Some(ct),
        };
        cts.push(TargetCt { target: target.clone(), ct });
    }
    let control = control_of(&group.task).or_else(|| control_of(&group.sample));
    let silent = group.results.is_empty() && cts.iter().all(|t| t.ct.is_none());
    if group.sample.is_empty() && control.is_none() {
        return if silent { Ok(Said::Nothing) } else { Err(BadReason::NoTube) };
    }
    let well = match group.well.as_str() {
        "" => None,
        text => Some(Well::parse(text).ok_or(BadReason::UnknownWell)?),
    };
    // A per-channel export writes "+" on each risen channel; only a line a tube has one word.
    let written = written_result(group, mapping)?;
    let called = kit.call(&cts);
    if let Some(control) = control {
        let value = called.or(written).ok_or(BadReason::NoResult)?;
        return Ok(Said::Control(ReadControl { line: group.line, well, control, value }));
    }
    let tube = TubeCode::parse(&group.sample).map_err(|_| BadReason::MalformedTube)?;
    let value = written.or(called).ok_or(BadReason::NoResult)?;
    let ct_disagrees = called.is_some_and(|called| called != value);
    Ok(Said::Result(ReadRow { line: group.line, tube, well, value, cts, ct_disagrees }))
}

/// Reads every row below the header.
pub fn interpret(sheet: &Sheet, mapping: &InstrumentMapping, kit: &Kit) -> Result<Reading, HeaderNotFound> {
    let (at, columns) = header(sheet, mapping)?;
    let mut reading = Reading::default();
    let mut by_tube: BTreeMap<TubeCode, Vec<(ReadRow, Vec<String>)>> = BTreeMap::new();
    for group in groups(&sheet.rows[at + 1..], &columns, mapping.layout) {
        match read_group(&group, mapping, kit) {
            Ok(Said::Nothing) => reading.empty += 1,
            Ok(Said::Control(control)) => reading.controls.push(control),
            Ok(Said::Result(row)) => by_tube.entry(row.tube.clone()).or_default().push((row, group.cells)),
            Err(reason) => reading.bad.push(BadRow { line: group.line, cells: group.cells, reason }),
        }
    }
    for mut said in by_tube.into_values() {
        let first = &said[0].0;
        let same = |row: &ReadRow| row.value == first.value && row.cts == first.cts && row.well == first.well;
        if said.iter().all(|(row, _)| same(row)) {
            reading.rows.push(said.swap_remove(0).0);
        } else {
            // Nobody knows which of them is right, so none goes in.
            let out = said.into_iter().map(|(row, cells)| BadRow { line: row.line, cells, reason: BadReason::TubeTwice });
            reading.bad.extend(out);
        }
    }
    reading.rows.sort_by_key(|row| row.line);
    reading.bad.sort_by_key(|bad| bad.line);
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{super::sheet, *};
    use crate::lab::suggest::suggest;

    const LONG: &[u8] = include_bytes!("../../tests/fixtures/instrument/long-utf8-bom.csv");
    const LONG_UTF16: &[u8] = include_bytes!("../../tests/fixtures/instrument/long-utf16.txt");
    const WIDE: &[u8] = include_bytes!("../../tests/fixtures/instrument/wide-gb18030.csv");
    const WORKBOOK: &[u8] = include_bytes!("../../tests/fixtures/instrument/wide.xlsx");

    fn kit() -> Kit {
        Kit { name: "test kit".into(), run_s_min: 4500, cutoff: Ct(3800), internal_control: "IC".into() }
    }

    fn told(reading: &Reading) -> String {
        let mut text = String::new();
        let count = |value| reading.rows.iter().filter(|row| row.value == value).count();
        let counts: Vec<String> = Value::ALL.iter().map(|value| format!("{} {}", value.as_str(), count(*value))).collect();
        writeln!(text, "{}; empty wells {}", counts.join(", "), reading.empty).unwrap();
        for row in reading.rows.iter().filter(|row| row.value != Value::Negative || row.ct_disagrees) {
            let cts: Vec<String> =
                row.cts.iter().map(|t| format!("{} {}", t.target, t.ct.map_or("-".into(), |ct| ct.to_string()))).collect();
            let odd = if row.ct_disagrees { " DISAGREES" } else { "" };
            let well = row.well.map_or_else(String::new, |w| w.to_string());
            writeln!(text, "line {} {} {well} {} [{}]{odd}", row.line, row.tube, row.value.as_str(), cts.join(", ")).unwrap();
        }
        for control in &reading.controls {
            let holds = if control.control.holds(control.value) { "holds" } else { "FAILS" };
            writeln!(text, "line {} {} {} {holds}", control.line, control.control.as_str(), control.value.as_str()).unwrap();
        }
        for bad in &reading.bad {
            writeln!(text, "line {} bad: {} | {}", bad.line, bad.reason.as_str(), bad.cells.join(" | ")).unwrap();
        }
        text
    }

    fn read_with_suggestion(bytes: &[u8], internal_control: &str) -> Reading {
        let sheet = sheet::read(bytes).unwrap();
        let (_, mapping) = suggest(&sheet).expect("a mapping is suggested");
        interpret(&sheet, &mapping, &Kit { internal_control: internal_control.into(), ..kit() }).unwrap()
    }

    #[test]
    fn a_long_export_with_a_preamble() {
        insta::assert_snapshot!("long", told(&read_with_suggestion(LONG, "IC")));
    }

    #[test]
    fn a_tab_separated_utf_16_export() {
        insta::assert_snapshot!("long_utf16", told(&read_with_suggestion(LONG_UTF16, "IC")));
    }

    #[test]
    fn a_wide_gb18030_export_with_bad_rows() {
        insta::assert_snapshot!("wide", told(&read_with_suggestion(WIDE, "IC")));
    }

    #[test]
    fn a_workbook_reads_like_the_same_table_in_text() {
        let (text, book) = (read_with_suggestion(WIDE, "IC"), read_with_suggestion(WORKBOOK, "IC"));
        assert_eq!(book.rows, text.rows);
        assert_eq!(book.digest(), text.digest(), "the content names an import, not the file");
        assert_ne!(book.digest(), read_with_suggestion(LONG, "IC").digest());
    }

    #[test]
    fn a_mapping_that_does_not_fit_says_what_is_missing() {
        let sheet = sheet::read(LONG).unwrap();
        let (_, mut mapping) = suggest(&sheet).unwrap();
        mapping.tube = "样本编号".into();
        assert_eq!(interpret(&sheet, &mapping, &kit()), Err(HeaderNotFound { missing: vec!["样本编号".into()] }));
    }

    #[test]
    fn own_words_of_an_instrument_are_understood() {
        let sheet = sheet::read("tube,call\nT0000010017,OK\nT0000010025,ALARM\nT0000010033,???\n".as_bytes()).unwrap();
        let word = |word: &str, value| allclear_wire::lab::ResultWord { word: word.into(), value };
        use allclear_wire::lab::ResultValue as V;
        let mapping = InstrumentMapping {
            layout: ExportLayout::Wide,
            tube: "tube".into(),
            well: None,
            result: Some("call".into()),
            task: None,
            target: None,
            ct: vec![],
            words: vec![word("ok", V::Negative), word("alarm", V::Positive)],
        };
        let reading = interpret(&sheet, &mapping, &kit()).unwrap();
        assert_eq!(reading.rows.iter().map(|row| row.value).collect::<Vec<_>>(), [Value::Negative, Value::Positive]);
        assert_eq!(reading.bad[0].reason, BadReason::UnreadableResult);
    }

    /// Writes the workbook fixture from the text fixture: `cargo test … write_workbook -- --ignored`.
    #[test]
    #[ignore = "rewrites a committed fixture"]
    fn write_workbook() {
        let sheet = sheet::read(WIDE).unwrap();
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().set_name("设置").unwrap().write_string(0, 0, "仪器").unwrap();
        let results = book.add_worksheet().set_name("检测结果").unwrap();
        for (line, cells) in &sheet.rows {
            for (column, cell) in cells.iter().enumerate() {
                match cell.parse::<f64>() {
                    Ok(number) => results.write_number(line - 1, u16::try_from(column).unwrap(), number).unwrap(),
                    Err(_) => results.write_string(line - 1, u16::try_from(column).unwrap(), cell).unwrap(),
                };
            }
        }
        book.save(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/instrument/wide.xlsx")).unwrap();
    }
}
