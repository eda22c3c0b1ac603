//! Workbooks of this format are made here byte by byte, as nobody would write them; an honest one, written
//! by xlwt 1.3, is a fixture.

use super::*;
use crate::lab::sheet::{COLUMNS_MAX, ROWS_MAX};

const BOUNDS: Bounds = Bounds { rows: ROWS_MAX, columns: COLUMNS_MAX, cells: ROWS_MAX * COLUMNS_MAX, inflated: 256 << 20, text: 64 << 20 };
const HONEST: &[u8] = include_bytes!("../../../tests/fixtures/instrument/wide.xls");

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

fn at(row: u16, column: u16, rest: &[u8]) -> Vec<u8> {
    [&row.to_le_bytes()[..], &column.to_le_bytes(), &[0, 0], rest].concat()
}

fn number(row: u16, column: u16, value: f64) -> Vec<u8> {
    record(0x0203, &at(row, column, &value.to_le_bytes()))
}

fn named(row: u16, column: u16, string: u32) -> Vec<u8> {
    record(0x00FD, &at(row, column, &string.to_le_bytes()))
}

/// The stream of a workbook with one sheet `R`: its strings (with how they go on) and its cells.
fn workbook(strings: &[Vec<u8>], cells: &[Vec<u8>]) -> Vec<u8> {
    let begin = record(BEGIN, &[0, 6, 5, 0]);
    let sheet = |place: u32| record(0x0085, &[&place.to_le_bytes()[..], &[0, 0, 1, 0, b'R']].concat());
    let globals = |place| [begin.clone(), sheet(place), strings.concat(), record(END, &[])].concat();
    let place = u32::try_from(globals(0).len()).unwrap();
    [globals(place), begin.clone(), cells.concat(), record(END, &[])].concat()
}

/// A compound file with this stream as its `Workbook`; `small` puts it into the stream of small sectors.
fn file(stream: &[u8], small: bool) -> Vec<u8> {
    let sectors = stream.len().div_ceil(512).max(1);
    let mut next = vec![0xFFFF_FFFDu32, 0xFFFF_FFFE, 0xFFFF_FFFE];
    next.extend((0..sectors as u32).map(|i| if i as usize + 1 == sectors { 0xFFFF_FFFE } else { i + 4 }));
    assert!(next.len() <= 128);
    next.resize(128, 0xFFFF_FFFF);
    let mut minis: Vec<u32> = (1..=stream.len().div_ceil(64) as u32).collect();
    *minis.last_mut().unwrap() = 0xFFFF_FFFE;
    minis.truncate(128);
    minis.resize(128, 0xFFFF_FFFF);
    let entry = |name: &str, kind: u8, start: u32, length: usize| {
        let mut entry = [0; 128];
        for (two, unit) in entry.chunks_exact_mut(2).zip(name.encode_utf16()) {
            two.copy_from_slice(&unit.to_le_bytes());
        }
        entry[66] = kind;
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
        entry
    };
    let root = entry("Root Entry", 5, 3, stream.len());
    let book = entry("Workbook", 2, if small { 0 } else { 3 }, if small { stream.len() } else { stream.len().max(4096) });
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.resize(512, 0xFF);
    for (place, word) in [(26, 0x003E_0003u32), (30, 0x0006_0009), (44, 1), (48, 1), (60, 2), (64, 1), (68, 0xFFFF_FFFE), (72, 0), (76, 0)]
    {
        out[place..place + 4].copy_from_slice(&word.to_le_bytes());
    }
    let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    out.extend(bytes(&next));
    out.extend([root, book, [0; 128], [0; 128]].concat());
    out.extend(bytes(&minis));
    out.extend(stream);
    out.resize(512 * (sectors + 4), 0);
    out
}

fn read(file: &[u8]) -> Result<Vec<(u64, Vec<String>)>, BadBook> {
    let book = Book::open(file)?;
    let text = |shown| match shown {
        Shown::Number(number) => number.to_string(),
        Shown::Text(text) => text,
    };
    let sheets = book.sheets();
    let sheet = sheets.first().ok_or(BadBook::Damaged)?;
    Ok(book.rows(sheet, BOUNDS, text)?.into_iter().map(|line| (line.number, line.cells)).collect())
}

fn padded(stream: Vec<u8>) -> Vec<u8> {
    let length = stream.len().max(4096);
    let mut stream = stream;
    stream.resize(length, 0);
    stream
}

#[test]
fn an_honest_workbook_is_read() {
    let book = Book::open(HONEST).unwrap();
    assert_eq!(book.sheets(), ["设置", "结果 Results"]);
    let rows = read(HONEST).unwrap();
    assert_eq!(rows[0], (1, vec!["instrument".into(), "PCR 1".into()]));
    let text = |shown| match shown {
        Shown::Number(number) => number.to_string(),
        Shown::Text(text) => text,
    };
    let results = book.rows("结果 Results", BOUNDS, text).unwrap();
    assert_eq!(results[0].cells, ["孔位", "样本编号", "ORF1ab Ct", "合格"]);
    assert_eq!(results[1].cells, ["A1", "T0000000428", "31.25", "true"]);
    assert_eq!((results[2].number, results[2].cells[2].as_str()), (3, "38"));
    assert_eq!(results.len(), 1 + 600, "the strings go on over many records");
    assert_eq!(results[600].cells[1], "样本 599 的编号");
}

