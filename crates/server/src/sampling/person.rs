//! Who was sampled: from what the device knew to a person of the register.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        code::CardCode,
        id::PersonNo,
        time::Instant,
    },
    people::{
        date::Date,
        document::{Document, Sex},
        name::Name,
        phone::Phone,
    },
};
use allclear_store::{Result, Tx, people::NewPerson, people::PersonPlace};
use allclear_wire::{people::DocumentKind, sync::Op, sync::PersonRef};

use super::command::Incoming;

/// Persons that a group of commands speaks of, looked up in two set-based queries.
#[derive(Debug, Default)]
pub struct Known {
    places: HashMap<i64, PersonPlace>,
    cards: HashMap<String, i64>,
}

impl Known {
    /// Looks up every number and card code in the commands.
    pub fn load<'c>(tx: &Tx<'_>, commands: impl Iterator<Item = &'c Incoming>) -> Result<Self> {
        let (mut numbers, mut codes) = (Vec::new(), Vec::new());
        for command in commands {
            let Ok(Op::RecordCollection(collection)) = &command.op else { continue };
            match &collection.person {
                PersonRef::No { no } => numbers.push(*no),
                PersonRef::Code { code } => codes.extend(CardCode::parse(code).ok()),
                PersonRef::Document { .. } | PersonRef::Manual { .. } => {}
            }
        }
        let cards =
            if codes.is_empty() { HashMap::new() } else { tx.persons_of_cards(&codes.iter().map(CardCode::as_str).collect::<Vec<_>>())? };
        numbers.extend(cards.values());
        numbers.sort_unstable();
        numbers.dedup();
        let places = if numbers.is_empty() { HashMap::new() } else { tx.person_places(&numbers)? };
        Ok(Self { places, cards })
    }

    /// The person meant by `reference`, registered on the spot if the field gave name and document
    /// or name alone. Nothing: nobody has this code or number.
    pub fn resolve(&mut self, tx: &Tx<'_>, reference: &PersonRef, site_area: AreaCode, now: Instant) -> Result<Option<PersonPlace>> {
        match reference {
            PersonRef::No { no } => Ok(self.places.get(no).copied()),
            PersonRef::Code { code } => {
                let no = CardCode::parse(code).ok().and_then(|code| self.cards.get(code.as_str()).copied());
                Ok(no.and_then(|no| self.places.get(&no).copied()))
            }
            PersonRef::Document { kind, number, name } => by_document(tx, *kind, number, name.as_deref(), site_area, now),
            PersonRef::Manual { provisional, name, phone, birth_year } => {
                if let Some(no) = tx.provisional_person(*provisional)? {
                    return place(tx, no);
                }
                let taken = Taken { name, phone: phone.as_deref(), sex: None, birth_year: *birth_year, state: "provisional" };
                let made = register(tx, &taken, site_area, now)?;
                if let Some(made) = made {
                    tx.insert_provisional_person(*provisional, made.no)?;
                }
                Ok(made)
            }
        }
    }
}

fn place(tx: &Tx<'_>, no: i64) -> Result<Option<PersonPlace>> {
    Ok(tx.person_places(&[no])?.get(&no).copied())
}

fn by_document(
    tx: &Tx<'_>,
    kind: DocumentKind,
    number: &str,
    name: Option<&str>,
    site_area: AreaCode,
    now: Instant,
) -> Result<Option<PersonPlace>> {
    let Some(document) = parsed(kind, number, now) else { return Ok(None) };
    let word = document.kind().as_str();
    let blind = tx.keys().blind(word, document.number());
    if let Some(no) = tx.person_of_document(&blind)? {
        return place(tx, no);
    }
    let Some(name) = name else { return Ok(None) };
    // A resident ID says when its holder was born, and as what.
    let birth_year = document.birth().map(|born| i32::from(born.year()));
    let taken = Taken { name, phone: None, sex: document.sex(), birth_year, state: "active" };
    let made = register(tx, &taken, site_area, now)?;
    if let Some(made) = made {
        let sealed = tx.keys().seal_cell("document", "number", &made.no.0.to_string(), document.number());
        tx.insert_documents(&[(blind, word, sealed, made.no)])?;
    }
    Ok(made)
}

/// What a supervisor fills in about somebody unknown.
#[derive(Debug, Clone, Default)]
pub struct FilledIn {
    /// Name.
    pub name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i32>,
}

