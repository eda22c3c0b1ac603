//! Dev only: every parser that input from outside reaches, as a function of bytes that must not panic and
//! checks what must hold of whatever was read.
//!
//! `cargo test -p allclear-fuzz` plays the corpus and some mutations of it; `cargo run -p allclear-fuzz --
//! register --seconds 600` goes on for as long as one likes. **What counts as failure**: a panic, an
//! answer of 5xx, something read that does not read again as itself, a bound that is passed. **What does
//! not**: how long it takes. Mutations come from a seed, so the same command tries the same inputs; they
//! are not guided by coverage.
//!
//! To extend: a function in [`targets`], a line in [`TARGETS`], files below `corpus/<name>/`. An input
//! that failed goes into the corpus under a name that says what was wrong.

#![expect(clippy::expect_used, reason = "a target stops at the first surprise: that is its finding")]

pub mod corpus;
pub mod mutate;
pub mod play;
pub mod targets;

/// A parser under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Reads the bytes; panics if what must hold does not.
    pub run: fn(&[u8]),
    /// Pieces of which its inputs are made.
    pub words: &'static [&'static str],
    /// Mutations that the smoke test plays: fewer where one costs a request or a workbook.
    pub smoke: usize,
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "codes", run: targets::text::codes, words: &["T0000000422", "B000000075", "PDZ52B06V6T8YRHX2M", "H", "-"], smoke: 4000 },
    Target {
        name: "documents",
        run: targets::text::documents,
        words: &["11010519491231002X", "110105491231002", "H12345678", "E12345678", "男", "1990-05-06", "１３８"],
        smoke: 4000,
    },
    Target {
        name: "register",
        run: targets::files::register,
        words: &["姓名,", "证件号码", "现住地区划", "\"", "\r\n", ";", "\t", "330784105213", "\u{feff}"],
        smoke: 400,
    },
    Target {
        name: "area-list",
        run: targets::files::area_list,
        words: &["code,name,parent,level,population\n", "330784", "\"", "county", ",", "区划代码"],
        smoke: 400,
    },
    Target {
        name: "instrument",
        run: targets::files::instrument,
        words: &["样本编号", "Well", "A1", "Ct", "Undetermined", "38.00", ",", "\n", "阴性", "NTC"],
        smoke: 400,
    },
    Target {
        name: "handover",
        run: targets::text::handover,
        words: &["ACH1.", ".", "eyJ", "\"boxes\":[\"B000000075\"]", "\"v\":1"],
        smoke: 2000,
    },
    Target {
        name: "configuration",
        run: targets::text::configuration,
        words: &["[server]\n", "listen = ", "\"127.0.0.1:1\"\n", "[store]\n", "url", "[tls]", "[log]", "trusted_proxies = [", "10.0.0.0/8"],
        smoke: 1000,
    },
    Target {
        name: "sync",
        run: targets::http::sync,
        words: &[
            "{\"sent_at\":\"2022-01-06T00:00:00Z\",\"commands\":[",
            "\"op\":\"record_collection\",",
            "\"id\":",
            "\"at\":",
            "null",
            "]}",
        ],
        smoke: 150,
    },
    Target {
        name: "queries",
        run: targets::http::queries,
        words: &["area=330784", "&", "after=", "%", "round=", "limit=-1", "state=open", "show=", "9223372036854775807"],
        smoke: 300,
    },
    Target {
        name: "bodies",
        run: targets::http::bodies,
        words: &["{", "}", "\"reason\":\"x\"", ",", "[", "]", "null", "-1", "1e999", "\"version\":0", "\\ud800", "\"area\":\"330784\""],
        smoke: 300,
    },
];
