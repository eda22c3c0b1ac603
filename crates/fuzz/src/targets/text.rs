//! Short texts: codes, documents, hand-over codes, the configuration.

use allclear_domain::{
    kernel::{
        area::AreaCode,
        code::{BoxCode, CardCode, HouseholdCode, TubeCode},
    },
    lab::{result::Ct, run::Well},
    people::{
        date::Date,
        document::{Document, DocumentKind, Sex},
        mask,
        name::Name,
        phone::Phone,
    },
    sampling::hours::Hours,
};
use allclear_seal::{base64url, read_statement};
use allclear_server::{config::Config, sampling::statement};

/// Scanned codes: a code that was read reads again as itself, and as no other kind.
pub fn codes(data: &[u8]) {
    let raw = String::from_utf8_lossy(data);
    let tube = TubeCode::parse(&raw).ok();
    let the_box = BoxCode::parse(&raw).ok();
    let card = CardCode::parse(&raw).ok();
    let household = HouseholdCode::parse(&raw).ok();
    let kinds = [tube.is_some(), the_box.is_some(), card.is_some(), household.is_some()];
    assert!(kinds.iter().filter(|kind| **kind).count() <= 1, "a code of two kinds");
    if let Some(code) = tube {
        assert_eq!(TubeCode::parse(code.as_str()), Ok(code));
    }
    if let Some(code) = the_box {
        assert_eq!(BoxCode::parse(code.as_str()), Ok(code));
    }
    if let Some(code) = card {
        assert_eq!(CardCode::parse(code.as_str()), Ok(code));
    }
    if let Some(code) = household {
        assert_eq!(HouseholdCode::parse(code.as_str()), Ok(code));
    }
    if let Ok(area) = AreaCode::parse(&raw) {
        assert_eq!(AreaCode::parse(&area.to_string()), Ok(area));
    }
    if let Some(well) = Well::parse(&raw) {
        assert_eq!(Well::parse(&well.to_string()), Some(well));
    }
    let _ = Ct::read(&raw);
    let _ = Hours::parse(&raw);
}

/// What stands in the cells of a register. A mask never shows what it masks.
pub fn documents(data: &[u8]) {
    let today = Date::new(2022, 1, 5).expect("a day");
    let raw = String::from_utf8_lossy(data);
    let _ = (Document::guess_kind(&raw), DocumentKind::parse(&raw), Sex::parse(&raw));
    for kind in DocumentKind::ALL {
        let Ok(document) = Document::parse(kind, &raw, today) else { continue };
        assert_eq!(Document::parse(kind, document.number(), today), Ok(document.clone()));
        let number = document.number();
        assert!(number.is_empty() || !mask::document(number).contains(number), "a mask that shows the number");
    }
    if let Ok(name) = Name::parse(&raw) {
        assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(&name));
        let _ = (name.key(), name.surname(), mask::name(name.as_str()));
    }
    if let Ok(phone) = Phone::parse(&raw) {
        assert_eq!(Phone::parse(phone.as_str()).as_ref(), Ok(&phone));
        assert!(!mask::phone(phone.as_str()).contains(phone.as_str()), "a mask that shows the number");
    }
    if let Some(day) = Date::parse(&raw) {
        assert_eq!(Date::parse(&day.to_string()), Some(day));
    }
}

/// What one phone shows the other: only the one spelling that a phone makes is read, and no made-up
/// signature is believed.
pub fn handover(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // A key that signed nothing: the generator of the curve.
    let key = base64url("BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU").expect("a key");
    if let Ok(read) = read_statement(&text) {
        assert!(read.verify(&key).is_err(), "a signature that nobody made");
        assert!(read.verify(data).is_err(), "any bytes as a key");
    }
    if let Some((shown, read)) = statement::read(&text) {
        assert_eq!(serde_json::to_vec(&shown).expect("a statement"), read.json, "one spelling");
    }
}

/// The configuration file, and the same text as a value of the environment.
pub fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(error) = Config::of_text(&text, |_| None, &[]) {
        assert!(!error.to_string().is_empty());
    }
    let _ = Config::of_text("", |_| Some(text.clone().into_owned()), &[]);
}
