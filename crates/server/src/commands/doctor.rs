//! `allclear doctor`: looks at everything that goes wrong quietly, and says what to do about it. It
//! only reads, so it may run beside the server, from a timer.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use allclear_domain::kernel::time::Instant;
use allclear_seal::Keys;
use allclear_store::{Store, StoreConfig, StoreError, known_migrations, vitals::Vitals};
use clap::Args as ClapArgs;
use serde::Serialize;

use super::{Found, Place, size};
use crate::{
    clock::{Clock, SystemClock},
    operate::certificate,
};

/// Below this the next day of a city may not fit: a day of a million swabs takes about 1 GiB.
const FREE_BYTES_LEAST: u64 = 1 << 30;
const FREE_BYTES_WARN: u64 = 5 << 30;
/// A log of this size means that some reader has held it for long.
const WAL_BYTES_WARN: u64 = 256 << 20;
/// The newest change may be this far ahead before the machine's clock is called wrong.
const CLOCK_AHEAD_S: i64 = 60;
/// Followers this far behind are not just busy.
const BEHIND_WARN: i64 = 1000;
/// A job that waited longer is not being worked at.
const JOB_WAIT_WARN_S: i64 = 600;
/// A device that was heard of in this shift, but not lately.
const SHIFT_S: i64 = 12 * 3600;
const SILENT_S: i64 = 1800;
/// Days before its end at which a certificate is renewed with time to spare.
const CERTIFICATE_DAYS_WARN: i64 = 21;

/// What to look at.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The certificate that a proxy shows; that of the server is in its configuration.
    #[arg(long)]
    tls_cert: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    what: &'static str,
    found: String,
    /// What to do; absent where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<&'static str>,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, what: &'static str, found: impl Into<String>, then: &'static str) {
        self.0.push(Finding { level, what, found: found.into(), then: (level != Level::Ok).then_some(then) });
    }

    fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
    }
}

/// Looks, prints, and ends with 0 (ok), 1 (warnings) or 2 (something failed).
pub async fn run(args: Args) -> ExitCode {
    let mut findings = Findings::default();
    let now = SystemClock.now();
    match args.place.find() {
        Ok(place) => {
            let keys = key_file(&mut findings, &place.config.store.key_file);
            disk(&mut findings, &place.store);
            if let Some(path) = args.tls_cert.as_deref().or(place.config.tls.cert_file.as_deref()) {
                certificate_end(&mut findings, path, now);
            }
            store(&mut findings, &place, keys, now).await;
        }
        Err(error) => findings.add(Level::Fail, "configuration", error.to_string(), "run `allclear config check`"),
    }
    let worst = findings.worst();
    if args.json {
        println!("{}", serde_json::json!({ "worst": worst, "findings": findings.0 }));
    } else {
        for Finding { level, what, found, then } in &findings.0 {
            let level = match level {
                Level::Ok => "ok",
                Level::Warn => "warn",
                Level::Fail => "FAIL",
            };
            println!("{level:<5} {what:<14} {found}");
            if let Some(then) = then {
                println!("{:<20} do: {then}", "");
            }
        }
    }
    ExitCode::from(worst as u8)
}

fn key_file(findings: &mut Findings, path: &Path) -> Option<Keys> {
    match crate::boot::existing_master_key(path) {
        Ok(master) => {
            let mode = std::fs::metadata(path).map_or(0o600, |m| m.permissions().mode()) & 0o777;
            let level = if mode & 0o077 == 0 { Level::Ok } else { Level::Fail };
            let found = format!("{} has mode {mode:03o}", path.display());
            findings.add(level, "key file", found, "chmod 600: only the server's user may read it");
            Some(Keys::from_master(&master))
        }
        Err(error) => {
            findings.add(Level::Fail, "key file", error.to_string(), "bring back the copy of the key; never start with a new one");
            None
        }
    }
}

fn disk(findings: &mut Findings, store: &StoreConfig) {
    let StoreConfig::Sqlite(path) = store else {
        findings.add(Level::Ok, "disk", "is the database machine's", "");
        return;
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(stat) => {
            let free = stat.f_bavail * stat.f_frsize;
            let level = match free {
                n if n < FREE_BYTES_LEAST => Level::Fail,
                n if n < FREE_BYTES_WARN => Level::Warn,
                _ => Level::Ok,
            };
            findings.add(level, "disk", format!("{} free at {}", size(free), folder.display()), "make room: move old backups away");
        }
        Err(error) => findings.add(Level::Fail, "disk", format!("{}: {error}", folder.display()), "is the folder there and readable?"),
    }
    let wal = std::fs::metadata(format!("{}-wal", path.display())).map_or(0, |m| m.len());
    let level = if wal > WAL_BYTES_WARN { Level::Warn } else { Level::Ok };
    findings.add(
        level,
        "log",
        format!("{} not yet in the file", size(wal)),
        "a backup or a long list holds it; look again when that is done",
    );
}

