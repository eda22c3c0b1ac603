//! `allclear serve`: the server.

use std::path::PathBuf;

use allclear_domain::kernel::time::Instant;
use clap::Args as ClapArgs;

use crate::{
    boot::{self, StartError},
    clock::parse_rfc3339,
    config::{Config, Flag},
    demo,
    operate::{log, serving::Origin},
};

/// What is given on the command line; it wins over the environment and the file.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Configuration file; `allclear config print` writes one.
    #[arg(long, env = "ALLCLEAR_CONFIG")]
    config: Option<PathBuf>,
    /// `postgres://…` or the path of a SQLite file [default: data/allclear.db].
    #[arg(long)]
    store: Option<String>,
    /// Address to listen at [default: 127.0.0.1:8080].
    #[arg(long)]
    listen: Option<String>,
    /// File of the master key, made at the first start [default: data/master.key].
    #[arg(long)]
    key_file: Option<String>,
    /// Certificate chain, PEM.
    #[arg(long)]
    tls_cert: Option<String>,
    /// Private key of the certificate, PEM.
    #[arg(long)]
    tls_key: Option<String>,
    /// Address of the metrics.
    #[arg(long)]
    metrics_listen: Option<String>,
    /// `text` or `json`.
    #[arg(long)]
    log_format: Option<String>,
    /// Sends cookies over TLS only; always so where the server does TLS itself. Without it they are bound
    /// to TLS when a trusted proxy says `X-Forwarded-Proto: https`.
    #[arg(long, env = "ALLCLEAR_SECURE_COOKIES")]
    secure_cookies: bool,
    /// Starts with a synthetic city and an account for each role.
    #[arg(long)]
    demo: bool,
    /// Persons of the demo city.
    #[arg(long, env = "POPULATION", default_value_t = 20_000)]
    population: u64,
    /// The demo's clock begins at this time (RFC 3339) instead of now.
    #[arg(long, requires = "demo", value_parser = instant)]
    clock_from: Option<Instant>,
    /// How many times faster the demo's clock goes.
    #[arg(long, default_value_t = 1.0, requires = "clock_from", value_parser = demo::replay::speed)]
    clock_speed: f64,
}

/// Reads a time of the command line; one that cannot be read is refused.
fn instant(text: &str) -> Result<Instant, String> {
    parse_rfc3339(text).ok_or_else(|| "a time like 2022-01-05T06:00:00+08:00".into())
}

impl Args {
    fn flags(&self) -> Vec<Flag> {
        let given = [
            ("store", "url", &self.store),
            ("server", "listen", &self.listen),
            ("store", "key_file", &self.key_file),
            ("tls", "cert_file", &self.tls_cert),
            ("tls", "key_file", &self.tls_key),
            ("metrics", "listen", &self.metrics_listen),
            ("log", "format", &self.log_format),
        ];
        given.into_iter().filter_map(|(section, key, value)| Some((section, key, value.clone()?))).collect()
    }
}

/// Runs until the process is told to stop.
pub async fn run(args: Args) -> Result<(), StartError> {
    let flags = args.flags();
    let config = Config::of_process(args.config.as_deref(), &flags)?;
    log::start(&config.log).map_err(StartError::Log)?;
    let demo = args.demo.then_some(args.population);
    let clock = args.clock_from.map(|from| (from, args.clock_speed));
    boot::serve(boot::Options { config, origin: Origin { file: args.config, flags }, demo, clock, secure_cookies: args.secure_cookies })
        .await
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches};

    use super::*;

    fn parse(given: &[&str]) -> Result<Args, clap::Error> {
        let command = Args::augment_args(clap::Command::new("serve"));
        command.try_get_matches_from([&["serve"], given].concat()).and_then(|matches| Args::from_arg_matches(&matches))
    }

    #[test]
    fn an_unreadable_clock_is_refused() {
        let serve = |from: &str, speed: &str| parse(&["--demo", "--clock-from", from, "--clock-speed", speed]).map(drop);
        serve("2022-01-05T06:00:00+08:00", "600").unwrap();
        for (from, speed) in
            [("yesterday", "600"), ("2022-01-05", "600"), ("2022-01-05T06:00:00+08:00", "fast"), ("2022-01-05T06:00:00+08:00", "-1")]
        {
            assert!(serve(from, speed).is_err(), "{from} {speed}");
        }
    }

    #[test]
    fn every_flag_reaches_its_key() {
        let given = ["--store", "a.db", "--listen", "127.0.0.1:1", "--key-file", "k", "--tls-cert", "c", "--tls-key", "t"];
        let more = ["--metrics-listen", "127.0.0.1:2", "--log-format", "json"];
        let flags = parse(&[&given[..], &more[..]].concat()).unwrap().flags();
        let config = Config::load(None, |_| None, &flags).unwrap();
        assert_eq!((config.store.url.as_str(), config.server.listen.port()), ("a.db", 1));
        assert_eq!((config.store.key_file, config.tls.cert_file, config.tls.key_file), ("k".into(), Some("c".into()), Some("t".into())));
        assert_eq!(config.metrics.listen.map(|at| at.port()), Some(2));
        assert_eq!(config.log.format, crate::config::log::Format::Json);
    }
}
