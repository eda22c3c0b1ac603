//! What is done on the server's own machine, through the real program, and stands in the access log.

use std::sync::Arc;

use allclear_domain::kernel::{
    access::Role,
    area::AreaCode,
    id::{Account, Id},
    time::Instant,
};
use allclear_seal::Keys;
use allclear_server::{accounts::ops, boot, clock::SystemClock, edge::client::Client};
use allclear_store::{
    Store, StoreConfig,
    accounts::{AccessFilter, AccountRow, GrantRow, LogRow},
    backup,
};
use allclear_testkit::{City, Spare, TestStore};
use allclear_wire::accounts::{LoginRequest, PasswordReset};
use uuid::Uuid;

use super::{allclear, key_file};

const PASSWORD: &str = "found again after all";

/// The store, which nobody else holds.
async fn open(place: &StoreConfig) -> Store {
    Store::open(place, Arc::new(Keys::from_master(&City::MASTER))).await.unwrap()
}

async fn log(store: &Store, action: &'static str) -> Vec<LogRow> {
    let read = move |tx: &allclear_store::Tx<'_>| {
        let filter = AccessFilter { actors: Some(&[Id::new(Uuid::nil())]), action, subject: "", from: Instant(0) };
        tx.access_log(&filter, (Instant(i64::MAX), Uuid::nil()), 10)
    };
    store.read("test", read).await.unwrap()
}

fn account(number: u128, name: &str, active: bool) -> AccountRow {
    let (name, display_name) = (name.to_owned(), name.to_owned());
    AccountRow {
        id: Id::<Account>::new(Uuid::from_u128(number)),
        name,
        display_name,
        password_hash: "x".into(),
        active,
        created_at: Instant(1),
    }
}

#[tokio::test]
async fn the_only_administrator_comes_back_by_a_link_of_the_servers_machine() {
    let place = TestStore::fresh().await;
    let spare = Spare::like(&place.config).await;
    let key = key_file(&spare.folder);
    let store = open(&place.config).await;
    let make = |tx: &allclear_store::Tx<'_>| {
        let grant = |role| [GrantRow { role, area: AreaCode::COUNTRY }];
        tx.insert_account(&account(1, "chief", true), &grant(Role::Administrator))?;
        tx.insert_account(&account(2, "stopped", false), &grant(Role::Administrator))?;
        tx.insert_account(&account(3, "courier", true), &grant(Role::Courier))
    };
    store.run("test", make).await.unwrap();
    drop(store);

    let recover = |name: &str, reason: &str| allclear("administrator", &place.config, &key, &["--recover", name, "--reason", reason]);
    for (name, reason, said) in [
        ("nobody", "lost", "nobody is no administrator of this store; these are: chief"),
        ("courier", "lost", "courier is no administrator"),
        ("stopped", "lost", "stopped was stopped"),
        ("chief", " ", "a reason of 1 to"),
    ] {
        let (code, text) = recover(name, reason);
        assert_eq!((code, text.contains(said), text.contains("code=")), (1, true, false), "{text}");
    }
    let (code, text) = allclear("administrator", &place.config, &spare.folder.join("no.key"), &["--recover", "chief", "--reason", "lost"]);
    assert_eq!((code, text.contains("does not exist")), (1, true), "{text}");

    let link = |name: &str| {
        let (code, text) = recover(name, "the note with it burnt");
        assert_eq!(code, 0, "{text}");
        text.split_once("/desk/#/reset?code=").unwrap().1.split_whitespace().next().unwrap().to_owned()
    };
    let (older, newer) = (link("chief"), link("chief"));
    let store = open(&place.config).await;
    let entries = log(&store, "recover_administrator").await;
    assert_eq!(entries.len(), 2, "refusals made nothing");
    assert_eq!(
        (entries[0].reason.as_str(), entries[0].subject.as_str()),
        ("the note with it burnt", &*ops::subject(Id::new(Uuid::from_u128(1))))
    );
    assert!(entries[0].machine_user.as_ref().is_some_and(|user| !user.is_empty()));
    let app = boot::application_on(store, Arc::new(Keys::from_master(&City::MASTER)), Arc::new(SystemClock), false).await.unwrap();
    let reset = |code: &str| ops::reset_password(&app, Client::LOCAL, PasswordReset { code: code.to_owned(), password: PASSWORD.into() });
    assert!(reset(&older).await.is_err(), "a newer link ends it");
    reset(&newer).await.unwrap();
    assert!(reset(&newer).await.is_err(), "it works once");
    ops::login(&app, Client::LOCAL, LoginRequest { name: "chief".into(), password: PASSWORD.into() }).await.unwrap();
}

#[tokio::test]
async fn a_link_and_cards_need_the_key_of_the_store_and_stand_in_its_log() {
    let city = City::start().await;
    let spare = Spare::like(&city.store).await;
    let key = key_file(&spare.folder);
    let person = city.people(city.site(0)).await[0];
    let household = city.app.store.read("test", move |tx| tx.persons(&[person])).await.unwrap().remove(0).household.unwrap();
    let members = city.app.store.read("test", move |tx| tx.household_members(household)).await.unwrap().len();
    let file = spare.folder.join("city.backup");
    backup::backup(&city.store, &city.app.keys, &file, "test", "now".into()).await.unwrap();
    backup::restore(&file, &spare.config, &city.app.keys).await.unwrap();

    let other = spare.folder.join("other.key");
    std::fs::write(&other, [8; 32]).unwrap();
    let (code, text) = allclear("administrator", &spare.config, &other, &["--recover", "admin", "--reason", "lost"]);
    assert_eq!((code, text.contains("not that of this store")), (1, true), "{text}");

    let (pdf, number) = (spare.folder.join("cards.pdf"), household.to_string());
    let cards = ["--kind", "card", "--household", &number, "--out", pdf.to_str().unwrap()];
    let (code, text) = allclear("labels", &spare.config, &key, &cards);
    assert_eq!((code, text.contains("--reason")), (2, true), "{text}");
    let (code, text) = allclear("labels", &spare.config, &key, &[&cards[..], &["--reason", " "]].concat());
    assert_eq!((code, pdf.exists()), (1, false), "{text}");
    let (code, text) = allclear("labels", &spare.config, &key, &[&cards[..], &["--reason", "社区发放"]].concat());
    assert_eq!((code, text.contains(&format!("{members} cards"))), (0, true), "{text}");
    assert!(std::fs::read(&pdf).unwrap().starts_with(b"%PDF"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&pdf).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "names stand in it");

    let store = open(&spare.config).await;
    let entries = log(&store, "print_cards").await;
    assert_eq!(entries.len(), 1, "refusals printed nothing");
    assert_eq!(entries[0].subject, format!("cards of household {household}"));
    assert_eq!(entries[0].reason, format!("社区发放 ({members})"));
    assert!(entries[0].machine_user.is_some());
    // As the auditor reads it.
    let entry = allclear_server::accounts::view::entry((entries[0].clone(), None));
    assert!(entry.actor.starts_with("cli:"), "{}", entry.actor);
    assert_eq!(store.read("test", |tx| tx.key_is_ours()).await.unwrap(), Some(true));
}
