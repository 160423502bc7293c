//! What settings have to be to each other.

use std::net::SocketAddr;

use ringwall_identity::issuer::check_issuer;
use ringwall_identity::mutate::SettingProblem;

use super::error::ConfigError;
use super::layers::Origin;
use super::settings::Settings;
use super::value::{Service, TlsMode};

/// Adds what is wrong with settings that are right each by itself.
pub(super) fn check(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let listen = &settings.listen;
    if settings.tls_mode.value == TlsMode::Off && !listen.value.ip().is_loopback() {
        let message =
            format!("`tls.mode` is off, and `listen` is {}, which is not this machine alone", listen.value);
        errors.push(ConfigError::at(&settings.tls_mode.origin, &message).hint(
            "signed requests carry secrets in the clear: take tls.mode own or files, or listen on 127.0.0.1",
        ));
    }
    for (name, file) in [("tls.certificate", &settings.tls_certificate), ("tls.key", &settings.tls_key)] {
        let wanted = settings.tls_mode.value == TlsMode::Files;
        if wanted && file.value.is_none() {
            errors.push(ConfigError::at(
                &settings.tls_mode.origin,
                &format!("`tls.mode` is files, and `{name}` is not set"),
            ));
        }
        if !wanted && file.value.is_some() {
            let error =
                ConfigError::at(&file.origin, &format!("`{name}` is set, and `tls.mode` is not files"));
            errors.push(error.hint("set tls.mode to files"));
        }
    }
    if settings.tls_mode.value != TlsMode::Own && !settings.tls_names.value.0.is_empty() {
        let error =
            ConfigError::at(&settings.tls_names.origin, "`tls.names` is set, and `tls.mode` is not own");
        errors.push(error.hint("the names of a given certificate are in the certificate"));
    }
    webhooks(settings, errors);
    pods(settings, errors);
    issuer(settings, errors);
    registry(settings, errors);
    listeners(settings, errors);
}

/// What the registry must not do.
fn registry(settings: &Settings, errors: &mut Vec<ConfigError>) {
    if !settings.services.value.0.contains(&Service::Registry) {
        return;
    }
    let beyond = settings.registry_listen.value.0.iter().find(|(_, address)| !address.ip().is_loopback());
    if let (TlsMode::Off, Some((_, address))) = (settings.tls_mode.value, beyond) {
        let message = format!(
            "`tls.mode` is off, and `registry.listen` has {address}, which is not this machine alone"
        );
        errors.push(ConfigError::at(&settings.tls_mode.origin, &message).hint(
            "passwords would be sent in the clear: take tls.mode own or files, or listen on 127.0.0.1",
        ));
    }
    let anonymous = &settings.registry_anonymous;
    if let Some(account) = &anonymous.value
        && !(account.0.len() == 12 && account.0.bytes().all(|byte| byte.is_ascii_digit()))
    {
        let message =
            format!("`registry.anonymous-account` can't be `{}`: it has to be twelve digits", account.0);
        errors.push(ConfigError::at(&anonymous.origin, &message));
    }
}

/// What webhooks need.
fn webhooks(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let services = &settings.services;
    let addresses = [
        (Service::Authn, &settings.authn_listen),
        (Service::Identity, &settings.identity_listen),
        (Service::Audit, &settings.audit_listen),
    ];
    for (service, listen) in addresses {
        if !services.value.0.contains(&service) {
            continue;
        }
        let name = service.name();
        let is_named = service == Service::Audit && !settings.audit_clusters.value.0.is_empty();
        if settings.cluster_name.value.is_none() && !is_named {
            let message = format!("`services` has {name}, and `cluster.name` is not set");
            errors.push(
                ConfigError::at(&services.origin, &message).hint("tokens and certificates name the cluster"),
            );
        }
        match settings.tls_mode.value {
            TlsMode::Off if !listen.value.ip().is_loopback() => {
                let message = format!("`tls.mode` is off, and `{name}.listen` is {}", listen.value);
                errors.push(
                    ConfigError::at(&settings.tls_mode.origin, &message)
                        .hint("without TLS nobody can prove who calls: listen on 127.0.0.1"),
                );
            }
            TlsMode::Files if settings.webhook_client_ca.value.is_none() => {
                let message = format!("`tls.mode` is files, and `webhook.client-ca` is not set for {name}");
                errors.push(ConfigError::at(&settings.tls_mode.origin, &message));
            }
            _ => {}
        }
    }
}

