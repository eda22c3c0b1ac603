//! What is generated from the code and committed: the contract, the web client, the index of screenshots.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use allclear_server::edge::contract::contract;

use crate::{Outcome, root, shell};

/// Rewrites all of it.
pub(crate) fn run() -> Outcome {
    let scratch = std::env::temp_dir().join(format!("allclear-gen-{}", std::process::id()));
    let written = write_contract(&scratch);
    std::fs::remove_dir_all(&scratch).ok();
    written?;
    screens()?;
    shell(Command::new("scripts/web-build").arg("--packages"))?;
    shell(Command::new("npm").args(["--prefix", "web", "run", "--silent", "gen"]))
}

fn write_contract(scratch: &Path) -> Outcome {
    std::fs::create_dir_all(scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| format!("start tokio: {e}"))?;
    let contract = runtime.block_on(contract(scratch)).map_err(|e| format!("describe the routes: {e}"))?;
    write("contract/openapi.json", &contract.openapi)?;
    write("contract/problems.json", &contract.problems)?;
    write("contract/allclear.toml", &allclear_server::config::print::defaults())
}

/// `docs/screens/README.md` from the file names there: `page.language.WIDTHxHEIGHT.png`.
fn screens() -> Outcome {
    let Ok(folder) = std::fs::read_dir(root().join("docs/screens")) else { return Ok(()) };
    let mut pages: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for name in folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok()) {
        let Some([page, language, size]) =
            name.strip_suffix(".png").and_then(|stem| <[&str; 3]>::try_from(stem.split('.').collect::<Vec<_>>()).ok())
        else {
            continue;
        };
        pages.entry(page.to_owned()).or_default().entry(size.to_owned()).or_default().push(format!("[{language}]({name})"));
    }
    let mut text =
        "# Screens\n\nPages, dialogs and sheets at their sizes, taken from the demo by `npm --prefix web run e2e -- --screens`, which scans each\n\
         for serious findings of axe. `web/e2e/lib/views.mjs` finds every address and every dialog in the sources\n\
         and fails where one has no picture. In pictures of clocks that run out the server's answer is made up: the demo is\n\
         minutes old.\n\n| page | size | |\n|---|---|---|\n"
            .to_owned();
    for (page, sizes) in pages {
        for (size, mut links) in sizes {
            links.sort();
            links.reverse();
            writeln!(text, "| {page} | {size} | {} |", links.join(" · ")).map_err(|e| e.to_string())?;
        }
    }
    write("docs/screens/README.md", &text)
}

fn write(path: &str, text: &str) -> Outcome {
    std::fs::write(root().join(path), text).map_err(|e| format!("{path}: {e}"))
}
