//! Accounts, grants, sessions, devices, single-use codes, and the access log.

use std::collections::HashMap;

use allclear_domain::kernel::{
    access::Role,
    area::AreaCode,
    id::{Account, Device, Id},
    time::Instant,
};
use uuid::Uuid;

use crate::{Result, Row, StoreError, Tx};

/// An account as stored.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Id.
    pub id: Id<Account>,
    /// Name to sign in with.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// argon2id hash in PHC form.
    pub password_hash: String,
    /// Whether it may sign in.
    pub active: bool,
    /// When it was made.
    pub created_at: Instant,
}

/// A device as stored.
#[derive(Debug, Clone)]
pub struct DeviceRow {
    /// Id.
    pub id: Id<Device>,
    /// Short number.
    pub no: i64,
    /// What people call it.
    pub label: String,
    /// Whose work it does.
    pub account: Id<Account>,
    /// Public key for hand-over codes.
    pub public_key: Vec<u8>,
    /// When it was enrolled.
    pub enrolled_at: Instant,
    /// When it last sent anything.
    pub seen_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

/// A role inside one area subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantRow {
    /// Role.
    pub role: Role,
    /// Root of the subtree.
    pub area: AreaCode,
}

fn account(row: &Row) -> Result<AccountRow> {
    Ok(AccountRow {
        id: row.get("id")?,
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        password_hash: row.get("password_hash")?,
        active: row.get("active")?,
        created_at: row.get("created_at")?,
    })
}