/// What pods could not have.
fn pods(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let origin = |key: &str| {
        let of = settings.shown().into_iter().find(|shown| shown.declared.key == key);
        of.map_or(Origin::Default, |shown| shown.origin.clone())
    };
    let (compose, account) = (&settings.identity_compose_role_arn, &settings.identity_compose_account);
    match (compose.value.0, &account.value) {
        (true, None) => {
            let message =
                "`identity.compose-role-arn` is on, and `identity.compose-role-arn-account-id` is not set";
            errors.push(ConfigError::at(&compose.origin, message).hint("no instance is asked for it"));
        }
        (false, Some(_)) => {
            let message =
                "`identity.compose-role-arn-account-id` is set, and `identity.compose-role-arn` is off";
            errors
                .push(ConfigError::at(&account.origin, message).hint("set identity.compose-role-arn to on"));
        }
        _ => {}
    }
    for SettingProblem { setting, value, wanted } in settings.pods().problems() {
        // Told above.
        if setting == "compose-role-arn-account-id" && account.value.is_none() {
            continue;
        }
        let key = format!("identity.{setting}");
        let message = format!("`{key}` can't be `{value}`: it has to be {wanted}");
        errors.push(ConfigError::at(&origin(&key), &message));
    }
}

/// What the issuer's documents need.
fn issuer(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let (url, files) = (&settings.issuer_url, &settings.issuer_key_files);
    match &url.value {
        Some(issuer) => {
            if let Err(error) = check_issuer(&issuer.0) {
                let wrong = ConfigError::at(&url.origin, &format!("`issuer.url`: {error}"));
                errors.push(match error.hint() {
                    Some(hint) => wrong.hint(hint),
                    None => wrong,
                });
            }
        }
        None if !files.value.0.is_empty() => {
            let message = "`issuer.service-account-key-file` is set, and `issuer.url` is not";
            let error = ConfigError::at(&files.origin, message);
            errors.push(error.hint("it is what kube-apiserver has as --service-account-issuer"));
        }
        None => {}
    }
    let listen = &settings.issuer_listen.value;
    let runs = settings.services.value.0.contains(&Service::Issuer);
    if runs && settings.tls_mode.value == TlsMode::Off && !listen.ip().is_loopback() {
        let message = format!("`tls.mode` is off, and `issuer.listen` is {listen}");
        let error = ConfigError::at(&settings.tls_mode.origin, &message);
        errors.push(error.hint(
            "without TLS anybody on the way can put keys of his own in the place of the cluster's: listen on 127.0.0.1",
        ));
    }
}

/// No two listeners may have one address.
fn listeners(settings: &Settings, errors: &mut Vec<ConfigError>) {
    let runs = |service| settings.services.value.0.contains(&service);
    let mut taken: Vec<(&str, SocketAddr, &Origin)> =
        vec![("admin-listen", settings.admin_listen.value, &settings.admin_listen.origin)];
    let mut take = |name, address: SocketAddr, origin| {
        let other = taken.iter().find(|(_, other, _)| *other == address && address.port() != 0);
        if let Some((other, _, at)) = other {
            let message = format!("`{other}` and `{name}` are both {address}");
            errors.push(ConfigError::at(at, &message));
        }
        taken.push((name, address, origin));
    };
    let all = [
        (Service::Aws, "listen", &settings.listen),
        (Service::Authn, "authn.listen", &settings.authn_listen),
        (Service::Identity, "identity.listen", &settings.identity_listen),
        (Service::Issuer, "issuer.listen", &settings.issuer_listen),
        (Service::Audit, "audit.listen", &settings.audit_listen),
    ];
    for (service, name, address) in all {
        if !runs(service) {
            continue;
        }
        take(name, address.value, &address.origin);
    }
    let doors = &settings.registry_listen;
    for (_, address) in doors.value.0.iter().filter(|_| runs(Service::Registry)) {
        take("registry.listen", *address, &doors.origin);
    }
}
