//! `account`: more accounts, and which there are.

use std::io::Write as _;

use super::asynchronously;
use super::init::create_account;
use crate::cli::{AccountCommand, AccountCreate, AccountList};
use crate::config::{self, credentials_file};
use crate::error::{Exit, Failure};
use crate::installation::{Installation, Profile, is_profile_name, open_store};
use crate::render::style;

/// Runs a command of the group.
pub(super) fn run(command: &AccountCommand) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    match command {
        AccountCommand::Create(args) => create(args),
        AccountCommand::List(args) => list(args),
    }
}

fn create(args: &AccountCreate) -> Result<Exit, Failure> {
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    if !is_profile_name(&args.name) {
        return Err(Failure::misuse_hint(
            format!("`{}` can't be an account's name", args.name),
            "its credentials become a profile of that name: up to 64 letters, digits, `-`, `_` and `.`",
        ));
    }
    let path = args.credentials.clone().map_or_else(credentials_file, Ok)?;
    let profile = Profile::reserve(&path, &args.name)?;
    let made = asynchronously(async {
        let installation = Installation::open(&settings).await?;
        let credentials = create_account(&installation, args.account_id.as_deref(), &args.name).await?;
        installation.store.close().await;
        Ok::<_, Failure>(credentials)
    });
    let credentials = match made {
        Ok(credentials) => credentials,
        Err(error) => {
            profile.release();
            return Err(error);
        }
    };
    profile.write(&credentials)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}  credentials in {}, profile {}", credentials.account, path.display(), args.name)?;
    Ok(Exit::Fine)
}

fn list(args: &AccountList) -> Result<Exit, Failure> {
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    let accounts = asynchronously(async {
        let store = open_store(&settings).await?;
        let accounts = ringwall_aws::accounts(&store).await?;
        store.close().await;
        Ok::<_, Failure>(accounts)
    })?;
    let mut out = anstream::stdout().lock();
    for account in accounts {
        writeln!(out, "{}  {}", style::paint(style::HEADING, &account.id), account.name)?;
    }
    Ok(Exit::Fine)
}
