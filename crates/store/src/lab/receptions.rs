//! Receptions and holds.

use allclear_domain::kernel::{
    id::{Account, Id, Lab, Site},
    time::Instant,
};
use uuid::Uuid;

use crate::{Result, Row, Tx, Val};

/// A reception as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceptionRow {
    /// Id.
    pub id: Uuid,
    /// Laboratory.
    pub lab: Id<Lab>,
    /// Who opened it.
    pub opened_by: Id<Account>,
    /// When.
    pub opened_at: Instant,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// Name under differences.
    pub signed_by: Option<String>,
    /// Scans of a tube that had been scanned before.
    pub duplicates: i32,
}

/// One scan as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRow {
    /// The tube.
    pub tube: String,
    /// Verdict's word.
    pub verdict: String,
    /// Why, for hold and damaged.
    pub reason: Option<String>,
    /// Note.
    pub note: Option<String>,
    /// The scan as it came.
    pub raw: String,
    /// Persons in the tube.
    pub persons: i32,
    /// Whether a box of the session should hold it.
    pub on_manifest: bool,
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: Id<Account>,
}

/// A tube that a reception looked for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingRow {
    /// The laboratory.
    pub lab: Id<Lab>,
    /// The tube.
    pub tube: String,
    /// The box that should have held it.
    pub box_code: String,
    /// When the reception was closed.
    pub noted_at: Instant,
    /// Name under the difference.
    pub signed_by: Option<String>,
    /// Site of the tube.
    pub site: Id<Site>,
    /// Persons in it.
    pub persons: i32,
}

/// A held tube as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// The tube.
    pub tube: String,
    /// Why.
    pub reason: String,
    /// The scan as it came.
    pub raw: String,
    /// By whom.
    pub held_by: Id<Account>,
    /// When.
    pub held_at: Instant,
    /// `open`, `received`, `discarded`.
    pub state: String,
}

fn reception(row: &Row) -> Result<ReceptionRow> {
    Ok(ReceptionRow {
        id: row.get("id")?,
        lab: row.get("lab")?,
        opened_by: row.get("opened_by")?,
        opened_at: row.get("opened_at")?,
        closed_at: row.get("closed_at")?,
        signed_by: row.get("signed_by")?,
        duplicates: row.get("duplicates")?,
    })
}

fn scan(row: &Row) -> Result<ScanRow> {
    Ok(ScanRow {
        tube: row.get("tube")?,
        verdict: row.get("verdict")?,
        reason: row.get("reason")?,
        note: row.get("note")?,
        raw: row.get("raw")?,
        persons: row.get("persons")?,
        on_manifest: row.get("on_manifest")?,
        at: row.get("at")?,
        by: row.get("by_account")?,
    })
}

fn hold(row: &Row) -> Result<HoldRow> {
    Ok(HoldRow {
        tube: row.get("tube")?,
        reason: row.get("reason")?,
        raw: row.get("raw")?,
        held_by: row.get("held_by")?,
        held_at: row.get("held_at")?,
        state: row.get("state")?,
    })
}

