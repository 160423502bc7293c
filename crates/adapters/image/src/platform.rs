//! Which of an index's images is meant.

use std::fmt;
use std::str::FromStr;

use crate::error::ImageError;
use crate::manifest::Descriptor;

/// An operating system and a processor, as `linux/arm64` or `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Platform {
    /// As Go's `GOOS`.
    pub os: String,
    /// As Go's `GOARCH`.
    pub architecture: String,
    /// Which of its kinds, as `v7`.
    pub variant: Option<String>,
}

/// Not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform: write OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, as linux/arm64")]
pub struct PlatformError(String);

impl Platform {
    /// Linux on this machine's processor: what its nodes would run.
    pub fn here() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            other => other,
        };
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// Whether an image of that platform is meant by this one: `v8` is what `arm64` is without a word.
    fn means(&self, other: &Self) -> bool {
        let plain = |platform: &Self| {
            let variant = platform.variant.clone();
            variant.filter(|variant| platform.architecture != "arm64" || variant != "v8")
        };
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || plain(self) == plain(other))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        let is_word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        match (os.filter(is_word), architecture.filter(is_word), parts.next()) {
            (Some(os), Some(architecture), None) if variant.is_none_or(|part| is_word(&part)) => {
                let (os, architecture) = (os.to_ascii_lowercase(), architecture.to_ascii_lowercase());
                // As machines call themselves.
                let architecture = match architecture.as_str() {
                    "x86_64" => "amd64".to_owned(),
                    "aarch64" => "arm64".to_owned(),
                    _ => architecture,
                };
                Ok(Self { os, architecture, variant: variant.map(str::to_owned) })
            }
            _ => Err(PlatformError(text.chars().take(100).collect())),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// The manifest of an index for a platform; without one, that for this machine, or the only one there is.
pub(crate) fn choose<'m>(
    manifests: &'m [Descriptor],
    wanted: Option<&Platform>,
) -> Result<&'m Descriptor, ImageError> {
    let images = || manifests.iter().filter(|manifest| !manifest.is_attestation);
    let matching = |platform: &Platform| {
        images().find(|manifest| manifest.platform.as_ref().is_some_and(|other| platform.means(other)))
    };
    let mut all = images();
    let found = match (wanted, all.next(), all.next()) {
        // An index may say nothing of platforms; the configuration is looked at afterwards.
        (_, Some(only), None) if wanted.is_none() || only.platform.is_none() => Some(only),
        (Some(wanted), ..) => matching(wanted),
        (None, ..) => matching(&Platform::here()),
    };
    found.ok_or_else(|| ImageError::NoPlatform {
        wanted: wanted.cloned().unwrap_or_else(Platform::here),
        there: images()
            .map(|manifest| {
                manifest.platform.as_ref().map_or_else(|| "not said".to_owned(), Platform::to_string)
            })
            .collect(),
    })
}

/// Whether an image's configuration is of the platform that was asked for.
pub(crate) fn check(wanted: Option<&Platform>, found: Option<&Platform>) -> Result<(), ImageError> {
    match (wanted, found) {
        (Some(wanted), Some(found)) if !wanted.means(found) => {
            Err(ImageError::NoPlatform { wanted: wanted.clone(), there: vec![found.to_string()] })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(platform: Option<&str>, is_attestation: bool) -> Descriptor {
        Descriptor {
            media_type: String::new(),
            digest: crate::Digest::of(platform.unwrap_or_default().as_bytes()),
            size: 1,
            platform: platform.map(|text| text.parse().unwrap()),
            name: None,
            is_attestation,
        }
    }

    fn chosen(manifests: &[Descriptor], wanted: Option<&str>) -> Result<Option<String>, String> {
        let wanted: Option<Platform> = wanted.map(|text| text.parse().unwrap());
        let found = choose(manifests, wanted.as_ref()).map_err(|error| error.to_string())?;
        Ok(found.platform.as_ref().map(Platform::to_string))
    }

    #[test]
    fn the_platform_that_is_asked_for_is_chosen() {
        let several = [
            manifest(Some("windows/amd64"), false),
            manifest(Some("linux/arm/v6"), false),
            manifest(Some("linux/arm/v7"), false),
            manifest(Some("linux/arm64/v8"), false),
            manifest(Some(&Platform::here().to_string()), false),
            manifest(Some("unknown/unknown"), true),
        ];
        assert_eq!(chosen(&several, Some("linux/arm/v7")), Ok(Some("linux/arm/v7".into())));
        assert_eq!(chosen(&several, Some("linux/aarch64")), Ok(Some("linux/arm64/v8".into())));
        assert_eq!(chosen(&several, None), Ok(Some(Platform::here().to_string())));
        let error = chosen(&several, Some("linux/s390x")).unwrap_err();
        assert!(error.contains("`linux/s390x`") && !error.contains("unknown"), "{error}");
        let only = [manifest(Some("linux/riscv64"), false), manifest(Some("unknown/unknown"), true)];
        assert_eq!(chosen(&only, None), Ok(Some("linux/riscv64".into())));
        assert!(chosen(&only, Some("linux/amd64")).is_err());
        assert_eq!(chosen(&[manifest(None, false)], Some("linux/amd64")), Ok(None));
        assert!(chosen(&[], None).is_err());
    }

    #[test]
    fn platforms_are_written_in_two_or_three_words() {
        for text in ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux/amd 64", "linux/arm/"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
        assert_eq!("Linux/x86_64".parse::<Platform>().unwrap().to_string(), "linux/amd64");
    }
}
