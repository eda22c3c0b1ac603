//! Person cards: who somebody is, and nothing else. What holds for them the reader looks up.

use allclear_domain::kernel::{access::Action, area::AreaCode, code::CardCode, id::PersonNo};
use allclear_store::{Tx, register::PersonRow};
use allclear_wire::print::PrintCards;

use super::labels::{Kind, LABELS_MAX, Label, label_sheet};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::TEXT_CHARS_MAX,
        problem::{Code, Result},
    },
    plan::Plan,
};

/// Name of the operation.
const OP: &str = "print_cards";
/// Persons loaded in one step.
const STEP: usize = 500;

/// Whose cards.
#[derive(Debug, Clone)]
pub enum Whom {
    /// Everybody who lives in an area.
    Area(AreaCode),
    /// The members of a household.
    Household(i64),
    /// These: what a search found.
    Persons(Vec<i64>),
}

impl Whom {
    /// Reads a request: exactly one of its three ways.
    pub fn read(request: &PrintCards) -> Result<Self> {
        match (request.area.as_deref(), request.household, request.persons.as_slice()) {
            (Some(area), None, []) => AreaCode::parse(area).map(Self::Area).map_err(|_| Code::AreaUnknown.field("/area")),
            (None, Some(household), []) => Ok(Self::Household(household)),
            (None, None, persons) if !persons.is_empty() => Ok(Self::Persons(persons.to_vec())),
            _ => Err(Code::BodyInvalid.problem().detail("an area, a household or persons")),
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Area(area) => format!("cards of area {area}"),
            Self::Household(household) => format!("cards of household {household}"),
            Self::Persons(persons) => format!("cards of {} persons", persons.len()),
        }
    }
}

/// Who prints.
#[derive(Debug, Clone)]
pub enum Printer {
    /// Somebody who is signed in, for the areas that are theirs.
    Caller(Caller),
    /// This user of the server's own machine, which holds the store and its key.
    Machine(String),
}

/// Sheets of cards.
#[derive(Debug)]
pub struct Cards {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// How many cards.
    pub count: usize,
}

/// Sheets of cards as a PDF. Names stand on them in clear, so the print is logged with its reason and how many they
/// are; whoever has no card in use gets one.
pub async fn sheet(app: &App, printer: Printer, whom: Whom, reason: &str) -> Result<Cards> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::ReasonRequired.field("/reason"));
    }
    if let (Printer::Caller(caller), Whom::Area(area)) = (&printer, &whom) {
        caller.require_in(Action::ManagePersons, *area)?;
    }
    let (now, plan, keys) = (app.now(), app.plan(), app.keys.clone());
    let log = app.ids.at(now);
    let labels = app
        .store
        .run(OP, move |tx| -> Result<Vec<Label>> {
            let persons = persons(tx, &whom)?;
            let why = format!("{reason} ({})", persons.len());
            match &printer {
                Printer::Caller(caller) => {
                    persons.iter().try_for_each(|person| caller.require_in(Action::ManagePersons, person.living_area))?;
                    let device = caller.device.map(|(device, _)| device);
                    tx.log_access(log, now, caller.account, device, OP, &whom.subject(), &why)?;
                }
                Printer::Machine(user) => tx.log_machine_access(log, now, user, OP, &whom.subject(), &why)?,
            }
            let numbers: Vec<i64> = persons.iter().map(|person| person.no.0).collect();
            let mut cards: std::collections::HashMap<i64, String> = tx.cards_of(&numbers)?.into_iter().collect();
            for no in numbers.iter().filter(|no| !cards.contains_key(*no)).copied().collect::<Vec<_>>() {
                let code = CardCode::from_random(keys.random()).as_str().to_owned();
                tx.insert_cards(&[(code.as_str(), PersonNo(no))], now)?;
                cards.insert(no, code);
            }
            Ok(persons.iter().filter_map(|person| Some(label(&plan, person, cards.get(&person.no.0)?))).collect())
        })
        .await?;
    let count = labels.len();
    let drawn = tokio::task::spawn_blocking(move || label_sheet(Kind::Card, &labels)).await.map_err(|_| Code::Internal.problem())?;
    Ok(Cards { pdf: drawn.map_err(|_| Code::Internal.problem())?, count })
}

fn persons(tx: &Tx<'_>, whom: &Whom) -> Result<Vec<PersonRow>> {
    let numbers = match whom {
        Whom::Area(area) => tx.person_numbers(*area, 0)?.into_iter().map(|(_, no)| no).collect(),
        Whom::Household(household) => tx.household_members(*household)?,
        Whom::Persons(persons) => persons.clone(),
    };
    if numbers.len() > LABELS_MAX {
        let detail = format!("{} persons, at most {LABELS_MAX} in one file: choose a smaller area", numbers.len());
        return Err(Code::BodyInvalid.field("/area").detail(detail));
    }
    let mut found = Vec::with_capacity(numbers.len());
    for step in numbers.chunks(STEP) {
        found.extend(tx.persons(step)?.into_iter().filter(|person| matches!(person.state.as_str(), "active" | "provisional")));
    }
    if found.is_empty() {
        return Err(Code::NotFound.problem());
    }
    // A household's cards lie together, as they are handed out.
    found.sort_by_key(|person| (person.living_area, person.household, person.no));
    Ok(found)
}

fn label(plan: &Plan, person: &PersonRow, code: &str) -> Label {
    let area = plan.area(person.living_area).map(|area| area.name.clone()).unwrap_or_default();
    Label {
        code: code.to_owned(),
        heading: person.name.clone(),
        note: format!("{area}\n采样时出示此码\nShow this code when you are sampled"),
    }
}
