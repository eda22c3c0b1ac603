//! Suggests a column mapping for an export that nobody has mapped yet. A suggestion is shown, never
//! used by itself.

use allclear_wire::lab::{CtColumn, ExportLayout, InstrumentMapping};

use super::sheet::Sheet;

const TUBE: &[&str] =
    &["样本编号", "样本条码", "样品编号", "样本号", "条码", "采样管编号", "barcode", "sampleid", "samplename", "样本名称", "sample"];
const WELL: &[&str] = &["wellposition", "well", "孔位", "孔号", "反应孔"];
const RESULT: &[&str] = &["检测结果", "判读结果", "结果判定", "结果", "result", "interpretation", "call"];
const TASK: &[&str] = &["样本类型", "类型", "task", "content", "sampletype"];
const TARGET: &[&str] = &["targetname", "target", "detector", "靶标", "检测靶标", "基因", "项目"];
const CT: &[&str] = &["ct", "cq", "ct值", "cq值"];

fn plain(header: &str) -> String {
    header.trim().to_lowercase().replace('т', "t").replace('（', "(").replace('）', ")").replace([' ', '_', '-'], "")
}

fn pick(header: &[String], names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| header.iter().find(|cell| plain(cell) == *name)).cloned()
}

/// `FAM Ct`, `Ct(ORF1ab)`, `CY5(内标) Ct`: the target's name, if the column is one of cycle numbers.
/// What stands in brackets names the target better than the channel before it.
fn ct_target(column: &str) -> Option<String> {
    let lower = column.to_lowercase().replace('т', "t");
    // Means and deviations of replicates are not cycle numbers of a well.
    if ["mean", "sd", "avg", "均值", "标准差", "threshold", "阈值"].iter().any(|word| lower.contains(word)) {
        return None;
    }
    let words: Vec<&str> = column.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_ct = |word: &&str| CT.contains(&plain(word).as_str());
    words.iter().find(|word| is_ct(word))?;
    let target = *words.iter().rfind(|word| !is_ct(word))?;
    let own_control = ["ic", "内标", "内控", "rp", "rnasep"].contains(&target.to_lowercase().as_str());
    Some(if own_control { "IC".into() } else { target.into() })
}

fn of_header(header: &[String]) -> Option<InstrumentMapping> {
    let tube = pick(header, TUBE)?;
    let (result, target, ct) = (pick(header, RESULT), pick(header, TARGET), pick(header, CT));
    let wide: Vec<CtColumn> =
        header.iter().filter_map(|column| ct_target(column).map(|target| CtColumn { column: column.clone(), target })).collect();
    let (layout, target, ct) = match (target, ct) {
        (Some(target), Some(column)) => (ExportLayout::Long, Some(target), vec![CtColumn { column, target: String::new() }]),
        _ => (ExportLayout::Wide, None, wide),
    };
    if result.is_none() && ct.is_empty() {
        return None;
    }
    Some(InstrumentMapping { layout, tube, well: pick(header, WELL), result, task: pick(header, TASK), target, ct, words: Vec::new() })
}

/// The likeliest mapping, with the columns of the line that it was read from.
#[must_use]
pub fn suggest(sheet: &Sheet) -> Option<(Vec<String>, InstrumentMapping)> {
    sheet.rows.iter().take(200).find_map(|(_, header)| of_header(header).map(|mapping| (header.clone(), mapping)))
}
