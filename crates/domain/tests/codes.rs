//! The table that the phone's parser (web/packages/engine) agrees with too, line by line.

use allclear_domain::kernel::code::{BoxCode, CardCode, HouseholdCode, NotACode, TubeCode};

fn word<T: ToString>(read: Result<T, NotACode>) -> String {
    match read {
        Ok(code) => code.to_string(),
        Err(NotACode::Shape { .. }) => "shape".into(),
        Err(NotACode::Check { .. }) => "check".into(),
        Err(NotACode::OtherKind { found, .. }) => format!("other_kind {found}"),
    }
}

#[test]
fn codes_read_as_the_shared_table_says() {
    let table = include_str!("../../../contract/vectors/codes.txt");
    let rows: Vec<&str> = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(rows.len() > 20);
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let got = match cells[0] {
            "tube" => word(TubeCode::parse(cells[1])),
            "box" => word(BoxCode::parse(cells[1])),
            "card" => word(CardCode::parse(cells[1])),
            "household" => word(HouseholdCode::parse(cells[1])),
            other => panic!("no such kind: {other}"),
        };
        assert_eq!(got, cells[2], "{row}");
    }
}
