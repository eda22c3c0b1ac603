//! The person's side of a result: reports, notices, follow-ups of pools, tasks. Written by the
//! follower of the feed; every statement may run again with the same outcome.

use allclear_domain::kernel::{
    area::AreaCode,
    id::{Account, Collection, Id, Lab, PersonNo, Round, Site},
    time::Instant,
};
use uuid::Uuid;

use crate::{Bulk, Result, Row, Tx, Ty, Val};

/// A member of a tube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    /// The tube.
    pub tube: String,
    /// The collection.
    pub id: Id<Collection>,
    /// Who.
    pub person: PersonNo,
    /// Living area.
    pub area: AreaCode,
    /// Round.
    pub round: Id<Round>,
    /// Site.
    pub site: Id<Site>,
    /// When it was taken.
    pub taken_at: Instant,
    /// Device that sent it.
    pub device_no: i64,
}

/// What a person may be told of a tube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Who.
    pub person: PersonNo,
    /// Round.
    pub round: Id<Round>,
    /// The tube.
    pub tube: String,
    /// `negative`, `positive`, `under_recheck`, `resample`.
    pub value: String,
    /// When the swab was taken.
    pub taken_at: Instant,
    /// When the report came out.
    pub reported_at: Instant,
}

/// A follow-up as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpRow {
    /// The pool.
    pub tube: String,
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Round.
    pub round: Id<Round>,
    /// Site.
    pub site: Id<Site>,
    /// What the pool said.
    pub value: String,
    /// Members.
    pub members: i32,
    /// Not accounted for.
    pub members_open: i32,
    /// Positive.
    pub members_positive: i32,
    /// When it was opened.
    pub opened_at: Instant,
    /// When all were accounted for.
    pub closed_at: Option<Instant>,
}

/// A member of a follow-up as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUpMemberRow {
    /// The pool.
    pub tube: String,
    /// Who.
    pub person: PersonNo,
    /// Living area.
    pub area: AreaCode,
    /// When the swab of the pool was taken.
    pub taken_at: Instant,
    /// Outcome's word.
    pub outcome: String,
    /// The single tube that settled it.
    pub single_tube: Option<String>,
    /// When it was settled.
    pub settled_at: Option<Instant>,
    /// Note.
    pub note: Option<String>,
}

/// A task to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Id, made from what it is about.
    pub id: Uuid,
    /// `resample`, `recheck` or `case`.
    pub kind: &'static str,
    /// Who it is about.
    pub person: PersonNo,
    /// The tube.
    pub subject: String,
    /// Round.
    pub round: Id<Round>,
    /// Living area: the grid worker's list.
    pub area: AreaCode,
    /// By when.
    pub due_at: Instant,
    /// When it was opened.
    pub opened_at: Instant,
}

/// A notice to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Who.
    pub person: PersonNo,
    /// Id, made from what it is about.
    pub id: Uuid,
    /// `under_recheck`, `resample`, `recheck_closed`, `case`.
    pub kind: String,
    /// The tube.
    pub tube: String,
    /// When.
    pub at: Instant,
}

fn follow_up(row: &Row) -> Result<FollowUpRow> {
    Ok(FollowUpRow {
        tube: row.get("tube")?,
        id: row.get("id")?,
        lab: row.get("lab")?,
        round: row.get("round")?,
        site: row.get("site")?,
        value: row.get("value")?,
        members: row.get("members")?,
        members_open: row.get("members_open")?,
        members_positive: row.get("members_positive")?,
        opened_at: row.get("opened_at")?,
        closed_at: row.get("closed_at")?,
    })
}

fn member(row: &Row) -> Result<FollowUpMemberRow> {
    Ok(FollowUpMemberRow {
        tube: row.get("tube")?,
        person: row.get("person")?,
        area: row.get("area")?,
        taken_at: row.get("taken_at")?,
        outcome: row.get("outcome")?,
        single_tube: row.get("single_tube")?,
        settled_at: row.get("settled_at")?,
        note: row.get("note")?,
    })
}

static REPORTS: Bulk = Bulk {
    table: "person_report",
    columns: &[
        ("bucket", Ty::I64),
        ("person", Ty::I64),
        ("round", Ty::Blob),
        ("tube", Ty::Text),
        ("value", Ty::Text),
        ("taken_at", Ty::I64),
        ("reported_at", Ty::I64),
    ],
    on_conflict: "ON CONFLICT (bucket, person, round, tube) DO UPDATE SET value = excluded.value, reported_at = excluded.reported_at",
};