fn certificate_end(findings: &mut Findings, path: &Path, now: Instant) {
    match certificate::ends_at(path) {
        Ok(end) => {
            let days = end.seconds_since(now) / 86_400;
            let level = match days {
                d if end <= now || d < 1 => Level::Fail,
                d if d < CERTIFICATE_DAYS_WARN => Level::Warn,
                _ => Level::Ok,
            };
            let then = "renew it and send the server SIGHUP: phones refuse an ended certificate";
            findings.add(level, "certificate", format!("{} ends in {days} days", path.display()), then);
        }
        Err(error) => findings.add(Level::Fail, "certificate", error, "give a PEM file that the server's user may read"),
    }
}

async fn store(findings: &mut Findings, place: &Found, keys: Option<Keys>, now: Instant) {
    // Without the key the counts are still worth looking at: nothing sealed is opened here.
    let keys = Arc::new(keys.unwrap_or_else(|| Keys::from_master(&[0; 32])));
    let look = async {
        let store = Store::look(&place.store, keys).await?;
        let read = move |tx: &allclear_store::Tx<'_>| {
            let silent = tx.silent_devices(now.plus_seconds(-SHIFT_S), now.plus_seconds(-SILENT_S));
            Ok::<_, StoreError>((tx.engine_facts()?, tx.migrations()?, tx.vitals(now), silent))
        };
        store.read("doctor", read).await
    };
    let (facts, migrations, vitals, silent) = match look.await {
        Ok(found) => found,
        Err(error) => return findings.add(Level::Fail, "store", error.to_string(), "is the address right, is the database up?"),
    };
    findings.add(Level::Ok, "store", format!("{}, version {}, {}", place.words, facts.0, size(facts.1.unsigned_abs())), "");
    schema(findings, &migrations);
    match (vitals, silent) {
        (Ok(vitals), Ok(silent)) => state(findings, &vitals, silent, now),
        (Err(error), _) | (_, Err(error)) => findings.add(Level::Fail, "state", error.to_string(), "run `allclear migrate --status`"),
    }
}

fn schema(findings: &mut Findings, migrations: &[(i64, String)]) {
    let unknown = migrations.iter().filter(|(n, _)| known_migrations().all(|(known, _)| known != *n)).count();
    let lacks = known_migrations().filter(|(known, _)| migrations.iter().all(|(n, _)| n != known)).count();
    let (level, then) = match (unknown, lacks) {
        (0, 0) => (Level::Ok, ""),
        (0, _) => (Level::Warn, "the next start of this program applies them; try `allclear migrate --on-copy` first"),
        _ => (Level::Fail, "this program is too old for the store: start the newer one"),
    };
    findings.add(level, "schema", format!("{} migrations, {lacks} lacking, {unknown} unknown", migrations.len()), then);
}

fn state(findings: &mut Findings, vitals: &Vitals, silent: i64, now: Instant) {
    let ahead = vitals.newest_change_at.map_or(0, |at| at.seconds_since(now));
    let level = if ahead > CLOCK_AHEAD_S { Level::Fail } else { Level::Ok };
    let found = match vitals.newest_change_at {
        None => "no change yet".into(),
        Some(_) if ahead > 0 => format!("the newest change is {ahead} s ahead of this machine"),
        Some(_) => format!("the newest change is {} s old", -ahead),
    };
    findings.add(level, "clock", found, "set the machine's clock (chrony, systemd-timesyncd), then start again");

    let behind = vitals.followers.iter().map(|(_, seq)| vitals.newest_change - seq).max().unwrap_or(0).max(0);
    let level = if behind > BEHIND_WARN || vitals.unnumbered > BEHIND_WARN { Level::Warn } else { Level::Ok };
    let each: Vec<String> = vitals.followers.iter().map(|(name, seq)| format!("{name} {}", (vitals.newest_change - seq).max(0))).collect();
    let found = format!("change {}, behind by: {}; without a number: {}", vitals.newest_change, each.join(", "), vitals.unnumbered);
    findings.add(level, "followers", found, "does a server run? its log names the follower that waits");

    let waited = vitals.oldest_job_at.map_or(0, |at| now.seconds_since(at));
    let level = if waited > JOB_WAIT_WARN_S { Level::Warn } else { Level::Ok };
    let found = format!("{} wait (oldest {waited} s), {} run", vitals.jobs_ready, vitals.jobs_running);
    findings.add(level, "jobs", found, "does a server run? its log says why a job does not go on");

    let level = if silent > 0 { Level::Warn } else { Level::Ok };
    let found = format!("{silent} of {} heard of in this shift, but not for {} minutes", vitals.devices, SILENT_S / 60);
    findings.add(level, "devices", found, "call the sites: the phones keep what they recorded until they have network");

    let level = if vitals.exceptions_open > 0 { Level::Warn } else { Level::Ok };
    findings.add(
        level,
        "exceptions",
        format!("{} wait for a decision", vitals.exceptions_open),
        "decide them on the desk, page Exceptions",
    );
    findings.add(Level::Ok, "sessions", format!("{} in force", vitals.sessions), "");
}