fn device(row: &Row) -> Result<DeviceRow> {
    Ok(DeviceRow {
        id: row.get("id")?,
        no: row.get("no")?,
        label: row.get("label")?,
        account: row.get("account")?,
        public_key: row.get("public_key")?,
        enrolled_at: row.get("enrolled_at")?,
        seen_at: row.get("seen_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

/// Seconds for which a used or ended code is kept.
const CODES_KEPT_S: i64 = 30 * 24 * 3600;

impl Tx<'_> {
    /// How many accounts there are.
    pub fn count_accounts(&self) -> Result<i64> {
        self.query_opt("SELECT COUNT(*) FROM account", &[])?.map_or(Ok(0), |row| row.at(0))
    }

    /// Adds an account with its grants.
    pub fn insert_account(&self, row: &AccountRow, grants: &[GrantRow]) -> Result<()> {
        self.execute_exact(
            "account",
            1,
            "INSERT INTO account (id, name, display_name, password_hash, active, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                row.id.into(),
                (&row.name).into(),
                (&row.display_name).into(),
                (&row.password_hash).into(),
                row.active.into(),
                row.created_at.into(),
            ],
        )?;
        self.replace_grants(row.id, grants)
    }

    /// Replaces the grants of an account.
    pub fn replace_grants(&self, id: Id<Account>, grants: &[GrantRow]) -> Result<()> {
        self.execute("DELETE FROM account_grant WHERE account = $1", &[id.into()])?;
        for grant in grants {
            self.execute_exact(
                "account_grant",
                1,
                "INSERT INTO account_grant (account, role, area) VALUES ($1, $2, $3)",
                &[id.into(), grant.role.as_str().into(), grant.area.into()],
            )?;
        }
        Ok(())
    }

    /// Lets an account sign in, or not; ends its sessions when not.
    pub fn set_account_active(&self, id: Id<Account>, active: bool) -> Result<()> {
        self.execute_exact("account", 1, "UPDATE account SET active = $1 WHERE id = $2", &[active.into(), id.into()])?;
        if !active {
            self.execute("DELETE FROM session WHERE account = $1", &[id.into()])?;
        }
        Ok(())
    }

    /// Replaces a password hash and ends the account's sessions.
    pub fn set_password_hash(&self, id: Id<Account>, hash: &str) -> Result<()> {
        self.execute_exact("account", 1, "UPDATE account SET password_hash = $1 WHERE id = $2", &[hash.into(), id.into()])?;
        self.execute("DELETE FROM session WHERE account = $1", &[id.into()])?;
        Ok(())
    }

    /// The account with this name.
    pub fn account_by_name(&self, name: &str) -> Result<Option<AccountRow>> {
        self.query_opt("SELECT id, name, display_name, password_hash, active, created_at FROM account WHERE name = $1", &[name.into()])?
            .as_ref()
            .map(account)
            .transpose()
    }

    /// The account with this id.
    pub fn account(&self, id: Id<Account>) -> Result<Option<AccountRow>> {
        self.query_opt("SELECT id, name, display_name, password_hash, active, created_at FROM account WHERE id = $1", &[id.into()])?
            .as_ref()
            .map(account)
            .transpose()
    }

    /// Accounts by name, after `after`, at most `limit`.
    pub fn accounts(&self, after: &str, limit: i64) -> Result<Vec<AccountRow>> {
        self.query(
            "SELECT id, name, display_name, password_hash, active, created_at FROM account WHERE name > $1 ORDER BY name LIMIT $2",
            &[after.into(), limit.into()],
        )?
        .iter()
        .map(account)
        .collect()
    }

    /// Grants of some accounts.
    pub fn grants(&self, ids: &[Id<Account>]) -> Result<Vec<(Id<Account>, GrantRow)>> {
        let keys: Vec<[u8; 16]> = ids.iter().map(|id| id.uuid().into_bytes()).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
        self.query(
            "SELECT account, role, area FROM account_grant WHERE account = ANY_BLOB($1) ORDER BY account, role, area",
            &[crate::Val::Blobs(&keys)],
        )?
        .iter()
        .map(|row| {
            let word: String = row.at(1)?;
            let role = Role::parse(&word).ok_or(StoreError::Column { column: "role".into(), found: "no role", expected: "a role" })?;
            Ok((row.at(0)?, GrantRow { role, area: row.at(2)? }))
        })
        .collect()
    }

    /// Enrols a device; answers its short number.
    pub fn insert_device(
        &self,
        id: Id<Device>,
        label: &str,
        account: Id<Account>,
        token_hash: &[u8; 32],
        public_key: &[u8],
        now: Instant,
    ) -> Result<i64> {
        let no: i64 = self.query_opt("SELECT COALESCE(MAX(no), 0) + 1 FROM device", &[])?.map_or(Ok(1), |row| row.at(0))?;
        self.execute_exact(
            "device",
            1,
            "INSERT INTO device (id, no, label, account, token_hash, public_key, enrolled_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[id.into(), no.into(), label.into(), account.into(), token_hash.into(), public_key.into(), now.into()],
        )?;
        Ok(no)
    }

    /// The device with this token.
    pub fn device_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<DeviceRow>> {
        self.query_opt(
            "SELECT id, no, label, account, token_hash, public_key, enrolled_at, seen_at, revoked_at
                        FROM device WHERE token_hash = $1",
            &[token_hash.into()],
        )?
        .as_ref()
        .map(device)
        .transpose()
    }

    /// The device with this id.
    pub fn device(&self, id: Id<Device>) -> Result<Option<DeviceRow>> {
        self.query_opt(
            "SELECT id, no, label, account, token_hash, public_key, enrolled_at, seen_at, revoked_at
                        FROM device WHERE id = $1",
            &[id.into()],
        )?
        .as_ref()
        .map(device)
        .transpose()
    }

    /// The device with this short number.
    pub fn device_by_no(&self, no: i64) -> Result<Option<DeviceRow>> {
        self.query_opt(
            "SELECT id, no, label, account, token_hash, public_key, enrolled_at, seen_at, revoked_at
                        FROM device WHERE no = $1",
            &[no.into()],
        )?
        .as_ref()
        .map(device)
        .transpose()
    }

    /// Devices with a number below `before`, with their account's name, newest first.
    pub fn devices(&self, before: i64, limit: i64) -> Result<Vec<(DeviceRow, String)>> {
        self.query(
            "SELECT d.id, d.no, d.label, d.account, d.token_hash, d.public_key, d.enrolled_at, d.seen_at, d.revoked_at, a.name AS account_name FROM device d JOIN account a ON a.id = d.account
             WHERE d.no < $1 ORDER BY d.no DESC LIMIT $2",
            &[before.into(), limit.into()],
        )?
        .iter()
        .map(|row| Ok((device(row)?, row.get("account_name")?)))
        .collect()
    }

    /// Notes that devices were heard of.
    pub fn touch_devices(&self, seen: &[(i64, Instant)]) -> Result<()> {
        for (no, at) in seen {
            self.execute("UPDATE device SET seen_at = $1 WHERE no = $2", &[(*at).into(), (*no).into()])?;
        }
        Ok(())
    }

    /// Takes a device's token away.
    pub fn revoke_device(&self, id: Id<Device>, now: Instant) -> Result<()> {
        self.execute_exact("device", 1, "UPDATE device SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2", &[now.into(), id.into()])
    }

    /// Stores a single-use code.
    pub fn insert_one_time_code(
        &self,
        hash: &[u8; 32],
        purpose: &str,
        account: Option<Id<Account>>,
        label: &str,
        expires_at: Instant,
    ) -> Result<()> {
        self.execute_exact(
            "one_time_code",
            1,
            "INSERT INTO one_time_code (code_hash, purpose, account, label, expires_at) VALUES ($1, $2, $3, $4, $5)",
            &[hash.into(), purpose.into(), account.into(), label.into(), expires_at.into()],
        )
    }

    /// Uses a single-use code: answers its account and label the first time, nothing after.
    pub fn use_one_time_code(&self, hash: &[u8; 32], purpose: &str, now: Instant) -> Result<Option<(Option<Id<Account>>, String)>> {
        self.query_opt(
            "UPDATE one_time_code SET used_at = $1 WHERE code_hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1
             RETURNING account, label",
            &[now.into(), hash.into(), purpose.into()],
        )?
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .transpose()
    }

    /// Whether a single-use code would still work.
    pub fn one_time_code_is_open(&self, hash: &[u8; 32], purpose: &str, now: Instant) -> Result<bool> {
        let row = self.query_opt(
            "SELECT 1 FROM one_time_code WHERE code_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3",
            &[hash.into(), purpose.into(), now.into()],
        )?;
        Ok(row.is_some())
    }

    /// Ends the open codes of an account, so that only the newest link works; and forgets old ones.
    pub fn end_one_time_codes(&self, account: Id<Account>, purpose: &str, now: Instant) -> Result<()> {
        self.execute(
            "DELETE FROM one_time_code WHERE (account = $1 AND purpose = $2 AND used_at IS NULL) OR expires_at < $3",
            &[account.into(), purpose.into(), now.plus_seconds(-CODES_KEPT_S).into()],
        )
        .map(drop)
    }

    /// Logs a look at, or an export of, personal data.
    pub fn log_access(
        &self,
        id: Uuid,
        now: Instant,
        account: Id<Account>,
        device: Option<Id<Device>>,
        action: &str,
        subject: &str,
        reason: &str,
    ) -> Result<()> {
        self.execute_exact(
            "access_log",
            1,
            "INSERT INTO access_log (id, at, account, device, action, subject, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[id.into(), now.into(), account.into(), device.into(), action.into(), subject.into(), reason.into()],
        )
    }

    /// Entries of the access log, newest first.
    pub fn access_log(&self, filter: &AccessFilter<'_>, before: (Instant, Uuid), limit: i64) -> Result<Vec<LogRow>> {
        let actors: Vec<[u8; 16]> = filter.actors.unwrap_or_default().iter().map(|id| id.uuid().into_bytes()).collect();
        let actors: Vec<&[u8]> = actors.iter().map(<[u8; 16]>::as_slice).collect();
        self.query(
            "SELECT l.id, l.at, l.action, l.subject, l.reason, a.name, a.display_name, d.no, l.machine_user FROM access_log l
             LEFT JOIN account a ON a.id = l.account LEFT JOIN device d ON d.id = l.device
             WHERE (l.at < $1 OR (l.at = $1 AND l.id < $2)) AND l.at >= $3 AND ($4 = 0 OR l.account = ANY_BLOB($5))
             AND ($6 = '' OR l.action = $6) AND ($7 = '' OR l.subject = $7) ORDER BY l.at DESC, l.id DESC LIMIT $8",
            &[
                before.0.into(),
                before.1.into(),
                filter.from.into(),
                i64::from(filter.actors.is_some()).into(),
                crate::Val::Blobs(&actors),
                filter.action.into(),
                filter.subject.into(),
                limit.into(),
            ],
        )?
        .iter()
        .map(|row| {
            let actor: Option<String> = row.at(5)?;
            let display_name: Option<String> = row.at(6)?;
            Ok(LogRow {
                id: row.at(0)?,
                at: row.at(1)?,
                action: row.at(2)?,
                subject: row.at(3)?,
                reason: row.at(4)?,
                actor: actor.unwrap_or_default(),
                actor_display_name: display_name.unwrap_or_default(),
                device_no: row.at(7)?,
                machine_user: row.at(8)?,
            })
        })
        .collect()
    }

    /// Names under which some accounts sign in.
    pub fn login_names(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
        let keys: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes().as_slice()).collect();
        self.query("SELECT id, name FROM account WHERE id = ANY_BLOB($1)", &[crate::Val::Blobs(&keys)])?
            .iter()
            .map(|row| Ok((row.at(0)?, row.at(1)?)))
            .collect()
    }

    /// The newest looks at a subject.
    pub fn access_of(&self, subject: &str, limit: i64) -> Result<Vec<AccessRow>> {
        self.query(
            "SELECT at, account, action, reason FROM access_log WHERE subject = $1 ORDER BY at DESC LIMIT $2",
            &[subject.into(), limit.into()],
        )?
        .iter()
        .map(|row| Ok(AccessRow { at: row.at(0)?, account: row.at(1)?, action: row.at(2)?, reason: row.at(3)? }))
        .collect()
    }
}

/// Which entries of the access log.
#[derive(Debug, Clone, Copy)]
pub struct AccessFilter<'f> {
    /// Of these accounts, or of any.
    pub actors: Option<&'f [Id<Account>]>,
    /// Of this action, or of any if empty.
    pub action: &'f str,
    /// About this subject, or any if empty.
    pub subject: &'f str,
    /// Not before this.
    pub from: Instant,
}

/// An entry of the access log, with names.
#[derive(Debug, Clone)]
pub struct LogRow {
    /// Id.
    pub id: Uuid,
    /// When.
    pub at: Instant,
    /// Name of the account; empty if it is none of this store.
    pub actor: String,
    /// Its name shown to others.
    pub actor_display_name: String,
    /// The device's short number.
    pub device_no: Option<i64>,
    /// User of the server's machine, for what was done on its command line.
    pub machine_user: Option<String>,
    /// What was done.
    pub action: String,
    /// About what.
    pub subject: String,
    /// Why.
    pub reason: String,
}

/// One look at personal data.
#[derive(Debug, Clone)]
pub struct AccessRow {
    /// When.
    pub at: Instant,
    /// Who.
    pub account: Id<Account>,
    /// What was done.
    pub action: String,
    /// Why.
    pub reason: String,
}
