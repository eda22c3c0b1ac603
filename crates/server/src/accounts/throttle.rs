//! Failed logins are counted by name; whoever fails too often waits.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use allclear_domain::kernel::time::Instant;

use crate::edge::{
    limits::{LOGIN_FAILURES_MAX, LOGIN_WINDOW_S},
    problem::{Code, Result},
};

/// Names remembered at most; the oldest windows go first.
const NAMES_MAX: usize = 10_000;

/// Counts failures in a fixed window a name.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<String, (Instant, u32)>>);

impl Throttle {
    /// Refuses while `name` has failed too often.
    pub fn check(&self, name: &str, now: Instant) -> Result<()> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(name) {
            Some((since, count)) if *count >= LOGIN_FAILURES_MAX && now.seconds_since(*since) < LOGIN_WINDOW_S => {
                let wait = LOGIN_WINDOW_S - now.seconds_since(*since);
                Err(Code::TooManyAttempts.problem().retry_after(u32::try_from(wait).unwrap_or(1)))
            }
            _ => Ok(()),
        }
    }

    /// Notes a failure.
    pub fn fail(&self, name: &str, now: Instant) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= NAMES_MAX {
            failures.retain(|_, (since, _)| now.seconds_since(*since) < LOGIN_WINDOW_S);
        }
        let entry = failures.entry(name.to_owned()).or_insert((now, 0));
        if now.seconds_since(entry.0) >= LOGIN_WINDOW_S {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }

    /// Forgets failures after a success.
    pub fn succeed(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
