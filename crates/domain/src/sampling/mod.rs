//! Sampling: round, site, collection, tube, box, hand-over.
//!
//! What happened in the field is a *set* of facts. Devices are offline, so facts arrive late, twice
//! and out of order; the state of a tube is therefore a pure function of its set of facts, folded in
//! the order of their [`FactKey`]. That is why any order, any repetition and any split over devices
//! give the same state.

pub mod boxes;
pub mod exception;
pub mod exemption;
pub mod handover;
pub mod hours;
pub mod missing;
pub mod planner;
pub mod queue;
pub mod round;
pub mod scope;
pub mod tube;

use crate::kernel::{id::Id, id::Site, time::Instant};

/// Canonical order of field facts: the device's own time, then device, then the device's count.
/// The raw device time is used, not a corrected one: a correction is measured at each send, and a
/// replay must have the same key. A clock too far off is an exception instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// The device's clock when it happened.
    pub at: Instant,
    /// Short number of the device.
    pub device_no: i64,
    /// The device's own count.
    pub device_seq: i64,
}

/// One table of a site. An open tube belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Station {
    /// The site.
    pub site: Id<Site>,
    /// Number of the table, from 1.
    pub number: i32,
}

/// Why a field fact waits for a person. It is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// The person already has a valid collection in this round.
    SecondCollection,
    /// The tube belongs to another station.
    TubeHeldElsewhere,
    /// The tube had been sealed when this happened.
    TubeSealed,
    /// The tube had as many swabs as its kind allows.
    TubeOverFull,
    /// Nobody has this code or document.
    UnknownPerson,
    /// The round was not open when this happened.
    RoundClosed,
    /// The device's clock was too far off.
    ClockTooFarOff,
    /// The same id came with other content.
    ContentDiffers,
    /// A count that does not agree and was not signed.
    CountDiffers,
    /// The code is malformed or of another kind.
    MalformedCode,
    /// What the command names is not known.
    UnknownTarget,
    /// The command does not fit the state of tube or box.
    WrongState,
    /// The sender does not hold the role or area.
    OutOfScope,
    /// The halves of a hand-over, or what the phones showed each other, do not agree.
    HandOverDisputed,
}

impl ExceptionKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::SecondCollection,
        Self::TubeHeldElsewhere,
        Self::TubeSealed,
        Self::TubeOverFull,
        Self::UnknownPerson,
        Self::RoundClosed,
        Self::ClockTooFarOff,
        Self::ContentDiffers,
        Self::CountDiffers,
        Self::MalformedCode,
        Self::UnknownTarget,
        Self::WrongState,
        Self::OutOfScope,
        Self::HandOverDisputed,
    ];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecondCollection => "second_collection",
            Self::TubeHeldElsewhere => "tube_held_elsewhere",
            Self::TubeSealed => "tube_sealed",
            Self::TubeOverFull => "tube_over_full",
            Self::UnknownPerson => "unknown_person",
            Self::RoundClosed => "round_closed",
            Self::ClockTooFarOff => "clock_too_far_off",
            Self::ContentDiffers => "content_differs",
            Self::CountDiffers => "count_differs",
            Self::MalformedCode => "malformed_code",
            Self::UnknownTarget => "unknown_target",
            Self::WrongState => "wrong_state",
            Self::OutOfScope => "out_of_scope",
            Self::HandOverDisputed => "hand_over_disputed",
        }
    }

    /// Name in Chinese, for files.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::SecondCollection => "本轮重复采样",
            Self::TubeHeldElsewhere => "采样管在别处打开",
            Self::TubeSealed => "采样管已封",
            Self::TubeOverFull => "采样管超员",
            Self::UnknownPerson => "查无此人",
            Self::RoundClosed => "轮次未开放",
            Self::ClockTooFarOff => "设备时钟偏差过大",
            Self::ContentDiffers => "同号不同内容",
            Self::CountDiffers => "清点数不符",
            Self::MalformedCode => "编码不合规",
            Self::UnknownTarget => "对象未登记",
            Self::WrongState => "状态不符",
            Self::OutOfScope => "超出权限范围",
            Self::HandOverDisputed => "交接不一致",
        }
    }

    /// Reads what [`ExceptionKind::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
