//! The types of settings: how each is read from text and written back.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ringwall_rootkey::Source;

/// A value as somebody wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    /// A flag's or an environment variable's: all types are text there, lists have commas.
    Word(String),
    /// A string of the file.
    Text(String),
    /// A number of the file.
    Number(i64),
    /// A list of strings of the file.
    List(Vec<String>),
    /// What no setting takes: TOML's name for it.
    Other(&'static str),
}

/// A type of settings.
pub(crate) trait Value: Sized + Clone + PartialEq {
    /// What it is, in one word; for documentation.
    const KIND: &'static str;

    /// Reads it. Relative paths are taken from `base`. An error says what it has to be.
    fn read(raw: &Raw, base: &Path) -> Result<Self, String>;

    /// It when nothing is set; `None` if it can't be nothing.
    fn unset() -> Option<Self> {
        None
    }

    /// As the file has it, secrets redacted; `None` if it is not set.
    fn toml(&self) -> Option<String>;
}

impl Raw {
    /// The text, if it is one.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one of zero or more.
    fn number(&self) -> Option<u64> {
        match self {
            Self::Word(text) => digits(text),
            Self::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// What was written, for messages.
    pub(crate) fn written(&self) -> String {
        match self {
            Self::Word(text) | Self::Text(text) => format!("`{text}`"),
            Self::Number(number) => format!("`{number}`"),
            Self::List(_) => String::from("a list"),
            Self::Other(kind) => format!("a TOML {kind}"),
        }
    }
}

/// A number without signs or blanks, which `str::parse` would take.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A TOML string.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A path that means the same from wherever it is looked at.
fn absolute(base: &Path, path: &str) -> PathBuf {
    let path = base.join(path);
    std::path::absolute(&path).unwrap_or(path)
}

impl Value for PathBuf {
    const KIND: &'static str = "path";

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        let text = raw.text().ok_or("a path")?;
        if text.starts_with("~/") {
            return Err(String::from("a path without `~`, which only shells know"));
        }
        Ok(absolute(base, text))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: &'static str = T::KIND;

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        T::read(raw, base).map(Some)
    }

    fn unset() -> Option<Self> {
        Some(None)
    }

    fn toml(&self) -> Option<String> {
        self.as_ref().and_then(T::toml)
    }
}

impl Value for SocketAddr {
    const KIND: &'static str = "address";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let address = raw.text().and_then(|text| text.parse().ok());
        address.ok_or_else(|| String::from("an IP address with a port, as 127.0.0.1:7443 or [::]:7443"))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A number of things, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) u32);

impl Value for Amount {
    const KIND: &'static str = "number";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let number = raw.number().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
        number.map(Self).ok_or_else(|| String::from("a number from 1 to 4294967295"))
    }

    fn toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Amount {
    pub(crate) fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A number a second, or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(pub(crate) u64);

/// Most requests a second that can be said: far above what a machine does, far below where sums overflow.
const MAX_RATE: u64 = 1_000_000_000;

impl Value for Rate {
    const KIND: &'static str = "number";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let number = raw.number().filter(|number| *number <= MAX_RATE);
        number.map(Self).ok_or_else(|| format!("a number from 0 to {MAX_RATE}"))
    }

    fn toml(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A size in memory, at least 1 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) usize);

/// Units of sizes, largest first.
const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Value for Bytes {
    const KIND: &'static str = "size";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let with_unit = |text: &str| {
            let (unit, bytes) = SIZES.into_iter().find(|(unit, _)| text.ends_with(unit))?;
            digits(text.strip_suffix(unit)?)?.checked_mul(bytes)
        };
        let size = raw.number().or_else(|| raw.text().and_then(with_unit));
        // Below 1 KiB no request fits; above 64 GiB it is a mistake.
        let size = size.filter(|size| (1 << 10..=64 << 30).contains(size));
        let size = size.and_then(|size| usize::try_from(size).ok());
        size.map(Self).ok_or_else(|| String::from("a size from 1KiB to 64GiB, as 65536, 64KiB or 1MiB"))
    }

    fn toml(&self) -> Option<String> {
        let size = u64::try_from(self.0).unwrap_or(u64::MAX);
        let unit = SIZES.into_iter().find(|(_, bytes)| size.is_multiple_of(*bytes));
        Some(match unit {
            Some((unit, bytes)) => quoted(&format!("{}{unit}", size / bytes)),
            None => size.to_string(),
        })
    }
}

