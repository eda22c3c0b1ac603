//! `allclear administrator`: a link for an administrator who lost the password.

use std::sync::Arc;

use clap::Args as ClapArgs;

use super::{Place, machine_user};
use crate::{
    accounts::ops::recover::{RecoverError, recover},
    boot::{self, StartError},
    clock::{SystemClock, rfc3339},
};

/// Whose link.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Name of the administrator's account.
    #[arg(long, value_name = "NAME")]
    recover: String,
    /// Why; it stands in the access log.
    #[arg(long)]
    reason: String,
}

/// Why no link was made.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Key, configuration or store.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Refused.
    #[error(transparent)]
    Refused(#[from] RecoverError),
}

/// Prints a link that works once, for a quarter of an hour.
pub async fn run(args: Args) -> Result<(), Failure> {
    let place = args.place.find()?;
    let master = boot::existing_master_key(&place.config.store.key_file)?;
    let app = boot::application(&place.store, &master, Arc::new(SystemClock), false).await.map_err(StartError::from)?;
    let (code, expires_at) = recover(&app, machine_user(), args.recover, args.reason).await?;
    let scheme = if place.config.tls.files().is_some() { "https" } else { "http" };
    println!("A new password for this account, once, until {}:", rfc3339(expires_at));
    println!("{scheme}://{}/desk/#/reset?code={code}", place.config.server.listen);
    println!(
        "Start the server if it is stopped, and open it (behind a proxy: with the proxy's name). The old password stays valid until then."
    );
    Ok(())
}
