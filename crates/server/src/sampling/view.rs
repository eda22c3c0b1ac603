//! Rows as the wire shows them.

use allclear_domain::sampling::{round::RoundState, tube::TubeKind};
use allclear_store::{areas::AreaRow, rounds::RoundRow, rounds::SiteRow};
use allclear_wire::{people, rounds as wire, sync};

use crate::clock::rfc3339;

/// Pinyin initials of a name, for search: 张三 → zs.
#[must_use]
pub fn initials(name: &str) -> String {
    crate::people::initials::of(name)
}

/// Wire word of a tube kind.
#[must_use]
pub const fn tube_kind(kind: TubeKind) -> sync::TubeKind {
    match kind {
        TubeKind::Single => sync::TubeKind::Single,
        TubeKind::Pool5 => sync::TubeKind::Pool5,
        TubeKind::Pool10 => sync::TubeKind::Pool10,
        TubeKind::Pool20 => sync::TubeKind::Pool20,
        TubeKind::Household => sync::TubeKind::Household,
    }
}

/// An area.
#[must_use]
pub fn area(row: &AreaRow) -> people::Area {
    people::Area {
        code: row.code.to_string(),
        name: row.name.clone(),
        parent: row.code.parent().map(|parent| parent.to_string()),
        level: row.code.level().as_str().into(),
        population: row.population,
    }
}

/// A round.
#[must_use]
pub fn round(row: &RoundRow) -> wire::Round {
    wire::Round {
        id: row.id.uuid(),
        name: row.name.clone(),
        state: match row.state {
            RoundState::Draft => wire::RoundState::Draft,
            RoundState::Open => wire::RoundState::Open,
            RoundState::Closing => wire::RoundState::Closing,
            RoundState::Closed => wire::RoundState::Closed,
        },
        areas: row.areas.iter().map(|(area, _)| area.to_string()).collect(),
        tube_kind: tube_kind(row.tube_kind),
        starts_at: rfc3339(row.starts_at),
        ends_at: rfc3339(row.ends_at),
        profile_version: row.profile_version,
        expected: row.expected,
    }
}

/// A site.
#[must_use]
pub fn site(row: &SiteRow) -> wire::Site {
    wire::Site {
        id: row.id.uuid(),
        name: row.name.clone(),
        area: row.area.to_string(),
        serves: row.serves.iter().map(ToString::to_string).collect(),
        stations: row.stations,
        longitude: row.longitude,
        latitude: row.latitude,
        hours: row.hours.clone(),
        open: row.open,
        transfer_to: row.transfer_to.map(allclear_domain::kernel::id::Id::uuid),
    }
}
