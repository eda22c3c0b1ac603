//! Tubes, collections, custody, boxes, hand-overs, exceptions.

pub mod exceptions;
pub mod missing;
mod person_side;
mod rows;
pub mod waiting;

use std::collections::HashMap;

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Account, Collection, Id, PersonNo, Round, Site},
    time::Instant,
};
use uuid::Uuid;

pub use person_side::PersonCollectionRow;
pub use rows::{BoxRow, CollectionRow, CustodyRow, ExceptionRow, HandoverRow, TubeRow};
use rows::{collection, custody, exception, tube};

use crate::{Bulk, Result, Tx, Ty, Val};

static TUBES: Bulk = Bulk {
    table: "tube",
    columns: &[
        ("bucket", Ty::I64),
        ("code", Ty::Text),
        ("round", Ty::Blob),
        ("kind", Ty::Text),
        ("stage", Ty::Text),
        ("site", Ty::Blob),
        ("station", Ty::I64),
        ("valid", Ty::I64),
        ("inside", Ty::I64),
        ("box", Ty::Text),
        ("counted", Ty::I64),
        ("opened_at", Ty::I64),
        ("sealed_at", Ty::I64),
        ("stage_at", Ty::I64),
        ("last_at", Ty::I64),
        ("last_device", Ty::I64),
        ("last_seq", Ty::I64),
        ("version", Ty::I64),
    ],
    on_conflict: "ON CONFLICT (bucket, code) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, site = excluded.site,
        station = excluded.station, valid = excluded.valid, inside = excluded.inside, box = excluded.box, counted = excluded.counted,
        sealed_at = excluded.sealed_at, stage_at = excluded.stage_at, last_at = excluded.last_at, last_device = excluded.last_device,
        last_seq = excluded.last_seq, version = excluded.version WHERE tube.version = excluded.version - 1",
};

static COLLECTIONS: Bulk = Bulk {
    table: "collection",
    columns: &[
        ("bucket", Ty::I64),
        ("tube", Ty::Text),
        ("id", Ty::Blob),
        ("round", Ty::Blob),
        ("person", Ty::I64),
        ("claimed", Ty::Blob),
        ("area", Ty::I64),
        ("site", Ty::Blob),
        ("station", Ty::I64),
        ("kind", Ty::Text),
        ("registrar", Ty::Blob),
        ("id_mode", Ty::Text),
        ("offline", Ty::I64),
        ("taken_at", Ty::I64),
        ("device_no", Ty::I64),
        ("device_seq", Ty::I64),
        ("recorded_at", Ty::I64),
        ("clock_offset", Ty::I64),
        ("state", Ty::Text),
        ("flaw", Ty::Text),
        ("moved_from", Ty::Text),
    ],
    on_conflict: "ON CONFLICT (bucket, tube, id) DO NOTHING",
};

static CUSTODY: Bulk = Bulk {
    table: "custody",
    columns: &[
        ("bucket", Ty::I64),
        ("subject", Ty::Text),
        ("id", Ty::Blob),
        ("event", Ty::Text),
        ("at", Ty::I64),
        ("device_no", Ty::I64),
        ("device_seq", Ty::I64),
        ("recorded_at", Ty::I64),
        ("actor", Ty::Blob),
        ("target", Ty::Text),
        ("counted", Ty::I64),
        ("signed_by", Ty::Text),
        ("detail", Ty::Text),
        ("verdict", Ty::Text),
    ],
    on_conflict: "ON CONFLICT (bucket, subject, id) DO NOTHING",
};

