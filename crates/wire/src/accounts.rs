//! Signing in, accounts, roles, devices.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What an account may be. The words are those of `domain::kernel::access::Role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 采样登记员
    Registrar,
    /// 采样点长
    SiteLead,
    /// 转运员
    Courier,
    /// 检测人员
    LabEntry,
    /// 审核人员
    LabRelease,
    /// 指挥部
    Headquarters,
    /// 网格员
    GridWorker,
    /// 管理员
    Administrator,
    /// 监督
    Auditor,
}

/// A role inside one area subtree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Root of the subtree it holds in: a division code.
    pub area: String,
}

/// Name and password of a local account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// Account name.
    pub name: String,
    /// Password, sent only over TLS.
    pub password: String,
}

/// Who is signed in. The session itself is an HttpOnly cookie `allclear_session`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Account id.
    pub account: Uuid,
    /// Account name.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// Roles and where they hold.
    pub grants: Vec<Grant>,
    /// The device, if the caller is an enrolled device.
    pub device: Option<Uuid>,
    /// When the session ends.
    pub expires_at: String,
}

/// A new account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewAccount {
    /// Account name: 3 to 64 characters `a-z 0-9 . _ -`.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// In the demo only. Elsewhere whoever makes an account does not know its password: the answer has a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Roles and where they hold.
    pub grants: Vec<Grant>,
}

/// An account that was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountMade {
    /// Its id.
    pub id: Uuid,
    /// Sets its first password, once; absent if the demo's administrator gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<ResetLink>,
}

/// Where an account is signed in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Id, by which it is ended.
    pub id: String,
    /// When somebody signed in (RFC 3339).
    pub opened_at: String,
    /// When it was last in use, within five minutes.
    pub seen_at: String,
    /// When it ends in any case.
    pub expires_at: String,
    /// Browser and system in our words: `chrome android`; `other other` if unknown, empty if not kept.
    pub agent: String,
    /// Whether it is the one that asks.
    pub own: bool,
}

/// A new password in place of one's own.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The password so far.
    pub old: String,
    /// The new one: 12 to 256 characters.
    pub new: String,
}

/// A new password in place of a forgotten one, with the code of an administrator's link.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordReset {
    /// Code of the link.
    pub code: String,
    /// The new password: 12 to 256 characters.
    pub password: String,
}

/// A single-use link that sets a new password, for the administrator to hand over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetLink {
    /// Path and fragment of the page that takes the code; the desk puts its own origin before it.
    pub url: String,
    /// When it stops working.
    pub expires_at: String,
}

/// One entry of the access log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccessEntry {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: String,
    /// Name of the account that did it; `cli:` and the system's user for what was done on the server's machine.
    pub actor: String,
    /// Name shown to others.
    pub actor_display_name: String,
    /// Short number of the device, if it was one.
    pub device_no: Option<i64>,
    /// What was done: the name of the operation.
    pub action: String,
    /// What it was about: `person:12000001`, `account:…`.
    pub subject: String,
    /// Account name, if the subject is an account.
    pub subject_name: Option<String>,
    /// Why, or what became of it.
    pub reason: String,
}

/// An account in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Account id.
    pub id: Uuid,
    /// Account name.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// Whether it may sign in.
    pub active: bool,
    /// Roles and where they hold.
    pub grants: Vec<Grant>,
    /// When it was made.
    pub created_at: String,
}

/// Asks for an enrolment code that a phone scans.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NewEnrolment {
    /// The account whose work the device does.
    pub account: Uuid,
    /// What people call the device: "石柱 3 号 PDA".
    pub label: String,
}

/// A single-use enrolment code, shown as a QR code, valid for minutes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Enrolment {
    /// The code; also the `code` query parameter of `url`.
    pub code: String,
    /// Path and fragment of the page that takes the code; the desk puts its own origin before it and
    /// shows it as a QR code.
    pub url: String,
    /// When it stops working.
    pub expires_at: String,
}

/// A phone turns an enrolment code, or its signed-in session, into a device token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The scanned code; absent when the caller is signed in.
    pub code: Option<String>,
    /// What people call the device.
    pub label: String,
    /// Public key of the device (ES256, uncompressed point, base64url) for hand-over codes.
    pub public_key: String,
}

/// The device's token; sent as `Authorization: Bearer …`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// Device id.
    pub device: Uuid,
    /// Short number printed on records of this device.
    pub device_no: i64,
    /// Secret token; shown once.
    pub token: String,
    /// Who it acts for.
    pub me: Me,
}

/// An enrolled device in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Device id.
    pub id: Uuid,
    /// Short number.
    pub device_no: i64,
    /// What people call it.
    pub label: String,
    /// Whose work it does.
    pub account_name: String,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When it last sent anything.
    pub seen_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}
