//! Areas, rounds and sites: small tables that every command needs, kept in memory.
//!
//! Another node may have changed them. Each change counts a version up, in its own commit; whoever commits field facts
//! compares that version inside the commit ([`Plans::load_at_least`]), so that a round opened on one node is open on all
//! of them at once. For whoever only looks, [`follow`] asks for the version five times a second.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, Round, Site},
    profile::Profile,
};
use allclear_store::{Store, StoreError, areas::AreaRow, plan::OrderRow, rounds::RoundRow, rounds::SiteRow};

use crate::{
    app::AppState,
    edge::problem::{Code, Problem},
};

/// How often a node asks whether another one changed the plan.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One consistent state of the plan.
#[derive(Debug)]
pub struct Plan {
    /// How often the plan had been changed when this was read.
    pub version: i64,
    /// Every area, by code.
    pub areas: Vec<AreaRow>,
    /// Every round.
    pub rounds: HashMap<Id<Round>, RoundRow>,
    /// Every site.
    pub sites: HashMap<Id<Site>, SiteRow>,
    /// The operating mode that was ordered.
    pub order: Option<OrderRow>,
    /// The disease profile in force.
    pub profile: Profile,
}

impl Plan {
    /// An area by its code.
    #[must_use]
    pub fn area(&self, code: AreaCode) -> Option<&AreaRow> {
        self.areas.binary_search_by_key(&code, |area| area.code).ok().map(|i| &self.areas[i])
    }
}

/// Refuses what would make a list that is answered whole longer than `max`. Two orders at once may go over by what each
/// adds: it bounds an answer, it counts nothing.
pub fn room(there: usize, added: usize, max: usize) -> Result<(), Problem> {
    if there.saturating_add(added) > max { Err(Code::PlanFull.problem()) } else { Ok(()) }
}

/// Holds the current plan.
pub struct Plans {
    current: RwLock<Arc<Plan>>,
    /// One load at a time: an older reading never replaces a newer one.
    loading: tokio::sync::Mutex<()>,
}

impl Plans {
    /// Loads the plan.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        Ok(Self { current: RwLock::new(Arc::new(read(store).await?)), loading: tokio::sync::Mutex::default() })
    }

    /// The plan in force.
    #[must_use]
    pub fn current(&self) -> Arc<Plan> {
        Arc::clone(&self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Loads it again.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        self.load_at_least(store, i64::MAX).await
    }

    /// Loads it again unless what is in force is of `version` or newer.
    pub async fn load_at_least(&self, store: &Store, version: i64) -> Result<(), StoreError> {
        let _loading = self.loading.lock().await;
        if self.current().version >= version {
            return Ok(());
        }
        let fresh = Arc::new(read(store).await?);
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }
}

async fn read(store: &Store) -> Result<Plan, StoreError> {
    store
        .read("load_plan", |tx| {
            Ok(Plan {
                version: tx.plan_version()?,
                areas: tx.areas()?,
                rounds: tx.rounds()?.into_iter().map(|round| (round.id, round)).collect(),
                sites: tx.sites()?.into_iter().map(|site| (site.id, site)).collect(),
                order: tx.operating_order()?,
                profile: Profile::january_2022(),
            })
        })
        .await
}

/// Loads the plan again if another node changed it.
pub async fn look(app: &AppState) -> Result<(), StoreError> {
    let version = app.store.read("look_at_plan", |tx| tx.plan_version()).await?;
    app.plans.load_at_least(&app.store, version).await
}

/// Keeps the plan of this node that of all; ends with the process.
pub async fn follow(app: AppState) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = look(&app).await {
            tracing::debug!(%error, "the plan was not looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_answered_whole_ends_at_its_bound() {
        assert!(room(4_999, 1, 5_000).is_ok());
        assert_eq!(room(5_000, 1, 5_000).unwrap_err().code(), Code::PlanFull);
        assert!(room(5_000, 0, 5_000).is_ok(), "what is there stays, and is changed");
    }
}
