//! Uploaded files between "look at it" and "take it in": in memory only, few, and not for long. A
//! register in clear never touches the disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use allclear_domain::kernel::{
    id::{Id, Import},
    time::Instant,
};
use tokio::sync::Semaphore;

use super::import::file::Table;

/// Files held at most: eight of the largest are 2 GiB.
const FILES_MAX: usize = 8;
/// How long a file waits to be taken in, seconds.
const WAIT_S: i64 = 3600;

/// A file and since when it waits.
type Waiting = (Instant, Arc<Table>);

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
    /// Keeps a file; false if too many wait already.
    pub fn keep(&self, id: Id<Import>, table: Arc<Table>, now: Instant) -> bool {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|_, (since, _)| now.seconds_since(*since) < WAIT_S);
        if files.len() >= FILES_MAX {
            return false;
        }
        files.insert(id, (now, table));
        true
    }

    /// Looks at a file.
    #[must_use]
    pub fn look(&self, id: Id<Import>) -> Option<Arc<Table>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(&id).map(|(_, table)| Arc::clone(table))
    }

    /// Takes a file out.
    #[must_use]
    pub fn take(&self, id: Id<Import>) -> Option<Arc<Table>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&id).map(|(_, table)| table)
    }
}
