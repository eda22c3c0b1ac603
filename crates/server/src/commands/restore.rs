//! `allclear restore`: puts a backup where no store is, and counts that everything has arrived.

use std::path::PathBuf;

use allclear_store::backup;
use clap::Args as ClapArgs;

use super::{
    Place,
    backup::{Failure, table},
};

/// What to restore, and where.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The file that `allclear backup` wrote; its manifest lies beside it.
    #[arg(long)]
    from: PathBuf,
    /// Only compares the file with its manifest; nothing is written.
    #[arg(long)]
    verify: bool,
}

/// Restores and prints what arrived.
pub async fn run(args: Args) -> Result<(), Failure> {
    if args.verify {
        print!("{}", table(&backup::verify(&args.from)?));
        println!("{} is as it was written", args.from.display());
        return Ok(());
    }
    let place = args.place.find()?;
    let manifest = backup::restore(&args.from, &place.store, &place.keys()?).await?;
    print!("{}", table(&manifest));
    println!("restored to {}, every table counted; now run `allclear recount`", place.words);
    Ok(())
}
