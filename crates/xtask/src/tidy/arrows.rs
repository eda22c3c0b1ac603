//! Who may know whom: crates, capabilities, and what each crate forbids.

use super::{File, Report, Tree};

/// A crate and the siblings that its `[dependencies]` may name.
const CRATES: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("seal", &[]),
    ("wire", &[]),
    ("store", &["domain", "seal"]),
    ("server", &["domain", "seal", "store", "wire"]),
    ("testkit", &["domain", "seal", "server", "store", "wire"]),
    ("sim", &["domain", "server", "store", "testkit", "wire"]),
    ("fuzz", &["domain", "seal", "server", "testkit"]),
    ("xtask", &["server"]),
];

/// A capability and its neighbours that it may use. Effects on any other go through kernel nouns and the change feed.
/// `demo`, `bench` and `sync` stand above them and speak through their doors; nobody may use the demo.
const CAPABILITIES: [(&str, &[&str]); 17] = [
    ("accounts", &[]),
    ("arrivals", &["people"]),
    ("audit", &[]),
    ("bench", &["accounts", "demo", "lab", "live", "people", "sampling"]),
    ("demo", &["accounts", "lab", "live", "people", "sampling"]),
    ("lab", &["people", "sampling"]),
    ("live", &[]),
    ("passes", &["people"]),
    ("people", &[]),
    ("posts", &["people"]),
    ("print", &[]),
    ("reports", &["live", "print"]),
    ("rounds", &["people"]),
    ("sampling", &["people", "rounds"]),
    ("supplies", &["people", "posts"]),
    ("sync", &["sampling"]),
    ("trace", &[]),
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
        for (number, other) in named(file) {
            let known = CAPABILITIES.iter().any(|(name, _)| *name == other);
            if known && other != *name && !allowed.contains(&other.as_str()) {
                report.add(&file.path, number, format!("{name} may not use {other}: meet through the kernel or the change feed"));
            }
        }
    }
}

/// First names after `crate::`, each with its line; in a group (`use crate::{…}`) every one of them.
fn named(file: &File) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    // Depth of braces inside of a group; 1 is where a capability is named.
    let mut depth = 0;
    for (number, line) in code(file) {
        let mut rest = line;
        if depth > 0 {
            depth = group(rest, number, depth, &mut names);
            continue;
        }
        while let Some((_, after)) = rest.split_once("crate::") {
            if let Some(inside) = after.strip_prefix('{') {
                depth = group(inside, number, 1, &mut names);
                break;
            }
            names.push((number, word(after)));
            rest = after;
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// Reads one line of a group; answers the depth at its end.
fn group(line: &str, number: usize, mut depth: u32, names: &mut Vec<(usize, String)>) -> u32 {
    let mut fresh = true;
    for (at, c) in line.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' => fresh = true,
            c if c.is_whitespace() => {}
            _ => {
                if fresh && depth == 1 {
                    names.push((number, word(&line[at..])));
                }
                fresh = false;
            }
        }
        if depth == 0 {
            break;
        }
    }
    depth
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

/// A statement names its columns. On PostgreSQL the prepared `SELECT *` of a running node fails from the moment at which
/// another node's migration adds a column, and an upgrade would not be dull.
pub(super) fn columns_by_name(tree: &Tree, report: &mut Report) {
    let star = |word: &str| word == "*" || word.trim_end_matches(',').strip_suffix(".*").is_some_and(|alias| alias.len() == 1);
    for file in tree.rust().filter(|file| file.path.starts_with("crates/store/src/") && !file.path.ends_with("/faults.rs")) {
        for (number, line) in code(file).filter(|(_, line)| !line.contains("UNNEST(")) {
            let words: Vec<&str> = line.split([' ', '"']).collect();
            if words.windows(2).any(|two| ["SELECT", "RETURNING"].contains(&two[0]) && star(two[1])) {
                report.add(&file.path, number, "name the columns: a new one breaks `*` in a node that runs");
            }
        }
    }
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
