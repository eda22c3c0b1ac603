//! What happens to accounts, sessions and devices: here by those who use them, in `manage` by an
//! administrator, in `log` to be read by the auditor, in `recover` on the server's own machine.

pub mod log;
pub mod manage;
pub mod recover;
pub mod sessions;

use allclear_domain::kernel::{
    access::Role,
    area::AreaCode,
    id::{Account, Device, Id},
    time::Instant,
};
use allclear_seal::{base64url, sha256, to_base64url};
use allclear_store::{
    StoreError, Tx,
    accounts::{AccountRow, GrantRow},
    sessions::SessionRow,
};
use allclear_wire::accounts::{EnrolRequest, LoginRequest, PasswordChange, PasswordReset};
use uuid::Uuid;

use super::password;
use crate::{
    app::App,
    edge::{
        client::Client,
        guard::Caller,
        limits::{ENROLMENT_S, PASSWORD_CHARS_MAX, RESET_S, SESSION_IDLE_S, SESSION_S, SESSIONS_MAX, TEXT_CHARS_MAX},
        problem::{Code, Result},
        throttle::Attempt,
    },
};

/// A hash that no password fits: a name nobody has costs as much time as one somebody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a single-use code is for; the word that the store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Enrols a phone.
    Enrol,
    /// Sets a new password.
    Reset,
    /// The same for an administrator whom nobody stands above: made on the server's machine and used there.
    Recover,
    /// Makes the first administrator.
    Setup,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Enrol => "enrol",
            Self::Reset | Self::Recover => "reset",
            Self::Setup => "setup",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Enrol | Self::Setup | Self::Recover => ENROLMENT_S,
            Self::Reset => RESET_S,
        }
    }
}

/// Who writes an entry of the access log, made before the commit so that a second try writes the same.
#[derive(Debug, Clone, Copy)]
pub struct Author {
    entry: Uuid,
    at: Instant,
    account: Id<Account>,
    device: Option<Id<Device>>,
}

impl Author {
    fn new(app: &App, account: Id<Account>, device: Option<Id<Device>>) -> Self {
        let at = app.now();
        Self { entry: app.ids.at(at), at, account, device }
    }

    fn of(app: &App, caller: &Caller) -> Self {
        Self::new(app, caller.account, caller.device.map(|(device, _)| device))
    }

    fn note(&self, tx: &Tx<'_>, action: &str, subject: &str, reason: &str) -> Result<(), StoreError> {
        tx.log_access(self.entry, self.at, self.account, self.device, action, subject, reason)
    }
}

/// An account as the subject of an entry of the access log.
#[must_use]
pub fn subject(id: Id<Account>) -> String {
    format!("account:{id}")
}

fn secret(app: &App) -> String {
    to_base64url(&app.keys.random::<32>())
}

