//! Uploaded files between "look at it" and "take it in": in memory only, few, and not for long. A
//! register in clear never touches the disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use allclear_domain::kernel::{
    id::{Account, Id, Import},
    time::Instant,
};
use tokio::sync::Semaphore;

use super::import::file::Table;

/// Files held at most: eight of the largest are 2 GiB.
const FILES_MAX: usize = 8;
/// How long a file waits to be taken in, seconds.
pub const WAIT_S: i64 = 3600;
/// After how long without a look a file makes room for another one, seconds: long enough to walk to
/// somebody with a question about a column, too short to keep a whole office from working.
const IDLE_S: i64 = 300;

/// A file that waits.
struct Waiting {
    by: Id<Account>,
    since: Instant,
    looked: Instant,
    table: Arc<Table>,
}

/// The files that wait.
pub struct Uploads {
    files: Mutex<HashMap<Id<Import>, Waiting>>,
    /// One file is taken in at a time: two would only halve each other.
    pub turn: Arc<Semaphore>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { files: Mutex::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Uploads {
    fn files(&self) -> MutexGuard<'_, HashMap<Id<Import>, Waiting>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a file. When all places are taken, the account's own oldest file makes room, else the
    /// one that nobody has looked at for longest; false if somebody works on each of them.
    pub fn keep(&self, id: Id<Import>, by: Id<Account>, table: Arc<Table>, now: Instant) -> bool {
        let mut files = self.files();
        files.retain(|_, file| now.seconds_since(file.since) < WAIT_S);
        if files.len() >= FILES_MAX {
            let own = files.iter().filter(|(_, file)| file.by == by).min_by_key(|(_, file)| file.since).map(|(id, _)| *id);
            let idle = || files.iter().filter(|(_, file)| now.seconds_since(file.looked) >= IDLE_S).min_by_key(|(_, file)| file.looked);
            let Some(goes) = own.or_else(|| idle().map(|(id, _)| *id)) else { return false };
            files.remove(&goes);
        }
        files.insert(id, Waiting { by, since: now, looked: now, table });
        true
    }

    /// Looks at a file.
    #[must_use]
    pub fn look(&self, id: Id<Import>, now: Instant) -> Option<Arc<Table>> {
        self.files().get_mut(&id).map(|file| {
            file.looked = now;
            Arc::clone(&file.table)
        })
    }

    /// Takes a file out.
    #[must_use]
    pub fn take(&self, id: Id<Import>) -> Option<Arc<Table>> {
        self.files().remove(&id).map(|file| file.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::import::file;

    #[test]
    fn files_that_nobody_looks_at_make_room() {
        let uploads = Uploads::default();
        let table = Arc::new(file::read(b"a,b\n1,2\n".to_vec()).unwrap());
        let account = |n| Id::new(uuid::Uuid::from_u128(n));
        let import = |n| Id::new(uuid::Uuid::from_u128(n));
        let at = |s: i64| Instant(s * 1_000_000);
        let keep = |n: u128, by: u128, s: i64| uploads.keep(import(n), account(by), Arc::clone(&table), at(s));
        for n in 0..FILES_MAX as u128 {
            assert!(keep(n, n, 0));
        }
        assert!(!keep(100, 100, 1), "each belongs to somebody who may be looking");
        assert!(keep(101, 0, 2) && uploads.look(import(0), at(2)).is_none(), "one's own older file goes first");
        for n in 2..FILES_MAX as u128 {
            assert!(uploads.look(import(n), at(IDLE_S)).is_some());
        }
        assert!(keep(102, 102, IDLE_S + 1) && uploads.look(import(1), at(IDLE_S + 1)).is_none(), "then the one left alone");
        assert!(uploads.take(import(102)).is_some() && uploads.take(import(102)).is_none());
    }
}
