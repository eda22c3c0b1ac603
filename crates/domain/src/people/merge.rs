//! Merging two records of one person, decided by a person, with undo.
//!
//! Nothing is moved: the record that goes points at the one that stays, keeps its documents and its
//! history, and look-ups follow the pointer (counts of a round do not, yet). So undo is exact, and both histories stay.

use crate::kernel::id::PersonNo;

use super::document::{Document, DocumentKind};

/// What the merge rule needs to know about one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub no: PersonNo,
    /// Its documents: an infant who got an ID has two.
    pub documents: Vec<Document>,
    /// The record it was merged into, if it was.
    pub merged_into: Option<PersonNo>,
}

/// Why two records are not merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum MergeRefusal {
    /// A record cannot go into itself.
    #[error("the two records are the same one")]
    Same,
    /// One of them has gone into another record already.
    #[error("one of the records was merged already")]
    AlreadyMerged,
    /// Two different valid resident IDs are two people.
    #[error("the two records carry different resident IDs")]
    DifferentPeople,
    /// There is no merge to undo, or another one came after it.
    #[error("there is no such merge to undo")]
    NotMerged,
}

impl MergeRefusal {
    /// Stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same => "merge_same",
            Self::AlreadyMerged => "merge_already",
            Self::DifferentPeople => "merge_different_people",
            Self::NotMerged => "merge_not_merged",
        }
    }
}

/// Decides whether `goes` may be merged into `stays`; the answer is the pointer to write on `goes`.
pub fn merge(stays: &Record, goes: &Record) -> Result<PersonNo, MergeRefusal> {
    if stays.no == goes.no {
        return Err(MergeRefusal::Same);
    }
    if stays.merged_into.is_some() || goes.merged_into.is_some() {
        return Err(MergeRefusal::AlreadyMerged);
    }
    let (ours, theirs) = (resident_ids(stays), resident_ids(goes));
    let different = !ours.is_empty() && !theirs.is_empty() && !ours.iter().any(|number| theirs.contains(number));
    if different { Err(MergeRefusal::DifferentPeople) } else { Ok(stays.no) }
}

/// Every resident ID of a record: whichever document stands first says nothing about the others.
fn resident_ids(record: &Record) -> Vec<&str> {
    record.documents.iter().filter(|document| document.kind() == DocumentKind::ResidentId).map(Document::number).collect()
}

/// Decides whether the merge of `goes` into `stays` may be undone.
pub fn undo(stays: &Record, goes: &Record) -> Result<(), MergeRefusal> {
    if goes.merged_into == Some(stays.no) && stays.merged_into.is_none() { Ok(()) } else { Err(MergeRefusal::NotMerged) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::date::Date;

    fn record(no: i64, kind: &str, number: &str, merged_into: Option<i64>) -> Record {
        let today = Date::new(2022, 1, 5).unwrap();
        let document = Document::parse(DocumentKind::parse(kind).unwrap(), number, today).unwrap();
        Record { no: PersonNo(no), documents: vec![document], merged_into: merged_into.map(PersonNo) }
    }

    #[test]
    fn who_may_be_merged() {
        let grown = record(1, "resident_id", "11010519491231002X", None);
        let infant = record(2, "none", "", None);
        let visitor = record(3, "passport", "E12345678", None);
        let same_id = record(4, "resident_id", "110105491231002", None);
        let other_id = record(5, "resident_id", "810000199408230021", None);
        let gone = record(6, "none", "", Some(9));
        let mut grown_infant = record(7, "none", "", None);
        grown_infant.documents.extend(other_id.documents.clone());
        for (stays, goes, expect) in [
            (&grown, &infant, "1"),
            (&visitor, &grown, "3"),
            (&grown, &same_id, "1"),
            (&grown, &grown, "merge_same"),
            (&grown, &other_id, "merge_different_people"),
            (&grown, &grown_infant, "merge_different_people"),
            (&grown_infant, &other_id, "7"),
            (&grown, &gone, "merge_already"),
            (&gone, &grown, "merge_already"),
        ] {
            let found = merge(stays, goes).map_or_else(|refusal| refusal.code().to_owned(), |no| no.0.to_string());
            assert_eq!(found, expect, "{goes:?} into {stays:?}");
        }
    }

    #[test]
    fn undo_is_the_last_step_back() {
        let stays = record(1, "resident_id", "11010519491231002X", None);
        let goes = record(2, "none", "", Some(1));
        assert_eq!(undo(&stays, &goes), Ok(()));
        assert_eq!(undo(&stays, &record(2, "none", "", None)), Err(MergeRefusal::NotMerged));
        assert_eq!(undo(&record(1, "none", "", Some(3)), &goes), Err(MergeRefusal::NotMerged));
    }
}
