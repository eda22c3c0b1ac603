//! The register through HTTP: search, records, merges, imports, a resident's page.

mod areas;
pub(crate) mod bad_files;
pub(crate) mod full_disk;
mod grids;
mod households;
mod imports;
mod merges;
mod parked;
mod records;
mod resident;
