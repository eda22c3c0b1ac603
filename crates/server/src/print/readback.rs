//! What is printed is read back by readers that we did not write: zbar on the rasterised page, rqrr on the QR code.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use allclear_domain::kernel::code::{BoxCode, CardCode, TubeCode};

use super::document::{Column, Document};
use super::labels::{Kind, LABELS_MAX, Label, label_sheet, places};
use super::{PrintError, sheet};

/// A folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("allclear-print-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Runs a Debian tool; `None` when it is not there, which is excused at a desk but not in CI.
fn tool(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program).args(args).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: {program} is not installed (scripts/bootstrap installs it)");
            None
        }
        Err(why) => panic!("{program}: {why}"),
    }
}

/// A page as a grey picture.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// Reads a binary PGM with 255 greys.
    fn parse(file: &[u8]) -> Self {
        let mut fields = file.splitn(4, |b| b.is_ascii_whitespace()).skip(1);
        let mut number = || String::from_utf8_lossy(fields.next().unwrap()).parse::<usize>().unwrap();
        let (width, height) = (number(), number());
        Self { width, height, pixels: file[file.len() - width * height..].to_vec() }
    }

    /// A piece as a PGM file, `[left, top, width, height]` in shares of the page.
    fn cut(&self, [left, top, width, height]: [f32; 4]) -> Vec<u8> {
        let (x, y) = ((left * self.width as f32) as usize, (top * self.height as f32) as usize);
        let (w, h) = ((width * self.width as f32) as usize, (height * self.height as f32) as usize);
        let mut file = format!("P5\n{w} {h}\n255\n").into_bytes();
        for row in y..y + h {
            file.extend_from_slice(&self.pixels[row * self.width + x..][..w]);
        }
        file
    }
}

/// Prints, rasterises, and holds zbar over each label as a person would: its symbols with how often each was read, as
/// `QR-Code:…` or `CODE-128:…`, and the pages. (Over ten QR codes at once zbar mixes up their corners.)
fn read_back(name: &str, kind: Kind, labels: &[Label]) -> Option<(BTreeMap<String, usize>, Vec<Picture>)> {
    let scratch = Scratch::new(name);
    let file = scratch.0.join("x.pdf");
    std::fs::write(&file, label_sheet(kind, labels).unwrap()).unwrap();
    tool("pdftoppm", &["-r", "300", "-gray", file.to_str().unwrap(), scratch.0.join("page").to_str().unwrap()])?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&scratch.0).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "pgm"));
    paths.sort();
    let pages: Vec<Picture> = paths.iter().map(|path| Picture::parse(&std::fs::read(path).unwrap())).collect();

    let places = places(kind);
    let mut args = vec!["-q".to_owned(), "--nodbus".to_owned()];
    for index in 0..labels.len() {
        let path = scratch.0.join(format!("label{index}.pgm"));
        std::fs::write(&path, pages[index / places.len()].cut(places[index % places.len()])).unwrap();
        args.push(path.to_str().unwrap().to_owned());
    }
    let mut codes = BTreeMap::new();
    for line in tool("zbarimg", &args.iter().map(String::as_str).collect::<Vec<_>>())?.lines() {
        *codes.entry(line.to_owned()).or_default() += 1;
    }
    Some((codes, pages))
}

#[test]
fn every_tube_label_of_a_full_and_a_begun_sheet_reads_back() {
    let tubes: Vec<String> = (1..=60).map(|serial| TubeCode::from_serial(serial * 7_919).to_string()).collect();
    let labels: Vec<Label> = tubes.iter().map(|code| Label { heading: "10 人管 · 10 in 1".to_owned(), ..Label::plain(code) }).collect();
    let Some((codes, pages)) = read_back("tubes", Kind::Tube, &labels) else { return };
    assert_eq!(pages.len(), 2);
    assert_eq!(codes, tubes.iter().map(|code| (format!("CODE-128:{code}"), 1)).collect());
}

#[test]
fn foreign_tube_codes_of_any_length_read_back() {
    let tubes = ["ABC123", "330784-2022-0000117", "A1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6", "20220105000123456789"];
    let Some((codes, pages)) = read_back("foreign", Kind::Box, &tubes.map(Label::plain)) else { return };
    let bars: Vec<&str> = codes.keys().filter_map(|line| line.strip_prefix("CODE-128:")).collect();
    let mut expected = tubes.to_vec();
    expected.sort_unstable();
    assert_eq!(bars, expected);
    assert_eq!(qr_codes(&pages, Kind::Box, tubes.len()), tubes);
}

