//! Failed attempts are counted by who is tried from where, by where alone, and by who alone. So
//! guessing is slow in every direction, and failing on purpose locks out nobody for good: whoever
//! signed in from their own address before is not touched by what others do elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::sha256;

use super::{
    limits::{LOGIN_ADDRESS_FAILURES_MAX, LOGIN_FAILURES_MAX, LOGIN_NAME_FAILURES_MAX, LOGIN_WINDOW_S, THROTTLE_KEYS_MAX},
    problem::{Code, Result},
};

/// A name or an address, hashed: any length costs the same, and no name stands in memory.
type Key = [u8; 32];

#[derive(Debug, Clone, Copy)]
struct Entry {
    since: Instant,
    count: u32,
    order: u64,
}

/// Counts by key since the first of a window. The table has a hard bound: the oldest window goes.
#[derive(Debug, Default)]
struct Table {
    entries: HashMap<Key, Entry>,
    oldest: BTreeMap<u64, Key>,
    next: u64,
}

impl Table {
    fn count(&self, key: &Key, now: Instant) -> (u32, i64) {
        match self.entries.get(key) {
            Some(entry) if now.seconds_since(entry.since) < LOGIN_WINDOW_S => {
                (entry.count, LOGIN_WINDOW_S - now.seconds_since(entry.since))
            }
            _ => (0, 0),
        }
    }

    fn add(&mut self, key: Key, now: Instant) {
        if let Some(entry) = self.entries.get_mut(&key)
            && now.seconds_since(entry.since) < LOGIN_WINDOW_S
        {
            entry.count += 1;
            return;
        }
        self.remove(&key);
        if self.entries.len() >= THROTTLE_KEYS_MAX
            && let Some((_, oldest)) = self.oldest.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.entries.insert(key, Entry { since: now, count: 1, order: self.next });
        self.oldest.insert(self.next, key);
        self.next += 1;
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.oldest.remove(&entry.order);
        }
    }
}

#[derive(Debug, Default)]
struct Tables {
    /// Failures of one name from one address.
    pairs: Table,
    /// Failures from one address.
    addresses: Table,
    /// Failures of one name.
    names: Table,
    /// Name and address that signed in: what others fail at this name does not count here.
    at_home: Table,
}

/// Counts failed attempts.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Tables>);

/// Who is tried, from where.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    name: Key,
    pair: Key,
    address: Option<Key>,
}

impl Attempt {
    /// An attempt at `name` from `address`.
    #[must_use]
    pub fn new(name: &str, address: Option<IpAddr>) -> Self {
        let place = address.map_or_else(String::new, |address| address.to_string());
        let name = sha256(name.as_bytes());
        let pair = sha256(&[name.as_slice(), place.as_bytes()].concat());
        Self { name, pair, address: address.map(|_| sha256(place.as_bytes())) }
    }
}

impl Throttle {
    fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses while there were too many failures.
    pub fn check(&self, attempt: &Attempt, now: Instant) -> Result<()> {
        let tables = self.tables();
        let over = |(count, wait): (u32, i64), max: u32| (count >= max).then_some(wait);
        let by_name = if tables.at_home.entries.contains_key(&attempt.pair) { (0, 0) } else { tables.names.count(&attempt.name, now) };
        let by_address = attempt.address.map_or((0, 0), |address| tables.addresses.count(&address, now));
        let waits = [
            over(tables.pairs.count(&attempt.pair, now), LOGIN_FAILURES_MAX),
            over(by_address, LOGIN_ADDRESS_FAILURES_MAX),
            over(by_name, LOGIN_NAME_FAILURES_MAX),
        ];
        match waits.into_iter().flatten().max() {
            Some(wait) => Err(Code::TooManyAttempts.problem().retry_after(u32::try_from(wait).unwrap_or(1).max(1))),
            None => Ok(()),
        }
    }

    /// Notes a failure.
    pub fn fail(&self, attempt: &Attempt, now: Instant) {
        let mut tables = self.tables();
        tables.pairs.add(attempt.pair, now);
        tables.names.add(attempt.name, now);
        if let Some(address) = attempt.address {
            tables.addresses.add(address, now);
        }
    }

