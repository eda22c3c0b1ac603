//! What the product is compared with: an endpoint that does nothing, and one that only writes the
//! row through a group commit. Both take the same request and give the same answer; they are served
//! by benchmarks only.

use std::sync::Arc;

use allclear_domain::{
    kernel::{area::AreaCode, id::Id, id::PersonNo},
    sampling::FactKey,
};
use allclear_store::{Store, sampling::CollectionRow};
use allclear_wire::sync::{Command, Op, Outcome, OutcomeState, PersonRef, SyncRequest, SyncResponse};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    app::AppState,
    clock::parse_rfc3339,
    edge::problem::{Code, Result},
    sampling::command::{id_mode, tube_kind},
};

type Item = (Vec<CollectionRow>, oneshot::Sender<bool>);

/// The bare routes.
pub fn routes(app: &AppState) -> Router {
    let (sender, receiver) = mpsc::channel(4096);
    tokio::spawn(write(app.store.clone(), receiver));
    Router::new()
        .route("/bench/noop", post(noop))
        .route("/bench/nothing", get(nothing))
        .route("/bench/bare", post(bare))
        .route("/bench/bare-batch", post(bare_batch))
        .with_state(sender)
}

const fn done(id: uuid::Uuid) -> Json<Outcome> {
    Json(Outcome { id, state: OutcomeState::Recorded, exception: None, warning: None, holder: None })
}

async fn noop(Json(command): Json<Command>) -> Json<Outcome> {
    done(command.id)
}

async fn nothing() -> Json<Outcome> {
    done(uuid::Uuid::nil())
}

async fn bare(State(sender): State<mpsc::Sender<Item>>, Json(command): Json<Command>) -> Result<Json<Outcome>> {
    let id = command.id;
    let row = row(command).ok_or_else(|| Code::BodyInvalid.problem())?;
    commit(&sender, vec![row]).await?;
    Ok(done(id))
}

async fn bare_batch(State(sender): State<mpsc::Sender<Item>>, Json(request): Json<SyncRequest>) -> Result<Json<SyncResponse>> {
    let rows: Vec<CollectionRow> = request.commands.into_iter().filter_map(row).collect();
    let outcomes = rows.iter().map(|row| done(row.id.uuid()).0).collect();
    commit(&sender, rows).await?;
    Ok(Json(SyncResponse { received_at: request.sent_at, outcomes }))
}

async fn commit(sender: &mpsc::Sender<Item>, rows: Vec<CollectionRow>) -> Result<()> {
    let (answer, wait) = oneshot::channel();
    sender.try_send((rows, answer)).map_err(|_| Code::SlowDown.problem())?;
    match wait.await {
        Ok(true) => Ok(()),
        _ => Err(Code::StoreAway.problem()),
    }
}

/// The row of a registration, without looking anything up.
pub fn row(command: Command) -> Option<CollectionRow> {
    let Op::RecordCollection(c) = command.op else { return None };
    let PersonRef::No { no } = c.person else { return None };
    let at = parse_rfc3339(&command.at)?;
    Some(CollectionRow {
        tube: c.tube,
        id: Id::new(command.id),
        round: Id::new(c.round),
        person: Some(PersonNo(no)),
        claimed: None,
        area: AreaCode::from_number(330_784_105_200).ok()?,
        site: Id::new(c.site),
        station: c.station,
        kind: tube_kind(c.tube_kind),
        registrar: Id::new(c.site),
        id_mode: id_mode(c.id_mode).into(),
        offline: command.offline,
        key: FactKey { at, device_no: 1, device_seq: command.device_seq },
        recorded_at: at,
        clock_offset: 0,
        state: "valid".into(),
        flaw: None,
        decision: None,
        moved_from: None,
    })
}

async fn write(store: Store, mut receiver: mpsc::Receiver<Item>) {
    let mut waiting = Vec::new();
    while receiver.recv_many(&mut waiting, 512).await > 0 {
        let (rows, answers): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let rows: Arc<Vec<CollectionRow>> = Arc::new(rows.into_iter().flatten().collect());
        let work = Arc::clone(&rows);
        let written = store.run("bench_bare", move |tx| tx.insert_collections(&work)).await.is_ok();
        for answer in answers {
            let _ = answer.send(written);
        }
    }
}
