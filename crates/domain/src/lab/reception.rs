//! Reception by scanning. Every scan gets a verdict; a tube that nobody knows goes to hold and is
//! traced, never retyped into existence.

use super::tube::Stage;

/// Why a tube cannot be tested although it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// 渗漏
    Leaked,
    /// 破损
    Broken,
    /// 无标签或标签不清
    LabelUnreadable,
    /// 超时
    OverTime,
    /// 无拭子
    NoSwab,
    /// 量不足
    TooLittle,
    /// 混管人数超限
    OverFull,
    /// 其他, with a note
    Other,
}

impl RejectReason {
    /// Every reason, in display order.
    pub const ALL: [Self; 8] =
        [Self::Leaked, Self::Broken, Self::LabelUnreadable, Self::OverTime, Self::NoSwab, Self::TooLittle, Self::OverFull, Self::Other];

    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::Broken => "broken",
            Self::LabelUnreadable => "label_unreadable",
            Self::OverTime => "over_time",
            Self::NoSwab => "no_swab",
            Self::TooLittle => "too_little",
            Self::OverFull => "over_full",
            Self::Other => "other",
        }
    }

    /// Reads what [`RejectReason::as_str`] gave.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// Why a scanned tube waits on the hold list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// No site has told us of this tube (yet): its phone may still be offline.
    Unknown,
    /// The tube is known but its seal has not arrived.
    NotSealed,
    /// Another laboratory has received a tube with this code.
    ReceivedElsewhere,
    /// The tube was voided or rejected before.
    Withdrawn,
}

impl HoldReason {
    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotSealed => "not_sealed",
            Self::ReceivedElsewhere => "received_elsewhere",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a scan means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// 相符: on the manifest, and received now.
    Matched,
    /// 多出: a known tube that this box should not hold; received, and the difference is noted.
    Extra,
    /// 重复: scanned before; nothing happens.
    Duplicate,
    /// 损坏: received and rejected at once.
    Damaged(RejectReason),
    /// 待查: kept apart until somebody decides.
    Hold(HoldReason),
}

impl Verdict {
    /// The word used in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Extra => "extra",
            Self::Duplicate => "duplicate",
            Self::Damaged(_) => "damaged",
            Self::Hold(_) => "hold",
        }
    }
}

/// What is known about the scanned code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scanned {
    /// The tube, if any site has told us of it.
    pub known: Option<Known>,
    /// Already scanned in this session.
    pub scanned_before: bool,
    /// What the receiver saw.
    pub damage: Option<RejectReason>,
}

/// A tube that we know, as it stands before the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its stage.
    pub stage: Stage,
    /// On the manifest of the box (or boxes) of this session.
    pub on_manifest: bool,
    /// Received by this laboratory (meaningful from `Received` on).
    pub received_here: bool,
}

/// Judges one scan.
#[must_use]
pub fn judge(scan: Scanned) -> Verdict {
    if scan.scanned_before {
        return Verdict::Duplicate;
    }
    let Some(known) = scan.known else {
        return Verdict::Hold(HoldReason::Unknown);
    };
    match known.stage {
        Stage::Rejected | Stage::Void => Verdict::Hold(HoldReason::Withdrawn),
        Stage::Open => Verdict::Hold(HoldReason::NotSealed),
        Stage::Received | Stage::OnRun | Stage::Resulted | Stage::Released => {
            if known.received_here {
                Verdict::Duplicate
            } else {
                Verdict::Hold(HoldReason::ReceivedElsewhere)
            }
        }
        Stage::Sealed | Stage::Boxed | Stage::InTransit => match scan.damage {
            Some(reason) => Verdict::Damaged(reason),
            None if known.on_manifest => Verdict::Matched,
            None => Verdict::Extra,
        },
    }
}

/// Counts of a session, missing ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// On the manifest.
    pub expected: u32,
    /// Matched.
    pub matched: u32,
    /// Known, but not of this box.
    pub extra: u32,
    /// Scanned again.
    pub duplicate: u32,
    /// Damaged, on the manifest or not.
    pub damaged: u32,
    /// On hold.
    pub hold: u32,
    /// On the manifest and not scanned.
    pub missing: u32,
}

impl Tally {
    /// Whether the box arrived as it was sealed.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        self.missing == 0 && self.extra == 0 && self.damaged == 0 && self.hold == 0
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn every_scan_gets_a_verdict() {
        let mut table = String::from("stage | manifest here damage before -> verdict\n");
        let mut line = |known: Option<Known>| {
            for (damage, before) in [(None, false), (Some(RejectReason::Leaked), false), (None, true)] {
                let name = known.map_or("unknown", |k| k.stage.as_str());
                let (manifest, here) = known.map_or((false, false), |k| (k.on_manifest, k.received_here));
                let verdict = judge(Scanned { known, scanned_before: before, damage });
                writeln!(table, "{name:10} | {manifest:5} {here:5} {:5} {before:5} -> {verdict:?}", damage.is_some()).unwrap();
            }
        };
        line(None);
        for stage in Stage::ALL {
            for on_manifest in [true, false] {
                for received_here in [true, false] {
                    line(Some(Known { stage, on_manifest, received_here }));
                }
            }
        }
        insta::assert_snapshot!("reception", table);
    }

    #[test]
    fn a_tally_agrees_only_without_differences() {
        let clean = Tally { expected: 3, matched: 3, duplicate: 2, ..Tally::default() };
        assert!(clean.agrees());
        for off in [Tally { missing: 1, ..clean }, Tally { extra: 1, ..clean }, Tally { damaged: 1, ..clean }, Tally { hold: 1, ..clean }] {
            assert!(!off.agrees(), "{off:?}");
        }
    }
}
