//! A way back for an administrator who lost the password while no other stands above them: whoever
//! works on the server's machine with its store and key makes a link. Nobody on the network can.

use allclear_domain::kernel::{access::Role, id::Account, id::Id, time::Instant};
use allclear_store::{StoreError, Tx, accounts::AccountRow};

use super::{NewCode, Purpose, subject};
use crate::{
    app::App,
    edge::limits::{PAGE_ROWS_MAX, TEXT_CHARS_MAX},
};

/// Why no link was made.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key of another store.
    #[error("the key file is not that of this store: it opens none of its cells")]
    Key,
    /// No such administrator.
    #[error("{0} is no administrator of this store; these are: {1}")]
    Unknown(String, String),
    /// The account is stopped.
    #[error("{0} was stopped by another administrator, who must enable it first")]
    Stopped(String),
    /// No reason, or one that is too long.
    #[error("a reason of 1 to {TEXT_CHARS_MAX} characters is needed: it stands in the access log")]
    Reason,
}

/// Makes a link that sets a new password for an administrator; every older one ends. It works once, for
/// a quarter of an hour, and the log says which user of the machine made it and why.
pub async fn recover(app: &App, user: String, name: String, reason: String) -> Result<(String, Instant), RecoverError> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT_CHARS_MAX {
        return Err(RecoverError::Reason);
    }
    let (code, now) = (NewCode::draw(app, Purpose::Recover), app.now());
    let (insert, entry) = (code.inserter_for_any(), app.ids.at(now));
    app.store
        .run("recover_administrator", move |tx| -> Result<(), RecoverError> {
            if tx.key_is_ours()? == Some(false) {
                return Err(RecoverError::Key);
            }
            let all = administrators(tx)?;
            let Some(row) = all.iter().find(|row| row.name == name) else {
                let names: Vec<&str> = all.iter().filter(|row| row.active).map(|row| row.name.as_str()).collect();
                return Err(RecoverError::Unknown(name.clone(), names.join(", ")));
            };
            if !row.active {
                return Err(RecoverError::Stopped(name.clone()));
            }
            tx.end_one_time_codes(row.id, Purpose::Recover.as_str(), now)?;
            insert(tx, Some(row.id), "")?;
            Ok(tx.log_machine_access(entry, now, &user, "recover_administrator", &subject(row.id), &reason)?)
        })
        .await?;
    Ok((code.code, code.expires_at))
}

/// Every account with the role of an administrator, by name.
fn administrators(tx: &Tx<'_>) -> Result<Vec<AccountRow>, StoreError> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let rows = tx.accounts(&after, PAGE_ROWS_MAX)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after.clone_from(&last.name);
        let ids: Vec<Id<Account>> = rows.iter().map(|row| row.id).collect();
        let grants = tx.grants(&ids)?;
        let administers = |id: Id<Account>| grants.iter().any(|(of, grant)| *of == id && grant.role == Role::Administrator);
        found.extend(rows.into_iter().filter(|row| administers(row.id)));
    }
}
