//! From what a user names to its packages.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ringwall_http::{HttpClient, HttpSettings, Plain, Reach};
use ringwall_image::registry::{Keychain, RegistryClient};
use ringwall_image::{Cache, Image, ImageReference, Platform, Progress, ScanOptions, Target};
use ringwall_scan::Inventory;

use crate::cli::{RegistryAccess, ScanTarget};
use crate::error::Failure;

/// What is below this, in bytes, is read before a progress bar could be.
const WORTH_A_BAR: u64 = 8 << 20;
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// What was read.
pub(super) struct Read {
    pub(super) inventory: Inventory,
    /// The digest of an image's manifest, if there is one.
    pub(super) digest: Option<String>,
    pub(super) is_image: bool,
}

/// Reads a target to its packages, with a progress bar where someone is looking.
pub(super) fn read(target: &str, args: &ScanTarget) -> Result<Read, Failure> {
    let platform = args.platform.as_deref().map(str::parse::<Platform>).transpose();
    let platform = platform.map_err(|error| Failure::misuse(error.to_string()))?;
    let cache = args.cache.as_deref().map(|folder| Cache::open(folder).map_err(Failure::make(folder)));
    let options = ScanOptions { cache: cache.transpose()?, progress: Arc::default() };
    match Target::find(target, platform.as_ref())? {
        Target::Image(image) => scan(&image, &options),
        Target::Registry(reference) => {
            // Reading waits in threads of its own.
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            let client = client(&reference, &args.registry, runtime.handle().clone())?;
            let image = client.image(&reference, platform.as_ref())?;
            scan(&image, &options)
        }
        Target::Folder(folder) => scan_folder(&folder, &options),
        Target::Sbom(bytes) => {
            let format = ringwall_scan::sbom::format(&bytes)
                .ok_or_else(|| Failure::misuse(format!("`{target}` is neither CycloneDX nor SPDX")))?;
            let inventory = ringwall_scan::sbom::read(format, target, &bytes);
            Ok(Read { inventory, digest: None, is_image: false })
        }
    }
}

fn scan(image: &Image, options: &ScanOptions) -> Result<Read, Failure> {
    let scanned = shown(&options.progress, || ringwall_image::scan(image, options))?;
    let digest = image.digest.as_ref().or(image.config_digest.as_ref()).map(ToString::to_string);
    Ok(Read { inventory: scanned.inventory, digest, is_image: true })
}

fn scan_folder(folder: &Path, options: &ScanOptions) -> Result<Read, Failure> {
    let scanned = ringwall_image::scan_folder(folder, options)?;
    Ok(Read { inventory: scanned.inventory, digest: None, is_image: false })
}

/// Does work that tells how far it is.
fn shown<T>(progress: &Progress, work: impl FnOnce() -> T) -> T {
    // indicatif draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::hidden().with_style(
        ProgressStyle::with_template("reading {bar:30} {bytes} of {total_bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ticker = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                let total = progress.total.load(Ordering::Relaxed);
                if total >= WORTH_A_BAR {
                    if bar.length().is_none() {
                        bar.set_draw_target(ProgressDrawTarget::stderr());
                    }
                    bar.set_length(total);
                    bar.set_position(progress.done.load(Ordering::Relaxed));
                }
                std::thread::park_timeout(TICK);
            }
            bar.finish_and_clear();
        });
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        ticker.thread().unpark();
        result
    })
}

/// A client that calls this registry, and no other address of this machine or its link.
fn client(
    reference: &ImageReference,
    access: &RegistryAccess,
    runtime: tokio::runtime::Handle,
) -> Result<RegistryClient, Failure> {
    let host = reference.host();
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let listed =
        if has_port { vec![host.to_owned()] } else { vec![format!("{host}:443"), format!("{host}:80")] };
    let listed = listed.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
    let http = HttpClient::new(&HttpSettings {
        roots: access.ca_file.clone(),
        plain: if access.plain_http { Plain::Anywhere } else { Plain::Loopback },
        reach: Reach::Outside(listed),
    })?;
    let keychain = match &access.credentials {
        Some(file) => Keychain::Files(vec![file.clone()]),
        None => Keychain::of_user(|name| std::env::var(name).ok().filter(|value| !value.is_empty())),
    };
    Ok(RegistryClient { http, keychain, runtime })
}
