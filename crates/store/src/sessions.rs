//! Sessions of browsers. A token is known here by its hash alone.

use allclear_domain::kernel::{
    id::{Account, Id},
    time::Instant,
};

use crate::{Result, Row, StoreError, Tx};

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// Whose it is.
    pub account: Id<Account>,
    /// When it was opened.
    pub created_at: Instant,
    /// When it ends in any case.
    pub expires_at: Instant,
    /// When it was last in use, within minutes; None if it was opened before this was kept.
    pub seen_at: Option<Instant>,
    /// What kind of browser, in words of ours.
    pub agent: String,
}

fn session_row(row: &Row) -> Result<SessionRow> {
    let hash: Vec<u8> = row.at(0)?;
    let wrong = StoreError::Column { column: "token_hash".into(), found: "another length", expected: "32 bytes" };
    Ok(SessionRow {
        token_hash: hash.try_into().map_err(|_| wrong)?,
        account: row.at(1)?,
        created_at: row.at(2)?,
        expires_at: row.at(3)?,
        seen_at: row.at(4)?,
        agent: row.at(5)?,
    })
}

impl Tx<'_> {
    /// Opens a session. Those that have ended go, by their time or unused since `idle_since`; of the account's others the
    /// newest `others_max` stay open.
    pub fn insert_session(&self, session: &SessionRow, idle_since: Instant, others_max: i64) -> Result<()> {
        let ended = "DELETE FROM session WHERE expires_at < $1 OR seen_at < $2";
        self.execute(ended, &[session.created_at.into(), idle_since.into()])?;
        self.execute(
            "DELETE FROM session WHERE account = $1 AND token_hash NOT IN
                 (SELECT token_hash FROM session WHERE account = $1 ORDER BY created_at DESC, token_hash LIMIT $2)",
            &[session.account.into(), others_max.into()],
        )?;
        self.execute_exact(
            "session",
            1,
            "INSERT INTO session (token_hash, account, created_at, expires_at, seen_at, agent) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                (&session.token_hash).into(),
                session.account.into(),
                session.created_at.into(),
                session.expires_at.into(),
                session.seen_at.into(),
                session.agent.as_str().into(),
            ],
        )
    }

    /// A session that has not ended.
    pub fn session(&self, token_hash: &[u8; 32], now: Instant) -> Result<Option<SessionRow>> {
        self.query_opt(
            "SELECT token_hash, account, created_at, expires_at, seen_at, COALESCE(agent, '')
             FROM session WHERE token_hash = $1 AND expires_at > $2",
            &[token_hash.into(), now.into()],
        )?
        .map(|row| session_row(&row))
        .transpose()
    }

    /// The sessions of an account that have not ended, newest first.
    pub fn sessions(&self, account: Id<Account>, now: Instant, limit: i64) -> Result<Vec<SessionRow>> {
        self.query(
            "SELECT token_hash, account, created_at, expires_at, seen_at, COALESCE(agent, '')
             FROM session WHERE account = $1 AND expires_at > $2 ORDER BY created_at DESC, token_hash LIMIT $3",
            &[account.into(), now.into(), limit.into()],
        )?
        .iter()
        .map(session_row)
        .collect()
    }

    /// Says that a session is in use.
    pub fn touch_session(&self, token_hash: &[u8; 32], now: Instant) -> Result<()> {
        self.execute("UPDATE session SET seen_at = $1 WHERE token_hash = $2", &[now.into(), token_hash.into()]).map(drop)
    }

    /// Ends a session.
    pub fn delete_session(&self, token_hash: &[u8; 32]) -> Result<()> {
        self.execute("DELETE FROM session WHERE token_hash = $1", &[token_hash.into()]).map(drop)
    }
}
