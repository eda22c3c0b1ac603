//! A resident's own page, opened with the code of the card and the end of the document number.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use allclear_domain::{
    kernel::{
        area::AreaCode,
        code::CardCode,
        id::{Id, PersonNo, Round},
        time::Instant,
    },
    people::mask,
    sampling::{round::RoundState, tube::Stage},
};
use allclear_seal::{sha256, to_base64url};
use allclear_store::{
    Result as StoreResult, Tx, lab::follow_ups::ReportRow, lab::results::LabTubeRow, register::PersonRow, resident::SwabRow,
    rounds::SiteRow,
};
use allclear_wire::resident::{
    FamilyMember, ResidentNotice, ResidentPage, ResidentRound, ResidentSessionRequest, ResidentSite, ResidentTest, TestStage,
};

use crate::{
    app::{App, Waiting},
    clock::rfc3339,
    edge::{
        problem::{Code, Result},
        throttle::Attempt,
    },
    people::view,
    plan::Plan,
};

/// Seconds of a resident's session: a week of rounds without typing again.
pub const RESIDENT_SESSION_S: i64 = 7 * 24 * 3600;
/// Tests shown.
const TESTS_MAX: i64 = 30;
/// Notices looked at.
const NOTICES_MAX: i64 = 20;
/// How long a notice is shown: a week of rounds.
const NOTICE_SHOWN_S: i64 = 7 * 24 * 3600;
/// Sites shown.
const SITES_MAX: usize = 5;
/// Characters of a document number that open the page beside the code.
const TAIL_CHARS: usize = 4;

/// Opens a session; answers its token. A wrong code and a wrong number look the same.
pub async fn open(app: &App, address: Option<IpAddr>, request: ResidentSessionRequest) -> Result<String> {
    let now = app.now();
    let code = CardCode::parse(&request.code).map_err(|_| Code::CodeMalformed.field("/code"))?;
    let attempt = Attempt::new(&format!("resident/{code}"), address);
    app.callers.throttle.check(&attempt, now)?;
    let tail = allclear_domain::people::text::compact(&request.document_tail);
    let token = to_base64url(&app.keys.random::<32>());
    let hash = sha256(token.as_bytes());
    let opened = app
        .store
        .run("open_resident_session", move |tx| -> Result<bool> {
            let Some(no) = tx.persons_of_cards(&[code.as_str()])?.remove(code.as_str()) else { return Ok(false) };
            let Some(person) = tx.persons(&[no])?.pop().filter(|person| person.state != "removed") else { return Ok(false) };
            let numbers = tx.family(person.no)?;
            let mut fits = false;
            for document in tx.document_rows(&numbers)? {
                let number = view::document_number(tx.keys(), &document).map_err(allclear_store::StoreError::from)?;
                let end: String = number.chars().skip(number.chars().count().saturating_sub(TAIL_CHARS)).collect();
                fits |= tail.chars().count() == TAIL_CHARS && allclear_seal::same_secret(end.as_bytes(), tail.as_bytes());
            }
            if fits {
                let person = tx.survivor(person.no)?;
                tx.insert_resident_session(&hash, person, now, now.plus_seconds(RESIDENT_SESSION_S))?;
            }
            Ok(fits)
        })
        .await?;
    if !opened {
        app.callers.throttle.fail(&attempt, now);
        return Err(Code::CredentialsWrong.problem());
    }
    app.callers.throttle.succeed(&attempt, now);
    Ok(token)
}

/// Ends a session.
pub async fn close(app: &App, token: &str) -> Result<()> {
    let hash = sha256(token.as_bytes());
    Ok(app.store.run("close_resident_session", move |tx| tx.delete_resident_session(&hash)).await?)
}

/// The stage that a resident is shown. Nobody is shown positive here.
fn stage(tube: Option<Stage>, report: Option<&str>) -> TestStage {
    match (report, tube) {
        (Some("negative"), _) => TestStage::Released,
        (Some("resample"), _) | (None, Some(Stage::Rejected | Stage::Void)) => TestStage::Resample,
        (Some(_), _) => TestStage::UnderRecheck,
        (None, None | Some(Stage::Open | Stage::Sealed | Stage::Boxed)) => TestStage::AtSite,
        (None, Some(Stage::InTransit)) => TestStage::InTransit,
        (None, Some(Stage::Received)) => TestStage::Received,
        (None, Some(Stage::OnRun)) => TestStage::OnRun,
        (None, Some(Stage::Resulted | Stage::Released)) => TestStage::AwaitingRelease,
    }
}