#[test]
fn numbers_texts_and_gaps_stand_where_they_are() {
    let strings = record(0x00FC, &[&2u32.to_le_bytes()[..], &2u32.to_le_bytes(), &[2, 0, 0, b'A', b'1'], &[1, 0, 1, 0x54, 0x5B]].concat());
    let several = record(0x00BD, &[&2u16.to_le_bytes()[..], &[1, 0], &[0, 0, 0x67, 0x4D, 0, 0], &[0, 0, 0, 0, 0, 0x40], &[2, 0]].concat());
    let formula = record(0x0006, &at(3, 0, &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]));
    let its_text = record(0x0207, &[2, 0, 0, b'o', b'k']);
    let cells = [number(65_535, 3, 1.5), named(0, 2, 1), named(0, 0, 0), several, formula, its_text, record(0x0205, &at(3, 1, &[0x2A, 1]))];
    let stream = workbook(&[strings], &cells);
    let expect = [
        (1, vec!["A1".to_owned(), String::new(), "孔".into()]),
        (3, vec![String::new(), "49.53".into(), "2".into()]),
        (4, vec!["ok".into(), "#N/A".into()]),
        (65_536, vec![String::new(), String::new(), String::new(), "1.5".into()]),
    ];
    assert!(stream.len() < 4096);
    assert_eq!(read(&file(&stream, true)).unwrap(), expect, "in small sectors");
    assert_eq!(read(&file(&padded(stream), false)).unwrap(), expect, "a far row takes no memory for what lies between");
}

#[test]
fn a_string_may_change_its_width_where_it_goes_on() {
    let first = record(0x00FC, &[&1u32.to_le_bytes()[..], &1u32.to_le_bytes(), &[3, 0, 0, b'A']].concat());
    let rest = record(0x003C, &[1, 0x54, 0x5B, b'B', 0]);
    assert_eq!(read(&file(&workbook(&[first, rest], &[named(0, 0, 0)]), true)).unwrap()[0].1, ["A孔B"]);
}

#[test]
fn what_asks_for_more_than_it_is_is_refused() {
    let one = |cells: &[Vec<u8>]| read(&file(&workbook(&[], cells), true));
    assert_eq!(one(&[number(0, 200, 1.0)]), Err(BadBook::TooManyColumns));
    assert_eq!(one(&[number(65_535, 65_535, 1.0)]), Err(BadBook::TooManyColumns), "no rectangle up to the far cell");
    assert_eq!(one(&[named(0, 0, 7)]), Err(BadBook::Damaged), "a string that is not there");
    assert_eq!(one(&[record(0x002F, &[0, 0])]), Ok(Vec::new()), "only what is said of the whole book seals it");
    assert_eq!(read(&file(&workbook(&[record(0x002F, &[1, 0])], &[]), true)), Err(BadBook::Protected));
    // One long string that every cell names: a few kilobytes that would be gigabytes.
    let long = [&1u32.to_le_bytes()[..], &1u32.to_le_bytes(), &8000u16.to_le_bytes(), &[0], &[b'x'; 8000]].concat();
    let many: Vec<Vec<u8>> = (0..3000u16).map(|i| named(i / 190, i % 190, 0)).collect();
    let tight = Bounds { text: 1 << 20, ..BOUNDS };
    let book = Book::open(&file(&workbook(&[record(0x00FC, &long)], &many), false)).unwrap();
    let text = |shown| if let Shown::Text(text) = shown { text } else { String::new() };
    assert_eq!(book.rows("R", tight, text).map(|rows| rows.len()), Err(BadBook::TooLarge));
    let far = Bounds { rows: 2, ..BOUNDS };
    let book = Book::open(&file(&workbook(&[], &[number(0, 0, 1.0), number(9, 0, 1.0), number(5, 0, 1.0)]), true)).unwrap();
    assert_eq!(book.rows("R", far, |_| "x".into()).map(|rows| rows.len()), Err(BadBook::TooManyRows));
}

/// Whatever a byte is changed to, the file is read or refused: no panic, no endless chain.
#[test]
fn damage_is_refused() {
    let strings = record(0x00FC, &[&1u32.to_le_bytes()[..], &1u32.to_le_bytes(), &[2, 0, 0, b'A', b'1']].concat());
    for small in [true, false] {
        let stream = workbook(std::slice::from_ref(&strings), &[named(0, 0, 0), number(1, 1, 2.0)]);
        let good = file(&if small { stream } else { padded(stream) }, small);
        assert!(read(&good).is_ok());
        for place in 0..good.len() {
            for value in [0, 1, 0x7F, 0xFE, 0xFF] {
                let mut bad = good.clone();
                bad[place] = value;
                let _ = read(&bad);
            }
        }
        for end in 0..good.len() {
            let _ = read(&good[..end]);
        }
        // A chain of sectors that goes in a circle.
        let mut circle = good.clone();
        circle[512 + 4..512 + 8].copy_from_slice(&1u32.to_le_bytes());
        assert_eq!(read(&circle), Err(BadBook::Damaged));
    }
}
