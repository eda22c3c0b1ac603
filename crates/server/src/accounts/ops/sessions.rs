//! Where an account is signed in: seen and ended by its owner.

use allclear_seal::{sha256, to_base64url};
use allclear_store::sessions::SessionRow;

use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::{SESSION_IDLE_S, SESSIONS_MAX},
        problem::{Code, Result},
    },
};

/// The id under which a session is shown: half of the hash of its token, from which no token follows.
#[must_use]
pub fn id(token_hash: &[u8; 32]) -> String {
    to_base64url(&token_hash[..16])
}

/// Sessions of the caller's account that are open, newest first, and whether each is the one that asks.
pub async fn list(app: &App, caller: &Caller, token: &str) -> Result<Vec<(SessionRow, bool)>> {
    let (account, now, own) = (caller.account, app.now(), sha256(token.as_bytes()));
    let rows = app.store.read("list_sessions", move |tx| tx.sessions(account, now, SESSIONS_MAX)).await?;
    let open = rows.into_iter().filter(|row| row.seen_at.is_none_or(|seen| now.seconds_since(seen) < SESSION_IDLE_S));
    Ok(open
        .map(|row| {
            let is_own = row.token_hash == own;
            (row, is_own)
        })
        .collect())
}

/// Ends a session of the caller's account.
pub async fn end(app: &App, caller: &Caller, wanted: String) -> Result<()> {
    let (account, now) = (caller.account, app.now());
    app.store
        .run("end_session", move |tx| -> Result<()> {
            let rows = tx.sessions(account, now, SESSIONS_MAX)?;
            let row = rows.iter().find(|row| id(&row.token_hash) == wanted).ok_or_else(|| Code::NotFound.problem())?;
            Ok(tx.delete_session(&row.token_hash)?)
        })
        .await?;
    app.callers.forget(account);
    Ok(())
}
