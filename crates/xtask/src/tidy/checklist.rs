//! The security checklist says where each line is held: the place must be there.

use super::{Report, Tree};

/// The page.
const PAGE: &str = "docs/security/asvs.md";

/// Lines of requirements: a state that is known, files that exist, no number twice.
pub(super) fn security(tree: &Tree, report: &mut Report) {
    let Some(page) = tree.files.iter().find(|file| file.path == PAGE) else { return };
    let mut seen: Vec<&str> = Vec::new();
    for (number, line) in page.lines().filter(|(_, line)| line.starts_with("| V")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _, state] = cells[..] else {
            report.add(PAGE, number, "a line is number, name, state");
            continue;
        };
        if seen.contains(&id) {
            report.add(PAGE, number, format!("{id} stands here twice"));
        }
        seen.push(id);
        let named: Vec<&str> = places(state).collect();
        match state.split_once(": ") {
            Some(("held", _)) if named.is_empty() => report.add(PAGE, number, format!("{id}: held by what? name a file")),
            Some(("held" | "open" | "n/a", _)) => {}
            _ => report.add(PAGE, number, format!("{id}: held, open or n/a, and why")),
        }
        for place in named.into_iter().filter(|place| !tree.paths.iter().any(|path| path == place)) {
            report.add(PAGE, number, format!("{id}: there is no {place}"));
        }
    }
}

/// What stands in backticks and looks like a file of the repository.
fn places(state: &str) -> impl Iterator<Item = &str> {
    const ROOT: [&str; 4] = ["Cargo.toml", "Cargo.lock", "deny.toml", ".dockerignore"];
    state.split('`').skip(1).step_by(2).filter(|word| (word.contains('/') && !word.contains(' ')) || ROOT.contains(word))
}
