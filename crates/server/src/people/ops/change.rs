//! A person made by hand, corrected, exempted, given a card. Each leaves a step in the
//! record's history that says what was before.

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        access::Action,
        area::{AreaCode, home},
        code::CardCode,
        id::PersonNo,
        time::{Instant, Period},
    },
    people::{
        document::{Document, DocumentKind},
        groups::{AgeGroups, Group, Groups, Stay},
        name::Name,
        phone::Phone,
    },
};
use allclear_seal::{BlindIndex, Keys};
use allclear_store::{
    Result as StoreResult, StoreError, Tx,
    records::{NewEvent, StayRow},
    register::PersonRow,
};
use allclear_wire::people::{PersonCorrection, PersonForm, StayRequest};
use serde::{Deserialize, Serialize};

use super::{household, places, reason, record, today};
use crate::{
    app::App,
    clock::parse_rfc3339,
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    people::{
        import::{
            columns::Field,
            places::Places,
            row::{self, Judge, Newcomer, texts},
        },
        initials, intake, view,
    },
};

/// What a record said before a change: kept sealed in its history, so that any change can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    name: String,
    sex: Option<String>,
    birth_year: Option<i32>,
    living_area: i64,
    grid: Option<i64>,
    residence_area: Option<i64>,
    household: Option<i64>,
    address: Option<String>,
    phone: Option<String>,
    workplace: Option<String>,
    groups: i64,
    /// Absent in a history of before guardians and birth dates could change.
    #[serde(default)]
    kin: Option<Kin>,
}

/// The part of a record that only people without a document have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kin {
    guardian: Option<i64>,
    birth_date: Option<String>,
}

impl Before {
    /// What the record says now.
    pub fn of(keys: &Keys, person: &PersonRow) -> StoreResult<Self> {
        Ok(Self {
            name: person.name.clone(),
            sex: person.sex.clone(),
            birth_year: person.birth_year,
            living_area: person.living_area.number(),
            grid: person.grid.map(AreaCode::number),
            residence_area: person.residence_area.map(AreaCode::number),
            household: person.household,
            address: view::cell(keys, person.no, "address", person.address.as_ref())?,
            phone: view::cell(keys, person.no, "phone", person.phone.as_ref())?,
            workplace: person.workplace.clone(),
            groups: person.groups,
            kin: Some(Kin {
                guardian: person.guardian,
                birth_date: view::cell(keys, person.no, "birth_date", person.birth_date.as_ref())?,
            }),
        })
    }

    /// Writes it back into the record.
    pub fn restore(self, keys: &Keys, person: &mut PersonRow) {
        person.name = self.name;
        person.sex = self.sex;
        person.birth_year = self.birth_year;
        person.living_area = AreaCode::from_number(self.living_area).unwrap_or(person.living_area);
        person.grid = self.grid.and_then(|code| AreaCode::from_number(code).ok());
        person.residence_area = self.residence_area.and_then(|code| AreaCode::from_number(code).ok());
        person.household = self.household;
        person.workplace = self.workplace;
        person.groups = self.groups;
        if let Some(kin) = self.kin {
            person.guardian = kin.guardian;
            set_birth_date(keys, person, kin.birth_date.as_deref());
        }
        set_address(keys, person, self.address.as_deref());
        set_phone(keys, person, self.phone.as_deref());
    }

    /// The household then.
    #[must_use]
    pub const fn household(&self) -> Option<i64> {
        self.household
    }

    /// The sealed text for the history or a parked row.
    #[must_use]
    pub fn sealed(&self, keys: &Keys, no: PersonNo) -> Vec<u8> {
        keys.seal_cell("person_event", "detail", &no.0.to_string(), &serde_json::to_string(self).unwrap_or_default())
    }

    /// Opens what [`Before::sealed`] made.
    #[must_use]
    pub fn opened(keys: &Keys, no: PersonNo, sealed: &[u8]) -> Option<Self> {
        let text = keys.open_cell("person_event", "detail", &no.0.to_string(), sealed).ok()?;
        serde_json::from_str(&text).ok()
    }
}

fn set_address(keys: &Keys, person: &mut PersonRow, address: Option<&str>) {
    person.address = address.map(|address| keys.seal_cell("person", "address", &person.no.0.to_string(), address));
}

fn set_birth_date(keys: &Keys, person: &mut PersonRow, born: Option<&str>) {
    person.birth_date = born.map(|born| keys.seal_cell("person", "birth_date", &person.no.0.to_string(), born));
}

fn set_phone(keys: &Keys, person: &mut PersonRow, phone: Option<&str>) {
    person.phone = phone.map(|phone| keys.seal_cell("person", "phone", &person.no.0.to_string(), phone));
    person.phone_blind = phone.map(|phone| keys.blind("phone", phone).to_vec());
}

