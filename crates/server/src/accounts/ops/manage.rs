//! What an administrator does to accounts and devices. Nobody grants, changes or even sees more than
//! what lies wholly inside the area in which they administer.

use allclear_domain::kernel::{
    access::Action,
    area::AreaCode,
    id::{Account, Device, Id},
    time::Instant,
};
use allclear_store::{
    Tx,
    accounts::{AccountRow, DeviceRow, GrantRow},
};
use allclear_wire::accounts::NewAccount;

use super::{Author, NOBODY, NewCode, Purpose, name_is_fit, subject};
use crate::{
    accounts::{password, view},
    app::App,
    edge::{
        guard::Caller,
        limits::{GRANTS_MAX, PAGE_ROWS_MAX, TEXT_CHARS_MAX},
        problem::{Code, Result},
    },
    plan::Plan,
};

const MANAGE: Action = Action::ManageAccounts;

/// Refuses grants of areas that are none, and of areas outside the caller's.
fn check_grants(plan: &Plan, caller: &Caller, grants: &[GrantRow]) -> Result<()> {
    if grants.is_empty() || grants.len() > GRANTS_MAX {
        return Err(Code::BodyInvalid.field("/grants"));
    }
    for grant in grants {
        if grant.area != AreaCode::COUNTRY && plan.area(grant.area).is_none() {
            return Err(Code::AreaUnknown.field("/grants"));
        }
        caller.require_in(MANAGE, grant.area)?;
    }
    Ok(())
}

/// Whether an account with these grants lies wholly inside the caller's area. One without any grant
/// lies nowhere: it is for those who hold everything.
pub(super) fn reaches(plan: &Plan, caller: &Caller, action: Action, mut grants: impl Iterator<Item = AreaCode>) -> bool {
    match grants.next() {
        None => caller.holds_all(action, plan),
        Some(first) => caller.may_in(action, first) && grants.all(|area| caller.may_in(action, area)),
    }
}

/// The account, if the caller administers it; another's is as if it did not exist.
fn within_reach(tx: &Tx<'_>, plan: &Plan, caller: &Caller, id: Id<Account>) -> Result<(AccountRow, Vec<GrantRow>)> {
    let row = tx.account(id)?.ok_or_else(|| Code::NotFound.problem())?;
    let grants: Vec<GrantRow> = tx.grants(&[id])?.into_iter().map(|(_, grant)| grant).collect();
    if reaches(plan, caller, MANAGE, grants.iter().map(|grant| grant.area)) { Ok((row, grants)) } else { Err(Code::NotFound.problem()) }
}

fn words(grants: &[GrantRow]) -> String {
    grants.iter().map(|grant| format!("{} {}", grant.role.as_str(), grant.area)).collect::<Vec<_>>().join(", ")
}

fn sorted(mut grants: Vec<GrantRow>) -> Vec<GrantRow> {
    grants.sort_by_key(|grant| (grant.role, grant.area));
    grants.dedup();
    grants
}

/// A single-use code and when it ends.
type CodeMade = (String, Instant);

/// Makes an account; answers the code by which its owner sets the first password. Outside the demo nobody else chooses it.
pub async fn create_account(app: &App, caller: &Caller, request: NewAccount) -> Result<(Id<Account>, Option<CodeMade>)> {
    if !name_is_fit(&request.name) {
        return Err(Code::BodyInvalid.field("/name"));
    }
    let display_name = request.display_name.trim().to_owned();
    if !(1..=TEXT_CHARS_MAX).contains(&display_name.chars().count()) {
        return Err(Code::BodyInvalid.field("/display_name"));
    }
    if request.password.is_some() && !app.demo {
        return Err(Code::BodyInvalid.field("/password"));
    }
    let grants = sorted(view::grants(&request.grants)?);
    check_grants(&app.plan(), caller, &grants)?;
    let now = app.now();
    let id = Id::new(app.ids.at(now));
    let (password_hash, code) = match request.password {
        Some(password) => {
            password::check(&password, "", app.demo, "/password")?;
            (password::hash(password, app.keys.random()).await?, None)
        }
        None => (NOBODY.to_owned(), Some(NewCode::draw(app, Purpose::Reset))),
    };
    let made = code.as_ref().map(|code| (code.code.clone(), code.expires_at));
    let link = code.as_ref().map(|code| code.inserter(Some(id), String::new()));
    let row = AccountRow { id, name: request.name, display_name, password_hash, active: true, created_at: now };
    let author = Author::of(app, caller);
    app.store
        .run("create_account", move |tx| {
            tx.insert_account(&row, &grants)?;
            if let Some(link) = &link {
                link(tx)?;
            }
            author.note(tx, "create_account", &subject(id), &words(&grants))
        })
        .await?;
    Ok((id, made))
}

/// Replaces the grants of an account.
pub async fn replace_grants(app: &App, caller: &Caller, id: Id<Account>, grants: Vec<GrantRow>) -> Result<()> {
    let (plan, author, by) = (app.plan(), Author::of(app, caller), caller.clone());
    let grants = sorted(grants);
    check_grants(&plan, caller, &grants)?;
    if id == caller.account {
        // Another administrator must remain above whoever steps down.
        return Err(Code::OwnAccount.problem());
    }
    app.store
        .run("replace_grants", move |tx| -> Result<()> {
            let (_, before) = within_reach(tx, &plan, &by, id)?;
            tx.replace_grants(id, &grants)?;
            let reason = format!("{} instead of {}", words(&grants), words(&before));
            Ok(author.note(tx, "replace_grants", &subject(id), &reason)?)
        })
        .await?;
    app.callers.forget(id);
    Ok(())
}