/// A time that something may take, from a millisecond to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) Duration);

/// Units of times in milliseconds; `ms` before `s`, which it ends with.
const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

impl Value for Time {
    const KIND: &'static str = "time";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let with_unit = |text: &str| {
            let (unit, milliseconds) = TIMES.into_iter().find(|(unit, _)| text.ends_with(unit))?;
            digits(text.strip_suffix(unit)?)?.checked_mul(milliseconds)
        };
        let time = raw.text().and_then(with_unit).filter(|time| (1..=86_400_000).contains(time));
        time.map(|time| Self(Duration::from_millis(time)))
            .ok_or_else(|| String::from("a time up to 24h with its unit, as 500ms, 20s, 5m or 1h"))
    }

    fn toml(&self) -> Option<String> {
        let time = self.0.as_millis();
        let fits = |(_, unit): &(&str, u64)| time.is_multiple_of(u128::from(*unit));
        let (name, unit) = TIMES.into_iter().rev().find(fits)?;
        Some(quoted(&format!("{}{name}", time / u128::from(unit))))
    }
}

/// How long something is valid, in whole seconds: longer than anybody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(pub(crate) u32);

/// Units of lifetimes in seconds.
const LIFETIMES: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

impl Value for Lifetime {
    const KIND: &'static str = "lifetime";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let with_unit = |text: &str| {
            let (unit, seconds) = LIFETIMES.into_iter().find(|(unit, _)| text.ends_with(unit))?;
            digits(text.strip_suffix(unit)?)?.checked_mul(seconds)
        };
        let seconds = raw.number().or_else(|| raw.text().and_then(with_unit));
        let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        seconds
            .map(Self)
            .ok_or_else(|| String::from("seconds, or a number with s, m, h or d, as 86400, 24h or 7d"))
    }

    fn toml(&self) -> Option<String> {
        let (name, unit) =
            LIFETIMES.into_iter().rev().find(|(_, unit)| u64::from(self.0).is_multiple_of(*unit))?;
        Some(quoted(&format!("{}{name}", u64::from(self.0) / unit)))
    }
}

impl Lifetime {
    pub(crate) fn get(self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

/// A time, of a flag that is no setting.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    Time::read(&Raw::Word(text.to_owned()), Path::new("")).map(|time| time.0)
}

/// Names and addresses that a certificate is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names(pub(crate) Vec<String>);

/// Issuers by host and port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Issuers(pub(crate) Vec<String>);

/// The items of a list; those of a flag are between commas.
fn items(raw: &Raw) -> Option<Vec<String>> {
    match raw {
        Raw::Word(text) if text.is_empty() => Some(Vec::new()),
        Raw::Word(text) => Some(text.split(',').map(|item| item.trim().to_owned()).collect()),
        Raw::List(items) => Some(items.clone()),
        _ => None,
    }
}

fn list(items: &[String]) -> Option<String> {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}

/// A service of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// AWS's APIs.
    Aws,
    /// The token webhook, and the authorization webhook of access policies.
    Authn,
    /// The pod webhook.
    Identity,
    /// The documents of the cluster's issuer.
    Issuer,
    /// The audit webhook, other sources of logs, detection.
    Audit,
    /// The OCI registry.
    Registry,
}

impl Service {
    const ALL: [Self; 6] =
        [Self::Aws, Self::Authn, Self::Identity, Self::Issuer, Self::Audit, Self::Registry];

    /// Its name in the settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Authn => "authn",
            Self::Identity => "identity",
            Self::Issuer => "issuer",
            Self::Audit => "audit",
            Self::Registry => "registry",
        }
    }
}

/// A word or a URL, as its user reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Value for Text {
    const KIND: &'static str = "text";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let text = raw.text().filter(|text| !text.chars().any(char::is_control));
        text.map(|text| Self(text.to_owned())).ok_or_else(|| String::from("text"))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

impl Value for Switch {
    const KIND: &'static str = "on or off";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        match raw.text() {
            Some("on") => Ok(Self(true)),
            Some("off") => Ok(Self(false)),
            _ => Err(String::from("on or off")),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(if self.0 { "on" } else { "off" }))
    }
}