/// Lets the given fields of a row replace those of a record.
pub fn apply(keys: &Keys, person: &mut PersonRow, row: &Newcomer) {
    person.name = row.name.as_str().to_owned();
    person.sex = row.sex.map(|sex| sex.as_str().to_owned()).or(person.sex.take());
    person.birth_year = row.born.map(|born| i32::from(born.year())).or(person.birth_year);
    person.living_area = row.living_area;
    person.grid = row.grid.or(person.grid.filter(|grid| grid.is_within(row.living_area)));
    person.residence_area = row.residence_area.or(person.residence_area);
    person.workplace = row.workplace.clone().or(person.workplace.take());
    person.groups |= row.groups.0;
    if let Some(born) = row.born.filter(|_| row.document.birth().is_none()) {
        set_birth_date(keys, person, Some(&born.to_string()));
    }
    if let Some(address) = &row.address {
        set_address(keys, person, Some(address));
    }
    if let Some(phone) = &row.phone {
        set_phone(keys, person, Some(phone.as_str()));
    }
}

/// Writes a changed record with its step of history.
pub fn write(tx: &Tx<'_>, person: &PersonRow, before: &Before, event: &Step<'_>) -> StoreResult<()> {
    let key = allclear_domain::people::name::key(&person.name);
    tx.update_person(person, key.as_bytes(), &initials::of(&person.name), event.now)?;
    step(tx, person.no, event, Some(before))
}

/// Who did what when.
pub struct Step<'a> {
    /// Id of the step.
    pub id: uuid::Uuid,
    /// When.
    pub now: Instant,
    /// Operation.
    pub op: &'static str,
    /// Account.
    pub author: &'a str,
    /// The other record of a merge.
    pub other: Option<i64>,
}

/// Appends a step to a record's history.
pub fn step(tx: &Tx<'_>, person: PersonNo, event: &Step<'_>, before: Option<&Before>) -> StoreResult<()> {
    let detail = before.map(|before| before.sealed(tx.keys(), person));
    tx.append_person_event(&NewEvent {
        id: event.id,
        person,
        at: event.now,
        op: event.op,
        author: event.author,
        other: event.other,
        detail: detail.as_deref(),
    })
}

fn cells(form: &PersonForm) -> Vec<String> {
    let text = |cell: &Option<String>| cell.clone().unwrap_or_default();
    Field::ALL
        .map(|field| match field {
            Field::Name => form.name.clone(),
            Field::DocumentKind => text(&form.document_kind),
            Field::DocumentNumber => text(&form.document_number),
            Field::Phone => text(&form.phone),
            Field::Sex => text(&form.sex),
            Field::BirthDate => text(&form.birth_date),
            Field::LivingArea => form.living_area.clone(),
            Field::ResidenceArea => text(&form.residence_area),
            Field::Address => text(&form.address),
            Field::Workplace => text(&form.workplace),
            Field::GuardianDocument => text(&form.guardian_document),
            Field::Household | Field::Groups => String::new(),
        })
        .to_vec()
}

/// The first reason of a bad row as a problem that points at its field.
fn refused(reasons: &[row::Reason]) -> Problem {
    let Some(reason) = reasons.first() else { return Code::BodyInvalid.problem() };
    let (_, en) = texts(reason.code);
    Code::PersonInvalid.field(&format!("/{}", reason.field.as_str())).detail(format!("{}: {en}", reason.code))
}

fn judged(app: &App, places: &Places, form: &PersonForm) -> Result<Newcomer> {
    let judge = Judge { places, area: None, today: today(app), ages: AgeGroups::of(&app.plan().profile) };
    row::judge(&judge, &Field::ALL.map(Some), &cells(form)).map_err(|reasons| refused(&reasons))
}

/// Makes a person by hand.
pub async fn create(app: &App, caller: &Arc<Caller>, form: PersonForm) -> Result<PersonNo> {
    let newcomer = judged(app, &places(&app.plan()), &form)?;
    caller.require_in(Action::ManagePersons, newcomer.home())?;
    let (now, caller) = (app.now(), Arc::clone(caller));
    let (id, with) = (app.ids.at(now), app.ids.at(now));
    app.store
        .run("create_person", move |tx| -> Result<PersonNo> {
            let blind = intake::document_blind(tx.keys(), &newcomer);
            if tx.person_of_document(&blind)?.is_some() {
                return Err(Code::DocumentKnown.field("/document_number"));
            }
            let household = match form.household_of {
                Some(no) => Some(household::of_or_found(
                    tx,
                    &caller,
                    PersonNo(no),
                    Step { id: with, now, op: "found_household", author: &caller.name, other: None },
                )?),
                None => None,
            };
            let guardian = newcomer.guardian.as_ref().map(|doc| tx.keys().blind(doc.kind().as_str(), doc.number()));
            let guardian = guardian.map(|blind| tx.person_of_document(&blind)).transpose()?.flatten();
            let no = tx.take_person_numbers(newcomer.living_area, 1)?;
            let person = intake::registered(tx.keys(), &newcomer, blind, (no, household, guardian));
            tx.register_persons(&[person], None, now)?;
            step(tx, PersonNo(no), &Step { id, now, op: "create_person", author: &caller.name, other: None }, None)?;
            Ok(PersonNo(no))
        })
        .await
}

