//! Taking in a register from a file: read the file, map its columns, judge each row.
//!
//! Everything in this folder is pure: bytes in, rows and reasons out. A bad row never stops a good
//! one; it comes back in the same layout with the reasons beside it.

pub mod areas;
pub mod columns;
pub mod file;
pub mod places;
pub mod row;
pub mod split;
pub mod workbook;
pub mod write_back;
