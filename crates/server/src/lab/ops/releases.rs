//! Release: by a second person, enforced by the rule, by the statement and by the schema.

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        access::Action,
        change::Fact,
        code::TubeCode,
        id::{Account, Id, Lab, Site},
        profile::Profile,
    },
    lab::{
        release::{self, Entered, Refusal},
        result::Value,
        tube::Stage,
    },
};
use allclear_store::{
    StoreError, Tx,
    lab::{
        LabRow,
        results::{LabTubeRow, ReleaseOf, ReleaseRow},
    },
};
use allclear_wire::lab as wire;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Act, lab_for, moved_fact};
use crate::{
    app::{App, AppState},
    edge::{
        guard::Caller,
        problem::{Code, Problem, Result},
    },
    lab::{
        consequences::{self, Effects},
        view,
    },
    leases,
};

/// Tubes of one commit of a bulk release: a commit stays well under 100 ms.
const CHUNK: i64 = 1000;
/// Non-negatives of one answer.
const SINGLES_MAX: i64 = 200;
/// Runs that one bulk release may name.
const RUNS_MAX: usize = 500;

/// What waits for release.
pub async fn release_desk(app: &App, caller: &Caller, lab: Uuid) -> Result<wire::ReleaseDesk> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    let own = caller.account;
    app.store
        .read("read_release_desk", move |tx| {
            let (groups, singles, jobs) = (tx.negative_groups(lab)?, tx.waiting_non_negatives(lab, SINGLES_MAX)?, tx.releases(lab, 10)?);
            let runs: Vec<Uuid> = groups.iter().filter_map(|g| g.run).chain(singles.iter().filter_map(|s| s.run)).map(Id::uuid).collect();
            let keys: Vec<&[u8]> = runs.iter().map(|id| id.as_bytes().as_slice()).collect();
            let runs: HashMap<_, _> = tx.run_names(&keys)?.into_iter().map(|(id, name, failed)| (id, (name, failed))).collect();
            let accounts: Vec<Uuid> = groups
                .iter()
                .map(|g| g.entered_by)
                .chain(singles.iter().filter_map(|s| s.entered_by))
                .chain(jobs.iter().map(|job| job.released_by))
                .map(Id::uuid)
                .collect();
            let names = tx.account_names(&accounts)?;
            let flags = tx.flags(&[lab], 500)?;
            Ok(view::release_desk(&groups, &singles, &jobs, &runs, &names, &flags, own))
        })
        .await
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::SamePerson => Code::SamePerson.problem(),
        other => Code::StateConflict.problem().detail(other.to_string()),
    }
}

/// Releases one result by what the releaser read.
pub async fn release_one(app: &App, caller: &Caller, lab: Uuid, code: &str, request: wire::ReleaseOne) -> Result<wire::Released> {
    let lab = lab_for(app, caller, lab, Action::ReleaseResults).await?;
    let code = TubeCode::parse(code).map_err(|_| Code::CodeMalformed.problem())?.as_str().to_owned();
    let (act, profile) = (Act::new(app, caller), app.plan().profile.clone());
    let read = view::value_in(request.value);
    app.store
        .run("release_results", move |tx| {
            let row = tx.lab_tubes_for_update(&[&code])?.remove(&code).filter(|row| row.lab == lab.id);
            let row = row.ok_or_else(|| Code::NotFound.problem())?;
            let (Some(value), Some(entered_by)) = (row.value, row.entered_by) else {
                return Err(Code::StateConflict.problem().detail("the tube has no result"));
            };
            if value != read {
                return Err(Code::StateConflict.field("/value").detail(format!("the result says {}", value.as_str())));
            }
            let failed = match row.run {
                Some(run) => tx.run_by_id(run)?.is_some_and(|run| run.control_failed),
                None => false,
            };
            release::decide(Entered { value, entered_by, stage: row.stage, controls_failed: failed }, act.account, false)
                .map_err(refused)?;
            let follows = if value == Value::Negative { Vec::new() } else { follow_up(tx, &act, &profile, &row)? };
            let (tubes, persons) = release_chunk(tx, &act, &[&code], value, follows)?;
            if tubes == 0 {
                return Err(Code::StateConflict.problem());
            }
            let persons = i32::try_from(persons).unwrap_or(i32::MAX);
            Ok(wire::Released { tube: code.clone(), value: view::value_out(value), persons })
        })
        .await
}