/// What is known of some tubes.
struct Tubes {
    stages: HashMap<String, Stage>,
    lab: HashMap<String, LabTubeRow>,
    labs: HashMap<uuid::Uuid, String>,
    /// The last word on each tube.
    reports: HashMap<String, ReportRow>,
}

impl Tubes {
    /// Of one person's swabs: a report stays with the record under which it was told, in whichever of `records` the swab
    /// counts.
    fn load(tx: &Tx<'_>, records: &[i64], swabs: &[SwabRow]) -> StoreResult<Self> {
        let codes: Vec<&str> = swabs.iter().map(|swab| swab.tube.as_str()).collect();
        let mut told = Vec::new();
        for record in records {
            told.extend(tx.reports_of(PersonNo(*record), TESTS_MAX)?);
        }
        told.sort_by_key(|report| report.reported_at);
        let reports = told.into_iter().map(|report| (report.tube.clone(), report)).collect();
        Ok(Self {
            stages: tx.tube_stages(&codes)?,
            lab: tx.lab_tubes(&codes)?,
            labs: tx.labs()?.into_iter().map(|lab| (lab.id.uuid(), lab.name)).collect(),
            reports,
        })
    }

    fn test(&self, plan: &Plan, swab: &SwabRow) -> ResidentTest {
        let report = self.reports.get(&swab.tube);
        let stage = stage(self.stages.get(&swab.tube).copied(), report.map(|report| report.value.as_str()));
        let waits = !matches!(stage, TestStage::Released | TestStage::UnderRecheck | TestStage::Resample);
        let expected = swab.taken_at.plus_seconds(plan.profile.tube_to_lab_max_s + plan.profile.lab_turnaround_max_s);
        let lab = self.lab.get(&swab.tube);
        ResidentTest {
            round_name: plan.rounds.get(&swab.round).map_or_else(String::new, |round| round.name.clone()),
            site_name: plan.sites.get(&swab.site).map_or_else(String::new, |site| site.name.clone()),
            collected_at: rfc3339(swab.taken_at),
            stage,
            expected_at: waits.then(|| rfc3339(expected)),
            result: report.filter(|report| report.value == "negative").map(|_| "negative".to_owned()),
            released_at: report.map(|report| rfc3339(report.reported_at)),
            lab_name: lab.and_then(|lab| self.labs.get(&lab.lab.uuid()).cloned()),
        }
    }
}

/// The open round of a person's area and groups, if any; due if the person is on its list and has no
/// swab, so exemptions of every kind are respected.
fn round(node: &Node<'_>, person: &PersonRow, numbers: &[i64], sampled: &[Id<Round>]) -> Option<ResidentRound> {
    let Node { plan, live, now } = *node;
    let mut rounds: Vec<_> =
        plan.rounds.values().filter(|round| round.state == RoundState::Open && round.covers(person.living_area)).collect();
    rounds.retain(|round| round.rule.takes(person.groups));
    rounds.sort_by_key(|round| std::cmp::Reverse(round.starts_at));
    let round = rounds.first()?;
    let listed = numbers.iter().any(|no| matches!(live.standing(round.id, PersonNo(*no)), (false, true)));
    let serves = |areas: &[AreaCode]| areas.iter().any(|area| person.living_area.is_within(*area));
    let mut sites: Vec<_> = plan.sites.values().filter(|site| serves(&site.serves)).collect();
    sites.sort_by_key(|site| (!site.open, site.name.clone()));
    let queues = live.queues(plan, round.id, now);
    let of_site = |site: &SiteRow| {
        let taker = if site.open { None } else { crate::queues::taker(plan, site) };
        ResidentSite {
            name: site.name.clone(),
            hours: site.hours.clone(),
            open: site.open,
            wait_minutes: queues.get(&taker.unwrap_or(site).id).and_then(|queue| queue.wait_minutes),
            go_to: taker.map(|taker| taker.name.clone()),
        }
    };
    Some(ResidentRound {
        name: round.name.clone(),
        ends_at: rfc3339(round.ends_at),
        due: listed && now < round.ends_at && !sampled.contains(&round.id),
        sites: sites.into_iter().take(SITES_MAX).map(of_site).collect(),
    })
}

/// What this node knows besides the store.
struct Node<'n> {
    plan: &'n Arc<Plan>,
    live: &'n dyn Waiting,
    now: Instant,
}