static NOTICES: Bulk = Bulk {
    table: "person_notice",
    columns: &[("bucket", Ty::I64), ("person", Ty::I64), ("id", Ty::Blob), ("kind", Ty::Text), ("tube", Ty::Text), ("at", Ty::I64)],
    on_conflict: "ON CONFLICT (bucket, person, id) DO NOTHING",
};

static MEMBERS: Bulk = Bulk {
    table: "follow_up_member",
    columns: &[
        ("bucket", Ty::I64),
        ("tube", Ty::Text),
        ("person", Ty::I64),
        ("area", Ty::I64),
        ("taken_at", Ty::I64),
        ("outcome", Ty::Text),
    ],
    on_conflict: "ON CONFLICT (bucket, tube, person) DO NOTHING",
};

static TASKS: Bulk = Bulk {
    table: "task",
    columns: &[
        ("bucket", Ty::I64),
        ("id", Ty::Blob),
        ("kind", Ty::Text),
        ("person", Ty::I64),
        ("subject", Ty::Text),
        ("round", Ty::Blob),
        ("area", Ty::I64),
        ("due_at", Ty::I64),
        ("state", Ty::Text),
        ("opened_at", Ty::I64),
    ],
    on_conflict: "ON CONFLICT (bucket, id) DO NOTHING",
};

