//! One round: persons, tubes and sites.

use std::collections::{BTreeMap, HashMap};

use super::{add, persons::Persons};
use crate::kernel::{
    change::{Fact, Stage},
    id::{Id, Site},
    time::Instant,
};

/// Seconds of one step of the curve.
pub const FIVE_MINUTES_S: i64 = 300;

/// A tube as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TubeNow {
    /// Stage.
    pub stage: Stage,
    /// Collections that count.
    pub members: i32,
    /// Site that filled it.
    pub site: Id<Site>,
    /// When the stage was reached.
    pub at: Instant,
    /// When the clock that runs began: the first swab in the field, the reception in a laboratory.
    pub started_at: Instant,
}

/// What was released of the tubes of one site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Released {
    /// Person-reports.
    pub reports: i64,
    /// Tubes released as anything but negative.
    pub non_negative: i64,
}

/// A site in one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SiteCounts {
    /// Collections that count.
    pub collections: i64,
    /// When the last one that ever counted was taken.
    pub last_at: Option<Instant>,
    /// Collections by five minutes (number of the step since 1970).
    pub steps: BTreeMap<i64, i64>,
}

impl SiteCounts {
    /// Collections taken in the half hour before `now`.
    #[must_use]
    pub fn last_half_hour(&self, now: Instant) -> i64 {
        let step = now.0.div_euclid(FIVE_MINUTES_S * 1_000_000);
        self.steps.range(step - 5..=step).map(|(_, n)| n).sum()
    }
}

/// Tubes of one stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageCounts {
    /// Tubes.
    pub tubes: i64,
    /// Persons in them.
    pub members: i64,
    /// When the clock of the oldest began.
    pub oldest_at: Option<Instant>,
    /// Tubes past the limit.
    pub late: i64,
}

/// Everything that is counted of one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoundCounts {
    /// Number of the last change that told of this round.
    pub seq: i64,
    /// Persons.
    pub persons: Persons,
    /// Tubes by code.
    pub tubes: HashMap<String, TubeNow>,
    /// Sites.
    pub sites: BTreeMap<Id<Site>, SiteCounts>,
    /// Devices that took part, with the time and the site of their last swab.
    pub devices: BTreeMap<i64, (Instant, Id<Site>)>,
    /// What was released, by site of the tubes.
    pub released: BTreeMap<Id<Site>, Released>,
    /// Follow-ups open, by site of the pools.
    pub follow_ups: BTreeMap<Id<Site>, i64>,
    /// Open exceptions by kind, and by site if they happened at one.
    pub exceptions: BTreeMap<(String, Option<Id<Site>>), i64>,
}

impl RoundCounts {
    pub(super) fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Collection { person, area, site, taken_at, device_no, delta, .. } => {
                self.persons.count(*person, *area, *delta);
                self.count_site(*site, *taken_at, *delta);
                let last = self.devices.entry(*device_no).or_insert((*taken_at, *site));
                *last = (*last).max((*taken_at, *site));
            }
            Fact::Tube { code, site, to, members, at, started_at, .. } => {
                let running = || self.tubes.get(code).map(|tube| tube.started_at);
                let started_at = started_at.or_else(running).unwrap_or(*at);
                self.tubes.insert(code.clone(), TubeNow { stage: *to, members: *members, site: *site, at: *at, started_at });
            }
            Fact::Exception { kind, site, delta, .. } => add(&mut self.exceptions, &(kind.clone(), *site), *delta),
            Fact::Released { tube, site, negative, reports, .. } => {
                let released = self.released.entry(site.unwrap_or_else(|| self.site_of(tube))).or_default();
                released.reports += i64::from(*reports);
                released.non_negative += i64::from(!*negative);
            }
            Fact::FollowUp { tube, site, delta, .. } => {
                let site = site.unwrap_or_else(|| self.site_of(tube));
                add(&mut self.follow_ups, &site, *delta);
            }
            _ => {}
        }
    }

    /// The site of a tube; the feed tells of a tube before it tells what became of it.
    fn site_of(&self, tube: &str) -> Id<Site> {
        self.tubes.get(tube).map_or_else(|| Id::new(uuid::Uuid::nil()), |tube| tube.site)
    }

    /// What was released of the tubes of the sites that `inside` lets in.
    #[must_use]
    pub fn released(&self, inside: impl Fn(Id<Site>) -> bool) -> Released {
        let within = self.released.iter().filter(|(site, _)| inside(**site));
        within.fold(Released::default(), |sum, (_, released)| Released {
            reports: sum.reports + released.reports,
            non_negative: sum.non_negative + released.non_negative,
        })
    }

    /// Follow-ups open of the sites that `inside` lets in.
    #[must_use]
    pub fn follow_ups(&self, inside: impl Fn(Id<Site>) -> bool) -> i64 {
        self.follow_ups.iter().filter(|(site, _)| inside(**site)).map(|(_, n)| n).sum()
    }

    /// Exceptions open; `inside` is asked for the site, or for none where there is none.
    #[must_use]
    pub fn exceptions(&self, inside: impl Fn(Option<Id<Site>>) -> bool) -> i64 {
        self.exceptions.iter().filter(|((_, site), _)| inside(*site)).map(|(_, n)| n).sum()
    }

    fn count_site(&mut self, site: Id<Site>, taken_at: Instant, delta: i32) {
        let counts = self.sites.entry(site).or_default();
        counts.collections += i64::from(delta);
        add(&mut counts.steps, &taken_at.0.div_euclid(FIVE_MINUTES_S * 1_000_000), delta);
        if delta > 0 {
            counts.last_at = counts.last_at.max(Some(taken_at));
        }
    }

    /// Tubes by stage, of the sites that `inside` lets in; `limit_s` says when a stage is late.
    #[must_use]
    pub fn stages(
        &self,
        now: Instant,
        inside: impl Fn(Id<Site>) -> bool,
        limit_s: impl Fn(Stage) -> Option<i64>,
    ) -> BTreeMap<Stage, StageCounts> {
        let limits: BTreeMap<Stage, Option<i64>> = Stage::ALL.into_iter().map(|stage| (stage, limit_s(stage))).collect();
        let mut stages: BTreeMap<Stage, StageCounts> = BTreeMap::new();
        for tube in self.tubes.values().filter(|tube| inside(tube.site)) {
            let counts = stages.entry(tube.stage).or_default();
            counts.tubes += 1;
            counts.members += i64::from(tube.members);
            counts.oldest_at = Some(counts.oldest_at.map_or(tube.started_at, |oldest| oldest.min(tube.started_at)));
            if limits[&tube.stage].is_some_and(|limit| now.seconds_since(tube.started_at) > limit) {
                counts.late += 1;
            }
        }
        stages
    }

    /// 标本数: tubes with at least one collection that counts.
    #[must_use]
    pub fn filled_tubes(&self, inside: impl Fn(Id<Site>) -> bool) -> i64 {
        self.tubes.values().filter(|tube| tube.members > 0 && inside(tube.site)).count() as i64
    }

    /// Collections by five minutes, over the sites that `inside` lets in.
    #[must_use]
    pub fn curve(&self, inside: impl Fn(Id<Site>) -> bool) -> BTreeMap<i64, i64> {
        let mut curve = BTreeMap::new();
        for counts in self.sites.iter().filter(|(site, _)| inside(**site)).map(|(_, counts)| counts) {
            for (step, n) in &counts.steps {
                *curve.entry(*step).or_default() += n;
            }
        }
        curve
    }
}
