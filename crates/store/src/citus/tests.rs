//! Every statement of ours against what Citus refuses. The text is read, not run: a statement is a string literal of the
//! store's sources that begins with a verb of SQL.

use std::path::Path;

use super::{Place, TABLES, place};

/// Sources whose texts are not the product's statements.
const APART: [&str; 6] = ["faults.rs", "schema.rs", "migrate.rs", "citus.rs", "backup", "citus"];

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if APART.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            // What a test expects is nobody's statement.
            let ours = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            found.push((name, ours.to_owned()));
        }
    }
}

/// The string literals of a source without its comments, blanks made one.
fn literals(source: &str) -> Vec<String> {
    let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some((_, from)) = rest.split_once('"') {
        let mut escaped = false;
        let Some(end) = from.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        }) else {
            break;
        };
        found.push(from[..end].split_whitespace().collect::<Vec<_>>().join(" "));
        rest = &from[end + 1..];
    }
    found
}

fn is_statement(text: &str) -> bool {
    ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH ", "MERGE ", "CREATE "].iter().any(|verb| text.starts_with(verb))
}

/// Spread tables that a statement names, each once.
fn spread(sql: &str) -> Vec<&str> {
    let words: Vec<&str> = sql.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
    let mut named: Vec<&str> = words
        .windows(2)
        .filter(|two| ["FROM", "JOIN", "INTO", "UPDATE"].contains(&two[0]) && place(two[1]) == Some(Place::Bucket))
        .map(|two| two[1])
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// What Citus would refuse in a statement.
fn refused(sql: &str) -> Vec<&'static str> {
    let mut why = Vec::new();
    for (word, says) in [
        ("RECURSIVE", "a recursive query over spread rows"),
        ("LATERAL", "a lateral join"),
        ("MERGE ", "MERGE"),
        ("ctid", "a physical address"),
        ("nextval(", "a sequence"),
        ("CREATE ", "a trigger, view or function"),
    ] {
        if sql.contains(word) {
            why.push(says);
        }
    }
    // In the values of an insert the coordinator makes one of it for all nodes.
    let made_once = sql.starts_with("INSERT INTO ") && sql.contains(" VALUES (");
    for (word, says) in [("random()", "chance in SQL"), ("clock_timestamp()", "time in SQL")] {
        if sql.contains(word) && !made_once {
            why.push(says);
        }
    }
    let tables = spread(sql);
    if tables.is_empty() {
        return why;
    }
    if sql.contains("FOR UPDATE") && !sql.contains("bucket = $") {
        why.push("rows locked on more than one node");
    }
    if sql.contains("ON CONFLICT (") && !sql.contains("ON CONFLICT (bucket") {
        why.push("a conflict that does not begin with the bucket");
    }
    if sql.starts_with("UPDATE ") && sql.split(" WHERE ").next().is_some_and(|set| set.contains(" bucket =")) {
        why.push("a row that changes its bucket");
    }
    let joined =
        sql.split_whitespace().collect::<Vec<_>>().windows(3).filter(|w| w[1] == "=" && of_bucket(w[0]) && of_bucket(w[2])).count();
    if joined + 1 < tables.len() {
        why.push("spread tables joined on something else than the bucket");
    }
    why
}

fn of_bucket(word: &str) -> bool {
    word.trim_matches(['(', ')', ',']).ends_with(".bucket")
}

#[test]
fn no_statement_is_one_that_citus_refuses() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (name, source) in &files {
        for sql in literals(source).iter().filter(|text| is_statement(text)) {
            looked_at += 1;
            wrong.extend(refused(sql).into_iter().map(|why| format!("{name}: {why}: {sql}")));
        }
    }
    assert!(looked_at > 250, "only {looked_at} statements were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bulk_inserts_name_the_bucket_in_their_conflict() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for (_, source) in &files {
        for bulk in source.split("Bulk = Bulk {").skip(1).map(|rest| rest.split("};").next().unwrap_or_default()) {
            let texts = literals(bulk);
            let Some(table) = texts.first().filter(|table| place(table) == Some(Place::Bucket)) else { continue };
            looked_at += 1;
            let conflict = texts.iter().find(|text| text.starts_with("ON CONFLICT"));
            if !texts.iter().any(|text| text == "bucket") || conflict.is_some_and(|text| !text.starts_with("ON CONFLICT (bucket")) {
                wrong.push(table.clone());
            }
        }
    }
    assert!(looked_at > 10, "only {looked_at} were found");
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn what_is_refused_is_seen() {
    for (sql, wrong) in [
        ("SELECT code FROM tube WHERE bucket = ANY($1) AND code = ANY($2) FOR UPDATE", true),
        ("SELECT code FROM tube WHERE bucket = $1 AND code = $2 FOR UPDATE", false),
        ("SELECT id FROM job ORDER BY run_at LIMIT 1 FOR UPDATE SKIP LOCKED", false),
        ("INSERT INTO tube (bucket, code) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING", true),
        ("UPDATE tube SET bucket = $1 WHERE code = $2", true),
        ("UPDATE tube SET stage = $1 WHERE bucket = $2 AND code = $3", false),
        ("SELECT 1 FROM tube t JOIN collection c ON c.tube = t.code", true),
        ("SELECT 1 FROM tube t JOIN collection c ON c.bucket = t.bucket AND c.tube = t.code", false),
        ("SELECT 1 FROM person p WHERE NOT EXISTS (SELECT 1 FROM card WHERE card.person = p.no)", true),
        ("SELECT 1 FROM tube t LEFT JOIN site s ON s.id = t.site", false),
        ("SELECT code FROM tube ORDER BY random()", true),
        ("UPDATE tube SET stage_at = clock_timestamp() WHERE bucket = $1", true),
        ("INSERT INTO tube (bucket, stage_at) VALUES ($1, clock_timestamp())", false),
        ("INSERT INTO tube (bucket, stage_at) SELECT bucket, clock_timestamp() FROM tube", true),
        ("WITH RECURSIVE x AS (SELECT 1) SELECT 1 FROM x", true),
    ] {
        assert_eq!(!refused(sql).is_empty(), wrong, "{sql}: {:?}", refused(sql));
    }
}

#[test]
fn a_table_is_listed_once() {
    let mut names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLES.len());
}