#[test]
fn a_box_label_carries_its_code_as_bars_and_as_qr() {
    let boxes: Vec<String> = (1..=9).map(|serial| BoxCode::from_serial(serial).to_string()).collect();
    let label =
        |code: &String| Label { heading: "东城街道 3 号采样点".to_owned(), note: "下城里".to_owned(), ..Label::plain(code) };
    let labels: Vec<Label> = boxes.iter().map(label).collect();
    let Some((codes, pages)) = read_back("boxes", Kind::Box, &labels) else { return };
    assert_eq!(pages.len(), 2);
    let expected = boxes.iter().flat_map(|code| [format!("CODE-128:{code}"), format!("QR-Code:{code}")]);
    assert_eq!(codes, expected.map(|line| (line, 1)).collect());
}

#[test]
fn a_person_card_reads_back_with_two_readers() {
    let cards: Vec<String> = (0..10u8).map(|n| CardCode::from_random([n.wrapping_mul(37); 10]).to_string()).collect();
    let label = |code: &String| Label { heading: "张*".to_owned(), note: "石柱镇下里溪村\n1 / 4".to_owned(), ..Label::plain(code) };
    let labels: Vec<Label> = cards.iter().map(label).collect();
    let Some((codes, pages)) = read_back("cards", Kind::Card, &labels) else { return };
    assert_eq!(codes, cards.iter().map(|code| (format!("QR-Code:{code}"), 1)).collect());

    assert_eq!(qr_codes(&pages, Kind::Card, cards.len()), cards);
}

/// What rqrr reads on each of the labels.
fn qr_codes(pages: &[Picture], kind: Kind, labels: usize) -> Vec<String> {
    let places = places(kind);
    let read = |index: usize| {
        let Picture { width, height, pixels } = Picture::parse(&pages[index / places.len()].cut(places[index % places.len()]));
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| pixels[y * width + x]);
        image.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    };
    (0..labels).map(read).collect()
}

#[test]
fn what_no_barcode_can_carry_and_too_many_labels_are_refused() {
    let hanzi = label_sheet(Kind::Tube, &[Label::plain("采样管")]);
    assert!(matches!(hanzi, Err(PrintError::Code { symbology: "Code 128", .. })), "{hanzi:?}");
    let many = vec![Label::plain("T0000000011"); LABELS_MAX + 1];
    assert!(matches!(label_sheet(Kind::Tube, &many), Err(PrintError::TooMany { .. })));
    assert!(label_sheet(Kind::Tube, &many[..LABELS_MAX]).is_ok());
    assert!(label_sheet(Kind::Card, &[]).unwrap().starts_with(b"%PDF"));
}

#[test]
fn a_report_flows_over_pages_and_its_text_can_be_copied() {
    let mut report = Document::new("永康市核酸检测日报", "2022 年 1 月 6 日 15:00", "Allclear · 截至 15:00");
    report.facts(&[("43,559", "已采样人数"), ("4,356", "采样管"), ("4.5%", "完成率"), ("0", "非阴性管")]);
    report.heading("各镇街道进度");
    report.paragraph("分母为本轮应检人数，扣除有记录的豁免。 Completion never counts a person twice.");
    let rows: Vec<Vec<String>> = (1..=80).map(|n| vec![format!("第 {n} 村"), (n * 100).to_string(), format!("{n}.0%")]).collect();
    report.table(&[Column::text("村（社区）", 3.0), Column::number("已采", 1.0), Column::number("完成率", 1.0)], &rows);
    let pdf = report.finish().unwrap();

    let scratch = Scratch::new("report");
    let file = scratch.0.join("x.pdf");
    std::fs::write(&file, &pdf).unwrap();
    let Some(text) = tool("pdftotext", &["-layout", file.to_str().unwrap(), "-"]) else { return };
    let text = text.replace(" / ", "/");
    for words in ["永康市核酸检测日报", "43,559", "第 80 村", "8000", "80.0%", "1/3", "3/3", "never counts a person twice."] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    assert_eq!(text.matches("村（社区）").count(), 3, "the header is repeated on each page");
    assert!(sheet::width_mm("永", 10.0) > 3.0);
}
