//! `init`: an installation, its root key, its first account.

use std::io::{self, Write};
use std::path::Path;

use ringwall_aws::{ADMINISTRATOR, Credentials};
use ringwall_rootkey::{Source, SystemRandom};

use super::asynchronously;
use crate::cli::Init;
use crate::config::{self, Settings, credentials_file};
use crate::error::{Exit, Failure};
use crate::installation::{Installation, Profile, RootKeyWas};
use crate::render::style;

/// The profile that the AWS CLI takes when none is named.
const PROFILE: &str = "default";

/// Makes the installation and tells where everything is; the secret is in the file alone.
pub(super) fn run(args: &Init) -> Result<Exit, Failure> {
    ringwall_server::harden()?;
    let settings = config::load(&args.flags.0).map_err(Failure::Settings)?.settings;
    // Before the credentials file is looked at, which an installation that is there has filled.
    asynchronously(Installation::must_not_be(&settings))?;
    let path = args.credentials.clone().map_or_else(credentials_file, Ok)?;
    let profile = Profile::reserve(&path, PROFILE)?;
    let made = asynchronously(async {
        let (installation, was) = Installation::create(&settings).await?;
        let credentials = create_account(&installation, args.account_id.as_deref(), &args.name).await?;
        installation.store.close().await;
        Ok::<_, Failure>((credentials, was))
    });
    let (credentials, was) = match made {
        Ok(made) => made,
        Err(error) => {
            profile.release();
            return Err(error);
        }
    };
    profile.write(&credentials)?;
    tell(&mut anstream::stdout().lock(), &settings, &credentials, was, &path)?;
    Ok(Exit::Fine)
}

/// Makes an account with an administrator.
pub(super) async fn create_account(
    installation: &Installation,
    id: Option<&str>,
    name: &str,
) -> Result<Credentials, Failure> {
    let Installation { store, keyring } = installation;
    Ok(ringwall_aws::create_account(store, keyring, &SystemRandom, id, name, ringwall_aws::now()).await?)
}

fn tell(
    out: &mut dyn Write,
    settings: &Settings,
    credentials: &Credentials,
    was: RootKeyWas,
    path: &Path,
) -> io::Result<()> {
    let root_key = match was {
        RootKeyWas::Made => format!("{} (new)", settings.root_key.value),
        RootKeyWas::There => format!("{} (it was there)", settings.root_key.value),
    };
    let rows = [
        ("data folder", settings.data_folder.value.display().to_string()),
        ("store", settings.store.value.redacted()),
        ("root key", root_key),
        ("account", credentials.account.clone()),
        ("administrator", format!("arn:aws:iam::{}:user/{ADMINISTRATOR}", credentials.account)),
        ("credentials", format!("{}, profile {PROFILE}", path.display())),
    ];
    for (name, value) in rows {
        writeln!(out, "{}  {value}", style::paint(style::HEADING, &format!("{name:<13}")))?;
    }
    let keep = match &settings.root_key.value {
        Source::File(_) => "Copy the root key to a safe place now, away from this machine",
        Source::Passphrase(_) => "Keep the passphrase in a second, safe place",
        Source::Pkcs11(_) => "Have a second token with this key, or a backup of it by the token's own means",
    };
    let warning = format!(
        "The root key opens every key and secret that is kept here. Whoever has it and the store can read them; if it \
         is lost, they are lost, and nobody can bring them back. A backup by `ringwall store backup` does not have it in. \
         {keep}."
    );
    writeln!(out)?;
    style::print_wrapped(out, &warning, 0, style::width(), "", style::WARNING)?;
    writeln!(out, "\nNext: ringwall serve")
}