/// The code in use of a person; nothing if every card was revoked.
fn code_of(tx: &Tx<'_>, no: PersonNo) -> StoreResult<String> {
    Ok(tx.cards_of(&[no.0])?.pop().map(|(_, code)| code).unwrap_or_default())
}

fn family(tx: &Tx<'_>, plan: &Plan, person: &PersonRow) -> StoreResult<Vec<FamilyMember>> {
    let Some(household) = person.household else { return Ok(Vec::new()) };
    let members = tx.persons(&tx.household_members(household)?)?;
    let mut out = Vec::new();
    for member in members.iter().filter(|member| member.no != person.no && member.state == "active") {
        let records = tx.family(member.no)?;
        let swabs = tx.swabs_of(&records, 1)?;
        let tubes = Tubes::load(tx, &records, &swabs)?;
        let latest = swabs.first().map(|swab| tubes.test(plan, swab));
        out.push(FamilyMember { name: mask::name(&member.name), code: code_of(tx, member.no)?, latest });
    }
    Ok(out)
}

/// What a person must know of their tests, newest first; what a later notice answered is left out.
fn notices(tx: &Tx<'_>, numbers: &[i64], now: Instant) -> StoreResult<Vec<ResidentNotice>> {
    let mut rows = Vec::new();
    for no in numbers {
        rows.extend(tx.notices_of(PersonNo(*no), NOTICES_MAX)?);
    }
    rows.retain(|row| now.seconds_since(row.at) < NOTICE_SHOWN_S);
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    let asked = |kind: &str| kind == "resample";
    let mut out = Vec::new();
    for row in &rows {
        let closed = row.kind == "under_recheck" && rows.iter().any(|other| other.kind == "recheck_closed" && other.tube == row.tube);
        // Who has come again knows it.
        let came = asked(&row.kind) && !tx.persons_with_task(numbers, &row.kind)?.contains(&row.person.0);
        if !closed && !came {
            out.push(ResidentNotice { kind: row.kind.clone(), at: rfc3339(row.at) });
        }
    }
    Ok(out)
}

/// The whole page of a session's person.
pub async fn me(app: &App, token: &str) -> Result<ResidentPage> {
    let (hash, now, plan, live) = (sha256(token.as_bytes()), app.now(), app.plan(), Arc::clone(&app.live));
    app.store
        .read("resident_page", move |tx| -> Result<ResidentPage> {
            let no = tx.resident_session(&hash, now)?.ok_or_else(|| Code::Unauthenticated.problem())?;
            let no = tx.survivor(no)?;
            let person = tx.persons(&[no.0])?.pop().ok_or_else(|| Code::Unauthenticated.problem())?;
            let numbers = tx.family(no)?;
            let swabs = tx.swabs_of(&numbers, TESTS_MAX)?;
            let tubes = Tubes::load(tx, &numbers, &swabs)?;
            let sampled: Vec<_> = swabs.iter().filter(|swab| swab.valid).map(|swab| swab.round).collect();
            let line = view::lines(tx, &plan, std::slice::from_ref(&person))?.pop();
            Ok(ResidentPage {
                as_of: rfc3339(now),
                name: mask::name(&person.name),
                document: line.and_then(|line| line.document),
                code: code_of(tx, no)?,
                round: round(&Node { plan: &plan, live: &*live, now }, &person, &numbers, &sampled),
                tests: swabs.iter().map(|swab| tubes.test(&plan, swab)).collect(),
                family: family(tx, &plan, &person)?,
                notices: notices(tx, &numbers, now)?,
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_positive() {
        for (tube, report, expect) in [
            (None, None, TestStage::AtSite),
            (Some(Stage::Boxed), None, TestStage::AtSite),
            (Some(Stage::InTransit), None, TestStage::InTransit),
            (Some(Stage::Resulted), None, TestStage::AwaitingRelease),
            (Some(Stage::Released), None, TestStage::AwaitingRelease),
            (Some(Stage::Released), Some("negative"), TestStage::Released),
            (Some(Stage::Released), Some("under_recheck"), TestStage::UnderRecheck),
            (Some(Stage::Released), Some("positive"), TestStage::UnderRecheck),
            (Some(Stage::Rejected), None, TestStage::Resample),
            (Some(Stage::Void), None, TestStage::Resample),
            (Some(Stage::Rejected), Some("resample"), TestStage::Resample),
        ] {
            assert_eq!(stage(tube, report), expect, "{tube:?} {report:?}");
        }
    }
}
