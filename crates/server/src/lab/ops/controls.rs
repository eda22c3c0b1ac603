//! Control wells: typed, scanned or from a file. One that fails holds the whole run back until its tubes are repeated
//! or a mistyped control is corrected; the flag stays for headquarters either way.

use std::collections::BTreeMap;

use allclear_domain::{
    kernel::id::{Id, Run},
    lab::{
        plausibility::Flag,
        result::Value,
        run::{Control, RunState, Well},
    },
};
use allclear_store::{Tx, lab::LabRow, lab::runs::WellRow};
use allclear_wire::lab as wire;

use super::{Act, results::raise};
use crate::{
    edge::problem::{Code, Result},
    lab::view,
};

/// How a control came out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    /// Where, if it was told.
    pub well: Option<Well>,
    /// Which.
    pub control: Control,
    /// How.
    pub value: Value,
}

/// Reads typed controls.
pub(super) fn said(controls: &[wire::EnterControl]) -> Result<Vec<Said>> {
    controls
        .iter()
        .map(|control| {
            let well = match control.well.as_deref() {
                None | Some("") => None,
                Some(text) => Some(Well::parse(text).ok_or_else(|| Code::BodyInvalid.field("/controls"))?),
            };
            let kind = Control::parse(&control.control).ok_or_else(|| Code::BodyInvalid.field("/controls"))?;
            Ok(Said { well, control: kind, value: view::value_in(control.value) })
        })
        .collect()
}

fn well_of<'w>(wells: &'w [WellRow], said: &Said) -> Option<&'w WellRow> {
    let at = said.well.map(Well::index).map(i32::from);
    let same = |well: &&WellRow| well.control.as_deref() == Some(said.control.as_str());
    wells.iter().filter(same).find(|well| at.is_none() || at == Some(well.well))
}

/// Whether a stored control came out as it must not.
fn fails(well: &WellRow) -> bool {
    let control = well.control.as_deref().and_then(Control::parse);
    control.zip(well.value.as_deref().and_then(Value::parse)).is_some_and(|(control, value)| !control.holds(value))
}

/// Notes how controls came out; answers whether the run is held back. `known` refuses a control that the plate does
/// not have: a person can look, a file cannot.
pub(super) fn put(tx: &Tx<'_>, act: &Act, lab: &LabRow, run: Id<Run>, controls: &[Said], known: bool) -> Result<bool> {
    let mut row = tx.run_for_update(run)?.filter(|row| row.lab == lab.id).ok_or_else(|| Code::NotFound.field("/run"))?;
    if controls.is_empty() {
        return Ok(row.control_failed);
    }
    if matches!(row.state, RunState::Draft | RunState::Aborted) {
        return Err(Code::StateConflict.field("/run").detail("the run is not on an instrument"));
    }
    let wells = tx.wells(run)?;
    let mut failed = false;
    for said in controls {
        match well_of(&wells, said) {
            Some(well) => tx.set_well_value(run, well.well, said.value.as_str())?,
            None if known => return Err(Code::BodyInvalid.field("/controls").detail("the plate has no such control")),
            None => failed |= !said.control.holds(said.value),
        }
    }
    failed |= tx.wells(run)?.iter().any(fails);
    if row.control_failed != failed {
        row.control_failed = failed;
        tx.update_run(&row)?;
    }
    if failed {
        let mut by_kind: BTreeMap<Control, Vec<&str>> = BTreeMap::new();
        controls.iter().for_each(|said| by_kind.entry(said.control).or_default().push(said.value.as_str()));
        let said: Vec<String> = by_kind.iter().map(|(control, values)| format!("{} {}", control.as_str(), values.join(" "))).collect();
        raise(tx, act, lab, Some(run), Flag::ControlFailed, &serde_json::json!({ "controls": said }))?;
    }
    Ok(failed)
}
