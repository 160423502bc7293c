//! The file of rules.

use std::path::{Path, PathBuf};

use ringwall_registry::Pattern;
use ringwall_registry::guard::{Mode, Rule, Severity};
use ringwall_signing::{Identity, Reference, Trust, TrustError, TrustFiles};
use serde::Deserialize;

/// Longest file of rules, and most rules: each image is judged by each.
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_RULES: usize = 100;

/// What is asked of images.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The rules, in the file's order.
    pub rules: Vec<GuardRule>,
}

/// One rule, with what it trusts.
#[derive(Clone, Debug)]
pub struct GuardRule {
    /// What is asked, for the engine.
    pub rule: Rule,
    /// `HOST/REPOSITORY` patterns of the images that it is for; nothing for all.
    images: Vec<Pattern>,
    namespaces: Vec<Pattern>,
    except_namespaces: Vec<Pattern>,
    /// Images that are let through whatever they are.
    exempt: Vec<Pattern>,
    /// Whose signatures count; nothing if the rule asks for none.
    pub trust: Option<Trust>,
}

/// Why a file of rules can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// The file can't be read.
    #[error("`{path}` can't be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what a file of rules has.
    #[error("`{path}`: {source}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// A rule can't be as it is.
    #[error("`{path}`: rule `{rule}` {why}")]
    Rule {
        /// The file.
        path: PathBuf,
        /// The rule's name.
        rule: String,
        /// What is wrong with it.
        why: String,
    },
    /// A rule's keys or roots can't be used.
    #[error("`{path}`: rule `{rule}`")]
    Trust {
        /// The file.
        path: PathBuf,
        /// The rule's name.
        rule: String,
        /// Why.
        source: TrustError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    rule: Vec<WireRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WireRule {
    name: String,
    mode: Option<Mode>,
    #[serde(default)]
    images: Vec<Pattern>,
    #[serde(default)]
    namespaces: Vec<Pattern>,
    #[serde(default)]
    except_namespaces: Vec<Pattern>,
    #[serde(default)]
    exempt: Vec<Pattern>,
    #[serde(default)]
    signed: bool,
    #[serde(default)]
    keys: Vec<PathBuf>,
    #[serde(default)]
    identities: Vec<WireIdentity>,
    #[serde(default)]
    roots: Vec<PathBuf>,
    #[serde(default)]
    timestamp_authorities: Vec<PathBuf>,
    #[serde(default)]
    logs: Vec<PathBuf>,
    #[serde(default)]
    require_log: bool,
    #[serde(default)]
    scanned: bool,
    max_scan_age_days: Option<u32>,
    max_severity: Option<Severity>,
    #[serde(default)]
    only_fixable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireIdentity {
    subject: Pattern,
    issuer: Pattern,
}

impl Configuration {
    /// Reads a file of rules, and the keys and roots that it names; their paths are from the file's own folder.
    ///
    /// # Errors
    ///
    /// The file, or something that it names, can't be used: nothing of it counts then.
    pub fn load(path: &Path) -> Result<Self, ConfigurationError> {
        let text = ringwall_files::read(path, MAX_FILE_BYTES)
            .map_err(|source| ConfigurationError::Read { path: path.to_owned(), source })?;
        let form = |source| ConfigurationError::Form { path: path.to_owned(), source: Box::new(source) };
        let wire: Wire = toml::from_slice(&text).map_err(form)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mode = wire.mode;
        if wire.rule.len() > MAX_RULES {
            let why = format!("is one of more than {MAX_RULES}");
            let rule = wire.rule.last().map(|rule| rule.name.clone()).unwrap_or_default();
            return Err(ConfigurationError::Rule { path: path.to_owned(), rule, why });
        }
        let rules =
            wire.rule.into_iter().map(|rule| rule.read(mode, path, folder)).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The rules for an image in a namespace; for a pull, which has none, those that name no namespaces.
    pub fn of<'a>(
        &'a self,
        image: &'a Reference,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a GuardRule> {
        self.rules.iter().filter(move |rule| rule.is_for(image, namespace))
    }
}

impl GuardRule {
    pub(super) fn is_for(&self, image: &Reference, namespace: Option<&str>) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        let in_namespace = match namespace {
            None => self.namespaces.is_empty(),
            Some(name) => {
                (self.namespaces.is_empty() || any(&self.namespaces, name))
                    && !any(&self.except_namespaces, name)
            }
        };
        let name = image.name();
        in_namespace
            && (self.images.is_empty() || any(&self.images, &name))
            && !any(&self.exempt, &name)
            && !image.digest.as_ref().is_some_and(|digest| any(&self.exempt, &format!("{name}@{digest}")))
    }
}

impl WireRule {
    fn read(self, mode: Mode, path: &Path, folder: &Path) -> Result<GuardRule, ConfigurationError> {
        let Self {
            name,
            mode: own,
            images,
            namespaces,
            except_namespaces,
            exempt,
            signed,
            keys,
            identities,
            roots,
            timestamp_authorities,
            logs,
            require_log,
            scanned,
            max_scan_age_days,
            max_severity,
            only_fixable,
        } = self;
        let wrong = |why: &str| ConfigurationError::Rule {
            path: path.to_owned(),
            rule: name.clone(),
            why: why.to_owned(),
        };
        if !signed && !scanned && max_scan_age_days.is_none() && max_severity.is_none() {
            return Err(wrong("asks for nothing (hint: signed, scanned, max-severity or max-scan-age-days)"));
        }
        if !signed && !(keys.is_empty() && identities.is_empty()) {
            return Err(wrong("names who signs, and does not ask for a signature (hint: signed = true)"));
        }
        let below = |paths: Vec<PathBuf>| paths.into_iter().map(|path| folder.join(path)).collect();
        let files = TrustFiles {
            keys: below(keys),
            identities: identities
                .into_iter()
                .map(|WireIdentity { subject, issuer }| Identity { subject, issuer })
                .collect(),
            roots: below(roots),
            timestamp_authorities: below(timestamp_authorities),
            logs: below(logs),
            require_log,
        };
        let trust = signed.then(|| Trust::load(&files)).transpose();
        let trust = trust.map_err(|source| ConfigurationError::Trust {
            path: path.to_owned(),
            rule: name.clone(),
            source,
        })?;
        let rule = Rule {
            name,
            mode: own.unwrap_or(mode),
            repositories: Vec::new(),
            signed,
            scanned,
            max_scan_age_days,
            max_severity,
            only_fixable,
        };
        Ok(GuardRule { rule, images, namespaces, except_namespaces, exempt, trust })
    }
}

#[cfg(test)]
mod tests;
