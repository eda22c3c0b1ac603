//! What a commit changed. Followers (live view, person's side, laboratory) read only these.

use super::{
    area::AreaCode,
    id::{Collection, Id, PersonNo, Round, Site},
    time::Instant,
};
/// The stage of a tube is a word of the feed: those who only count read it here.
pub use crate::sampling::tube::Stage;

/// One fact of a change. Codes are text here: a change is read by those who only count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A collection began or ceased to count (`delta` 1 or -1).
    Collection {
        /// The collection.
        id: Id<Collection>,
        /// Its round.
        round: Id<Round>,
        /// Its tube.
        tube: String,
        /// Who.
        person: PersonNo,
        /// Living area of the person.
        area: AreaCode,
        /// Where it was taken.
        site: Id<Site>,
        /// When it was taken.
        taken_at: Instant,
        /// Device that sent it.
        device_no: i64,
        /// 1 when it began to count, -1 when it ceased.
        delta: i32,
    },
    /// A tube changed stage or number of members.
    Tube {
        /// The tube.
        code: String,
        /// Its round.
        round: Id<Round>,
        /// Its site.
        site: Id<Site>,
        /// Stage before; none for a new tube.
        from: Option<Stage>,
        /// Stage after.
        to: Stage,
        /// Collections that count, after.
        members: i32,
        /// When the stage was reached.
        at: Instant,
        /// When the clock of this stage began, if it begins with it: the first swab in the field, the
        /// reception in a laboratory. None: the clock that runs goes on.
        started_at: Option<Instant>,
    },
    /// An exception was opened (1) or resolved (-1).
    Exception {
        /// Its kind's word.
        kind: String,
        /// Round, if it belongs to one.
        round: Option<Id<Round>>,
        /// Site, if it happened at one.
        site: Option<Id<Site>>,
        /// 1 or -1.
        delta: i32,
    },
    /// A round was ordered, changed state or got another expected list: reload it.
    Round {
        /// Which.
        round: Id<Round>,
    },
    /// Results were released.
    Released {
        /// The tube.
        tube: String,
        /// Its round.
        round: Id<Round>,
        /// Site under which it is counted; none in changes that were written before it was told.
        site: Option<Id<Site>>,
        /// Whether the result is negative.
        negative: bool,
        /// Members whose report came out.
        reports: i32,
    },
    /// A follow-up was opened (1) or closed (-1).
    FollowUp {
        /// The tube.
        tube: String,
        /// Its round.
        round: Id<Round>,
        /// Site under which it is counted, the same when it closes as when it opened; none in changes that
        /// were written before it was told.
        site: Option<Id<Site>>,
        /// 1 or -1.
        delta: i32,
    },
}

/// One numbered entry of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Number, without gaps, in commit order.
    pub seq: i64,
    /// When it was recorded.
    pub at: Instant,
    /// Name of the operation that made it.
    pub op: String,
    /// What changed.
    pub facts: Vec<Fact>,
}
