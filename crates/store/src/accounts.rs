//! Accounts, grants, sessions, devices, single-use codes, and the access log.

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
        self.query_opt("SELECT * FROM account WHERE name = $1", &[name.into()])?.as_ref().map(account).transpose()
    }

    /// The account with this id.
    pub fn account(&self, id: Id<Account>) -> Result<Option<AccountRow>> {
        self.query_opt("SELECT * FROM account WHERE id = $1", &[id.into()])?.as_ref().map(account).transpose()
    }

    /// Accounts by name, after `after`, at most `limit`.
    pub fn accounts(&self, after: &str, limit: i64) -> Result<Vec<AccountRow>> {
        self.query("SELECT * FROM account WHERE name > $1 ORDER BY name LIMIT $2", &[after.into(), limit.into()])?
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

    /// Opens a session.
    pub fn insert_session(&self, token_hash: &[u8; 32], account: Id<Account>, now: Instant, expires_at: Instant) -> Result<()> {
        self.execute("DELETE FROM session WHERE expires_at < $1", &[now.into()])?;
        self.execute_exact(
            "session",
            1,
            "INSERT INTO session (token_hash, account, created_at, expires_at) VALUES ($1, $2, $3, $4)",
            &[token_hash.into(), account.into(), now.into(), expires_at.into()],
        )
    }

    /// The account of a session that has not ended, and when it ends.
    pub fn session(&self, token_hash: &[u8; 32], now: Instant) -> Result<Option<(Id<Account>, Instant)>> {
        self.query_opt(
            "SELECT account, expires_at FROM session WHERE token_hash = $1 AND expires_at > $2",
            &[token_hash.into(), now.into()],
        )?
        .map(|row| Ok((row.at(0)?, row.at(1)?)))
        .transpose()
    }

    /// Ends a session.
    pub fn delete_session(&self, token_hash: &[u8; 32]) -> Result<()> {
        self.execute("DELETE FROM session WHERE token_hash = $1", &[token_hash.into()]).map(drop)
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
        self.query_opt("SELECT * FROM device WHERE token_hash = $1", &[token_hash.into()])?.as_ref().map(device).transpose()
    }

    /// The device with this id.
    pub fn device(&self, id: Id<Device>) -> Result<Option<DeviceRow>> {
        self.query_opt("SELECT * FROM device WHERE id = $1", &[id.into()])?.as_ref().map(device).transpose()
    }

    /// The device with this short number.
    pub fn device_by_no(&self, no: i64) -> Result<Option<DeviceRow>> {
        self.query_opt("SELECT * FROM device WHERE no = $1", &[no.into()])?.as_ref().map(device).transpose()
    }

    /// Devices with their account's name, newest first.
    pub fn devices(&self, limit: i64) -> Result<Vec<(DeviceRow, String)>> {
        self.query(
            "SELECT d.*, a.name AS account_name FROM device d JOIN account a ON a.id = d.account ORDER BY d.no DESC LIMIT $1",
            &[limit.into()],
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
