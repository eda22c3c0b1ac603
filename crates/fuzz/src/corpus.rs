//! The committed inputs: `corpus/<target>/*`.

use std::path::PathBuf;

/// Every input of a target with its file name, in the order of the names.
///
/// # Panics
/// If the folder cannot be read: a target without a corpus is not tested.
#[must_use]
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus")).join(target);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the corpus of the target").map(|entry| entry.expect("a file of the corpus").path()).collect();
    files.sort();
    let named = |path: PathBuf| (path.display().to_string(), std::fs::read(&path).expect("a file of the corpus"));
    files.into_iter().map(named).collect()
}
