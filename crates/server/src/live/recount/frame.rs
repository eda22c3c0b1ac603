//! What a screen is sent, held against the records: the frame is drawn and read back as JSON, so that
//! a mistake between the counts and the screen is a difference too.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::{
        area::AreaCode,
        id::{Id, Round},
    },
    live::FIVE_MINUTES_S,
};
use allclear_wire::live::{AreaCounts, LiveFrame};
use uuid::Uuid;

use super::Figures;
use crate::{
    app::App,
    clock::parse_rfc3339,
    edge::problem::{Code, Result},
    live::ops,
};

/// Level of these figures.
pub(super) const LEVEL: &str = "frame";
/// Five minutes that a frame shows.
const STEPS: i64 = 576;
/// The words of the board for the stages of a tube, as the domain page has them.
const STAGES: [(&str, &[&str]); 8] = [
    ("open", &["open"]),
    ("at_site", &["sealed", "boxed"]),
    ("in_transit", &["in_transit"]),
    ("received", &["received"]),
    ("on_run", &["on_run"]),
    ("resulted", &["resulted"]),
    ("released", &["released"]),
    ("rejected", &["rejected", "void"]),
];

/// Figures of each round's frame for somebody who sees everything, and the same from the records;
/// none if a change came since.
pub(super) fn figures(app: &App, seq: i64, records: &Figures) -> Result<Option<(Figures, Figures)>> {
    let plan = app.plan();
    let inside = |area: AreaCode| plan.areas.iter().any(|root| root.code != area && area.is_within(root.code));
    let scope: Vec<AreaCode> = plan.areas.iter().map(|area| area.code).filter(|area| !inside(*area)).collect();
    let (mut shown, mut counted) = (Figures::new(), Figures::new());
    for round in plan.rounds.keys() {
        let rendered = ops::draw(app, Some(*round), &scope, true)?;
        if rendered.seq != seq {
            return Ok(None);
        }
        let frame: LiveFrame = serde_json::from_slice(&rendered.json).map_err(|e| Code::Internal.problem().detail(e.to_string()))?;
        let mut pairs = Pairs { round: *round, records, shown: &mut shown, counted: &mut counted };
        pairs.round(&frame);
        pairs.areas(&frame);
        pairs.curve(&frame);
    }
    Ok(Some((shown, counted)))
}

/// Puts what a frame shows beside what the records say.
struct Pairs<'a> {
    round: Id<Round>,
    records: &'a Figures,
    shown: &'a mut Figures,
    counted: &'a mut Figures,
}

impl Pairs<'_> {
    fn of(&self, level: &'static str, subject: &str, figure: &str) -> i64 {
        self.records.get(&(Some(self.round.uuid()), level, subject.to_owned(), figure.to_owned())).copied().unwrap_or(0)
    }

    fn pair(&mut self, subject: &str, figure: &str, shown: i64, counted: i64) {
        let key = (Some(self.round.uuid()), LEVEL, subject.to_owned(), figure.to_owned());
        self.shown.insert(key.clone(), shown);
        self.counted.insert(key, counted);
    }

    /// Figures of the whole round.
    fn round(&mut self, frame: &LiveFrame) {
        self.area("", "city", "", &frame.total);
        for (figure, shown, level, subject, of) in [
            ("tubes", frame.tubes, "city", "", "tubes"),
            ("persons_in_open_tubes", frame.persons_in_open_tubes, "stage", "open", "members"),
            ("person_reports", frame.person_reports, "lab", "", "person_reports"),
            ("non_negative", frame.non_negative, "lab", "", "non_negative"),
            ("follow_ups_open", frame.follow_ups_open, "lab", "", "follow_ups"),
        ] {
            let counted = self.of(level, subject, of);
            self.pair("", figure, shown, counted);
        }
        let missing = self.of("city", "", "expected") - self.of("city", "", "expected_sampled");
        self.pair("", "remaining", frame.forecast.as_ref().map_or(0, |forecast| forecast.remaining), missing);
        let of_round = |round: Option<Uuid>| round.is_none() || round == Some(self.round.uuid());
        let open = self.records.iter().filter(|((round, level, ..), _)| *level == "exceptions" && of_round(*round)).map(|(_, n)| n).sum();
        self.pair("", "exceptions_open", frame.exceptions_open, open);
        let p = &frame.pipeline;
        let tubes = [p.open, p.at_site, p.in_transit, p.received, p.on_run, p.resulted, p.released, p.rejected];
        for ((word, stages), shown) in STAGES.into_iter().zip(tubes) {
            let counted = stages.iter().map(|stage| self.of("stage", stage, "tubes")).sum();
            self.pair("", &format!("pipeline {word}"), shown, counted);
            if let Some(age) = frame.stages.iter().find(|age| age.stage == word) {
                self.pair("", &format!("waiting {word}"), age.tubes, counted);
            }
        }
        for site in &frame.sites {
            let counted = self.of("site", &site.site.to_string(), "collections");
            self.pair(&site.site.to_string(), "collections", site.collections, counted);
        }
    }

    fn area(&mut self, subject: &str, level: &'static str, of: &str, area: &AreaCounts) {
        for (figure, shown) in [
            ("expected", area.expected),
            ("expected_sampled", area.expected_sampled),
            ("unexpected_sampled", area.unexpected_sampled),
            ("collections", area.collections),
        ] {
            let counted = self.of(level, of, figure);
            self.pair(subject, figure, shown, counted);
        }
    }

    /// Towns: those of the frame, and those of the records that the frame may have left out.
    fn areas(&mut self, frame: &LiveFrame) {
        let mut towns: BTreeMap<String, AreaCounts> = frame.areas.iter().map(|area| (area.area.clone(), area.clone())).collect();
        for (round, level, town, _) in self.records.keys() {
            if *level == "town" && *round == Some(self.round.uuid()) {
                towns.entry(town.clone()).or_default();
            }
        }
        for (town, counts) in &towns {
            self.area(town, "town", town, counts);
        }
    }

    /// The curve, from the first five minutes that the frame has room for.
    fn curve(&mut self, frame: &LiveFrame) {
        let step = |at: &str| parse_rfc3339(at).map(|at| at.0.div_euclid(FIVE_MINUTES_S * 1_000_000));
        let mut shown: BTreeMap<i64, i64> = frame.curve.iter().filter_map(|(at, n)| Some((step(at)?, *n))).collect();
        let of_round = self.records.keys().filter(|(round, level, ..)| *level == "curve" && *round == Some(self.round.uuid()));
        let steps: Vec<i64> = of_round.filter_map(|(_, _, step, _)| step.parse().ok()).collect();
        let first = steps.iter().max().map_or(0, |last| last - STEPS + 1);
        for step in steps.into_iter().filter(|step| *step >= first) {
            shown.entry(step).or_default();
        }
        for (step, n) in shown {
            let counted = self.of("curve", &step.to_string(), "collections");
            self.pair(&format!("curve {step}"), "collections", n, counted);
        }
    }
}