/// Names of accounts: a longer or odder one is nobody's.
fn name_is_fit(name: &str) -> bool {
    (3..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

/// Signs in; answers the session token. The log says for which account somebody succeeded or failed: for a name that nobody
/// has it says only that, since people type their password there too.
pub async fn login(app: &App, client: Client, request: LoginRequest) -> Result<String> {
    let now = app.now();
    let attempt = Attempt::new(&request.name, client.address);
    app.callers.throttle.check(&attempt, now)?;
    let name = request.name.clone();
    let found = app.store.read("login", move |tx| tx.account_by_name(&name)).await?;
    let account = found.filter(|account| account.active && name_is_fit(&account.name));
    let known = account.as_ref().map(|account| account.id.to_string()).unwrap_or_default();
    if !password_fits(account.as_ref(), request.password).await? {
        app.callers.throttle.fail(&attempt, now);
        tracing::warn!(target: "sign_in", account = known, address = client.address.map(tracing::field::display), "a sign-in failed");
        return Err(Code::CredentialsWrong.problem());
    }
    let account = account.ok_or_else(|| Code::CredentialsWrong.problem())?;
    app.callers.throttle.succeed(&attempt, now);
    tracing::info!(target: "sign_in", account = known, "signed in");
    open_session(app, account.id, client).await
}

/// Whether a password is that of an account; takes as long for nobody's.
async fn password_fits(account: Option<&AccountRow>, password: String) -> Result<bool> {
    if password.chars().count() > PASSWORD_CHARS_MAX {
        return Ok(false);
    }
    let hash = account.map_or_else(|| NOBODY.to_owned(), |account| account.password_hash.clone());
    Ok(password::fits(password, hash).await? && account.is_some())
}

/// A session on its way into a commit.
struct NewSession {
    token: String,
    hash: [u8; 32],
    now: Instant,
    agent: String,
}

impl NewSession {
    fn draw(app: &App, client: Client) -> Self {
        let token = secret(app);
        Self { hash: sha256(token.as_bytes()), token, now: app.now(), agent: client.agent.to_string() }
    }

    fn opener(&self) -> impl Fn(&Tx<'_>, Id<Account>) -> Result<(), StoreError> + Send + 'static {
        let (token_hash, now, agent) = (self.hash, self.now, self.agent.clone());
        move |tx, account| {
            let (agent, expires_at) = (agent.clone(), now.plus_seconds(SESSION_S));
            let row = SessionRow { token_hash, account, created_at: now, expires_at, seen_at: Some(now), agent };
            tx.insert_session(&row, now.plus_seconds(-SESSION_IDLE_S), SESSIONS_MAX - 1)
        }
    }
}

/// Opens a session for an account; answers its token.
async fn open_session(app: &App, account: Id<Account>, client: Client) -> Result<String> {
    let session = NewSession::draw(app, client);
    let open = session.opener();
    app.store.run("login", move |tx| open(tx, account)).await?;
    Ok(session.token)
}

/// Ends the session of a token.
pub async fn logout(app: &App, caller: &Caller, token: &str) -> Result<()> {
    let hash = sha256(token.as_bytes());
    app.store.run("logout", move |tx| tx.delete_session(&hash)).await?;
    app.callers.forget(caller.account);
    Ok(())
}

/// Makes the first administrator, of the whole country, and signs them in: the code is used, the
/// account made and the session opened in one commit, so that nothing refused burns the link.
pub async fn setup(app: &App, client: Client, code: &str, name: String, password: String) -> Result<String> {
    if !name_is_fit(&name) {
        return Err(Code::BodyInvalid.field("/name"));
    }
    password::check(&password, &name, app.demo, "/password")?;
    let (hash, now) = (sha256(code.as_bytes()), app.now());
    let open = app.store.read("setup", move |tx| tx.one_time_code_is_open(&hash, Purpose::Setup.as_str(), now)).await?;
    if !open {
        return Err(Code::SetupDone.problem());
    }
    let password_hash = password::hash(password, app.keys.random()).await?;
    let id = Id::new(app.ids.at(now));
    let row = AccountRow { id, display_name: name.clone(), name, password_hash, active: true, created_at: now };
    let (author, session) = (Author::new(app, id, None), NewSession::draw(app, client));
    let open = session.opener();
    app.store
        .run("setup", move |tx| -> Result<()> {
            if tx.count_accounts()? > 0 || tx.use_one_time_code(&hash, Purpose::Setup.as_str(), now)?.is_none() {
                return Err(Code::SetupDone.problem());
            }
            tx.insert_account(&row, &[GrantRow { role: Role::Administrator, area: AreaCode::COUNTRY }])?;
            author.note(tx, "setup", &subject(id), "administrator 100000")?;
            Ok(open(tx, id)?)
        })
        .await?;
    Ok(session.token)
}

/// Sets a new password in place of one's own; every session ends, and a new one is opened here.
pub async fn change_password(app: &App, caller: &Caller, client: Client, request: PasswordChange) -> Result<String> {
    if caller.device.is_some() {
        // A phone in a site's drawer is nobody's own.
        return Err(Code::Forbidden.problem());
    }
    password::check(&request.new, &caller.name, app.demo, "/new")?;
    let (now, account) = (app.now(), caller.account);
    let attempt = Attempt::new(&caller.name, client.address);
    app.callers.throttle.check(&attempt, now)?;
    let row = app.store.read("change_password", move |tx| tx.account(account)).await?;
    if !password_fits(row.as_ref(), request.old).await? {
        app.callers.throttle.fail(&attempt, now);
        return Err(Code::PasswordWrong.field("/old"));
    }
    let hash = password::hash(request.new, app.keys.random()).await?;
    let (author, session) = (Author::of(app, caller), NewSession::draw(app, client));
    let open = session.opener();
    app.store
        .run("change_password", move |tx| {
            tx.set_password_hash(account, &hash)?;
            author.note(tx, "change_password", &subject(account), "")?;
            open(tx, account)
        })
        .await?;
    app.callers.forget(account);
    Ok(session.token)
}

/// Sets a new password with the code of an administrator's link, and signs in. Every other session
/// ends. It also opens where the name waits for too many failures: the link is proof enough.
pub async fn reset_password(app: &App, client: Client, request: PasswordReset) -> Result<String> {
    password::check(&request.password, "", app.demo, "/password")?;
    let (code, now) = (sha256(request.code.as_bytes()), app.now());
    let open = app.store.read("reset_password", move |tx| tx.one_time_code_is_open(&code, Purpose::Reset.as_str(), now)).await?;
    if !open {
        return Err(Code::LinkUsed.problem());
    }
    let hash = password::hash(request.password, app.keys.random()).await?;
    let (entry, session) = (app.ids.at(now), NewSession::draw(app, client));
    let open = session.opener();
    let (account, name) = app
        .store
        .run("reset_password", move |tx| -> Result<_> {
            let Some((Some(account), _)) = tx.use_one_time_code(&code, Purpose::Reset.as_str(), now)? else {
                return Err(Code::LinkUsed.problem());
            };
            let row = tx.account(account)?.filter(|row| row.active).ok_or_else(|| Code::LinkUsed.problem())?;
            tx.set_password_hash(account, &hash)?;
            tx.log_access(entry, now, account, None, "reset_password", &subject(account), "")?;
            open(tx, account)?;
            Ok((account, row.name))
        })
        .await?;
    app.callers.forget(account);
    app.callers.throttle.succeed(&Attempt::new(&name, client.address), now);
    Ok(session.token)
}

/// Makes a single-use code; answers the code and when it ends. Whoever calls has checked the right.
pub async fn one_time_code(app: &App, purpose: Purpose, account: Option<Id<Account>>, label: String) -> Result<(String, Instant)> {
    let code = NewCode::draw(app, purpose);
    let insert = code.inserter(account, label);
    app.store.run("one_time_code", move |tx| insert(tx)).await?;
    Ok((code.code, code.expires_at))
}

/// A single-use code on its way into a commit.
struct NewCode {
    code: String,
    purpose: Purpose,
    expires_at: Instant,
}

impl NewCode {
    fn draw(app: &App, purpose: Purpose) -> Self {
        Self { code: secret(app), purpose, expires_at: app.now().plus_seconds(purpose.seconds()) }
    }

    fn inserter(&self, account: Option<Id<Account>>, label: String) -> impl Fn(&Tx<'_>) -> Result<(), StoreError> + Send + Sync + use<> {
        let insert = self.inserter_for_any();
        move |tx| insert(tx, account, &label)
    }

    /// The same for an account that is only known inside the commit.
    fn inserter_for_any(&self) -> impl Fn(&Tx<'_>, Option<Id<Account>>, &str) -> Result<(), StoreError> + Send + Sync + use<> {
        let (hash, purpose, expires_at) = (sha256(self.code.as_bytes()), self.purpose.as_str(), self.expires_at);
        move |tx, account, label| tx.insert_one_time_code(&hash, purpose, account, label, expires_at)
    }
}

/// A newly enrolled device.
pub struct NewDevice {
    /// Id.
    pub id: Id<Device>,
    /// Short number.
    pub no: i64,
    /// Its secret token, shown once.
    pub token: String,
}

/// Enrols a device by code or by the session of its user.
pub async fn enrol(app: &App, caller: Option<&Caller>, request: EnrolRequest) -> Result<NewDevice> {
    let public_key = base64url(&request.public_key).filter(|key| key.len() == 65 && key[0] == 4);
    let public_key = public_key.ok_or_else(|| Code::BodyInvalid.field("/public_key"))?;
    if request.label.chars().count() > TEXT_CHARS_MAX {
        return Err(Code::BodyInvalid.field("/label"));
    }
    let now = app.now();
    let signed_in = caller.map(|caller| caller.account);
    if request.code.is_none() && signed_in.is_none() {
        return Err(Code::Unauthenticated.problem());
    }
    let code = request.code.map(|code| sha256(code.as_bytes()));
    let token = secret(app);
    let hash = sha256(token.as_bytes());
    let id = Id::new(app.ids.at(now));
    let no = app
        .store
        .run("enrol_device", move |tx| -> Result<i64> {
            let (account, label) = match code {
                Some(code) => match tx.use_one_time_code(&code, Purpose::Enrol.as_str(), now)? {
                    Some((Some(account), label)) => (account, label),
                    _ => return Err(Code::EnrolmentUsed.problem()),
                },
                None => (signed_in.ok_or_else(|| Code::Unauthenticated.problem())?, request.label.clone()),
            };
            Ok(tx.insert_device(id, &label, account, &hash, &public_key, now)?)
        })
        .await?;
    Ok(NewDevice { id, no, token })
}
