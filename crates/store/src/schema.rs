//! The schema that a store really has, read back from its engine and written in one form: what a
//! migration did shows as a difference of a few lines, on both engines.

use std::fmt::Write;

use crate::{Result, Row, Tx, Val, tx::Conn};

/// A table. The texts are the engine's own spelling, without the name of a PostgreSQL schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Options behind its columns: `strict`, `without rowid`.
    pub options: Vec<String>,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Primary and other keys, references and checks, sorted.
    pub constraints: Vec<String>,
    /// Indexes that stand behind no key, sorted.
    pub indexes: Vec<String>,
}

impl Table {
    /// Whether a row of it needs one of `other` first.
    #[must_use]
    pub fn refers_to(&self, other: &str) -> bool {
        self.constraints.iter().any(|line| line.split_once(" REFERENCES ").is_some_and(|(_, to)| to.split('(').next() == Some(other)))
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: String,
    /// Whether it must have a value.
    pub not_null: bool,
    /// What it has where nothing is given.
    pub default: Option<String>,
}

/// Everything that a store has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// Tables by name.
    pub tables: Vec<Table>,
    /// Views, triggers, sequences, functions: the house has none, so that one is seen.
    pub others: Vec<String>,
}

impl std::fmt::Display for Schema {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for table in &self.tables {
            writeln!(out, "table {}{}", table.name, table.options.iter().fold(String::new(), |all, one| all + ", " + one))?;
            for Column { name, ty, not_null, default } in &table.columns {
                let null = if *not_null { "not null" } else { "" };
                let default = default.as_ref().map_or_else(String::new, |value| format!(" default {value}"));
                writeln!(out, "{}", format!("    {name:<24} {ty:<16} {null}{default}").trim_end())?;
            }
            for line in table.constraints.iter().chain(&table.indexes) {
                writeln!(out, "  {line}")?;
            }
            out.write_char('\n')?;
        }
        writeln!(out, "others: {}", if self.others.is_empty() { "none".into() } else { self.others.join(", ") })
    }
}

impl Tx<'_> {
    /// The schema that the store has.
    pub fn schema(&self) -> Result<Schema> {
        match self.conn {
            Conn::Sqlite(_) => self.sqlite_schema(),
            Conn::Postgres(_) => self.postgres_schema(),
        }
    }

    fn texts(&self, sql: &'static str, params: &[Val<'_>]) -> Result<Vec<String>> {
        let mut found = self.query(sql, params)?.iter().map(|row| row.at(0)).collect::<Result<Vec<_>>>()?;
        found.sort();
        Ok(found)
    }

    fn columns(&self, sql: &'static str, table: &str) -> Result<Vec<Column>> {
        let column = |row: &Row| {
            let not_null = row.at::<i64>(2)? != 0;
            Ok(Column { name: row.at(0)?, ty: row.at(1)?, not_null, default: row.at(3)? })
        };
        self.query(sql, &[table.into()])?.iter().map(column).collect()
    }

    fn sqlite_schema(&self) -> Result<Schema> {
        let tables = self.query(
            "SELECT l.name, l.strict, l.wr, s.sql FROM pragma_table_list() l JOIN sqlite_schema s ON s.type = 'table' AND s.name = l.name
             WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite_%' ORDER BY l.name",
            &[],
        )?;
        let others = "SELECT type || ' ' || name FROM sqlite_schema WHERE type NOT IN ('table', 'index')";
        let mut schema = Schema { tables: Vec::new(), others: self.texts(others, &[])? };
        for row in &tables {
            let (name, text): (String, String) = (row.at(0)?, row.at(3)?);
            let options = [("strict", row.at::<i64>(1)?), ("without rowid", row.at::<i64>(2)?)];
            let columns = r#"SELECT name, lower(type), "notnull", dflt_value FROM pragma_table_info($1) ORDER BY cid"#;
            let mut constraints = self.texts(SQLITE_KEYS, &[(&name).into()])?;
            constraints.extend(checks(&text));
            constraints.sort();
            let indexes = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = $1";
            let indexes = self.texts(indexes, &[(&name).into()])?;
            schema.tables.push(Table {
                options: options.iter().filter(|(_, on)| *on != 0).map(|(word, _)| (*word).to_owned()).collect(),
                columns: self.columns(columns, &name)?,
                constraints,
                indexes: indexes.iter().map(|sql| words(sql)).collect(),
                name,
            });
        }
        Ok(schema)
    }

    fn postgres_schema(&self) -> Result<Schema> {
        let tables = "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()";
        let mut schema = Schema { tables: Vec::new(), others: self.texts(POSTGRES_OTHERS, &[])? };
        for name in self.texts(tables, &[])? {
            schema.tables.push(Table {
                options: Vec::new(),
                columns: self.columns(POSTGRES_COLUMNS, &name)?,
                constraints: self.texts(POSTGRES_KEYS, &[(&name).into()])?,
                indexes: self.texts(POSTGRES_INDEXES, &[(&name).into()])?,
                name,
            });
        }
        Ok(schema)
    }
}

const SQLITE_KEYS: &str = "
    SELECT CASE origin WHEN 'pk' THEN 'PRIMARY KEY (' ELSE 'UNIQUE (' END
           || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
    FROM pragma_index_list($1) i WHERE origin IN ('pk', 'u')
    UNION ALL
    SELECT 'PRIMARY KEY (' || name || ')' FROM pragma_table_info($1) t
    WHERE pk > 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list($1) WHERE origin = 'pk')
    UNION ALL
    SELECT 'FOREIGN KEY (' || group_concat(\"from\", ', ') || ') REFERENCES ' || \"table\" || '(' || group_concat(\"to\", ', ') || ')'
    FROM (SELECT * FROM pragma_foreign_key_list($1) ORDER BY id, seq) GROUP BY id";

const POSTGRES_COLUMNS: &str = "
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE n.nspname = current_schema() AND c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

// Newer versions also list NOT NULL as a constraint; the column says it already.
const POSTGRES_KEYS: &str = "
    SELECT CASE k.contype WHEN 'c' THEN 'CONSTRAINT ' || k.conname || ' ' ELSE '' END || pg_get_constraintdef(k.oid, true)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = $1 AND k.contype <> 'n'";

const POSTGRES_INDEXES: &str = "
    SELECT pg_get_indexdef(i.indexrelid, 0, true)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)";

const POSTGRES_OTHERS: &str = "
    SELECT 'relation ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind NOT IN ('r', 'i', 't')
    UNION ALL
    SELECT 'trigger ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND NOT t.tgisinternal
    UNION ALL
    SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = current_schema()";

/// A text with single spaces between its words.
fn words(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The named checks of a `CREATE TABLE`: SQLite shows them nowhere else.
fn checks(create: &str) -> Vec<String> {
    let text: String = create.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let text = words(&text);
    text.match_indices("CONSTRAINT ").map(|(at, _)| &text[at..]).filter(|rest| rest.contains(" CHECK (")).map(up_to_its_end).collect()
}

/// A constraint up to the bracket that closes it.
fn up_to_its_end(rest: &str) -> String {
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '(') - i32::from(*c == ')');
        depth == 0 && *c == ')'
    });
    rest[..end.map_or(rest.len(), |(at, _)| at + 1)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_read_with_its_brackets_and_without_comments() {
        let text = "CREATE TABLE t (\n a INTEGER, -- (a comment\n CONSTRAINT two CHECK (a IS NULL OR\n (a > 1 AND a < 9))\n) STRICT";
        assert_eq!(checks(text), ["CONSTRAINT two CHECK (a IS NULL OR (a > 1 AND a < 9))"]);
    }
}
