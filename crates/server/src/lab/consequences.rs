//! What a result sets off for the people in the tube: reports, notices, tasks, follow-ups. Every effect is keyed by
//! what it is about, so that writing it again changes nothing: a release that is not negative writes it in its own
//! commit, and the follower of the feed passes over it later.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        change::Fact,
        id::{Id, PersonNo, Round},
        profile::Profile,
        time::Instant,
    },
    lab::{follow_up::Outcome, result::Value, task::Kind},
    sampling::tube::TubeKind,
};
use allclear_store::{
    Tx,
    lab::{
        follow_ups::{FollowUpRow, MemberRow, NewTask, NoticeRow, ReportRow},
        results::LabTubeRow,
    },
};

use super::ops::derived_id;
use crate::edge::problem::Result;

/// Effects gathered so that each table is written once and in the order of its key.
#[derive(Default)]
pub(in crate::lab) struct Effects {
    /// Follow-ups that opened or closed.
    pub facts: Vec<Fact>,
    reports: BTreeMap<(PersonNo, Id<Round>, String), ReportRow>,
    notices: Vec<NoticeRow>,
    tasks: Vec<NewTask>,
}

impl Effects {
    /// What a member is told of a tube; the last word counts.
    pub(in crate::lab) fn report(&mut self, member: &MemberRow, value: &str, at: Instant) {
        let key = (member.person, member.round, member.tube.clone());
        let row = ReportRow {
            person: member.person,
            round: member.round,
            tube: member.tube.clone(),
            value: value.into(),
            taken_at: member.taken_at,
            reported_at: at,
        };
        self.reports.insert(key, row);
    }

    /// Leaves a notice.
    pub(in crate::lab) fn notice(&mut self, kind: &str, person: PersonNo, tube: &str, at: Instant) {
        let id = derived_id(&[b"notice", kind.as_bytes(), tube.as_bytes(), &person.0.to_be_bytes()]);
        self.notices.push(NoticeRow { person, id, kind: kind.into(), tube: tube.into(), at });
    }

    fn task(&mut self, kind: Kind, member: &MemberRow, at: Instant, due_s: i64) {
        let id = derived_id(&[b"task", kind.as_str().as_bytes(), member.tube.as_bytes(), &member.person.0.to_be_bytes()]);
        self.tasks.push(NewTask {
            id,
            kind: kind.as_str(),
            person: member.person,
            subject: member.tube.clone(),
            round: member.round,
            area: member.area,
            due_at: at.plus_seconds(due_s),
            opened_at: at,
        });
    }

    /// A member whose tube cannot be tested is told so and gets a task to be sampled again.
    pub(in crate::lab) fn resample(&mut self, member: &MemberRow, at: Instant, profile: &Profile) {
        self.task(Kind::Resample, member, at, profile.resample_due_s);
        self.notice("resample", member.person, &member.tube, at);
        self.report(member, "resample", at);
    }

    /// Writes everything but the facts, which belong to the caller's change.
    pub(in crate::lab) fn write(&mut self, tx: &Tx<'_>) -> Result<()> {
        let reports: Vec<ReportRow> = std::mem::take(&mut self.reports).into_values().collect();
        tx.put_reports(&reports)?;
        self.notices.sort_by_key(|notice| notice.person);
        tx.put_notices(&self.notices)?;
        tx.open_tasks(&self.tasks)?;
        Ok(())
    }
}

/// What a tube that is not negative opens. In a pool nobody is shown positive; a positive single tube is a case.
pub(in crate::lab) fn open(
    tx: &Tx<'_>,
    profile: &Profile,
    effects: &mut Effects,
    tube: &LabTubeRow,
    members: &[MemberRow],
    at: Instant,
) -> Result<()> {
    let code = tube.tube.as_str();
    let value = tube.value.unwrap_or(Value::Inconclusive);
    let case = is_case(tube);
    for member in members {
        if case {
            effects.report(member, "positive", at);
            effects.notice("case", member.person, code, at);
            effects.task(Kind::Case, member, at, profile.case_due_s);
        } else {
            effects.report(member, "under_recheck", at);
            effects.notice("under_recheck", member.person, code, at);
            effects.task(Kind::Recheck, member, at, profile.resample_due_s);
        }
    }
    let count = i32::try_from(members.len()).unwrap_or(i32::MAX);
    let row = FollowUpRow {
        tube: code.into(),
        id: derived_id(&[b"follow-up", code.as_bytes()]),
        lab: tube.lab,
        round: tube.round,
        site: tube.site,
        value: value.as_str().into(),
        members: count,
        members_open: count,
        members_positive: if case { count } else { 0 },
        opened_at: at,
        closed_at: None,
    };
    let outcome = if case { Outcome::CaseOpen } else { Outcome::UnderRecheck };
    // A pool in which nobody is known has nobody to account for: it is closed until a swab of it counts. Whatever opens
    // or closes it is told by what stood there before, so that the screen counts what the records do.
    let before = tx.follow_up_for_update(code)?;
    let was_open = before.as_ref().is_some_and(|row| row.closed_at.is_none());
    tx.open_follow_up(&row, members, outcome.as_str())?;
    let (open, _) = tx.recount_follow_up(code, at)?;
    let delta = i32::from(open > 0) - i32::from(was_open);
    if delta != 0 {
        let site = Some(before.map_or(tube.site, |row| row.site));
        effects.facts.push(Fact::FollowUp { tube: code.into(), round: tube.round, site, delta });
    }
    Ok(())
}

/// Whether a tube's result is somebody's own and positive.
pub(in crate::lab) fn is_case(tube: &LabTubeRow) -> bool {
    tube.kind == TubeKind::Single && tube.value == Some(Value::Positive)
}
