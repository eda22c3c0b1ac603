//! The register through HTTP: search, records, merges, imports, a resident's page.

mod imports;
mod records;
mod resident;
