//! Whose queue stands where: people go to the open sites that serve their village; the people of a
//! closed site go where its queue was sent.

use std::collections::{BTreeMap, HashMap};

use crate::kernel::{
    area::{AreaCode, Level},
    id::{Id, Site},
};

/// Longest chain of transfers followed: from a closed site to another that was closed since.
const TRANSFERS_MAX: usize = 8;

/// A site, as far as queues go.
#[derive(Debug, Clone, Copy)]
pub struct Serving<'a> {
    /// The site.
    pub site: Id<Site>,
    /// Areas it serves (subtrees).
    pub serves: &'a [AreaCode],
    /// Whether it takes people.
    pub open: bool,
    /// Where its queue goes while it is closed.
    pub transfer_to: Option<Id<Site>>,
}

/// Persons of a village or a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct People {
    /// Expected.
    pub expected: i64,
    /// Of these, without a swab.
    pub remaining: i64,
}

/// Who takes the people of a site: itself, or the end of the chain of transfers; nobody if that is
/// closed too.
#[must_use]
pub fn taker(sites: &HashMap<Id<Site>, Serving<'_>>, site: Id<Site>) -> Option<Id<Site>> {
    let mut site = sites.get(&site)?;
    for _ in 0..TRANSFERS_MAX {
        if site.open {
            return Some(site.site);
        }
        site = sites.get(&site.transfer_to?)?;
    }
    None
}

/// People by site. A village that several sites serve is shared evenly, so that the sum stays.
#[must_use]
pub fn shares(sites: &[Serving<'_>], villages: impl IntoIterator<Item = (AreaCode, People)>) -> BTreeMap<Id<Site>, People> {
    let by_id: HashMap<Id<Site>, Serving<'_>> = sites.iter().map(|site| (site.site, *site)).collect();
    let mut by_area: HashMap<AreaCode, Vec<Id<Site>>> = HashMap::new();
    for site in sites {
        let Some(taker) = taker(&by_id, site.site) else { continue };
        for area in site.serves {
            by_area.entry(*area).or_default().push(taker);
        }
    }
    let mut shares: BTreeMap<Id<Site>, People> = BTreeMap::new();
    for (village, people) in villages {
        let above = [Level::Village, Level::Town, Level::County].into_iter().filter_map(|level| village.at(level));
        let mut takers: Vec<Id<Site>> = above.filter_map(|area| by_area.get(&area)).flatten().copied().collect();
        takers.sort_unstable();
        takers.dedup();
        let n = takers.len() as i64;
        for (i, site) in (0..).zip(&takers) {
            let part = |whole: i64| whole / n + i64::from(i < whole % n);
            let share = shares.entry(*site).or_default();
            share.expected += part(people.expected);
            share.remaining += part(people.remaining);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> Id<Site> {
        Id::new(Uuid::from_u128(n))
    }

    #[test]
    fn a_closed_sites_people_stand_where_they_were_sent() {
        let area = |code: &str| AreaCode::parse(code).unwrap();
        let (one, two, town) = ([area("330784105200")], [area("330784105201")], [area("330784105")]);
        let site = |n, serves, open, to: Option<u128>| Serving { site: id(n), serves, open, transfer_to: to.map(id) };
        let villages = [("330784105200", 101, 50), ("330784105201", 10, 5), ("330784106200", 7, 7)];
        let people = || villages.map(|(code, expected, remaining)| (area(code), People { expected, remaining }));
        let look = |sites: &[Serving<'_>]| {
            let shares = shares(sites, people());
            shares.into_iter().map(|(site, p)| (site.uuid().as_u128(), p.expected, p.remaining)).collect::<Vec<_>>()
        };
        // Each its own village; a third village has no site.
        assert_eq!(look(&[site(1, &one, true, None), site(2, &two, true, None)]), [(1, 101, 50), (2, 10, 5)]);
        // The first is closed: its people stand at the second.
        assert_eq!(look(&[site(1, &one, false, Some(2)), site(2, &two, true, None)]), [(2, 111, 55)]);
        // A chain, and a circle that leads nowhere.
        assert_eq!(look(&[site(1, &one, false, Some(2)), site(2, &two, false, Some(3)), site(3, &[], true, None)]), [(3, 111, 55)]);
        assert_eq!(look(&[site(1, &one, false, Some(2)), site(2, &two, false, Some(1))]), []);
        // A site of the whole town shares with those of the villages.
        assert_eq!(look(&[site(1, &one, true, None), site(3, &town, true, None)]), [(1, 51, 25), (3, 60, 30)]);
    }
}
