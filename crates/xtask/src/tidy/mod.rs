//! Style as a test: each rule is a function from the source tree to what breaks it. A message says what to do instead.
//!
//! The rules read text, not syntax: the tree is formatted by rustfmt, so lines and indentation can be trusted, and a
//! rule stays short enough to be read before it is argued with.

mod arrows;
mod text;

use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// Every file of the repository that git knows or would add, as text.
struct Tree {
    files: Vec<File>,
    /// Also files that are not text: links may point at pictures.
    paths: Vec<String>,
}

struct File {
    path: String,
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        self.path.rsplit('.').next() == Some(extension)
    }

    /// Written by a program: no style applies, a generator and a diff in CI do.
    fn generated(&self) -> bool {
        self.path.starts_with("contract/") || self.path.contains("/generated/") || self.path.ends_with(".snap")
    }

    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// What is wrong and where, `path:line: what`.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    fn add(&mut self, file: &str, line: usize, what: impl std::fmt::Display) {
        self.0.push(format!("{file}:{line}: {what}"));
    }
}

impl Tree {
    fn read(root: &Path) -> Result<Self, String> {
        let listed = Command::new("git")
            .current_dir(root)
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .map_err(|e| format!("git ls-files did not start: {e}"))?;
        let paths: Vec<String> = String::from_utf8_lossy(&listed.stdout).split('\0').filter(|p| !p.is_empty()).map(str::to_owned).collect();
        let read = |path: &String| std::fs::read_to_string(root.join(path)).ok().map(|text| File { path: path.clone(), text });
        let files = paths.iter().filter_map(read).collect();
        Ok(Self { files, paths })
    }

    fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is("rs"))
    }
}

/// Checks every rule; the error is the list of what breaks them.
pub(crate) fn run(root: &Path) -> Outcome {
    let tree = Tree::read(root)?;
    let mut report = Report::default();
    for rule in [
        arrows::between_crates,
        arrows::between_capabilities,
        arrows::bans_of_a_crate,
        text::file_length,
        text::function_length,
        text::dead_files,
        text::words,
        text::links,
        text::migrations,
    ] {
        rule(&tree, &mut report);
    }
    if report.0.is_empty() {
        return Ok(());
    }
    report.0.sort();
    Err(format!("{}\ntidy: {} to mend", report.0.join("\n"), report.0.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_tree_keeps_the_house_rules() {
        if let Err(list) = run(&crate::root()) {
            panic!("\n{list}");
        }
    }

    /// A rule that cannot fail is no rule: each is shown something to find.
    #[test]
    fn each_rule_finds_what_it_is_for() {
        type Rule = fn(&Tree, &mut Report);
        let long_file = "// line\n".repeat(601);
        let long_function = format!("pub fn long() {{\n{}}}\n", "    work();\n".repeat(69));
        let sql = concat!("const Q: &str = \"SEL", "ECT 1\";");
        let cases: [(Rule, &str, &str); 11] = [
            (arrows::between_crates, "crates/domain/Cargo.toml", "[dependencies]\nallclear-store.workspace = true\n"),
            (arrows::between_capabilities, "crates/domain/src/sampling/round.rs", "use crate::lab::run::Run;\n"),
            (arrows::between_capabilities, "crates/server/src/live/http.rs", "use crate::sampling::ops;\n"),
            (arrows::bans_of_a_crate, "crates/domain/src/kernel/x.rs", "use std::time::SystemTime;\n"),
            (arrows::bans_of_a_crate, "crates/server/src/lab/ops.rs", sql),
            (text::file_length, "crates/server/src/lab/ops.rs", &long_file),
            (text::function_length, "crates/server/src/lab/ops.rs", &long_function),
            (text::dead_files, "crates/server/src/lab/forgotten.rs", "//! Nobody declares me.\n"),
            (text::words, "docs/x.md", concat!("TO", "DO later")),
            (text::links, "docs/x.md", "see [that](nowhere.md)"),
            (text::migrations, "crates/store/migrations/0007_x/sqlite.sql", "create table x (y)"),
        ];
        for (index, (rule, path, text)) in cases.into_iter().enumerate() {
            let tree = Tree { paths: vec![path.to_owned()], files: vec![File { path: path.to_owned(), text: text.to_owned() }] };
            let mut report = Report::default();
            rule(&tree, &mut report);
            assert_eq!(report.0.len(), 1, "case {index}, {path}: {:?}", report.0);
        }
    }
}