impl Tx<'_> {
    /// Some tubes, locked until the end of the transaction.
    pub fn tubes_for_update(&self, codes: &[&str]) -> Result<HashMap<String, TubeRow>> {
        let rows = self.lock_by_bucket(
            "SELECT bucket, code, round, kind, stage, site, station, valid, inside, box, counted, opened_at,
                    sealed_at, stage_at, last_at, last_device, last_seq, version
             FROM tube WHERE bucket = $1 AND code IN TEXTS($2) ORDER BY code FOR UPDATE",
            codes,
        )?;
        rows.iter().map(|row| tube(row).map(|tube| (tube.code.clone(), tube))).collect()
    }

    /// One tube.
    pub fn tube(&self, code: &str) -> Result<Option<TubeRow>> {
        self.query_opt(
            "SELECT bucket, code, round, kind, stage, site, station, valid, inside, box, counted,
                               opened_at, sealed_at, stage_at, last_at, last_device, last_seq, version
                        FROM tube WHERE bucket = $1 AND code = $2",
            &[self.bucket(code.as_bytes()).into(), code.into()],
        )?
        .as_ref()
        .map(tube)
        .transpose()
    }

    /// Tubes in a box.
    pub fn tubes_in_box(&self, box_code: &str) -> Result<Vec<TubeRow>> {
        self.query(
            "SELECT bucket, code, round, kind, stage, site, station, valid, inside, box, counted, opened_at,
                           sealed_at, stage_at, last_at, last_device, last_seq, version
                    FROM tube WHERE box = $1 ORDER BY code LIMIT 2000",
            &[box_code.into()],
        )?
        .iter()
        .map(tube)
        .collect()
    }

    /// Writes tubes whose `version` was raised by one; a tube that somebody else changed is an error.
    pub fn upsert_tubes(&self, tubes: &[&TubeRow]) -> Result<()> {
        let rows: Vec<Vec<Val<'_>>> = tubes
            .iter()
            .map(|t| {
                vec![
                    self.bucket(t.code.as_bytes()).into(),
                    (&t.code).into(),
                    t.round.into(),
                    t.kind.as_str().into(),
                    t.stage.as_str().into(),
                    t.site.into(),
                    t.station.into(),
                    t.valid.into(),
                    t.inside.into(),
                    t.box_code.as_ref().into(),
                    t.counted.into(),
                    t.opened_at.into(),
                    t.sealed_at.into(),
                    t.stage_at.into(),
                    t.last.at.into(),
                    t.last.device_no.into(),
                    t.last.device_seq.into(),
                    t.version.into(),
                ]
            })
            .collect();
        let changed = self.bulk(&TUBES, &rows)?;
        let expected = tubes.len() as u64;
        if changed == expected { Ok(()) } else { Err(crate::StoreError::Rows { table: "tube", expected, changed }) }
    }

    /// Adds collections; one that exists stays as it is. Answers how many were new.
    pub fn insert_collections(&self, rows: &[CollectionRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = rows
            .iter()
            .map(|c| {
                vec![
                    self.bucket(c.tube.as_bytes()).into(),
                    (&c.tube).into(),
                    c.id.into(),
                    c.round.into(),
                    c.person.into(),
                    c.claimed.as_ref().into(),
                    c.area.into(),
                    c.site.into(),
                    c.station.into(),
                    c.kind.as_str().into(),
                    c.registrar.into(),
                    (&c.id_mode).into(),
                    c.offline.into(),
                    c.key.at.into(),
                    c.key.device_no.into(),
                    c.key.device_seq.into(),
                    c.recorded_at.into(),
                    c.clock_offset.into(),
                    (&c.state).into(),
                    c.flaw.as_ref().into(),
                    c.moved_from.as_ref().into(),
                ]
            })
            .collect();
        self.bulk(&COLLECTIONS, &rows)
    }

    /// Collections of one tube: at most a tube's size and its exceptions.
    pub fn collections_of(&self, tube: &str) -> Result<Vec<CollectionRow>> {
        self.query(
            "SELECT bucket, tube, id, round, person, claimed, area, site, station, kind, registrar, id_mode,
                           offline, taken_at, device_no, device_seq, recorded_at, clock_offset, state, flaw,
                           decision, moved_from
                    FROM collection WHERE bucket = $1 AND tube = $2",
            &[self.bucket(tube.as_bytes()).into(), tube.into()],
        )?
        .iter()
        .map(collection)
        .collect()
    }

    /// Sets the state of one collection.
    pub fn set_collection_state(&self, tube: &str, id: Id<Collection>, state: &str) -> Result<()> {
        self.execute_exact(
            "collection",
            1,
            "UPDATE collection SET state = $1 WHERE bucket = $2 AND tube = $3 AND id = $4",
            &[state.into(), self.bucket(tube.as_bytes()).into(), tube.into(), id.into()],
        )
    }

    /// Notes a supervisor's decision about one collection, and who it is if that was found out.
    pub fn decide_collection(&self, tube: &str, id: Id<Collection>, decision: &str, person: Option<(PersonNo, AreaCode)>) -> Result<()> {
        let bucket = self.bucket(tube.as_bytes());
        if let Some((no, area)) = person {
            self.execute_exact(
                "collection",
                1,
                "UPDATE collection SET person = $1, area = $2, claimed = NULL WHERE bucket = $3 AND tube = $4 AND id = $5",
                &[no.into(), area.into(), bucket.into(), tube.into(), id.into()],
            )?;
        }
        self.execute_exact(
            "collection",
            1,
            "UPDATE collection SET decision = $1 WHERE bucket = $2 AND tube = $3 AND id = $4",
            &[decision.into(), bucket.into(), tube.into(), id.into()],
        )
    }

    /// Takes back a collection row that a move had made (it is derived, the move itself is kept).
    pub fn delete_moved_collection(&self, tube: &str, id: Id<Collection>) -> Result<u64> {
        self.execute(
            "DELETE FROM collection WHERE bucket = $1 AND tube = $2 AND id = $3 AND moved_from IS NOT NULL",
            &[self.bucket(tube.as_bytes()).into(), tube.into(), id.into()],
        )
    }

    /// Adds custody events; one that exists stays. Answers how many were new.
    pub fn insert_custody(&self, rows: &[CustodyRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = rows
            .iter()
            .map(|c| {
                vec![
                    self.bucket(c.subject.as_bytes()).into(),
                    (&c.subject).into(),
                    c.id.into(),
                    (&c.event).into(),
                    c.key.at.into(),
                    c.key.device_no.into(),
                    c.key.device_seq.into(),
                    c.recorded_at.into(),
                    c.actor.into(),
                    c.target.as_ref().into(),
                    c.counted.into(),
                    c.signed_by.as_ref().into(),
                    c.detail.as_ref().into(),
                    (&c.verdict).into(),
                ]
            })
            .collect();
        self.bulk(&CUSTODY, &rows)
    }

    /// Which of these tubes have anything besides swabs on record.
    pub fn in_custody(&self, codes: &[&str]) -> Result<std::collections::HashSet<String>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        let sql = "SELECT DISTINCT subject FROM custody WHERE bucket = ANY($1) AND subject IN TEXTS($2)";
        self.query(sql, &[Val::I64s(&buckets), Val::Texts(codes)])?.iter().map(|row| row.at(0)).collect()
    }

    /// What happened to some tubes or boxes, one after another, each in the order of the facts.
    pub fn custody_of_all(&self, subjects: &[&str]) -> Result<Vec<CustodyRow>> {
        let buckets = self.buckets_of(subjects.iter().map(|subject| subject.as_bytes()));
        self.query(
            "SELECT bucket, subject, id, event, at, device_no, device_seq, recorded_at, actor, target, counted,
                    signed_by, detail, verdict
             FROM custody WHERE bucket = ANY($1) AND subject IN TEXTS($2)
             ORDER BY subject, at, device_no, device_seq LIMIT 5000",
            &[Val::I64s(&buckets), Val::Texts(subjects)],
        )?
        .iter()
        .map(custody)
        .collect()
    }

    /// What happened to a tube or box, in the order of the facts.
    pub fn custody_of(&self, subject: &str) -> Result<Vec<CustodyRow>> {
        self.query(
            "SELECT bucket, subject, id, event, at, device_no, device_seq, recorded_at, actor, target, counted,
                    signed_by, detail, verdict
             FROM custody WHERE bucket = $1 AND subject = $2 ORDER BY at, device_no, device_seq LIMIT 5000",
            &[self.bucket(subject.as_bytes()).into(), subject.into()],
        )?
        .iter()
        .map(custody)
        .collect()
    }

    /// Notes what the fold says of a custody event now.
    pub fn set_custody_verdict(&self, subject: &str, id: Uuid, verdict: &str) -> Result<()> {
        self.execute_exact(
            "custody",
            1,
            "UPDATE custody SET verdict = $1 WHERE bucket = $2 AND subject = $3 AND id = $4",
            &[verdict.into(), self.bucket(subject.as_bytes()).into(), subject.into(), id.into()],
        )
    }

    /// One box, locked.
    pub fn box_for_update(&self, code: &str) -> Result<Option<BoxRow>> {
        self.box_by(
            "SELECT bucket, code, site, state, tubes, counted, holder, sealed_at, state_at, version
                     FROM box WHERE bucket = $1 AND code = $2 FOR UPDATE",
            code,
        )
    }

    /// One box.
    pub fn box_for_look(&self, code: &str) -> Result<Option<BoxRow>> {
        self.box_by(
            "SELECT bucket, code, site, state, tubes, counted, holder, sealed_at, state_at, version
                     FROM box WHERE bucket = $1 AND code = $2",
            code,
        )
    }

    fn box_by(&self, sql: &'static str, code: &str) -> Result<Option<BoxRow>> {
        self.query_opt(sql, &[self.bucket(code.as_bytes()).into(), code.into()])?
            .map(|row| {
                Ok(BoxRow {
                    code: row.get("code")?,
                    site: row.get("site")?,
                    state: row.get("state")?,
                    tubes: row.get("tubes")?,
                    counted: row.get("counted")?,
                    holder: row.get("holder")?,
                    sealed_at: row.get("sealed_at")?,
                    state_at: row.get("state_at")?,
                    version: row.get("version")?,
                })
            })
            .transpose()
    }

    /// Writes a box whose `version` was raised by one.
    pub fn upsert_box(&self, b: &BoxRow) -> Result<()> {
        self.execute_exact(
            "box",
            1,
            "INSERT INTO box (bucket, code, site, state, tubes, counted, holder, sealed_at, state_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (bucket, code) DO UPDATE SET site = excluded.site, state = excluded.state, tubes = excluded.tubes,
                 counted = excluded.counted, holder = excluded.holder, sealed_at = excluded.sealed_at, state_at = excluded.state_at,
                 version = excluded.version WHERE box.version = excluded.version - 1",
            &[
                self.bucket(b.code.as_bytes()).into(),
                (&b.code).into(),
                b.site.into(),
                (&b.state).into(),
                b.tubes.into(),
                b.counted.into(),
                b.holder.into(),
                b.sealed_at.into(),
                b.state_at.into(),
                b.version.into(),
            ],
        )
    }

    /// A hand-over, locked.
    pub fn handover_for_update(&self, id: Uuid) -> Result<Option<HandoverRow>> {
        self.handover_by(
            "SELECT bucket, id, boxes, destination, giver, giver_device, given_at, taker, taker_device,
                                 taken_at, state, shown_to_giver, shown_to_taker
                          FROM handover WHERE bucket = $1 AND id = $2 FOR UPDATE",
            id,
        )
    }

    /// A hand-over.
    pub fn handover(&self, id: Uuid) -> Result<Option<HandoverRow>> {
        self.handover_by(
            "SELECT bucket, id, boxes, destination, giver, giver_device, given_at, taker, taker_device,
                                 taken_at, state, shown_to_giver, shown_to_taker
                          FROM handover WHERE bucket = $1 AND id = $2",
            id,
        )
    }

    fn handover_by(&self, sql: &'static str, id: Uuid) -> Result<Option<HandoverRow>> {
        self.query_opt(sql, &[self.bucket(id.as_bytes()).into(), id.into()])?
            .map(|row| {
                let half = |who: &str, device: &str, at: &str| -> Result<Option<(Id<Account>, i64, Instant)>> {
                    let who: Option<Id<Account>> = row.get(who)?;
                    who.map(|who| Ok((who, row.get(device)?, row.get(at)?))).transpose()
                };
                Ok(HandoverRow {
                    id: row.get("id")?,
                    boxes: row.get("boxes")?,
                    destination: row.get("destination")?,
                    giver: half("giver", "giver_device", "given_at")?,
                    taker: half("taker", "taker_device", "taken_at")?,
                    shown_to_giver: row.get("shown_to_giver")?,
                    shown_to_taker: row.get("shown_to_taker")?,
                    state: row.get("state")?,
                })
            })
            .transpose()
    }

    /// Writes a hand-over.
    pub fn upsert_handover(&self, h: &HandoverRow) -> Result<()> {
        self.execute_exact(
            "handover",
            1,
            "INSERT INTO handover (bucket, id, boxes, destination, giver, giver_device, given_at, taker, taker_device, taken_at, state,
                 shown_to_giver, shown_to_taker)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (bucket, id) DO UPDATE SET destination = excluded.destination, giver = excluded.giver,
                 giver_device = excluded.giver_device, given_at = excluded.given_at, taker = excluded.taker,
                 taker_device = excluded.taker_device, taken_at = excluded.taken_at, state = excluded.state,
                 shown_to_giver = excluded.shown_to_giver, shown_to_taker = excluded.shown_to_taker",
            &[
                self.bucket(h.id.as_bytes()).into(),
                h.id.into(),
                (&h.boxes).into(),
                h.destination.as_ref().into(),
                h.giver.map(|half| half.0).into(),
                h.giver.map(|half| half.1).into(),
                h.giver.map(|half| half.2).into(),
                h.taker.map(|half| half.0).into(),
                h.taker.map(|half| half.1).into(),
                h.taker.map(|half| half.2).into(),
                (&h.state).into(),
                h.shown_to_giver.into(),
                h.shown_to_taker.into(),
            ],
        )
    }

    /// What is written of a new exception, in the order of its first ten columns.
    fn exception_values<'e>(&self, e: &'e ExceptionRow) -> [Val<'e>; 10] {
        [
            self.bucket(e.subject.as_bytes()).into(),
            e.id.into(),
            (&e.kind).into(),
            (&e.subject).into(),
            e.round.into(),
            e.person.into(),
            e.site.into(),
            e.area.into(),
            e.opened_at.into(),
            (&e.detail).into(),
        ]
    }

    /// Opens an exception, or one that waited, or again one that facts had settled; answers false if it is open or a
    /// person decided it.
    pub fn open_exception(&self, e: &ExceptionRow) -> Result<bool> {
        let new = self.execute(
            "INSERT INTO exception (bucket, id, kind, subject, round, person, site, area, opened_at, detail, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open')
             ON CONFLICT (bucket, subject, id) DO UPDATE SET kind = excluded.kind, round = excluded.round, person = excluded.person,
                 site = excluded.site, area = excluded.area, opened_at = excluded.opened_at, detail = excluded.detail,
                 state = 'open', resolved_at = NULL, resolution = NULL, note = NULL
             WHERE exception.state = 'waiting' OR (exception.state = 'resolved' AND exception.resolution = 'facts')",
            &self.exception_values(e),
        )?;
        Ok(new == 1)
    }

    /// The exception about a command on `subject`.
    pub fn exception(&self, subject: &str, id: Uuid) -> Result<Option<ExceptionRow>> {
        self.query_opt(
            "SELECT bucket, id, kind, subject, round, person, site, area, opened_at, detail, state, resolved_at,
                    resolved_by, resolution, note
             FROM exception WHERE bucket = $1 AND id = $2 AND subject = $3",
            &[self.bucket(subject.as_bytes()).into(), id.into(), subject.into()],
        )?
        .as_ref()
        .map(exception)
        .transpose()
    }

    /// Resolves an open exception; answers false if it was not open.
    pub fn resolve_exception(
        &self,
        subject: &str,
        id: Uuid,
        by: Option<Id<Account>>,
        at: Instant,
        resolution: &str,
        note: &str,
    ) -> Result<bool> {
        let changed = self.execute(
            "UPDATE exception SET state = 'resolved', resolved_at = $1, resolved_by = $2, resolution = $3, note = $4
             WHERE bucket = $5 AND id = $6 AND state = 'open' AND subject = $7",
            &[at.into(), by.into(), resolution.into(), note.into(), self.bucket(subject.as_bytes()).into(), id.into(), subject.into()],
        )?;
        Ok(changed == 1)
    }

    /// Open exceptions inside an area, oldest first, after (time, id).
    pub fn open_exceptions(&self, root: AreaCode, after: (Instant, Uuid), limit: i64) -> Result<Vec<ExceptionRow>> {
        let (low, high) = root.village_range();
        self.query(
            "SELECT bucket, id, kind, subject, round, person, site, area, opened_at, detail, state, resolved_at,
                    resolved_by, resolution, note
             FROM exception WHERE state = 'open' AND (opened_at > $1 OR (opened_at = $1 AND id > $2))
             AND (CAST($5 AS BIGINT) = 100000 OR (area >= $3 AND area < $4) OR area = $5) ORDER BY opened_at, id LIMIT $6",
            &[after.0.into(), after.1.into(), low.into(), high.into(), root.into(), limit.into()],
        )?
        .iter()
        .map(exception)
        .collect()
    }

    /// Writes the person's side of a collection; answers the person's other valid collections of the round.
    pub fn put_person_collection(
        &self,
        person: PersonNo,
        round: Id<Round>,
        id: Id<Collection>,
        tube: &str,
        site: Id<Site>,
        taken_at: Instant,
        valid: bool,
    ) -> Result<Vec<(Id<Collection>, String)>> {
        let bucket = self.person_bucket(person.0);
        let state = if valid { "valid" } else { "voided" };
        self.execute_exact(
            "person_collection",
            1,
            "INSERT INTO person_collection (bucket, person, round, collection, tube, site, taken_at, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (bucket, person, round, collection) DO UPDATE SET tube = excluded.tube, state = excluded.state",
            &[bucket.into(), person.into(), round.into(), id.into(), tube.into(), site.into(), taken_at.into(), state.into()],
        )?;
        self.query(
            "SELECT collection, tube FROM person_collection
             WHERE bucket = $1 AND person = $2 AND round = $3 AND state = 'valid' AND collection <> $4",
            &[bucket.into(), person.into(), round.into(), id.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// Which of these persons have a valid collection in one of these rounds.
    pub fn sampled_among(&self, persons: &[i64], rounds: &[Id<Round>]) -> Result<std::collections::HashSet<i64>> {
        let keys: Vec<[u8; 8]> = persons.iter().map(|no| no.to_be_bytes()).collect();
        let buckets = self.buckets_of(keys.iter().map(<[u8; 8]>::as_slice));
        let rounds: Vec<[u8; 16]> = rounds.iter().map(|id| id.uuid().into_bytes()).collect();
        let rounds: Vec<&[u8]> = rounds.iter().map(<[u8; 16]>::as_slice).collect();
        self.query(
            "SELECT person FROM person_collection WHERE bucket = ANY($1) AND person IN I64S($2) AND round = ANY_BLOB($3) AND state = 'valid'",
            &[Val::I64s(&buckets), Val::I64s(persons), Val::Blobs(&rounds)],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Collections and distinct persons that count in a round, village by village: what a recount reads.
    pub fn recount(&self, round: Id<Round>) -> Result<Vec<(AreaCode, i64, i64)>> {
        self.query(
            "SELECT area, COUNT(*), COUNT(DISTINCT person) FROM collection WHERE round = $1 AND state = 'valid' GROUP BY area ORDER BY area",
            &[round.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?, row.at(2)?)))
        .collect()
    }
}