/// The services to run, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Services(pub(crate) Vec<Service>);

impl Value for Services {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let names = Service::ALL.map(Service::name).join(", ");
        let wanted = || format!("a list of services, each once, of {names}");
        let mut services = Vec::new();
        for item in items(raw).filter(|items| !items.is_empty()).ok_or_else(wanted)? {
            let service = Service::ALL.into_iter().find(|service| service.name() == item);
            let service = service.filter(|service| !services.contains(service)).ok_or_else(wanted)?;
            services.push(service);
        }
        Ok(Self(services))
    }

    fn toml(&self) -> Option<String> {
        list(&self.0.iter().map(|service| service.name().to_owned()).collect::<Vec<_>>())
    }
}

impl Value for Names {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let names = items(raw).filter(|names| !names.iter().any(String::is_empty));
        names
            .map(Self)
            .ok_or_else(|| String::from("a list of names, as [\"ringwall.example.com\", \"10.0.0.7\"]"))
    }

    fn unset() -> Option<Self> {
        Some(Self::default())
    }

    fn toml(&self) -> Option<String> {
        list(&self.0)
    }
}

/// Files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Paths(pub(crate) Vec<PathBuf>);

impl Value for Paths {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        let paths = items(raw).filter(|paths| !paths.iter().any(String::is_empty));
        let paths = paths.ok_or_else(|| String::from("a list of paths, as [\"/etc/ringwall/pass.key\"]"))?;
        Ok(Self(paths.iter().map(|path| absolute(base, path)).collect()))
    }

    fn unset() -> Option<Self> {
        Some(Self::default())
    }

    fn toml(&self) -> Option<String> {
        list(&self.0.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>())
    }
}

/// Paths, each of something that has a name: `[NAME=]PATH`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedPaths(pub(crate) Vec<(Option<String>, PathBuf)>);

impl NamedPaths {
    /// As they were written, with whole paths.
    pub(crate) fn written(&self) -> Vec<String> {
        let written = |(name, path): &(Option<String>, PathBuf)| match name {
            Some(name) => format!("{name}={}", path.to_string_lossy()),
            None => path.to_string_lossy().into_owned(),
        };
        self.0.iter().map(written).collect()
    }
}

impl Value for NamedPaths {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        let named = |item: &String| match item.split_once('=') {
            Some((name, path)) if is_name(name) => (Some(name.to_owned()), absolute(base, path)),
            _ => (None, absolute(base, item)),
        };
        let items =
            items(raw).filter(|items| !items.iter().any(|item| item.is_empty() || item.ends_with('=')));
        let items = items.ok_or_else(|| String::from("a list of paths, each perhaps as NAME=PATH"))?;
        Ok(Self(items.iter().map(named).collect()))
    }

    fn unset() -> Option<Self> {
        Some(Self::default())
    }

    fn toml(&self) -> Option<String> {
        list(&self.written())
    }
}

/// Addresses that are listened on, each perhaps with the network that its callers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doors(pub(crate) Vec<(Option<String>, SocketAddr)>);

impl Value for Doors {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let door = |item: &String| match item.split_once('=') {
            Some((name, address)) if is_name(name) => Some((Some(name.to_owned()), address.parse().ok()?)),
            Some(_) => None,
            None => Some((None, item.parse().ok()?)),
        };
        let doors: Option<Vec<_>> =
            items(raw).filter(|items| !items.is_empty()).and_then(|items| items.iter().map(door).collect());
        doors
            .map(Self)
            .ok_or_else(|| String::from("a list of addresses with ports, each perhaps as NETWORK=ADDRESS"))
    }

    fn toml(&self) -> Option<String> {
        let written = |(name, address): &(Option<String>, SocketAddr)| match name {
            Some(name) => format!("{name}={address}"),
            None => address.to_string(),
        };
        list(&self.0.iter().map(written).collect::<Vec<_>>())
    }
}

/// What has another character is a path.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Value for Issuers {
    const KIND: &'static str = "list";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        let is_host_and_port = |text: &String| text.parse::<ringwall_oidc::Endpoint>().is_ok();
        let issuers = items(raw).filter(|issuers| issuers.iter().all(is_host_and_port));
        issuers.map(Self).ok_or_else(|| String::from("a list of HOST:PORT, as [\"issuer.internal:443\"]"))
    }

    fn unset() -> Option<Self> {
        Some(Self::default())
    }

    fn toml(&self) -> Option<String> {
        list(&self.0)
    }
}

