//! What happens to accounts, sessions and devices.

use allclear_domain::kernel::id::{Account, Device, Id};
use allclear_seal::{base64url, sha256, to_base64url};
use allclear_store::accounts::{AccountRow, GrantRow};
use allclear_wire::accounts::{EnrolRequest, LoginRequest, NewAccount};

use super::{password, view};
use crate::{
    app::App,
    edge::{
        guard::Caller,
        limits::{ENROLMENT_S, SESSION_S},
        problem::{Code, Result},
    },
};

/// A hash that no password fits: a name nobody has costs as much time as one somebody has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn secret(app: &App) -> String {
    to_base64url(&app.keys.random::<32>())
}

/// Signs in; answers the session token.
pub async fn login(app: &App, request: LoginRequest) -> Result<String> {
    let now = app.now();
    app.callers.throttle.check(&request.name, now)?;
    let name = request.name.clone();
    let account = app.store.read("login", move |tx| tx.account_by_name(&name)).await?.filter(|account| account.active);
    let hash = account.as_ref().map_or_else(|| NOBODY.to_owned(), |account| account.password_hash.clone());
    let fits = password::fits(request.password, hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        app.callers.throttle.fail(&request.name, now);
        return Err(Code::CredentialsWrong.problem());
    };
    app.callers.throttle.succeed(&request.name);
    open_session(app, account.id).await
}

/// Opens a session for an account; answers its token.
pub async fn open_session(app: &App, account: Id<Account>) -> Result<String> {
    let now = app.now();
    let token = secret(app);
    let hash = sha256(token.as_bytes());
    app.store.run("login", move |tx| tx.insert_session(&hash, account, now, now.plus_seconds(SESSION_S))).await?;
    Ok(token)
}

/// Ends the session of a token.
pub async fn logout(app: &App, caller: &Caller, token: &str) -> Result<()> {
    let hash = sha256(token.as_bytes());
    app.store.run("logout", move |tx| tx.delete_session(&hash)).await?;
    app.callers.forget(caller.account);
    Ok(())
}

fn name_is_fit(name: &str) -> bool {
    (3..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
}

/// Makes an account.
pub async fn create_account(app: &App, request: NewAccount) -> Result<Id<Account>> {
    if !name_is_fit(&request.name) {
        return Err(Code::BodyInvalid.field("/name"));
    }
    if !app.demo && request.password.chars().count() < password::PASSWORD_CHARS_MIN {
        return Err(Code::PasswordWeak.field("/password"));
    }
    let grants = view::grants(&request.grants)?;
    let now = app.now();
    let id = Id::new(app.ids.at(now));
    let password_hash = password::hash(request.password, app.keys.random()).await?;
    let row = AccountRow { id, name: request.name, display_name: request.display_name, password_hash, active: true, created_at: now };
    app.store.run("create_account", move |tx| tx.insert_account(&row, &grants)).await?;
    Ok(id)
}

/// Replaces the grants of an account.
pub async fn replace_grants(app: &App, id: Id<Account>, grants: Vec<GrantRow>) -> Result<()> {
    app.store.run("replace_grants", move |tx| tx.replace_grants(id, &grants)).await?;
    app.callers.forget(id);
    Ok(())
}

/// Lets an account sign in, or not.
pub async fn set_active(app: &App, id: Id<Account>, active: bool) -> Result<()> {
    app.store.run("set_account_active", move |tx| tx.set_account_active(id, active)).await?;
    app.callers.forget(id);
    Ok(())
}

/// Makes a single-use code of `purpose`; answers the code and when it ends.
pub async fn one_time_code(
    app: &App,
    purpose: &'static str,
    account: Option<Id<Account>>,
    label: String,
) -> Result<(String, allclear_domain::kernel::time::Instant)> {
    let expires_at = app.now().plus_seconds(ENROLMENT_S);
    let code = secret(app);
    let hash = sha256(code.as_bytes());
    app.store.run("one_time_code", move |tx| tx.insert_one_time_code(&hash, purpose, account, &label, expires_at)).await?;
    Ok((code, expires_at))
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
                Some(code) => match tx.use_one_time_code(&code, "enrol", now)? {
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

/// Takes a device's token away.
pub async fn revoke_device(app: &App, id: Id<Device>) -> Result<()> {
    let now = app.now();
    app.store.run("revoke_device", move |tx| tx.revoke_device(id, now)).await?;
    app.callers.forget_device(id);
    Ok(())
}
