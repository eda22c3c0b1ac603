//! The access log, read by auditors and administrators.

use std::collections::BTreeSet;

use allclear_domain::kernel::{
    access::Action,
    id::{Account, Id},
    time::Instant,
};
use allclear_store::{
    StoreError, Tx,
    accounts::{AccessFilter, LogRow},
};
use uuid::Uuid;

use super::manage::reaches;
use crate::{
    app::App,
    edge::{guard::Caller, limits::PAGE_ROWS_MAX, problem::Result},
    plan::Plan,
};

/// The actor of what was done on the server's own machine.
pub const COMMAND_LINE: &str = "cli";

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Name of the account that did it, or [`COMMAND_LINE`]; anybody if empty.
    pub actor: String,
    /// What was done; anything if empty.
    pub action: String,
    /// About what; anything if empty. An account may be named by its name: `account:lin`.
    pub subject: String,
    /// Not before this.
    pub from: Instant,
    /// Before this entry: newest first.
    pub before: (Instant, Uuid),
    /// How many, at most [`PAGE_ROWS_MAX`].
    pub limit: i64,
}

/// Entries with the names of the accounts that they are about.
pub type Entries = Vec<(LogRow, Option<String>)>;

/// Entries of the log that the caller may read: all of them, or those of accounts that lie wholly
/// inside the caller's area.
pub async fn access_log(app: &App, caller: &Caller, wanted: Wanted) -> Result<Entries, StoreError> {
    let (plan, caller) = (app.plan(), caller.clone());
    app.store
        .read("access_log", move |tx| {
            let actors = actors(tx, &plan, &caller, &wanted.actor)?;
            let subject = subject(tx, &wanted.subject)?;
            let filter = AccessFilter { actors: actors.as_deref(), action: &wanted.action, subject: &subject, from: wanted.from };
            let rows = tx.access_log(&filter, wanted.before, wanted.limit.clamp(1, PAGE_ROWS_MAX))?;
            let account = |row: &LogRow| row.subject.strip_prefix("account:").and_then(|id| id.parse::<Uuid>().ok());
            let named: BTreeSet<Uuid> = rows.iter().filter_map(account).collect();
            let names = tx.login_names(&named.into_iter().collect::<Vec<_>>())?;
            let with_name = |row: LogRow| {
                let name = account(&row).and_then(|id| names.get(&id).cloned());
                (row, name)
            };
            Ok(rows.into_iter().map(with_name).collect())
        })
        .await
}

/// The subject as the log has it.
fn subject(tx: &Tx<'_>, wanted: &str) -> Result<String, StoreError> {
    let named = match wanted.strip_prefix("account:") {
        Some(name) if name.parse::<Uuid>().is_err() => tx.account_by_name(name)?,
        _ => None,
    };
    Ok(named.map_or_else(|| wanted.to_owned(), |account| super::subject(account.id)))
}

/// The accounts whose entries are wanted and may be read; none means every account's.
fn actors(tx: &Tx<'_>, plan: &Plan, caller: &Caller, name: &str) -> Result<Option<Vec<Id<Account>>>, StoreError> {
    let all = caller.holds_all(Action::Audit, plan);
    if name.is_empty() && all {
        return Ok(None);
    }
    if name == COMMAND_LINE || name.strip_prefix(COMMAND_LINE).is_some_and(|user| user.starts_with(':')) {
        // It reaches everything, so it is read by who holds everything.
        return Ok(Some(if all { vec![Id::new(Uuid::nil())] } else { Vec::new() }));
    }
    let mut ids = Vec::new();
    if name.is_empty() {
        let mut after = String::new();
        loop {
            let rows = tx.accounts(&after, PAGE_ROWS_MAX)?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.name);
            ids.extend(rows.iter().map(|row| row.id));
        }
    } else {
        ids.extend(tx.account_by_name(name)?.map(|account| account.id));
    }
    let grants = tx.grants(&ids)?;
    ids.retain(|id| {
        let areas = grants.iter().filter(|(owner, _)| owner == id).map(|(_, grant)| grant.area);
        all || reaches(plan, caller, Action::Audit, areas)
    });
    Ok(Some(ids))
}