/// What must follow a result that is not negative is part of its release: nobody waits behind a bulk of others.
fn follow_up(tx: &Tx<'_>, act: &Act, profile: &Profile, row: &LabTubeRow) -> Result<Vec<Fact>> {
    let members = tx.members_of(&[&row.tube], &["valid"])?;
    let mut effects = Effects::default();
    consequences::open(tx, profile, &mut effects, row, &members, act.now)?;
    effects.write(tx)?;
    Ok(effects.facts)
}

/// Releases some results of one value: state, trace and change (with `more` facts) in one commit.
fn release_chunk(tx: &Tx<'_>, act: &Act, codes: &[&str], value: Value, more: Vec<Fact>) -> Result<(i64, i64), StoreError> {
    let released = tx.release_results(codes, value, act.account, act.now)?;
    if released.is_empty() {
        return Ok((0, 0));
    }
    let codes: Vec<&str> = released.iter().map(|(code, ..)| code.as_str()).collect();
    let moved = tx.move_tubes(&codes, &["resulted"], Stage::Released, act.now)?;
    let detail = serde_json::json!({ "value": value.as_str() }).to_string();
    let custody: Vec<_> = codes.iter().map(|code| act.custody(code, "released", None, Some(detail.clone()))).collect();
    tx.insert_custody(&custody)?;
    let reports: HashMap<&str, (Id<Site>, i32)> = released.iter().map(|(code, site, persons)| (code.as_str(), (*site, *persons))).collect();
    let mut facts: Vec<Fact> = Vec::with_capacity(moved.len() * 2);
    for m in &moved {
        facts.push(moved_fact(m, Stage::Resulted, Stage::Released, act.now));
        let (site, reports) = reports.get(m.code.as_str()).copied().unwrap_or((m.site, m.members));
        facts.push(Fact::Released { tube: m.code.clone(), round: m.round, site: Some(site), negative: value == Value::Negative, reports });
    }
    facts.extend(more);
    act.change(tx, "release_results", codes[0], &facts)?;
    let persons = released.iter().map(|(_, _, persons)| i64::from(*persons)).sum();
    Ok((i64::try_from(released.len()).unwrap_or(0), persons))
}

/// Begins a bulk release of negatives and answers at once; it goes on by itself.
pub async fn begin_bulk_release(app: &AppState, caller: &Caller, lab: Uuid, request: wire::BulkRelease) -> Result<wire::ReleaseJob> {
    let lab = lab_for(app, caller, lab, Action::ReleaseResults).await?;
    if request.runs.len() > RUNS_MAX {
        return Err(Code::BodyInvalid.field("/runs"));
    }
    let act = Act::new(app, caller);
    let of = Of { runs: request.runs, without_run: request.without_run };
    let id = request.id;
    let row = app.store.run("begin_bulk_release", move |tx| begin(tx, &act, &lab, id, &of)).await?;
    if row.released_by != caller.account {
        return Err(Code::AlreadyExists.field("/id"));
    }
    // Asked again, perhaps because the first answer was lost: then nobody is at it yet.
    if row.state == "running" {
        spawn_bulk_release(app, row.clone());
    }
    Ok(view::release_job(&row, &caller.display_name))
}

/// What a bulk release is of, as it is stored with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Of {
    runs: Vec<Uuid>,
    without_run: bool,
}

impl Of {
    /// Reads what was stored; a list alone is what older programs wrote.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().or_else(|| Some(Self { runs: serde_json::from_str(text).ok()?, without_run: false }))
    }

    fn with<T>(&self, look: impl FnOnce(ReleaseOf<'_>) -> T) -> T {
        let keys: Vec<&[u8]> = self.runs.iter().map(|id| id.as_bytes().as_slice()).collect();
        look(ReleaseOf { runs: &keys, without_run: self.without_run })
    }
}

