//! A day at the most talkative log there is: no document number, phone, name, address or card of anybody of
//! the city is in the log, the metrics, the traces or the body of a problem.

use std::{process::Command, sync::Arc};

use aho_corasick::AhoCorasick;
use allclear_domain::kernel::area::Level;
use allclear_seal::Keys;
use allclear_server::people::view;
use allclear_store::{Store, StoreError};
use allclear_testkit::{Method, TestStore, WireClient};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::{
    address,
    server::{Server, folder, get, until},
};

/// One person, as only the register may know them.
#[derive(Debug, Clone, Default)]
struct Identity {
    name: String,
    document: String,
    phone: String,
    address: String,
    card: String,
}

/// What may not be said, each also as it would stand in an address.
struct Secrets {
    words: Vec<String>,
    finder: AhoCorasick,
}

impl Secrets {
    fn of(people: &[Identity]) -> Self {
        let own = |person: &Identity| {
            [&person.name, &person.document, &person.phone, &person.address, &person.card].map(String::clone).into_iter()
        };
        // A name of one character is a word of the language.
        let plain: Vec<String> = people.iter().flat_map(own).filter(|word| word.chars().count() > 1).collect();
        let quoted = plain.iter().filter(|word| !word.is_ascii()).map(|word| percent(word));
        let mut words: Vec<String> = plain.iter().cloned().chain(quoted).collect();
        words.sort_unstable();
        words.dedup();
        Self { finder: AhoCorasick::new(&words).unwrap(), words }
    }

    /// What of it stands in a text, with some of what stands around it.
    fn found_in(&self, text: &str) -> Vec<String> {
        let around = |at: std::ops::Range<usize>| {
            let (from, until) = (at.start.saturating_sub(80), (at.end + 40).min(text.len()));
            String::from_utf8_lossy(&text.as_bytes()[from..until]).into_owned()
        };
        self.finder.find_iter(text).take(5).map(|found| format!("{}: …{}…", self.words[found.pattern()], around(found.range()))).collect()
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Everybody of a store.
async fn everybody(store: &TestStore, key: &[u8]) -> Vec<Identity> {
    let keys = Arc::new(Keys::from_master(&key.try_into().unwrap()));
    let store = Store::open(&store.config, Arc::clone(&keys)).await.unwrap();
    let read = store.read("test_everybody", move |tx| {
        let mut people = Vec::new();
        for village in tx.areas()?.into_iter().filter(|area| area.code.level() == Level::Village) {
            let numbers = tx.numbers_in_area(village.code, 0, 100_000)?;
            let cards = tx.cards_of(&numbers)?;
            let documents = tx.document_rows(&numbers)?;
            for person in tx.persons(&numbers)? {
                let open = |column, sealed: Option<&Vec<u8>>| view::cell(tx.keys(), person.no, column, sealed).unwrap().unwrap_or_default();
                people.push(Identity {
                    phone: open("phone", person.phone.as_ref()),
                    address: open("address", person.address.as_ref()),
                    card: cards.iter().find(|(no, _)| *no == person.no.0).map(|(_, code)| code.clone()).unwrap_or_default(),
                    document: documents
                        .iter()
                        .find(|row| row.person == person.no)
                        .map(|row| view::document_number(tx.keys(), row).unwrap())
                        .unwrap_or_default(),
                    name: person.name,
                });
            }
        }
        Ok::<_, StoreError>(people)
    });
    read.await.unwrap()
}

/// Takes every post of spans, for as long as the test runs.
async fn collector() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = Vec::new();
            while let Ok(1..) = stream.read_buf(&mut text).await {
                let whole = String::from_utf8_lossy(&text)
                    .split_once("\r\n\r\n")
                    .is_some_and(|(_, body)| serde_json::from_str::<Value>(body).is_ok());
                if whole {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
                    let _ = sender.send(String::from_utf8_lossy(&text).into_owned());
                    break;
                }
            }
        }
    });
    (at, receiver)
}