/// Registers whom a device met, from what it said and what was filled in. Nothing: there is no name.
/// Somebody whose document or card is in the register by now is that person.
pub fn register_claimed(tx: &Tx<'_>, claim: &PersonRef, filled: &FilledIn, area: AreaCode, now: Instant) -> Result<Option<PersonPlace>> {
    let (mut said, mut card, mut paper) = (FilledIn::default(), None, None);
    match claim {
        PersonRef::No { .. } => {}
        PersonRef::Code { code } => card = CardCode::parse(code).ok(),
        PersonRef::Document { kind, number, name } => {
            said.name = name.clone();
            paper = document(*kind, number, now);
        }
        PersonRef::Manual { name, phone, birth_year, .. } => {
            said = FilledIn { name: Some(name.clone()), phone: phone.clone(), birth_year: *birth_year };
        }
    }
    if let Some((word, number)) = &paper
        && let Some(no) = tx.person_of_document(&tx.keys().blind(word, number))?
    {
        return place(tx, no);
    }
    if let Some(card) = &card
        && let Some(no) = tx.persons_of_cards(&[card.as_str()])?.remove(card.as_str())
    {
        return place(tx, no);
    }
    let Some(name) = filled.name.as_ref().or(said.name.as_ref()) else { return Ok(None) };
    let (phone, born) = (filled.phone.as_ref().or(said.phone.as_ref()), filled.birth_year.or(said.birth_year));
    let state = if paper.is_some() { "active" } else { "provisional" };
    let taken = Taken { name, phone: phone.map(String::as_str), sex: None, birth_year: born, state };
    let made = register(tx, &taken, area, now)?;
    if let (Some(made), Some((word, number))) = (made, paper) {
        let sealed = tx.keys().seal_cell("document", "number", &made.no.0.to_string(), &number);
        tx.insert_documents(&[(tx.keys().blind(word, &number), word, sealed, made.no)])?;
    }
    if let (Some(made), Some(card)) = (made, card) {
        tx.insert_cards(&[(card.as_str(), made.no)], now)?;
    }
    Ok(made)
}

/// Stored kind and normal form of a document number; nothing if it is malformed.
#[must_use]
pub fn document(kind: DocumentKind, number: &str, now: Instant) -> Option<(&'static str, String)> {
    parsed(kind, number, now).map(|document| (document.kind().as_str(), document.number().to_owned()))
}

fn parsed(kind: DocumentKind, number: &str, now: Instant) -> Option<Document> {
    use allclear_domain::people::document::DocumentKind as D;
    let kind = match kind {
        DocumentKind::ResidentId => D::ResidentId,
        DocumentKind::HkMacaoPermit => D::HkMacaoPermit,
        DocumentKind::TaiwanPermit => D::TaiwanPermit,
        DocumentKind::Passport => D::Passport,
        DocumentKind::ForeignPermanentResident => D::ForeignPermanentResident,
    };
    Document::parse(kind, number, Date::in_china(now)?).ok()
}

/// Village in which a person taken down in the field is numbered: that of the site, or the first of its town.
fn village(tx: &Tx<'_>, site_area: AreaCode) -> Result<Option<AreaCode>> {
    if let Some(village) = site_area.at(Level::Village) {
        return Ok(Some(village));
    }
    Ok(tx.areas()?.into_iter().map(|area| area.code).find(|code| code.level() == Level::Village && code.is_within(site_area)))
}

/// What the field knows of a person who is not in the register yet.
struct Taken<'a> {
    name: &'a str,
    phone: Option<&'a str>,
    sex: Option<Sex>,
    birth_year: Option<i32>,
    state: &'a str,
}

fn register(tx: &Tx<'_>, taken: &Taken<'_>, site_area: AreaCode, now: Instant) -> Result<Option<PersonPlace>> {
    let Some(area) = village(tx, site_area)? else { return Ok(None) };
    let no = PersonNo(tx.take_person_numbers(area, 1)?);
    // One spelling, so that a search finds it. What is no name or no number is kept as it was
    // said, and somebody looks at the record: a swab was taken, so nobody is refused.
    let name = Name::parse(taken.name).ok();
    let state = if name.is_some() { taken.state } else { "provisional" };
    let name = name.as_ref().map_or(taken.name, Name::as_str);
    let phone = taken.phone.map(|raw| Phone::parse(raw).map_or_else(|_| raw.to_owned(), |phone| phone.as_str().to_owned()));
    let phone = phone.as_deref();
    let sealed_phone = phone.map(|phone| tx.keys().seal_cell("person", "phone", &no.0.to_string(), phone));
    let person = NewPerson {
        no,
        name,
        initials: &crate::sampling::view::initials(name),
        sex: taken.sex.map(Sex::as_str),
        birth_year: taken.birth_year,
        living_area: area,
        household: None,
        phone: sealed_phone.as_deref(),
        phone_blind: phone.map(|phone| tx.keys().blind("phone", phone)),
        groups: 0,
        state,
    };
    tx.insert_persons(&[person], now)?;
    Ok(Some(PersonPlace { no, area, grid: None }))
}
