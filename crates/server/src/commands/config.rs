//! `allclear config`: what can be configured, and whether what is configured can be used.

use std::path::PathBuf;

use clap::Subcommand;

use super::words;
use crate::{
    config::{Config, ConfigError, print},
    operate::{certificate, tls::Certificates},
};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Checks a file together with the environment; says which key is wrong.
    Check {
        /// The file.
        #[arg(long, env = "ALLCLEAR_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Prints every key with its default, as a file to begin with.
    Print,
}

/// Why it is not in order.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A key.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The certificate.
    #[error("tls: {0}")]
    Certificate(String),
}

/// Checks or prints.
pub fn run(command: Command) -> Result<(), Failure> {
    let Command::Check { config: file } = command else {
        print!("{}", print::defaults());
        return Ok(());
    };
    let config = Config::of_process(file.as_deref(), &[])?;
    println!("store    {}", words(&config.store.address()?));
    println!("listen   {}", config.server.listen);
    if let Some((cert, key)) = config.tls.files() {
        Certificates::load(cert, key).map_err(Failure::Certificate)?;
        let end = certificate::ends_at(cert).map_err(Failure::Certificate)?;
        println!("tls      {}, until {}", cert.display(), crate::clock::rfc3339(end));
    } else if !config.server.listen.ip().is_loopback() {
        println!("warning  no [tls] on a public address: put a proxy in front, phones need HTTPS");
    }
    if config.metrics.listen.is_some_and(|at| !at.ip().is_loopback()) {
        println!("warning  metrics.listen is not loopback: anybody who reaches it reads the counts");
    }
    println!("in order");
    Ok(())
}