    /// Forgets the pair's failures after a success; those of the address stay, or an attacker with an
    /// account of their own would sign in between two guesses.
    pub fn succeed(&self, attempt: &Attempt, now: Instant) {
        let mut tables = self.tables();
        tables.pairs.remove(&attempt.pair);
        tables.at_home.remove(&attempt.pair);
        tables.at_home.add(attempt.pair, now);
    }

    /// How many keys the largest table holds.
    #[must_use]
    pub fn keys(&self) -> usize {
        let tables = self.tables();
        [&tables.pairs, &tables.addresses, &tables.names, &tables.at_home].map(|table| table.entries.len()).into_iter().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Instant = Instant(1_641_427_200_000_000);

    fn from(name: &str, last: u8) -> Attempt {
        Attempt::new(name, Some(IpAddr::from([192, 0, 2, last])))
    }

    fn may(throttle: &Throttle, attempt: &Attempt, now: Instant) -> bool {
        throttle.check(attempt, now).is_ok()
    }

    #[test]
    fn a_name_from_one_address_waits_at_the_bound_and_not_one_before() {
        let throttle = Throttle::default();
        let attempt = from("lin", 1);
        for _ in 0..LOGIN_FAILURES_MAX {
            assert!(may(&throttle, &attempt, T0));
            throttle.fail(&attempt, T0);
        }
        assert!(!may(&throttle, &attempt, T0));
        assert!(may(&throttle, &from("lin", 2), T0), "another address is not locked out");
        assert!(may(&throttle, &from("hu", 1), T0), "nor another name");
        assert!(!may(&throttle, &attempt, T0.plus_seconds(LOGIN_WINDOW_S - 1)));
        assert!(may(&throttle, &attempt, T0.plus_seconds(LOGIN_WINDOW_S)));
    }

    #[test]
    fn an_address_waits_whatever_names_it_tries() {
        let throttle = Throttle::default();
        for i in 0..LOGIN_ADDRESS_FAILURES_MAX {
            let attempt = from(&format!("name{i}"), 1);
            assert!(may(&throttle, &attempt, T0));
            throttle.fail(&attempt, T0);
            throttle.succeed(&from("attacker", 1), T0);
        }
        assert!(!may(&throttle, &from("fresh", 1), T0), "signing in between does not clear the address");
        assert!(may(&throttle, &from("fresh", 2), T0));
    }

    #[test]
    fn a_name_that_many_addresses_try_still_opens_where_its_owner_signed_in() {
        let throttle = Throttle::default();
        throttle.succeed(&from("chen", 200), T0);
        let later = T0.plus_seconds(24 * 3600);
        for i in 0..LOGIN_NAME_FAILURES_MAX {
            throttle.fail(&from("chen", u8::try_from(i % 100).unwrap()), later);
        }
        assert!(!may(&throttle, &from("chen", 150), later), "a new address waits");
        assert!(may(&throttle, &from("chen", 200), later), "the owner's does not");
        assert!(may(&throttle, &from("chen", 150), later.plus_seconds(LOGIN_WINDOW_S)));
    }

    #[test]
    fn the_tables_never_pass_their_bound_and_the_oldest_go() {
        let throttle = Throttle::default();
        let first = from("first", 1);
        for _ in 0..LOGIN_FAILURES_MAX {
            throttle.fail(&first, T0);
        }
        for i in 1..THROTTLE_KEYS_MAX {
            throttle.fail(&Attempt::new(&format!("n{i}"), None), T0);
        }
        assert_eq!(throttle.keys(), THROTTLE_KEYS_MAX);
        assert!(!may(&throttle, &first, T0), "at the bound nothing went");
        throttle.fail(&Attempt::new("one past it", None), T0);
        assert_eq!(throttle.keys(), THROTTLE_KEYS_MAX);
        assert!(may(&throttle, &first, T0), "one past it the oldest went");
    }
}
