//! The bulk path of the register: rows in, persons kept, a million in a minute or two.
//!
//! Two hands work at once. One judges, finds doubles inside the file, numbers and seals (all the
//! computing); the other holds the store and commits thousands of rows at a time. What is already
//! in the register is found inside the commit itself, so a swab registered in the same second
//! cannot make the same person twice.

mod commit;
mod known;
mod prepare;
mod source;

use std::sync::Arc;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Import},
        time::Instant,
    },
    people::{date::Date, groups::AgeGroups},
};
use allclear_seal::Keys;
use allclear_store::{Store, StoreError, imports::ImportCounts};
use tokio::sync::mpsc;

pub(super) use known::Known;
pub use prepare::document_blind;
pub(super) use prepare::{Ties, registered};
pub use source::{Census, Source};

use super::import::places::Places;
use prepare::{Preparer, Ready};

/// Rows of one commit while a round is open: a scan at a sampling site waits for at most one of them.
pub const BATCH_ROWS_SHARED: usize = 5_000;
/// Rows of one commit while nobody samples. The indexes by name, phone and document are hit at
/// random, so every commit writes most of their pages again: ten times fewer commits write about
/// six times less.
pub const BATCH_ROWS_ALONE: usize = 50_000;
/// Prepared batches that may wait for the store.
const READY_MAX: usize = 2;

/// What to take in, and on whose behalf.
pub struct Order {
    /// The rows.
    pub source: Source,
    /// The import they belong to, if they came as a file.
    pub import: Option<Id<Import>>,
    /// The subtrees that the account may change; rows outside come back as bad.
    pub scopes: Vec<AreaCode>,
    /// The area tree.
    pub places: Arc<Places>,
    /// Ages of the groups by age.
    pub ages: AgeGroups,
    /// Rows of one commit: [`BATCH_ROWS_SHARED`] or [`BATCH_ROWS_ALONE`].
    pub batch_rows: usize,
    /// Whether to issue a card to each person and a family code to each household.
    pub cards: bool,
    /// The day, for ages and birth dates.
    pub today: Date,
    /// The instant that the records carry.
    pub now: Instant,
}

/// Takes everything in. On an error what was committed stays, with its counts; taking the same file
/// again goes on from there, because rows that are in already count as unchanged.
pub async fn run(
    store: &Store,
    keys: &Arc<Keys>,
    order: Order,
    mut progress: impl FnMut(ImportCounts),
) -> Result<ImportCounts, StoreError> {
    let (import, now) = (order.import, order.now);
    let (to_store, mut ready) = mpsc::channel::<Ready>(READY_MAX);
    let preparing = tokio::spawn(prepare_all(store.clone(), Arc::clone(keys), order, to_store));
    let mut counts = ImportCounts::default();
    let mut wards = Vec::new();
    while let Some(batch) = ready.recv().await {
        let batch = Arc::new(batch);
        let (done, unguarded) = store.run("import_persons", move |tx| commit::batch(tx, &batch, import, now)).await?;
        wards.extend(unguarded);
        counts.rows_done += done.rows_done;
        counts.added += done.added;
        counts.unchanged += done.unchanged;
        counts.bad += done.bad;
        counts.parked += done.parked;
        progress(counts);
    }
    preparing.await.map_err(broke)??;
    // A child may stand pages before its guardian.
    let wards = Arc::new(wards);
    store.run("name_guardians", move |tx| commit::name_guardians(tx, &wards)).await?;
    Ok(counts)
}

/// Prepares batch after batch until the rows or the receiver end. A step that breaks is an error:
/// the rows after it would be missing without anybody knowing.
async fn prepare_all(store: Store, keys: Arc<Keys>, order: Order, to_store: mpsc::Sender<Ready>) -> Result<(), StoreError> {
    let (to_judge, mut raw) = mpsc::channel(READY_MAX);
    let Order { source, import, scopes, places, ages, batch_rows, cards, today, .. } = order;
    let judge = source.judge(Arc::clone(&places), today, ages);
    let reading = tokio::task::spawn_blocking(move || source.batches(batch_rows, |rows| to_judge.blocking_send(rows).is_ok()));
    let mut preparer = Preparer::new(keys, import, scopes, cards);
    while let Some(rows) = raw.recv().await {
        let judge = judge.clone();
        let step = tokio::task::spawn_blocking(move || {
            let judged = preparer.judge(rows, &judge);
            (preparer, judged)
        });
        let (next, judged) = step.await.map_err(broke)?;
        preparer = next;
        let wanted = preparer.numbers_wanted(&judged);
        let firsts = store.run("take_person_numbers", move |tx| {
            wanted.iter().map(|(area, count)| Ok((*area, tx.take_person_numbers(*area, *count)?))).collect::<Result<Vec<_>, StoreError>>()
        });
        let firsts = firsts.await?;
        let step = tokio::task::spawn_blocking(move || {
            let ready = preparer.seal(judged, firsts);
            (preparer, ready)
        });
        let (next, ready) = step.await.map_err(broke)?;
        preparer = next;
        if to_store.send(ready).await.is_err() {
            return Ok(());
        }
    }
    reading.await.map_err(broke)
}

/// A step that panicked; what it worked on is personal data, so its words stay out.
fn broke(error: tokio::task::JoinError) -> StoreError {
    StoreError::Engine(format!("a step of the import broke: {}", if error.is_panic() { "panic" } else { "cancelled" }))
}

#[cfg(test)]
mod tests;