fn begin(tx: &Tx<'_>, act: &Act, lab: &LabRow, id: Uuid, of: &Of) -> Result<ReleaseRow> {
    let row = ReleaseRow {
        id,
        lab: lab.id,
        runs: serde_json::to_string(of).map_err(|_| Code::BodyInvalid.problem())?,
        state: "running".into(),
        total: of.with(|of| tx.count_releasable(lab.id, act.account, of))?,
        released: 0,
        persons: 0,
        released_by: act.account,
        started_at: act.now,
        finished_at: None,
    };
    tx.insert_release(&row)?;
    tx.release_by_id(id)?.ok_or_else(|| Code::NotFound.problem())
}

/// The lease of whoever is at a bulk release.
#[must_use]
pub fn release_lease(id: Uuid) -> String {
    format!("release:{id}")
}

/// Goes on with a bulk release, if nobody is at it. A stop in the middle leaves the row at "running", and when the lease
/// has run out another node goes on with it.
pub fn spawn_bulk_release(app: &AppState, job: ReleaseRow) {
    if !app.releasing.begin(job.id) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let id = job.id;
        let done = run_bulk_release(&app, job).await;
        app.releasing.end(id);
        if let Err(problem) = done {
            tracing::warn!(?problem, release = %id, "a bulk release stopped; it goes on in some seconds");
        }
    });
}

/// Carries a bulk release through, chunk by chunk; the progress is part of each commit.
async fn run_bulk_release(app: &App, job: ReleaseRow) -> Result<()> {
    // What cannot be read releases nothing: "all that waits" must be meant.
    let Some(of) = Of::read(&job.runs) else { return Err(Code::Internal.problem()) };
    let name = account_name(app, job.released_by).await?;
    let lease = release_lease(job.id);
    if !leases::hold(app, lease.as_str()).await? {
        return Ok(());
    }
    loop {
        let now = app.now();
        let act = Act { now, account: job.released_by, name: name.as_str().into(), device_no: 0, change: app.ids.at(now) };
        let (id, lab, of, node, lease) = (job.id, job.lab, of.clone(), app.node.clone(), lease.clone());
        let more = app.store.run("release_results", move |tx| {
            // Kept in each commit; who lost it (a stop of the whole machine for a minute) leaves the rest to the other.
            if !tx.take_lease(&lease, &node, act.now, act.now.plus_seconds(leases::LEASE_S))? {
                return Ok(false);
            }
            let more = chunk(tx, &act, id, lab, &of)?;
            if more { Ok(true) } else { tx.end_lease(&lease, &node).map(|()| false) }
        });
        if !more.await? {
            return Ok(());
        }
    }
}

async fn account_name(app: &App, id: Id<Account>) -> Result<String> {
    let account = app.store.read("find_account", move |tx| tx.account(id)).await?;
    Ok(account.map(|row| row.name).unwrap_or_default())
}

fn chunk(tx: &Tx<'_>, act: &Act, id: Uuid, lab: Id<Lab>, of: &Of) -> Result<bool, StoreError> {
    let codes = of.with(|of| tx.releasable(lab, act.account, of, CHUNK))?;
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    if codes.is_empty() {
        tx.finish_release(id, act.now)?;
        return Ok(false);
    }
    // None of them released means that another node took these in the same moment: there may be more.
    let (tubes, persons) = release_chunk(tx, act, &codes, Value::Negative, Vec::new())?;
    tx.progress_release(id, tubes, persons)?;
    Ok(true)
}

/// How far a bulk release is.
pub async fn release_job(app: &App, caller: &Caller, lab: Uuid, id: Uuid) -> Result<wire::ReleaseJob> {
    let lab = lab_for(app, caller, lab, Action::ReadLab).await?.id;
    app.store
        .read("read_bulk_release", move |tx| {
            let row = tx.release_by_id(id)?.filter(|row| row.lab == lab).ok_or_else(|| Code::NotFound.problem())?;
            let names = tx.account_names(&[row.released_by.uuid()])?;
            let name = names.get(&row.released_by.uuid()).cloned().unwrap_or_default();
            Ok(view::release_job(&row, &name))
        })
        .await
}
