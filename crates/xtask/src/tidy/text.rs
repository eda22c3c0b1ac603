//! Length, words, links and files that belong together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Report, Tree};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// A file that must be scrolled for long holds two ideas. (Lists of words in two languages do not count.)
pub(super) fn file_length(tree: &Tree, report: &mut Report) {
    let source = |extension: &str| ["rs", "ts", "vue", "sql", "css", "mjs"].contains(&extension);
    let words = |path: &str| path.ends_with("/messages.ts");
    for file in tree.files.iter().filter(|f| source(f.path.rsplit('.').next().unwrap_or_default()) && !f.generated() && !words(&f.path)) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            report.add(&file.path, lines, format!("{lines} lines, at most {FILE_LINES_MAX}: split along the layout"));
        }
    }
}

/// Counts from `fn` to the closing brace at the same indentation, which rustfmt guarantees.
pub(super) fn function_length(tree: &Tree, report: &mut Report) {
    for file in tree.rust() {
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in file.lines() {
            let indent = line.len() - line.trim_start().len();
            match open {
                Some((began, depth, name)) if indent == depth && (line.trim() == "}" || line.ends_with(';')) => {
                    let lines = number - began + 1;
                    if lines > FUNCTION_LINES_MAX {
                        report.add(&file.path, began, format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}"));
                    }
                    open = None;
                }
                Some(_) => {}
                None => open = function_name(line).filter(|_| !line.ends_with(['}', ';'])).map(|name| (number, indent, name)),
            }
        }
    }
}

fn function_name(line: &str) -> Option<&str> {
    let head = line.trim_start();
    let (before, after) = head.split_once("fn ")?;
    let qualifiers = before.split_whitespace().all(|w| w.starts_with("pub") || ["const", "async", "in", "crate)", "super)"].contains(&w));
    qualifiers.then(|| after.split(['(', '<']).next().unwrap_or(after))
}

/// A file that no `mod` line names is compiled by nobody.
pub(super) fn dead_files(tree: &Tree, report: &mut Report) {
    let declared: BTreeSet<(&str, &str)> = tree
        .rust()
        .flat_map(|file| file.lines().map(move |(_, line)| (file, line)))
        .filter_map(|(file, line)| {
            let rest = line.trim().strip_suffix(';')?;
            let (before, name) = rest.split_once("mod ")?;
            (before.is_empty() || before.starts_with("pub")).then_some((file.path.split('/').nth(1)?, name))
        })
        .collect();
    for file in tree.rust().filter(|file| file.path.starts_with("crates/")) {
        let parts: Vec<&str> = file.path.split('/').collect();
        let (owner, stem) = (parts[1], parts[parts.len() - 1].trim_end_matches(".rs"));
        let name = if stem == "mod" { parts[parts.len() - 2] } else { stem };
        let entry =
            ["lib", "main", "build"].contains(&name) || parts.get(parts.len() - 2).is_some_and(|p| ["tests", "bin", "benches"].contains(p));
        if !entry && !declared.contains(&(owner, name)) {
            report.add(&file.path, 1, format!("no `mod {name};` in {owner}: nobody compiles this file"));
        }
    }
}

/// Words that must not be committed: postponed work, and paths of one machine.
pub(super) fn words(tree: &Tree, report: &mut Report) {
    let here = crate::root().canonicalize().map(|p| p.display().to_string()).unwrap_or_default();
    let banned: [(&str, &str); 6] = [
        (concat!("TO", "DO"), "do it, or open an issue"),
        (concat!("FIX", "ME"), "do it, or open an issue"),
        (concat!("/ro", "ot/"), "a path of one machine"),
        (concat!("/ho", "me/"), "a path of one machine"),
        (concat!("/Us", "ers/"), "a path of one machine"),
        (&here, "a path of one machine"),
    ];
    let skip = |path: &str| path == "Cargo.lock" || path.ends_with("package-lock.json");
    for file in tree.files.iter().filter(|file| !skip(&file.path)) {
        for (number, line) in file.lines() {
            for (word, instead) in banned.iter().filter(|(word, _)| !word.is_empty() && line.contains(word)) {
                report.add(&file.path, number, format!("`{word}`: {instead}"));
            }
        }
    }
}

/// Relative links in Markdown lead somewhere.
pub(super) fn links(tree: &Tree, report: &mut Report) {
    let exists = |path: &str| tree.paths.iter().any(|p| p == path || p.starts_with(&format!("{path}/")));
    for file in tree.files.iter().filter(|file| file.is("md")) {
        let folder: Vec<&str> = file.path.split('/').rev().skip(1).collect::<Vec<_>>().into_iter().rev().collect();
        for (number, line) in file.lines() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#', ' ']).next()) {
                if target.is_empty() || target.contains(':') {
                    continue;
                }
                let mut path = folder.clone();
                for part in target.split('/').filter(|part| !part.is_empty() && *part != ".") {
                    if part == ".." {
                        path.pop().unwrap_or_default()
                    } else {
                        path.push(part);
                        ""
                    };
                }
                if !path.is_empty() && !exists(&path.join("/")) {
                    report.add(&file.path, number, format!("the link to {target} leads nowhere"));
                }
            }
        }
    }
}

/// A migration is `common.sql`, or `sqlite.sql` and `pg.sql` together; a number is given once.
pub(super) fn migrations(tree: &Tree, report: &mut Report) {
    let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for path in &tree.paths {
        let Some((folder, file)) = path.strip_prefix("crates/store/migrations/").and_then(|rest| rest.split_once('/')) else { continue };
        folders.entry(folder).or_default().insert(file);
    }
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    for (folder, files) in folders {
        let place = format!("crates/store/migrations/{folder}");
        if files.contains("sqlite.sql") != files.contains("pg.sql") {
            report.add(&place, 1, "sqlite.sql and pg.sql come together: both stores have the same numbers");
        }
        let number = folder.split('_').next().unwrap_or_default();
        if number.len() != 4 || !number.bytes().all(|b| b.is_ascii_digit()) {
            report.add(&place, 1, "a migration folder is named NNNN_what");
        }
        if let Some(other) = numbers.insert(number, folder) {
            report.add(&place, 1, format!("has the number of {other}"));
        }
    }
}

/// Pages show what they are given as text: no component may take it for HTML.
pub(super) fn raw_html(tree: &Tree, report: &mut Report) {
    const BANNED: [&str; 4] =
        [concat!("v-", "html"), concat!("inner", "HTML"), concat!("outer", "HTML"), concat!("insertAdjacent", "HTML")];
    let pages = |path: &str| path.starts_with("web/") && (path.ends_with(".vue") || path.ends_with(".ts")) && !path.starts_with("web/e2e/");
    for file in tree.files.iter().filter(|file| pages(&file.path)) {
        for (number, line) in file.lines() {
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                report.add(&file.path, number, format!("`{word}`: show it as text"));
            }
        }
    }
}
