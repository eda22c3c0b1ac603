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
    edge::{guard::Caller, limits::CALLER_CACHE_S, problem::Result, throttle::Throttle},
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
        let found = app.store.read("find_caller", move |tx| load(tx, &hash, now)).await?.map(Arc::new);
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

fn load(tx: &Tx<'_>, hash: &[u8; 32], now: Instant) -> Result<Option<Caller>, StoreError> {
    let (account, expires_at, device) = if let Some((account, expires_at)) = tx.session(hash, now)? {
        (account, expires_at, None)
    } else {
        match tx.device_by_token(hash)? {
            Some(device) if device.revoked_at.is_none() => (device.account, Instant(i64::MAX), Some((device.id, device.no))),
            _ => return Ok(None),
        }
    };
    let Some(row) = tx.account(account)?.filter(|row| row.active) else { return Ok(None) };
    let grants = tx.grants(&[account])?.into_iter().map(|(_, grant)| (grant.role, grant.area)).collect();
    Ok(Some(Caller { account, name: row.name, display_name: row.display_name, grants, device, expires_at }))
}
