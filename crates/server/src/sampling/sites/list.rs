//! Which sites a desk looks at: those that match, in the order asked for, a page at a time.
//!
//! A city has hundreds of sites, all of them in the plan, and their figures change by the second. So a page begins after
//! a number of rows, not after a row: whoever turns pages sees each as it stands then.

use std::cmp::Ordering;

use allclear_wire::{
    Page,
    sites::{SiteSort, SiteState},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::edge::limits::PAGE_ROWS_MAX;

/// Rows of a page, if nothing is said.
const PAGE_ROWS: usize = 50;

/// Which sites, and which of them first.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub struct Which {
    /// The round; the one opened last if absent.
    pub(super) round: Option<Uuid>,
    /// Part of the name of the site, or of the area that it stands in.
    find: Option<String>,
    /// Area (its whole subtree).
    area: Option<String>,
    /// Only open ones, or only closed ones.
    open: Option<bool>,
    /// Only where one waits at least so many minutes.
    wait_minutes_min: Option<i64>,
    /// Order; by place if absent.
    #[param(inline)]
    sort: Option<SiteSort>,
    /// Whether the largest comes first.
    descending: Option<bool>,
    /// `next` of the page before: how many rows are passed over.
    after: Option<usize>,
    /// Rows of a page, at most 500; 50 if absent.
    limit: Option<usize>,
}

impl Which {
    fn matches(&self, state: &SiteState) -> bool {
        let word = self.find.as_deref().map_or("", str::trim);
        (state.site.name.contains(word) || state.area_name.contains(word))
            && self.area.as_deref().is_none_or(|area| state.site.area.starts_with(area))
            && self.open.is_none_or(|open| state.site.open == open)
            && self.wait_minutes_min.is_none_or(|min| state.wait_minutes.is_some_and(|wait| wait >= min))
    }

    /// Equal figures are in the order of places, so that pages neither repeat nor skip a site.
    fn compare(&self, a: &SiteState, b: &SiteState) -> Ordering {
        let place = |state: &SiteState| (state.site.area.clone(), state.site.name.clone(), state.site.id);
        let by_figure = match self.sort.unwrap_or_default() {
            SiteSort::Place => place(a).cmp(&place(b)),
            SiteSort::Expected => a.expected.cmp(&b.expected),
            SiteSort::Swabs => a.swabs.cmp(&b.swabs),
            SiteSort::PerHour => a.per_hour.total_cmp(&b.per_hour),
            SiteSort::Wait => a.wait_minutes.cmp(&b.wait_minutes),
        };
        let turned = if self.descending.unwrap_or_default() { by_figure.reverse() } else { by_figure };
        turned.then_with(|| place(a).cmp(&place(b)))
    }
}

/// The page of `states` that was asked for.
#[must_use]
pub fn page(mut states: Vec<SiteState>, which: &Which) -> Page<SiteState> {
    states.retain(|state| which.matches(state));
    states.sort_by(|a, b| which.compare(a, b));
    let total = states.len();
    let after = which.after.unwrap_or_default().min(total);
    let limit = which.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX as usize);
    let rows: Vec<_> = states.into_iter().skip(after).take(limit).collect();
    let next = after + rows.len();
    Page { rows, total: Some(total as i64), next: (next < total).then(|| next.to_string()) }
}

#[cfg(test)]
mod tests {
    use allclear_wire::rounds::Site;

    use super::*;

    fn state(no: u128, name: &str, area: &str, wait_minutes: Option<i64>, open: bool) -> SiteState {
        SiteState {
            site: Site {
                id: Uuid::from_u128(no),
                name: name.into(),
                area: area.into(),
                serves: vec![area.into()],
                stations: 1,
                longitude: None,
                latitude: None,
                hours: "全天".into(),
                open,
                transfer_to: None,
            },
            version: 1,
            area_name: format!("{area}村"),
            closed_reason: None,
            transfer_to_name: None,
            expected: 100,
            remaining: 100,
            swabs: 0,
            tubes: 0,
            open_tubes: 0,
            per_hour: 0.0,
            per_station_hour: 0.0,
            wait_minutes,
            last_at: None,
        }
    }

    /// Names of the page that `which` asks for, and where the next begins.
    fn asked(which: &Which) -> (String, Option<i64>, Option<String>) {
        let states = vec![
            state(1, "丁", "330784002001", Some(45), true),
            state(2, "丙", "330784001002", None, false),
            state(3, "乙", "330784001001", Some(5), true),
            state(4, "甲", "330784001001", Some(45), true),
        ];
        let page = page(states, which);
        (page.rows.iter().map(|row| row.site.name.as_str()).collect(), page.total, page.next)
    }

    #[test]
    fn pages_hold_each_site_once_in_the_order_of_places() {
        assert_eq!(asked(&Which::default()), ("乙甲丙丁".into(), Some(4), None));
        let at = |after, limit| asked(&Which { after: Some(after), limit: Some(limit), ..Which::default() });
        assert_eq!(at(0, 3), ("乙甲丙".into(), Some(4), Some("3".into())));
        assert_eq!(at(3, 3), ("丁".into(), Some(4), None));
        assert_eq!(at(usize::MAX, 3), (String::new(), Some(4), None));
        assert_eq!(at(0, 0), ("乙".into(), Some(4), Some("1".into())), "a page has at least one row");
    }

    #[test]
    fn only_what_is_asked_for_is_counted() {
        let names = |which: Which| asked(&which).0;
        assert_eq!(names(Which { find: Some(" 丁 ".into()), ..Which::default() }), "丁");
        assert_eq!(names(Which { find: Some("1002村".into()), ..Which::default() }), "丙");
        assert_eq!(names(Which { area: Some("330784001".into()), ..Which::default() }), "乙甲丙");
        assert_eq!(names(Which { open: Some(false), ..Which::default() }), "丙");
        assert_eq!(names(Which { wait_minutes_min: Some(30), ..Which::default() }), "甲丁");
    }

    #[test]
    fn equal_figures_stand_in_the_order_of_places_whichever_way_it_is_sorted() {
        let names = |sort, descending| asked(&Which { sort: Some(sort), descending: Some(descending), ..Which::default() }).0;
        assert_eq!(names(SiteSort::Wait, false), "丙乙甲丁");
        assert_eq!(names(SiteSort::Wait, true), "甲丁乙丙");
        assert_eq!(names(SiteSort::Expected, true), "乙甲丙丁");
        assert_eq!(names(SiteSort::Place, true), "丁丙甲乙");
    }
}
