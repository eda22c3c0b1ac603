//! The stored form of the counts of one round: JSON with bitmaps in base64, since it is written
//! seldom and read once. A sum stands before it, and one row names the others: a snapshot that the
//! disk changed, or of which a row is missing, is noticed and not believed.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Site},
        time::Instant,
    },
    live::{Persons, Released, RoundCounts, SiteCounts, TubeNow},
    sampling::tube::Stage,
};
use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Serialize, Deserialize)]
struct Stored {
    sampled: Vec<(i64, String)>,
    odd: Vec<(i64, u64, i32)>,
    collections: Vec<(i64, i64)>,
    tubes: Vec<(String, String, i32, Uuid, i64, i64)>,
    sites: Vec<(Uuid, i64, Option<i64>, Vec<(i64, i64)>)>,
    devices: Vec<(i64, i64, Uuid)>,
    released: Vec<(Uuid, i64, i64)>,
    follow_ups: Vec<(Uuid, i64)>,
    exceptions: Vec<(String, Option<Uuid>, i64)>,
}

fn bitmap_text(bitmap: &RoaringTreemap) -> String {
    let mut bytes = Vec::with_capacity(bitmap.serialized_size());
    // Writing to memory cannot fail.
    let _ = bitmap.serialize_into(&mut bytes);
    allclear_seal::to_base64url(&bytes)
}

/// Bytes of one round's counts, the expected list apart.
#[must_use]
pub fn round(counts: &RoundCounts) -> Vec<u8> {
    let (sampled, odd) = counts.persons.parts();
    let villages = counts.persons.villages();
    let stored = Stored {
        sampled: sampled.iter().map(|(area, bitmap)| (area.number(), bitmap_text(bitmap))).collect(),
        odd: odd.iter().map(|((area, person), n)| (area.number(), *person, *n)).collect(),
        collections: villages.iter().filter(|(_, c)| c.collections != 0).map(|(area, c)| (area.number(), c.collections)).collect(),
        tubes: counts
            .tubes
            .iter()
            .map(|(code, t)| (code.clone(), t.stage.as_str().into(), t.members, t.site.uuid(), t.at.0, t.started_at.0))
            .collect(),
        sites: counts
            .sites
            .iter()
            .map(|(site, c)| (site.uuid(), c.collections, c.last_at.map(|at| at.0), c.steps.iter().map(|(k, v)| (*k, *v)).collect()))
            .collect(),
        devices: counts.devices.iter().map(|(no, (at, site))| (*no, at.0, site.uuid())).collect(),
        released: counts.released.iter().map(|(site, r)| (site.uuid(), r.reports, r.non_negative)).collect(),
        follow_ups: counts.follow_ups.iter().map(|(site, n)| (site.uuid(), *n)).collect(),
        exceptions: counts.exceptions.iter().map(|((kind, site), n)| (kind.clone(), site.map(Id::uuid), *n)).collect(),
    };
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// Reads back what [`round`] gave.
#[must_use]
pub fn read_round(seq: i64, body: &[u8]) -> Option<RoundCounts> {
    let stored: Stored = serde_json::from_slice(body).ok()?;
    let area = |number: i64| AreaCode::from_number(number).ok();
    let mut sampled = BTreeMap::new();
    for (number, text) in stored.sampled {
        let bytes = allclear_seal::base64url(&text)?;
        sampled.insert(area(number)?, RoaringTreemap::deserialize_from(bytes.as_slice()).ok()?);
    }
    let odd = stored.odd.into_iter().map(|(number, person, n)| Some(((area(number)?, person), n))).collect::<Option<_>>()?;
    let collections = stored.collections.into_iter().map(|(number, n)| Some((area(number)?, n))).collect::<Option<_>>()?;
    let tubes = stored.tubes.into_iter().map(|(code, stage, members, site, at, started_at)| {
        let (site, at, started_at) = (Id::new(site), Instant(at), Instant(started_at));
        Some((code, TubeNow { stage: Stage::parse(&stage)?, members, site, at, started_at }))
    });
    let sites = stored.sites.into_iter().map(|(site, collections, last_at, steps)| {
        let counts = SiteCounts { collections, last_at: last_at.map(Instant), steps: steps.into_iter().collect() };
        (Id::<Site>::new(site), counts)
    });
    Some(RoundCounts {
        seq,
        persons: Persons::from_parts(sampled, odd, &collections),
        tubes: tubes.collect::<Option<_>>()?,
        sites: sites.collect(),
        devices: stored.devices.into_iter().map(|(no, at, site)| (no, (Instant(at), Id::new(site)))).collect(),
        released: stored
            .released
            .into_iter()
            .map(|(site, reports, non_negative)| (Id::new(site), Released { reports, non_negative }))
            .collect(),
        follow_ups: stored.follow_ups.into_iter().map(|(site, n)| (Id::new(site), n)).collect(),
        exceptions: stored.exceptions.into_iter().map(|(kind, site, n)| ((kind, site.map(Id::new)), n)).collect(),
    })
}

/// What belongs to no round, and which rows the snapshot has besides.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loose {
    /// Open exceptions of no round, by kind.
    pub exceptions: BTreeMap<String, i64>,
    /// Every round that was ever folded, with its last change.
    pub rounds: BTreeMap<Uuid, i64>,
}

/// Bytes of what belongs to no round.
#[must_use]
pub fn loose(loose: &Loose) -> Vec<u8> {
    serde_json::to_vec(loose).unwrap_or_default()
}

/// Reads back what [`loose`] gave.
#[must_use]
pub fn read_loose(body: &[u8]) -> Option<Loose> {
    serde_json::from_slice(body).ok()
}

/// Bytes of the sum before a body.
const SUM_BYTES: usize = 8;

fn sum(round: Uuid, seq: i64, json: &[u8]) -> [u8; SUM_BYTES] {
    let whole = allclear_seal::sha256(&[round.as_bytes(), seq.to_be_bytes().as_slice(), json].concat());
    let mut sum = [0; SUM_BYTES];
    sum.copy_from_slice(&whole[..SUM_BYTES]);
    sum
}

/// Puts the sum over row key, change and content before a body.
#[must_use]
pub fn summed(round: Uuid, seq: i64, json: &[u8]) -> Vec<u8> {
    [sum(round, seq, json).as_slice(), json].concat()
}

/// The body behind its sum; nothing if they do not belong together.
#[must_use]
pub fn unsummed(round: Uuid, seq: i64, body: &[u8]) -> Option<&[u8]> {
    let (stored, json) = body.split_at_checked(SUM_BYTES)?;
    (stored == sum(round, seq, json)).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_bit_is_noticed_wherever_it_is() {
        let (round, seq) = (Uuid::from_u128(7), 12);
        let body = summed(round, seq, &loose(&Loose { exceptions: [("second_collection".into(), 3)].into(), rounds: BTreeMap::new() }));
        assert_eq!(unsummed(round, seq, &body).and_then(read_loose).map(|loose| loose.exceptions.len()), Some(1));
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert_eq!(unsummed(round, seq, &changed), None, "byte {at}");
        }
        assert_eq!((unsummed(round, 13, &body), unsummed(Uuid::nil(), seq, &body), unsummed(round, seq, b"")), (None, None, None));
    }
}
