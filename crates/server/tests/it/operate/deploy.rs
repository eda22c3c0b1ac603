//! What is deployed is read here as far as it can be without a container engine: it parses, and it
//! names what the program has.

use std::path::{Path, PathBuf};

use allclear_server::{
    config::SECTIONS,
    operate::metrics::{BY_ROUTE, HISTOGRAMS, Metric},
};
use saphyr::{LoadableYamlNode, Yaml};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn alerts_parse_and_name_metrics_that_exist() {
    let text = read("deploy/prometheus/allclear.rules.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let rules = documents[0]["groups"][0]["rules"].as_vec().unwrap();
    assert!(rules.len() >= 10);
    let page = read("docs/operating/alerts.md");
    let names: Vec<&str> = Metric::ALL.iter().map(|m| m.row().1).chain(BY_ROUTE.map(|m| m.0)).chain(HISTOGRAMS.map(|m| m.0)).collect();
    for rule in rules {
        let (alert, expr) = (rule["alert"].as_str().unwrap(), rule["expr"].as_str().unwrap());
        assert!(page.contains(&format!("| {alert} |")), "{alert} is not in docs/operating/alerts.md");
        assert!(["page", "warn"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{alert}");
        for word in expr.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("allclear_")) {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(names.contains(&base), "{alert}: no metric {word}");
        }
    }
}

/// Every ALLCLEAR_ variable of a text.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("ALLCLEAR_"))
}

#[test]
fn containers_and_units_use_variables_that_exist() {
    let documents = Yaml::load_from_str(&read("deploy/docker/compose.yaml")).unwrap();
    let services = &documents[0]["services"];
    assert_eq!(services["server"]["build"]["dockerfile"].as_str(), Some("deploy/docker/Dockerfile"));
    for key in ["store", "server"] {
        assert!(services[key].as_mapping().is_some(), "{key}");
    }
    let mut known: Vec<&str> = SECTIONS.iter().flat_map(|(_, _, keys)| keys.iter().map(|key| key.env)).collect();
    known.push("ALLCLEAR_CONFIG");
    for path in [
        "deploy/docker/compose.yaml",
        "deploy/docker/Dockerfile",
        "deploy/systemd/allclear.service",
        "deploy/systemd/allclear-backup.service",
    ] {
        let text = read(path);
        let mut used = variables(&text).peekable();
        assert!(used.peek().is_some(), "{path}");
        for name in used {
            assert!(known.contains(&name), "{path}: {name}");
        }
    }
}

#[test]
fn the_debian_package_takes_files_that_exist() {
    let manifest: toml::Table = read("crates/server/Cargo.toml").parse().unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    for asset in deb["assets"].as_array().unwrap() {
        let from = asset[0].as_str().unwrap();
        let place = root().join("crates/server").join(from.trim_end_matches('*'));
        assert!(from.starts_with("target/") || place.exists(), "{from}");
    }
    for folder in [&deb["maintainer-scripts"], &deb["systemd-units"]["unit-scripts"]] {
        assert!(root().join("crates/server").join(folder.as_str().unwrap()).is_dir(), "{folder:?}");
    }
    let unit = read("deploy/systemd/allclear.service");
    for line in
        ["NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=allclear", "User=allclear", "ExecReload=/bin/kill -HUP $MAINPID"]
    {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
}