impl Tx<'_> {
    /// Members of some tubes whose collections stand in one of `states`.
    pub fn members_of(&self, codes: &[&str], states: &[&str]) -> Result<Vec<MemberRow>> {
        let buckets = self.buckets_of(codes.iter().map(|code| code.as_bytes()));
        self.query(
            "SELECT tube, id, person, area, round, site, taken_at, device_no FROM collection
             WHERE bucket = ANY($1) AND tube IN TEXTS($2) AND state = ANY($3) AND person IS NOT NULL",
            &[Val::I64s(&buckets), Val::Texts(codes), Val::Texts(states)],
        )?
        .iter()
        .map(|row| {
            Ok(MemberRow {
                tube: row.at(0)?,
                id: row.at(1)?,
                person: row.at(2)?,
                area: row.at(3)?,
                round: row.at(4)?,
                site: row.at(5)?,
                taken_at: row.at(6)?,
                device_no: row.at(7)?,
            })
        })
        .collect()
    }

    /// Writes reports, sorted by the caller in the order of the key, each key once.
    pub fn put_reports(&self, reports: &[ReportRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = reports
            .iter()
            .map(|r| {
                vec![
                    self.person_bucket(r.person.0).into(),
                    r.person.into(),
                    r.round.into(),
                    (&r.tube).into(),
                    (&r.value).into(),
                    r.taken_at.into(),
                    r.reported_at.into(),
                ]
            })
            .collect();
        self.bulk(&REPORTS, &rows)
    }

    /// Reports of one person, newest swab first.
    pub fn reports_of(&self, person: PersonNo, limit: i64) -> Result<Vec<ReportRow>> {
        self.query(
            "SELECT person, round, tube, value, taken_at, reported_at FROM person_report
             WHERE bucket = $1 AND person = $2 ORDER BY taken_at DESC LIMIT $3",
            &[self.person_bucket(person.0).into(), person.into(), limit.into()],
        )?
        .iter()
        .map(|row| {
            Ok(ReportRow {
                person: row.at(0)?,
                round: row.at(1)?,
                tube: row.at(2)?,
                value: row.at(3)?,
                taken_at: row.at(4)?,
                reported_at: row.at(5)?,
            })
        })
        .collect()
    }

    /// How many reports there are of a round with a value: what a recount reads.
    pub fn count_reports(&self, round: Id<Round>, value: &str) -> Result<i64> {
        self.query_opt("SELECT COUNT(*) FROM person_report WHERE round = $1 AND value = $2", &[round.into(), value.into()])?
            .map_or(Ok(0), |row| row.at(0))
    }

    /// Leaves notices.
    pub fn put_notices(&self, notices: &[NoticeRow]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = notices
            .iter()
            .map(|n| {
                vec![self.person_bucket(n.person.0).into(), n.person.into(), n.id.into(), (&n.kind).into(), (&n.tube).into(), n.at.into()]
            })
            .collect();
        self.bulk(&NOTICES, &rows)
    }

    /// Notices of one person, newest first.
    pub fn notices_of(&self, person: PersonNo, limit: i64) -> Result<Vec<NoticeRow>> {
        self.query(
            "SELECT person, id, kind, tube, at FROM person_notice WHERE bucket = $1 AND person = $2 ORDER BY at DESC LIMIT $3",
            &[self.person_bucket(person.0).into(), person.into(), limit.into()],
        )?
        .iter()
        .map(|row| Ok(NoticeRow { person: row.at(0)?, id: row.at(1)?, kind: row.at(2)?, tube: row.at(3)?, at: row.at(4)? }))
        .collect()
    }

    /// Opens tasks; one that exists stays.
    pub fn open_tasks(&self, tasks: &[NewTask]) -> Result<u64> {
        let rows: Vec<Vec<Val<'_>>> = tasks
            .iter()
            .map(|t| {
                vec![
                    self.bucket(t.id.as_bytes()).into(),
                    t.id.into(),
                    t.kind.into(),
                    t.person.into(),
                    (&t.subject).into(),
                    t.round.into(),
                    t.area.into(),
                    t.due_at.into(),
                    "open".into(),
                    t.opened_at.into(),
                ]
            })
            .collect();
        self.bulk(&TASKS, &rows)
    }

    /// Persons of `persons` who have an open task of this kind.
    pub fn persons_with_task(&self, persons: &[i64], kind: &str) -> Result<Vec<i64>> {
        self.query(
            "SELECT DISTINCT person FROM task WHERE person = ANY($1) AND kind = $2 AND state = 'open'",
            &[Val::I64s(persons), kind.into()],
        )?
        .iter()
        .map(|row| row.at(0))
        .collect()
    }

    /// Closes a person's open tasks of one kind.
    pub fn close_tasks(&self, person: PersonNo, kind: &str, outcome: &str, at: Instant) -> Result<u64> {
        self.execute(
            "UPDATE task SET state = 'closed', outcome = $1, closed_at = $2 WHERE person = $3 AND kind = $4 AND state = 'open'",
            &[outcome.into(), at.into(), person.into(), kind.into()],
        )
    }

    /// A task that was closed as unreachable is to be done after all.
    pub fn reopen_task(&self, person: PersonNo, kind: &str, tube: &str) -> Result<u64> {
        self.execute(
            "UPDATE task SET state = 'open', outcome = NULL, closed_at = NULL, closed_by = NULL
             WHERE person = $1 AND kind = $2 AND subject = $3 AND state = 'closed' AND outcome = 'unreachable'",
            &[person.into(), kind.into(), tube.into()],
        )
    }

    /// Closes a person's open tasks of one kind that another swab than that of `tube` has answered.
    pub fn close_tasks_opened_before(&self, person: PersonNo, kind: &str, tube: &str, at: Instant) -> Result<u64> {
        self.execute(
            "UPDATE task SET state = 'closed', outcome = 'sampled', note = $1, closed_at = $2
             WHERE person = $3 AND kind = $4 AND state = 'open' AND subject <> $5",
            &[tube.into(), at.into(), person.into(), kind.into(), tube.into()],
        )
    }

    /// Opens a follow-up with its members, who stand at `outcome`; adds what is missing if it is there.
    pub fn open_follow_up(&self, row: &FollowUpRow, members: &[MemberRow], outcome: &str) -> Result<()> {
        let bucket = self.bucket(row.tube.as_bytes());
        self.execute(
            "INSERT INTO follow_up (bucket, tube, id, lab, round, site, value, members, members_open, members_positive, opened_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (bucket, tube) DO NOTHING",
            &[
                bucket.into(),
                (&row.tube).into(),
                row.id.into(),
                row.lab.into(),
                row.round.into(),
                row.site.into(),
                (&row.value).into(),
                row.members.into(),
                row.members_open.into(),
                row.members_positive.into(),
                row.opened_at.into(),
            ],
        )?;
        let rows: Vec<Vec<Val<'_>>> = members
            .iter()
            .map(|m| vec![bucket.into(), (&m.tube).into(), m.person.into(), m.area.into(), m.taken_at.into(), outcome.into()])
            .collect();
        self.bulk(&MEMBERS, &rows)?;
        Ok(())
    }

    /// Follow-ups of some laboratories: open ones first, then the newest.
    pub fn follow_ups(&self, labs: &[Id<Lab>], open_only: bool, limit: i64) -> Result<Vec<FollowUpRow>> {
        let labs: Vec<Uuid> = labs.iter().map(|lab| lab.uuid()).collect();
        let keys: Vec<&[u8]> = labs.iter().map(|lab| lab.as_bytes().as_slice()).collect();
        self.query(
            "SELECT bucket, tube, id, lab, round, site, value, members, members_open, members_positive, opened_at,
                    closed_at
             FROM follow_up WHERE lab = ANY_BLOB($1) AND ($2 = 0 OR closed_at IS NULL)
             ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, opened_at DESC LIMIT $3",
            &[Val::Blobs(&keys), i64::from(open_only).into(), limit.into()],
        )?
        .iter()
        .map(follow_up)
        .collect()
    }

    /// One follow-up, locked.
    pub fn follow_up_for_update(&self, tube: &str) -> Result<Option<FollowUpRow>> {
        let sql = "SELECT bucket, tube, id, lab, round, site, value, members, members_open, members_positive,
                          opened_at, closed_at
                   FROM follow_up WHERE bucket = $1 AND tube = $2 FOR UPDATE";
        self.query_opt(sql, &[self.bucket(tube.as_bytes()).into(), tube.into()])?.as_ref().map(follow_up).transpose()
    }

    /// One follow-up.
    pub fn follow_up_by_tube(&self, tube: &str) -> Result<Option<FollowUpRow>> {
        let sql = "SELECT bucket, tube, id, lab, round, site, value, members, members_open, members_positive,
                          opened_at, closed_at
                   FROM follow_up WHERE bucket = $1 AND tube = $2";
        self.query_opt(sql, &[self.bucket(tube.as_bytes()).into(), tube.into()])?.as_ref().map(follow_up).transpose()
    }

    /// Members of a follow-up.
    pub fn follow_up_members(&self, tube: &str) -> Result<Vec<FollowUpMemberRow>> {
        let sql = "SELECT bucket, tube, person, area, taken_at, outcome, single_tube, settled_at, settled_by, note
                   FROM follow_up_member WHERE bucket = $1 AND tube = $2 ORDER BY person";
        self.query(sql, &[self.bucket(tube.as_bytes()).into(), tube.into()])?.iter().map(member).collect()
    }

    /// Memberships of some persons in follow-ups whose pool they gave to before `taken_at`.
    pub fn memberships(&self, persons: &[i64]) -> Result<Vec<FollowUpMemberRow>> {
        self.query(
            "SELECT bucket, tube, person, area, taken_at, outcome, single_tube, settled_at, settled_by, note
                    FROM follow_up_member WHERE person = ANY($1) ORDER BY tube, person",
            &[Val::I64s(persons)],
        )?
        .iter()
        .map(member)
        .collect()
    }

    /// Settles (or reopens) a member.
    pub fn settle_member(&self, row: &FollowUpMemberRow, by: Option<Id<Account>>) -> Result<()> {
        self.execute_exact(
            "follow_up_member",
            1,
            "UPDATE follow_up_member SET outcome = $1, single_tube = $2, settled_at = $3, settled_by = $4, note = $5
             WHERE bucket = $6 AND tube = $7 AND person = $8",
            &[
                (&row.outcome).into(),
                row.single_tube.as_ref().into(),
                row.settled_at.into(),
                by.into(),
                row.note.as_ref().into(),
                self.bucket(row.tube.as_bytes()).into(),
                (&row.tube).into(),
                row.person.into(),
            ],
        )
    }

    /// Counts a follow-up's members again; answers (open, positive).
    pub fn recount_follow_up(&self, tube: &str, now: Instant) -> Result<(i32, i32)> {
        let bucket = self.bucket(tube.as_bytes());
        let counts = self.query_opt(
            "SELECT COUNT(*), COALESCE(SUM(CASE WHEN outcome IN ('under_recheck', 'case_open') THEN 1 ELSE 0 END), 0),
                    COALESCE(SUM(CASE WHEN outcome IN ('positive', 'case_open') THEN 1 ELSE 0 END), 0)
             FROM follow_up_member WHERE bucket = $1 AND tube = $2",
            &[bucket.into(), tube.into()],
        )?;
        let (members, open, positive): (i32, i32, i32) = match &counts {
            Some(row) => (row.at(0)?, row.at(1)?, row.at(2)?),
            None => (0, 0, 0),
        };
        self.execute_exact(
            "follow_up",
            1,
            "UPDATE follow_up SET members = $1, members_open = $2, members_positive = $3,
                 closed_at = CASE WHEN $4 > 0 THEN NULL ELSE COALESCE(closed_at, $5) END
             WHERE bucket = $6 AND tube = $7",
            &[members.into(), open.into(), positive.into(), i64::from(open).into(), now.into(), bucket.into(), tube.into()],
        )?;
        Ok((open, positive))
    }

    /// Released results of a laboratory that are not negative and have no follow-up, pools and single tubes alike.
    pub fn count_not_followed(&self, lab: Id<Lab>, released_before: Instant) -> Result<i64> {
        self.query_opt(
            "SELECT COUNT(*) FROM lab_tube t WHERE t.value IN ('positive', 'inconclusive') AND t.released_at < $1 AND t.lab = $2
             AND t.stage = 'released' AND NOT EXISTS (SELECT 1 FROM follow_up f WHERE f.bucket = t.bucket AND f.tube = t.tube)",
            &[released_before.into(), lab.into()],
        )?
        .map_or(Ok(0), |row| row.at(0))
    }
}
