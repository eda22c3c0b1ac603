//! Expected lists as bitmaps of person numbers, one a village: a million persons in a few hundred
//! rows, because numbers are given by neighbourhood.

pub mod list;
pub mod running;

use allclear_domain::kernel::area::AreaCode;
use roaring::RoaringTreemap;

/// Village, persons, serialized bitmap: from (village, person number) in that order.
#[must_use]
pub fn bitmaps(numbers: &[(AreaCode, i64)]) -> Vec<(AreaCode, i64, Vec<u8>)> {
    numbers
        .chunk_by(|a, b| a.0 == b.0)
        .map(|village| {
            let bitmap: RoaringTreemap = village.iter().map(|(_, no)| *no as u64).collect();
            let mut bytes = Vec::with_capacity(bitmap.serialized_size());
            // Writing to memory cannot fail.
            let _ = bitmap.serialize_into(&mut bytes);
            (village[0].0, village.len() as i64, bytes)
        })
        .collect()
}

/// Reads one bitmap back.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<RoaringTreemap> {
    RoaringTreemap::deserialize_from(bytes).ok()
}

/// The bytes that [`read`] reads.
#[must_use]
pub fn write(bitmap: &RoaringTreemap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bitmap.serialized_size());
    // Writing to memory cannot fail.
    let _ = bitmap.serialize_into(&mut bytes);
    bytes
}
