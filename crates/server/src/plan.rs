//! Areas, rounds and sites: small tables that every command needs, kept in memory.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Id, Round, Site},
    profile::Profile,
};
use allclear_store::{Store, StoreError, areas::AreaRow, rounds::RoundRow, rounds::SiteRow};

/// One consistent state of the plan.
#[derive(Debug)]
pub struct Plan {
    /// Every area, by code.
    pub areas: Vec<AreaRow>,
    /// Every round.
    pub rounds: HashMap<Id<Round>, RoundRow>,
    /// Every site.
    pub sites: HashMap<Id<Site>, SiteRow>,
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
        let _loading = self.loading.lock().await;
        let fresh = Arc::new(read(store).await?);
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }
}

async fn read(store: &Store) -> Result<Plan, StoreError> {
    store
        .read("load_plan", |tx| {
            Ok(Plan {
                areas: tx.areas()?,
                rounds: tx.rounds()?.into_iter().map(|round| (round.id, round)).collect(),
                sites: tx.sites()?.into_iter().map(|site| (site.id, site)).collect(),
                profile: Profile::january_2022(),
            })
        })
        .await
}