/// Lets an account sign in, or not.
pub async fn set_active(app: &App, caller: &Caller, id: Id<Account>, active: bool) -> Result<()> {
    if id == caller.account {
        return Err(Code::OwnAccount.problem());
    }
    let (plan, author, by) = (app.plan(), Author::of(app, caller), caller.clone());
    app.store
        .run("set_account_active", move |tx| -> Result<()> {
            within_reach(tx, &plan, &by, id)?;
            tx.set_account_active(id, active)?;
            let reason = if active { "active" } else { "not active" };
            Ok(author.note(tx, "set_account_active", &subject(id), reason)?)
        })
        .await?;
    app.callers.forget(id);
    Ok(())
}

/// Makes a link that sets a new password for somebody who forgot theirs; an older link ends.
pub async fn reset_link(app: &App, caller: &Caller, id: Id<Account>) -> Result<(String, Instant)> {
    code_for(app, caller, Purpose::Reset, id, String::new()).await
}

/// Makes a code that a phone scans to enrol for an account.
pub async fn enrolment_code(app: &App, caller: &Caller, id: Id<Account>, label: String) -> Result<(String, Instant)> {
    if !(1..=TEXT_CHARS_MAX).contains(&label.trim().chars().count()) {
        return Err(Code::BodyInvalid.field("/label"));
    }
    code_for(app, caller, Purpose::Enrol, id, label.trim().to_owned()).await
}

async fn code_for(app: &App, caller: &Caller, purpose: Purpose, id: Id<Account>, label: String) -> Result<(String, Instant)> {
    let (plan, author, by) = (app.plan(), Author::of(app, caller), caller.clone());
    let code = NewCode::draw(app, purpose);
    let insert = code.inserter(Some(id), label.clone());
    let action = match purpose {
        Purpose::Reset | Purpose::Recover => "make_reset_link",
        Purpose::Enrol | Purpose::Setup => "make_enrolment",
    };
    app.store
        .run(action, move |tx| -> Result<()> {
            let (row, _) = within_reach(tx, &plan, &by, id)?;
            if !row.active {
                return Err(Code::StateConflict.problem());
            }
            if purpose == Purpose::Reset {
                tx.end_one_time_codes(id, purpose.as_str(), author.at)?;
            }
            insert(tx)?;
            Ok(author.note(tx, action, &subject(id), &label)?)
        })
        .await?;
    Ok((code.code, code.expires_at))
}

/// Takes a device's token away.
pub async fn revoke_device(app: &App, caller: &Caller, id: Id<Device>) -> Result<()> {
    let (plan, author, by) = (app.plan(), Author::of(app, caller), caller.clone());
    app.store
        .run("revoke_device", move |tx| -> Result<()> {
            let device = tx.device(id)?.ok_or_else(|| Code::NotFound.problem())?;
            within_reach(tx, &plan, &by, device.account)?;
            tx.revoke_device(id, author.at)?;
            Ok(author.note(tx, "revoke_device", &subject(device.account), &format!("device {}", device.no))?)
        })
        .await?;
    app.callers.forget_device(id);
    Ok(())
}

/// A page of what the caller administers, and where the next begins.
pub struct Page<T, N> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<N>,
}

/// Accounts that the caller administers, by name.
pub async fn list_accounts(app: &App, caller: &Caller, after: String) -> Result<Page<(AccountRow, Vec<GrantRow>), String>> {
    let (plan, by) = (app.plan(), caller.clone());
    app.store
        .read("list_accounts", move |tx| {
            let mut page = Page { rows: Vec::new(), next: Some(after.clone()) };
            while let Some(after) = page.next.take() {
                let rows = tx.accounts(&after, PAGE_ROWS_MAX)?;
                let full = rows.len() as i64 == PAGE_ROWS_MAX;
                page.next = rows.last().filter(|_| full).map(|row| row.name.clone());
                let grants = tx.grants(&rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
                for row in rows {
                    let own: Vec<GrantRow> = grants.iter().filter(|(id, _)| *id == row.id).map(|(_, grant)| *grant).collect();
                    if reaches(&plan, &by, MANAGE, own.iter().map(|grant| grant.area)) {
                        page.rows.push((row, own));
                    }
                }
                if !page.rows.is_empty() {
                    break;
                }
            }
            Ok(page)
        })
        .await
}

/// Devices of accounts that the caller administers, newest first, with the account's name.
pub async fn list_devices(app: &App, caller: &Caller, before: i64) -> Result<Page<(DeviceRow, String), i64>> {
    let (plan, by) = (app.plan(), caller.clone());
    app.store
        .read("list_devices", move |tx| {
            let mut page = Page { rows: Vec::new(), next: Some(before) };
            while let Some(before) = page.next.take() {
                let rows = tx.devices(before, PAGE_ROWS_MAX)?;
                let full = rows.len() as i64 == PAGE_ROWS_MAX;
                page.next = rows.last().filter(|_| full).map(|(row, _)| row.no);
                let mut owners: Vec<Id<Account>> = rows.iter().map(|(row, _)| row.account).collect();
                owners.sort_unstable();
                owners.dedup();
                let grants = tx.grants(&owners)?;
                let seen = |owner: Id<Account>| {
                    let areas = grants.iter().filter(|(id, _)| *id == owner).map(|(_, grant)| grant.area);
                    reaches(&plan, &by, MANAGE, areas)
                };
                page.rows.extend(rows.into_iter().filter(|(row, _)| seen(row.account)));
                if !page.rows.is_empty() {
                    break;
                }
            }
            Ok(page)
        })
        .await
}
