//! Many exceptions at once: decided as suggested, or as a file.

use allclear_domain::{
    kernel::{access::Action, area::AreaCode, time::Instant},
    sampling::{
        ExceptionKind,
        exception::{Resolution, allowed, suggested},
    },
};
use allclear_store::{
    Tx,
    sampling::{ExceptionRow, exceptions::ExceptionFilter},
};
use allclear_wire::exceptions::{ResolveException, ResolveMany, ResolvedMany};
use uuid::Uuid;

use super::{ops, view};
use crate::{
    app::App,
    clock::rfc3339,
    edge::{
        guard::Caller,
        limits::{BULK_DECISIONS_MAX, EXCEPTION_EXPORT_MAX},
        problem::{Code, Result},
    },
    plan::Plan,
    sampling::{
        rounds::{ops::text, view::area_name},
        table::plain,
    },
};

/// What is suggested for an exception, if it may be done without naming anything more.
fn plain_suggestion(tx: &Tx<'_>, plan: &Plan, row: &ExceptionRow) -> Result<Option<Resolution>> {
    let kind = ExceptionKind::parse(&row.kind).ok_or_else(|| Code::Internal.problem())?;
    let (swab, tube) = (ops::swab_of(tx, row)?, tx.tube(&row.subject)?);
    let sides = ops::sides(plan, row, swab.as_ref(), tube.as_ref());
    let what = suggested(kind, sides);
    let alone = !matches!(what, Resolution::LinkPerson | Resolution::CorrectKind);
    Ok((row.state == "open" && alone && allowed(kind, sides).contains(&what)).then_some(what))
}

/// Decides exceptions of one kind, each as it is suggested; those that need more are left. Each is a
/// commit of its own: what was decided before an error stays decided.
pub async fn resolve_many(app: &App, caller: &Caller, request: ResolveMany) -> Result<ResolvedMany> {
    let note = text(&request.note, "/note").map_err(|_| Code::ReasonRequired.field("/note"))?;
    if request.ids.is_empty() || request.ids.len() > BULK_DECISIONS_MAX {
        return Err(Code::BodyInvalid.field("/ids").detail(format!("1 to {BULK_DECISIONS_MAX} exceptions")));
    }
    let (plan, may, ids) = (app.plan(), caller.clone(), request.ids);
    let plans = app.store.read("resolve_many", move |tx| -> Result<Vec<(Uuid, Option<Resolution>)>> {
        let mut plans = Vec::with_capacity(ids.len());
        let mut kind = None;
        for id in ids {
            let row = tx.exception_by_id(id)?.ok_or_else(|| Code::NotFound.field("/ids"))?;
            may.require_in(Action::ResolveExceptions, row.area)?;
            if kind.get_or_insert_with(|| row.kind.clone()) != &row.kind {
                return Err(Code::BodyInvalid.field("/ids").detail("exceptions of one kind only"));
            }
            plans.push((id, plain_suggestion(tx, &plan, &row)?));
        }
        Ok(plans)
    });
    let mut done = ResolvedMany::default();
    for (id, what) in plans.await? {
        let Some(what) = what else {
            done.left.push(id);
            continue;
        };
        let request =
            ResolveException { decision: view::resolution(what), person: None, register: None, tube_kind: None, note: note.clone() };
        match ops::resolve_exception(app, caller, id, request).await {
            Ok(()) => done.resolved += 1,
            // Decided meanwhile, or its sides changed: somebody looks at it.
            Err(problem) if matches!(problem.code(), Code::StateConflict | Code::DecisionNotAllowed) => done.left.push(id),
            Err(problem) => return Err(problem),
        }
    }
    Ok(done)
}

/// Columns of the file.
pub const HEADER: [&str; 11] = ["时间", "异常", "编码", "轮次", "采样点", "区域", "设备", "状态", "处理", "说明", "处理时间"];

/// Rows of the file; no identities.
pub fn rows(tx: &Tx<'_>, plan: &Plan, roots: &[AreaCode], filter: &ExceptionFilter) -> Result<Vec<[String; 11]>> {
    let mut found = Vec::new();
    for root in roots {
        found.extend(tx.list_exceptions(*root, filter, (Instant(i64::MIN), Uuid::nil()), EXCEPTION_EXPORT_MAX + 1)?);
    }
    if found.len() as i64 > EXCEPTION_EXPORT_MAX {
        return Err(Code::BodyTooLarge.problem().detail(format!("at most {EXCEPTION_EXPORT_MAX} rows: choose a smaller area or one kind")));
    }
    found.sort_by_key(|row| (row.opened_at, row.id));
    Ok(found.iter().map(|row| line(plan, row)).collect())
}

fn line(plan: &Plan, row: &ExceptionRow) -> [String; 11] {
    let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap_or_default();
    let shown = view::line(plan, row);
    [
        shown.opened_at,
        ExceptionKind::parse(&row.kind).map(ExceptionKind::zh).unwrap_or_default().to_owned(),
        plain(&row.subject),
        shown.round_name.unwrap_or_default(),
        shown.site_name.unwrap_or_default(),
        area_name(plan, row.area),
        detail["device_no"].as_i64().map(|no| no.to_string()).unwrap_or_default(),
        if row.state == "open" { "待处理" } else { "已处理" }.to_owned(),
        row.resolution.as_deref().map(decided).unwrap_or_default().to_owned(),
        plain(row.note.as_deref().unwrap_or_default()),
        row.resolved_at.map(rfc3339).unwrap_or_default(),
    ]
}

fn decided(word: &str) -> &str {
    match Resolution::parse(word) {
        Some(Resolution::Keep) => "采纳",
        Some(Resolution::Void) => "作废",
        Some(Resolution::LinkPerson) => "认领到人",
        Some(Resolution::Dismiss) => "不处理",
        Some(Resolution::CorrectKind) => "更正管型",
        None => "后续事实了结",
    }
}
