//! What stands in the daily report, once for both formats.

use allclear_domain::kernel::time::Instant;
use allclear_wire::live::{AreaCounts, LiveFrame};
use jiff::civil::Date;

use crate::{
    clock::parse_rfc3339,
    edge::problem::{Code, Problem, Result},
    print::document::{Column, Document},
};

const CHINA_S: i64 = 8 * 3600;

/// The day in China.
#[must_use]
pub fn day_of(at: Instant) -> Date {
    jiff::Timestamp::from_microsecond(at.plus_seconds(CHINA_S).0).map_or(Date::MIN, |t| t.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The first moment after a day in China.
#[must_use]
pub fn end_of(day: Date) -> Option<Instant> {
    let next = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Instant(next.timestamp().as_microsecond()).plus_seconds(-CHINA_S))
}

fn local(text: &str) -> String {
    let at = parse_rfc3339(text).unwrap_or_default().plus_seconds(CHINA_S);
    crate::clock::rfc3339(at).chars().take(16).collect::<String>().replace('T', " ")
}

fn share(n: i64, d: i64) -> String {
    if d > 0 { format!("{:.2} %", n as f64 * 100.0 / d as f64) } else { "–".into() }
}

/// A table of the report.
struct Sheet {
    title: &'static str,
    /// Header and whether it is a number.
    columns: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

/// The report of one day.
pub struct Report {
    title: String,
    subtitle: String,
    foot: String,
    facts: Vec<(String, &'static str)>,
    sheets: Vec<Sheet>,
}

impl Report {
    /// Makes the report from a frame of the screen.
    #[must_use]
    pub fn new(frame: &LiveFrame, day: Date, english: bool) -> Self {
        let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
        let as_of = local(&frame.as_of);
        let silent = frame.devices_silent.len();
        Self {
            title: format!("{} {day}", t("核酸检测日报", "Daily report of testing")),
            subtitle: format!("{} · {} {as_of} · {} {silent}", frame.round_name, t("数据截至", "as of"), t("失联设备", "silent devices")),
            foot: format!("Allclear · {} · {as_of} · #{}", frame.round_name, frame.change),
            facts: facts(frame, english),
            sheets: vec![
                towns(frame, english),
                hours(frame, day, english),
                pipeline(frame, english),
                labs(frame, english),
                sites(frame, english),
            ],
        }
    }

    /// As PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, Problem> {
        let mut document = Document::new(&self.title, &self.subtitle, &self.foot);
        let facts: Vec<(&str, &str)> = self.facts.iter().map(|(value, label)| (value.as_str(), *label)).collect();
        document.facts(&facts);
        for sheet in self.sheets.iter().filter(|sheet| !sheet.rows.is_empty()) {
            document.heading(sheet.title);
            let columns: Vec<Column> = sheet
                .columns
                .iter()
                .map(|(title, number)| if *number { Column::number(title, 1.0) } else { Column::text(title, 2.0) })
                .collect();
            document.table(&columns, &sheet.rows);
        }
        document.finish().map_err(|e| Code::Internal.problem().detail(e.to_string()))
    }

    /// As XLSX: a sheet of totals and one a table; whole numbers as numbers.
    pub fn xlsx(&self) -> Result<Vec<u8>, Problem> {
        self.workbook().map_err(|e| Code::Internal.problem().detail(e.to_string()))
    }

    fn workbook(&self) -> std::result::Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
        let mut book = rust_xlsxwriter::Workbook::new();
        let bold = rust_xlsxwriter::Format::new().set_bold();
        let first = book.add_worksheet();
        first.set_name(self.title.chars().take(31).collect::<String>().replace(['/', ':', '?', '*', '[', ']', '\\'], "-"))?;
        first.write_with_format(0, 0, &self.title, &bold)?;
        first.write(1, 0, &self.subtitle)?;
        first.set_column_width(0, 32)?;
        for (line, (value, label)) in (3..).zip(&self.facts) {
            first.write(line, 0, *label)?;
            cell(first, line, 1, value)?;
        }
        for sheet in &self.sheets {
            let page = book.add_worksheet();
            page.set_name(sheet.title)?;
            page.set_freeze_panes(1, 0)?;
            page.set_column_width(0, 32)?;
            for (column, (title, _)) in (0..).zip(&sheet.columns) {
                page.write_with_format(0, column, *title, &bold)?;
            }
            for (line, row) in (1..).zip(&sheet.rows) {
                for (column, value) in (0..).zip(row) {
                    cell(page, line, column, value)?;
                }
            }
        }
        book.save_to_buffer()
    }
}

fn cell(page: &mut rust_xlsxwriter::Worksheet, line: u32, column: u16, value: &str) -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
    match value.parse::<i64>() {
        Ok(number) => page.write(line, column, number)?,
        Err(_) => page.write(line, column, value)?,
    };
    Ok(())
}

fn facts(frame: &LiveFrame, english: bool) -> Vec<(String, &'static str)> {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let total = &frame.total;
    vec![
        (share(total.expected_sampled, total.expected), t("采样完成率", "Completion")),
        (total.expected_sampled.to_string(), t("应采已采（人）", "Expected persons sampled")),
        (total.expected.to_string(), t("应采（人）", "Expected persons")),
        (total.unexpected_sampled.to_string(), t("名单外已采（人）", "Sampled, not on the list")),
        (total.collections.to_string(), t("采集人次", "Collections")),
        (frame.tubes.to_string(), t("标本（管）", "Tubes")),
        (frame.person_reports.to_string(), t("已出报告（人份）", "Person-reports")),
        (frame.non_negative.to_string(), t("非阴性（管）", "Non-negative tubes")),
        (frame.follow_ups_open.to_string(), t("追阳未结", "Follow-ups open")),
        (frame.exceptions_open.to_string(), t("待处理异常", "Exceptions open")),
        (frame.sites_open.to_string(), t("开放采样点", "Sites open")),
        (frame.forecast.as_ref().and_then(|f| f.ends_at.as_deref()).map_or_else(|| "–".into(), local), t("预计采完", "Forecast end")),
    ]
}

