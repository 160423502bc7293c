//! What a service account's annotations and the ConfigMap say about its pods.

use std::collections::BTreeMap;

use super::inject::Facts;
use super::reason::{Reason, RoleSource, shown};
use super::review::Review;
use super::role::{compose, is_role_arn};
use super::settings::{MIN_TOKEN_EXPIRATION, Settings};

/// What the pods of a service account get. The pod's own annotations are not in it yet.
#[derive(Debug)]
pub(super) struct Account {
    /// The role for web identity, if any, and who gives it.
    pub(super) role: Option<(String, RoleSource)>,
    pub(super) audience: String,
    pub(super) regional_sts: bool,
    /// In seconds.
    pub(super) token_expiration: i64,
}

impl Account {
    /// For a pod that gets a role by web identity: annotations go before the ConfigMap.
    ///
    /// Source: `serviceAccountCache.Get`.
    pub(super) fn for_web_identity(
        review: &Review,
        facts: &Facts<'_>,
        settings: &Settings,
        reasons: &mut Vec<Reason>,
    ) -> Self {
        let annotated = facts.annotations.map(|own| Self::annotated(own, settings, reasons));
        if let Some(annotated) = annotated.filter(|account| account.role.is_some()) {
            return annotated;
        }
        let defaults = Self::defaults(settings);
        match facts.config_map.of(&review.namespace, &review.service_account) {
            Some(entry) => Self {
                role: Some((entry.role_arn.clone(), RoleSource::ConfigMap))
                    .filter(|(arn, _)| !arn.is_empty()),
                // An empty audience would make a token for the apiserver, which STS does not take.
                audience: Some(entry.audience.clone())
                    .filter(|own| !own.is_empty())
                    .unwrap_or(defaults.audience),
                regional_sts: entry.regional_sts,
                token_expiration: entry.token_expiration.unwrap_or(defaults.token_expiration),
            },
            None => defaults,
        }
    }

    /// For a pod that gets its credentials from the agent: what of the service account counts there too.
    ///
    /// Source: `GetCommonConfigurations`, which has no wildcard and, for a service account that it does not know, no flags;
    /// here the flags count then.
    pub(super) fn for_container_credentials(
        review: &Review,
        facts: &Facts<'_>,
        settings: &Settings,
        reasons: &mut Vec<Reason>,
    ) -> Self {
        if let Some(annotations) = facts.annotations {
            return Self::annotated(annotations, settings, reasons);
        }
        let mut account = Self::defaults(settings);
        if let Some(entry) = facts.config_map.exact(&review.namespace, &review.service_account) {
            account.regional_sts = entry.regional_sts;
            account.token_expiration = entry.token_expiration.unwrap_or(account.token_expiration);
        }
        account
    }

    fn defaults(settings: &Settings) -> Self {
        Self {
            role: None,
            audience: settings.token_audience.clone(),
            regional_sts: settings.sts_regional_endpoint,
            token_expiration: settings.token_expiration.max(MIN_TOKEN_EXPIRATION),
        }
    }

    /// Source: `addSA`.
    fn annotated(
        annotations: &BTreeMap<String, String>,
        settings: &Settings,
        reasons: &mut Vec<Reason>,
    ) -> Self {
        let mut account = Self::defaults(settings);
        let key = settings.annotation("role-arn");
        let role = annotations.get(&key).filter(|role| !role.is_empty());
        account.role =
            role.map(|role| (compose(role, settings.compose_role_arn.as_ref()), RoleSource::Annotation));
        if let Some(found) = annotations.keys().find(|found| is_near(found, &key)).filter(|_| role.is_none())
        {
            reasons.push(Reason::OtherAnnotation { found: shown(found), meant: key });
        }
        if let Some(audience) = annotations.get(&settings.annotation("audience")) {
            account.audience.clone_from(audience);
        }
        let key = settings.annotation("sts-regional-endpoints");
        if let Some(value) = annotations.get(&key) {
            match go_bool(value) {
                Some(regional) => account.regional_sts = regional,
                None => reasons.push(Reason::Unreadable {
                    annotation: key,
                    value: shown(value),
                    used: format!("`{}` counts", account.regional_sts),
                }),
            }
        }
        let key = settings.annotation("token-expiration");
        let own = annotations.get(&key).map(String::as_str);
        account.token_expiration = expiration(&key, own, account.token_expiration, reasons);
        account
    }

    /// Tells if the role that is going to be injected can't be one.
    pub(super) fn check_role(&self, reasons: &mut Vec<Reason>) {
        let role = self.role.as_ref().map(|(role, _)| role);
        reasons.extend(role.filter(|role| !is_role_arn(role)).map(|role| Reason::RoleShape(shown(role))));
    }
}

/// The lifetime that an annotation asks for, in seconds, or else `otherwise`.
///
/// Source: `ValidateMinTokenExpiration`, `parsePodAnnotations`; numbers as Go's `strconv.ParseInt` takes them, which are
/// those that Rust takes.
pub(super) fn expiration(key: &str, value: Option<&str>, otherwise: i64, reasons: &mut Vec<Reason>) -> i64 {
    let Some(value) = value else { return otherwise };
    match value.parse::<i64>() {
        Ok(asked) if asked < MIN_TOKEN_EXPIRATION => {
            reasons.push(Reason::BelowFloor { annotation: key.to_owned(), asked });
            MIN_TOKEN_EXPIRATION
        }
        Ok(asked) => asked,
        Err(_) => {
            reasons.push(Reason::Unreadable {
                annotation: key.to_owned(),
                value: shown(value),
                used: format!("{otherwise} seconds count"),
            });
            otherwise
        }
    }
}

/// Source: Go, package `strconv`, `ParseBool`.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// Whether an annotation was meant to be `key`: the same name below another prefix, or written in another way.
fn is_near(found: &str, key: &str) -> bool {
    let letters = |text: &str| -> String {
        let name = text.rsplit('/').next().unwrap_or_default();
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    found != key && letters(found) == letters(key)
}
