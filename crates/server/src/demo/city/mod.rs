//! A synthetic city on real areas: households, ages, workplaces, documents that nobody can hold.
//!
//! Pure and deterministic: areas, population, seed and day give the same city byte for byte, village
//! after village and household after household, without keeping it in memory. Each village draws
//! from its own stream of the generator, so one village does not depend on another. Persons are
//! numbered in that order, which is the order in which a street is sampled.

mod census;
pub mod csv;
mod household;
mod names;

use std::collections::HashMap;

use allclear_domain::{
    kernel::{
        area::{AreaCode, Level},
        id::PersonNo,
    },
    people::{
        date::Date,
        document::{Document, Sex},
        groups::Groups,
        phone::Phone,
    },
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::people::import::{areas, places::short_name};

pub use crate::people::import::areas::Place;

/// Persons in one grid (网格), about; a village has at least one.
const PERSONS_PER_GRID: u64 = 1000;

/// The synthetic place codes have four digits after 99.
const VILLAGES_MAX: usize = 9999;

/// Why no city can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCity {
    /// The file has no village.
    #[error("the area list has no village level")]
    NoVillage,
    /// More villages than synthetic place codes.
    #[error("the area list has more than {VILLAGES_MAX} villages")]
    TooManyVillages,
    /// The area list cannot be read.
    #[error("the area list: {0}")]
    BadList(#[from] areas::BadList),
}

/// Reads the area list: `code,name,parent,level,population`.
pub fn read_places(csv: &[u8]) -> Result<Vec<Place>, NoCity> {
    Ok(areas::read(csv.to_vec())?)
}

/// One person of the city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resident {
    /// Number, by neighbourhood.
    pub no: PersonNo,
    /// Name.
    pub name: String,
    /// Document; "none yet" for the newborn.
    pub document: Document,
    /// Sex.
    pub sex: Sex,
    /// Birth date.
    pub born: Date,
    /// Phone in the block that cannot be dialled; children and some elders have none.
    pub phone: Option<Phone>,
    /// Groups.
    pub groups: Groups,
    /// Factory, shop, school.
    pub workplace: Option<String>,
    /// The guardian, for a person without a document.
    pub guardian: Option<PersonNo>,
}

/// One household. Its number is the number of its first person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Household {
    /// Number.
    pub no: i64,
    /// Village and grid.
    pub grid: AreaCode,
    /// Address inside the village.
    pub address: String,
    /// Members.
    pub persons: Vec<Resident>,
}

struct Village {
    place: Place,
    town: String,
    quota: u64,
    first_no: i64,
}

/// A city laid out: who lives where is decided, nobody is made yet.
pub struct City {
    places: Vec<Place>,
    villages: Vec<Village>,
    seed: u64,
    today: Date,
}

/// Splits `total` in proportion to `weights` so that the parts add up exactly (largest remainder).
fn largest_remainder(weights: &[u64], total: u64) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|w| u128::from(*w)).sum::<u128>().max(1);
    let mut parts: Vec<u64> = weights.iter().map(|w| (u128::from(*w) * u128::from(total) / sum) as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(u128::from(weights[*i]) * u128::from(total) % sum), *i));
    let left = total - parts.iter().sum::<u64>();
    for i in order.into_iter().cycle().take(left as usize) {
        parts[i] += 1;
    }
    parts
}

impl City {
    /// Lays out a city of exactly `population` persons; ages are those of `today`.
    pub fn plan(places: Vec<Place>, population: u64, seed: u64, today: Date) -> Result<Self, NoCity> {
        let names: HashMap<AreaCode, String> = places.iter().map(|place| (place.code, place.name.clone())).collect();
        let mut found: Vec<Place> = places.iter().filter(|place| place.code.level() == Level::Village).cloned().collect();
        found.sort_by_key(|place| place.code);
        if found.is_empty() {
            return Err(NoCity::NoVillage);
        }
        if found.len() > VILLAGES_MAX {
            return Err(NoCity::TooManyVillages);
        }
        let weights: Vec<u64> = found.iter().map(|place| place.population.max(1)).collect();
        let quotas = largest_remainder(&weights, population);
        let mut first_no = 1;
        let mut villages = Vec::with_capacity(found.len());
        for (place, quota) in found.into_iter().zip(quotas) {
            let town = place.code.parent().and_then(|code| names.get(&code).cloned()).unwrap_or_default();
            villages.push(Village { place, town, quota, first_no });
            first_no += quota as i64;
        }
        Ok(Self { places, villages, seed, today })
    }

    /// How many persons live in it.
    #[must_use]
    pub fn population(&self) -> u64 {
        self.villages.iter().map(|village| village.quota).sum()
    }

    /// The whole area tree: the given places with their share of the population, and grids below villages.
    #[must_use]
    pub fn areas(&self) -> Vec<Place> {
        let mut share: HashMap<AreaCode, u64> = HashMap::new();
        let mut grids = Vec::new();
        for village in &self.villages {
            let mut code = Some(village.place.code);
            while let Some(area) = code {
                *share.entry(area).or_default() += village.quota;
                code = area.parent();
            }
            let count = grid_count(village.quota);
            for (index, population) in largest_remainder(&vec![1; count as usize], village.quota).into_iter().enumerate() {
                let Some(code) = grid_code(village.place.code, index as u64 + 1) else { continue };
                grids.push(Place { code, name: format!("{}第{}网格", short_name(&village.place.name), index + 1), population });
            }
        }
        let known = self.places.iter().map(|place| Place { population: share.get(&place.code).copied().unwrap_or(0), ..place.clone() });
        known.chain(grids).collect()
    }

    /// Every household, in the order of person numbers.
    pub fn households(&self) -> impl Iterator<Item = Household> + '_ {
        self.villages.iter().enumerate().flat_map(|(index, village)| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
            rng.set_stream(village.place.code.number() as u64);
            household::Maker::new(village, index as u32 + 1, self.today, rng)
        })
    }
}

fn grid_count(population: u64) -> u64 {
    population.div_ceil(PERSONS_PER_GRID).clamp(1, 999)
}

fn grid_code(village: AreaCode, number: u64) -> Option<AreaCode> {
    AreaCode::from_number(village.number() * 1000 + number as i64).ok()
}

/// Draws below `n` (at least 1); the bias of the remainder is far below what a demo could show.
fn below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    rng.next_u64() % n.max(1)
}

/// True in `per_mille` of a thousand draws.
fn chance(rng: &mut ChaCha8Rng, per_mille: u64) -> bool {
    below(rng, 1000) < per_mille
}

/// Draws an index by weight.
fn weighted(rng: &mut ChaCha8Rng, weights: impl Iterator<Item = u64> + Clone) -> usize {
    let mut left = below(rng, weights.clone().sum());
    weights
        .into_iter()
        .position(|weight| {
            let here = left < weight;
            left = left.saturating_sub(weight);
            here
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