impl Tx<'_> {
    /// Opens a reception.
    pub fn insert_reception(&self, row: &ReceptionRow) -> Result<()> {
        self.execute_exact(
            "reception",
            1,
            "INSERT INTO reception (id, lab, opened_by, opened_at, duplicates) VALUES ($1, $2, $3, $4, 0)",
            &[row.id.into(), row.lab.into(), row.opened_by.into(), row.opened_at.into()],
        )
    }

    /// One reception, locked.
    pub fn reception_for_update(&self, id: Uuid) -> Result<Option<ReceptionRow>> {
        self.query_opt(
            "SELECT id, lab, opened_by, opened_at, closed_by, closed_at, signed_by, duplicates
                        FROM reception WHERE id = $1 FOR UPDATE",
            &[id.into()],
        )?
        .as_ref()
        .map(reception)
        .transpose()
    }

    /// One reception.
    pub fn reception(&self, id: Uuid) -> Result<Option<ReceptionRow>> {
        self.query_opt(
            "SELECT id, lab, opened_by, opened_at, closed_by, closed_at, signed_by, duplicates
                        FROM reception WHERE id = $1",
            &[id.into()],
        )?
        .as_ref()
        .map(reception)
        .transpose()
    }

    /// The last receptions of a laboratory.
    pub fn receptions(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<ReceptionRow>> {
        self.query(
            "SELECT id, lab, opened_by, opened_at, closed_by, closed_at, signed_by, duplicates
                    FROM reception WHERE lab = $1 ORDER BY opened_at DESC LIMIT $2",
            &[lab.into(), limit.into()],
        )?
        .iter()
        .map(reception)
        .collect()
    }

    /// Adds a box to a session; answers false if it was there.
    pub fn add_reception_box(&self, id: Uuid, box_code: &str) -> Result<bool> {
        let sql = "INSERT INTO reception_box (reception, box) VALUES ($1, $2) ON CONFLICT (reception, box) DO NOTHING";
        Ok(self.execute(sql, &[id.into(), box_code.into()])? == 1)
    }

    /// Boxes of a session.
    pub fn reception_boxes(&self, id: Uuid) -> Result<Vec<String>> {
        self.query("SELECT box FROM reception_box WHERE reception = $1 ORDER BY box", &[id.into()])?.iter().map(|row| row.at(0)).collect()
    }

    /// Tubes that the boxes of a session should hold: (code, persons).
    pub fn manifest(&self, id: Uuid) -> Result<Vec<(String, i32)>> {
        self.query(
            "SELECT t.code, t.valid FROM reception_box b JOIN tube t ON t.box = b.box
             WHERE b.reception = $1 AND t.stage <> 'void' ORDER BY t.code LIMIT 5000",
            &[id.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// Puts down tubes that a closed session lacks: (tube, box).
    pub fn note_missing_tubes(
        &self,
        lab: Id<Lab>,
        reception: Uuid,
        tubes: &[(String, String)],
        at: Instant,
        signed_by: Option<&str>,
    ) -> Result<()> {
        for (tube, box_code) in tubes {
            self.execute(
                "INSERT INTO lab_missing (lab, bucket, tube, reception, box, noted_at, signed_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (lab, tube) DO NOTHING",
                &[
                    lab.into(),
                    self.bucket(tube.as_bytes()).into(),
                    tube.into(),
                    reception.into(),
                    box_code.into(),
                    at.into(),
                    signed_by.into(),
                ],
            )?;
        }
        Ok(())
    }

    /// Tubes that were missing at a reception of these laboratories, or come from these sites, and have not come since;
    /// oldest first.
    pub fn missing_tubes(&self, labs: &[Id<Lab>], sites: &[Id<Site>], limit: i64) -> Result<Vec<MissingRow>> {
        let labs: Vec<[u8; 16]> = labs.iter().map(|lab| lab.uuid().into_bytes()).collect();
        let sites: Vec<[u8; 16]> = sites.iter().map(|site| site.uuid().into_bytes()).collect();
        let labs: Vec<&[u8]> = labs.iter().map(<[u8; 16]>::as_slice).collect();
        let sites: Vec<&[u8]> = sites.iter().map(<[u8; 16]>::as_slice).collect();
        self.query(
            "SELECT m.lab, m.tube, m.box, m.noted_at, m.signed_by, t.site, t.valid
             FROM lab_missing m JOIN tube t ON t.bucket = m.bucket AND t.code = m.tube
             WHERE t.stage IN ('open', 'sealed', 'boxed', 'in_transit') AND (m.lab = ANY_BLOB($1) OR t.site = ANY_BLOB($2))
             ORDER BY m.noted_at, m.tube LIMIT $3",
            &[Val::Blobs(&labs), Val::Blobs(&sites), limit.into()],
        )?
        .iter()
        .map(|row| {
            Ok(MissingRow {
                lab: row.at(0)?,
                tube: row.at(1)?,
                box_code: row.at(2)?,
                noted_at: row.at(3)?,
                signed_by: row.at(4)?,
                site: row.at(5)?,
                persons: row.at(6)?,
            })
        })
        .collect()
    }

    /// A tube came after all, or was withdrawn: nobody looks for it any more.
    pub fn found_tubes(&self, codes: &[&str]) -> Result<()> {
        self.execute("DELETE FROM lab_missing WHERE tube = ANY($1)", &[Val::Texts(codes)]).map(drop)
    }

    /// Which box each tube of the manifest should be in: (tube, box).
    pub fn manifest_boxes(&self, id: Uuid) -> Result<Vec<(String, String)>> {
        self.query(
            "SELECT t.code, b.box FROM reception_box b JOIN tube t ON t.box = b.box
             WHERE b.reception = $1 AND t.stage <> 'void' ORDER BY t.code LIMIT 5000",
            &[id.into()],
        )?
        .iter()
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .collect()
    }

    /// Puts down a scan; a tube that was on hold gets its new verdict.
    pub fn put_scan(&self, id: Uuid, s: &ScanRow) -> Result<()> {
        self.execute_exact(
            "reception_scan",
            1,
            "INSERT INTO reception_scan (reception, tube, verdict, reason, note, raw, persons, on_manifest, at, by_account)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (reception, tube) DO UPDATE SET verdict = excluded.verdict, reason = excluded.reason, note = excluded.note,
                 raw = excluded.raw, persons = excluded.persons, on_manifest = excluded.on_manifest, at = excluded.at,
                 by_account = excluded.by_account",
            &[
                id.into(),
                (&s.tube).into(),
                (&s.verdict).into(),
                s.reason.as_ref().into(),
                s.note.as_ref().into(),
                (&s.raw).into(),
                s.persons.into(),
                s.on_manifest.into(),
                s.at.into(),
                s.by.into(),
            ],
        )
    }

    /// Counts repeated scans of a session.
    pub fn count_duplicates(&self, id: Uuid, more: i32) -> Result<()> {
        let sql = "UPDATE reception SET duplicates = duplicates + $1 WHERE id = $2";
        self.execute_exact("reception", 1, sql, &[more.into(), id.into()])
    }

    /// Scans of a session, newest first.
    pub fn scans(&self, id: Uuid) -> Result<Vec<ScanRow>> {
        self.query(
            "SELECT reception, tube, verdict, reason, note, raw, persons, on_manifest, at, by_account
                    FROM reception_scan WHERE reception = $1 ORDER BY at DESC, tube LIMIT 6000",
            &[id.into()],
        )?
        .iter()
        .map(scan)
        .collect()
    }

    /// Closes a session; answers false if it was closed.
    pub fn close_reception(&self, id: Uuid, by: Id<Account>, at: Instant, signed_by: Option<&str>) -> Result<bool> {
        let sql = "UPDATE reception SET closed_by = $1, closed_at = $2, signed_by = $3 WHERE id = $4 AND closed_at IS NULL";
        Ok(self.execute(sql, &[by.into(), at.into(), signed_by.into(), id.into()])? == 1)
    }

    /// Puts a tube on hold; one that was decided before is held again.
    pub fn hold_tube(&self, lab: Id<Lab>, row: &HoldRow) -> Result<()> {
        self.execute(
            "INSERT INTO lab_hold (lab, tube, reason, raw, held_by, held_at, state) VALUES ($1, $2, $3, $4, $5, $6, 'open')
             ON CONFLICT (lab, tube) DO UPDATE SET reason = excluded.reason, raw = excluded.raw, held_by = excluded.held_by,
                 held_at = excluded.held_at, state = 'open', resolved_by = NULL, resolved_at = NULL, note = NULL
             WHERE lab_hold.state <> 'open'",
            &[lab.into(), (&row.tube).into(), (&row.reason).into(), (&row.raw).into(), row.held_by.into(), row.held_at.into()],
        )
        .map(drop)
    }

    /// Open holds of a laboratory, oldest first.
    pub fn holds(&self, lab: Id<Lab>, limit: i64) -> Result<Vec<HoldRow>> {
        let sql = "SELECT lab, tube, reason, raw, held_by, held_at, state, resolved_by, resolved_at, note
                   FROM lab_hold WHERE lab = $1 AND state = 'open' ORDER BY held_at, tube LIMIT $2";
        self.query(sql, &[lab.into(), limit.into()])?.iter().map(hold).collect()
    }

    /// One hold, locked.
    pub fn hold_for_update(&self, lab: Id<Lab>, tube: &str) -> Result<Option<HoldRow>> {
        let sql = "SELECT lab, tube, reason, raw, held_by, held_at, state, resolved_by, resolved_at, note
                   FROM lab_hold WHERE lab = $1 AND tube = $2 AND state = 'open' FOR UPDATE";
        self.query_opt(sql, &[lab.into(), tube.into()])?.as_ref().map(hold).transpose()
    }

    /// A tube that is received after all is on hold no more; answers false if it was not.
    pub fn settle_hold(&self, lab: Id<Lab>, tube: &str, by: Id<Account>, at: Instant) -> Result<bool> {
        let changed = self.execute(
            "UPDATE lab_hold SET state = 'received', resolved_by = $1, resolved_at = $2 WHERE lab = $3 AND tube = $4 AND state = 'open'",
            &[by.into(), at.into(), lab.into(), tube.into()],
        )?;
        Ok(changed == 1)
    }

    /// Decides a hold.
    pub fn resolve_hold(&self, lab: Id<Lab>, tube: &str, state: &str, by: Id<Account>, at: Instant, note: &str) -> Result<()> {
        self.execute_exact(
            "lab_hold",
            1,
            "UPDATE lab_hold SET state = $1, resolved_by = $2, resolved_at = $3, note = $4 WHERE lab = $5 AND tube = $6 AND state = 'open'",
            &[state.into(), by.into(), at.into(), note.into(), lab.into(), tube.into()],
        )
    }

    /// Marks the collections of rejected tubes: they stop counting. Only valid ones change.
    pub fn reject_collections(&self, tube: &str) -> Result<u64> {
        let sql = "UPDATE collection SET state = 'rejected' WHERE bucket = $1 AND tube = $2 AND state = 'valid'";
        self.execute(sql, &[self.bucket(tube.as_bytes()).into(), tube.into()])
    }

    /// Notes that nothing in a tube counts any more.
    pub fn empty_tube(&self, tube: &str) -> Result<()> {
        let sql = "UPDATE tube SET valid = 0, version = version + 1 WHERE bucket = $1 AND code = $2";
        self.execute_exact("tube", 1, sql, &[self.bucket(tube.as_bytes()).into(), tube.into()])
    }
}