/// A region's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region(pub(crate) String);

impl Value for Region {
    const KIND: &'static str = "region";

    fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
        // AWS's longest has 14 letters; a name of one's own may be somewhat longer.
        let is_region = |text: &&str| {
            text.len() <= 32
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let region = raw.text().filter(is_region);
        region.map(|text| Self(text.to_owned())).ok_or_else(|| String::from("a region, as eu-central-1"))
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// The store's address; its password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoreAddress(pub(crate) String);

impl Value for StoreAddress {
    const KIND: &'static str = "store";

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        match raw.text() {
            Some(text) if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Self(text.to_owned()))
            }
            Some(text) => match text.strip_prefix("sqlite:") {
                Some(path) if !path.is_empty() && !path.starts_with("//") => {
                    Ok(Self(format!("sqlite:{}", absolute(base, path).display())))
                }
                _ => Err(String::from("sqlite:PATH or postgres://USER@HOST/DATABASE")),
            },
            None => Err(String::from("sqlite:PATH or postgres://USER@HOST/DATABASE")),
        }
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.redacted()))
    }
}

impl StoreAddress {
    /// The address without its password, wherever in it that stands.
    pub(crate) fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else { return self.0.clone() };
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let place = match place.rsplit_once('@') {
            Some((user, place)) => match user.split_once(':') {
                Some((user, _)) => format!("{user}:REDACTED@{place}"),
                None => format!("{user}@{place}"),
            },
            None => place.to_owned(),
        };
        let parameter = |parameter: &str| match parameter.split_once('=') {
            Some((name, _)) if name.contains("password") => format!("{name}=REDACTED"),
            _ => parameter.to_owned(),
        };
        let query = query.map(|query| query.split('&').map(parameter).collect::<Vec<_>>().join("&"));
        query.map_or_else(|| format!("{scheme}://{place}"), |query| format!("{scheme}://{place}?{query}"))
    }
}

impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Value for Source {
    const KIND: &'static str = "root key";

    fn read(raw: &Raw, base: &Path) -> Result<Self, String> {
        let text = raw.text().unwrap_or_default();
        let in_file = ["file:", "passphrase:file:"].into_iter().find_map(|prefix| {
            let path = text.strip_prefix(prefix).filter(|path| !path.is_empty())?;
            Some(format!("{prefix}{}", absolute(base, path).display()))
        });
        let source = in_file.as_deref().unwrap_or(text).parse();
        source.map_err(|_| {
            String::from("file:PATH, passphrase:file:PATH, passphrase:env:NAME or pkcs11:… (RFC 7512)")
        })
    }

    fn toml(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// A type of settings that is one of some words.
macro_rules! words {
    ($(#[doc = $doc:literal])+ $type:ident: $wanted:literal, $($word:literal => $variant:ident),+) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $type { $($variant),+ }

        impl std::str::FromStr for $type {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($wanted),
                }
            }
        }

        impl Value for $type {
            const KIND: &'static str = "word";

            fn read(raw: &Raw, _: &Path) -> Result<Self, String> {
                raw.text().unwrap_or_default().parse().map_err(String::from)
            }

            fn toml(&self) -> Option<String> {
                Some(quoted(match self { $(Self::$variant => $word),+ }))
            }
        }
    };
}

words! {
    /// Where a server's certificate comes from.
    TlsMode: "own, files or off", "own" => Own, "files" => Files, "off" => Off
}

words! {
    /// What clients of the registry without credentials are told to show.
    Challenge: "basic or token", "basic" => Basic, "token" => Token
}

words! {
    /// When a pod's service account is read from the apiserver.
    Lookup: "unknown or always", "unknown" => Unknown, "always" => Always
}

words! {
    /// How much is logged.
    LogLevel: "error, warn, info, debug or trace",
    "error" => Error, "warn" => Warn, "info" => Info, "debug" => Debug, "trace" => Trace
}

words! {
    /// How logs are written.
    LogFormat: "auto, text or json", "auto" => Auto, "text" => Text, "json" => Json
}
