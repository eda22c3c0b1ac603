//! Who is behind a token: asked of the store once in a while, not at each request.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use allclear_domain::kernel::{
    id::{Account, Device, Id},
    time::Instant,
};
use allclear_seal::sha256;
use allclear_store::{StoreError, Tx};

use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::{CALLER_CACHE_S, SESSION_IDLE_S, SESSION_SEEN_S},
        problem::Result,
        throttle::Throttle,
    },
};

/// Tokens remembered at most.
const TOKENS_MAX: usize = 50_000;

type Cache = HashMap<[u8; 32], (Arc<Caller>, Instant)>;

/// Cache of callers, and the count of failed attempts.
#[derive(Debug, Default)]
pub struct Callers {
    cache: RwLock<Cache>,
    /// Failed attempts.
    pub throttle: Throttle,
}

impl Callers {
    /// The caller behind a session or device token.
    pub async fn find(&self, app: &App, token: &str) -> Result<Option<Arc<Caller>>> {
        let now = app.now();
        let hash = sha256(token.as_bytes());
        if let Some((caller, until)) = self.cache.read().unwrap_or_else(PoisonError::into_inner).get(&hash)
            && *until > now
            && caller.expires_at > now
        {
            return Ok(Some(Arc::clone(caller)));
        }
        let found = app.store.read("find_caller", move |tx| load(tx, &hash, now)).await?;
        if found.as_ref().is_some_and(|(_, used)| used.is_some_and(|seen| now.seconds_since(seen) >= SESSION_SEEN_S)) {
            // A store that cannot take it refuses no request for that.
            if let Err(error) = app.store.run("touch_session", move |tx| tx.touch_session(&hash, now)).await {
                tracing::debug!(%error, "the use of a session was not noted");
            }
        }
        let found = found.map(|(caller, _)| Arc::new(caller));
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= TOKENS_MAX {
            cache.retain(|_, (_, until)| *until > now);
        }
        match &found {
            Some(caller) => cache.insert(hash, (Arc::clone(caller), now.plus_seconds(CALLER_CACHE_S))),
            None => cache.remove(&hash),
        };
        Ok(found)
    }

    /// Forgets an account's callers after its rights changed on this node.
    pub fn forget(&self, account: Id<Account>) {
        self.cache.write().unwrap_or_else(PoisonError::into_inner).retain(|_, (caller, _)| caller.account != account);
    }

    /// Forgets a device after it was revoked on this node.
    pub fn forget_device(&self, id: Id<Device>) {
        let is_it = |caller: &Caller| caller.device.is_some_and(|(device, _)| device == id);
        self.cache.write().unwrap_or_else(PoisonError::into_inner).retain(|_, (caller, _)| !is_it(caller));
    }
}

/// The caller behind the hash of a token, and for a session when it was last noted to be in use.
fn load(tx: &Tx<'_>, hash: &[u8; 32], now: Instant) -> Result<Option<(Caller, Option<Instant>)>, StoreError> {
    let (account, expires_at, device, seen_at) = if let Some(session) = tx.session(hash, now)? {
        let seen_at = session.seen_at.unwrap_or(now);
        if now.seconds_since(seen_at) >= SESSION_IDLE_S {
            return Ok(None);
        }
        (session.account, session.expires_at, None, Some(seen_at))
    } else {
        match tx.device_by_token(hash)? {
            Some(device) if device.revoked_at.is_none() => (device.account, Instant(i64::MAX), Some((device.id, device.no)), None),
            _ => return Ok(None),
        }
    };
    let Some(row) = tx.account(account)?.filter(|row| row.active) else { return Ok(None) };
    let grants = tx.grants(&[account])?.into_iter().map(|(_, grant)| (grant.role, grant.area)).collect();
    let caller = Caller { account, name: row.name, display_name: row.display_name, grants, device, expires_at };
    Ok(Some((caller, seen_at)))
}
