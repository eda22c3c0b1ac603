//! People: documents, names, phones, masking, groups, merge.
//!
//! Name and document are the minimum; everything else may come later. What arrives is written in
//! many spellings (full-width digits, spaces, middle dots), so each noun is parsed once into one
//! canonical form, and the blind indexes are made of that form.

pub mod date;
pub mod document;
pub mod groups;
pub mod mask;
pub mod merge;
pub mod name;
pub mod phone;
mod resident_id;
pub mod text;