/// Requests that carry an identity wherever one can stand, right and wrong; answers the bodies of the problems.
async fn pry(server: &Server, of: &Identity) -> Vec<String> {
    let mut problems = Vec::new();
    let (name, document, phone, card) = (percent(&of.name), &of.document, &of.phone, &of.card);
    let person = json!({ "name": of.name, "document_kind": "resident_id", "document_number": document, "phone": phone,
                         "living_area": of.address, "address": of.address });
    let bad_file = format!("姓名,证件号码,手机号,村社区\n{},{document}1,{phone}9,火星\n{},{document},{phone},\n", of.name, of.name);
    let addresses = [
        format!("/api/v1/people/{document}"),
        format!("/api/v1/trace/card/{card}"),
        format!("/api/v1/trace/tube/{document}"),
        format!("/api/v1/rounds/{document}/missing?area={name}&after={phone}"),
        format!("/api/v1/tasks?kind={name}&after={document}"),
        format!("/api/v1/exceptions?code={card}&state={name}&after={document}"),
        format!("/api/v1/access-log?actor={name}&subject={document}&from={phone}"),
        format!("/api/v1/reports/{name}?date={document}"),
        format!("/{name}/{document}"),
    ];
    let bodies = [
        ("/api/v1/people/search", json!({ "text": document })),
        ("/api/v1/people/search", json!({ "text": of.name })),
        ("/api/v1/people/search", json!({ "text": phone, "area": of.name })),
        ("/api/v1/people/search", json!({ "text": [of.name, document] })),
        ("/api/v1/people", person.clone()),
        ("/api/v1/people", json!({ document.as_str(): of.name })),
        (
            "/api/v1/accounts",
            json!({ "name": of.name, "display_name": of.name, "password": document, "grants": [{ "role": of.name, "area": document }] }),
        ),
        ("/api/v1/rounds", json!({ "name": of.name, "areas": [document], "tube_kind": of.name })),
        ("/api/v1/exemptions", json!({ "person": document, "kind": of.name, "reason": phone })),
        ("/api/v1/labels/cards", json!({ "area": of.name, "reason": document })),
        ("/api/v1/session", json!({ "name": of.name, "password": document })),
        ("/api/v1/resident/session", json!({ "code": card, "document_tail": "0000" })),
        (
            "/api/v1/resident/session",
            json!({ "code": card, "document_tail": document.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<String>() }),
        ),
        ("/api/v1/sync", json!({ "sent_at": of.name, "commands": [{ "id": document, "at": phone }] })),
    ];
    for account in ["admin", "headquarters", "registrar", "labentry", "auditor"] {
        let mut client = WireClient::new(&server.at.to_string());
        client.sign_in(account, "allclear-demo").await.unwrap();
        let mut answers = Vec::new();
        for path in &addresses {
            answers.push(client.get(path).await.unwrap());
        }
        for (path, body) in &bodies {
            answers.push(client.post(path, body).await.unwrap());
        }
        let upload = format!("/api/v1/people/imports?file_name={name}-{document}.csv");
        let taken = client.send(&Method::POST, &upload, "application/octet-stream", bad_file.as_bytes()).await.unwrap();
        if let Some(id) = taken.json["id"].as_str() {
            let fields: Vec<Value> = taken.json["columns"].as_array().unwrap().iter().map(|column| column["field"].clone()).collect();
            answers.push(client.post(&format!("/api/v1/people/imports/{id}/start"), &json!({ "columns": fields })).await.unwrap());
        }
        answers.push(taken);
        answers.push(client.send(&Method::POST, "/api/v1/areas", "application/octet-stream", bad_file.as_bytes()).await.unwrap());
        problems.extend(answers.into_iter().filter(|a| !a.status.is_success()).map(|a| String::from_utf8_lossy(&a.bytes).into_owned()));
    }
    problems
}

/// The reference case with a positive pool, by the program itself: its log.
fn day(store: &TestStore, key: &std::path::Path) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_allclear"))
        .args(["demo", "replay", "--positive", "--population", "9642", "--listen", "127.0.0.1:0", "--store", &address(&store.config)])
        .arg("--key-file")
        .arg(key)
        .env("ALLCLEAR_LOG", "trace")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{}", log.lines().last().unwrap_or_default());
    log
}

#[tokio::test]
async fn nobody_of_the_city_is_in_log_metrics_traces_or_problems() {
    let folder = folder("leaks");
    let key = folder.join("master.key");
    let store = TestStore::fresh().await;
    let mut texts = vec![("the log of the days", day(&store, &key))];
    assert!(texts[0].1.lines().count() > 5_000, "the log says much");
    let people = everybody(&store, &std::fs::read(&key).unwrap()).await;
    assert!(people.len() > 9_000 && people.iter().filter(|person| !person.card.is_empty() && !person.phone.is_empty()).count() > 1_000);
    let secrets = Secrets::of(&people);

    let (at, mut spans) = collector().await;
    let config = format!("[log]\nfilter = 'trace'\n[traces]\nendpoint = 'http://{at}'\n");
    let mut server = Server::on(store, folder, &config, &["--clock-from", "2022-01-10T10:00:00+08:00"]);
    let known = people.iter().find(|person| person.document.len() == 18 && !person.phone.is_empty() && !person.card.is_empty()).unwrap();
    let stranger = Identity { name: "慕容无痕".into(), document: "11010519491231002X".into(), ..known.clone() };
    for person in [known, &stranger] {
        let problems = pry(&server, person).await;
        assert!(problems.len() > 50, "most of it is refused");
        texts.push(("a problem", problems.join("\n")));
    }
    texts.push(("the metrics", get(server.operator().await, "/metrics").await.1));
    let mut posts = String::new();
    until("spans", async || {
        posts.extend(spans.try_recv());
        posts.contains("/api/v1/people/search").then_some(())
    })
    .await;
    server.signal("TERM");
    assert!(server.ended().await.success());
    posts.extend(std::iter::from_fn(|| spans.try_recv().ok()));
    texts.push(("the traces", posts));
    let log = std::fs::read_to_string(server.folder.join("log")).unwrap();
    // The finder finds: the same log with one line more.
    for planted in [&known.document, &known.phone, &known.name, &known.address, &known.card, &percent(&known.name)] {
        let half = log.len() / 2;
        let half = log[half..].find('\n').map_or(half, |end| half + end);
        let leaking = format!("{}\nTRACE found who=\"{planted}\"{}", &log[..half], &log[half..]);
        assert!(!secrets.found_in(&leaking).is_empty(), "a planted identity is found");
    }
    texts.push(("the log", log));
    let strangers = Secrets::of(&[stranger]);
    let found: Vec<String> = texts
        .iter()
        .flat_map(|(what, text)| {
            secrets.found_in(text).into_iter().chain(strangers.found_in(text)).map(move |found| format!("{what}: {found}"))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
