//! Files: registers, area lists, exports of analysers.

use std::sync::LazyLock;

use allclear_domain::{
    kernel::area::AreaCode,
    lab::result::{Ct, Kit},
    people::{date::Date, groups::AgeGroups},
};
use allclear_server::{
    lab::{instrument, sheet, suggest},
    people::import::{
        areas, columns,
        file::{self, COLUMNS_MAX, ROWS_MAX},
        places::Places,
        row::{Judge, judge_line, texts},
        write_back::{self, BadRow},
    },
};

static PLACES: LazyLock<Places> = LazyLock::new(|| {
    let areas = [("330784", "永康市"), ("330784105", "石柱镇"), ("330784105213", "前锦村村民委员会")];
    Places::new(&areas.map(|(code, name)| (AreaCode::parse(code).expect("a code"), name.to_owned())))
});

/// A register of persons: read, mapped, judged row by row, and its bad rows written back.
pub fn register(data: &[u8]) {
    let Ok(table) = file::read(data.to_vec()) else { return };
    assert!(table.header.len() <= COLUMNS_MAX);
    let mapping = columns::guess(&table.header);
    assert_eq!(mapping.len(), table.header.len());
    let _ = (columns::header_set(&table.header), columns::check(&mapping, table.header.len(), true), table.row_count());
    let today = Date::new(2022, 1, 5).expect("a day");
    let judge = Judge {
        places: &PLACES,
        area: AreaCode::parse("330784105213").ok(),
        today,
        ages: AgeGroups { infant_below_months: 36, child_below_years: 14 },
    };
    let (mut rows, mut last, mut bad) = (0, 0, Vec::new());
    table.batches(100, |batch| {
        rows += batch.len();
        for line in batch {
            assert!(line.number > last, "lines come in their order");
            last = line.number;
            if let Err(reasons) = judge_line(&judge, &mapping, &line) {
                assert!(reasons.iter().all(|reason| texts(reason.code).1 != "unknown reason"), "every reason has its text");
                let reasons = reasons.into_iter().map(|reason| (reason.field.as_str().to_owned(), reason.code.to_owned())).collect();
                bad.push(BadRow { line: line.number, cells: line.cells, reasons });
            }
        }
        rows <= ROWS_MAX
    });
    bad.truncate(20);
    write_back::sheet(table.format, &table.header, &bad).expect("bad rows are written back");
}

/// A list of areas: what is taken has a name and stands in it once.
pub fn area_list(data: &[u8]) {
    let Ok(places) = areas::read(data.to_vec()) else { return };
    assert!(places.len() <= areas::AREAS_MAX);
    let mut codes: Vec<AreaCode> = places.iter().map(|place| place.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), places.len(), "an area stands once");
    assert!(places.iter().all(|place| !place.name.is_empty()));
}

/// An analyser's export: read, mapped as suggested, interpreted.
pub fn instrument(data: &[u8]) {
    let Ok(sheet) = sheet::read(data) else { return };
    assert!(sheet.rows.len() <= sheet::ROWS_MAX);
    let Some((_, mapping)) = suggest::suggest(&sheet) else { return };
    let kit = Kit { name: "kit".into(), run_s_min: 4500, cutoff: Ct(3800), internal_control: "IC".into() };
    let Ok(reading) = instrument::interpret(&sheet, &mapping, &kit) else { return };
    let mut tubes: Vec<_> = reading.rows.iter().map(|row| &row.tube).collect();
    tubes.sort_unstable();
    tubes.dedup();
    assert_eq!(tubes.len(), reading.rows.len(), "a tube has one result");
    assert!(reading.rows.len() + reading.controls.len() + reading.bad.len() <= sheet.rows.len());
    let _ = reading.digest();
}
