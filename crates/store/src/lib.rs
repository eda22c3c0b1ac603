//! What is kept: the only SQL of the product.
//!
//! Never here: HTTP, wire types, business decisions. To extend: one file a capability with one
//! `impl Tx`; one SQL text in the subset that SQLite and PostgreSQL share, parameters as `$1`;
//! statements that differ go under `engine/`. Every key of a large table begins with `bucket`.

pub mod accounts;
pub mod areas;
pub mod backup;
pub mod citus;
mod engine;
mod error;
pub mod exemptions;
pub mod faults;
pub mod feed;
pub mod households;
pub mod imports;
pub mod jobs;
pub mod lab;
mod leases;
pub mod live;
mod machine;
pub mod merges;
pub mod meter;
mod migrate;
pub mod people;
pub mod plan;
mod recent;
pub mod records;
pub mod register;
pub mod resident;
pub mod rounds;
pub mod sampling;
pub mod schema;
pub mod sessions;
pub mod shifts;
pub mod sites;
mod store;
mod tx;
mod value;
pub mod vitals;

pub use error::{Result, StoreError};
pub use migrate::{known_migrations, schema_version};
pub use store::{Engine, Pool, Store, StoreConfig};
pub use tx::{Bulk, Tx, Ty};
pub use value::{FromValue, Row, Val, Value};
