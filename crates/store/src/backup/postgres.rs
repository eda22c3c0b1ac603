//! PostgreSQL: `pg_dump` on an exported snapshot, so that the rows counted here are those of the dump.
//! Where continuous archiving runs, that is the better backup; this one needs nothing but the client.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{Client, Config, Connection, NoTls, Socket, config::Host};

use super::{BackupError, Counted, Outcome, compare};
use crate::{StoreError, engine::postgres_tls};

pub(super) async fn write(url: &str, to: &Path) -> Outcome<Counted> {
    let client = connect(url).await?;
    if to.exists() {
        // The rest of a backup that did not end.
        std::fs::remove_file(to).map_err(super::file_error(to))?;
    }
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let snapshot: String = client.query_one("SELECT pg_export_snapshot()", &[]).await?.try_get(0)?;
    let schema = schema(&client).await?;
    let counted = count(&client).await?;
    if !counted.tables.contains_key("migration") {
        return Err(BackupError::Refused("this is not a store of Allclear".into()));
    }
    let mut dump = tool("pg_dump", url)?;
    dump.args(["--format=custom", "--no-owner", "--no-privileges"])
        .arg(format!("--snapshot={snapshot}"))
        .arg(format!("--table=\"{schema}\".*"))
        .arg("--file")
        .arg(to);
    let done = run(dump, "pg_dump").await;
    client.batch_execute("ROLLBACK").await?;
    done?;
    Ok(counted)
}

pub(super) async fn read(file: &Path, url: &str, expected: &Counted) -> Outcome<()> {
    let client = connect(url).await?;
    let there = count(&client).await?;
    if let Some(table) = there.tables.keys().next() {
        return Err(BackupError::Exists(format!("table {table} of the database")));
    }
    let mut restore = tool("pg_restore", url)?;
    restore.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname"]);
    restore.arg(database(url)?).arg(file);
    run(restore, "pg_restore").await?;
    compare(&count(&client).await?, expected)?;
    client.batch_execute("ANALYZE").await?;
    Ok(())
}

pub(super) async fn connect(url: &str) -> Outcome<Client> {
    let asked = postgres_tls::asked(url)?;
    Ok(match asked.roots {
        None => attended(tokio_postgres::connect(&asked.url, NoTls).await?),
        Some(roots) => attended(tokio_postgres::connect(&asked.url, postgres_tls::connector(&roots)?).await?),
    })
}

/// A client whose connection is looked after until it ends.
fn attended<T>((client, connection): (Client, Connection<Socket, T>)) -> Client
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection of the backup or move ended");
        }
    });
    client
}

async fn schema(client: &Client) -> Outcome<String> {
    let schema: Option<String> = client.query_one("SELECT CAST(current_schema() AS TEXT)", &[]).await?.try_get(0)?;
    schema.ok_or_else(|| BackupError::Refused("the schema of the search path does not exist: create it first".into()))
}

async fn count(client: &Client) -> Outcome<Counted> {
    let names =
        client.query("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename", &[]).await?;
    let mut counted = Counted::default();
    for row in names {
        let name: String = row.try_get(0)?;
        let rows = client.query_one(&format!("SELECT COUNT(*) FROM \"{name}\""), &[]).await?.try_get(0)?;
        counted.tables.insert(name, rows);
    }
    if counted.tables.contains_key("migration") && counted.tables.contains_key("change") {
        for row in client.query("SELECT CAST(number AS BIGINT), checksum FROM migration ORDER BY number", &[]).await? {
            counted.migrations.push((row.try_get(0)?, row.try_get(1)?));
        }
        counted.newest_change = client.query_one("SELECT COALESCE(MAX(seq), 0) FROM change", &[]).await?.try_get(0)?;
    }
    Ok(counted)
}

fn config(url: &str) -> Outcome<Config> {
    postgres_tls::asked(url)?.url.parse().map_err(|e| BackupError::Refused(format!("the address of the store: {e}")))
}

fn database(url: &str) -> Outcome<String> {
    let config = config(url)?;
    Ok(config.get_dbname().or(config.get_user()).unwrap_or("postgres").to_owned())
}

/// One of PostgreSQL's own tools, with the address in its environment: arguments are seen by every
/// user of the machine.
fn tool(name: &str, url: &str) -> Outcome<Command> {
    let config = config(url)?;
    let mut command = Command::new(name);
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    if !hosts.is_empty() {
        command.env("PGHOST", hosts.join(","));
    }
    if !ports.is_empty() {
        command.env("PGPORT", ports.join(","));
    }
    let texts = [("PGUSER", config.get_user()), ("PGDATABASE", config.get_dbname()), ("PGOPTIONS", config.get_options())];
    for (name, value) in texts {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    if let Some(roots) = postgres_tls::asked(url)?.roots {
        command.env("PGSSLMODE", "verify-full").env("PGSSLROOTCERT", roots);
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    Ok(command)
}

async fn run(mut command: Command, name: &'static str) -> Outcome<()> {
    let done = tokio::task::spawn_blocking(move || command.output()).await.map_err(|e| StoreError::Away(e.to_string()))?;
    let output = done.map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let what = if missing { "is not installed here: install postgresql-client of the server's version" } else { "did not start" };
        BackupError::Refused(format!("{name} {what} ({error})"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(BackupError::Refused(format!("{name} failed: {said}")))
}
