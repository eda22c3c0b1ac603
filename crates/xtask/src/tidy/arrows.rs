//! Who may know whom: crates, capabilities, and what each crate forbids.

use super::{File, Report, Tree};

/// A crate and the siblings that its `[dependencies]` may name.
const CRATES: [(&str, &[&str]); 8] = [
    ("domain", &[]),
    ("seal", &[]),
    ("wire", &[]),
    ("store", &["domain", "seal"]),
    ("server", &["domain", "seal", "store", "wire"]),
    ("testkit", &["domain", "seal", "server", "store", "wire"]),
    ("sim", &["domain", "server", "store", "testkit", "wire"]),
    ("xtask", &["server"]),
];

/// A capability and its neighbours that it may use. Effects on any other go through kernel nouns and the change feed.
const CAPABILITIES: [(&str, &[&str]); 11] = [
    ("accounts", &[]),
    ("arrivals", &["people"]),
    ("audit", &[]),
    ("lab", &["people", "sampling"]),
    ("live", &[]),
    ("passes", &["people"]),
    ("people", &[]),
    ("posts", &["people"]),
    ("rounds", &["people"]),
    ("sampling", &["people", "rounds"]),
    ("supplies", &["people", "posts"]),
];

/// A crate, what its sources must not say, and what to do instead.
const BANS: [(&str, &[&str], &str); 4] = [
    (
        "domain",
        &["serde", "tokio", "SystemTime", "Instant::now", "rand::", "rand_chacha", "std::fs", "std::net", "std::env", "async ", ".await"],
        "domain is pure: facts, a profile and a time come in as arguments",
    ),
    ("seal", &["tokio", "SystemTime", "std::fs", "std::net", "async ", ".await"], "seal has no I/O and no clock: take bytes and `now`"),
    ("wire", &["tokio", "SystemTime", "std::fs", "async ", ".await"], "wire holds shapes only: behaviour belongs to server"),
    ("store", &["axum", "SystemTime::now", "allclear_wire"], "store knows rows, not requests: translate in server"),
];

fn crate_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?.split('/').next()
}

/// Manifests: only the arrows of the table.
pub(super) fn between_crates(tree: &Tree, report: &mut Report) {
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        let Some((name, allowed)) = crate_of(&file.path).and_then(|c| CRATES.iter().find(|(name, _)| *name == c)) else {
            report.add(&file.path, 1, "a crate that the table in tidy/arrows.rs does not know: what does it forbid?");
            continue;
        };
        let mut section = "";
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let sibling = line.strip_prefix("allclear-").and_then(|rest| rest.split(['.', ' ', '=']).next());
            let Some(sibling) = sibling.filter(|_| section == "[dependencies]") else { continue };
            if !allowed.contains(&sibling) {
                report.add(&file.path, number, format!("{name} may not depend on {sibling}"));
            }
        }
    }
}

/// `use crate::<capability>` and paths, in `domain` and `server`: only the arrows of the table.
pub(super) fn between_capabilities(tree: &Tree, report: &mut Report) {
    for file in tree.rust() {
        let Some(("domain" | "server", capability)) = place(file) else { continue };
        let Some((name, allowed)) = CAPABILITIES.iter().find(|(name, _)| *name == capability) else { continue };
        for (number, line) in code(file) {
            let Some((_, after)) = line.split_once("crate::") else { continue };
            let other = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let known = CAPABILITIES.iter().any(|(name, _)| *name == other);
            if known && other != *name && !allowed.contains(&other) {
                report.add(&file.path, number, format!("{name} may not use {other}: meet through the kernel or the change feed"));
            }
        }
    }
}

/// `(crate, first folder or file below src)`.
fn place(file: &File) -> Option<(&str, &str)> {
    let (name, rest) = file.path.strip_prefix("crates/")?.split_once("/src/")?;
    Some((name, rest.split('/').next()?.trim_end_matches(".rs")))
}

/// Lines that are code, with their numbers.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.lines().filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// What a crate exists to forbid; and SQL, which only `store` may speak.
pub(super) fn bans_of_a_crate(tree: &Tree, report: &mut Report) {
    let verbs = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
    for file in tree.rust() {
        let Some((name, _)) = place(file) else { continue };
        let bans = BANS.iter().find(|(ban, _, _)| *ban == name);
        for (number, line) in code(file) {
            if let Some((_, words, instead)) = bans
                && let Some(word) = words.iter().find(|word| line.contains(*word))
            {
                report.add(&file.path, number, format!("`{}`: {instead}", word.trim()));
            }
            let text = line.split('"').skip(1).step_by(2).any(|text| verbs.iter().any(|verb| text.trim_start().starts_with(verb)));
            if text && !["store", "xtask"].contains(&name) {
                report.add(&file.path, number, "SQL outside store: make it a method of `Tx`");
            }
        }
    }
}