fn field_problem(field: Field, code: &'static str) -> Problem {
    refused(&[row::Reason { field, code }])
}

/// What a correction asks for, parsed.
struct Correction {
    name: Option<Name>,
    phone: Option<Option<Phone>>,
    living: Option<(AreaCode, Option<AreaCode>)>,
    address: Option<Option<String>>,
    workplace: Option<Option<String>>,
    document: Option<Document>,
}

fn given(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn correction(app: &App, form: PersonCorrection) -> Result<Correction> {
    let name = form.name.map(|name| Name::parse(&name).map_err(|bad| field_problem(Field::Name, bad.code()))).transpose()?;
    let phone = form
        .phone
        .map(given)
        .map(|phone| phone.map(|phone| Phone::parse(&phone)).transpose().map_err(|bad| field_problem(Field::Phone, bad.code())));
    let living =
        form.living_area.map(|cell| places(&app.plan()).village(&cell).map_err(|_| field_problem(Field::LivingArea, "area_unknown")));
    let document = form.document_number.and_then(given).map(|number| {
        let kind = form.document_kind.as_deref().and_then(DocumentKind::parse).unwrap_or_else(|| Document::guess_kind(&number));
        Document::parse(kind, &number, today(app)).map_err(|bad| field_problem(Field::DocumentNumber, bad.code()))
    });
    Ok(Correction {
        name,
        phone: phone.transpose()?,
        living: living.transpose()?,
        address: form.address.map(given),
        workplace: form.workplace.map(given),
        document: document.transpose()?,
    })
}

fn correct_record(tx: &Tx<'_>, person: &mut PersonRow, wanted: &Correction) -> Result<()> {
    let keys = tx.keys();
    if let Some(name) = &wanted.name {
        name.as_str().clone_into(&mut person.name);
    }
    if let Some(phone) = &wanted.phone {
        set_phone(keys, person, phone.as_ref().map(Phone::as_str));
    }
    if let Some((village, grid)) = wanted.living {
        person.living_area = village;
        person.grid = grid;
    }
    if let Some(address) = &wanted.address {
        set_address(keys, person, address.as_deref());
    }
    if let Some(workplace) = &wanted.workplace {
        person.workplace.clone_from(workplace);
    }
    if let Some(document) = &wanted.document {
        let blind: BlindIndex = keys.blind(document.kind().as_str(), document.number());
        if tx.person_of_document(&blind)?.is_some() {
            return Err(Code::DocumentKnown.field("/document_number"));
        }
        let sealed = keys.seal_cell("document", "number", &person.no.0.to_string(), document.number());
        tx.add_documents(&[(blind, document.kind().as_str(), &sealed, person.no)])?;
        person.sex = document.sex().map(|sex| sex.as_str().to_owned()).or(person.sex.take());
        person.birth_year = document.birth().map(|born| i32::from(born.year())).or(person.birth_year);
    }
    // Taken down by hand in the field, now looked at by somebody: it is a person like any other.
    if person.state == "provisional" {
        "active".clone_into(&mut person.state);
    }
    Ok(())
}

/// Corrects a record over the version that was read.
pub async fn correct(app: &App, caller: &Arc<Caller>, no: PersonNo, form: PersonCorrection) -> Result<()> {
    reason(&form.reason)?;
    let version = form.version;
    let wanted = correction(app, form)?;
    if let Some((village, grid)) = wanted.living {
        caller.require_in(Action::ManagePersons, home(village, grid))?;
    }
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("correct_person", move |tx| -> Result<()> {
            let mut person = record(tx, &caller, Action::ManagePersons, no)?;
            if person.version != version {
                return Err(Code::StateConflict.problem());
            }
            let before = Before::of(tx.keys(), &person)?;
            correct_record(tx, &mut person, &wanted)?;
            Ok(write(tx, &person, &before, &Step { id, now, op: "correct_person", author: &caller.name, other: None })?)
        })
        .await
}

/// Puts a person into a group, with reason and period.
pub async fn add_stay(app: &App, caller: &Arc<Caller>, no: PersonNo, request: StayRequest) -> Result<()> {
    let now = app.now();
    let group = Group::parse(&request.group).ok_or_else(|| Code::BodyInvalid.field("/group"))?;
    let until = request.until_at.filter(|text| !text.is_empty());
    let until = until.map(|text| parse_rfc3339(&text).ok_or_else(|| Code::BodyInvalid.field("/until_at"))).transpose()?;
    let stay = Stay { group, reason: request.reason, period: Period { from: now, until } };
    let stay = stay.checked().map_err(|bad| Code::GroupRefused.problem().detail(format!("{}: {bad}", bad.code())))?;
    let (caller, id) = (Arc::clone(caller), app.ids.at(now));
    app.store
        .run("add_stay", move |tx| -> Result<()> {
            let mut person = record(tx, &caller, Action::ManagePersons, no)?;
            let before = Before::of(tx.keys(), &person)?;
            let reason = tx.keys().seal_cell("person_stay", "reason", &id.to_string(), stay.reason.trim());
            tx.end_stays(no, group.as_str(), now)?;
            let row = StayRow { id, person: no, group: group.as_str().into(), reason, from_at: now, until_at: until, ended_at: None };
            tx.insert_stay(&row, &caller.name, now)?;
            person.groups = Groups(person.groups).with(group).0;
            Ok(write(tx, &person, &before, &Step { id, now, op: "add_stay", author: &caller.name, other: None })?)
        })
        .await
}

/// Takes a person out of a group.
pub async fn end_stay(app: &App, caller: &Arc<Caller>, no: PersonNo, group: &str) -> Result<()> {
    let group = Group::parse(group).ok_or_else(|| Code::NotFound.problem())?;
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("end_stay", move |tx| -> Result<()> {
            let mut person = record(tx, &caller, Action::ManagePersons, no)?;
            let before = Before::of(tx.keys(), &person)?;
            tx.end_stays(no, group.as_str(), now)?;
            person.groups = Groups(person.groups).without(group).0;
            Ok(write(tx, &person, &before, &Step { id, now, op: "end_stay", author: &caller.name, other: None })?)
        })
        .await
}

/// Issues a card; one in use is revoked in the same commit, so a lost card stops at once.
pub async fn issue_card(app: &App, caller: &Arc<Caller>, no: PersonNo, why: &str) -> Result<String> {
    reason(why)?;
    let code = CardCode::from_random(app.keys.random()).as_str().to_owned();
    let issued = code.clone();
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("issue_card", move |tx| -> Result<()> {
            record(tx, &caller, Action::ManagePersons, no)?;
            revoke_all(tx, no, now)?;
            tx.insert_cards(&[(issued.as_str(), no)], now)?;
            Ok(step(tx, no, &Step { id, now, op: "issue_card", author: &caller.name, other: None }, None)?)
        })
        .await?;
    Ok(code)
}

fn revoke_all(tx: &Tx<'_>, no: PersonNo, now: Instant) -> StoreResult<u64> {
    let mut revoked = 0;
    for card in tx.card_rows(no)?.iter().filter(|card| card.revoked_at.is_none()) {
        revoked += u64::from(tx.revoke_card(&card.code, now)?);
    }
    Ok(revoked)
}

/// Revokes a person's cards.
pub async fn revoke_cards(app: &App, caller: &Arc<Caller>, no: PersonNo, why: &str) -> Result<()> {
    reason(why)?;
    let (now, caller) = (app.now(), Arc::clone(caller));
    let id = app.ids.at(now);
    app.store
        .run("revoke_card", move |tx| -> Result<()> {
            record(tx, &caller, Action::ManagePersons, no)?;
            if revoke_all(tx, no, now)? == 0 {
                return Err(Code::NotFound.problem());
            }
            Ok(step(tx, no, &Step { id, now, op: "revoke_card", author: &caller.name, other: None }, None)?)
        })
        .await
}

/// Ends exemptions whose time has passed; answers how many. Called by the clock of the jobs.
pub async fn end_overdue_stays(app: &App) -> Result<u64, StoreError> {
    let now = app.now();
    app.store
        .run("end_overdue_stays", move |tx| {
            let overdue = tx.overdue_stays(now, 500)?;
            for (person, word) in &overdue {
                tx.close_overdue_stays(*person, word, now)?;
                let Some(row) = tx.persons(&[person.0])?.pop() else { continue };
                let Some(group) = Group::parse(word) else { continue };
                let stays = tx.stays_of(*person)?;
                let still = stays.iter().any(|stay| stay.group == *word && stay.ended_at.is_none());
                if !still {
                    tx.set_groups(*person, Groups(row.groups).without(group).0, now)?;
                }
            }
            Ok(overdue.len() as u64)
        })
        .await
}
