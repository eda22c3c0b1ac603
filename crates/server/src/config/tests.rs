//! What is refused, and who wins.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

fn file(text: &str) -> PathBuf {
    // Tests that write the same text run at once and each removes its own file.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let path = std::env::temp_dir().join(format!("allclear-config-{}-{}.toml", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    std::fs::write(&path, text).unwrap();
    path
}

fn load(text: &str, env: &[(&str, &str)], flags: &[Flag]) -> Result<Config, String> {
    let path = file(text);
    let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let config = Config::load(Some(&path), env, flags).map_err(|e| e.to_string());
    std::fs::remove_file(path).unwrap();
    config
}

#[test]
fn what_is_wrong_is_named() {
    for (text, says) in [
        ("[sever]\nlisten = '1.2.3.4:1'", "sever is unknown; known here: server, store, tls, log, metrics, traces"),
        ("[server]\nlisen = '1.2.3.4:1'", "server.lisen is unknown; known here: listen, trusted_proxies, drain_seconds, modes"),
        ("[server]\nlisten = 'here'", "server.listen: "),
        ("[server]\ndrain_seconds = 'long'", "server.drain_seconds: "),
        ("[server]\ndrain_seconds = 81", "server.drain_seconds: at most 80"),
        ("[server]\ntrusted_proxies = ['proxy']", "server.trusted_proxies: \"proxy\" is neither"),
        ("[tls]\ncert_file = 'a'", "tls.key_file: is needed"),
        ("[tls]\nkey_file = 'a'", "tls.cert_file: is needed"),
        ("[log]\nformat = 'xml'", "log.format: "),
        ("[log]\nfilter = 'a=b=c'", "log.filter: "),
        ("[traces]\nendpoint = 'https://collector'", "traces.endpoint: must be http://HOST:PORT"),
        ("[store]\nurl = 'postgres://city:secret@db/allclear'", "store.url: holds a password"),
        ("[store]\nurl = 'postgres://city@db/allclear?password=secret'", "store.url: holds a password"),
        ("log = 3", "log: is a section"),
        ("[log", "line 1"),
    ] {
        let said = load(text, &[], &[]).unwrap_err();
        assert!(said.contains(says), "{text}\n{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let said = Config::load(Some(Path::new("nowhere.toml")), |_| None, &[]).unwrap_err().to_string();
    assert!(said.starts_with("nowhere.toml: "), "{said}");
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let text = "[server]\nlisten = '127.0.0.1:1'\ndrain_seconds = 1\n[log]\nfilter = 'warn'\n";
    let env = [("ALLCLEAR_LISTEN", "127.0.0.1:2"), ("ALLCLEAR_DRAIN_SECONDS", "2"), ("ALLCLEAR_TRUSTED_PROXIES", "10.0.0.1, ::1")];
    let flags = [("server", "listen", "127.0.0.1:3".to_owned())];
    let config = load(text, &env, &flags).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.drain_seconds, 2);
    assert_eq!(config.server.trusted_proxies, ["10.0.0.1", "::1"]);
    assert_eq!(config.log.filter, "warn");
    assert_eq!(config.store, Store::default());
    let said = load("", &[("ALLCLEAR_DRAIN_SECONDS", "soon")], &[]).unwrap_err();
    assert!(said.contains("server.drain_seconds (from ALLCLEAR_DRAIN_SECONDS): \"soon\""), "{said}");
}

#[test]
fn a_password_comes_by_file_or_environment() {
    let url = "postgres://city:secret@db/allclear";
    let config = load("", &[("ALLCLEAR_STORE", url)], &[]).unwrap();
    assert_eq!(config.store.address().unwrap(), url);
    let held = file(&format!("{url}\n"));
    let config = load(&format!("[store]\nurl_file = '{}'", held.display()), &[], &[]).unwrap();
    assert_eq!(config.store.address().unwrap(), url);
    let said = load("", &[], &[("store", "url", url.to_owned())]).unwrap_err();
    assert!(said.starts_with("--store: holds a password"), "{said}");
    std::fs::remove_file(held).unwrap();
}

#[test]
fn what_is_printed_is_what_holds() {
    let text = print::defaults();
    assert_eq!(load(&text, &[], &[]).unwrap(), Config::default());
    // With the examples switched on every key is given, and each is one that its section knows.
    let all: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = \"")).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let config = serde_json::to_value(load(&all, &[], &[]).unwrap()).unwrap();
    for (section, _, keys) in SECTIONS {
        let fields = config[section].as_object().unwrap();
        assert_eq!(fields.len(), keys.len(), "{section}");
        for key in keys {
            assert!(!fields[key.name].is_null(), "{section}.{}", key.name);
        }
    }
}

#[test]
fn the_golden_file_is_what_is_printed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/allclear.toml");
    assert_eq!(std::fs::read_to_string(path).unwrap(), print::defaults(), "run cargo xtask gen");
}