fn towns(frame: &LiveFrame, english: bool) -> Sheet {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let row = |area: &AreaCounts, name: String| {
        vec![
            name,
            area.expected.to_string(),
            area.expected_sampled.to_string(),
            share(area.expected_sampled, area.expected),
            area.unexpected_sampled.to_string(),
            area.collections.to_string(),
        ]
    };
    let mut rows: Vec<Vec<String>> = frame.areas.iter().map(|area| row(area, area.name.clone())).collect();
    rows.push(row(&frame.total, t("合计", "Total").into()));
    Sheet {
        title: t("各镇街", "By town"),
        columns: vec![
            (t("镇街", "Town"), false),
            (t("应采", "Expected"), true),
            (t("已采", "Sampled"), true),
            (t("完成率", "Completion"), true),
            (t("名单外", "Not listed"), true),
            (t("采集人次", "Collections"), true),
        ],
        rows,
    }
}

fn hours(frame: &LiveFrame, day: Date, english: bool) -> Sheet {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let mut hours = [0i64; 24];
    for (at, n) in &frame.curve {
        let at = parse_rfc3339(at).unwrap_or_default();
        if day_of(at) == day {
            let hour = at.plus_seconds(CHINA_S).0.div_euclid(3_600_000_000).rem_euclid(24);
            hours[usize::try_from(hour).unwrap_or(0)] += n;
        }
    }
    let mut sum = 0;
    let rows = hours.iter().enumerate().filter(|(_, n)| **n > 0).map(|(hour, n)| {
        sum += n;
        vec![format!("{hour:02}:00–{:02}:00", hour + 1), n.to_string(), sum.to_string()]
    });
    Sheet {
        title: t("当日每小时采集", "By hour of the day"),
        columns: vec![(t("时段", "Hour"), false), (t("采集人次", "Collections"), true), (t("当日累计", "Sum of the day"), true)],
        rows: rows.collect(),
    }
}

fn pipeline(frame: &LiveFrame, english: bool) -> Sheet {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let name = |stage: &str| match stage {
        "open" => t("采样中", "Open"),
        "at_site" => t("在采样点", "At site"),
        "in_transit" => t("转运中", "In transit"),
        "received" => t("已接收", "Received"),
        "on_run" => t("检测中", "On a run"),
        _ => t("待审核", "To release"),
    };
    let mut rows: Vec<Vec<String>> = frame
        .stages
        .iter()
        .map(|s| {
            vec![name(&s.stage).into(), s.tubes.to_string(), s.late.to_string(), s.oldest_at.as_deref().map_or_else(|| "–".into(), local)]
        })
        .collect();
    rows.push(vec![t("已发布", "Released").into(), frame.pipeline.released.to_string(), "–".into(), "–".into()]);
    rows.push(vec![t("退回或作废", "Rejected, void").into(), frame.pipeline.rejected.to_string(), "–".into(), "–".into()]);
    Sheet {
        title: t("标本流转", "Where the tubes are"),
        columns: vec![(t("环节", "Stage"), false), (t("管", "Tubes"), true), (t("超时", "Late"), true), (t("最早", "Oldest"), true)],
        rows,
    }
}

fn labs(frame: &LiveFrame, english: bool) -> Sheet {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let rows = frame.labs.iter().map(|lab| {
        let backlog = lab.backlog_hours.map_or_else(|| "–".into(), |hours| format!("{hours:.1}"));
        vec![
            lab.name.clone(),
            lab.received.to_string(),
            lab.on_run.to_string(),
            lab.resulted.to_string(),
            lab.released.to_string(),
            backlog,
        ]
    });
    Sheet {
        title: t("实验室", "Laboratories"),
        columns: vec![
            (t("实验室", "Laboratory"), false),
            (t("待检", "Waiting"), true),
            (t("检测中", "On a run"), true),
            (t("待审", "To release"), true),
            (t("24小时发布", "Released 24 h"), true),
            (t("积压（小时）", "Backlog h"), true),
        ],
        rows: rows.collect(),
    }
}

fn sites(frame: &LiveFrame, english: bool) -> Sheet {
    let t = |zh: &'static str, en: &'static str| if english { en } else { zh };
    let rows = frame.sites.iter().map(|site| {
        vec![
            site.name.clone(),
            site.stations.to_string(),
            site.collections.to_string(),
            site.wait_minutes.map_or_else(|| "–".into(), |minutes| minutes.to_string()),
            site.last_at.as_deref().map_or_else(|| "–".into(), local),
            site.stuck.as_deref().map_or_else(String::new, |why| reason(why, english).to_owned()),
        ]
    });
    Sheet {
        title: t("采样点(需要关注的在前)", "Sites, those to look at first"),
        columns: vec![
            (t("采样点", "Site"), false),
            (t("采样台", "Stations"), true),
            (t("采集人次", "Collections"), true),
            (t("等候(分钟)", "Wait (min)"), true),
            (t("最近上报", "Last"), true),
            (t("需要关注", "Look at"), false),
        ],
        rows: rows.collect(),
    }
}

/// Why a site needs attention, in words.
fn reason(stuck: &str, english: bool) -> &'static str {
    let (zh, en) = match stuck {
        "tubes_late" => ("采样管超时", "tubes late"),
        "silent" => ("长时间无上报", "silent"),
        "slow" => ("采样偏慢", "slow"),
        _ => ("等候过长", "long wait"),
    };
    if english { en } else { zh }
}
